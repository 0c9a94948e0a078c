"""Thousands of elements at once give what they give one by one, whatever is there before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import emberkv

COUNT = 3000


@pytest.fixture
def db() -> Iterator[emberkv.Ember]:
    with emberkv.open() as db:
        yield db


@pytest.fixture
def other() -> Iterator[emberkv.Ember]:
    with emberkv.open() as other:
        yield other


def names(n: int, form: str = "key:%06d") -> Any:
    return np.array([(form % i).encode() for i in range(n)])


def furnish(db: emberkv.Ember, keys: list[bytes]) -> None:
    """Keys of every kind that a write may meet."""
    for i, key in enumerate(keys):
        kind = i % 9
        if kind in (0, 1):
            db.set(key, "x" * 8)
        elif kind == 2:
            db.set(key, i + 10_000_000)
        elif kind == 3:
            db.set(key, "y" * (i % 1500))
        elif kind == 4:
            db.rpush(key, "element")
        elif kind == 5:
            db.set(key, "x" * 8, exat=4102444800)
        elif kind == 6:
            db.set(key, "x" * 8)
            db.pexpireat(key, 1)  # has gone by
        elif kind == 7:
            db.hset(key, "field", "value")


def content(db: emberkv.Ember, keys: list[bytes]) -> list[Any]:
    return [
        (db.type(key), db.expiretime(key), db.dump(key), db.object("encoding", key))
        if db.exists(key)
        else None
        for key in keys
    ]


@pytest.mark.parametrize("kind", ["text", "integers", "long", "empty"])
@pytest.mark.parametrize("heard", [False, True])
def test_many_keys(db: emberkv.Ember, other: emberkv.Ember, kind: str, heard: bool) -> None:
    keys = names(COUNT, "key:%06d" if kind != "long" else "a key of many bytes %080d")
    values = {
        "text": names(COUNT, "v%07d"),
        "integers": np.arange(COUNT) + 10_000_000,
        "long": names(COUNT, "%0300d"),
        "empty": np.zeros(COUNT, "S8"),
    }[kind]
    chance = np.random.default_rng(5)
    chosen = chance.integers(0, COUNT, 2 * COUNT)  # many of them more than once
    for store in (db, other):
        furnish(store, keys.tolist())
        if heard:
            store.config_set("notify-keyspace-events", "KEA")
    values = np.resize(values, COUNT)[chance.permutation(COUNT)]
    changes = db.info("persistence")["rdb_changes_since_last_save"]
    for _ in range(2):
        assert db.mset_array(keys[chosen], values[chosen // 2]) is True
        for key, value in zip(keys[chosen].tolist(), values[chosen // 2].tolist(), strict=True):
            other.set(key, value)
    assert content(db, keys.tolist()) == content(other, keys.tolist())
    assert db.info("persistence")["rdb_changes_since_last_save"] >= changes + 2 * len(chosen)
    assert db._store.check()


def test_many_keys_that_are_watched_or_undone(db: emberkv.Ember) -> None:
    keys = names(COUNT)
    db.mset_array(keys, np.full(COUNT, b"before.."))
    with db.pipeline() as pipe:
        pipe.watch(keys[77].item())
        db.mset_array(keys, np.full(COUNT, b"after..."))
        pipe.multi()
        pipe.set("other", 1)
        with pytest.raises(emberkv.exceptions.WatchError):
            pipe.execute()
    with pytest.raises(ZeroDivisionError), db.transaction():
        db.mset_array(keys, np.full(COUNT, b"undone.."))
        db.mset_array(keys, np.arange(COUNT))
        raise ZeroDivisionError
    assert db.mget_array(keys, "S8")[0].tolist() == [b"after..."] * COUNT
    assert db._store.check()


def test_what_is_read_into_arrays_is_counted_and_used(db: emberkv.Ember) -> None:
    keys = names(1000)
    db.mset_array(keys[:900], np.arange(900))
    db.sadd_array("set", keys)
    db.zadd_array("scores", keys, np.arange(1000.0))
    before = db.info("stats")
    db.mget_array(keys, "i8")
    db.smismember_array("set", keys)
    db.zmscore_array("scores", keys)
    db.zmscore_array("missing", keys)
    after = db.info("stats")
    assert after["keyspace_hits"] - before["keyspace_hits"] == 902
    assert after["keyspace_misses"] - before["keyspace_misses"] == 101
    db.config_set("maxmemory", "100mb")
    db.config_set("maxmemory-policy", "allkeys-lfu")
    db.config_set("lfu-log-factor", 0)
    db.delete("key:000001")  # what its word held had another meaning
    db.set("key:000001", "1")
    begun = db.object("freq", "key:000001")
    for _ in range(20):
        db.mget_array(keys[:2], "i8")
    assert db.object("freq", "key:000001") == begun + 20


@pytest.mark.parametrize("dtype", ["S10", "i8", "f8", "V8"])
@pytest.mark.parametrize("size", [3, 100, COUNT])
def test_members_are_looked_for_as_one_by_one(db: emberkv.Ember, dtype: str, size: int) -> None:
    chance = np.random.default_rng(size)
    elements = chance.permutation(np.arange(2 * size) * (0.1 if dtype == "f8" else 1))
    members = elements.view("V8") if dtype == "V8" else elements.astype(dtype)
    there, scores = members[:size], chance.integers(-9, 9, size).astype(float)
    db.sadd_array("s", there)
    db.zadd_array("z", there, scores)
    texts = db.lrange("l", 0, -1) if db.rpush_array("l", members) else []
    assert db.smismember_array("s", members).tolist() == [bool(db.sismember("s", t)) for t in texts]
    found = db.zmscore_array("z", members)
    assert found.dtype == np.float64
    assert [None if np.isnan(score) else score for score in found.tolist()] == [
        db.zscore("z", t) for t in texts
    ]
    assert not db.smismember_array("missing", members).any()
    assert np.isnan(db.zmscore_array("missing", members)).all()
    for read in (db.smismember_array, db.zmscore_array):
        with pytest.raises(emberkv.exceptions.ResponseError, match="WRONGTYPE"):
            read("l", members)
    with db.transaction():
        db.srem("s", texts[0])
        assert db.smismember_array("s", members[:1]).tolist() == [False]


@pytest.mark.parametrize("n", [1, 31, 512, 513, 2000, 20_000])
@pytest.mark.parametrize("kind", ["text", "integers", "mixed", "long"])
def test_a_set_of_many_members_has_each_once(db: emberkv.Ember, n: int, kind: str) -> None:
    chance = np.random.default_rng(n)
    chosen = chance.integers(0, n, n + n // 2)
    if kind == "integers":
        members = chosen
    elif kind == "mixed":  # of all lengths, integers first
        members = np.array(
            [b"%d" % i if i < n // 2 else b"m" * (i % 40) + b"%d" % i for i in chosen]
        )
    else:
        members = np.array([(b"%0300d" if kind == "long" else b"%012d") % i for i in chosen[:5000]])
    added = db.sadd_array("s", members)
    expected = {m if isinstance(m, bytes) else b"%d" % m for m in members.tolist()}
    assert added == len(expected) == db.scard("s")
    assert db.smembers("s") == expected
    assert db._store.check()
    db.srem_array("s", members)
    assert not db.exists("s") and db._store.check()


def test_what_is_made_anew_again_and_again_takes_no_more_memory(db: emberkv.Ember) -> None:
    members = names(20_000)
    used = []
    for _ in range(12):
        db.delete("s", "z")
        db.sadd_array("s", members)
        db.zadd_array("z", members, np.arange(20_000.0))
        used.append(db.info("memory")["used_memory"])
    assert used[-1] < 3 * used[0]


@pytest.mark.parametrize("changed", [200, 2500, 9000, 20_000])
@pytest.mark.parametrize(
    "flags", [{}, {"nx": True}, {"xx": True}, {"gt": True}, {"lt": True, "ch": True}]
)
def test_some_scores_of_many_change(
    db: emberkv.Ember, changed: int, flags: dict[str, bool]
) -> None:
    chance = np.random.default_rng(changed)
    members, size = names(12_000), 9000
    # Scores of few digits, which lie in short blocks; the new ones do not fit there.
    db.zadd_array("z", members[:size], chance.integers(0, 50, size).astype(float))
    expected = dict(db.zrange("z", 0, -1, withscores=True))
    new, moved = 0, 0
    chosen, scores = chance.choice(members, changed), chance.normal(25, 10, changed)
    scores[::3] = np.round(scores[::3])
    for member, score in zip(chosen.tolist(), scores.tolist(), strict=True):
        old = expected.get(member)
        if (old is None and flags.get("xx")) or (old is not None and flags.get("nx")):
            continue
        if old is not None and (
            (flags.get("gt") and score <= old) or (flags.get("lt") and score >= old)
        ):
            continue
        new += old is None
        moved += old is not None and old != score
        expected[member] = score
    told = db.zadd_array("z", chosen, scores, **flags)
    assert told == (new + moved if flags.get("ch") else new)
    in_order = sorted(expected.items(), key=lambda item: (item[1], item[0]))
    assert db.zrange("z", 0, -1, withscores=True) == in_order
    assert db._store.check()


@pytest.mark.parametrize("kind", ["band", "same", "far", "zeros", "bits"])
def test_scores_of_any_shape_are_put_in_order(db: emberkv.Ember, kind: str) -> None:
    n = 8000
    chance = np.random.default_rng(8)
    scores = {
        "band": np.append(chance.random(n - 1) * 1e-9 + 1, 1e300),
        "same": np.full(n, 17.25),
        "far": chance.choice([-np.inf, -1e308, -1.0, -1e-320, 0.0, 5e-324, 1e10, np.inf], n),
        "zeros": chance.choice([0.0, -0.0], n),
        "bits": np.nan_to_num(chance.integers(0, 2**64, n, "u8").view("f8"), nan=1.5),
    }[kind]
    members = chance.permutation(names(n))
    assert db.zadd_array("z", members, scores) == n
    expected = sorted(
        zip(members.tolist(), scores.tolist(), strict=True), key=lambda i: (i[1], i[0])
    )
    assert db.zrange("z", 0, -1, withscores=True) == expected
    assert db._store.check()


def test_a_value_that_is_overwritten_goes_on_with_its_uses(db: emberkv.Ember) -> None:
    for name, value in [
        ("maxmemory", "100mb"),
        ("maxmemory-policy", "allkeys-lfu"),
        ("lfu-log-factor", 0),
    ]:
        db.config_set(name, value)
    keys = names(100)
    db.mset_array(keys, keys)
    begun = db.object("freq", keys[3].item())
    db.mset_array(keys, keys)
    db.set(keys[3].item(), "x")
    assert db.object("freq", keys[3].item()) == begun + 2
