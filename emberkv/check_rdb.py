"""Is an RDB file whole? The part of `emberkv check` for snapshots.

>>> import tempfile, os, emberkv
>>> from emberkv.check_rdb import check_rdb
>>> with tempfile.TemporaryDirectory() as folder, emberkv.open() as db:
...     _, _ = db.set("a", "b"), db.save(os.path.join(folder, "a.rdb"))
...     check_rdb(os.path.join(folder, "a.rdb")).text
'RDB 10: 1 key, 0 expired'
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ._core import _ember
from .exceptions import DataError
from .snapshots import read_into

if TYPE_CHECKING:
    from collections.abc import Callable


class RdbFinding(NamedTuple):
    """What was found out about a file."""

    whole: bool
    text: str  # what is in it, or where and how it is damaged
    keys: int  # that can be read, up to the damage
    fixed: bool = False
    rest: Path | None = None  # the file as it was


def unused(name: str) -> str:
    """A name for a file that is kept: what was kept before stays."""
    taken, n = name, 1
    while os.path.lexists(taken):
        taken, n = f"{name}.{n}", n + 1
    return taken


def check_rdb(
    path: str | os.PathLike[str],
    fix: bool = False,
    progress: Callable[[int], object] | None = None,
) -> RdbFinding:
    """Read all of an RDB file, and believe nothing of it. O(bytes).

    With `fix` a damaged file is replaced by one of the keys in front of the damage; as it was it
    stays beside it, as `<file>.damaged`, or with a number behind that. A file of a newer version,
    or one that is no RDB, is left alone. `progress` is called now and then with the number of bytes
    read.
    """
    store = _ember.Store()
    try:
        try:
            said = read_into(store, path, progress)
        except DataError as error:
            text = str(error).removeprefix(f"{os.fspath(path)}: ")
            keys = _count(store)
            if not fix or text.startswith("at byte 0: "):
                return RdbFinding(False, text, keys)
            mended, rest = f"{os.fspath(path)}.mended", unused(f"{os.fspath(path)}.damaged")
            _ember.save_rdb(store, mended)
            os.chmod(mended, stat.S_IMODE(os.stat(path).st_mode))
            os.replace(path, rest)
            os.replace(mended, path)
            return RdbFinding(False, text, keys, True, Path(rest))
        found = "1 key" if said["keys"] == 1 else f"{said['keys']:,} keys"
        maker = "Valkey's RDB" if said["valkey"] else "RDB"
        return RdbFinding(
            True, f"{maker} {said['version']}: {found}, {said['expired']:,} expired", said["keys"]
        )
    finally:
        store.close()


def _count(store: _ember.Store) -> int:
    session = _ember.Session(store)
    lines = session.execute(("INFO", "keyspace")).decode().split()
    return sum(int(line.split(":keys=")[1].split(",")[0]) for line in lines if ":keys=" in line)
