"""Waiting across processes: order, deaths, forks, and nothing left behind."""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import emberkv


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Child:
    """A forked process that runs something and leaves by its result."""

    def __init__(self, run: Callable[[], object]) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                run()
                code = 0
            finally:
                os._exit(code)

    def wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)


@pytest.fixture
def db(path: Path) -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open(path) as db:
        yield db
        assert db._store.check()


def waits(db: emberkv.Ember[bytes], n: int) -> None:
    until(lambda: db._store.blocked_clients == n)
    db.ping()  # takes the lock: so the last of them has let go of it, and may be stopped


def test_processes_are_served_in_order_of_arrival(path: Path, db: emberkv.Ember[bytes]) -> None:
    def work(number: int) -> Callable[[], object]:
        def run() -> None:
            with emberkv.open(path) as own:
                _, job = own.blpop("jobs", 20)
                own.hset("done", f"worker {number}", job)

        return run

    children = []
    for number in range(4):
        children.append(Child(work(number)))
        waits(db, number + 1)
    for job in range(4):
        db.rpush("jobs", job)
        assert db.llen("jobs") == 0  # served before the push was over
    assert [child.wait() for child in children] == [0] * 4
    assert db.hgetall("done") == {b"worker %d" % n: b"%d" % n for n in range(4)}


def test_a_ring_of_processes(path: Path, db: emberkv.Ember[bytes]) -> None:
    def link(number: int) -> Callable[[], object]:
        def run() -> None:
            with emberkv.open(path) as own:
                for _ in range(100):
                    assert own.blmove(f"list {number}", f"list {(number + 1) % 3}", 20)

        return run

    children = [Child(link(number)) for number in range(3)]
    db.rpush("list 0", "token")
    assert [child.wait() for child in children] == [0] * 3
    assert db.lrange("list 0", 0, -1) == [b"token"]


def test_who_died_waiting_is_passed_over(path: Path, db: emberkv.Ember[bytes]) -> None:
    first = Child(lambda: emberkv.open(path).blpop("k", 0))
    waits(db, 1)
    second = Child(lambda: emberkv.open(path).blmove("k", "there", 0))
    waits(db, 2)
    first.kill()
    db.rpush("k", "a")
    assert second.wait() == 0
    assert db.lrange("there", 0, -1) == [b"a"]
    assert db._store.blocked_clients == 0


@pytest.mark.parametrize("command", ["blpop", "brpop", "blmpop", "bzpopmin", "bzmpop"])
def test_what_a_stopped_waiter_got_goes_back_when_it_dies(
    path: Path, db: emberkv.Ember[bytes], command: str
) -> None:
    calls: dict[str, Callable[[emberkv.Ember[bytes]], object]] = {
        "blpop": lambda own: own.blpop("k", 0),
        "brpop": lambda own: own.brpop("k", 0),
        "blmpop": lambda own: own.blmpop(0, 1, "k", direction="LEFT", count=3),
        "bzpopmin": lambda own: own.bzpopmin("z", 0),
        "bzmpop": lambda own: own.bzmpop(0, 1, ["z"], max=True, count=2),
    }
    child = Child(lambda: calls[command](emberkv.open(path)))
    waits(db, 1)
    child.stop()
    db.rpush("k", "a", "b", "c", "d")
    db.zadd("z", {"l": 1, "m": 1.5, "n": 2})
    taken = db.llen("k") + db.zcard("z")
    assert taken < 7  # it was served, and cannot take it
    child.kill()
    assert db.llen("k") == 4  # seen by the very next command, a read too
    assert db.lrange("k", 0, -1) == [b"a", b"b", b"c", b"d"]
    assert db.zrange("z", 0, -1, withscores=True) == [(b"l", 1.0), (b"m", 1.5), (b"n", 2.0)]


def test_what_goes_back_is_served_to_the_next(path: Path, db: emberkv.Ember[bytes]) -> None:
    child = Child(lambda: emberkv.open(path).blpop("k", 0))
    waits(db, 1)
    child.stop()
    other = Child(lambda: emberkv.open(path).blmove("k", "there", 0))
    waits(db, 2)
    db.rpush("k", "a")
    assert db._store.blocked_clients == 1
    child.kill()
    db.get("anything")  # any command finds out; reads without the lock do not go on meanwhile
    assert other.wait() == 0
    assert db.lrange("there", 0, -1) == [b"a"]


