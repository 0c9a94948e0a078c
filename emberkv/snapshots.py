"""Stores from RDB files: what `emberkv.load` and `open(snapshot=...)` read."""

from __future__ import annotations

import os

from ._core import _ember

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

    from .client import Ember

    Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]


def _descriptor(source: Source) -> tuple[int, str]:
    """A descriptor of its own on the source, at the beginning, and what errors call it."""
    if isinstance(source, (str, os.PathLike)):
        return os.open(source, os.O_RDONLY | os.O_CLOEXEC), os.fspath(source)
    name = "<bytes>"
    if hasattr(source, "read"):
        name = str(getattr(source, "name", "<file>"))
        source = source.read()
    fd = os.memfd_create("emberkv-load")
    try:
        rest = memoryview(source).cast("B")
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.lseek(fd, 0, os.SEEK_SET)
    except BaseException:
        os.close(fd)
        raise
    return fd, name


def read_into(
    store: _ember.Store, source: Source, progress: Callable[[int], object] | None = None
) -> dict[str, Any]:
    """Fill a store that nobody else has met yet from RDB. What came of it, see `load_rdb`."""
    fd, name = _descriptor(source)
    try:
        return _ember.load_rdb(store, fd, name, progress=progress)
    finally:
        os.close(fd)


def load(source: Source, **options: Any) -> Ember[Any]:
    """A private store of what is in an RDB file: of a Redis from 2.6 to 8, a Valkey or an emberkv.

    `source` is a path, the file's bytes or a file open for reading; `options` are those of `open`.
    What is damaged, too new or of a kind that has no place here raises DataError, which names the
    file, the place in it and the key. Keys whose time has come are left out. O(bytes).
    """
    from .client import Ember

    if source is None:
        raise TypeError("load() takes a path, the bytes of a file or a file that is open, not None")
    return Ember(snapshot=source, **options)
