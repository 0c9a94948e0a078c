"""Snapshots: SAVE and the loading of its file, beside redis-server on the same keys; and what a
writer in another process notices of one.

The server loads what emberkv saved, and emberkv what the server saved. Processor time is that of
the process for emberkv and of the main thread for the server (which does both there), so that what
else runs on the machine, and its disk, are out of it; that is with --processor-time, else by the
clock.
"""

from __future__ import annotations

import importlib
import os
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import emberkv
from bench import child, peers
from bench.report import Result, Run, nanoseconds
from bench.timing import Figure
from emberkv._core import _ember

Fill = Callable[[Any, int], None]


def fill_keys(pipe: Any, count: int) -> None:
    for i in range(count):
        pipe.set(f"key:{i:010d}", f"value:{i:010d}")
        if i % 5_000 == 4_999:
            pipe.execute()
    pipe.execute()


def fill_mixed(pipe: Any, count: int) -> None:
    """About so many keys of all types, small and large."""
    chance = random.Random(1)
    for i in range(count // 2):
        pipe.set(f"user:{i}", f"x{i}" * chance.randrange(1, 20))
        if i % 3 == 0:
            pipe.hset(f"hash:{i}", mapping={f"field{j}": f"value {j * i}" for j in range(12)})
        elif i % 3 == 1:
            pipe.zadd(f"zset:{i}", {f"member{j}": j * 1.5 for j in range(20)})
        else:
            pipe.rpush(f"list:{i}", *(f"item {j * i}" for j in range(20)))
        if i % 5 == 0:
            pipe.sadd(f"set:{i}", *(f"tag{j}" for j in range(15)))
        if i % 7 == 0:
            pipe.sadd(f"ids:{i}", *range(i, i + 15))
        if i % 1000 == 0:
            pipe.zadd(f"board:{i}", {f"member{j}": chance.random() for j in range(2000)})
            pipe.hset(f"table:{i}", mapping={f"field{j}": f"value {j * i}" for j in range(2000)})
            for j in range(200):
                pipe.xadd(f"stream:{i}", {"a": j, "b": "hello"})
        if i % 500 == 0:
            pipe.execute()
    pipe.execute()


def own_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def server_time(client: Any) -> float:
    used = client.info("cpu")
    return used["used_cpu_user_main_thread"] + used["used_cpu_sys_main_thread"]


def took(clock: Callable[[], float], work: Callable[[], Any]) -> float:
    start = clock()
    work()
    return clock() - start


class Measured:
    """Times of one kind of store, by what was done."""

    def __init__(self) -> None:
        self.ours: dict[str, Figure] = {}
        self.theirs: dict[str, Figure] = {}
        self.sizes: dict[str, int] = {}

    def note(self, whose: dict[str, Figure], what: str, seconds: float) -> None:
        whose.setdefault(what, Figure()).samples.append(seconds)


def measure_kind(run: Run, fill: Fill, count: int) -> Measured:
    by_clock = run.clock is not time.thread_time_ns
    measured = Measured()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    file = folder / "dump.rdb"
    mine: Callable[[], float] = time.perf_counter if by_clock else own_time
    try:
        with emberkv.open() as db:
            fill(db.pipeline(transaction=False), count)
            for _ in range(run.rounds(5)):
                measured.note(measured.ours, "SAVE", took(mine, lambda: db.save(file)))
                measured.sizes["emberkv"] = file.stat().st_size
                measure_server(measured, folder, by_clock)
                measured.sizes["redis-server"] = file.stat().st_size
                start = mine()
                with emberkv.load(file):
                    measured.note(measured.ours, "load", mine() - start)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return measured


def measure_server(measured: Measured, folder: Path, by_clock: bool) -> None:
    """It begins with the file in the folder, and writes it again."""
    redis = importlib.import_module("redis")
    begun = time.perf_counter()
    with peers.redis_server(None, "--dir", str(folder)) as (socket, _):
        client = redis.Redis(unix_socket_path=socket)

        def theirs() -> float:
            return time.perf_counter() if by_clock else server_time(client)

        since = begun if by_clock else 0.0
        measured.note(measured.theirs, "load", theirs() - since)
        measured.note(measured.theirs, "SAVE", took(theirs, client.save))
        client.close()


def judge(run: Run, what: str, measured: Measured) -> None:
    for action in ("SAVE", "load"):
        mine, theirs = measured.ours[action].median, measured.theirs[action].median
        run.results.append(
            Result(
                f"{action} of {what}",
                "RDB 10, compressed",
                f"{nanoseconds(mine * 1e9)}, {theirs / mine:.1f}x the speed of redis-server "
                f"({nanoseconds(theirs * 1e9)})",
                "at least 2x",
                theirs / mine >= 2,
                reached=2 * mine / theirs,
            )
        )
    mine, theirs = measured.sizes["emberkv"], measured.sizes["redis-server"]
    run.results.append(
        Result(
            f"file of {what}",
            "RDB 10, compressed",
            f"{mine:,} bytes, {mine / theirs:.3f} of redis-server's",
            "no larger",
            mine <= theirs,
            reached=mine / theirs,
        )
    )


def keep_setting(path: str, count: int, seconds: float) -> list[float]:
    """In a process of its own: the longest SET of each 10 ms, in seconds."""
    chance, longest = random.Random(2), []
    with emberkv.open(path, durable=False) as db:
        end = time.perf_counter() + seconds
        now = time.perf_counter()
        while now < end:
            worst, until = 0.0, now + 0.01
            while now < until:
                start = now
                db.set(f"key:{chance.randrange(count):010d}", "changed")
                now = time.perf_counter()
                worst = max(worst, now - start)
            longest.append(worst)
    return longest


SECONDS_BESIDE = 3.0  # one before a snapshot of about a second, and one after it


def measure_waiting(run: Run) -> None:
    """The longest SET of each of some snapshots, and of as long a time without one.

    What else the machine does is in both: so their medians are told, and the worst.
    """
    count = run.many(5_000_000)
    alone, beside, lasted, held = Figure(), Figure(), [], Figure()
    with peers.shared_path() as path, emberkv.open(path, durable=False) as db:
        set_for = ("bench.snapshots:keep_setting", path, count, SECONDS_BESIDE)
        file = os.path.join(os.path.dirname(path), "dump.rdb")
        run.progress(f"a writer beside snapshots of {count:,} keys")
        fill_keys(db.pipeline(transaction=False), count)
        for _ in range(run.rounds(7)):
            alone.samples.append(max(child.call(*set_for)) * 1e9)
            writer = child.start(*set_for)
            time.sleep(1)
            start = time.perf_counter()
            saved = _ember.save_rdb(db._store, file)
            lasted.append(time.perf_counter() - start)
            held.samples.append(saved["held_ns"])
            beside.samples.append(max(child.result(writer)) * 1e9)
    run.results.append(
        Result(
            f"longest SET beside a snapshot of {count:,} keys",
            f"another process; {len(lasted)} snapshots of {min(lasted):.1f} to {max(lasted):.1f} s",
            f"{median_and_worst(beside)} (alone {median_and_worst(alone)})",
            "under 5 ms",
            beside.median < 5e6,
            reached=beside.median / 5e6,
        )
    )
    run.results.append(
        Result(
            f"longest that a snapshot of {count:,} keys holds the store at a time",
            "processor time; the same snapshots",
            median_and_worst(held),
            "under 5 ms",
            held.median < 5e6,
            reached=held.median / 5e6,
        )
    )


def median_and_worst(figure: Figure) -> str:
    return f"{nanoseconds(figure.median)}, at worst {nanoseconds(max(figure.samples))}"


def measure(run: Run) -> None:
    for what, fill, full in (("keys", fill_keys, 1_000_000), ("mixed keys", fill_mixed, 200_000)):
        count = run.many(full)
        run.progress(f"snapshots of {count:,} {what}")
        try:
            measured = measure_kind(run, fill, count)
        except (OSError, ImportError) as error:
            run.notes.append(f"snapshots of {what}: not measured ({error})")
            continue
        judge(run, f"{count:,} {what}", measured)
    measure_waiting(run)
