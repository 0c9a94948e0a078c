"""Genuine redis-py clients whose connections end in this process.

`redis_client` gives a `redis.Redis`, or with ``asyncio=True`` a `redis.asyncio.Redis`, for code
that insists on one. Its pool makes connections that run each command where they stand: nothing is
written to a socket, and no thread or server is needed. All else is redis-py's own: pipelines,
locks, scripts, publish and subscribe, retries, its exceptions.

redis-py is imported here and in `bridge_connection` and `bridge_asyncio` only, when they are first
used: ``pip install emberkv[redis]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from . import url as _url
from ._core import _ember
from .client import Ember

if TYPE_CHECKING:
    import os

    import redis
    import redis.asyncio

    Opens = str | os.PathLike[str] | Ember[Any] | None


class Source:
    """The store that the connections of a pool open.

    It holds what it was made of, so a store in memory lives as long as a pool has it. One of a
    path can be copied and sent to another process, which opens the path for itself.
    """

    def __init__(self, what: Opens, options: dict[str, Any] | None = None) -> None:
        self.options = dict(options or {})
        self.url_options: dict[str, Any] = {}
        self.path: str | None = None
        self._store: _ember.Store | None = None
        self._handle: Ember[Any] | None = None
        if isinstance(what, Ember):
            # Kept: a handle that is collected closes its store.
            self._handle = what
            self._store, self.path = what._store, what.path
            self.name = what.path or f"memory-{id(self._store):x}"
        elif what is None:
            self._store = _ember.Store(None, **self.options)
            self.name = f"memory-{id(self._store):x}"
        elif _url.is_url(what):
            assert isinstance(what, str)
            target = _url.parse(what)
            self.url_options = target.options
            for name in _url.OF_THE_STORE:
                if name in target.options:
                    self.options[name] = target.options.pop(name)
            self.path = target.path
            self.name = what if target.path is None else target.path
            if target.memory is not None:
                self._store = _url.memory_store(target.memory, **self.options)
        else:
            import os

            if isinstance(what, str) and "://" in what:
                raise ValueError(f"not a path, nor a URL of a store: {what!r}")
            self.path = self.name = os.path.abspath(os.fspath(what))

    @property
    def arguments(self) -> dict[str, Any]:
        """What a pool is made with: host and port too, by which some libraries tell pools apart."""
        return {"path": self, "host": self.name, "port": 0}

    def open(self) -> _ember.Store:
        """The store, opened on first use."""
        if self._store is None:
            assert self.path is not None
            self._store = _url.path_store(self.path, **self.options)
        return self._store

    def __copy__(self) -> Source:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Source:
        return self

    def __reduce__(self) -> Any:
        if self.path is None:
            raise TypeError("a store in memory cannot be sent to another process: open a path")
        return Source, (self.path, self.options)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Source {self.name}>"

    def __fspath__(self) -> str:
        return self.name


def _no_redis(error: ImportError) -> ImportError:
    return ImportError(
        f"the bridge to redis-py needs redis-py 5 or newer: pip install 'emberkv[redis]' ({error})"
    )


# What a client takes for itself; the rest of the arguments is its connections'.
_OF_THE_CLIENT = ("single_connection_client", "event_dispatcher")
_OF_THE_STORE = _url.OF_THE_STORE


if TYPE_CHECKING:

    @overload
    def redis_client(
        path: Opens = None, *, asyncio: Literal[False] = False, **redis_kwargs: Any
    ) -> redis.Redis: ...

    @overload
    def redis_client(
        path: Opens = None, *, asyncio: Literal[True], **redis_kwargs: Any
    ) -> redis.asyncio.Redis: ...


def redis_client(path: Opens = None, *, asyncio: bool = False, **redis_kwargs: Any) -> Any:
    """A `redis.Redis` on the store at `path`; with `asyncio` a `redis.asyncio.Redis`.

    `path` is a path, a URL (see `emberkv.url`), an `Ember` whose store it shares, or None for a
    new store in memory, which lives as long as the client. `redis_kwargs` are redis-py's own
    (``db``, ``decode_responses``, ``protocol``, ``max_connections``, ...); those about sockets
    and TLS mean nothing here. Also `databases`, `max_bytes`, `keep`, `durable` and `appendfsync`,
    as in `emberkv.open`. There is no time-out on replies unless `socket_timeout` is given.
    """
    try:
        if asyncio:
            from .bridge_asyncio import Connection, ConnectionPool, Redis
        else:
            from .bridge_connection import (  # type: ignore[assignment]
                Connection,
                ConnectionPool,
                Redis,
            )
    except ImportError as error:
        raise _no_redis(error) from error
    store = {name: redis_kwargs.pop(name) for name in _OF_THE_STORE if name in redis_kwargs}
    source = Source(path, store)
    redis_kwargs.update(source.url_options)
    if isinstance(path, Ember):
        redis_kwargs.setdefault("db", path._session.db)
    of_client = {name: redis_kwargs.pop(name) for name in _OF_THE_CLIENT if name in redis_kwargs}
    redis_kwargs.setdefault("max_connections", 2**31)
    redis_kwargs.setdefault("connection_class", Connection)
    for name in ("host", "port"):
        redis_kwargs.pop(name, None)
    pool = ConnectionPool(**source.arguments, **redis_kwargs)
    client = Redis(connection_pool=pool, **of_client)
    # The pool is the client's alone, so closing the client closes its connections.
    client.auto_close_connection_pool = True
    return client
