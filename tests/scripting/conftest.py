"""A store, and a pair of connections to emberkv and to a server, without scripts and functions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from differential.pair import Pair
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
