"""What later servers brought, by their documents: no server that knows it can be had by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import emberkv
from emberkv import ResponseError

NOW_MS = 1_800_000_000_000


@pytest.fixture
def clock() -> emberkv.Clock:
    return emberkv.Clock(NOW_MS)


@pytest.fixture
def db(clock: emberkv.Clock) -> Iterator[emberkv.Ember]:
    with emberkv.open(clock=clock) as db:
        yield db
        assert db._store.check()


def test_unions_and_differences_are_counted(db: emberkv.Ember) -> None:
    db.sadd("a", *range(100), "x", "y")
    db.sadd("b", *range(50, 150), "y")
    assert db.sunioncard(2, ["a", "b"]) == len(db.sunion("a", "b")) == 152
    assert db.sunioncard(2, ["a", "b"], limit=7) == db.sunioncard(1, ["a"], limit=7) == 7
    assert db.sunioncard(3, ["a", "b", "none"], approx=True) == 152
    assert db.sdiffcard(2, ["a", "b"]) == len(db.sdiff("a", "b")) == 51
    assert db.sdiffcard(2, ["a", "b"], limit=5) == 5
    assert db.sdiffcard(2, ["none", "b"]) == 0 == db.sunioncard(1, ["none"])


@pytest.mark.parametrize(
    "command",
    ["SUNIONCARD 0 a", "SUNIONCARD 2 a", "SDIFFCARD 1 a APPROX", "SDIFFCARD 1 a LIMIT"]
    + ["SDIFFCARD 1 a LIMIT -1", "SUNIONCARD 1 string", "SDIFFCARD x a"],
)
def test_what_cannot_be_counted(db: emberkv.Ember, command: str) -> None:
    db.set("string", "s")
    with pytest.raises(ResponseError):
        db.execute_command(*command.split())


def test_weights_are_counted(db: emberkv.Ember) -> None:
    db.zadd("a", {"x": 5, "y": -7})
    db.zadd("b", {"x": float("inf"), "z": 1})
    db.sadd("c", "x")
    assert db.zunion(["a", "b", "c"], aggregate="COUNT", withscores=True) == [
        *((b"y", 1), (b"z", 1), (b"x", 3)),
    ]
    assert db.zunionstore("to", {"a": 2, "b": 0.5}, aggregate="COUNT") == 3
    assert db.zrange("to", 0, -1, withscores=True) == [(b"z", 0.5), (b"y", 2), (b"x", 2.5)]
    assert db.zinter({"a": 2, "c": 3}, aggregate="COUNT", withscores=True) == [(b"x", 5)]


def test_a_picture(db: emberkv.Ember) -> None:
    picture = db.lolwut()
    assert picture.count(b"\n") > 10 and b"Redis ver. 7.0.15" in picture
    assert db.lolwut(5) != picture


# Events of fields


def told(db: emberkv.Ember, events: str, *commands: tuple[Any, ...]) -> list[tuple[bytes, bytes]]:
    """What is published while the commands run, with this setting."""
    db.config_set("notify-keyspace-events", events)
    with db.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.psubscribe("__subkey*")
        subscriber.get_message(timeout=1)
        for command in commands:
            db.execute_command(*command)
        messages = []
        while message := subscriber.get_message():
            messages.append((message["channel"], message["data"]))
    return messages


def test_each_kind_of_channel_tells_the_fields(db: emberkv.Ember) -> None:
    command = ("HSET", "h", "f1", "v", "field,2", "v")
    fields = b"2:f1,7:field,2"
    assert told(db, "S", command) == [(b"__subkeyspace@0__:h", b"hset|" + fields)]
    assert told(db, "T", command) == [(b"__subkeyevent@0__:hset", b"1:h|" + fields)]
    assert told(db, "V", command) == [(b"__subkeyspaceevent@0__:hset|h", fields)]
    assert told(db, "I", command) == [
        (b"__subkeyspaceitem@0__:h\nf1", b"hset"),
        (b"__subkeyspaceitem@0__:h\nfield,2", b"hset"),
    ]
    assert told(db, "I", ("HSET", "a\nkey", "f", "v")) == []
    assert told(db, "KEA", command) == [] == told(db, "", command)
    assert len(told(db, "KEASTIV", command)) == 5


def test_each_command_tells_the_fields_that_it_changed(db: emberkv.Ember) -> None:
    db.hset("h", mapping=dict.fromkeys(["a", "b", "c", "d"], 1))
    soon = ("FIELDS", 2, "a", "none")
    seen = told(
        db,
        "S",
        ("HSETNX", "h", "a", 1),
        ("HSETNX", "h", "e", 1),
        ("HINCRBY", "h", "a", 1),
        ("HINCRBYFLOAT", "h", "a", 1),
        ("HMSET", "h", "a", 1, "b", 2),
        ("HDEL", "h", "e", "none"),
        ("HDEL", "h", "none"),
        ("HEXPIRE", "h", 100, *soon),
        ("HGETEX", "h", "EX", 50, *soon),
        ("HGETEX", "h", "PERSIST", *soon),
        ("HEXPIRE", "h", 100, *soon),
        ("HPERSIST", "h", *soon),
        ("HSETEX", "h", "EX", 9, "FIELDS", 2, "a", 1, "b", 2),
        ("HPEXPIREAT", "h", 1, "FIELDS", 1, "d"),
        ("HGETDEL", "h", "FIELDS", 2, "c", "none"),
        ("HSETEX", "h", "PXAT", 1, "FIELDS", 2, "a", 1, "new", 2),
    )
    assert [data for _, data in seen] == [
        b"hset|1:e",
        b"hincrby|1:a",
        b"hincrbyfloat|1:a",
        b"hset|1:a,1:b",
        b"hdel|1:e",
        b"hexpire|1:a",
        b"hexpire|1:a",
        b"hpersist|1:a",
        b"hexpire|1:a",
        b"hpersist|1:a",
        b"hset|1:a,1:b",
        b"hexpire|1:a,1:b",
        b"hdel|1:d",
        b"hdel|1:c",
        b"hset|1:a,3:new",
        b"hdel|1:a",
    ]


@pytest.mark.parametrize("fields", [3, 2000])
def test_fields_that_expire_are_told_together(
    db: emberkv.Ember, clock: emberkv.Clock, fields: int
) -> None:
    names = [str(i) for i in range(fields)]
    db.hset("h", mapping=dict.fromkeys(names, "v"))
    db.hset("h", "stays", "v")
    db.hexpire("h", 10, *names[:2])
    clock.advance(11)
    seen = told(db, "S", ("HGET", "h", "stays"), ("HLEN", "h"))
    assert seen == [(b"__subkeyspace@0__:h", b"hexpired|1:0,1:1")]


def test_the_setting_is_told_with_its_letters(db: emberkv.Ember) -> None:
    db.config_set("notify-keyspace-events", "KVISTh")
    assert db.config_get("notify-keyspace-events") == {"notify-keyspace-events": "hKSTIV"}
