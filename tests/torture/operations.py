"""What a torture worker does: operation n of slot s, the same whenever it is asked for.

An operation is a list of commands on the slot's own keys: one alone, or several as MULTI/EXEC or as
a transaction block. Its outcome depends on nothing but what the slot's operations
before it did, so that a private store which repeats them says what there should be.
"""

from __future__ import annotations

import random
from typing import Any

from emberkv.exceptions import OutOfMemoryError, ResponseError

Command = tuple[Any, ...]

FAR_MS = 4_000_000_000_000
WORDS = [b"a", b"bc", b"word", b"17", b"-5", b"70000", b"5000000000", b"x" * 40, b"y" * 90]


def _word(r: random.Random) -> bytes:
    return r.choice(WORDS) + b"%d" % r.randrange(50)


def _long(r: random.Random) -> bytes:
    return b"z" * r.choice([5, 60, 70, 300, 3000, 20_000])


def _strings(r: random.Random, k: bytes) -> Command:
    key = k + b"s%d" % r.randrange(6)
    n = k + b"n"
    return r.choice(
        [
            lambda: (b"SET", key, _word(r)),
            lambda: (b"SET", key, _long(r)),
            lambda: (b"SET", key, _word(r), b"PXAT", FAR_MS + r.randrange(1000)),
            lambda: (b"SETRANGE", key, r.randrange(500), _word(r)),
            lambda: (b"GETDEL", key),
            lambda: (b"INCRBY", n, r.randrange(-100, 100)),
            lambda: (b"INCR", n),
            lambda: (b"MSET", k + b"s0", _word(r), k + b"s1", _long(r), k + b"s2", b"5"),
        ]
    )()


def _lists(r: random.Random, k: bytes) -> Command:
    key, other = (k + b"l%d" % r.randrange(3) for _ in range(2))
    many = [_word(r) for _ in range(r.choice([1, 3, 40]))]
    return r.choice(
        [
            lambda: (b"RPUSH", key, *many),
            lambda: (b"LPUSH", key, *many),
            lambda: (b"RPUSH", key, _long(r)),
            lambda: (b"LPOP", key, r.choice([1, 2, 50])),
            lambda: (b"RPOP", key),
            lambda: (b"LREM", key, r.choice([0, 1, -2]), _word(r)),
            lambda: (b"LINSERT", key, b"BEFORE", _word(r), _word(r)),
            lambda: (b"LTRIM", key, r.randrange(5), -r.randrange(1, 5)),
            lambda: (b"LTRIM", key, 0, 400),
            lambda: (b"LMOVE", key, other, b"LEFT", b"RIGHT"),
        ]
    )()


def _hashes(r: random.Random, k: bytes) -> Command:
    key = k + b"h%d" % r.randrange(3)
    fields = [b"f%d" % r.randrange(900) for _ in range(r.choice([1, 3, 30]))]
    return r.choice(
        [
            lambda: (b"HSET", key, *(x for f in fields for x in (f, _word(r)))),
            lambda: (b"HSET", key, fields[0], _long(r)),
            lambda: (b"HDEL", key, *fields),
            lambda: (b"HINCRBY", key, b"n", 3),
            lambda: (b"HSETNX", key, fields[0], b"new"),
            lambda: (b"HPEXPIREAT", key, FAR_MS, b"FIELDS", len(fields), *fields),
            lambda: (b"HPERSIST", key, b"FIELDS", len(fields), *fields),
        ]
    )()


def _sets(r: random.Random, k: bytes) -> Command:
    key, other = (k + b"t%d" % r.randrange(4) for _ in range(2))
    numbers = [r.randrange(1000) for _ in range(r.choice([1, 3, 100]))]
    members = [b"m%d" % n for n in numbers]
    return r.choice(
        [
            lambda: (b"SADD", key, *numbers),
            lambda: (b"SADD", key, *members),
            lambda: (b"SREM", key, *numbers),
            lambda: (b"SREM", key, *members),
            lambda: (b"SMOVE", key, other, members[0]),
            lambda: (b"SUNIONSTORE", key, key, other),
            lambda: (b"SINTERSTORE", key, key, other),
            lambda: (b"SDIFFSTORE", key, key, other),
        ]
    )()


