"""String commands after Redis 7, by their documents: no server that knows them is at hand."""

import pytest

import emberkv
from emberkv.exceptions import DataError, ResponseError
from emberkv.options import DataPersistOptions

HELLO = b"9555e8555c62dcfd"


@pytest.fixture
def db():
    with emberkv.open() as db:
        db.set("s", "hello")
        db.set("n", 41)
        db.rpush("l", "a")
        yield db


def test_digest(db):
    assert db.digest("s") == HELLO
    assert db.digest("n") != HELLO and len(db.digest("n")) == 16
    assert db.digest("missing") is None
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        db.digest("l")


@pytest.mark.parametrize(
    "key, condition, met",
    [
        ("s", {"ifeq": "hello"}, True),
        ("s", {"ifeq": "other"}, False),
        ("s", {"ifne": "hello"}, False),
        ("s", {"ifne": "other"}, True),
        ("n", {"ifeq": "41"}, True),
        ("n", {"ifeq": 41}, True),
        ("s", {"ifdeq": HELLO}, True),
        ("s", {"ifdeq": HELLO.upper()}, True),
        ("n", {"ifdeq": HELLO}, False),
        ("s", {"ifdne": HELLO}, False),
        ("n", {"ifdne": HELLO}, True),
        ("missing", {"ifeq": ""}, False),
        ("missing", {"ifne": ""}, True),
        ("missing", {"ifdeq": HELLO}, False),
        ("missing", {"ifdne": HELLO}, True),
    ],
)
def test_set_compares_first(db, key, condition, met):
    before = db.get(key)
    assert db.set(key, "new", **condition, ex=100) is (True if met else None)
    assert db.get(key) == (b"new" if met else before)
    assert (db.ttl(key) > 0) == met
    db.set(key, before) if before is not None else db.delete(key)
    assert db.set(key, "new", **condition, get=True) == before
    assert db.get(key) == (b"new" if met else before)


def test_set_with_a_comparison_wants_a_string_and_one_condition(db):
    for condition in ({"ifeq": "a"}, {"ifdne": HELLO}):
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            db.set("l", "new", **condition)
    for words in (["IFEQ"], ["IFEQ", "a", "NX"], ["XX", "IFNE", "a"], ["IFEQ", "a", "IFEQ", "b"]):
        with pytest.raises(ResponseError, match="syntax error"):
            db.execute_command("SET", "s", "new", *words)
    for digest in ("", "1", "g" * 16, "0" * 17):
        with pytest.raises(ResponseError, match="16 hexadecimal"):
            db.set("s", "new", ifdeq=digest)
    assert db.get("s") == b"hello" and db.lrange("l", 0, -1) == [b"a"]


def test_delex(db):
    assert db.delex("s", ifeq="other") == 0
    assert db.delex("s", ifdne=HELLO) == 0
    assert db.delex("s", ifdeq=HELLO) == 1
    assert db.delex("s", ifne="x") == 0
    assert db.delex("n", ifne="x") == 1
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        db.delex("l", ifeq="a")
    assert db.delex("l") == 1
    assert db.dbsize() == 0
    with pytest.raises(ResponseError, match="syntax error"):
        db.execute_command("DELEX", "s", "NX")


