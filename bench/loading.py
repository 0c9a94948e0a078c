"""A million keys loaded, in process and into redis-server over a Unix socket."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

from bench import peers
from bench.commands import VALUE, key
from bench.report import Result, Run, nanoseconds
from bench.timing import Figure


def _mset(size: int) -> Callable[[Any, list[bytes]], None]:
    def load(client: Any, keys: list[bytes]) -> None:
        for start in range(0, len(keys), size):
            client.mset(dict.fromkeys(keys[start : start + size], VALUE))

    return load


def _pipelines(size: int) -> Callable[[Any, list[bytes]], None]:
    def load(client: Any, keys: list[bytes]) -> None:
        for start in range(0, len(keys), size):
            with client.pipeline(transaction=False) as pipe:
                for k in keys[start : start + size]:
                    pipe.set(k, VALUE)
                pipe.execute()

    return load


WAYS = {
    "mset of 1,000": _mset(1_000),
    "pipelines of 100": _pipelines(100),
    "pipelines of 1,000": _pipelines(1_000),
}


def _ready_protocol(keys: list[bytes]) -> bytes:
    """The whole load as RESP, made beforehand: the server then has nothing to wait for."""
    parts = []
    for k in keys:
        parts.append(b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$64\r\n%b\r\n" % (len(k), k, VALUE))
    return b"".join(parts)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(run: Run) -> None:
    count = run.many(1_000_000)
    keys = [key(i) for i in range(count)]
    times: dict[tuple[str, str], Figure] = {}
    for _ in range(run.rounds(3)):
        for name in ("emberkv", "emberkv shared"):
            for way, load in WAYS.items():
                run.progress(f"load of {count:,} keys: {name}, {way}")
                with peers.OPENERS[name]() as store:
                    took = _seconds(lambda load=load, store=store: load(store.client, keys))
                times.setdefault((name, way), Figure()).samples.append(took)
        try:
            _load_servers(run, keys, times)
        except (OSError, ImportError) as error:
            run.notes.append(f"load into redis-server: not measured ({error})")
    _judge(run, times, count)


def _load_servers(run: Run, keys: list[bytes], times: dict[tuple[str, str], Figure]) -> None:
    for way, load in WAYS.items():
        run.progress(f"load of {len(keys):,} keys: redis-server, {way}")
        with peers.OPENERS["redis-server"]() as store:
            took = _seconds(lambda load=load, store=store: load(store.client, keys))
        times.setdefault(("redis-server", way), Figure()).samples.append(took)
    run.progress(f"load of {len(keys):,} keys: redis-server, redis-cli --pipe")
    with peers.redis_server() as (socket, _), tempfile.TemporaryFile() as file:
        file.write(_ready_protocol(keys))

        def pipe() -> None:
            file.seek(0)
            command = ["redis-cli", "-s", socket, "--pipe"]
            subprocess.run(command, stdin=file, stdout=subprocess.DEVNULL, check=True)

        took = _seconds(pipe)
    times.setdefault(("redis-server", "redis-cli --pipe"), Figure()).samples.append(took)


def _judge(run: Run, times: dict[tuple[str, str], Figure], count: int) -> None:
    best: dict[str, tuple[float, str]] = {}
    for (name, way), figure in times.items():
        best[name] = min(best.get(name, (float("inf"), "")), (figure.median, way))
    for (name, way), figure in times.items():
        low, high = figure.quartiles
        run.notes.append(
            f"load of {count:,} keys, {name}, {way}: {figure.median:.2f} s ({low:.2f}-{high:.2f})"
        )
    if "redis-server" not in best:
        return
    theirs, their_way = best["redis-server"]
    for name in ("emberkv", "emberkv shared"):
        mine, way = best[name]
        run.results.append(
            Result(
                f"load of {count:,} keys",
                f"{way}; {'shared' if 'shared' in name else 'private'}",
                f"{nanoseconds(mine * 1e9)}, {theirs / mine:.1f}x the speed of redis-server "
                f"({theirs:.2f} s by {their_way})",
                "at least 5x",
                theirs / mine >= 5,
                reached=5 * mine / theirs,
            )
        )
