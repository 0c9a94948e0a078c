"""Delta debugging: the shortest subsequence that still fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shrink(items: Sequence[T], fails: Callable[[list[T]], bool], budget: int = 600) -> list[T]:
    """Drop chunks, then smaller ones, as long as what is left fails; at most `budget` tries."""
    kept = list(items)
    size = max(1, len(kept) // 2)
    while True:
        at, dropped = 0, False
        while at < len(kept):
            if budget <= 0:
                return kept
            budget -= 1
            candidate = kept[:at] + kept[at + size :]
            if candidate and fails(candidate):
                kept, dropped = candidate, True
            else:
                at += size
        if size == 1 and not dropped:
            return kept
        size = max(1, size // 2)
