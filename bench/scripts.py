"""Scripts and functions: one call of a script in process beside redis-py's over a Unix socket,
FCALL beside EVALSHA, and a loop of a thousand `redis.call` in one script, run by both servers for
the same kind of client."""

from __future__ import annotations

import importlib
import os
import tempfile
from contextlib import ExitStack
from typing import Any

from bench import peers
from bench.report import Result, Run, nanoseconds, times
from bench.timing import Contender, Figure, loop_1, race

ONE_CALL = "return redis.call('GET', KEYS[1])"
THOUSAND = """
local n = 0
for i = 1, 1000 do n = n + #redis.call('GET', KEYS[1]) end
return n
"""
THOUSAND_WRITES = "for i = 1, 1000 do redis.call('INCR', KEYS[2]) end"
LIBRARY = """#!lua name=bench
redis.register_function('one', function(keys) return redis.call('GET', keys[1]) end)
"""
KEYS = ("key:000001", "count")


def _figures(run: Run, what: str, contenders: list[Contender]) -> dict[str, Figure]:
    run.progress(what)
    figures = race(
        contenders,
        rounds=run.rounds(31),
        batch_seconds=run.batch_seconds,
        at_most=20_000,
        clock=run.clock,
    )
    run.figures[what] = figures
    return figures


def _called(client: Any, script: str) -> Any:
    """One call of the script by its SHA-1."""
    sha, evalsha = client.script_load(script), client.evalsha
    return lambda keys: evalsha(sha, len(keys), *keys)


def _function(client: Any) -> Any:
    client.function_load(LIBRARY, replace=True)
    fcall = client.fcall
    return lambda keys: fcall("one", len(keys), *keys)


def _contender(name: str, call: Any, waits: bool = False) -> Contender:
    return Contender(name, loop_1, call, lambda n: [KEYS] * n, waits=waits)


def _judge(run: Run, what: str, ours: float, theirs: float, at_most: float, target: str) -> None:
    """`at_most` is the part of theirs that ours may take."""
    run.results.append(
        Result(
            what,
            f"{nanoseconds(ours)} beside {nanoseconds(theirs)}",
            times(theirs / ours),
            target,
            ours <= theirs * at_most,
            reached=ours / (theirs * at_most),
        )
    )


def measure(run: Run) -> None:
    try:
        redis = importlib.import_module("redis")
        importlib.import_module("lupa.lua51")
    except ImportError as error:
        run.notes.append(f"scripts: not measured ({error})")
        return
    import emberkv

    with ExitStack() as stack:
        db = stack.enter_context(emberkv.open())
        db.set(KEYS[0], b"v" * 16)
        one = _contender("emberkv", _called(db, ONE_CALL))
        function = _contender("emberkv FCALL", _function(db))
        try:
            socket, _ = stack.enter_context(peers.redis_server())
        except FileNotFoundError as error:
            run.notes.append(f"scripts: beside no server ({error})")
            _figures(run, "EVALSHA of one call", [one, function])
            return
        server = stack.enter_context(redis.Redis(unix_socket_path=socket))
        server.set(KEYS[0], b"v" * 16)
        theirs = _contender("redis-server", _called(server, ONE_CALL), waits=True)
        figures = _figures(run, "EVALSHA of one call", [one, function, theirs])
        mine, fcall = figures["emberkv"].median, figures["emberkv FCALL"].median
        _judge(run, "EVALSHA", mine, figures["redis-server"].median, 1 / 40, "40x redis-py's")
        _judge(run, "FCALL", fcall, mine, 1.05, "as fast as EVALSHA")
        _loops(run, stack, redis, db, server)


def _loops(run: Run, stack: ExitStack, redis: Any, db: Any, server: Any) -> None:
    """The same redis-py over a socket on both sides: what differs is the script's run."""
    import emberkv

    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
    path = os.path.join(folder, "socket")
    stack.enter_context(emberkv.serve(db, unixsocket=path))
    ours = stack.enter_context(redis.Redis(unix_socket_path=path))
    for what, script in (("GET", THOUSAND), ("INCR", THOUSAND_WRITES)):
        figures = _figures(
            run,
            f"a thousand {what} in one script",
            [
                _contender("emberkv", _called(ours, script), waits=True),
                _contender("redis-server", _called(server, script), waits=True),
            ],
        )
        mine, theirs = (figures[name].median for name in ("emberkv", "redis-server"))
        _judge(run, f"1,000 {what} in a script", mine, theirs, 1.0, "as fast as redis-server")
