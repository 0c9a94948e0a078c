"""redis-py on a store in this process: what the bridge adds to what redis-py itself costs.

The floor is redis-py with a connection that does nothing, the ceiling a call over a Unix socket to
a server. All run the same loop; the asyncio clients run it in a loop of their own.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from bench import peers
from bench.commands import VALUE
from bench.report import Result, Run, nanoseconds
from bench.timing import Contender, Figure, loop_1, race

KEY = "key:000001"


def _null_client(redis: Any) -> Any:
    """redis-py with a connection that answers at once, and does nothing."""

    class Null(redis.connection.UnixDomainSocketConnection):  # type: ignore[misc]
        def connect(self) -> None:
            pass

        def send_command(self, *args: Any, **kwargs: Any) -> None:
            pass

        def can_read(self, timeout: float = 0) -> bool:
            return False

        def read_response(self, *args: Any, **kwargs: Any) -> bytes:
            return VALUE

    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=Null))


def _awaited(client: Any, loop: asyncio.AbstractEventLoop) -> Callable[..., None]:
    """The loop of a benchmark over a client's awaited GET."""

    async def call_all(arguments: Sequence[Any]) -> None:
        get = client.get
        for key in arguments:
            await get(key)

    return lambda _, arguments: loop.run_until_complete(call_all(arguments))


def measure(run: Run) -> None:
    try:
        redis = importlib.import_module("redis")
        redis_asyncio = importlib.import_module("redis.asyncio")
    except ImportError as error:
        run.notes.append(f"the bridge: not measured ({error})")
        return
    import emberkv
    import emberkv.asyncio

    with ExitStack() as stack:
        db = stack.enter_context(emberkv.open())
        db.set(KEY, VALUE)
        bridge = stack.enter_context(emberkv.redis_client(db))
        arguments = bridge.connection_pool.connection_kwargs
        plain = redis.ConnectionPool(
            connection_class=bridge.connection_pool.connection_class, **arguments
        )
        clients = {
            "null connection": _null_client(redis),
            "bridge, redis-py's pool": redis.Redis(connection_pool=plain),
            "bridge": bridge,
            "emberkv": db,
        }
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)
        twin = emberkv.asyncio.Ember(db)
        awaited = {"bridge": emberkv.redis_client(db, asyncio=True), "emberkv": twin}
        try:
            socket, _ = stack.enter_context(peers.redis_server())
        except FileNotFoundError as error:
            run.notes.append(f"the bridge: beside no server ({error})")
        else:
            server = stack.enter_context(redis.Redis(unix_socket_path=socket))
            server.set(KEY, VALUE)
            clients["redis-server"] = server
            awaited["redis-server"] = redis_asyncio.Redis(unix_socket_path=socket)
        run.notes.append(f"the bridge: redis-py {redis.__version__}")

        def contender(name: str, client: Any, call_all: Any = loop_1) -> Contender:
            waits = name == "redis-server"
            return Contender(name, call_all, client.get, lambda n: [KEY] * n, waits=waits)

        run.progress("GET through redis-py")
        figures = _race(run, [contender(name, client) for name, client in clients.items()])
        run.figures["GET through redis.Redis"] = figures
        _judge(run, "redis.Redis.get", figures)
        run.progress("GET through redis.asyncio")
        figures = _race(
            run,
            [contender(name, client, _awaited(client, loop)) for name, client in awaited.items()],
        )
        run.figures["GET through redis.asyncio.Redis"] = figures
        _judge(run, "redis.asyncio.Redis.get", figures)
        for client in awaited.values():
            loop.run_until_complete(client.aclose())


def _race(run: Run, contenders: list[Contender]) -> dict[str, Figure]:
    return race(
        contenders,
        rounds=run.rounds(31),
        batch_seconds=run.batch_seconds,
        at_most=20_000,
        clock=run.clock,
    )


def _judge(run: Run, what: str, figures: dict[str, Figure]) -> None:
    mine = figures["bridge"].median
    direct = figures["emberkv"].median
    said = f"{nanoseconds(mine)} (without redis-py {nanoseconds(direct)})"
    floor = figures.get("null connection")
    if floor:
        same_pool = figures["bridge, redis-py's pool"].median
        run.results.append(
            Result(
                what,
                "beside a connection that does nothing, both in redis-py's own pool",
                f"{same_pool / floor.median:.2f}x of {nanoseconds(floor.median)}; "
                f"in our pool {mine / floor.median:.2f}x",
                "at most 1.2x",
                same_pool <= 1.2 * floor.median,
                reached=same_pool / floor.median / 1.2,
            )
        )
    server = figures.get("redis-server")
    if server:
        most = server.median / 5
        run.results.append(
            Result(
                what,
                "beside a Unix socket to redis-server",
                f"{said}, 1/{server.median / mine:.1f} of {nanoseconds(server.median)}",
                "at most 1/5",
                mine <= most,
                reached=mine / most,
            )
        )
