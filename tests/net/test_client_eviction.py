"""maxmemory-clients: connections that hold the most are closed, the others stay."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from net.sides import Connection, facts_of, ours
from oracle import RawClient, Reply

import emberkv


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_the_largest_connections_are_closed() -> None:
    with emberkv.open() as db, emberkv.serve(db) as server:
        opened = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        try:
            half = b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 2_000_000
            for connection in opened[:4]:
                connection.sendall(half)
            deadline = time.monotonic() + 20
            db.config_set("maxmemory-clients", "5mb")
            while db.execute_command("PING") and time.monotonic() < deadline:
                if sum(map(is_open, opened[:4])) <= 2:
                    break
                time.sleep(0.01)
            assert sum(map(is_open, opened[:4])) in (1, 2)
            assert all(map(is_open, opened[4:]))
        finally:
            for connection in opened:
                connection.close()


def long(i: int) -> str:
    return f"{i:05}" + "x" * 200_000


WAYS: dict[str, Callable[[Connection, int], Reply]] = {
    "queued commands": lambda c, i: c.execute("SET", "k", long(i)),
    "watched keys": lambda c, i: c.execute("WATCH", long(i)),
    "channels": lambda c, i: c.execute("SUBSCRIBE", long(i)),
    "patterns": lambda c, i: c.execute("PSUBSCRIBE", long(i)),
    "prefixes": lambda c, i: c.execute(*"CLIENT TRACKING ON BCAST PREFIX".split(), long(i)),
}


@pytest.mark.parametrize("way", WAYS)
def test_all_that_a_connection_holds_counts(tmp_path: Path, way: str) -> None:
    with ours(tmp_path / "s") as side:
        other, hog = side.connect(), side.connect(3)
        other.do("CLIENT NO-EVICT on")
        hog.do("CLIENT SETNAME hog")
        if way == "queued commands":
            hog.do("MULTI")

        def held() -> int:
            found = facts_of(other.do("CLIENT LIST"), "hog")
            return int(found["tot-mem"]) if found else -1

        least = held()
        WAYS[way](hog, 0)
        assert held() > least + 200_000
        normal = other.do("INFO memory").value.decode().split("mem_clients_normal:")[1]
        assert int(normal.split()[0]) > 200_000
        other.do("CONFIG SET maxmemory-clients 4mb")
        deadline = time.monotonic() + 30
        with pytest.raises(OSError):  # it is closed
            for i in range(1, 1_000_000):
                WAYS[way](hog, i)
                assert time.monotonic() < deadline and i < 200
                time.sleep(0.01)
        assert held() == -1


def test_what_a_connection_gave_up_counts_no_more(tmp_path: Path) -> None:
    with ours(tmp_path / "s") as side:
        other, hog = side.connect(), RawClient(side.path, 3)
        hog.execute("CLIENT", "SETNAME", "hog")

        def held() -> Any:
            return facts_of(other.do("CLIENT LIST"), "hog")["tot-mem"]

        least = held()
        for command in ("SUBSCRIBE a", "SUBSCRIBE b", "PSUBSCRIBE p", "SSUBSCRIBE s", "WATCH k l"):
            hog.execute(*command.split())
        hog.execute(*"CLIENT TRACKING ON BCAST PREFIX x PREFIX y".split())
        assert held() != least
        undoing = ("UNSUBSCRIBE b", "UNSUBSCRIBE a", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "UNWATCH")
        for command in undoing:
            hog.execute(*command.split())
        hog.execute("CLIENT", "TRACKING", "OFF")
        assert held() == least
        hog.close()
