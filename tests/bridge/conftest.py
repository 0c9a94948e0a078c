"""Fixtures: redis-py on a real server, and the same through the bridge."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio

import emberkv

# hiredis would pack the real server's commands otherwise, and it neither minds the encoding nor
# says what is wrong with an argument.
redis.connection.HIREDIS_AVAILABLE = False


@pytest.fixture
def server(request):
    """Gives the path of the socket of a real server by its version, "7.0" or "newer"."""
    names = {"7.0": "oracle", "newer": "later_oracle"}

    def path(version: str) -> str:
        return request.getfixturevalue(names[version]).path

    return path


@pytest.fixture
def both(server) -> Iterator[Any]:
    """Opens a client through the bridge and one on a real server, alike and both empty."""
    with contextlib.ExitStack() as stack:

        def connect(version: str = "7.0", **options: Any) -> tuple[redis.Redis, redis.Redis]:
            theirs = stack.enter_context(redis.Redis(unix_socket_path=server(version), **options))
            theirs.flushall()
            return stack.enter_context(emberkv.redis_client(**options)), theirs

        yield connect


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with emberkv.redis_client() as made:
        yield made


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "app.ember")


@pytest.fixture
def run():
    """Runs a coroutine to its end, and fails if it takes long."""

    def to_its_end(coroutine, seconds=20):
        return asyncio.run(asyncio.wait_for(coroutine, seconds))

    return to_its_end
