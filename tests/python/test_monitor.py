"""`Ember.monitor`: what others run, as redis-py's Monitor tells it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import redis
from oracle import RedisServer

import emberkv

COMMANDS = [
    ("SET", "k", 'a "quoted" word'),
    ("SET", "k", b"\x00\xff\n"),
    ("GET", "k"),
    ("SELECT", 2),
    ("LPUSH", "l", *range(3)),
    ("CONFIG", "SET", "timeout", 0),
    ("MULTI",),
    ("PING",),
    ("EXEC",),
]


def test_commands_are_told_as_redis_py_tells_them(oracle: RedisServer) -> None:
    def script(monitored: object, run: object) -> list[dict[str, object]]:
        told = []
        with monitored.monitor() as monitor:  # type: ignore[attr-defined]
            for command in COMMANDS:
                try:
                    run(*command)  # type: ignore[operator]
                except (redis.RedisError, emberkv.RedisError):
                    pass
            run("ECHO", "end")  # type: ignore[operator]
            for command in monitor.listen():
                told.append({k: command[k] for k in ("db", "command")})
                if command["command"] == "ECHO end":
                    return told
        raise AssertionError

    theirs = redis.Redis(unix_socket_path=oracle.path, protocol=2, single_connection_client=True)
    watching = redis.Redis(unix_socket_path=oracle.path, protocol=2)
    theirs.ping()
    want = script(watching, theirs.execute_command)
    theirs.execute_command("SELECT", 0)
    with emberkv.open() as db:
        assert script(db, db.execute_command) == [c for c in want if "CLIENT" not in c["command"]]
    theirs.close()
    watching.close()


def test_handles_of_other_threads_and_paths_are_heard(tmp_path: Path) -> None:
    path = tmp_path / "heard.ember"
    with emberkv.open(path) as db, emberkv.open(path) as other:
        with db.monitor() as monitor:
            thread = threading.Timer(0.02, lambda: other.incr("n"))
            thread.start()
            told = monitor.next_command()
            thread.join()
            assert told["command"].upper() == "INCR N" and told["client_type"] == "process"
            assert other.get("n") == b"1"  # without the lock nobody would see it
            assert monitor.next_command()["command"].upper() == "GET N"
        assert db.info("clients")["connected_clients"] == 0
        assert other.get("n") == b"1"


def test_a_monitor_that_is_killed_says_so() -> None:
    with emberkv.open() as db, db.monitor() as monitor:
        (ident,) = [c["id"] for c in db.client_list() if c["flags"] == "O"]
        assert db.client_kill_filter(_id=ident) == 1
        with pytest.raises(emberkv.ConnectionError):
            while True:
                monitor.next_command()


def test_the_asyncio_twin_hears_them() -> None:
    import asyncio

    import emberkv.asyncio

    async def listen() -> list[str]:
        async with emberkv.asyncio.open() as db, db.monitor() as monitor:
            waiting = asyncio.ensure_future(monitor.next_command())
            await asyncio.sleep(0)
            await db.set("k", "v")
            await db.get("k")
            first = await asyncio.wait_for(waiting, 10)
            second = await asyncio.wait_for(monitor.next_command(), 10)
            return [first["command"].upper(), second["command"].upper()]

    assert asyncio.run(listen()) == ["SET K V", "GET K"]
