"""The compiled methods read what the server would reply, on whatever random sequences leave."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from differential.generate import Generator
from differential.pair import Mismatch, Pair
from oracle import RedisServer, Reply
from subjects import EmberSubject

import emberkv
from emberkv.exceptions import ResponseError

LENGTH = 300
READ_EVERY = 30
KEYS = [f"{kind}{i}".encode() for kind in "shltzy" for i in (1, 2, 3)] + [b"missing", b""]
FIELDS = [b"f%d" % i for i in range(16)] + [b"hello", b"", b"12345", b"-1"]
MEMBERS = [b"%d" % i for i in range(-4, 24)] + [b"f1", b"f100", b"007", b" 1"]


@pytest.fixture(params=["private", "shared"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open(None if request.param == "private" else tmp_path / "s.ember") as opened:
        yield opened


def plain(command: tuple[Any, ...], reply: Reply) -> Any:
    """What redis-py would make of the reply."""
    if reply.kind == "error":
        return ResponseError
    if reply.kind in ("null bulk", "null array"):
        return None
    if reply.kind != "array":
        return float(reply.value) if command[0] == "ZSCORE" else reply.value
    values = [plain(("",), x) for x in reply.value]
    if command[0] == "SMEMBERS":
        return set(values)
    return dict(zip(values[::2], values[1::2], strict=True)) if command[0] == "HGETALL" else values


def reads() -> list[tuple[Any, ...]]:
    """Commands, whose methods have the names in lower case and the same arguments."""
    found: list[tuple[Any, ...]] = [("MGET", *KEYS), ("EXISTS", *KEYS)]
    for key in KEYS:
        found += [(c, key) for c in ("GET", "LLEN", "HLEN", "SCARD", "ZCARD", "EXISTS")]
        found += [(c, key) for c in ("HGETALL", "SMEMBERS")]
        found += [(c, key, f) for c in ("HGET", "HEXISTS", "ZSCORE", "ZRANK") for f in FIELDS]
        found += [("SISMEMBER", key, m) for m in MEMBERS]
        found += [("LINDEX", key, i) for i in (0, 3, -1)] + [("LRANGE", key, 0, -1)]
    return found


READS = reads()


def call(db: emberkv.Ember[bytes], command: tuple[Any, ...]) -> Any:
    try:
        return getattr(db, command[0].lower())(*command[1:])
    except ResponseError:
        return ResponseError


def compare_reads(db: emberkv.Ember[bytes], pair: Pair) -> None:
    replies = pair.viewer.theirs.batch([("SELECT", 0), *READS])[1:]
    for command, reply in zip(READS, replies, strict=True):
        ours, theirs = call(db, command), plain(command, reply)
        if ours != theirs:
            raise Mismatch(repr(command), ours, theirs)


@pytest.mark.parametrize("seed", range(1, 9))
def test_methods_read_what_the_server_replies(
    db: emberkv.Ember[bytes], oracle: RedisServer, seed: int
) -> None:
    pair = Pair(EmberSubject(db._store), oracle, 2)
    pair.reset()
    try:
        for i, command in enumerate(Generator(random.Random(seed)).sequence(LENGTH), 1):
            pair.run(command)
            if i % READ_EVERY == 0:
                compare_reads(db, pair)
    finally:
        pair.close()
