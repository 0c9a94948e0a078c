"""Stores from Python: paths that are shared, copies, clocks, limits, what is refused."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

import emberkv
from emberkv.exceptions import (
    ConnectionError,
    DataError,
    LockError,
    OutOfMemoryError,
    WatchError,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "app.ember"


def in_another_process(code: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, emberkv\n{code}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def in_a_fork(act) -> int:
    """What `act` gives in a child of fork, as its exit status; 99 if it raised."""
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            status = int(act())
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# Paths.


def test_handles_on_a_path_share_one_keyspace(open_db, path):
    one, two = open_db(path), open_db(str(path))
    one.set("k", 1)
    assert two.incr("k") == 2
    assert one.get("k") == b"2"
    assert one.path == two.path == str(path)
    assert repr(one) == f"<emberkv.client.Ember({path} db=0)>"


def test_processes_on_a_path_share_one_keyspace(open_db, path):
    db = open_db(path)
    db.set("k", 1)
    assert in_another_process("print(emberkv.open(sys.argv[1]).incr('k'))", path) == "2"
    assert db.get("k") == b"2"


def test_watch_sees_what_another_process_does(open_db, path):
    db = open_db(path)
    with db.pipeline() as pipe:
        pipe.watch("k")
        in_another_process("emberkv.open(sys.argv[1]).set('k', 1)", path)
        pipe.multi()
        pipe.get("k")
        with pytest.raises(WatchError):
            pipe.execute()


def test_a_path_is_durable(open_db, path):
    with emberkv.open(path) as db:
        db.set("k", 1)
    assert os.listdir(path) == ["appendonlydir"]
    assert open_db(path).get("k") == b"1"


def test_last_close_leaves_nothing_of_what_is_not_durable(open_db, path):
    with emberkv.open(path, durable=False) as db:
        db.set("k", 1)
    assert not path.exists()
    assert open_db(path).get("k") is None


def test_keep_leaves_it(open_db, path):
    with emberkv.open(path, keep=True, durable=False) as db:
        db.set("k", 1)
    with emberkv.open(path, durable=False) as db:
        assert db.get("k") == b"1"
    assert not path.exists()  # the last handle was not one that keeps


def test_sessions_have_databases_of_their_own(open_db, path):
    one, two = open_db(path), open_db(path, db=1)
    one.set("k", "zero")
    two.set("k", "one")
    assert (one.get("k"), two.get("k")) == (b"zero", b"one")


def test_what_is_not_a_store_is_refused(path):
    path.write_text("not a store")
    with pytest.raises((ConnectionError, OSError)):
        emberkv.open(path)
    assert path.read_text() == "not a store"


def test_path_in_a_folder_that_is_not_there_is_refused(path):
    with pytest.raises((ConnectionError, OSError)):
        emberkv.open(path / "deeper" / "app.ember")


# Forks.


def test_forked_child_goes_on_with_a_shared_store(open_db, path):
    db = open_db(path)
    db.set("n", 1)
    assert in_a_fork(lambda: db.incr("n")) == 2
    assert db.get("n") == b"2"


def test_forked_child_has_a_copy_of_a_private_store(db):
    db.set("n", 1)
    assert in_a_fork(lambda: db.incr("n")) == 2
    assert db.get("n") == b"1"


def test_forked_child_may_close_its_handle(open_db, path):
    db = open_db(path)
    db.set("n", 1)

    def close():
        db.close()
        return db.closed

    assert in_a_fork(close) == 1
    assert db.get("n") == b"1"


def test_copy_goes_its_own_way(open_db):
    db = open_db(decode_responses=True, db=2)
    db.mset({"a": 1, "b": 2})
    with db.fork() as copy:
        assert type(copy) is emberkv.Ember
        assert copy.mget("a", "b") == ["1", "2"]
        copy.set("a", "copy")
        db.delete("b")
        assert db.get("a") == "1"
        assert copy.mget("a", "b") == ["copy", "2"]
    assert db.get("a") == "1"


def test_copy_outlives_its_original(open_db):
    db = open_db()
    db.set("a", 1)
    copy = db.fork()
    db.close()
    assert copy.get("a") == b"1"
    copy.close()


def test_copy_keeps_response_callbacks(db):
    db.set("a", 1)
    db.set_response_callback("GET", lambda reply, **options: ("mine", reply))
    with db.fork() as copy:
        assert copy.get("a") == ("mine", b"1")


def test_shared_store_cannot_be_copied(open_db, path):
    with pytest.raises(DataError):
        open_db(path).fork()


# Sending handles.


def test_handle_on_a_path_can_be_sent(open_db, path):
    db = open_db(path, decode_responses=True, db=3)
    with pickle.loads(pickle.dumps(db)) as other:
        other.set("k", 1)
        assert other.get("k") == "1"
    assert db.get("k") == "1"


def test_a_handle_that_is_sent_means_the_path_it_was_opened_by(open_db, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    db = open_db("here.ember")
    db.set("k", 1)
    monkeypatch.chdir("elsewhere")
    with pickle.loads(pickle.dumps(db)) as other:
        assert other.get("k") == b"1"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_get_the_handle_as_an_argument(open_db, path, method):
    db = open_db(path)
    child = multiprocessing.get_context(method).Process(target=emberkv.Ember.incr, args=(db, "n"))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert db.get("n") == b"1"


def test_handle_on_a_private_store_cannot_be_sent(db):
    with pytest.raises(TypeError, match="private"):
        pickle.dumps(db)


# Time.


def test_clock_decides_what_has_expired(open_db):
    clock = emberkv.Clock(now_ms=1_700_000_000_000)
    db = open_db(clock=clock)
    assert db.time() == (1_700_000_000, 0)
    db.set("k", "v", ex=10)
    clock.advance(9.5)
    assert db.get("k") == b"v"
    assert db.pttl("k") == 500
    clock.advance(0.5)
    assert db.get("k") is None
    clock.now_ms = 1_800_000_000_000
    assert db.time() == (1_800_000_000, 0)


# Limits.


def test_full_store_says_so_and_leaves_no_trace(open_db):
    db = open_db(max_bytes=4 << 20)
    db.set("small", "v")
    with pytest.raises(OutOfMemoryError):
        db.set("large", b"x" * (8 << 20))
    assert db.get("large") is None
    assert db.get("small") == b"v"
    db.set("other", b"x" * 1000)
    assert db.strlen("other") == 1000


@pytest.mark.parametrize(
    "given, least", [("100mb", 100 << 20), ("2k", 1 << 20), (1, 1 << 20), (3 << 20, 3 << 20)]
)
def test_a_limit_has_units_and_a_least(open_db, given, least):
    assert open_db(max_bytes=given)._store.stats()["max_bytes"] == least


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"max_bytes": -1}, ValueError, "max_bytes: -1 is no size"),
        ({"max_bytes": "much"}, ValueError, "max_bytes: 'much' is no size"),
        ({"path": ""}, ValueError, "the path is empty"),
        ({"path": "redis://localhost"}, ValueError, "is the URL of a server"),
        ({"path": "ember://x?max_bytes=-1"}, ValueError, "cannot be '-1'"),
        ({"db": -1}, emberkv.ResponseError, "DB index is out of range"),
        ({"encoding": "nope"}, LookupError, "nope"),
        ({"encoding_errors": "nope"}, LookupError, "nope"),
    ],
)
def test_what_cannot_be_opened_is_told_at_once(tmp_path, monkeypatch, options, error, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        emberkv.open(**options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("databases", [-1, 0, 2**31, 2**40])
def test_a_number_of_databases_that_cannot_be(open_db, databases):
    with pytest.raises(ValueError, match="at least one database"):
        open_db(databases=databases)


@pytest.mark.parametrize("databases", [None, "16", 3.5])
def test_a_number_of_databases_that_is_no_number(open_db, databases):
    with pytest.raises(TypeError, match="databases"):
        open_db(databases=databases)


def test_nothing_is_no_snapshot():
    with pytest.raises(TypeError, match="not None"):
        emberkv.load(None)


def test_number_of_databases(open_db):
    db = open_db(databases=2)
    assert db.select(1)
    with pytest.raises(emberkv.ResponseError):
        db.select(2)
    with pytest.raises(emberkv.ResponseError):
        open_db(databases=2, db=2)


# Locks and threads.


@pytest.mark.parametrize("same_handle", [True, False])
def test_others_wait_for_a_block(open_db, path, same_handle):
    db = open_db(path)
    other = db if same_handle else open_db(path)
    seen = []
    inside = threading.Event()

    def read():
        inside.wait()
        seen.append(other.get("k"))

    thread = threading.Thread(target=read)
    thread.start()
    with db.transaction():
        db.set("k", "half")
        inside.set()
        thread.join(0.05)
        assert seen == []
        db.set("k", "done")
    thread.join()
    assert seen == [b"done"]


def test_two_handles_in_one_block_are_refused_not_deadlocked(open_db, path):
    db, other = open_db(path), open_db(path)
    with db.transaction():
        with pytest.raises(LockError):
            other.set("k", 1)
    assert other.set("k", 1)


def test_blocks_must_end_in_order(db):
    outer, inner = db.transaction(), db.transaction()
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(RuntimeError):
        outer.__exit__(None, None, None)


def test_handle_that_is_collected_lets_go(path):
    db = emberkv.open(path)
    db.pipeline().watch("k")
    del db
    gc.collect()
    assert not path.exists()


@pytest.mark.parametrize("private", [True, False])
def test_closing_under_the_hands_of_threads(path, private):
    db = emberkv.open(None if private else path)
    begun = threading.Barrier(5)
    ended = []

    def work(number):
        begun.wait()
        try:
            while True:
                db.hset("h", "f", number)
                db.get("k")
                db.pipeline().incr("n").hgetall("h").execute()
                with db.transaction():
                    db.incr("n")
        except ConnectionError as error:
            ended.append(str(error))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    begun.wait()
    while not db.exists("n"):
        pass
    db.close()
    for thread in threads:
        thread.join(30)
    assert len(ended) == 4
    assert all("closed" in text for text in ended)


@pytest.mark.parametrize("private", [True, False])
def test_threads_blocks_and_pipelines_together(path, private):
    db = emberkv.open(None if private else path)
    others = [db] if private else [db, emberkv.open(path)]

    def work(number):
        mine = others[number % len(others)]
        for turn in range(200):
            with suppress(ZeroDivisionError):
                with mine.transaction():
                    mine.incr("one")
                    mine.zadd("z", {f"m{turn}": number})
                    with suppress(ZeroDivisionError):
                        with mine.transaction():
                            mine.incr("one")
                            raise ZeroDivisionError
                    mine.incr("two")
                    if turn % 3 == 0:
                        raise ZeroDivisionError
            with mine.pipeline() as pipe:
                pipe.incr("one").incr("two").execute()
            one, two = mine.mget("one", "two")
            assert one == two

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert db.mget("one", "two") == [b"1332", b"1332"]
    assert db.zcard("z") == 200 - 67
    assert db._session.store.check()
    for other in others:
        other.close()
