"""`import emberkv` and `open()` beside `import sqlite3` and `connect(":memory:")`."""

from __future__ import annotations

import os
import subprocess
import sys

from bench.child import ROOT
from bench.report import Result, Run, nanoseconds
from bench.timing import Figure

SCRIPT = """
import time
start = time.perf_counter_ns()
import {module}
imported = time.perf_counter_ns()
db = {module}.{open}
opened = time.perf_counter_ns()
print(imported - start, opened - imported)
"""
FIELD = {
    "emberkv": SCRIPT.format(module="emberkv", open="open()"),
    "sqlite3": SCRIPT.format(module="sqlite3", open='connect(":memory:")'),
}


def measure(run: Run) -> None:
    run.progress("import and open")
    # An installed package has its byte code beside it, so it must be allowed to be written here.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    steps = {(name, step): Figure() for name in FIELD for step in ("import", "open", "both")}
    for turn in range(run.rounds(41) + 1):
        for name, script in FIELD.items():
            out = subprocess.run(
                [sys.executable, "-c", script],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            imported, opened = map(int, out.stdout.split())
            if turn:  # the first turn only writes the byte code and fills the page cache
                steps[name, "import"].samples.append(imported)
                steps[name, "open"].samples.append(opened)
                steps[name, "both"].samples.append(imported + opened)
    mine, theirs = steps["emberkv", "both"].median, steps["sqlite3", "both"].median
    said = ", ".join(
        f"{step} {nanoseconds(steps['emberkv', step].median)} to "
        f"{nanoseconds(steps['sqlite3', step].median)}"
        for step in ("import", "open")
    )
    run.results.append(
        Result(
            "import and open",
            "fresh interpreters, private store",
            f"{mine / theirs:.2f}x sqlite3 ({said})",
            "at most 3x",
            mine / theirs <= 3,
            reached=mine / theirs / 3,
        )
    )
