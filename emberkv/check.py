"""Files of a store looked at: are they whole? What `emberkv check` does; snapshots are check_rdb's.

>>> from emberkv.check import check
>>> all(finding.whole for finding in check("app.ember"))
True

A store is not opened for it, and nothing is changed unless `fix` says so.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ._core import _ember
from .check_rdb import check_rdb, unused

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
    rest: Path | None = None  # where what `fix` took away is kept


class Looking:
    """How a store is looked at, and whether it is used meanwhile."""

    def __init__(self, path: Path, fix: bool, progress: Callable[[Path], object] | None) -> None:
        self.fix = fix
        self.progress = progress or (lambda file: None)
        directory = path.resolve()
        if not directory.is_dir():
            directory = directory.parent
        self._store = directory.parent if directory.name == DIRECTORY else directory
        self._fd = os.open(self._store, os.O_RDONLY | os.O_DIRECTORY)
        self._was_used = False
        if fix:
            self._keep_others_out()

    def close(self) -> None:
        os.close(self._fd)

    def _memory(self, lock: int) -> str | None:
        try:
            fcntl.flock(self._fd, lock | fcntl.LOCK_NB)
        except BlockingIOError:  # by who opens or closes it
            return "open"
        return _ember.memory_of(self._fd)

    def _keep_others_out(self) -> None:
        memory = self._memory(fcntl.LOCK_EX)
        if memory:
            self.close()
            why = "it is open"
            if memory == "left":
                why = (
                    "killed processes left what is newer than the files in memory: open it once "
                    "and close it"
                )
            raise BlockingIOError(
                errno.EAGAIN, f"a store in use is not mended, and {why}", str(self._store)
            )

    def is_used(self) -> bool:
        """Somebody is writing, or was killed over it: what is missing in the files is in memory."""
        if not self.fix and not self._was_used:
            self._was_used = self._memory(fcntl.LOCK_SH) is not None
            fcntl.flock(self._fd, fcntl.LOCK_UN)
        return self._was_used


def check(
    path: str | os.PathLike[str],
    fix: bool = False,
    progress: Callable[[Path], object] | None = None,
) -> list[Finding]:
    """Look at the files of the store at `path`, or at one append-only directory, manifest or file.

    With `fix` the last file is cut behind its last whole command or transaction, if what
    follows is damaged or cut off; what is cut off is kept beside it, in `<file>.cut`. Of a damaged
    snapshot the keys in front of the damage are kept, and the old file as `<file>.damaged`. What is
    called so is there already gets a number. `progress` is told of each file before it is read.

    FileNotFoundError if there is nothing. With `fix`, BlockingIOError if the store is open, or its
    memory was left by processes that were killed: what is in that is newer than the files.
    """
    with contextlib.closing(Looking(Path(path), fix, progress)) as looking:
        return list(_check(Path(path), looking))


def _check(path: Path, looking: Looking) -> Iterator[Finding]:
    if path.is_dir():
        inner = path / DIRECTORY if (path / DIRECTORY).is_dir() else path
        manifests = _named(inner, "*" + MANIFEST_END)
        unnamed = [] if manifests else _named(inner, "*.base.*") + _named(inner, "*.incr.aof")
        snapshots = _named(path, "*.rdb") if inner != path or not (manifests or unnamed) else []
        if not manifests and not snapshots and not unnamed:
            raise FileNotFoundError(2, "no files of a store are there", str(path))
        if unnamed:
            names = ", ".join(file.name for file in unnamed)
            yield Finding(inner, False, f"has no manifest, though there is {names}")
        for manifest in manifests:
            yield from _check_manifest(manifest, looking)
        for snapshot in snapshots:
            yield _check_snapshot(snapshot, looking)
    elif path.name.endswith(MANIFEST_END):
        yield from _check_manifest(path, looking)
    elif path.name.endswith(".rdb"):
        yield _check_snapshot(path, looking)
    else:
        looking.progress(path)
        yield _check_file(path, looking, last=True)


def _named(directory: Path, pattern: str) -> list[Path]:
    """But those that are being written, or were when their process was killed."""
    return sorted(file for file in directory.glob(pattern) if not file.name.startswith("temp-"))


def _is_no_file(file: Path) -> Finding | None:
    """What is to be said of a pipe, say, whose reading might not end. Raises if it is not there."""
    mode = file.stat().st_mode
    if stat.S_ISREG(mode):
        return None
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFDIR: "a directory"}
    kind = kinds.get(stat.S_IFMT(mode), "something else")
    return Finding(file, False, f"is no file but {kind}")


def _check_snapshot(file: Path, looking: Looking) -> Finding:
    looking.progress(file)
    if found_no_file := _is_no_file(file):
        return found_no_file
    found = check_rdb(file, looking.fix)
    kept = f" ({found.keys:,} keys stand before it)" if not found.whole else ""
    return Finding(
        file, found.whole or found.fixed, found.text + kept, fixed=found.fixed, rest=found.rest
    )


def _check_manifest(manifest: Path, looking: Looking) -> list[Finding]:
    """Again, if files went while they were read: the store was rewritten."""
    if found_no_file := _is_no_file(manifest):
        return [found_no_file]
    while True:
        text = manifest.read_bytes()
        try:
            return list(_check_files(manifest, text, looking))
        except FileNotFoundError as error:
            if manifest.read_bytes() == text:
                file = Path(error.filename)
                return [Finding(file, False, "is missing, though the manifest names it")]


def _check_files(manifest: Path, text: bytes, looking: Looking) -> Iterator[Finding]:
    try:
        files = _ember.parse_manifest(text)
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
    wanted = [(manifest.parent / name, kind) for name, _, kind in files if kind != "h"]
    for file, _ in wanted:
        os.stat(file)  # before any of them is changed
    for file, kind in wanted:
        looking.progress(file)
        if kind == "b" and file.name.endswith(".rdb"):
            yield _check_snapshot(file, looking)
        else:
            yield _check_file(file, looking, last=file == wanted[-1][0])


def _check_file(file: Path, looking: Looking, last: bool) -> Finding:
    if found_no_file := _is_no_file(file):
        return found_no_file
    fd = os.open(file, os.O_RDWR if looking.fix else os.O_RDONLY)
    try:
        found = _read(fd)
        while found["end"] == "cut" and last and not looking.is_used():
            if os.fstat(fd).st_size == found["bytes"]:
                break
            found = _read(fd)  # it was written on meanwhile
        if found["end"] == "whole":
            what = "an RDB and " if found["rdb"] else ""
            text = f"{what}{found['commands']} commands, {found['bytes']} bytes"
            if found["needs"]:
                command, version = found["needs"]
                text += f"; no server before Redis {version} can load it, for {command} is in it"
            return Finding(file, True, text)
        if found["end"] == "cut" and last and looking.is_used():
            text = f"{found['commands']} commands, {found['whole']} bytes; more is being written"
            return Finding(file, True, text)
        if found["end"] == "failed" or not last or not found["whole"]:
            why = "; that cannot be mended: only the end of the last file can be cut off"
            return Finding(file, False, found["error"] + why * looking.fix)
        if not looking.fix:
            return Finding(file, False, found["error"], keeps=found["whole"])
        rest = _cut(file, fd, found["whole"])
        return Finding(file, True, found["error"], found["whole"], fixed=True, rest=rest)
    finally:
        os.close(fd)


def _read(fd: int) -> dict[str, Any]:
    """With its RDB, if it has one, run in a store of its own: that is the only way to read one."""
    os.lseek(fd, 0, os.SEEK_SET)
    if not os.pread(fd, 6, 0).startswith((b"REDIS", b"VALKEY")):
        return _ember.check_log(fd)
    store = _ember.Store()
    try:
        return _ember.check_log(fd, store)
    finally:
        store.close()


def _cut(file: Path, fd: int, whole: int) -> Path:
    name = unused(f"{file}.cut")
    with open(name, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as rest:
        at = whole
        while part := os.pread(fd, 1 << 20, at):
            rest.write(part)
            at += len(part)
        rest.flush()
        os.fsync(rest.fileno())
    os.ftruncate(fd, whole)
    os.fsync(fd)
    return Path(name)
