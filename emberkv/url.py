"""URLs of stores, for libraries that are configured by one string.

==========================  ==================================================================
``ember:///var/app.ember``  the store at the path ``/var/app.ember``
``ember:app.ember``         the store at a path from the current directory
``ember://``                a store in memory, one for the process
``ember://name``            another one for each name
``ember://name/2``          its database 2
==========================  ==================================================================

A query may follow (``?db=1&decode_responses=true``), with the names and meanings that redis-py
gives to them, and with `databases`, `max_bytes`, `keep`, `durable` and `appendfsync`, which
`emberkv.open` has. A user and a password may stand where URLs have them.

Who opens a URL of memory twice opens one store twice: that is what a library needs that is told
its URL in two places. It lives as long as the process, or until `close_memory`; a child of a fork
has a copy. ``emberkv.open()`` without a URL is what makes a store that is nobody else's.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from ._core import _ember
from .settings import size_of

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEME = "ember"


def is_url(text: object) -> bool:
    """Whether it is a str with our scheme."""
    return isinstance(text, str) and text[:6].lower() == SCHEME + ":"


class Target(NamedTuple):
    """What a URL means: a path or the name of a store in memory, and options by their names."""

    path: str | None
    memory: str | None
    options: dict[str, Any]


def _flag(value: str) -> bool:
    return value.upper() not in ("", "0", "F", "FALSE", "N", "NO")


_TYPES: dict[str, Callable[[str], Any]] = {
    "db": int,
    "databases": int,
    "max_bytes": lambda value: size_of("max_bytes", value),
    "keep": _flag,
    "durable": _flag,
    "appendfsync": str,
    "decode_responses": _flag,
    "protocol": int,
    "legacy_responses": _flag,
    "socket_timeout": float,
    "socket_connect_timeout": float,
    "socket_read_size": int,
    "socket_keepalive": _flag,
    "retry_on_timeout": _flag,
    "max_connections": int,
    "health_check_interval": int,
    "single_connection_client": _flag,
    "timeout": float,
}

# Of a store as it is opened; the rest is about connections.
OF_THE_STORE = ("databases", "max_bytes", "keep", "durable", "appendfsync")
OF_THE_HANDLE = (
    *("db", "decode_responses", "encoding", "encoding_errors", "username", "password"),
    *OF_THE_STORE,
)


def parse(url: str) -> Target:
    """What `url` means. ValueError if it is none of ours, or an option has no such value."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME:
        raise ValueError(f"not a URL of a store: {url!r}; they begin with {SCHEME}:")
    options: dict[str, Any] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        try:
            options[name] = _TYPES.get(name, str)(value)
        except ValueError:
            raise ValueError(f"{name!r} in a URL cannot be {value!r}") from None
    if parts.username:
        options["username"] = unquote(parts.username)
    if parts.password:
        options["password"] = unquote(parts.password)
    path = unquote(parts.path)
    # Not `hostname`, which is in lower case.
    name = unquote(parts.netloc.rpartition("@")[2])
    if not name and path not in ("", "/"):
        return Target(path, None, options)
    if path.strip("/"):
        if not path.strip("/").isdecimal():
            raise ValueError(f"a path follows three slashes: {SCHEME}:///{name}{path}")
        options.setdefault("db", int(path.strip("/")))
    return Target(None, name, options)


# What redis-py's connections have, and a handle has no use for.
_OF_CONNECTIONS = frozenset(_TYPES) | {"client_name", "retry_on_error"}


def open_url(url: str, options: dict[str, Any]) -> tuple[_ember.Store, dict[str, Any], bool]:
    """The store that `url` names, the handle's options, and whether others have the same Store.

    `options` are all those of `emberkv.open`; what the URL says wins.
    """
    target = parse(url)
    options = dict(options)
    for name, value in target.options.items():
        if name in OF_THE_HANDLE:
            options[name] = value
        elif name not in _OF_CONNECTIONS:
            raise ValueError(f"a URL of a store has no option {name!r}")
    of_store = {
        name: options.pop(name)
        for name in (*OF_THE_STORE, "appendonly", "clock", "progress")
        if name in options
    }
    if target.memory is not None:
        return memory_store(target.memory, **of_store), options, True
    return _ember.Store(target.path, **of_store), options, False


_memory: dict[str, _ember.Store] = {}
_of_paths: dict[str, weakref.ref[_ember.Store]] = {}
_kept: list[_ember.Store] = []
_lock = threading.Lock()


def memory_store(name: str, **options: Any) -> _ember.Store:
    """The process's store in memory of that name, made by the first who asks."""
    with _lock:
        store = _memory.get(name)
        if store is None or store.closed:
            store = _memory[name] = _ember.Store(None, **options)
        return store


def path_store(path: str, **options: Any) -> _ember.Store:
    """The store at a path, which all who ask here share while one of them has it."""
    real = os.path.realpath(path)
    with _lock:
        known = _of_paths.get(real)
        store = None if known is None else known()
        if store is None or store.closed:
            store = _ember.Store(path, **options)
            _of_paths[real] = weakref.ref(store)
        return store


def keep(store: _ember.Store) -> None:
    """Have the store open as long as the process."""
    if store not in _kept:
        _kept.append(store)


def close_memory(url: str = "ember://") -> None:
    """Close the store in memory that `url` names, for everybody who has it; its data is gone."""
    name = parse(url).memory
    if name is None:
        raise ValueError(f"not a store in memory: {url!r}")
    store = _memory.pop(name, None)
    if store is not None:
        store.close()
