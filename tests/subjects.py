"""What the differential tests hold against the oracle.

A subject opens clients on one keyspace; a client has `execute(*args)`, `batch(commands)` and
`close()`, with replies as `oracle.Reply`. `EMBERKV_SUBJECT=redis` puts a second redis-server in
emberkv's place: that run must pass whatever state emberkv is in, and so tests the tests;
`EMBERKV_SUBJECT=served` a server of ours.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import Any, Protocol

from oracle import Arg, RawClient, RedisServer, Reply, parse, to_bytes


class Client(Protocol):
    protocol: int

    def execute(self, *args: Arg) -> Reply: ...
    def batch(self, commands: Sequence[Sequence[Arg]]) -> list[Reply]: ...
    def close(self) -> None: ...


class Subject(Protocol):
    def client(self, protocol: int = 2) -> Client: ...
    def stop(self) -> None: ...


class EmberClient:
    """A session of an emberkv store, read through the bytes that its RESP sink renders."""

    def __init__(self, session: Any, protocol: int) -> None:
        self.protocol = protocol
        self._session = session

    def execute(self, *args: Arg) -> Reply:
        data = self._session.resp(tuple(to_bytes(a) for a in args), self.protocol)
        reply, end = parse(data)
        if end != len(data):
            raise ValueError(f"{args!r} replied more than one value: {data[:200]!r}")
        return reply

    def batch(self, commands: Sequence[Sequence[Arg]]) -> list[Reply]:
        return [self.execute(*args) for args in commands]

    def close(self) -> None:
        close = getattr(self._session, "close", None)
        if close is not None:
            close()
        self._session = None


class EmberSubject:
    """An emberkv store: a private one of its own, or one that is given."""

    def __init__(self, store: Any = None) -> None:
        from emberkv._core import _ember

        self._core = _ember
        self._store = _ember.Store() if store is None else store

    def client(self, protocol: int = 2) -> EmberClient:
        return EmberClient(self._core.Session(self._store), protocol)

    def stop(self) -> None:
        self._store.close()


class SharedSubject:
    """A store at a path, open twice: clients take the one handle and the other by turns."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from emberkv._core import _ember

        self._core = _ember
        self._stores = [_ember.Store(path), _ember.Store(path)]
        self._turn = 0

    def client(self, protocol: int = 2) -> EmberClient:
        self._turn += 1
        store = self._stores[self._turn % len(self._stores)]
        return EmberClient(self._core.Session(store), protocol)

    def stop(self) -> None:
        for store in self._stores:
            store.close()


class ServedSubject:
    """A private store behind a server of ours, read through its Unix socket."""

    def __init__(self) -> None:
        from emberkv import serve

        self._directory = tempfile.TemporaryDirectory(prefix="emberkv-served-")
        path = os.path.join(self._directory.name, "socket")
        self._server = serve(unixsocket=path, enable_debug_command=True)

    def client(self, protocol: int = 2) -> RawClient:
        assert self._server.unixsocket
        return RawClient(self._server.unixsocket, protocol)

    def stop(self) -> None:
        self._server.stop()
        self._directory.cleanup()


def subject_name() -> str:
    return os.environ.get("EMBERKV_SUBJECT", "ember")


def start_subject() -> Subject:
    if subject_name() == "redis":
        return RedisServer()
    if subject_name() == "served":
        return ServedSubject()
    return EmberSubject()
