"""What counting costs a GET: this build beside one that counts no commands, hits and misses.

GET is the cheapest command, and each command counts the same, so of others it is a smaller share.
The build without (`EMBERKV_VARIANT=nofigures`) is made in a folder of its own. Processes of either
take turns, nine each in an order that alternates, and are timed by the processor time they take.
"""

from __future__ import annotations

from bench import journal
from bench.report import Run

ROWS = ("GET",)
VARIANTS = {"with": "release", "without": "nofigures"}


def calls(quick: bool, shared: bool) -> dict[str, list[float]]:
    """Run in a process of its own: samples of each command in this build."""
    return journal.samples_of(ROWS, quick, shared)


def measure(run: Run) -> None:
    journal.compare(
        run, journal.Comparison("counting", VARIANTS, "bench.statistics:calls", ROWS, 0.03)
    )
