from __future__ import annotations

import pytest

walrus = pytest.importorskip("walrus")


@pytest.fixture
def db(client):
    return walrus.Database(connection_pool=client.connection_pool)


def test_containers(db):
    h = db.Hash("h")
    h.update(a=1, b=2)
    assert h["a"] == b"1" and sorted(h.keys()) == [b"a", b"b"]
    z = db.ZSet("z")
    z.add({"a": 1, "b": 2})
    assert z[:1] == [b"a"] or list(z.range(0, 0)) == [b"a"]
    s = db.Set("s")
    s.add("x", "y")
    assert "x" in s and len(s) == 2
    items = db.List("l")
    items.extend([1, 2, 3])
    assert items.pop() == b"3" and len(items) == 2
    assert db.get_key("h")["b"] == b"2"


def test_a_cache(db):
    cache = db.cache()
    calls = []

    @cache.cached(timeout=60)
    def square(x):
        calls.append(x)
        return x * x

    assert [square(3), square(3)] == [9, 9] and calls == [3]


@pytest.mark.needs("EVALSHA")
def test_models(db):
    class User(walrus.Model):
        __database__ = db
        name = walrus.TextField(primary_key=True)
        age = walrus.IntegerField(index=True)

    User.create(name="ada", age=36)
    User.create(name="bob", age=20)
    assert [user.name for user in User.query(User.age > 30)] == ["ada"]
    assert User.load("bob").age == 20


@pytest.mark.needs("EVALSHA")
def test_locks_and_rate_limits(db):
    with db.lock("l", ttl=5000):
        assert not db.lock("l").acquire(block=False)
    rate = db.rate_limit("r", limit=2, per=60)
    assert [rate.limit("me") for _ in range(3)] == [False, False, True]


@pytest.mark.needs("XADD", "XREADGROUP")
def test_streams(db):
    group = db.consumer_group("g", ["events"])
    group.create()
    db.Stream("events").add({"a": 1})
    [(stream, [(_, data)])] = group.read()
    assert (stream, data) == ("events", {b"a": b"1"}) or data == {b"a": b"1"}
