"""GET beside `dict.get` on the same key objects, and MGET beside as many GETs."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from bench import timing
from bench.commands import VALUE, key, shuffled
from bench.peers import open_all
from bench.report import Result, Run, nanoseconds
from bench.timing import Contender

OURS = ("emberkv", "emberkv shared")


def _around(items: list[Any]) -> Callable[[int], list[Any]]:
    """The very objects of `items`, in their order, going round: dict has its keys' hashes ready."""
    endless = itertools.cycle(items)
    return lambda n: list(itertools.islice(endless, n))


def measure(run: Run) -> None:
    sizes = ((1_000, 1.5, 2.0), (100_000, 1.2, 1.2), (run.many(1_000_000), 1.0, 1.0))
    for count, private, shared in sizes:
        run.progress(f"GET of {count:,} keys beside dict.get")
        _get_beside_dict(run, count, {"emberkv": private, "emberkv shared": shared})
    run.progress("MGET")
    _mget_beside_gets(run, run.many(1_000_000))


def _load(store: Any, keys: list[bytes]) -> None:
    for start in range(0, len(keys), 1_000):
        store.client.mset(dict.fromkeys(keys[start : start + 1_000], VALUE))


def _get_beside_dict(run: Run, count: int, most: dict[str, float]) -> None:
    keys = [key(i) for i in range(count)]
    plain = {k: bytes(bytearray(VALUE)) for k in keys}
    order = shuffled(keys)
    batch = max(count, 20_000) if count < 1_000_000 or not run.quick else 100_000
    with ExitStack() as stack:
        stores = open_all(list(OURS), stack, run.notes)
        field = [Contender("dict", timing.loop_1, plain.get, _around(order), count=batch)]
        for store in stores:
            _load(store, keys)
            field.append(
                Contender(store.name, timing.loop_1, store.client.get, _around(order), count=batch)
            )
        for contender in field:
            timing.timed(contender, contender.count)
        rounds = run.rounds(15 if count < 1_000_000 else 7)
        figures = timing.race(field, rounds=rounds, batch_seconds=0, at_most=0, clock=run.clock)
    run.figures[f"GET ({count:,} keys, random order)"] = figures
    beside = figures["dict"].median
    for store in stores:
        mine = figures[store.name].median
        most_here = most[store.name]
        run.results.append(
            Result(
                f"GET, {count:,} keys in random order",
                "shared" if "shared" in store.name else "private",
                f"{mine / beside:.2f}x dict.get ({nanoseconds(mine)} to {nanoseconds(beside)})",
                f"at most {most_here}x",
                mine / beside <= most_here,
                reached=mine / beside / most_here,
            )
        )


def _mget_beside_gets(run: Run, count: int) -> None:
    keys = [key(i) for i in range(count)]
    order = shuffled(keys)
    hundreds = [order[i : i + 100] for i in range(0, len(order), 100)]
    with ExitStack() as stack:
        stores = open_all(list(OURS), stack, run.notes)
        for store in stores:
            _load(store, keys)
            mget, get = "MGET of 100", "100 GETs"
            figures = timing.race(
                [
                    Contender(
                        mget, timing.loop_1, store.client.mget, _around(hundreds), calls_in_one=100
                    ),
                    Contender(get, timing.loop_1, store.client.get, _around(order)),
                ],
                rounds=run.rounds(15),
                batch_seconds=run.batch_seconds * 2,
                at_most=count,
                clock=run.clock,
            )
            run.figures.setdefault("GET of 100 random keys, a key", {})[store.name] = figures[get]
            run.figures.setdefault("MGET of 100 random keys, a key", {})[store.name] = figures[mget]
            ratio = figures[mget].median / figures[get].median
            run.results.append(
                Result(
                    f"MGET of 100 random keys of {count:,}",
                    "shared" if "shared" in store.name else "private",
                    f"{ratio:.2f}x of 100 GETs ({nanoseconds(figures[mget].median)} to "
                    f"{nanoseconds(figures[get].median)} a key)",
                    "at most 0.6x",
                    ratio <= 0.6,
                    reached=ratio / 0.6,
                )
            )
