"""The doors to a store, each a function that runs commands as a user and says what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
import redis.asyncio

import emberkv
import emberkv.asyncio

PASSWORD = "correct horse"
Run = Callable[..., Any]
DENIED = "denied"


def outcome(run: Callable[[], Any]) -> Any:
    """What a call gives; DENIED when the user's rules refuse it, else the error's text."""
    try:
        return run()
    except (emberkv.RedisError, redis.RedisError) as error:
        return refusal(error)


def refusal(error: Exception) -> str:
    words = (
        "no permissions",
        "The user executing the script can't",
        "insufficient ACL permissions",
    )
    words += ("This Redis command is not allowed from script",)
    return DENIED if any(word in str(error) for word in words) else f"error {error}"


@contextmanager
def in_process(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    with emberkv.open(db.path, username=user, password=PASSWORD) as mine:
        yield lambda *args: outcome(lambda: mine.execute_command(*args))


@contextmanager
def by_method(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    """The compiled methods, where there is one of the command's name."""
    with emberkv.open(db.path, username=user, password=PASSWORD) as mine:

        def run(*args: Any) -> Any:
            method = getattr(mine, args[0].lower(), None)
            if len(args) < 4 and args[0].lower() in (
                "get",
                "set",
                "hget",
                "exists",
                "llen",
                "sismember",
                "incr",
            ):
                return outcome(lambda: method(*args[1:]))
            return outcome(lambda: mine.execute_command(*args))

        yield run


@contextmanager
def in_pipeline(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    with emberkv.open(db.path, username=user, password=PASSWORD) as mine:

        def run(*args: Any) -> Any:
            with mine.pipeline(transaction=False) as pipe:
                pipe.execute_command(*args)
                return outcome(lambda: pipe.execute()[0])

        yield run


@contextmanager
def in_multi(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    with emberkv.open(db.path, username=user, password=PASSWORD) as mine:

        def run(*args: Any) -> Any:
            mine.execute_command("MULTI")
            queued = outcome(lambda: mine.execute_command(*args))
            replies = outcome(lambda: mine.execute_command("EXEC"))
            got = replies[0] if queued == b"QUEUED" else queued
            return refusal(got) if isinstance(got, Exception) else got

        yield run


@contextmanager
def in_script(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    with emberkv.open(db.path, username=user, password=PASSWORD) as mine:
        script = "return redis.call(unpack(ARGV))"
        yield lambda *args: outcome(lambda: mine.eval(script, 0, *args))


@contextmanager
def event_loop() -> Iterator[Run]:
    loop = asyncio.new_event_loop()
    yield loop.run_until_complete
    loop.close()


@contextmanager
def in_asyncio(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    with event_loop() as run:
        mine = emberkv.asyncio.open(db.path, username=user, password=PASSWORD)
        yield lambda *args: outcome(lambda: run(mine.execute_command(*args)))
        run(mine.aclose())


@contextmanager
def over_the_bridge(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    client = emberkv.redis_client(db, username=user, password=PASSWORD)
    yield lambda *args: outcome(lambda: client.execute_command(*args))
    client.close()


@contextmanager
def over_the_asyncio_bridge(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    with event_loop() as run:
        client = emberkv.redis_client(db, asyncio=True, username=user, password=PASSWORD)
        yield lambda *args: outcome(lambda: run(client.execute_command(*args)))
        run(client.aclose())


@contextmanager
def over_a_socket(db: emberkv.Ember[bytes], user: str) -> Iterator[Run]:
    with emberkv.serve(db, port=0) as server:
        client = redis.Redis(port=server.port, username=user, password=PASSWORD)
        yield lambda *args: outcome(lambda: client.execute_command(*args))
        client.close()


DOORS = {
    "in process": in_process,
    "method": by_method,
    "pipeline": in_pipeline,
    "MULTI": in_multi,
    "script": in_script,
    "asyncio": in_asyncio,
    "bridge": over_the_bridge,
    "asyncio bridge": over_the_asyncio_bridge,
    "socket": over_a_socket,
}
