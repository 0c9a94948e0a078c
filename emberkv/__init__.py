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
from .exceptions import (
    ConnectionError,
    DataError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
    WatchError,
)
from .pipeline import Pipeline

try:
    from ._core._ember import Clock
    from .client import Ember, open

    Redis = Ember
except ModuleNotFoundError:
    # The core has not been built: what does not need it can be used all the same.
    pass

__version__ = "0.1.0"

__all__ = [
    "Clock",
    "ConnectionError",
    "DataError",
    "DataPersistOptions",
    "Ember",
    "HashDataPersistOptions",
    "OutOfMemoryError",
    "Pipeline",
    "Redis",
    "RedisError",
    "ResponseError",
    "WatchError",
    "exceptions",
    "open",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .options import DataPersistOptions, HashDataPersistOptions
else:

    def __getattr__(name):
        if name in ("DataPersistOptions", "HashDataPersistOptions"):
            from . import options

            return getattr(options, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
