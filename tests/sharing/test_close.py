"""What is left behind by closing, by dying, and by closing while others are at it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import emberkv
from emberkv.exceptions import ConnectionError, LockError

LIMIT_S = 20


def test_the_last_close_leaves_nothing_in_memory(path: Path, memory_dir: Path) -> None:
    first, second = emberkv.open(path), emberkv.open(path)
    assert len(list(memory_dir.iterdir())) == 1
    first.close()
    assert second.set("k", 1)
    second.close()
    assert os.listdir(path) == ["appendonlydir"]
    assert list(memory_dir.iterdir()) == []
    with emberkv.open(path) as db:
        assert db.get("k") == b"1"


def test_what_is_not_durable_ends_with_its_last_handle(path: Path, memory_dir: Path) -> None:
    first = emberkv.open(path, durable=False)
    second = emberkv.open(path)  # takes it as it is
    first.set("k", 1)
    first.close()
    assert second.get("k") == b"1"
    second.close()
    assert not path.exists()
    assert list(memory_dir.iterdir()) == []


def test_what_else_lies_in_the_directory_stays(path: Path, memory_dir: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("mine")
    with emberkv.open(path, durable=False) as db:
        db.set("k", 1)
    assert [p.name for p in path.iterdir()] == ["notes.txt"]
    assert list(memory_dir.iterdir()) == []


def test_the_end_of_a_script_is_a_clean_close(path: Path, memory_dir: Path) -> None:
    script = "import emberkv, sys; db = emberkv.open(sys.argv[1]); db.set('k', 1); db.me = db"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert list(memory_dir.iterdir()) == []
    with emberkv.open(path) as db:
        assert db.get("k") == b"1"


@pytest.mark.parametrize(
    "never",
    [
        "import ctypes; ctypes.pythonapi.Py_IncRef(ctypes.py_object(db._store))",
        "import threading, time; f = lambda store=db._store: time.sleep(99);"
        "threading.Thread(target=f, daemon=True).start()",
    ],
    ids=["leaked", "a daemon has it"],
)
def test_what_is_never_closed_is_on_disk_all_the_same(
    never: str, path: Path, memory_dir: Path
) -> None:
    """The script's end writes what the next second would have written."""
    script = f"import emberkv, sys; db = emberkv.open(sys.argv[1]); {never}; db.set('k', 1)"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=LIMIT_S * 3)
    for left in memory_dir.iterdir():
        left.unlink()  # the machine is started anew
    with emberkv.open(path) as db:
        assert db.get("k") == b"1"


def test_a_killed_process_leaves_the_store_to_the_next(path: Path, memory_dir: Path) -> None:
    script = (
        "import emberkv, os, sys; db = emberkv.open(sys.argv[1]); db.set('k', 'kept');"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(path)])
    assert killed.returncode == -signal.SIGKILL
    assert len(list(memory_dir.iterdir())) == 1
    with emberkv.open(path) as db:
        assert db.get("k") == b"kept"
        assert db._store.check()
    assert list(memory_dir.iterdir()) == []


def test_what_the_dead_watched_is_forgotten(path: Path) -> None:
    script = (
        "import emberkv, os, sys; db = emberkv.open(sys.argv[1], durable=False);"
        "db.set('k', 'kept'); pipe = db.pipeline(); pipe.watch('k', *range(1000));"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)])
    with emberkv.open(path, durable=False) as db, emberkv.open() as fresh:
        fresh.set("k", "kept")
        assert db._store.stats()["blocks"] == fresh._store.stats()["blocks"]
        assert db.get("k") == b"kept"
        with db.pipeline() as pipe:
            pipe.watch("k")
            pipe.multi()
            pipe.incr("n")
            assert pipe.execute() == [1]


def test_opening_waits_for_nobody(path: Path) -> None:
    with emberkv.open(path) as db:
        holder, go_on = holding(db)
        with emberkv.open(path) as other:
            assert not other.closed
        go_on.set()
        holder.join(LIMIT_S)


def test_death_while_opening_leaves_nothing_in_the_way(path: Path, memory_dir: Path) -> None:
    """A maker that dies anywhere in opening: the next opens, and nothing is left at the end."""
    script = "import emberkv, sys; print('up', flush=True); emberkv.open(sys.argv[1]).set('k', 1)"
    for delay in (0, 0.0002, 0.0005, 0.001, 0.002):
        command = [sys.executable, "-c", script, str(path)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay)
        child.kill()
        child.wait()
        child.stdout.close()
        with emberkv.open(path) as db:
            assert db.get("k") in (None, b"1")
        assert list(memory_dir.iterdir()) == []