def test_msetex(db):
    assert db.msetex({"a": 1, "b": 2}, ex=100) == 1
    assert db.mget("a", "b") == [b"1", b"2"] and 0 < db.ttl("a") <= 100
    nx, xx = DataPersistOptions.NX, DataPersistOptions.XX
    assert db.msetex({"a": 3, "c": 3}, nx) == 0 and not db.exists("c")
    assert db.msetex({"a": 3, "c": 3}, xx) == 0 and not db.exists("c")
    assert db.msetex({"a": 3, "b": 3}, xx, keepttl=True) == 1
    assert db.get("a") == b"3" and db.ttl("a") > 0
    assert db.msetex({"a": 4}) == 1 and db.ttl("a") == -1
    assert db.msetex({"l": "now a string"}) == 1 and db.get("l") == b"now a string"
    for words in (["0", "a", 1], ["x", "a", 1], ["-1", "a", 1]):
        with pytest.raises(ResponseError, match="numkeys"):
            db.execute_command("MSETEX", *words)
    for words in (
        ["2", "a", 1],
        ["1", "a", 1, "b"],
        ["1", "a", 1, "NX", "XX"],
        ["1", "a", 1, "EX"],
    ):
        with pytest.raises(ResponseError, match="syntax error"):
            db.execute_command("MSETEX", *words)
    with pytest.raises(ResponseError, match="invalid expire time in 'msetex'"):
        db.msetex({"a": 1}, ex=0)
    assert db.command_getkeys("MSETEX", 2, "a", 1, "b", 2, "EX", 5) == ["a", "b"]


def test_increx_adds_within_bounds(db):
    assert db.increx("n") == [42, 1]
    assert db.increx("n", byint=10, ubound=50) == [42, 0]
    assert db.increx("n", byint=10, ubound=50, saturate=True) == [50, 8]
    assert db.increx("n", byint=-100, lbound=0, saturate=True) == [0, -50]
    assert db.increx("new", byint=5, ubound=4) == [0, 0]
    assert not db.exists("new")
    assert db.increx("new", byint=-5) == [-5, -5]
    db.set("big", 2**63 - 2)
    assert db.increx("big", byint=5) == [2**63 - 2, 0]
    assert db.increx("big", byint=5, saturate=True) == [2**63 - 1, 1]


def test_increx_adds_floats(db):
    assert db.increx("f", byfloat=1.5) == [1.5, 1.5]
    assert db.get("f") == b"1.5"
    assert db.increx("f", byfloat=0.25, ubound=1.6) == [1.5, 0]
    assert db.increx("f", byfloat=10, ubound="2.5", saturate=True) == [2.5, 1]
    assert db.increx("n", byfloat="0.5") == [41.5, 0.5]
    for amount in ("x", "nan"):
        with pytest.raises(ResponseError, match="not a valid float"):
            db.increx("f", byfloat=amount)


def test_increx_sets_times(db):
    assert db.increx("c", ex=100, enx=True) == [1, 1] and 90 < db.ttl("c") <= 100
    assert db.increx("c", ex=500, enx=True) == [2, 1] and db.ttl("c") <= 100
    assert db.increx("c", px=500_000) == [3, 1] and db.ttl("c") > 100
    assert db.increx("c", byint=9, ubound=5, ex=10) == [3, 0] and db.ttl("c") > 100
    assert db.increx("c") == [4, 1] and db.ttl("c") > 100
    assert db.increx("c", persist=True) == [5, 1] and db.ttl("c") == -1
    assert db.increx("c", exat=1) == [6, 1] and not db.exists("c")
    with pytest.raises(DataError):
        db.increx("c", enx=True)


def test_increx_errors(db):
    for key, words, error in (
        ("l", [], "WRONGTYPE"),
        ("s", [], "not an integer"),
        ("s", ["BYFLOAT", "1"], "not a valid float"),
        ("n", ["BYINT", "1.5"], "not an integer"),
        ("n", ["LBOUND", "x"], "not an integer"),
        ("n", ["LBOUND", "5", "UBOUND", "4"], "LBOUND"),
        ("n", ["BYINT"], "syntax error"),
        ("n", ["BYINT", "1", "BYFLOAT", "1"], "syntax error"),
        ("n", ["ENX"], "syntax error"),
        ("n", ["ENX", "PERSIST"], "syntax error"),
        ("n", ["EX", "1", "PX", "1"], "syntax error"),
        ("n", ["EX", "0"], "invalid expire time"),
        ("n", ["NOPE"], "syntax error"),
    ):
        with pytest.raises(ResponseError, match=error):
            db.execute_command("INCREX", key, *words)
    assert db.get("n") == b"41"
