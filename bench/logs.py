"""The append-only file: what it costs, and the loading of its directory.

What it costs a SET, and what processes that wait for one sync gain by that, beside none of it;
its directory is loaded beside redis-server, from the same files.
"""

from __future__ import annotations

import importlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import emberkv
from bench import child, peers, timing
from bench.report import Result, Run, nanoseconds
from bench.snapshots import Fill, fill_keys, fill_mixed, own_time, server_time

DIRECTORY = "appendonlydir"
VALUE = "x" * 64
PROCESSES = 8


@contextmanager
def durable(path: str, appendfsync: str) -> Iterator[emberkv.Ember]:
    with emberkv.open(path, durable=True, appendfsync=appendfsync) as db:
        db.config_set("auto-aof-rewrite-percentage", 0)  # nothing is measured but the log
        yield db


# --- what it costs ---


def measure_everysec(run: Run) -> None:
    """A few milliseconds of each in turn, for long enough that the log is synced several times.

    What is judged is the median; in the mean is also what a disk slower than the writer costs.
    """
    run.progress("SET with appendfsync everysec")
    keys = [(f"key:{i:010d}", VALUE) for i in range(20_000)]
    with (
        peers.shared_path() as bare_path,
        peers.shared_path() as logged_path,
        emberkv.open(bare_path, durable=False) as bare,
        durable(logged_path, "everysec") as logged,
    ):
        contenders = [
            timing.Contender(name, timing.loop_2, db.set, lambda n: keys[:n])
            for name, db in (("without", bare), ("everysec", logged))
        ]
        figures = timing.race(
            contenders,
            rounds=run.rounds(600),
            batch_seconds=0.02,
            at_most=len(keys),
            clock=run.clock,
        )
    without, mine = figures["without"], figures["everysec"]
    ratio = mine.median / without.median
    mean = statistics.mean(mine.samples) / statistics.mean(without.samples)
    run.results.append(
        Result(
            "SET with appendfsync everysec",
            "shared; beside SET without a log",
            f"{ratio:.2f}x ({nanoseconds(without.median)} to {nanoseconds(mine.median)}; "
            f"in the mean {mean:.2f}x)",
            "at most 1.3x",
            ratio <= 1.3,
            reached=ratio / 1.3,
        )
    )


def keep_setting(path: str, seconds: float) -> float:
    """In a process of its own: SETs a second, each on disk before the next begins."""
    with emberkv.open(path, durable=True, appendfsync="always") as db:
        mine, count, begun = os.getpid(), 0, time.perf_counter()
        while time.perf_counter() < begun + seconds:
            db.set(f"key:{mine}:{count % 1000}", VALUE)
            count += 1
        return count / (time.perf_counter() - begun)


def sync_seconds(folder: str) -> float:
    """What a sync of a few new bytes takes here."""
    took = []
    with open(os.path.join(folder, "sync"), "wb") as file:
        for _ in range(50):
            file.write(b"x" * 100)
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begun)
    return statistics.median(took)


def measure_always(run: Run) -> None:
    alone, together, syncs = [], [], []
    seconds = 0.5 if run.quick else 1.0
    with peers.shared_path() as path, durable(path, "always"):
        for _ in range(run.rounds(7)):
            run.progress("SET with appendfsync always, from one process and from eight")
            syncs.append(sync_seconds(os.path.dirname(path)))
            alone.append(child.call("bench.logs:keep_setting", path, seconds))
            processes = [
                child.start("bench.logs:keep_setting", path, seconds) for _ in range(PROCESSES)
            ]
            together.append(sum(child.result(p) for p in processes))
    one, all_of_them = statistics.median(alone), statistics.median(together)
    run.results.append(
        Result(
            f"SET with appendfsync always from {PROCESSES} processes",
            f"a sync of a file takes {nanoseconds(statistics.median(syncs) * 1e9)} here",
            f"{all_of_them / one:.1f}x of one process ({one:,.0f} to {all_of_them:,.0f} a second)",
            "at least 4x",
            all_of_them >= 4 * one,
            reached=4 * one / all_of_them,
        )
    )


# --- loading ---


def measure_load(run: Run, what: str, fill: Fill, count: int) -> None:
    by_clock = run.clock is not time.thread_time_ns
    mine = time.perf_counter if by_clock else own_time
    ours, theirs = timing.Figure(), timing.Figure()
    with peers.shared_path() as path:
        with durable(path, "no") as db:
            fill(db.pipeline(transaction=False), count)
        for _ in range(run.rounds(3)):
            run.progress(f"loading the append-only directory of {count:,} {what}")
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                copy = os.path.join(folder, "copy.ember")
                shutil.copytree(Path(path, DIRECTORY), Path(copy, DIRECTORY))
                begun = mine()
                with emberkv.open(copy, durable=True, appendfsync="no"):
                    ours.samples.append(mine() - begun)
            theirs.samples.append(server_load(path, by_clock))
    own, server = ours.median, theirs.median
    run.results.append(
        Result(
            f"load of the append-only directory of {count:,} {what}",
            "no base: all of it commands",
            f"{nanoseconds(own * 1e9)}, {server / own:.1f}x the speed of redis-server "
            f"({nanoseconds(server * 1e9)})",
            "at least 2x",
            server / own >= 2,
            reached=2 * own / server,
        )
    )


def server_load(path: str, by_clock: bool) -> float:
    redis = importlib.import_module("redis")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        shutil.copytree(Path(path, DIRECTORY), Path(folder, DIRECTORY))
        begun = time.perf_counter()
        options = ("--dir", folder, "--appendonly", "yes")
        with peers.redis_server(None, *options) as (socket, _):
            took = time.perf_counter() - begun
            client = redis.Redis(unix_socket_path=socket)
            if not by_clock:
                took = server_time(client)
            client.close()
    return took


def measure(run: Run) -> None:
    measure_everysec(run)
    measure_always(run)
    for what, fill, full in (("keys", fill_keys, 1_000_000), ("mixed keys", fill_mixed, 200_000)):
        try:
            measure_load(run, what, fill, run.many(full))
        except (OSError, ImportError) as error:
            run.notes.append(f"append-only directory of {what}: not measured ({error})")
