"""Arrays in and out, objects, and views of values that stay as they are."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

import emberkv

KEYS = np.array([b"k%d" % i for i in range(300)])


@pytest.fixture
def db() -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open() as db:
        yield db
        gc.collect()
        assert db._store.check()


@pytest.mark.parametrize(
    "dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "?", "S7", "V3", ">i4"]
)
def test_values_of_every_type_come_back(db: Any, dtype: str) -> None:
    values = np.random.default_rng(1).integers(0, 120, 300).astype("i1")
    if dtype == "V3":
        values = np.frombuffer(np.random.default_rng(1).bytes(900), "V3")
    else:
        values = values.astype(dtype)
    assert db.mset_array(KEYS, values) is True
    read, present = db.mget_array(KEYS, dtype)
    assert read.dtype == np.dtype(dtype).newbyteorder("=") and present.all()
    assert (read == values).all()


def test_extreme_numbers_come_back(db: Any) -> None:
    for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
        info = np.iinfo(dtype)
        db.rpush_array(dtype, np.array([info.min, info.max], dtype))
        assert db.lrange_array(dtype, 0, -1, dtype).tolist() == [info.min, info.max]
    reals = np.array([0.1, -0.0, 5e-324, 1.7976931348623157e308, np.inf, -np.inf, 1e15, 0.5])
    db.rpush_array("f", reals)
    assert db.lrange_array("f", 0, -1, "f8").tobytes() == reals.tobytes()


def test_elements_are_what_a_client_would_write(db: Any) -> None:
    db.rpush_array("l", [1, -5])
    db.rpush_array("l", [1.0, 0.1, 1e300])
    db.rpush_array("l", [True, False])
    db.rpush_array("l", ["a", "é"])
    db.rpush_array("l", np.array([b"ab\0\0", b"\0x"]))
    assert db.lrange("l", 0, -1) == [
        *(b"1", b"-5", b"1", b"0.1", b"1e+300", b"1", b"0"),
        *(b"a", "é".encode(), b"ab", b"\0x"),
    ]
    assert db.lpush_array("m", [1, 2]) == 2 and db.lrange("m", 0, -1) == [b"2", b"1"]


def test_missing_keys_are_told(db: Any) -> None:
    db.mset({"a": "1", "c": "3"})
    values, present = db.mget_array(["a", "b", "c"], "f8")
    assert values[[0, 2]].tolist() == [1, 3] and np.isnan(values[1])
    assert present.tolist() == [True, False, True]
    values, present = db.mget_array([], "i4")
    assert values.size == present.size == 0


@pytest.mark.parametrize(
    "value, dtype",
    [("x", "i4"), ("300", "u1"), ("-1", "u8"), ("abc", "S2"), ("abc", "V2"), ("1.5", "i8")],
)
def test_what_does_not_fit_is_refused(db: Any, value: str, dtype: str) -> None:
    db.mset({"a": "1", "b": value})
    with pytest.raises(ValueError, match="element [01] "):
        db.mget_array(["a", "b"], dtype)


def test_bad_arguments_change_nothing(db: Any) -> None:
    for keys, values in [
        (["a", "b"], [1]),
        ([["a"]], [[1]]),
        (["a"], [1j]),
        (["a"], np.array([object()])),
    ]:
        with pytest.raises(emberkv.DataError):
            db.mset_array(keys, values)
    db.set("s", "x")
    for call in (db.lrange_array, db.zrange_array):
        with pytest.raises(emberkv.ResponseError, match="WRONGTYPE|wrong kind"):
            call("s", 0, -1)
    with pytest.raises(emberkv.ResponseError):
        db.rpush_array("s", [1])
    assert db.keys() == [b"s"]


def test_sets(db: Any) -> None:
    assert db.sadd_array("s", np.arange(500)) == 500
    assert db.object("encoding", "s") == b"intset"
    assert sorted(db.smembers_array("s", "u2")) == list(range(500))
    assert db.smismember_array("s", [3, 900]).tolist() == [True, False]
    assert db.srem_array("s", np.arange(100)) == 100
    assert db.smembers_array("missing").size == 0


def test_sorted_sets_keep_order_and_flags(db: Any) -> None:
    assert db.zadd_array("z", ["a", "b", "c"], [1, 2.5, np.inf]) == 3
    assert db.zadd_array("z", ["a", "d"], [5, 6], nx=True) == 1
    assert db.zadd_array("z", ["a", "b"], [0, 9], gt=True, ch=True) == 1
    members, scores = db.zrange_array("z", 0, -1)
    assert members.tolist() == [b"a", b"d", b"b", b"c"] and scores.tolist() == [1, 6, 9, np.inf]
    members, scores = db.zrange_array("z", "(1", 9, byscore=True, offset=1, num=5)
    assert (members.tolist(), scores.tolist()) == ([b"b"], [9])
    assert db.zrange_array("z", 0, 1, desc=True)[0].tolist() == [b"c", b"b"]
    scores = db.zmscore_array("z", ["b", "missing"])
    assert scores[0] == 9 and np.isnan(scores[1])
    db.zadd_array("same", [f"{i:03d}" for i in range(300)], np.zeros(300))
    members, scores = db.zrange_array("same", "[100", "(200", bylex=True, dtype="S3")
    assert members[0] == b"100" and len(members) == 100 and not scores.any()
    ints, _ = db.zrange_array("missing", 0, -1, dtype="i8")
    assert ints.size == 0


@pytest.mark.parametrize("offset", [0, 1, 3, 7, 8, 13])
@pytest.mark.parametrize("n", [1, 5, 8, 17, 1003])
def test_bits_stand_where_setbit_would_put_them(db: Any, n: int, offset: int) -> None:
    db.setrange("b", 0, b"\xff" * 200)
    bits = np.random.default_rng(n).random(n) < 0.5
    db.setbits_array("b", bits, offset)
    assert (db.getbits_array("b", offset, n) == bits).all()
    assert db.bitcount("b") == 1600 - n + bits.sum()
    assert [db.getbit("b", offset + i) for i in range(min(n, 20))] == bits[:20].tolist()


def test_bits_of_missing_keys_are_zero(db: Any) -> None:
    assert db.getbits_array("missing").size == 0
    assert not db.getbits_array("missing", 5, 10).any()
    db.setbits_array("b", [])
    assert not db.exists("b")


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("dtype", ["f4", "i8", "S5", "?", "M8[s]", [("a", "i4"), ("b", "f8")]])
def test_arrays_keep_shape_and_type(db: Any, dtype: Any, order: str) -> None:
    array = np.zeros((3, 4, 50), dtype, order=order)
    array.reshape(-1)[5] = array.reshape(-1)[7]
    db.put_array("a", array, ex=100)
    for copy in (True, False):
        read = db.get_array("a", copy=copy)
        assert read.dtype == array.dtype and read.shape == array.shape
        assert (read == array).all() and read.flags.writeable == copy
    assert 0 < db.ttl("a") <= 100 and db.get_array("missing") is None


def test_what_is_no_array_is_refused(db: Any) -> None:
    db.put_array("a", np.arange(1000))
    whole = db.get("a")
    damaged = [b"", b"x", whole[:8], whole[:40], whole[:500], whole[:6] + b"\x09" + whole[7:]]
    for data in damaged:
        db.set("a", data)
        with pytest.raises(emberkv.DataError):
            db.get_array("a")
    with pytest.raises(emberkv.DataError):
        db.put_array("b", np.array([object()]))


CHANGES = {
    "set": lambda db: db.set("k", b"n" * 9000),
    "append": lambda db: db.append("k", b"n" * 100),
    "setrange": lambda db: db.setrange("k", 10, b"nnn"),
    "setbit": lambda db: db.setbit("k", 7, 1),
    "delete": lambda db: db.delete("k"),
    "getdel": lambda db: db.getdel("k"),
    "rename over it": lambda db: (db.set("x", 1), db.rename("x", "k")),
    "rename it": lambda db: (db.rename("k", "x"), db.append("x", b"n")),
    "expire": lambda db: db.pexpire("k", 0),
    "another type": lambda db: (db.delete("k"), db.sadd("k", *range(1000))),
    "flush": lambda db: db.flushall(),
    "swap": lambda db: (db.swapdb(0, 1), db.flushall()),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_view_shows_what_was_there(db: Any, how: str) -> None:
    old = bytes(range(256)) * 36
    db.set("k", old)
    view, again = db.view("k"), db.view("k")
    assert view.readonly
    CHANGES[how](db)
    for i in range(50):  # whoever gets the memory writes over it
        db.set(f"junk{i}", b"j" * 9216)
    assert bytes(view) == bytes(again) == old
    del view
    gc.collect()
    for i in range(50):
        db.set(f"junk{i}", b"k" * 9216)
    assert bytes(again) == old


def test_a_view_that_goes_gives_the_memory_back(db: Any) -> None:
    before = db._store.stats()["used_bytes"]
    db.set("k", b"x" * 100_000)
    views = [db.view("k") for _ in range(3)]
    db.delete("k")
    assert db._store.stats()["used_bytes"] > before + 100_000
    while views:
        views.pop().release()
        gc.collect()
    assert db._store.stats()["used_bytes"] - before < 1000


def test_small_and_uncommitted_values_are_copied(db: Any) -> None:
    db.set("small", "abc")
    db.set("n", 17)
    assert bytes(db.view("small")) == b"abc" and bytes(db.view("n")) == b"17"
    assert db.view("missing") is None
    with pytest.raises(RuntimeError), db.transaction():
        db.set("k", b"x" * 5000)
        view = db.view("k")
        raise RuntimeError
    db.set("other", b"y" * 5000)
    assert bytes(view) == b"x" * 5000
    with pytest.raises(emberkv.ResponseError):
        db.sadd("s", 1)
        db.view("s")


def test_a_closed_store_stays_for_its_views() -> None:
    db = emberkv.open()
    db.set("k", b"x" * 5000)
    view = db.view("k")
    db.close()
    with pytest.raises(emberkv.ConnectionError):
        db.get("k")
    assert bytes(view) == b"x" * 5000


def test_views_hold_between_processes_and_end_with_them(tmp_path: Path) -> None:
    path = str(tmp_path / "s.ember")
    with emberkv.open(path, durable=False) as db:  # the feed takes memory too
        db.set("k", b"x" * 100_000)
        child = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import emberkv, sys\n"
                f"db = emberkv.open({path!r}); view = db.view('k'); print('ready', flush=True)\n"
                "sys.stdin.readline(); print(bytes(view) == b'x' * 100_000, flush=True)\n"
                "sys.stdin.readline()",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdin and child.stdout
        with child:
            assert child.stdout.readline() == "ready\n"
            db.delete("k")
            used = db._store.stats()["used_bytes"]
            for i in range(20):
                db.set(f"junk{i}", b"j" * 100_000)
            child.stdin.write("\n")
            child.stdin.flush()
            assert child.stdout.readline() == "True\n"
            child.kill()
        db.flushall()
        db.set("k", b"y" * 5000)
        db.view("k")  # looks for pins of the dead
        assert db._store.stats()["used_bytes"] < used - 80_000


def test_a_fork_s_child_lets_go_of_its_own_alone(tmp_path: Path) -> None:
    with emberkv.open(str(tmp_path / "s.ember")) as db:
        db.set("k", b"x" * 5000)
        view = db.view("k")
        pid = os.fork()
        if pid == 0:
            view.release()
            gc.collect()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        db.set("k", b"y" * 5000)
        db.set("other", b"z" * 5000)
        assert bytes(view) == b"x" * 5000


def test_objects(db: Any) -> None:
    for value in (
        None,
        True,
        5,
        -2.5,
        "é",
        b"\0\xff",
        [1, [2]],
        {"a": {"b": [1]}, 1: 2},
        {(1, 2): 3, "a": {(): None}},
        2**64 - 1,
    ):
        db.put("o", value, ex=100)
        assert db.fetch("o", default="missing") == value
    assert db.fetch("missing") is None and db.fetch("missing", 7) == 7
    with pytest.raises(TypeError):
        db.put("o", object())
    db.set("o", b"\xc1")
    with pytest.raises(emberkv.DataError):
        db.fetch("o")
    db.set("o", b"\x01\x02")
    with pytest.raises(emberkv.DataError):
        db.fetch("o")


def test_decoding_handles_give_arrays_all_the_same() -> None:
    with emberkv.open(decode_responses=True) as db:
        db.rpush_array("l", ["a", "b"])
        assert db.lrange_array("l", 0, -1).tolist() == [b"a", b"b"]
        db.set("k", "é" * 5000)
        view = db.view("k")
        assert view is not None and bytes(view) == ("é" * 5000).encode()
        db.set("short", b"\xff\xfe")
        view = db.view("short")
        assert view is not None and bytes(view) == b"\xff\xfe"
        db.put("o", {"a": -1})
        assert db.fetch("o") == {"a": -1}
        db.put_array("a", [1, 2])
        assert db.get_array("a").tolist() == [1, 2]
        with pytest.raises(emberkv.ResponseError, match="WRONGTYPE"):
            db.view("l")


@pytest.mark.parametrize("few", [0, 1, 1500])
def test_many_scores_at_once_are_what_they_are_one_by_one(db: emberkv.Ember, few: int) -> None:
    chance = np.random.default_rng(few)
    names = np.array([f"member {i}" for i in range(2000)])
    db.zadd_array("z", names[:few], np.zeros(few)) if few else None
    expected = dict.fromkeys(names[:few].tolist(), 0.0)
    for scores in (
        chance.normal(size=4000),
        chance.integers(-5, 5, 4000).astype(float),
        np.zeros(4000),
        np.full(4000, -0.0),
        chance.choice([np.inf, -np.inf, 0.0, 1e300, -1e-300], 4000),
    ):
        members = chance.choice(names, 4000)  # many of them more than once
        new = db.zadd_array("z", members, scores)
        before = len(expected)
        expected.update(zip(members.tolist(), scores.tolist(), strict=True))
        assert new == len(expected) - before
        in_order = sorted((score, name.encode()) for name, score in expected.items())
        assert db.zrange("z", 0, -1, withscores=True) == [(m, s) for s, m in in_order]
        assert db.zrank("z", in_order[777][1]) == 777
        assert db._store.check()
    assert db.zadd_array("z", names, np.full(2000, 7.0), nx=True) == 2000 - len(expected)
    assert db.zadd_array("z", names, np.full(2000, 8.0), gt=True, ch=True) <= 2000
    assert db.zrem("z", *names[:1500].tolist()) == 1500
    assert db._store.check()


@pytest.mark.parametrize("dtype", ["S80", "V12", "i8", "S"])
def test_any_range_of_a_list_is_what_lrange_gives(db: emberkv.Ember, dtype: str) -> None:
    if dtype.startswith("S"):  # short and long strings, and integers among them
        strings = [b"%d" % i if i % 5 else b"x" * (i % 80) for i in range(3000)]
    else:
        strings = [b"%012d" % (10**11 + i) for i in range(3000)]
    db.rpush("l", *strings)
    db.expire("l", 100)
    for start, end in [(0, -1), (-1, 0), (5, 4), (2990, 5000), (-5000, 3), (1000, 1999), (-7, -3)]:
        found = db.lrange_array("l", start, end, dtype)
        assert [i if dtype == "i8" else bytes(i) for i in found.tolist()] == [
            int(s) if dtype == "i8" else s for s in db.lrange("l", start, end)
        ]
    with db.transaction():
        db.rpush("l", "7")
        assert db.lrange_array("l", -1, -1, "i8").tolist() == [7]
    assert db.lrange_array("missing", 0, -1, dtype).tolist() == []
    with pytest.raises(ValueError, match="element 1 "):
        db.rpush("odd", "1" * 12, "far too long " * 10)
        db.lrange_array("odd", 0, -1, dtype if dtype != "S" else "i8")
    db.set("string", "x")
    with pytest.raises(emberkv.exceptions.ResponseError, match="WRONGTYPE"):
        db.lrange_array("string", 0, -1, dtype)


def test_a_list_that_changes_while_its_array_is_made_is_read_anew(db: emberkv.Ember) -> None:
    db.rpush("l", "a", "b", "c")
    empty = np.empty

    def changing(*arguments: Any) -> Any:
        db.lpush("l", "new")
        return empty(*arguments)

    with patch.object(np, "empty", changing):
        found = db.lrange_array("l", 0, -1, "S3")
    assert found.tolist() == db.lrange("l", 0, -1)[-len(found) :] and len(found) >= 4


def test_strings_are_read_whatever_else_is_there(db: emberkv.Ember) -> None:
    keys = np.array([f"k{i}" for i in range(100)])
    db.mset_array(keys, np.arange(100))
    db.delete("k7")
    db.delete("k8")
    db.rpush("k8", "x")
    values, there = db.mget_array(keys, "i4")
    assert values.dtype == "i4" and not there[7] and not there[8] and there.sum() == 98
    assert values[9] == 9 and values[7] == 0
    with db.transaction():
        db.set("k9", "10")
        assert db.mget_array(keys, "i8")[0][9] == 10
    assert db.mget_array(keys, ">i8")[0].tolist()[10] == 10
    with pytest.raises(ValueError, match="element 3"):
        db.set("k3", "three")
        db.mget_array(keys, "f8")


# Places


def test_places_go_in_and_out_as_arrays(db: emberkv.Ember) -> None:
    longitudes = np.array([13.361389, 15.087269, -179.5, 0.0])
    latitudes = np.array([38.115556, 37.502669, -84.25, 0.0])
    names = np.array([b"Palermo", b"Catania", b"far", b"zero"])
    assert db.geoadd_array("arrays", longitudes, latitudes, names) == 4
    rows = zip(longitudes, latitudes, names, strict=True)
    assert db.geoadd("one by one", [x for row in rows for x in row]) == 4
    assert db.zrange("arrays", 0, -1, withscores=True) == db.zrange(
        "one by one", 0, -1, withscores=True
    )
    positions = db.geopos_array("arrays", [*names, b"nowhere"])
    assert np.array_equal(positions[:4], db.geopos("arrays", *names))
    assert np.isnan(positions[4]).all()
    members, distances, places = db.geosearch_array(
        "arrays", longitude=15, latitude=37, radius=200, unit="km", sort="ASC"
    )
    found = db.geosearch(
        "arrays", longitude=15, latitude=37, radius=200, unit="km", sort="ASC", withdist=True
    )
    assert list(zip(members, distances, strict=True)) == [tuple(f) for f in found]
    assert np.array_equal(places, db.geopos("arrays", *members))


def test_members_may_be_numbers_with_a_fraction(db: Any) -> None:
    members = np.array([1.5, -0.0, 1e300, np.inf, np.nan])
    assert db.zadd_array("z", members, np.arange(5.0)) == 5
    assert db.zrange("z", 0, -1) == [b"1.5", b"-0", b"1e+300", b"inf", b"nan"]
    assert db.zadd_array("z", members, members[:4].tolist() + [7.0], ch=True) == 5
    assert db.zmscore_array("z", members).tolist() == [1.5, 0.0, 1e300, np.inf, 7.0]
    assert db.geoadd_array("g", np.array([10.5, 11.5]), np.array([45.5, 46.5]), members[:2]) == 2
    assert db.zrange("g", 0, -1) == [b"1.5", b"-0"]


def test_masked_elements_are_refused_as_they_have_no_value(db: Any) -> None:
    masked = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    whole = np.ma.array([1.0, 2.0], mask=False)
    for call in (
        lambda: db.put_array("a", masked),
        lambda: db.zadd_array("z", ["a", "b", "c"], masked),
        lambda: db.sadd_array("s", masked),
        lambda: db.setbits_array("b", masked),
        lambda: db.mset_array(["a", "b", "c"], masked),
    ):
        with pytest.raises(emberkv.DataError, match="masked"):
            call()
    assert db.keys() == []
    assert db.put_array("a", whole) and db.get_array("a").tolist() == [1.0, 2.0]
    assert db.sadd_array("s", masked.compressed()) == 2


@pytest.mark.filterwarnings("ignore:Stored array in format")
@pytest.mark.parametrize(
    "names", [["größe"], ["ключ", "日本"], [f"{'wide' * 9}{i}" for i in range(3000)]]
)
def test_arrays_of_records_come_back_whatever_their_fields_are_called(
    db: Any, names: list[str]
) -> None:
    records = np.zeros((2, 3), [(name, "<i4") for name in names])
    records[names[0]][1] = 7
    db.put_array("records", records)
    for copy in (True, False):
        read = db.get_array("records", copy=copy)
        assert read.dtype == records.dtype and (read == records).all()


def test_a_damaged_header_is_an_error(db: Any) -> None:
    db.put_array("a", np.arange(300))
    whole = db.get("a")
    for header in (b"-" * 60_000 + b"1", b"{" * 5_000, b"\xff\xfe", b""):
        for version in (b"\1\0", b"\2\0", b"\3\0", b"\4\0"):
            size = len(header).to_bytes(2 if version == b"\1\0" else 4, "little")
            db.set("a", whole[:6] + version + size + header)
            with pytest.raises(emberkv.DataError, match="damaged"):
                db.get_array("a")
    for end in range(6, 140):
        db.set("a", whole[:end])
        with pytest.raises(emberkv.DataError, match="damaged"):
            db.get_array("a")


def test_no_bits_are_asked_for_before_the_first(db: Any) -> None:
    db.set("b", "x")
    for where in ((-1,), (-1, 8), (3, -2)):
        with pytest.raises(emberkv.DataError, match="not negative"):
            db.getbits_array("b", *where)


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="numpy 1 has no such strings")
def test_strings_of_any_length_are_refused(db: Any) -> None:
    with pytest.raises(emberkv.DataError, match="StringDType"):
        db.rpush_array("l", np.array(["a", "b" * 50], np.dtypes.StringDType()))
