"""Fields of hashes whose time comes, with a clock that the test sets."""

import pytest

import emberkv
from emberkv._core import _ember

SIZES = [3, 3000]  # a listpack, a table


@pytest.fixture
def clock():
    return _ember.Clock(1_000_000)


@pytest.fixture
def db(clock):
    with emberkv.open(clock=clock) as db:
        yield db


def fields(first, last):
    return [f"f{i}" for i in range(first, last)]


def make(db, key, n, expiring, ms=1000):
    db.hset(key, mapping={f: "v" for f in fields(0, n)})
    names = fields(0, expiring)
    assert db.execute_command("HPEXPIRE", key, ms, "FIELDS", expiring, *names) == [1] * expiring


@pytest.mark.parametrize("n", SIZES)
def test_expired_fields_are_gone_for_every_reader(db, clock, n):
    make(db, "h", n, n - 1)
    clock.advance(2)
    left = {f"f{n - 1}".encode(): b"v"}
    assert db.hget("h", "f0") is None and db.hexists("h", "f0") == 0
    assert db.hmget("h", ["f0", f"f{n - 1}"]) == [None, b"v"]
    assert db.hlen("h") == 1 and db.hgetall("h") == left
    assert db.hkeys("h") == list(left) and db.hvals("h") == [b"v"]
    assert dict(db.hscan_iter("h")) == left
    assert db.hrandfield("h") in left and db.hrandfield("h", 5) == list(left)
    assert db.hstrlen("h", "f0") == 0
    assert db.hset("h", "f0", "w") == 1 and db.hsetnx("h", f"f{n - 2}", "w") == 1
    assert db.hincrby("h", "f1" if n > 3 else "new", 2) == 2
    assert db.execute_command("HTTL", "h", "FIELDS", 1, "f0") == [-1]
    assert db._session.store.check()


@pytest.mark.parametrize("n", SIZES)
def test_a_hash_whose_fields_have_all_expired_is_gone(db, clock, n):
    make(db, "h", n, n)
    clock.advance(2)
    assert db.exists("h") == 0 and db.hgetall("h") == {} and db.dbsize() == 0
    assert db.hset("h", "f0", "v") == 1 and db.hlen("h") == 1


@pytest.mark.parametrize("n", SIZES)
def test_copies_and_moves_keep_the_times(db, clock, n):
    make(db, "h", n, n - 1)
    assert db.copy("h", "copied") and db.rename("h", "renamed") and db.copy("renamed", "away")
    assert db.move("away", 1)
    clock.advance(2)
    assert db.hlen("copied") == db.hlen("renamed") == 1
    db.select(1)
    assert db.hlen("away") == 1


def test_removing_the_last_field_that_has_not_expired_removes_the_key(db, clock):
    make(db, "h", 3000, 2999)
    clock.advance(2)
    assert db.hdel("h", "f2999") == 1
    assert db.exists("h") == 0


@pytest.mark.parametrize("n", SIZES)
def test_expired_fields_are_freed_without_being_asked_for(db, clock, n):
    db.set("other", "1")
    before = db._session.store.stats()["used_bytes"]
    make(db, "h", n, n)
    clock.advance(2)
    for _ in range(20_000):
        db.execute_command("SETRANGE", "other", 0, "1")
        if db.dbsize() == 1 and db._session.store.stats()["used_bytes"] == before:
            break
    assert db.dbsize() == 1
    assert db._session.store.stats()["used_bytes"] == before


def test_a_field_keeps_its_time_when_counted_and_loses_it_when_set(db, clock):
    db.hset("h", mapping={"n": "1", "s": "x"})
    db.execute_command("HPEXPIRE", "h", 5000, "FIELDS", 2, "n", "s")
    db.hincrby("h", "n", 2)
    db.hset("h", "s", "y")
    assert db.execute_command("HPTTL", "h", "FIELDS", 2, "n", "s") == [5000, -1]
    clock.advance(6)
    assert db.hgetall("h") == {b"s": b"y"}
