"""`with db.transaction():` whatever interrupts it, and in whatever order blocks end."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import emberkv

LIMIT_S = 20


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Any]:
    with emberkv.open(tmp_path / "a.ember", durable=False) as db:
        yield db


@pytest.fixture
def other(db: Any) -> Iterator[Any]:
    """Another handle, which waits for as long as the store is held."""
    with emberkv.open(db.path) as other:
        yield other


class Alarm(Exception):
    pass


def test_a_signal_at_any_moment_leaves_no_block_open(db: Any, other: Any) -> None:
    def ring(*_: Any) -> None:
        raise Alarm

    def move() -> None:
        with db.transaction():
            db.decr("from")
            with db.transaction():
                db.incr("to")

    before = signal.signal(signal.SIGALRM, ring)
    rung = 0
    end = time.monotonic() + 1.5
    try:
        while time.monotonic() < end:
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + rung % 40 * 0.00001)
                while True:
                    move()
            except Alarm:
                rung += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung
    assert other.incr("free") == 1
    assert int(other.get("from") or 0) + int(other.get("to") or 0) == 0


def counting(db: Any, key: str) -> Iterator[None]:
    with db.transaction():
        db.incr(key)
        yield


def test_a_block_that_ends_before_one_within_it_is_undone_with_that(db: Any, other: Any) -> None:
    outer, inner = counting(db, "outer"), counting(db, "inner")
    next(outer)
    next(inner)
    with pytest.raises(RuntimeError, match="both are undone"):
        next(outer)
    assert other.keys() == []  # nobody holds the store any more
    with pytest.raises(RuntimeError, match="must end before"):
        next(inner)
    with db.transaction():
        db.incr("later")
    assert other.keys() == [b"later"]


def test_an_exception_goes_through_blocks_whose_inner_ones_are_still_open(
    db: Any, other: Any
) -> None:
    inner = counting(db, "inner")
    with pytest.raises(KeyError), db.transaction():
        next(inner)
        raise KeyError
    assert other.keys() == []
    inner.close()
    assert db.set("k", 1)


def test_a_generator_that_nobody_ends_undoes_its_block(db: Any, other: Any) -> None:
    left = counting(db, "left")
    next(left)
    del left
    gc.collect()
    assert other.keys() == []


def test_who_may_not_end_a_block_leaves_it_to_who_may(db: Any, other: Any) -> None:
    block = db.transaction()
    block.__enter__()
    db.set("k", 1)
    failed: list[str] = []

    def end() -> None:
        try:
            block.__exit__(None, None, None)
        except RuntimeError as error:
            failed.append(str(error))

    thread = threading.Thread(target=end)
    thread.start()
    thread.join(LIMIT_S)
    assert failed == ["a transaction is ended by the thread and process that began it"]
    block.__exit__(None, None, None)
    assert other.get("k") == b"1"
    with pytest.raises(RuntimeError):
        block.__exit__(None, None, None)


def test_the_same_block_within_itself(db: Any, other: Any) -> None:
    block = db.transaction()
    with block:
        db.set("outer", 1)
        with pytest.raises(KeyError), block:
            db.set("inner", 1)
            raise KeyError
        with block:
            db.set("kept", 1)
    assert sorted(other.keys()) == [b"kept", b"outer"]


@pytest.mark.parametrize("kind", ["private", "shared"])
def test_a_thread_that_ends_within_its_block_undoes_it(kind: str, tmp_path: Path) -> None:
    def begin() -> None:
        db.transaction().__enter__()
        db.set("k", 1)

    with emberkv.open(tmp_path / "a.ember" if kind == "shared" else None) as db:
        for _ in range(2):  # the second thread may look like the first
            thread = threading.Thread(target=begin)
            thread.start()
            thread.join(LIMIT_S)
            assert db.keys() == []
        with db.transaction():
            db.set("k", 2)
        pid = os.fork()
        if pid == 0:
            db.get("k")
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        if kind == "shared":
            with emberkv.open(db.path) as other:
                assert other.getset("k", 3) == b"2"
        assert db.getdel("k") in (b"2", b"3")


def test_a_block_that_is_left_in_another_thread_than_it_was_entered_in(db: Any, other: Any) -> None:
    """As dependencies of web frameworks are that run in a pool."""
    block = counting(db, "k")
    for step in (lambda: next(block), lambda: next(block, None)):
        failed: list[BaseException] = []

        def run(step: Any = step, failed: Any = failed) -> None:
            try:
                step()
            except RuntimeError as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(LIMIT_S)
    assert "began it" in str(failed[0]) or "must end before" in str(failed[0])
    assert other.keys() == [] and db.incr("n") == 1 and other.incr("n") == 2
