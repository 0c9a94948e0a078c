"""XADD with IDMP and IDMPAUTO, XCFGSET and XIDMPRECORD, by their documents.

No server that knows them is at hand."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Iterator

import pytest

import emberkv
from emberkv import ResponseError

NOW_MS = 1_800_000_000_000
FACTS = (
    *("idmp-duration", "idmp-maxsize", "pids-tracked"),
    *("iids-tracked", "iids-added", "iids-duplicates"),
)


@pytest.fixture
def clock() -> emberkv.Clock:
    return emberkv.Clock(NOW_MS)


@pytest.fixture
def db(clock: emberkv.Clock) -> Iterator[emberkv.Ember]:
    with emberkv.open(clock=clock) as db:
        yield db
        assert db._store.check()


def facts(db: emberkv.Ember, key: str = "s") -> tuple[int, ...]:
    info = db.xinfo_stream(key)
    return tuple(info[name] for name in FACTS)


def test_what_is_sent_again_is_not_added_again(db: emberkv.Ember) -> None:
    first = db.xadd("s", {"f": "v"}, idmp=("p", b"one"))
    assert db.xadd("s", {"f": "another value"}, idmp=("p", b"one")) == first
    second = db.xadd("s", {"f": "v"}, idmp=("p", b"two"))
    other = db.xadd("s", {"f": "v"}, idmp=("q", b"one"))
    assert db.xrange("s") == [(id, {b"f": b"v"}) for id in (first, second, other)]
    assert facts(db) == (100, 100, 2, 3, 3, 1)


def test_the_contents_may_be_the_name(db: emberkv.Ember) -> None:
    first = db.xadd("s", {"a": "1", "b": "2"}, idmpauto="p")
    assert db.xadd("s", {"b": "2", "a": "1"}, idmpauto="p") == first
    different = [{"a": "1"}, {"a": "2", "b": "1"}, {"a1": "", "b": "2"}, {"ab": "", "1": "2"}]
    ids = {first, *(db.xadd("s", fields, idmpauto="p") for fields in different)}
    assert len(ids) == 5 == db.xlen("s")
    assert db.xadd("s", {"a": "1", "b": "2"}, idmpauto="q") not in ids


def test_a_stream_without_producers_says_nothing_of_them(db: emberkv.Ember) -> None:
    db.xadd("s", {"f": "v"})
    assert not set(FACTS) & set(db.xinfo_stream("s"))
    assert db.xadd("none", {"f": "v"}, nomkstream=True, idmp=("p", b"1")) is None
    assert db.exists("none") == 0


def test_a_message_is_known_for_so_long(db: emberkv.Ember, clock: emberkv.Clock) -> None:
    first = db.xadd("s", {"f": "v"}, idmp=("p", b"one"))
    clock.advance(99.999)
    assert db.xadd("s", {"f": "v"}, idmp=("p", b"one")) == first
    clock.advance(0.001)
    again = db.xadd("s", {"f": "v"}, idmp=("p", b"one"))
    assert again != first and facts(db) == (100, 100, 1, 1, 2, 1)
    clock.advance(1000)
    db.xadd("s", {"f": "v"}, idmp=("q", b"one"))  # what is too old goes, whosever it is
    assert facts(db)[2:4] == (1, 1)


def test_so_many_of_a_producer_are_known(db: emberkv.Ember) -> None:
    db.xadd("s", {"f": "v"})
    db.xcfgset("s", idmp_maxsize=3)
    ids = [db.xadd("s", {"f": "v"}, idmp=("p", b"%d" % i)) for i in range(5)]
    assert facts(db)[1:5] == (3, 1, 3, 5)
    for i in (2, 3, 4):
        assert db.xadd("s", {"f": "v"}, idmp=("p", b"%d" % i)) == ids[i]
    assert db.xadd("s", {"f": "v"}, idmp=("p", b"0")) not in ids


def test_deleted_entries_were_sent_all_the_same(db: emberkv.Ember) -> None:
    first = db.xadd("s", {"f": "v"}, idmp=("p", b"one"))
    db.xdel("s", first)
    assert db.xadd("s", {"f": "v"}, idmp=("p", b"one")) == first
    assert db.xlen("s") == 0


def test_other_limits_forget_everything_and_the_same_ones_nothing(db: emberkv.Ember) -> None:
    first = db.xadd("s", {"f": "v"}, idmp=("p", b"one"))
    assert db.xcfgset("s", idmp_duration=100, idmp_maxsize=100) == b"OK"
    assert db.xadd("s", {"f": "v"}, idmp=("p", b"one")) == first
    db.xcfgset("s", idmp_duration=200)
    assert facts(db) == (200, 100, 0, 0, 1, 1)
    assert db.xadd("s", {"f": "v"}, idmp=("p", b"one")) != first


def test_settings_are_the_limits_of_streams_that_begin(db: emberkv.Ember) -> None:
    db.config_set("stream-idmp-duration", 7)
    db.config_set("stream-idmp-maxsize", 5)
    db.xadd("s", {"f": "v"}, idmp=("p", b"one"))
    assert facts(db)[:2] == (7, 5)
    for name, value in (("duration", 0), ("duration", 86401), ("maxsize", 0), ("maxsize", 10001)):
        with pytest.raises(ResponseError):
            db.config_set(f"stream-idmp-{name}", value)


WRONG = {
    "XADD s IDMP p i 1-1 f v": "only with auto-generated",
    "XADD s IDMPAUTO p 5-* f v": "only with auto-generated",
    "XADD s IDMPAUTO p IDMP q i * f v": "multiple times",
    "XADD s IDMP p i": "wrong number of arguments",
    "XADD s IDMP p i *": "wrong number of arguments",
    "XADD s IDMP p i * f": "wrong number of arguments",
    "XADD l IDMP p i * f v": "WRONGTYPE",
    "XCFGSET s": "At least one",
    "XCFGSET s IDMP-DURATION": "syntax",
    "XCFGSET s IDMP-DURATION 0": "between 1 and 86400",
    "XCFGSET s IDMP-MAXSIZE 10001": "between 1 and 10000",
    "XCFGSET s IDMP-MAXSIZE x": "not an integer",
    "XCFGSET none IDMP-MAXSIZE 1": "no such key",
    "XCFGSET l IDMP-MAXSIZE 1": "WRONGTYPE",
    "XIDMPRECORD s p i 9-9": "no such entry",
    "XIDMPRECORD none p i 1-1": "no such key",
    "XIDMPRECORD s p one 1-1": "another entry",
}


@pytest.mark.parametrize("command", WRONG)
def test_what_is_wrong_is_refused_and_changes_nothing(db: emberkv.Ember, command: str) -> None:
    db.rpush("l", "x")
    db.xadd("s", {"f": "v"}, "1-1")
    db.xadd("s", {"f": "v"}, idmp=("p", b"one"))
    before = db.xinfo_stream("s", full=True)
    with pytest.raises(ResponseError, match=WRONG[command]):
        db.execute_command(*command.split())
    assert db.xinfo_stream("s", full=True) == before


def test_empty_names_are_refused(db: emberkv.Ember) -> None:
    for args in (("IDMPAUTO", ""), ("IDMP", "", "i"), ("IDMP", "p", "")):
        with pytest.raises(ResponseError, match="not empty"):
            db.execute_command("XADD", "s", *args, "*", "f", "v")


def test_a_log_can_tell_what_an_entry_was(db: emberkv.Ember) -> None:
    db.xadd("s", {"f": "v"}, "1-1")
    for _ in range(2):
        assert db.execute_command("XIDMPRECORD", "s", "p", "one", "1-1") == b"OK"
    assert db.xadd("s", {"f": "v"}, idmp=("p", b"one")) == b"1-1"


def test_copies_know_what_was_sent(db: emberkv.Ember) -> None:
    db.xadd("s", {"f": "v"})
    db.xcfgset("s", idmp_maxsize=2)
    ids = [db.xadd("s", {"f": "v"}, idmp=("p", b"%d" % i)) for i in range(3)]
    db.copy("s", "t")
    db.delete("s")
    assert facts(db, "t") == (100, 2, 1, 2, 3, 0)
    assert db.xadd("t", {"f": "v"}, idmp=("p", b"2")) == ids[2]
    assert db.xadd("t", {"f": "v"}, idmp=("p", b"0")) not in ids


def test_much_that_was_sent_is_freed_again(db: emberkv.Ember) -> None:
    db.set("x", "y")
    empty = db._store.stats()["blocks"]
    for limit in (10_000, 9_999):
        db.xadd("s", {"f": "v"}, maxlen=1)
        db.xcfgset("s", idmp_maxsize=limit)
        for i in range(2000):
            db.xadd("s", {"f": "v"}, maxlen=1, idmp=(f"producer {i % 7}", b"%d" % i))
    db.delete("s")
    for _ in range(200):
        db.set("x", "y")
    assert db._store.stats()["blocks"] == empty


def test_the_model_says_the_same(db: emberkv.Ember, clock: emberkv.Clock) -> None:
    """Random producers, names, pauses and limits, against dicts in the order of their adding."""
    chance = random.Random(6)
    model: dict[bytes, OrderedDict[bytes, tuple[int, bytes]]] = {}
    seconds = most = 100
    db.xadd("s", {"f": "v"})
    for _ in range(3000):
        draw = chance.random()
        if draw < 0.01:
            limits = chance.choice([1, 5, 100]), chance.choice([1, 3, 50])
            db.xcfgset("s", idmp_duration=limits[0], idmp_maxsize=limits[1])
            if limits != (seconds, most):
                model.clear()
            seconds, most = limits
        elif draw < 0.1:
            clock.advance(chance.choice([0.001, 0.5, 3]))
        else:
            producer = b"p%d" % chance.randrange(5)
            name = b"m%d" % chance.randrange(chance.choice([3, 100]))
            known = model.setdefault(producer, OrderedDict())
            id = db.xadd("s", {"f": "v"}, idmp=(producer, name))
            if name in known and clock.now_ms - known[name][0] < seconds * 1000:
                assert id == known[name][1]
            else:
                known.pop(name, None)
                assert all(id != other for _, other in known.values())
                known[name] = clock.now_ms, id
                while len(known) > most:
                    known.popitem(last=False)
    assert db._store.check()
