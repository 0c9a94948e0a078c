"""emberkv: SQLite for Redis. The Redis command set as an embedded library.

>>> import emberkv
>>> db = emberkv.open()              # private, in memory
>>> db.set("user:1", "Ada", ex=3600)
True
>>> db.get("user:1")
b'Ada'

`open` gives an `Ember`, whose methods, arguments and results are redis-py's. Nothing but the
core is imported until it is used.
"""

from __future__ import annotations

from . import exceptions as exceptions
from ._core._ember import Clock
from .client import Ember, open
from .exceptions import (
    ConnectionError,
    DataError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
    WatchError,
)
from .pipeline import Pipeline

__version__ = "0.1.0"

Redis = Ember

__all__ = [
    "Clock",
    "ConnectionError",
    "DataError",
    "DataPersistOptions",
    "Ember",
    "HashDataPersistOptions",
    "Lock",
    "OutOfMemoryError",
    "Pipeline",
    "PubSub",
    "Redis",
    "RedisError",
    "ResponseError",
    "Server",
    "Subscription",
    "WatchError",
    "exceptions",
    "from_url",
    "install_url_scheme",
    "load",
    "open",
    "redis_client",
    "serve",
    "uninstall_url_scheme",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import asyncio as asyncio
    from . import metrics as metrics
    from .bridge import redis_client
    from .bridge_url import install_url_scheme, uninstall_url_scheme
    from .lock import Lock
    from .options import DataPersistOptions, HashDataPersistOptions
    from .pubsub import PubSub, Subscription
    from .server import Server, serve
    from .snapshots import load

    def from_url(url: str, **options: Any) -> Ember[Any]: ...
else:
    from_url = Ember.from_url
    _ON_DEMAND = {
        "DataPersistOptions": "options",
        "HashDataPersistOptions": "options",
        "Lock": "lock",
        "PubSub": "pubsub",
        "Server": "server",
        "Subscription": "pubsub",
        "install_url_scheme": "bridge_url",
        "load": "snapshots",
        "redis_client": "bridge",
        "serve": "server",
        "uninstall_url_scheme": "bridge_url",
    }

    def __getattr__(name):
        from importlib import import_module

        if name in _ON_DEMAND:
            return getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)
        if name in ("asyncio", "metrics"):  # as `redis.asyncio` is there with redis
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
