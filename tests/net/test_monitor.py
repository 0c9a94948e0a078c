"""MONITOR: what is told of the commands of others, beside a real server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import redis
from net.sides import Connection, Side, both, ours

import emberkv


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def lines(monitor: Connection, side: Side) -> list[str]:
    """What it was told, without times, and its own PINGs."""
    told = [message.value.decode() for message in monitor.told()]
    told = [re.sub(r"^\d{10}\.\d{6} ", "", line).replace(side.path, "SOCKET") for line in told]
    return [line for line in told if not line.endswith('"PING"')]


def test_commands_are_told_as_the_server_tells_them(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        monitor, client = side.connect(), side.connect()
        seen: list[Any] = [monitor.do("MONITOR")]
        for command in (
            "SET k v",
            "set k v EX 100",
            "GET k",
            "SELECT 3",
            "GET k",
            "LPUSH k wrong-type",
            "LPUSH k",
            "NOSUCH a",
            "SELECT 0",
            "MULTI",
            "SET a 1",
            "GET a",
            "EXEC",
            "MULTI",
            "DISCARD",
            "AUTH secret",
            "AUTH user secret",
            "HELLO 3 AUTH default secret SETNAME me",
            "CONFIG SET timeout 0",
            "CONFIG GET timeout",
            "CLIENT LIST",
            "CLIENT SETNAME me",
            "INFO server",
            "DEBUG SLEEP 0",
            "PUBLISH c x",
            "SUBSCRIBE c",
            "UNSUBSCRIBE c",
            "BLPOP nosuch 0.01",
            "OBJECT ENCODING k",
            "COMMAND COUNT",
            "WATCH a",
            "RESET",
        ):
            client.do(command)
        seen.append(lines(monitor, side))
        client.execute("SET", b'q"uo\\te\x00\n\r\t\a\b\x1b\x7f\xff', "é ü")
        seen.append(lines(monitor, side))
        return seen

    told = both(script, path)
    assert len(told[1]) > 20


def test_a_monitor_may_not_touch_keys_until_it_is_reset(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        monitor, client = side.connect(), side.connect()
        monitor.do("MONITOR")
        seen: list[Any] = [monitor.do(c) for c in ("GET k", "SET k v", "SELECT 1", "SELECT 0")]
        monitor.pipeline("MONITOR", "PING")  # once more: no reply
        seen.append(monitor.read())
        monitor.messages.clear()
        seen.append("O" in re.findall(r"flags=(\w+)", monitor.do("CLIENT LIST").value.decode())[0])
        seen.append(monitor.do("RESET"))
        monitor.messages.clear()
        client.do("SET k v")
        seen.append(lines(monitor, side))
        seen.append(monitor.do("GET k"))
        monitor.do("MONITOR")
        seen.append(monitor.do("QUIT"))
        assert monitor.gone()
        client.do("SET k v")
        return seen

    both(script, path)


def test_a_transaction_does_not_monitor(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        client, other = side.connect(), side.connect()
        seen: list[Any] = [client.do(c) for c in ("MULTI", "MONITOR", "EXEC")]
        other.do("SET k v")
        return [*seen, lines(client, side)]

    both(script, path)


def test_calls_in_processes_are_told_and_reads_take_the_lock(tmp_path: Path) -> None:
    store = tmp_path / "store.ember"
    with emberkv.open(store) as db, ours(tmp_path / "s", db=store) as side:
        monitor = side.connect()
        db.get("before")
        monitor.do("MONITOR")
        db.set("k", "v")
        assert db.get("k") == b"v" and db.exists("k")
        told = [monitor.read_message().value.decode() for _ in range(3)]
        assert [line.split("] ")[1].lower() for line in told] == [
            '"set" "k" "v"',
            '"get" "k"',
            '"exists" "k"',
        ]
        assert all(" [0 pid:" in line for line in told)
        monitor.do("QUIT")
        assert monitor.gone()
        assert db._store.check()


def test_redis_pys_monitor_reads_it() -> None:
    with emberkv.serve() as server:
        client = redis.Redis(port=server.port)
        with client.monitor() as monitor:
            client.set("k", 'a "v"')
            told = next(c for c in monitor.listen() if c["command"].startswith("SET"))
        assert told["command"] == 'SET k a "v"' and told["db"] == 0
        assert told["client_address"] == "127.0.0.1" and told["client_type"] == "tcp"
        client.close()
