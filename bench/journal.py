"""What the undo journal costs: this build beside one without it, in alternating processes, by the
processor time that they take.

The build without a journal (`EMBERKV_VARIANT=nojournal`) is made in a folder of its own and is good
for nothing but this comparison.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import child, commands, peers, timing
from bench.child import ROOT
from bench.report import Result, Run, nanoseconds
from bench.timing import Figure

JUDGED = ("SET", "ZADD", "LPUSH")
VARIANTS = {"with": "release", "without": "nojournal"}


def build(variant: str, folder: Path) -> Path:
    """A complete package of the variant in `folder`, compiled from a copy of the sources."""
    source = folder / "source"
    ignore = shutil.ignore_patterns("*.so", "__pycache__", "build", ".*")
    shutil.copytree(ROOT / "emberkv", source / "emberkv", ignore=ignore)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=source,
        env={**os.environ, "EMBERKV_VARIANT": variant},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return source


def samples_of(rows: tuple[str, ...], quick: bool, shared: bool) -> dict[str, list[float]]:
    """Of each of these commands, in this build."""
    name = "emberkv shared" if shared else "emberkv"
    samples = {}
    with peers.OPENERS[name]() as store:
        for row in commands.rows(quick):
            if row.name in rows:
                contender = commands.contender(row, store, set())
                assert contender is not None
                figures = timing.race(
                    [contender],
                    rounds=5,
                    batch_seconds=0.02,
                    at_most=row.at_most,
                    clock=time.thread_time_ns,
                )
                samples[row.name] = figures[name].samples
    return samples


def calls(quick: bool, shared: bool) -> dict[str, list[float]]:
    """Run in a process of its own: samples of each judged command in this build."""
    return samples_of(JUDGED, quick, shared)


@dataclass
class Comparison:
    """A build beside one that lacks something, by what the function `calls` gives for either."""

    what: str  # "the journal"
    variants: dict[str, str]
    calls: str  # module:function
    rows: tuple[str, ...]
    most: float  # the share of a command that it may cost


def measure(run: Run) -> None:
    compare(run, Comparison("the journal", VARIANTS, "bench.journal:calls", JUDGED, 0.15))


def compare(run: Run, comparison: Comparison) -> None:
    run.progress(f"building with and without {comparison.what}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            builds = {
                name: build(variant, Path(folder, name))
                for name, variant in comparison.variants.items()
            }
        except subprocess.CalledProcessError as error:
            run.notes.append(f"cost of {comparison.what}: not measured, no build ({error})")
            return
        for shared in (False, True):
            _compare(run, comparison, builds, shared)


def _compare(run: Run, comparison: Comparison, builds: dict[str, Path], shared: bool) -> None:
    what, where = comparison.what, "shared" if shared else "private"
    figures = {(name, row): Figure() for name in builds for row in comparison.rows}
    for turn in range(run.rounds(9)):
        run.progress(f"cost of {what}, {where}, round {turn + 1}")
        order = list(builds) if turn % 2 else list(reversed(builds))
        for name in order:
            took = child.call(comparison.calls, run.quick, shared, build=builds[name])
            for row, samples in took.items():
                figures[name, row].samples.extend(samples)
    for row in comparison.rows:
        mine, bare = figures["with", row].median, figures["without", row].median
        cost = mine / bare - 1
        run.results.append(
            Result(
                f"what {what} costs a {row}",
                where,
                f"{cost:+.1%} ({nanoseconds(mine)} to {nanoseconds(bare)})",
                f"at most {comparison.most:.0%}",
                cost <= comparison.most,
                reached=mine / bare / (1 + comparison.most),
            )
        )
