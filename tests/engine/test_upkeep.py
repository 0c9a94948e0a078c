"""The memory of a store: reused, tidied, given back, and told of as it is."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import emberkv
from emberkv.exceptions import OutOfMemoryError

CHURNED = int(os.environ.get("EMBERKV_CHURN", "200")) << 20  # bytes written
KEPT = 4 << 20  # of what is free, for what comes


def memory(db: emberkv.Ember) -> tuple[int, int]:
    info = db.info("memory")
    return info["used_memory"], info["used_memory_rss"]


def settle(db: emberkv.Ember) -> None:
    """Until what was free for a second has gone: commands go on, and nothing goes any more."""
    until, occupied = time.monotonic() + 20, None
    while time.monotonic() < until and occupied != memory(db)[1]:
        occupied, quiet = memory(db)[1], time.monotonic() + 1.5
        while time.monotonic() < quiet:
            db.execute_command("PING")


def test_churn_leaves_the_arena_within_a_third_of_what_lives() -> None:
    lots, keys, written, there = random.Random(3), 20_000, 0, set()
    with emberkv.open() as db:
        sizes = [(16, 200), (500, 2000), (100, 300), (2000, 6000), (300, 4000), (200, 1200)]
        while written < CHURNED:
            low, high = sizes[written * len(sizes) * 2 // CHURNED % len(sizes)]
            size = lots.randint(low, high)
            key = b"key:%d" % lots.randrange(keys)
            db.set(key, b"x" * size)
            there.add(key)
            written += size
        settle(db)
        live, occupied = memory(db)
        assert live > 4 * KEPT and occupied < live * 1.3 + KEPT
        assert all(db.get(key) is not None for key in there)


@pytest.mark.skipif(
    os.environ.get("EMBERKV_VARIANT", "release") != "release",
    reason="comparing the arena reads what was given back, and so has it again",
)
def test_what_was_freed_goes_back_to_the_system(tmp_path: Path) -> None:
    # Without a log: what waits for the disk is memory too, as long as the disk takes.
    with emberkv.open(tmp_path / "db", durable=False) as db:
        for i in range(400):
            db.set(b"key:%d" % i, b"x" * 100_000)
        file = os.open((tmp_path / "db" / "arena").resolve(), os.O_RDONLY)
        try:
            before = os.fstat(file).st_blocks * 512
            for i in range(390):
                db.delete(b"key:%d" % i)
            settle(db)
            after = os.fstat(file).st_blocks * 512
            assert before > 40_000_000 and after < 10_000_000
            told = memory(db)[1]
            assert abs(told - after) < 0.02 * after + 65536
            for i in range(400):  # and comes again
                db.set(b"key:%d" % i, b"y" * 100_000)
            assert all(db.get(b"key:%d" % i) == b"y" * 100_000 for i in range(400))
        finally:
            os.close(file)


def test_what_is_emptied_and_filled_again_keeps_its_pages(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "db", durable=False) as db:
        for _ in range(3):
            for _ in range(100):
                db.rpush("queue", *[b"x" * 1000] * 200)
            db.delete("queue")
            began = time.monotonic()
            for _ in range(2000):
                db.execute_command("PING")
            live, occupied = memory(db)
            assert occupied - live > 4 * KEPT or time.monotonic() > began + 0.9  # a slow machine


def test_memory_purge_gives_back_all_that_is_free(tmp_path: Path) -> None:
    with emberkv.open() as db:
        db.rpush("list", *[b"x" * 1000] * 20_000)
        db.delete("list")
        db.execute_command("MEMORY PURGE")
        live, occupied = memory(db)
        assert occupied - live < 3 << 20


def test_slabs_of_large_blocks_serve_small_ones_when_nothing_else_is_left() -> None:
    with emberkv.open(max_bytes=2 << 20) as db:
        with pytest.raises(emberkv.OutOfMemoryError):
            for i in range(10_000):
                db.set(b"large:%d" % i, b"x" * 900)
        n = db.dbsize()
        for i in range(0, n, 8):  # one of each slab or so: no page becomes free
            db.delete(b"large:%d" % i)
        for i in range(n // 10):
            db.set(b"small:%d" % i, b"y" * 50)
        assert db.get(b"small:0") == b"y" * 50


def test_memory_usage_adds_up_to_what_the_arena_holds() -> None:
    with emberkv.open() as db:
        for i in range(3000):
            db.set(b"s:%d" % i, b"x" * (i % 3000))
            db.hset(b"h:%d" % (i % 50), b"field:%d" % i, b"x" * (i % 200))
            db.rpush(b"l:%d" % (i % 30), b"x" * (i % 500))
            db.zadd(b"z:%d" % (i % 20), {b"member:%d" % i: i})
            db.sadd(b"t:%d" % (i % 20), b"member:%d" % i)
            db.xadd(b"x:%d" % (i % 10), {"field": i})
        keys = sum(db.memory_usage(key, samples=0) for key in db.scan_iter(count=1000))
        stats = db.memory_stats()
        tables = stats["db.0"]["overhead.hashtable.main"]
        assert abs(keys + tables - stats["total.allocated"]) < 0.02 * stats["total.allocated"]
        assert stats["peak.allocated"] >= stats["total.allocated"]


def test_figures_are_of_all_processes(tmp_path: Path) -> None:
    program = (
        "import sys, emberkv\n"
        "with emberkv.open(sys.argv[1]) as db:\n"
        "    for i in range(10): db.set('key', i); db.get('key'); db.get('none')\n"
    )
    with emberkv.open(tmp_path / "db") as db:
        db.config_resetstat()
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "db")], check=True, timeout=60
        )
        stats, commands = db.info("stats"), db.info("commandstats")
        assert (stats["keyspace_hits"], stats["keyspace_misses"]) == (10, 10)
        assert commands["cmdstat_set"]["calls"] == 10


def fill_to_the_brim(db: emberkv.Ember, name: str = "filler:") -> None:
    """So that not one block more is to be had, of whatever size."""
    n = 0
    for size in (8000, 1000, 300, 100, 60, 40, 20, 8, 0):
        with pytest.raises(OutOfMemoryError):
            while True:
                db.set(f"{name}{n}", b"x" * size)
                n += 1


@pytest.mark.parametrize("command", ["DEL", "UNLINK", "FLUSHDB", "FLUSHALL"])
@pytest.mark.parametrize("kind", ["list", "set", "zset", "hash", "stream"])
def test_what_frees_memory_needs_none(kind: str, command: str) -> None:
    add = {
        "list": lambda i: db.rpush("big", b"x" * 1000),
        "set": lambda i: db.sadd("big", b"member:%d" % i),
        "zset": lambda i: db.zadd("big", {b"member:%d" % i: i}),
        "hash": lambda i: db.hset("big", b"field:%d" % i, b"x" * 20),
        "stream": lambda i: db.xadd("big", {"field": i}),
    }[kind]
    with emberkv.open(max_bytes=1 << 20) as db:
        db.set("expires", 1, ex=1000)
        with pytest.raises(OutOfMemoryError):
            for i in range(1_000_000):
                add(i)
        fill_to_the_brim(db)
        assert db.execute_command(command, *(["big"] if command in ("DEL", "UNLINK") else []))
        assert not db.exists("big")
        assert db.set("another", b"x" * 50_000)
        assert db._store.check()


@pytest.mark.skipif(
    os.environ.get("EMBERKV_VARIANT", "release") != "release",
    reason="a quarter of a million keys take minutes",
)
@pytest.mark.parametrize("shuffled", [False, True])
def test_all_keys_of_a_full_store_are_deleted_by_one_command(shuffled: bool) -> None:
    with emberkv.open(max_bytes=8 << 20) as db:
        keys: list[str] = []
        with pytest.raises(OutOfMemoryError):
            while True:
                db.set(f"{len(keys):07d}", "")
                keys.append(f"{len(keys):07d}")
        if shuffled:
            random.Random(1).shuffle(keys)
        assert db.delete(*keys) == len(keys)
        assert db.dbsize() == 0
        assert db._store.check()


def test_all_databases_of_a_full_store_are_flushed_by_one_command() -> None:
    with emberkv.open(max_bytes=1 << 20) as db:
        for number in range(8):
            db.select(number)
            db.set("e", 1, ex=1000)
            db.hset("h", mapping={"a": 1})
            for i in range(300):
                db.set(f"k{i}", "x" * 50)
        db.select(0)
        fill_to_the_brim(db, "f")
        assert db.flushall()
        assert db.info("keyspace") == {}
        assert db.set("another", b"x" * 50_000)
        assert db._store.check()
