"""What the processes of test_processes do, where a spawned interpreter finds it."""

from __future__ import annotations

import emberkv


def count_up(path: str, times: int) -> None:
    with emberkv.open(path) as db:
        for _ in range(times):
            db.incr("counter")
