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


def calls(quick: bool, shared: bool) -> dict[str, list[float]]:
    """Run in a process of its own: samples of each judged command in this build."""
    name = "emberkv shared" if shared else "emberkv"
    samples = {}
    with peers.OPENERS[name]() as store:
        for row in commands.rows(quick):
            if row.name in JUDGED:
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


def measure(run: Run) -> None:
    run.progress("building with and without the journal")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            builds = {
                name: build(variant, Path(folder, name)) for name, variant in VARIANTS.items()
            }
        except subprocess.CalledProcessError as error:
            run.notes.append(f"cost of the journal: not measured, the build failed ({error})")
            return
        for shared in (False, True):
            _compare(run, builds, shared)


def _compare(run: Run, builds: dict[str, Path], shared: bool) -> None:
    figures = {(name, row): Figure() for name in builds for row in JUDGED}
    for turn in range(run.rounds(9)):
        run.progress(f"cost of the journal, {'shared' if shared else 'private'}, round {turn + 1}")
        order = list(builds) if turn % 2 else list(reversed(builds))
        for name in order:
            took = child.call("bench.journal:calls", run.quick, shared, build=builds[name])
            for row, samples in took.items():
                figures[name, row].samples.extend(samples)
    for row in JUDGED:
        mine, bare = figures["with", row].median, figures["without", row].median
        cost = mine / bare - 1
        run.results.append(
            Result(
                f"what the journal costs a {row}",
                "shared" if shared else "private",
                f"{cost:+.0%} ({nanoseconds(mine)} to {nanoseconds(bare)})",
                "at most 15%",
                cost <= 0.15,
                reached=mine / bare / 1.15,
            )
        )
