"""Arrays in and out beside the calls for each of their elements, on the same store.

The calls are the compiled methods, in a Python loop over lists that were made before. Where one
call reads many elements already (LRANGE, ZRANGE), the array form stands beside that.
"""

from __future__ import annotations

from collections.abc import Callable
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


def each(method: Callable[..., Any], *columns: list[Any]) -> Callable[[], None]:
    def run() -> None:
        for row in zip(*columns, strict=True):
            method(*row)

    return run


def measure(run: Run) -> None:
    import numpy as np

    import emberkv

    count = run.many(COUNT)
    chance = np.random.default_rng(1)
    keys = chance.permutation(np.array([b"key:%012d" % i for i in range(count)]))
    texts = np.array([b"value:%010d" % i for i in range(count)])
    scores, longitudes = chance.random(count), chance.uniform(-180, 180, count)
    latitudes, bits = chance.uniform(-85, 85, count), chance.integers(0, 2, count).astype(bool)
    names, values = keys.tolist(), texts.tolist()
    integers = np.arange(count)
    places = list(zip(longitudes.tolist(), latitudes.tolist(), names, strict=True))
    with emberkv.open() as db:

        def anew(key: str, call: Callable[[], Any]) -> Callable[[], Any]:
            def run() -> None:
                db.delete(key)
                call()

            return run

        rows: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
            ("mset_array", lambda: db.mset_array(keys, texts), each(db.set, names, values)),
            ("mget_array", lambda: db.mget_array(keys, texts.dtype), each(db.get, names)),
            (
                "mset_array of integers",
                lambda: db.mset_array(keys, integers),
                each(db.set, names, integers.tolist()),
            ),
            ("mget_array of integers", lambda: db.mget_array(keys, "i8"), each(db.get, names)),
            (
                "rpush_array",
                anew("l", lambda: db.rpush_array("l", texts)),
                anew("l", each(db.rpush, ["l"] * count, values)),
            ),
            (
                "lrange_array",
                lambda: db.lrange_array("l", 0, -1, texts.dtype),
                lambda: db.lrange("l", 0, -1),
            ),
            (
                "sadd_array",
                anew("s", lambda: db.sadd_array("s", texts)),
                anew("s", each(db.sadd, ["s"] * count, values)),
            ),
            (
                "smismember_array",
                lambda: db.smismember_array("s", texts),
                each(db.sismember, ["s"] * count, values),
            ),
            (
                "zadd_array",
                lambda: db.zadd_array("z", keys, chance.random(count)),
                lambda: each(
                    db.zadd,
                    ["z"] * count,
                    [{n: s} for n, s in zip(names, scores.tolist(), strict=True)],
                )(),
            ),
            (
                "zmscore_array",
                lambda: db.zmscore_array("z", keys),
                each(db.zscore, ["z"] * count, names),
            ),
            (
                "zrange_array",
                lambda: db.zrange_array("z", 0, -1, dtype=keys.dtype),
                lambda: db.zrange("z", 0, -1, withscores=True),
            ),
            (
                "pfadd_array",
                lambda: db.pfadd_array("h", texts),
                each(db.pfadd, ["h"] * count, values),
            ),
            (
                "geoadd_array",
                lambda: db.geoadd_array("g", longitudes, latitudes, keys),
                each(db.geoadd, ["g"] * count, places),
            ),
            (
                "geopos_array",
                lambda: db.geopos_array("g", keys),
                each(db.geopos, ["g"] * count, names),
            ),
            (
                "setbits_array",
                lambda: db.setbits_array("b", bits),
                each(db.setbit, ["b"] * count, integers.tolist(), bits.tolist()),
            ),
            (
                "getbits_array",
                lambda: db.getbits_array("b", 0, count),
                each(db.getbit, ["b"] * count, integers.tolist()),
            ),
        ]
        for name, array, calls in rows:
            run.progress(name)
            mine = _best(run, array) / count
            theirs = _best(run, calls) / count
            run.results.append(
                Result(
                    f"{name}, {count:,} elements",
                    "private",
                    f"{mine:.1f} ns an element, {theirs / mine:.1f}x the calls ({theirs:.0f} ns)",
                    "at least 10x",
                    theirs >= 10 * mine,
                    reached=10 * mine / theirs,
                )
            )
