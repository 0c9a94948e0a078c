"""Packed values that are taken as they stand, and those that look like it and are not."""

from __future__ import annotations

import struct

import pytest

import emberkv

HASH, ZSET, INTSET, LIST = 16, 17, 11, 18


def entry(body: bytes) -> bytes:
    return body + bytes([len(body)])


def text(s: bytes) -> bytes:
    return entry(bytes([0x80 | len(s)]) + s)


def small(n: int) -> bytes:
    return entry(bytes([n]))


def wide(n: int) -> bytes:
    return entry(b"\xf4" + struct.pack("<q", n))


def listpack(*entries: bytes) -> bytes:
    run = b"".join(entries)
    return struct.pack("<IH", len(run) + 7, len(entries)) + run + b"\xff"


def intset(width: int, *values: int) -> bytes:
    form = {2: "h", 4: "i", 8: "q"}[width]
    return struct.pack(f"<II{len(values)}{form}", width, len(values), *values)


def load(kind: int, packed: bytes) -> emberkv.Ember[bytes]:
    value = bytes([len(packed)]) + packed
    if kind == LIST:
        value = b"\x01\x02" + value
    return emberkv.load(b"REDIS0010" + bytes([kind]) + b"\x01k" + value + b"\xff" + bytes(8))


@pytest.mark.parametrize(
    "entries",
    [
        (text(b"a"), text(b"1.5"), small(7), text(b"x")),
        (text(b"a"), text(b"1.5"), text(b"7"), text(b"x")),  # a number as a string
        (text(b"a"), text(b"1.5"), wide(7), text(b"x")),  # and in more bytes than it takes
    ],
)
def test_hashes_are_found_whatever_form_their_fields_came_in(entries: tuple[bytes, ...]) -> None:
    with load(HASH, listpack(*entries)) as db:
        assert db.hgetall("k") == {b"a": b"1.5", b"7": b"x"}
        assert db.hset("k", 7, "y") == 0
        assert db._store.check()


@pytest.mark.parametrize(
    "entries",
    [
        (text(b"a"), small(1), text(b"b"), text(b"2.5")),
        (text(b"b"), text(b"2.5"), text(b"a"), small(1)),  # the wrong way round
        (text(b"a"), text(b"1"), text(b"b"), text(b"2.50")),
    ],
)
def test_sorted_sets_come_in_order_and_with_the_scores_of_this_side(
    entries: tuple[bytes, ...],
) -> None:
    with load(ZSET, listpack(*entries)) as db:
        assert db.zrange("k", 0, -1, withscores=True) == [(b"a", 1.0), (b"b", 2.5)]
        assert db.execute_command("ZSCORE", "k", "b") == 2.5
        assert db._store.check()


@pytest.mark.parametrize(
    ("kind", "packed"),
    [
        (HASH, listpack(text(b"a"), small(1), text(b"a"), small(2))),
        (HASH, listpack(text(b"7"), small(1), small(7), small(2))),
        (HASH, listpack(text(b"a"))),
        (ZSET, listpack(text(b"a"), small(1), text(b"a"), small(2))),
        (ZSET, listpack(text(b"a"), text(b"nan"))),
        (INTSET, intset(2, 3, 1, 2)),
    ],
)
def test_what_is_no_such_value_is_refused(kind: int, packed: bytes) -> None:
    with pytest.raises(emberkv.DataError):
        load(kind, packed)


def test_intsets_and_nodes_are_as_good_as_made_here() -> None:
    with load(INTSET, intset(8, -3, 5, 900)) as db:
        assert db.sadd("k", 6, 5) == 1
        assert db.smembers("k") == {b"-3", b"5", b"6", b"900"}
        assert db._store.check()
    with load(LIST, listpack(text(b"a"), small(5), text(b"12"))) as db:
        assert db.rpush("k", "z") == 4
        assert db.lrange("k", 0, -1) == [b"a", b"5", b"12", b"z"]
        assert db._store.check()