def test_files_are_the_owners_alone(path: Path, memory_dir: Path) -> None:
    before = os.umask(0)
    try:
        with emberkv.open(path):
            (memory,) = memory_dir.iterdir()
            assert stat.S_IMODE(memory.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
    finally:
        os.umask(before)


def test_two_handles_of_a_process_are_two(path: Path) -> None:
    with emberkv.open(path) as first, emberkv.open(path, db=1) as second:
        first.set("k", 1)
        assert second.get("k") is None
        with first.transaction():
            with pytest.raises(LockError):
                second.set("k", 2)
        assert second.set("k", 2)


def test_a_closed_handle_says_so(path: Path) -> None:
    db = emberkv.open(path)
    db.close()
    db.close()
    for call in (lambda: db.get("k"), lambda: db.ping(), lambda: db.transaction().__enter__()):
        with pytest.raises(ConnectionError, match="closed"):
            call()


def test_closing_within_a_transaction_undoes_it(path: Path) -> None:
    with emberkv.open(path) as other:
        db = emberkv.open(path)
        db.set("k", "before")
        with pytest.raises(ConnectionError, match="closed"), db.transaction():
            db.set("k", "within")
            db.close()
        assert other.get("k") == b"before"
        assert other.set("k", "after")
    with emberkv.open(path) as again:
        assert again.set("k", 1)


def test_a_private_store_closed_within_a_transaction() -> None:
    db = emberkv.open()
    with pytest.raises(ConnectionError, match="closed"), db.transaction():
        db.set("k", 1)
        db.close()
    assert db.closed


def holding(db: emberkv.Ember[bytes]) -> tuple[threading.Thread, threading.Event]:
    """A thread within a transaction block on db, until the event is set."""
    began, go_on = threading.Event(), threading.Event()

    def block() -> None:
        try:
            with db.transaction():
                db.set("held", 1)
                began.set()
                go_on.wait(LIMIT_S)
        except ConnectionError:
            pass

    thread = threading.Thread(target=block)
    thread.start()
    began.wait(LIMIT_S)
    return thread, go_on


@pytest.mark.parametrize("kind", ["private", "shared"])
def test_closing_while_others_wait(kind: str, path: Path) -> None:
    db = emberkv.open(path if kind == "shared" else None)
    holder, go_on = holding(db)
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            db.set("k", 1)
        except ConnectionError as error:
            failed.append(error)

    waiters = [threading.Thread(target=wait) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    time.sleep(0.05)
    db.close()
    go_on.set()
    for thread in (holder, *waiters):
        thread.join(LIMIT_S)
        assert not thread.is_alive()
    assert len(failed) == 3
    assert db.closed
    assert not (path / "arena").is_symlink()


def test_closing_while_another_thread_is_in_a_transaction(path: Path) -> None:
    db = emberkv.open(path)
    db.set("held", 0)
    with emberkv.open(path) as other:
        holder, go_on = holding(db)
        db.close()
        with pytest.raises(ConnectionError, match="closed"):
            db.set("k", 1)
        assert db.closed
        go_on.set()
        holder.join(LIMIT_S)
        assert not holder.is_alive()
        assert other.get("held") == b"0"


def test_ctrl_c_ends_the_wait_for_the_lock(path: Path) -> None:
    db = emberkv.open(path)
    holder, go_on = holding(db)
    timer = threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        try:
            db.set("k", 1)
        finally:
            timer.join()
            time.sleep(0.05)
    go_on.set()
    holder.join(LIMIT_S)
    assert db.set("k", 1)
    db.close()


def test_threads_share_a_handle(path: Path) -> None:
    with emberkv.open(path) as db:

        def work() -> None:
            for i in range(500):
                db.incr("n")
                db.rpush("l", i)
                with db.transaction():
                    db.set("a", db.incr("m"))
                    db.set("b", db.get("m"))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert db.mget("n", "m", "a", "b") == [b"2000"] * 4
        assert db.llen("l") == 2000
        assert db._store.check()
