"""Calls that wait: results, time-outs, threads, interruption, closing; LMOVEM and BLMOVEM."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time

import pytest

import emberkv
from emberkv import ConnectionError, DataError, ResponseError


def settle(db, waiting):
    """Until so many clients wait."""
    deadline = time.monotonic() + 20
    while db._store.blocked_clients != waiting:
        assert time.monotonic() < deadline, f"{db._store.blocked_clients} wait, not {waiting}"
        time.sleep(0.001)


class Call(threading.Thread):
    """A call in a thread of its own; `result()` gives what it gave, or raises."""

    def __init__(self, call, *args, **kwargs):
        super().__init__(daemon=True)
        self._call = lambda: call(*args, **kwargs)
        self._result = self._error = None
        self.start()

    def run(self):
        try:
            self._result = self._call()
        except BaseException as error:
            self._error = error

    def result(self):
        self.join(20)
        assert not self.is_alive(), "it still waits"
        if self._error is not None:
            raise self._error
        return self._result


@pytest.fixture
def db():
    with emberkv.open() as db:
        yield db
        assert db.closed or db._store.check()


def test_threads_of_one_handle_wait_and_go_on(db):
    calls = [Call(db.blpop, "k", 0) for _ in range(3)]
    settle(db, 3)
    db.set("other", "v")
    assert db.get("other") == b"v"
    assert db.rpush("k", "a", "b", "c", "d") == 4
    assert db.llen("k") == 1
    assert sorted(call.result() for call in calls) == [(b"k", b"a"), (b"k", b"b"), (b"k", b"c")]


def test_decoded(open_db):
    db = open_db(decode_responses=True)
    call = Call(db.bzpopmin, ["y", "z"], 0)
    settle(db, 1)
    db.zadd("z", {"m": 1.5})
    assert call.result() == ("z", "m", 1.5)


@pytest.mark.parametrize("seconds", [0.001, 0.05, 0.2])
def test_a_time_out_is_not_early(db, seconds):
    began = time.monotonic()
    assert db.blpop("missing", seconds) is None
    assert time.monotonic() - began >= seconds


def test_a_time_out_is_of_real_time_whatever_the_stores_clock_says():
    clock = emberkv.Clock(1_000_000)
    with emberkv.open(clock=clock) as db:
        call = Call(db.blpop, "missing", 0.1)
        settle(db, 1)
        clock.advance(3600)
        began = time.monotonic()
        assert call.result() is None
        assert time.monotonic() - began < 10


def test_served_by_a_pipeline_and_by_a_block(db):
    calls = [Call(db.blpop, "k", 0)]
    settle(db, 1)
    with db.pipeline() as pipe:
        assert pipe.rpush("k", 1, 2).lpop("k").llen("k").execute() == [2, b"1", 1]
    assert calls.pop().result() == (b"k", b"2")
    call = Call(db.blpop, "k", 0)
    settle(db, 1)
    with db.transaction():
        db.rpush("k", 1, 2)
        assert db.llen("k") == 2
    assert call.result() == (b"k", b"1")
    assert db.lrange("k", 0, -1) == [b"2"]


def test_a_block_that_is_undone_serves_nobody(db):
    call = Call(db.blpop, "k", 0)
    settle(db, 1)
    with contextlib.suppress(ZeroDivisionError), db.transaction():
        db.rpush("k", 1)
        raise ZeroDivisionError
    assert db._store.blocked_clients == 1
    db.rpush("k", 2)
    assert call.result() == (b"k", b"2")


def test_in_a_block_nothing_waits(db):
    with db.transaction():
        assert db.blpop("missing", 0) is None
        assert db.blmove("missing", "there", 0) is None
        assert db.bzpopmin("missing", 0) is None
        assert db.wait(1, 0) == 0


def test_in_a_pipeline(db):
    db.rpush("k", "a")
    with db.pipeline() as pipe:
        assert pipe.blpop("k", 0).blpop("k", 0).execute() == [(b"k", b"a"), None]
    with db.pipeline(transaction=False) as pipe:
        call = Call(pipe.blpop("k", 0).ping().execute)
        settle(db, 1)
        db.rpush("k", "b")
        assert call.result() == [(b"k", b"b"), True]


def test_closing_ends_the_waits():
    db = emberkv.open()
    calls = [Call(db.blpop, "k", 0) for _ in range(2)]
    settle(db, 2)
    db.close()
    for call in calls:
        with pytest.raises(ConnectionError, match="closed"):
            call.result()


def test_ctrl_c_ends_the_wait_and_loses_nothing(db):
    def interrupt():
        settle(db, 1)
        os.kill(os.getpid(), signal.SIGINT)

    helper = Call(interrupt)
    with pytest.raises(KeyboardInterrupt):
        db.blpop("k", 30)
    helper.result()
    assert db._store.blocked_clients == 0
    db.rpush("k", "a")
    assert db.blpop("k", 1) == (b"k", b"a")


def test_what_came_with_the_interruption_goes_back(db):
    # The handler runs while the main thread waits: what it pushes is popped for the very wait that
    # it then ends.
    def push_and_raise(number, frame):
        db.rpush("k", "a", "b")
        db.zadd("z", {"m": 1})
        raise KeyError

    was = signal.signal(signal.SIGUSR1, push_and_raise)
    try:
        for wait in (db.blpop, db.brpop, db.bzpopmin):
            db.flushall()
            name = "z" if wait == db.bzpopmin else "k"
            helper = Call(lambda: (settle(db, 1), os.kill(os.getpid(), signal.SIGUSR1)))
            with pytest.raises(KeyError):
                wait(name, 30)
            helper.result()
            assert db.lrange("k", 0, -1) == [b"a", b"b"]
            assert db.zrange("z", 0, -1, withscores=True) == [(b"m", 1.0)]
            assert db._store.blocked_clients == 0
    finally:
        signal.signal(signal.SIGUSR1, was)


def test_client_unblock(db):

    assert db.client_unblock(12345) is False
    session = db._new_session(0)
    ident = session.execute(("CLIENT", "ID"))
    call = Call(lambda: session.resp((b"BLPOP", b"k", b"0"), 3))
    settle(db, 1)
    assert db.client_unblock(ident) is True
    assert call.result() == b"_\r\n"
    call = Call(lambda: session.resp((b"BLPOP", b"k", b"0"), 3))
    settle(db, 1)
    assert db.client_unblock(ident, error=True) is True
    assert call.result() == b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"


def test_a_waiter_that_is_killed_is_told_and_the_handle_goes_on(db):
    for _ in range(2):
        call = Call(db.blpop, "k", 0)
        settle(db, 1)
        (waiter,) = [c for c in db.client_list() if "b" in c["flags"]]
        assert db.client_kill_filter(_id=waiter["id"]) == 1
        with pytest.raises(ConnectionError):
            call.result()
    assert db._store.blocked_clients == 0
    db.rpush("k", "a")
    assert db.blpop("k", 1) == (b"k", b"a")


def test_wrong_arguments(db):
    db.set("s", "v")
    with pytest.raises(ResponseError, match="timeout is negative"):
        db.blpop("k", -1)
    with pytest.raises(ResponseError, match="timeout is not a float"):
        db.blpop("k", "x")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        db.blpop("s", 1)
    assert db._store.blocked_clients == 0


def test_a_served_error_is_raised_where_it_was_waited_for(db):
    call = Call(db.blmove, "k", "dst", 0)
    settle(db, 1)
    db.set("dst", "v")
    assert db.rpush("k", "a") == 1
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        call.result()
    assert db.lrange("k", 0, -1) == [b"a"]


def test_a_list_in_the_place_of_another_type_is_served(db):
    call = Call(db.blpop, "k", 0)
    settle(db, 1)
    db.set("k", "v")
    db.sadd("numbers", 3, 1, 2)
    assert db.sort("numbers", store="k") == 3
    assert call.result() == (b"k", b"1")


def test_a_script_serves_when_it_ends(db):
    pytest.importorskip("lupa")
    call = Call(db.blpop, "k", 0)
    settle(db, 1)
    assert db.eval("redis.call('RPUSH', 'k', 'a', 'b') return redis.call('LLEN', 'k')", 0) == 2
    assert call.result() == (b"k", b"a")
    assert db.lrange("k", 0, -1) == [b"b"]
    assert db.eval("return redis.call('BLMPOP', 0, 1, 'missing', 'LEFT')", 0) is None


def test_a_thousand_waiters_are_served_once_each(db):
    handles = 20
    found = []
    lock = threading.Lock()

    def work():
        while True:
            got = db.blpop("jobs", 0)[1]
            if got == b"stop":
                return
            with lock:
                found.append(int(got))

    workers = [Call(work) for _ in range(handles)]
    for i in range(1000):
        db.rpush("jobs", i)
    db.rpush("jobs", *["stop"] * handles)
    for worker in workers:
        worker.result()
    assert sorted(found) == list(range(1000))
    assert db._store.blocked_clients == 0


MOVES = [
    # from, to, ordering: what the source a b c d e keeps, the destination x y gets, the reply
    ("LEFT", "RIGHT", "OBO", "d e", "x y a b c", "a b c"),
    ("LEFT", "RIGHT", "BULK", "d e", "x y a b c", "a b c"),
    ("LEFT", "LEFT", "OBO", "d e", "c b a x y", "c b a"),
    ("LEFT", "LEFT", "BULK", "d e", "a b c x y", "a b c"),
    ("RIGHT", "RIGHT", "OBO", "a b", "x y e d c", "e d c"),
    ("RIGHT", "RIGHT", "BULK", "a b", "x y c d e", "c d e"),
    ("RIGHT", "LEFT", "OBO", "a b", "c d e x y", "c d e"),
    ("RIGHT", "LEFT", "BULK", "a b", "c d e x y", "c d e"),
]


@pytest.mark.parametrize("src, dest, ordering, kept, moved, reply", MOVES)
@pytest.mark.parametrize("mode", ["COUNT", "EXACTLY"])
@pytest.mark.parametrize("waits", [False, True])
def test_lmovem(open_db, src, dest, ordering, kept, moved, reply, mode, waits):
    db = open_db(decode_responses=True)
    db.rpush("a", *"abcde")
    db.rpush("b", *"xy")
    how = {"src": src, "dest": dest, "count": 3, "mode": mode, "ordering": ordering}
    got = db.blmovem("a", "b", 1, **how) if waits else db.lmovem("a", "b", **how)
    assert got == reply.split()
    assert db.lrange("a", 0, -1) == kept.split()
    assert db.lrange("b", 0, -1) == moved.split()


def test_lmovem_of_more_than_there_is(open_db):
    db = open_db(decode_responses=True)
    db.rpush("a", *"abc")
    assert db.lmovem("a", "b", count=5, mode="EXACTLY", ordering="BULK") is None
    assert db.lmovem("a", "b", count=5, ordering="BULK") == ["a", "b", "c"]
    assert db.exists("a") == 0
    assert db.lmovem("a", "b") is None
    assert db.lmovem("b", "a") == ["a"]
    with pytest.raises(DataError):
        db.lmovem("b", "a", count=1)


@pytest.mark.parametrize("src", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("dest", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("count", [2, 5])
def test_lmovem_onto_itself_turns_the_list(open_db, src, dest, count):
    db = open_db(decode_responses=True)
    db.rpush("k", *"abcde")
    left = list("abcde")
    block = left[:count] if src == "LEFT" else left[-count:]
    rest = left[count:] if src == "LEFT" else left[:-count]
    got = db.lmovem("k", "k", src, dest, count=count, ordering="BULK")
    assert got == block
    assert db.lrange("k", 0, -1) == (block + rest if dest == "LEFT" else rest + block)


def test_lmovem_errors(db):
    db.set("s", "v")
    db.rpush("a", 1)
    for args in ("x RIGHT", "LEFT x", "LEFT RIGHT COUNT 1", "LEFT RIGHT COUNT 1 x"):
        with pytest.raises(ResponseError, match="syntax error"):
            db.execute_command("LMOVEM", "a", "b", *args.split())
    with pytest.raises(ResponseError, match="greater than 0"):
        db.lmovem("a", "b", count=0, ordering="OBO")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        db.lmovem("s", "b")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        db.lmovem("a", "s")


def test_blmovem_exactly_waits_for_enough(db):
    call = Call(db.blmovem, "a", "b", 0, count=3, mode="EXACTLY", ordering="BULK")
    settle(db, 1)
    db.rpush("a", 1, 2)
    assert db.lrange("a", 0, -1) == [b"1", b"2"]
    db.rpush("a", 3, 4)
    assert call.result() == [b"1", b"2", b"3"]
    assert db.lrange("a", 0, -1) == [b"4"]


# XREADGROUP CLAIM: what only becomes idle meanwhile


def pending_with(db, consumer, entries):
    db.xgroup_create("s", "g", "0", mkstream=True)
    ids = [db.xadd("s", {"n": i}) for i in range(entries)]
    db.xreadgroup("g", consumer, {"s": ">"})
    return ids


def test_what_becomes_idle_while_somebody_waits_is_claimed(db):
    [id] = pending_with(db, "gone", 1)
    began = time.monotonic()
    [[_, [claimed]]] = db.xreadgroup("g", "heir", {"s": ">"}, block=20_000, claim_min_idle_time=200)
    assert claimed[0] == id and time.monotonic() - began < 15
    assert db.xpending("s", "g")["consumers"] == [{"name": b"heir", "pending": 1}]


def test_what_others_are_given_meanwhile_is_claimed_when_it_is_idle(db):
    pending_with(db, "other", 0)
    db.xgroup_create("t", "g", "0", mkstream=True)
    streams = {"t": ">", "s": ">"}
    call = Call(db.xreadgroup, "g", "heir", streams, block=20_000, claim_min_idle_time=100)
    settle(db, 1)
    with db.transaction():  # nobody is served between the two
        id = db.xadd("s", {"n": 1})
        db.xreadgroup("g", "other", {"s": ">"})
    [[name, [claimed]]] = call.result()
    assert (name, claimed[0]) == (b"s", id)


def test_what_is_given_back_is_claimed_at_once(db):
    [id] = pending_with(db, "other", 1)
    call = Call(db.xreadgroup, "g", "heir", {"s": ">"}, block=0, claim_min_idle_time=3_600_000)
    settle(db, 1)
    assert db.xnack("s", "g", "FAIL", id) == 1
    [[_, [claimed]]] = call.result()
    assert claimed[0] == id


def test_who_waits_to_claim_gives_up_in_time(db):
    pending_with(db, "other", 1)
    began = time.monotonic()
    assert not db.xreadgroup("g", "heir", {"s": ">"}, block=150, claim_min_idle_time=60_000)
    assert not db.xreadgroup("g", "heir", {"s": ">"}, block=150, claim_min_idle_time=100_000)
    assert time.monotonic() - began >= 0.3
    assert db.xpending("s", "g")["consumers"] == [{"name": b"other", "pending": 1}]
