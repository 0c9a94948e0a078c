"""Values of every type and size, the same of any two stores, and what there is to see of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import emberkv


def content(db: Any, key: str) -> tuple[Any, ...]:
    """Type, encoding and the whole value."""
    kind = db.type(key)
    read: dict[bytes, Callable[[], Any]] = {
        b"string": lambda: db.get(key),
        b"list": lambda: db.lrange(key, 0, -1),
        b"set": lambda: db.smembers(key),
        b"zset": lambda: db.zrange(key, 0, -1, withscores=True),
        b"hash": lambda: db.hgetall(key),
        b"stream": lambda: emberkv.redis_client(db).xrange(key),
        b"none": lambda: None,
    }
    return kind, db.execute_command("OBJECT", "ENCODING", key), read[kind]()


def some_value(chance: random.Random) -> bytes | str:
    kinds: list[Callable[[], bytes | str]] = [
        lambda: str(
            chance.choice([0, -1, 127, 128, -129, 32767, 32768, 2**31, -(2**63), 2**63 - 1])
        ),
        lambda: chance.randbytes(chance.randrange(40)),
        lambda: b"ab" * chance.randrange(3000),
        lambda: b"x" * chance.randrange(70),
        lambda: f"{chance.randrange(1000):030d}",
        lambda: str(chance.random()),
        lambda: chance.randbytes(20) * chance.randrange(200),
    ]
    return chance.choice(kinds)()


def make(db: Any, seed: int) -> None:
    """Make `k`: the same of any two stores that are given the same seed."""
    chance = random.Random(seed)
    n = chance.choice([1, 2, 5, 100, 600, 2000])
    values = [some_value(chance) for _ in range(n)]
    scores = [chance.choice([1, 2.5, -3e300, float("inf"), 1e17, chance.random()]) for _ in values]
    kinds: list[Callable[[], Any]] = [
        lambda: db.set("k", values[0]),
        lambda: db.rpush("k", *values),
        lambda: db.rpush("k", b"z" * chance.choice([10, 9000, 100_000]), 1),
        lambda: db.sadd("k", *values),
        lambda: db.sadd("k", *(i * 10 ** (seed % 14) for i in range(n))),
        lambda: db.zadd("k", dict(zip(values, scores, strict=True))),
        lambda: db.zadd("k", {f"m{i}": i for i in range(n)}),
        lambda: db.hset("k", mapping=dict(zip(values, reversed(values), strict=True))),
        lambda: db.hset("k", mapping={f"f{i}": "v" for i in range(n)}),
    ]
    chance.choice(kinds)()


def make_stream(db: Any, seed: int) -> None:
    """A stream `k` with deletions, groups, consumers and what is pending; the same for one seed."""
    chance = random.Random(seed)
    names = [b"a", b"b", b"long name" * 4]
    for i in range(1, chance.choice([2, 5, 350])):
        fields = {n: some_value(chance) for n in names[: chance.choice([1, 3, 3, 3])]}
        db.xadd("k", fields, id=f"{i * 10}-{chance.randrange(3)}" if seed % 2 else f"5-{i}")
    ids = [entry[0] for entry in db.xrange("k")]
    db.xdel("k", *chance.sample(ids, len(ids) // 4), "9999-1")
    if seed % 3 == 0:
        db.xtrim("k", maxlen=len(ids) // 2, approximate=False)
    for group in ("g", "h")[: seed % 3]:
        db.xgroup_create("k", group, id=chance.choice(["0", "$"]))
        for consumer in ("one", "two"):
            db.xgroup_createconsumer("k", group, consumer)
            db.xreadgroup(group, consumer, {"k": ">"}, count=chance.choice([1, 7, 200]))
        taken = [p["message_id"] for p in db.xpending_range("k", group, "-", "+", 50)]
        if taken:
            db.xack("k", group, *taken[::3])
            db.xclaim("k", group, "two", 0, taken[:1], retrycount=77)
    db.xgroup_create("k", "last", id="$")


def stream_content(db: Any, key: str) -> Any:
    """All of it but what goes by the clock."""
    info = db.xinfo_stream(key)
    for name in ("radix-tree-keys", "radix-tree-nodes"):
        info.pop(name)
    groups = []
    for group in db.xinfo_groups(key):
        pending = db.xpending_range(key, group["name"], "-", "+", 1000)
        for entry in pending:
            entry.pop("time_since_delivered")
        consumers = [(c["name"], c["pending"]) for c in db.xinfo_consumers(key, group["name"])]
        groups.append((group, pending, consumers))
    return info, groups, db.xrange(key)
