"""Arrays in and out beside the calls for each of their elements, on the same store.

Both do the same work: from arrays, and where something is read into an array. The calls are the
compiled methods in a Python loop over what tolist() gives. What they take alone, over lists that
were made before and without keeping what they give, is told behind that. Where one call reads many
elements already (LRANGE, ZRANGE), the array form stands beside that.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, repeat
from typing import Any

from bench.report import Result, Run

COUNT = 100_000
ROUNDS = 5


def _best(run: Run, call: Callable[[], Any]) -> float:
    found = []
    for _ in range(ROUNDS):
        start = run.clock()
        call()
        found.append(run.clock() - start)
    return min(found)


def each(
    method: Callable[..., Any], *columns: Any, name: str = "", alone: bool, make: Any = None
) -> Callable[[], Any]:
    """Call it for each row of the arrays, behind the key's name. `make`: the array of the replies.

    `alone`: rows of lists that are there already, and nothing made of it.
    """
    head = [repeat(name)] if name else []
    lists = [column.tolist() for column in columns]

    def run() -> None:
        for row in zip(*head, *lists, strict=False):
            method(*row)

    def run_from_arrays() -> Any:
        rows = zip(*head, *(column.tolist() for column in columns), strict=False)
        if make is not None:
            return make([method(*row) for row in rows])
        for row in rows:
            method(*row)

    return run if alone else run_from_arrays


def measure(run: Run) -> None:
    import numpy as np

    import emberkv

    count = run.many(COUNT)
    chance = np.random.default_rng(1)
    keys = chance.permutation(np.array([b"key:%012d" % i for i in range(count)]))
    texts = np.array([b"value:%010d" % i for i in range(count)])
    longitudes, latitudes = chance.uniform(-180, 180, count), chance.uniform(-85, 85, count)
    integers, bits = np.arange(count), chance.integers(0, 2, count).astype(bool)
    names = keys.tolist()
    places = list(zip(longitudes.tolist(), latitudes.tolist(), names, strict=True))
    some = [chance.random(count) for _ in range(2)]  # every call changes them all
    scores = cycle(some)
    pairs = cycle([[{n: s} for n, s in zip(names, v.tolist(), strict=True)] for v in some])
    with emberkv.open() as db:

        def anew(key: str, call: Callable[[], Any]) -> Callable[[], Any]:
            def run() -> None:
                db.delete(key)
                call()

            return run

        def integers_of(values: list[Any]) -> Any:
            return np.array([int(value) for value in values], "i8")

        def texts_of(values: list[Any]) -> Any:
            return np.array(values, texts.dtype)

        def columns_of(pairs: list[Any]) -> Any:
            return np.array([m for m, _ in pairs], keys.dtype), np.array([s for _, s in pairs])

        def places_of(values: list[Any]) -> Any:
            return np.array([place for (place,) in values])

        def rows(alone: bool) -> list[tuple[str, Callable[[], Any], Callable[[], Any]]]:
            def calls(
                method: Callable[..., Any], *columns: Any, **options: Any
            ) -> Callable[[], Any]:
                return each(method, *columns, alone=alone, **options)

            def add_scores() -> None:
                if alone:
                    for pair in next(pairs):
                        db.zadd("z", pair)
                    return
                for name, score in zip(keys.tolist(), next(scores).tolist(), strict=True):
                    db.zadd("z", {name: score})

            def add_places() -> None:
                columns = longitudes.tolist(), latitudes.tolist(), keys.tolist()
                for place in places if alone else zip(*columns, strict=True):
                    db.geoadd("g", place)

            def whole(call: Callable[[], Any], make: Any) -> Callable[[], Any]:
                return call if alone else lambda: make(call())

            return [
                ("mset_array", lambda: db.mset_array(keys, texts), calls(db.set, keys, texts)),
                (
                    "mget_array",
                    lambda: db.mget_array(keys, texts.dtype),
                    calls(db.get, keys, make=texts_of),
                ),
                (
                    "mset_array of integers",
                    lambda: db.mset_array(keys, integers),
                    calls(db.set, keys, integers),
                ),
                (
                    "mget_array of integers",
                    lambda: db.mget_array(keys, "i8"),
                    calls(db.get, keys, make=integers_of),
                ),
                (
                    "rpush_array",
                    anew("l", lambda: db.rpush_array("l", texts)),
                    anew("l", calls(db.rpush, texts, name="l")),
                ),
                (
                    "lrange_array",
                    lambda: db.lrange_array("l", 0, -1, texts.dtype),
                    whole(lambda: db.lrange("l", 0, -1), texts_of),
                ),
                (
                    "sadd_array",
                    anew("s", lambda: db.sadd_array("s", texts)),
                    anew("s", calls(db.sadd, texts, name="s")),
                ),
                (
                    "smismember_array",
                    lambda: db.smismember_array("s", texts),
                    calls(db.sismember, texts, make=lambda found: np.array(found, bool), name="s"),
                ),
                (
                    "zadd_array",
                    lambda: db.zadd_array("z", keys, next(scores)),
                    add_scores,
                ),
                (
                    "zmscore_array",
                    lambda: db.zmscore_array("z", keys),
                    calls(db.zscore, keys, make=np.array, name="z"),
                ),
                (
                    "zrange_array",
                    lambda: db.zrange_array("z", 0, -1, dtype=keys.dtype),
                    whole(lambda: db.zrange("z", 0, -1, withscores=True), columns_of),
                ),
                (
                    "pfadd_array",
                    lambda: db.pfadd_array("h", texts),
                    calls(db.pfadd, texts, name="h"),
                ),
                (
                    "geoadd_array",
                    lambda: db.geoadd_array("g", longitudes, latitudes, keys),
                    add_places,
                ),
                (
                    "geopos_array",
                    lambda: db.geopos_array("g", keys),
                    calls(db.geopos, keys, make=places_of, name="g"),
                ),
                (
                    "setbits_array",
                    lambda: db.setbits_array("b", bits),
                    calls(db.setbit, integers, bits, name="b"),
                ),
                (
                    "getbits_array",
                    lambda: db.getbits_array("b", 0, count),
                    calls(db.getbit, integers, make=lambda found: np.array(found, bool), name="b"),
                ),
            ]

        for (name, array, calls), (_, _, alone) in zip(rows(False), rows(True), strict=True):
            run.progress(name)
            mine, theirs, bare = (_best(run, call) / count for call in (array, calls, alone))
            run.results.append(
                Result(
                    f"{name}, {count:,} elements",
                    "private",
                    f"{mine:.1f} ns an element, {theirs / mine:.1f}x the calls ({theirs:.0f} ns; "
                    f"alone {bare:.0f} ns, {bare / mine:.1f}x)",
                    "at least 10x",
                    theirs >= 10 * mine,
                    reached=10 * mine / theirs,
                )
            )
