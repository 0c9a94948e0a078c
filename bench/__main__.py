"""``python -m bench``: run the benchmarks, and write the table and the plot.

python -m bench                  all of it: some ten minutes
python -m bench --quick          a tenth of the keys and a third of the rounds: under a minute
python -m bench --only memory    one part; parts are named below
"""

from __future__ import annotations

import argparse
import importlib
import os
import time
from pathlib import Path

from bench import report

PARTS = (
    *("lookups", "commands", "memory", "journal", "sharing", "messages", "loading", "startup"),
    *("bits", "arrays", "bridge", "scripts", "server", "persistence", "statistics"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description="Benchmarks of emberkv.")
    parser.add_argument("--quick", action="store_true", help="smaller, and under a minute")
    parser.add_argument("--only", action="append", choices=PARTS, help="run this part (repeatable)")
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument(
        "--processor-time",
        action="store_true",
        help="time what runs in this process by its processor time: for a machine with other work",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="with --only: measure these parts again and keep the others of the results in --out",
    )
    options = parser.parse_args()
    whole = not options.quick and not options.only
    results = Path(__file__).parent / "results"
    folder = options.out or (results if whole or options.again else results / "partial")
    done = report.read(folder) if options.again else {}
    for part in options.only or [
        p for p in PARTS if not (options.quick and p in ("journal", "statistics"))
    ]:
        run = report.Run(quick=options.quick)
        if options.processor_time:
            run.clock = time.thread_time_ns
            run.notes.append("timed by processor time, but for servers: they are by the clock")
        run.notes.append(f"{part}: load average {os.getloadavg()[0]:.1f} when it began")
        run.progress(part)
        importlib.import_module(f"bench.{part}").measure(run)
        done[part] = run
        report.write({part: done[part] for part in PARTS if part in done}, folder)
    run = report.joined(done[part] for part in PARTS if part in done)
    print(report.markdown(run))
    missed = [r for r in run.results if r.passed is False]
    met = sum(r.passed is True for r in run.results)
    print(f"{met} of {met + len(missed)} figures reach their target; written to {folder.name}/")


if __name__ == "__main__":
    main()
