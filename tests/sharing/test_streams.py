"""A stream that processes share, and the death of one that had entries pending."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sharing.consuming import consume

import emberkv

PATIENCE = 60.0


def add_until(db: emberkv.Ember, ids: list[bytes], done: Callable[[], bool], what: str) -> None:
    """Add entries, a few at a time, until it is done."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, what
        ids += [db.xadd("work", {"job": i, "text": b"x" * (i % 50)}) for i in range(20)]


@pytest.mark.parametrize("at_any_moment", [False, True])
def test_what_a_dead_consumer_had_is_claimed_by_the_others(path: Path, at_any_moment: bool) -> None:
    context = multiprocessing.get_context("spawn")
    ids: list[bytes] = []
    with emberkv.open(path) as db:
        db.xgroup_create("work", "group", "0", mkstream=True)
        db.set("expected", 10**9)
        workers = {
            name: context.Process(target=consume, args=(str(path), name), daemon=True)
            for name in ("one", "two", "victim")
        }
        for worker in workers.values():
            worker.start()

        def kill() -> bool:
            os.kill(workers["victim"].pid, signal.SIGKILL)
            return True

        def kill_with_something_pending() -> bool:
            # Nobody gets the lock meanwhile, so what it has pending now is what it dies with.
            with db.transaction():
                pending = db.xpending_range("work", "group", "-", "+", 1, "victim")
                return bool(pending) and kill()

        add_until(db, ids, lambda: int(db.hget("done by", "victim") or 0) >= 5, "the victim works")
        add_until(
            db, ids, kill if at_any_moment else kill_with_something_pending, "it has some pending"
        )
        workers["victim"].join()
        assert workers["victim"].exitcode == -signal.SIGKILL
        ids += [db.xadd("work", {"job": "later"}) for _ in range(50)]
        db.set("expected", len(ids))
        for name in ("one", "two"):
            workers[name].join(PATIENCE)
            assert workers[name].exitcode == 0

        acknowledged = db.hgetall("acknowledged")
        assert set(acknowledged) == set(ids)  # nothing is lost
        assert set(acknowledged.values()) == {b"1"}  # and nothing acknowledged twice
        assert db.xpending("work", "group")["pending"] == 0
        [group] = db.xinfo_groups("work")
        assert group["lag"] == 0 and group["entries-read"] == len(ids)
        assert sum(int(n) for n in db.hvals("done by")) == len(ids)


def test_entries_of_one_process_wake_another(path: Path) -> None:
    with emberkv.open(path) as db, emberkv.open(path) as other:
        context = multiprocessing.get_context("spawn")
        other.xgroup_create("work", "group", "$", mkstream=True)
        db.set("expected", 1)
        worker = context.Process(target=consume, args=(str(path), "c"), daemon=True)
        worker.start()
        id = other.xadd("work", {"job": 1})
        worker.join(PATIENCE)
        assert worker.exitcode == 0
        assert db.hgetall("acknowledged") == {id: b"1"}
