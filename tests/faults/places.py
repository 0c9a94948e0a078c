"""Which of the places where a fault can be put are tried."""

from __future__ import annotations

from collections.abc import Iterator


def places(dense: int, growth: float = 1.3) -> Iterator[int]:
    """1, 2, 3, ..., `dense`, then further and further apart, without end."""
    n = 1
    while True:
        yield n
        n = n + 1 if n < dense else max(n + 1, int(n * growth))
