"""Sorted sets through the client: answers in either form, and the way back after an undo."""

import math
import random
import struct
from contextlib import ExitStack

import pytest

import emberkv
from emberkv.exceptions import ResponseError


@pytest.mark.parametrize("size", [5, 5000])
def test_zscore_answers_alike_in_either_form(size):
    db = emberkv.open()
    scores = {b"m%d" % i: i * 0.5 for i in range(size)}
    scores[b"x" * 300] = -1.0 if size > 5 else -2.0
    db.zadd("z", scores)
    db.set("string", "x")
    for member, score in scores.items():
        assert db.zscore("z", member) == score
    assert type(db.zscore("z", "m0")) is float
    assert db.zscore("z", "missing") is None
    assert db.zscore("nowhere", "m1") is None
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        db.zscore("string", "m1")
    db.zadd("z", {"m1": 7})
    assert db.zscore("z", "m1") == 7
    db.expire("z", 100)
    assert db.zscore("z", "m1") == 7
    db.zrem("z", "m1")
    assert db.zscore("z", "m1") is None
    with db.pipeline() as p:
        p.zscore("z", "m0")
        assert p.execute() == [0.0]


def test_zscore_is_queued_in_a_multi():
    db = emberkv.open()
    db.zadd("z", {b"m%d" % i: i for i in range(200)})
    db.execute_command("MULTI")
    db.zscore("z", "m7")
    assert db.execute_command("EXEC") == [7.0]


FLOATS = [
    0.1,
    -0.0,
    0.0,
    1 / 3,
    5e-324,
    1e300,
    2.0**53,
    12345.0,
    -7.25,
    float("inf"),
    -float("inf"),
]


def bits(values):
    return struct.pack(f"{len(values)}d", *values)


@pytest.mark.parametrize("watched", [False, True], ids=["alone", "watched"])
@pytest.mark.parametrize("others", [0, 200])
def test_floats_are_the_scores_that_their_texts_are(watched, others):
    """Where nobody sees a command's arguments floats are taken as they are, else as text."""
    with emberkv.open() as db, ExitStack() as stack:
        if watched:
            stack.enter_context(db.monitor())
        for key in ("one", "text", "many", "array") if others else ():
            db.execute_command("ZADD", key, *(x for i in range(others) for x in (i, f"other{i}")))
        for i, score in enumerate(FLOATS):
            db.zadd("one", {f"m{i}": score})
            db.execute_command("ZADD", "text", repr(score), f"m{i}")
        db.zadd("many", {f"m{i}": score for i, score in enumerate(FLOATS)})
        names = [f"m{i}" for i in range(len(FLOATS))]
        db.zadd_array("array", names, FLOATS)
        assert db.zmscore("text", names) == FLOATS
        for key in ("one", "many", "array"):
            assert bits(db.zmscore(key, names)) == bits(db.zmscore("text", names)), key
        places = [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]
        assert db.geoadd("places", places) == 2
        db.execute_command("GEOADD", "written", *map(str, places))
        db.geoadd_array("arrays", places[::3], places[1::3], places[2::3])
        for key in ("places", "arrays"):
            assert db.zrange(key, 0, -1, withscores=True) == db.zrange(
                "written", 0, -1, withscores=True
            )
        for call in (
            lambda: db.zadd("one", {"m": math.nan}),
            lambda: db.zadd("one", {"m": math.nan, "n": 1.0}),
            lambda: db.zadd_array("one", ["m"], [math.nan]),
            lambda: db.geoadd("places", [math.nan, 1.0, "x"]),
        ):
            with pytest.raises(ResponseError, match="not a valid float"):
                call()
        with pytest.raises(ResponseError, match="invalid longitude,latitude pair 200.000000"):
            db.geoadd("places", [200.0, 1.0, "x"])


def test_who_watches_sees_scores_as_text():
    with emberkv.open() as db, db.monitor() as monitor:
        db.zadd("z", {"m": 0.1})
        db.zadd_array("z", ["n"], [2.5])
        db.geoadd("g", (1.5, 2.0, "place"))
        seen = [monitor.next_command()["command"].lower() for _ in range(3)]
        assert seen == ["zadd z 0.1 m", "zadd z 2.5 n", "geoadd g 1.5 2 place"]


class Rollback(Exception):
    pass


@pytest.mark.parametrize("size", [20, 120, 400, 3000])
@pytest.mark.parametrize("seed", range(4))
def test_a_transaction_that_raises_leaves_no_trace(size, seed):
    db, rng = emberkv.open(), random.Random(seed)

    def member():
        return b"m%d" % rng.randrange(size * 2)

    def change():
        match rng.randrange(8):
            case 0 | 1 | 2:
                db.zadd("z", {member(): rng.randrange(50) / 2 for _ in range(rng.randrange(1, 40))})
            case 3:
                db.zrem("z", *(member() for _ in range(20)))
            case 4:
                db.zincrby("z", rng.randrange(-9, 9), member())
            case 5:
                db.zremrangebyrank("z", rng.randrange(size), rng.randrange(size))
            case 6:
                db.zpopmin("z", rng.randrange(1, 60))
            case _:
                db.zunionstore("z", ["z", "y"])

    db.zadd("z", {member(): rng.random() for _ in range(size)})
    db.zadd("y", {member(): rng.randrange(9) for _ in range(50)})
    for _ in range(20):
        before = db.zrange("z", 0, -1, withscores=True)
        with pytest.raises(Rollback), db.transaction():
            for _ in range(rng.randrange(1, 12)):
                change()
            raise Rollback
        assert db.zrange("z", 0, -1, withscores=True) == before
        assert [db.zscore("z", m) for m, _ in before] == [s for _, s in before]
        ranks = rng.sample(range(len(before)), min(10, len(before)))
        assert [db.zrank("z", before[r][0]) for r in ranks] == ranks
        change()
