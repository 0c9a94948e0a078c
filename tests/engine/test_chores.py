"""What goes on while nobody runs commands, in a store that a housekeeper keeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import emberkv

LOOKS = 50  # fewer commands than make a store look after itself


def comes_true(what: Callable[[], bool]) -> bool:
    """Asked a few times in 25 seconds."""
    for _ in range(LOOKS):
        if what():
            return True
        time.sleep(0.5)
    return False


def test_keys_expire_without_commands(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store", durable=True) as db:
        with db.pipeline() as p:
            for i in range(10_000):
                p.set(f"key:{i}", "x", px=1)
            p.set("stays", "x")
            p.execute()
        assert comes_true(lambda: db.dbsize() == 1)
        assert db.info("stats")["expired_keys"] == 10_000


def test_memory_is_given_back_without_commands(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store", durable=True, save="") as db:
        with db.pipeline(transaction=False) as p:
            for i in range(5_000):
                p.set(f"key:{i}", b"x" * 8_000)
            p.execute()
        full = db.info("memory")["used_memory_rss"]
        db.flushall()
        assert comes_true(lambda: db.info("memory")["used_memory_rss"] < full / 3)


def test_a_lowered_limit_is_kept_without_commands(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store", durable=True) as db:
        with db.pipeline(transaction=False) as p:
            for i in range(20_000):
                p.set(f"key:{i}", b"x" * 100)
            p.execute()
        db.config_set("maxmemory-policy", "allkeys-lru", "maxmemory", "1mb")
        assert comes_true(lambda: db.dbsize() < 12_000)
