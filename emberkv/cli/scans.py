"""Walks over all keys: --scan, --bigkeys, --memkeys, --hotkeys."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from .links import Link, LinkError
from .resp import Reply
from .terminal import Terminal
from .words import quote

HEADING = """
# Scanning the entire keyspace to find {what} keys as well as
# average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec
# per 100 SCAN commands (not usually needed).
"""
SUMMARY = "-------- summary -------"
HOW_MANY_HOT = 16


@dataclass
class Kind:
    """A type of values: how its size is asked for, and the sums over all keys of it."""

    name: str
    size_command: str | None
    unit: str
    biggest_key: bytes | None = None
    biggest: int = 0
    keys: int = 0
    total: int = 0


def _kinds() -> dict[str, Kind]:
    return {
        name: Kind(name, command, unit)
        for name, command, unit in [
            ("list", "LLEN", "items"),
            ("hash", "HLEN", "fields"),
            ("string", "STRLEN", "bytes"),
            ("stream", "XLEN", "entries"),
            ("set", "SCARD", "members"),
            ("zset", "ZCARD", "members"),
        ]
    }


@dataclass
class Walk:
    """Which keys to walk over, how many to ask for at once, and how long to rest."""

    pattern: bytes | None = None
    count: int | None = None
    interval: float = 0.0

    def batches(self, link: Link) -> Iterator[list[bytes]]:
        """The keys, a SCAN at a time."""
        cursor, calls = b"0", 0
        while True:
            words = [b"SCAN", cursor]
            if self.pattern is not None:
                words += [b"MATCH", self.pattern]
            if self.count is not None:
                words += [b"COUNT", b"%d" % self.count]
            reply = link.execute(*words)
            _raise_error(reply)
            cursor = reply.value[0].value
            yield [key.value for key in reply.value[1].value]
            if cursor == b"0":
                return
            calls += 1
            if self.interval and calls % 100 == 0:
                time.sleep(self.interval)


def _raise_error(reply: Reply) -> None:
    if reply.is_error:
        raise LinkError(f"Error: {reply.text}")


class ProgressBar:
    """A bar on stderr while something long runs, when a person watches it."""

    def __init__(self, title: str, total: float | None, shown: bool | None = None) -> None:
        self._progress: Any = None
        if sys.stderr.isatty() if shown is None else shown:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
            from rich.progress import TimeRemainingColumn as Remaining

            columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
            self._progress = Progress(
                *columns,
                Remaining(),
                console=Console(stderr=True, force_terminal=True),
                transient=True,
            )
            self._task = self._progress.add_task(title, total=total)

    def __enter__(self) -> ProgressBar:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def by(self, step: float) -> None:
        if self._progress is not None:
            self._progress.advance(self._task, step)

    def to(self, done: float) -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=done)


class LoadingBar:
    """Called while the files of a store are loaded: a bar, if that takes a while."""

    def __init__(self) -> None:
        self._bar: ProgressBar | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = ProgressBar("bytes loaded", total).__enter__()
        self._bar.to(done)

    def end(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def scan(terminal: Terminal, walk: Walk) -> int:
    """Print the keys, one a line; quoted when answers are for people."""
    for keys in walk.batches(terminal.link):
        if terminal.form.name == "people":
            keys = [quote(key) for key in keys]
        if keys:
            terminal.write(b"\n".join(keys) + b"\n")
    return 0


def _ask(link: Link, commands: Sequence[Sequence[bytes]]) -> list[Reply]:
    return link.execute_many(commands) if commands else []


def _heading(terminal: Terminal, what: str) -> int:
    """Print the heading; gives how many keys there are."""
    terminal.write(HEADING.format(what=what) + "\n")
    reply = terminal.link.execute("DBSIZE")
    _raise_error(reply)
    return int(reply.value)


def _percent(done: int, of: int) -> float:
    return 100 * done / of if of else 0.0


def big_keys(terminal: Terminal, walk: Walk, memory_samples: int | None = None) -> int:
    """The biggest key of each type, by its elements, or with `memory_samples` by its memory.

    -1 samples: as many as MEMORY USAGE does by itself.
    """
    link = terminal.link
    total = _heading(terminal, "biggest")
    kinds = _kinds()
    sampled = names = 0
    with ProgressBar("keys", total) as bar:
        for keys in walk.batches(link):
            part = f"[{_percent(sampled, total):05.2f}%]"
            types = [reply.text for reply in _ask(link, [[b"TYPE", key] for key in keys])]
            here = [(key, name) for key, name in zip(keys, types, strict=True) if name != "none"]
            for _, name in here:
                kinds.setdefault(name, Kind(name, None, "?"))
            sizes = _sizes(link, [(key, kinds[name]) for key, name in here], memory_samples)
            for (key, name), size in zip(here, sizes, strict=True):
                kind = kinds[name]
                kind.keys += 1
                kind.total += size
                sampled += 1
                names += len(key)
                if size > kind.biggest or (kind.biggest_key is None and size):
                    kind.biggest_key, kind.biggest = key, size
                    unit = "bytes" if memory_samples is not None else kind.unit
                    terminal.write(
                        f"{part} Biggest {name:<6} found so far '{quote(key).decode()}' "
                        f"with {size} {unit}\n"
                    )
            bar.to(sampled)
    _print_summary(terminal, kinds, sampled, names, memory_samples is not None)
    return 0


def _sizes(link: Link, keys: list[tuple[bytes, Kind]], memory_samples: int | None) -> list[int]:
    """Sizes of keys; 0 for one that vanished meanwhile, or whose type has no size."""
    commands = []
    for key, kind in keys:
        if memory_samples is not None:
            samples = [] if memory_samples < 0 else [b"SAMPLES", b"%d" % memory_samples]
            commands.append([b"MEMORY", b"USAGE", key, *samples])
        elif kind.size_command is not None:
            commands.append([kind.size_command.encode(), key])
    replies = iter(_ask(link, commands))
    sizes = []
    for _, kind in keys:
        if memory_samples is None and kind.size_command is None:
            sizes.append(0)
            continue
        reply = next(replies)
        sizes.append(reply.value if reply.kind == "int" else 0)
    return sizes


def _print_summary(
    terminal: Terminal, kinds: dict[str, Kind], sampled: int, names: int, by_memory: bool
) -> None:
    average = names / sampled if sampled else 0.0
    lines = [
        f"\n{SUMMARY}\n",
        f"Sampled {sampled} keys in the keyspace!",
        f"Total key length in bytes is {names} (avg len {average:.2f})",
        "",
    ]
    unit_of: Callable[[Kind], str] = lambda kind: "bytes" if by_memory else kind.unit  # noqa: E731
    for kind in kinds.values():
        if kind.biggest_key is not None:
            lines.append(
                f"Biggest {kind.name:>6} found '{quote(kind.biggest_key).decode()}' "
                f"has {kind.biggest} {unit_of(kind)}"
            )
    lines.append("")
    for kind in kinds.values():
        mean = kind.total / kind.keys if kind.keys else 0.0
        lines.append(
            f"{kind.keys} {kind.name}s with {kind.total} {unit_of(kind)} "
            f"({_percent(kind.keys, sampled):05.2f}% of keys, avg size {mean:.2f})"
        )
    terminal.write("\n".join(lines) + "\n")


def hot_keys(terminal: Terminal, walk: Walk) -> int:
    """The most used keys, by their access frequency; needs a maxmemory-policy of LFU."""
    link = terminal.link
    total = _heading(terminal, "hot")
    hottest: list[tuple[int, bytes]] = []
    sampled = 0
    with ProgressBar("keys", total) as bar:
        for keys in walk.batches(link):
            part = f"[{_percent(sampled, total):05.2f}%]"
            replies = _ask(link, [[b"OBJECT", b"FREQ", key] for key in keys])
            for key, reply in zip(keys, replies, strict=True):
                sampled += 1
                if reply.is_error:
                    raise LinkError(f"Error: {reply.text}")
                counter = reply.value or 0
                if not counter or (len(hottest) == HOW_MANY_HOT and counter <= hottest[-1][0]):
                    continue
                hottest = sorted([*hottest, (counter, key)], reverse=True)[:HOW_MANY_HOT]
                terminal.write(
                    f"{part} Hot key '{quote(key).decode()}' found so far with counter {counter}\n"
                )
            bar.to(sampled)
    terminal.write(f"\n{SUMMARY}\n\nSampled {sampled} keys in the keyspace!\n")
    for counter, key in hottest:
        terminal.write(f"hot key found with counter: {counter}\tkeyname: {quote(key).decode()}\n")
    return 0
