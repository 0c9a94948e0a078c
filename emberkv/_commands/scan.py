"""SCAN and its kin: walking the keyspace or a large value without stopping the others.

A cursor starts at 0 and the walk is over when 0 comes back. What is there from the beginning
to the end of a walk is given at least once; what comes or goes meanwhile may or may not be.
"""

from __future__ import annotations

from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .._types import Key, Pattern, ScoreCast


def items(found: Any) -> Any:
    """What a step of a walk found, one by one: the pairs of a dict."""
    return found.items() if isinstance(found, dict) else found


def _filters(match: Pattern | None, count: int | None) -> list[Any]:
    pieces: list[Any] = []
    if match is not None:
        pieces += ("MATCH", match)
    if count is not None:
        pieces += ("COUNT", count)
    return pieces


class ScanCommands(CommandGroup[T]):
    def _walk(self, step: Callable[[int], Any]) -> Any:
        """What `step` finds, called with one cursor after another; the asyncio twin has its own."""
        cursor, more = 0, True
        while more:
            cursor, found = step(cursor)
            yield from items(found)
            more = cursor != 0

    def scan(
        self,
        cursor: int = 0,
        match: Pattern | None = None,
        count: int | None = None,
        _type: str | None = None,
        **kwargs: Any,
    ) -> tuple[int, list[T]]:
        """A step through the keys: (next cursor, keys). SCAN.

        `match` is a glob pattern, `count` a hint at how much to look at, `_type` the name of
        a type (``"hash"``).
        """
        pieces = _filters(match, count)
        if _type is not None:
            pieces += ("TYPE", _type)
        return self.execute_command("SCAN", cursor, *pieces, **kwargs)

    def scan_iter(
        self,
        match: Pattern | None = None,
        count: int | None = None,
        _type: str | None = None,
        **kwargs: Any,
    ) -> Iterator[T]:
        """All keys, walked with `scan`."""
        return self._walk(lambda cursor: self.scan(cursor, match, count, _type, **kwargs))

    def sscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Pattern | None = None,
        count: int | None = None,
    ) -> tuple[int, list[T]]:
        """A step through a set: (next cursor, members). SSCAN."""
        return self.execute_command("SSCAN", name, cursor, *_filters(match, count))

    def sscan_iter(
        self, name: Key, match: Pattern | None = None, count: int | None = None
    ) -> Iterator[T]:
        """All members of a set, walked with `sscan`."""
        return self._walk(lambda cursor: self.sscan(name, cursor, match, count))

    def hscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Pattern | None = None,
        count: int | None = None,
        no_values: bool | None = None,
    ) -> tuple[int, Any]:
        """A step through a hash: (next cursor, {field: value}). HSCAN.

        With `no_values` a list of fields in place of the dict.
        """
        pieces = _filters(match, count)
        if no_values is not None:
            pieces.append("NOVALUES")
        return self.execute_command("HSCAN", name, cursor, *pieces, no_values=no_values)

    def hscan_iter(
        self,
        name: Key,
        match: Pattern | None = None,
        count: int | None = None,
        no_values: bool | None = None,
    ) -> Iterator[Any]:
        """All (field, value) of a hash, with `no_values` all fields, walked with `hscan`."""
        return self._walk(lambda cursor: self.hscan(name, cursor, match, count, no_values))

    def zscan(
        self,
        name: Key,
        cursor: int = 0,
        match: Pattern | None = None,
        count: int | None = None,
        score_cast_func: ScoreCast = float,
    ) -> tuple[int, list[tuple[T, Any]]]:
        """A step through a sorted set: (next cursor, [(member, score), ...]). ZSCAN."""
        return self.execute_command(
            "ZSCAN", name, cursor, *_filters(match, count), score_cast_func=score_cast_func
        )

    def zscan_iter(
        self,
        name: Key,
        match: Pattern | None = None,
        count: int | None = None,
        score_cast_func: ScoreCast = float,
    ) -> Iterator[tuple[T, Any]]:
        """All (member, score) of a sorted set, walked with `zscan`."""
        return self._walk(lambda cursor: self.zscan(name, cursor, match, count, score_cast_func))
