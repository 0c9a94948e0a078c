"""Which of the places where a fault can be put are tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from faults.scenes import Command


def places(dense: int, growth: float = 1.3) -> Iterator[int]:
    """1, 2, 3, ..., `dense`, then further and further apart, without end."""
    n = 1
    while True:
        yield n
        n = n + 1 if n < dense else max(n + 1, int(n * growth))


def some(commands: Sequence[Command], density: int, every: int) -> Sequence[Command]:
    """One of `every` commands, and `density` times as many up to all of them.

    Which ones are taken changes from day to day, so that a week of ordinary runs sees them all.
    """
    step = max(1, every // density)
    return commands[date.today().toordinal() % step :: step]
