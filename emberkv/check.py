"""Files of a store looked at: are they whole? What `emberkv check` does; snapshots are check_rdb's.

>>> from emberkv.check import check
>>> all(finding.whole for finding in check("app.ember"))
True

A store is not opened for it, and nothing is changed unless `fix` says so.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ._core import _ember
from .check_rdb import check_rdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DIRECTORY = "appendonlydir"
MANIFEST_END = ".manifest"


class Finding(NamedTuple):
    """What was found out about one file."""

    path: Path
    whole: bool
    text: str  # what is in it, or where and how it is damaged
    keeps: int | None = None  # `fix` would cut it to so many bytes
    fixed: bool = False


def check(
    path: str | os.PathLike[str],
    fix: bool = False,
    progress: Callable[[Path], object] | None = None,
) -> list[Finding]:
    """Look at the files of the store at `path`, or at one append-only directory, manifest or file.

    With `fix` the last file is cut behind its last whole command or transaction, if what
    follows is damaged or cut off; what is cut off is kept beside it, in `<file>.cut`. Of a damaged
    snapshot the keys in front of the damage are kept, and the old file as `<file>.damaged`.
    `progress` is told of each file before it is read. FileNotFoundError if there is nothing.
    """
    return list(_check(Path(path), fix, progress or (lambda file: None)))


def _check(path: Path, fix: bool, progress: Callable[[Path], object]) -> Iterator[Finding]:
    if path.is_dir():
        inner = path / DIRECTORY if (path / DIRECTORY).is_dir() else path
        manifests = sorted(inner.glob("*" + MANIFEST_END))
        snapshots = sorted(path.glob("*.rdb")) if inner != path or not manifests else []
        if not manifests and not snapshots:
            raise FileNotFoundError(2, "no files of a store are there", str(path))
        for manifest in manifests:
            yield from _check_manifest(manifest, fix, progress)
        for snapshot in snapshots:
            yield _check_snapshot(snapshot, fix, progress)
    elif path.name.endswith(MANIFEST_END):
        yield from _check_manifest(path, fix, progress)
    elif path.name.endswith(".rdb"):
        yield _check_snapshot(path, fix, progress)
    else:
        progress(path)
        yield _check_file(path, fix, last=True)


def _check_snapshot(file: Path, fix: bool, progress: Callable[[Path], object]) -> Finding:
    progress(file)
    file.stat()  # raises what is to be said of a file that is not there
    found = check_rdb(file, fix)
    kept = f" ({found.keys:,} keys stand before it)" if not found.whole else ""
    return Finding(file, found.whole or found.fixed, found.text + kept, fixed=found.fixed)


def _check_manifest(
    manifest: Path, fix: bool, progress: Callable[[Path], object]
) -> Iterator[Finding]:
    try:
        files = _ember.parse_manifest(manifest.read_bytes())
    except ValueError as error:
        yield Finding(manifest, False, str(error))
        return
    kinds = {"b": "base", "i": "increments", "h": "history"}
    counts = [
        f"{sum(f[2] == kind for f in files)} {name}"
        for kind, name in kinds.items()
        if any(f[2] == kind for f in files)
    ]
    yield Finding(manifest, True, "lists " + ", ".join(counts))
    wanted = [manifest.parent / name for name, _, kind in files if kind != "h"]
    for file in wanted:
        progress(file)
        if not file.exists():
            yield Finding(file, False, "is missing, though the manifest names it")
        else:
            yield _check_file(file, fix, last=file == wanted[-1])


def _check_file(file: Path, fix: bool, last: bool) -> Finding:
    fd = os.open(file, os.O_RDWR if fix else os.O_RDONLY)
    try:
        found = _read(fd)
        if found["end"] == "whole":
            what = "an RDB and " if found["rdb"] else ""
            text = f"{what}{found['commands']} commands, {found['bytes']} bytes"
            if found["needs"]:
                command, version = found["needs"]
                text += f"; no server before Redis {version} can load it, for {command} is in it"
            return Finding(file, True, text)
        if found["end"] == "failed" or not last or not found["whole"]:
            return Finding(file, False, found["error"])
        if not fix:
            return Finding(file, False, found["error"], keeps=found["whole"])
        _cut(file, fd, found["whole"])
        return Finding(file, True, found["error"], keeps=found["whole"], fixed=True)
    finally:
        os.close(fd)


def _read(fd: int) -> dict[str, Any]:
    """With its RDB, if it has one, run in a store of its own: that is the only way to read one."""
    if not os.pread(fd, 6, 0).startswith((b"REDIS", b"VALKEY")):
        return _ember.check_log(fd)
    store = _ember.Store()
    try:
        return _ember.check_log(fd, store)
    finally:
        store.close()


def _cut(file: Path, fd: int, whole: int) -> None:
    rest = os.open(f"{file}.cut", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        at = whole
        while part := os.pread(fd, 1 << 20, at):
            os.write(rest, part)
            at += len(part)
        os.fsync(rest)
    finally:
        os.close(rest)
    os.ftruncate(fd, whole)
    os.fsync(fd)
