"""What is kept on disk: snapshots (bench.snapshots) and the append-only file (bench.logs).

Beside redis-server on the same keys and files. Some three minutes.
"""

from __future__ import annotations

from bench import logs, snapshots
from bench.report import Run


def measure(run: Run) -> None:
    snapshots.measure(run)
    logs.measure(run)
