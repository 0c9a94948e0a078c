"""A handle in a child of os.fork: of a shared store it goes on, of a private one it is a copy."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import emberkv

LIMIT_S = 20


def in_child(run: Callable[[], object]) -> int:
    """What run() came to in a forked child: 0 when it gave something true, 1 if not."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if run() else 1
        finally:
            os._exit(code)
    return exit_code(pid)


def exit_code(pid: int) -> int:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("the child hangs")


def test_the_child_works_on_the_same_shared_keyspace(path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("k", "parent")
        assert in_child(lambda: db.get("k") == b"parent" and db.set("k", "child")) == 0
        assert db.get("k") == b"child"


def test_the_child_has_a_copy_of_a_private_store() -> None:
    with emberkv.open() as db:
        db.rpush("l", *range(10_000))
        assert in_child(lambda: db.llen("l") == 10_000 and db.delete("l")) == 0
        assert db.llen("l") == 10_000
        db.rpush("l", 1)
        assert in_child(lambda: db.llen("l") == 10_001 and db.rpop("l", 10_001)) == 0
        assert db.llen("l") == 10_001


def test_a_grandchild_works_too(path: Path) -> None:
    with emberkv.open(path) as db:
        assert in_child(lambda: in_child(lambda: db.set("k", 1)) == 0) == 0
        assert db.get("k") == b"1"


def test_the_child_goes_on_when_the_parent_closes(path: Path) -> None:
    db = emberkv.open(path)
    db.set("k", 1)
    to_child, from_parent = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(from_parent)
            os.read(to_child, 1)
            with emberkv.open(path) as second:
                code = 0 if db.incr("k") == 2 and second.get("k") == b"2" else 1
            db.close()
        finally:
            os._exit(code)
    os.close(to_child)
    db.close()
    assert (path / "arena").is_symlink()
    os.close(from_parent)
    assert exit_code(pid) == 0
    assert os.listdir(path) == ["appendonlydir"]


def test_others_can_open_while_a_child_outlives_its_parents_handle(path: Path) -> None:
    """The lock on the directory is each process's own: the parent's close does not keep it."""
    db = emberkv.open(path)
    db.set("k", 1)
    to_child, from_parent = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(from_parent)
        os.read(to_child, 1)
        os._exit(0)
    os.close(to_child)
    db.close()
    assert in_child(lambda: emberkv.open(path).get("k") == b"1") == 0
    os.close(from_parent)
    assert exit_code(pid) == 0


def test_a_fork_while_another_thread_works(tmp_path: Path) -> None:
    for where in (None, tmp_path / "busy.ember"):
        with emberkv.open(where) as db:
            stop = threading.Event()

            def work(db: emberkv.Ember[bytes] = db, stop: threading.Event = stop) -> None:
                while not stop.is_set():
                    db.rpush("l", "x" * 100)
                    db.ltrim("l", -50, -1)

            thread = threading.Thread(target=work)
            thread.start()
            try:
                for _ in range(20):
                    assert in_child(lambda db=db: db.set("k", 1) and db._store.check()) == 0
            finally:
                stop.set()
                thread.join()
            assert db._store.check()


def test_a_fork_while_another_thread_is_in_a_transaction(tmp_path: Path) -> None:
    for where in (None, tmp_path / "block.ember"):
        with emberkv.open(where) as db:
            db.set("k", "before")
            began, go_on = threading.Event(), threading.Event()

            def block(
                db: emberkv.Ember[bytes] = db,
                began: threading.Event = began,
                go_on: threading.Event = go_on,
            ) -> None:
                with db.transaction():
                    db.set("k", "within")
                    began.set()
                    go_on.wait(LIMIT_S)

            thread = threading.Thread(target=block)
            thread.start()
            began.wait(LIMIT_S)
            if where is None:  # the copy has what was committed
                assert in_child(lambda db=db: db.get("k") == b"before" and db.set("k", 2)) == 0
            go_on.set()
            thread.join()
            assert db.get("k") == b"within"
            assert db._store.check()


def test_a_fork_within_a_transaction_of_a_private_store() -> None:
    with emberkv.open() as db:
        db.set("k", "before")
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.set("k", "within")
            assert in_child(lambda: db.get("k") == b"within" and db.set("k", "child")) == 0
            assert db.get("k") == b"within"
            raise ZeroDivisionError
        assert db.get("k") == b"before"


def test_a_fork_within_a_transaction_of_a_shared_store(path: Path) -> None:
    """The block is the parent's: the child waits for its end, and cannot end it itself."""
    with emberkv.open(path) as db:
        db.set("k", 0)
        block = db.transaction()
        with block:
            db.incr("k")
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    waited_for = db.incr("k") == 2
                    try:
                        block.__exit__(None, None, None)
                    except RuntimeError:
                        code = 0 if waited_for else 1
                finally:
                    os._exit(code)
            time.sleep(0.05)
            assert db.get("k") == b"1"
        assert exit_code(pid) == 0
        assert db.get("k") == b"2"
        assert db._store.check()


def test_a_child_that_is_killed_in_a_transaction_leaves_no_trace(path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("k", "before")

        def block() -> None:
            with db.transaction():
                db.set("k", "within")
                db.rpush("l", *range(1000))
                os.kill(os.getpid(), signal.SIGKILL)

        assert in_child(block) == -signal.SIGKILL
        assert db.get("k") == b"before"
        assert db.keys() == [b"k"]
        assert db._store.check()


def test_the_child_of_a_fork_closes_without_taking_the_store_away(path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("k", 1)
        assert in_child(lambda: db.close() is None) == 0
        assert (path / "arena").is_symlink()
        assert db.get("k") == b"1"
    assert os.listdir(path) == ["appendonlydir"]