def _zsets(r: random.Random, k: bytes) -> Command:
    key, other = (k + b"z%d" % r.randrange(3) for _ in range(2))
    members = [b"m%d" % r.randrange(600) for _ in range(r.choice([1, 3, 60]))]
    low = r.randrange(1000)
    return r.choice(
        [
            lambda: (b"ZADD", key, *(x for m in members for x in (r.randrange(1000), m))),
            lambda: (b"ZINCRBY", key, r.randrange(100), members[0]),
            lambda: (b"ZREM", key, *members),
            lambda: (b"ZPOPMIN", key, r.choice([1, 10])),
            lambda: (b"ZPOPMAX", key),
            lambda: (b"ZREMRANGEBYSCORE", key, low, low + 50),
            lambda: (b"ZREMRANGEBYRANK", key, 5, 8),
            lambda: (b"ZRANGESTORE", key, other, 0, 200),
            lambda: (b"ZUNIONSTORE", key, 2, key, other),
        ]
    )()


def _keys(r: random.Random, k: bytes) -> Command:
    def key() -> bytes:
        return k + r.choice([b"s", b"l", b"h", b"t", b"z"]) + b"%d" % r.randrange(3)

    a = key()
    b = a[:-1] + b"%d" % r.randrange(3)  # of the same type
    return r.choice(
        [
            lambda: (b"DEL", key()),
            lambda: (b"UNLINK", key(), key()),
            lambda: (b"COPY", a, b, b"REPLACE"),
            lambda: (b"PEXPIREAT", key(), FAR_MS),
            lambda: (b"PERSIST", key()),
            lambda: (b"MOVE", a, 1),
        ]
    )()


GROUPS = (_strings, _strings, _lists, _lists, _hashes, _hashes, _sets, _zsets, _zsets, _keys)
KINDS = ("plain", "plain", "plain", "multi", "block", "block")


def operation(seed: int, slot: int, n: int) -> tuple[str, list[Command]]:
    r = random.Random(seed * 1_000_003 + slot * 100_000_007 + n)
    k = b"w%d:" % slot
    kind = r.choice(KINDS)
    count = 1 if kind == "plain" else r.randrange(2, 6)
    return kind, [r.choice(GROUPS)(r, k) for _ in range(count)]


def perform(session: Any, kind: str, commands: list[Command]) -> None:
    """Run an operation. An error reply is an outcome like others."""
    try:
        if kind == "block":
            _perform_block(session, commands)
            return
        if kind == "multi":
            session.execute((b"MULTI",))
        for command in commands:
            session.execute(command)
        if kind == "multi":
            session.execute((b"EXEC",))
    except OutOfMemoryError:
        raise
    except ResponseError:
        pass


def _perform_block(session: Any, commands: list[Command]) -> None:
    token = session.begin()
    try:
        for command in commands:
            session.execute(command)
    except BaseException:
        session.rollback(token)
        raise
    session.commit(token)


def noise(r: random.Random, session: Any) -> None:
    """What nobody keeps account of: short-lived keys, big deletions, databases emptied."""
    key = b"noise:%d" % r.randrange(20)
    session.execute(
        r.choice(
            [
                (b"SET", key, b"x", b"PX", 3),
                (b"PEXPIRE", key, 2),
                (b"GET", key),
                (b"KEYS", b"noise:1*"),
                (b"RANDOMKEY",),
                (b"SCAN", 0, b"COUNT", 100),
                (b"FLUSHDB",) if session.db == 7 else (b"DBSIZE",),
            ]
        )
    )
