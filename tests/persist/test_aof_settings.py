"""Settings of the append-only file, and what is left over of rewrites."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from persist.test_aof import DIR, INCREMENT, MANIFEST, increment, lose_memory, open_durable

import emberkv


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.ember"


def resp(*words: str) -> bytes:
    """In capitals, as `written` gives what a file holds: commands are as they were given."""
    words = tuple(word.upper() for word in words)
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%b\r\n" % (len(w), w.encode()) for w in words
    )


def written(path: Path) -> bytes:
    return increment(path).read_bytes().upper()


SELECT = resp("SELECT", "0")
LARGE = "x" * 100_000


def test_the_time_stands_before_the_first_command_of_a_second(path: Path) -> None:
    clock = emberkv.Clock(1_700_000_000_000)
    with open_durable(path, clock=clock, appendfsync="always") as db:
        db.set("before", 1)
        db.config_set("aof-timestamp-enabled", "yes")
        for key in ("a", "b"):
            db.set(key, 1)
        clock.advance(1)
        with db.transaction():
            db.set("c", 1)
            db.set("d", 1)
        clock.advance(1)
        db.set("e", LARGE)
        clock.advance(1)
        with db.pipeline() as pipe:
            pipe.set("f", LARGE).set("g", 1).execute()
        db.config_set("aof-timestamp-enabled", "no")
        clock.advance(1)
        db.set("h", 1)
    assert written(path) == b"".join(
        (
            SELECT + resp("SET", "before", "1"),
            b"#TS:1700000000\r\n" + resp("SET", "a", "1") + resp("SET", "b", "1"),
            b"#TS:1700000001\r\n" + resp("MULTI"),
            resp("SET", "c", "1") + resp("SET", "d", "1") + resp("EXEC"),
            b"#TS:1700000002\r\n" + resp("MULTI") + resp("SET", "e", LARGE) + resp("EXEC"),
            b"#TS:1700000003\r\n" + resp("MULTI"),
            resp("SET", "f", LARGE) + resp("SET", "g", "1") + resp("EXEC"),
            resp("SET", "h", "1"),
        )
    )
    lose_memory(path)
    with open_durable(path) as db:
        assert sorted(db.keys()) == [b"a", b"b", b"before", b"c", b"d", b"e", b"f", b"g", b"h"]


def test_redis_check_aof_cuts_at_our_times(path: Path) -> None:
    program = shutil.which("redis-check-aof")
    if program is None:
        pytest.skip("redis-check-aof is not installed")
    clock = emberkv.Clock(1_700_000_000_000)
    with open_durable(path, clock=clock) as db:
        db.config_set("aof-timestamp-enabled", "yes")
        for i in range(5):
            db.set(f"key:{i}", i)
            clock.advance(10)
    said = subprocess.run(
        [program, "--truncate-to-timestamp", "1700000025", path / DIR / MANIFEST],
        capture_output=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout.decode()
    lose_memory(path)
    with open_durable(path) as db:
        assert sorted(db.keys()) == [b"key:0", b"key:1", b"key:2"]


def wait_for_the_snapshot(db: Any) -> None:
    while db.info("persistence")["rdb_bgsave_in_progress"]:
        time.sleep(0.01)


COUNT = itertools.count()


def set_while_saving(db: Any, path: Path) -> bool:
    """Is a SET that comes while a snapshot is saved in the file at once?"""
    deadline = time.monotonic() + 20
    for value in COUNT:
        assert time.monotonic() < deadline, "no snapshot took long enough"
        db.bgsave()
        for _ in range(value % 20):  # until it has begun, who keeps house writes the file
            db.info("persistence")
        db.set("marker", f"value:{value}")
        there = written(path).endswith(resp("SET", "marker", f"value:{value}"))
        if db.info("persistence")["rdb_bgsave_in_progress"]:
            break
    wait_for_the_snapshot(db)
    return there


def test_nothing_is_synced_beside_a_snapshot_where_that_is_wished(path: Path) -> None:
    with open_durable(path) as db:
        with db.pipeline(transaction=False) as pipe:
            for i in range(100_000):
                pipe.set(f"key:{i}", "some value")
            pipe.execute()
        db.config_set("appendfsync", "always")
        db.set("marker", 0)
        assert set_while_saving(db, path)
        db.config_set("no-appendfsync-on-rewrite", "yes")
        deadline = time.monotonic() + 60
        while set_while_saving(db, path):  # it was before the snapshot had begun
            assert time.monotonic() < deadline
        db.set("last", 1)
        assert written(path).endswith(resp("SET", "last", "1"))


def test_files_that_a_killed_rewrite_left_are_removed(path: Path) -> None:
    with open_durable(path) as db:
        db.set("a", 1)
        db.bgrewriteaof()
        while db.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.01)
        db.set("b", 2)
    lose_memory(path)
    folder = path / DIR
    now = sorted(file.name for file in folder.iterdir())
    left = folder / INCREMENT
    assert INCREMENT not in now
    others = ["notes.txt", "appendonly.aof.99.incr.aof", "appendonly.aof.01.incr.aof"]
    for name in (*others, INCREMENT, "appendonly.aof.0.base.rdb"):
        (folder / name).write_bytes(b"")
    with open_durable(path) as db:
        assert db.mget("a", "b") == [b"1", b"2"]
    assert not left.exists()
    assert sorted(file.name for file in folder.iterdir()) == sorted([*now, *others])