def test_a_block_finds_out_too(path: Path, db: emberkv.Ember[bytes]) -> None:
    child = Child(lambda: emberkv.open(path).blpop("k", 0))
    waits(db, 1)
    child.stop()
    db.rpush("k", "a")
    child.kill()
    with db.transaction():
        assert db.lrange("k", 0, -1) == [b"a"]


def test_the_first_to_open_after_a_death_puts_it_back(path: Path) -> None:
    def leave_it() -> None:
        db = emberkv.open(path)
        child = Child(lambda: emberkv.open(path).blpop("k", 0))
        waits(db, 1)
        child.stop()
        db.rpush("k", "a")
        child.kill()
        os.kill(os.getpid(), signal.SIGKILL)

    Child(leave_it).wait()
    with emberkv.open(path) as db:
        assert db.lrange("k", 0, -1) == [b"a"]
        assert db._store.blocked_clients == 0


def test_waiters_are_killed_again_and_again(path: Path, db: emberkv.Ember[bytes]) -> None:
    """Every element is popped by one who lives, or in the list."""

    def work() -> None:
        with emberkv.open(path) as own:
            while True:
                own.blmove("jobs", "done", 0)
                job = own.blpop("more jobs", 0)[1]
                own.rpush("more done", job)

    pushed = 0
    for _ in range(12):
        workers = [Child(work) for _ in range(2)]
        for _ in range(40):
            db.rpush("jobs", pushed)
            pushed += 1
        for worker in workers:
            worker.kill()
    jobs = db.lrange("jobs", 0, -1) + db.lrange("done", 0, -1)
    assert sorted(map(int, jobs)) == list(range(pushed))
    assert db._store.blocked_clients in (0, 1, 2)  # dead ones are noticed when they would be served
    db.rpush("jobs", "end")
    assert db._store.check()


def test_a_forks_child_waits_for_itself(path: Path, db: emberkv.Ember[bytes]) -> None:
    assert db.blpop("k", 0.001) is None  # the handle has waited before
    ident = db.client_id()

    def run() -> None:
        assert db.blpop("k", 20) == (b"k", b"a")
        db.rpush("ids", db.client_id())

    child = Child(run)
    waits(db, 1)
    db.rpush("k", "a")
    assert child.wait() == 0
    assert db.client_id() == ident
    assert db.blpop("k", 0.001) is None


def test_a_child_that_closes_its_handle_leaves_the_parents_waiters(
    path: Path, db: emberkv.Ember[bytes]
) -> None:
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(db.blpop("k", 20)))
    thread.start()
    waits(db, 1)
    assert Child(db.close).wait() == 0
    assert Child(lambda: db.rpush("other", 1)).wait() == 0
    assert db._store.blocked_clients == 1

    def push_and_close() -> None:
        db.rpush("k", "a")
        db.close()

    assert Child(push_and_close).wait() == 0
    thread.join(20)
    assert got == [(b"k", b"a")]


def test_a_fork_of_a_private_store_has_nobody_waiting() -> None:
    with emberkv.open() as db:
        got: list[object] = []
        thread = threading.Thread(target=lambda: got.append(db.blpop("k", 0)))
        thread.start()
        waits(db, 1)

        def run() -> None:
            db.rpush("k", "the child's")
            assert db.lrange("k", 0, -1) == [b"the child's"]
            assert db.blpop("k", 0.01) == (b"k", b"the child's")
            assert db.blpop("k", 0.01) is None

        child = Child(run)
        assert child.wait() == 0
        twin = db.fork()
        twin.rpush("k", "the twin's")
        assert twin.llen("k") == 1
        twin.close()
        assert thread.is_alive()
        db.rpush("k", "mine")
        thread.join(20)
        assert got == [(b"k", b"mine")]


def test_nothing_is_left_behind(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setenv("EMBERKV_ARENA_DIR", str(memory))

    def fifos() -> int:
        return sum(stat.S_ISFIFO(f.stat().st_mode) for f in memory.iterdir())

    def serve() -> None:
        emberkv.serve(path, port=None, unixsocket=str(tmp_path / "socket")).join()

    with emberkv.open(path) as db:
        waiter = Child(lambda: emberkv.open(path).blpop("k", 0))
        waits(db, 1)
        server = Child(serve)
        until(lambda: fifos() == 1)
        waiter.kill()
        server.kill()
        assert len(list(memory.iterdir())) == 2  # the store's memory, the dead server's FIFO
    assert list(memory.iterdir()) == []
    assert not path.exists()  # nothing was ever written
