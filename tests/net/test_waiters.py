"""Those who wait for a key, when it goes without a command that names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from net.sides import Connection, Side, both
from oracle import Reply

GONE = Reply("error", b"UNBLOCKED the stream key no longer exists")


def look_until_it_is_gone(admin: Connection) -> None:
    admin.do("PEXPIRE s 1")
    while admin.do("EXISTS s") == Reply("int", 1):
        pass


def let_it_expire(admin: Connection) -> None:
    admin.do("PEXPIRE s 1")


def want_its_memory(admin: Connection) -> None:
    admin.do("CONFIG SET maxmemory-policy allkeys-random maxmemory 1")
    admin.do("PING")


@pytest.mark.parametrize("go", [look_until_it_is_gone, let_it_expire, want_its_memory])
def test_a_consumer_hears_that_its_stream_is_gone(
    tmp_path: Path, go: Callable[[Connection], None]
) -> None:
    def script(side: Side) -> list[Any]:
        admin, consumer = side.connect(), side.connect()
        admin.do("XGROUP CREATE s g $ MKSTREAM")
        consumer.pipeline("XREADGROUP GROUP g me BLOCK 0 STREAMS s >")
        while b"blocked_clients:1" not in admin.do("INFO clients").value:
            pass
        go(admin)
        return [consumer.read()]

    assert both(script, tmp_path / "socket") == [GONE]


def test_prefixes_hear_of_keys_that_expire_while_nobody_asks(tmp_path: Path) -> None:
    def script(side: Side) -> list[Any]:
        admin, reader = side.connect(), side.connect(3)
        reader.do("CLIENT TRACKING ON BCAST")
        admin.do("SET k v PX 1")
        return [reader.read_message(), reader.read_message()]

    invalidation = Reply(
        "push", (Reply("bulk", b"invalidate"), Reply("array", (Reply("bulk", b"k"),)))
    )
    assert both(script, tmp_path / "socket") == [invalidation, invalidation]
