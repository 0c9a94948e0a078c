"""What goes on while nobody runs commands, in a store that a housekeeper keeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import emberkv
import emberkv.asyncio

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


def test_events_of_expiry_come_to_an_event_loop_without_commands() -> None:
    """In memory, and not served: whoever asks for such events has a housekeeper, too."""

    async def told() -> object:
        async with emberkv.asyncio.Ember() as db:
            await db.config_set("notify-keyspace-events", "Ex")
            async with db.pubsub() as events:
                await events.subscribe("__keyevent@0__:expired")
                await events.get_message(timeout=20)
                await db.set("key", "x", px=50)
                message = await events.get_message(timeout=30)
                return message and message["data"]

    assert asyncio.run(told()) == b"key"
