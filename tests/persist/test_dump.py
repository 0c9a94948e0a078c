"""DUMP and RESTORE against real servers, in both directions, and against damaged payloads."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from oracle import RedisServer
from payload import payload, text
from persist.values import content, make, make_stream, stream_content

import emberkv

redis = pytest.importorskip("redis")

HOUR_MS = 3_600_000
# `make fuzz` asks for more, and for other ones each time.
FUZZ = int(os.environ.get("EMBERKV_FUZZ", "1"))
SEED = int(os.environ.get("EMBERKV_SEED", "0"))


@pytest.fixture
def db() -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open() as db:
        yield db
        assert db._store.check()


@pytest.fixture
def server(oracle: RedisServer) -> Iterator[Any]:
    client = redis.Redis(unix_socket_path=oracle.path)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def later(later_oracle: RedisServer) -> Iterator[Any]:
    client = redis.Redis(unix_socket_path=later_oracle.path, protocol=2)
    client.flushall()
    yield client
    client.close()


@pytest.mark.parametrize("seed", range(150))
def test_values_go_to_a_server_and_come_back(db: Any, server: Any, seed: int) -> None:
    make(db, seed)
    make(server, seed)
    assert content(db, "k") == content(server, "k")
    server.restore("ours", 0, db.dump("k"))
    db.restore("theirs", 0, server.dump("k"))
    db.restore("own", 0, db.dump("k"))
    assert content(server, "ours") == content(server, "k")
    assert content(db, "theirs") == content(db, "own") == content(server, "k")


def test_a_small_hyperloglog_is_dumped_to_the_byte(db: Any, server: Any) -> None:
    """Compressed it would be four bytes shorter, for which a server leaves it as it is."""
    for n in range(6):
        for of in (db, server):
            of.delete("h")
            of.pfadd("h", *(f"member-{n}-{i}" for i in range(n)))
        assert db.dump("h") == server.dump("h"), n


@pytest.mark.parametrize("fields", [3, 600])
def test_fields_keep_their_times(db: Any, later: Any, fields: int) -> None:
    at = 4_000_000_000_000
    for store in (db, later):
        store.hset("k", mapping={f"f{i}": i for i in range(fields)})
        store.hpexpireat("k", at, "f0")
        store.hpexpireat("k", at + 77, "f2")
    later.restore("ours", 0, db.dump("k"))
    db.restore("theirs", 0, later.dump("k"))
    for store, key in ((later, "ours"), (db, "theirs")):
        assert store.hpexpiretime(key, "f0", "f1", "f2") == [at, -1, at + 77]
        assert content(store, key) == content(later, "k")


def test_a_hash_without_times_left_is_read_by_7_0(db: Any, server: Any) -> None:
    db.hset("k", mapping={"a": 1, "b": 2})
    db.hexpire("k", 100, "a")
    db.hpersist("k", "a")
    server.restore("k", 0, db.dump("k"))
    assert server.hgetall("k") == {b"a": b"1", b"b": b"2"}


STREAM_OF_6_2 = (
    "0f011000000000000000010000000000000001c3313a073a000000180002014000078161020001020100200102"
    "01010460054009058162020201062012401a600e0003200e00ff02030101016701010100000000000000010000"
    "000000000001c4895406a201000001010163c4895406a201000001000000000000000100000000000000010900"
    "d3164c63e89544cf"
)
OTHERS = {
    "6.2 hash": (
        "0dc326405f045f0000001b200316060000016603017603016e03fe11030362696705404079e035000179ff"
        "09002a0d4de22776b9f3",
        {b"f": b"v", b"n": b"17", b"big": b"y" * 64},
    ),
    "6.2 intset": (
        "0b1404000000030000000100000002000000701101000900552790ca0f9bb3e4",
        {b"1", b"2", b"70000"},
    ),
    "6.2 list": (
        "0e01c33f407e047e0000003420031b0a0000f202fefb03c02c0104f070110105e0000efad5feffffff0ae0"
        "201e0200000120230afd02fe0d03016103404662e03b000162ff090098f9c267b45ea09a",
        [
            b"1",
            b"-5",
            b"300",
            b"70000",
            b"-5000000000",
            b"%d" % 2**40,
            b"12",
            b"13",
            b"a",
            b"b" * 70,
        ],
    ),
    "6.2 zset": (
        "0cc3343d043d0000003720030a080000016403182d312e30e005001b31652b3330301a016103f202016203"
        "03322e350501630303696e66ff09000e0811382b13e68c",
        [(b"d", -1e300), (b"a", 1.0), (b"b", 2.5), (b"c", float("inf"))],
    ),
    "6.2 set": ("020301630162016109008e542f9a77f3681a", {b"a", b"b", b"c"}),
    "8.2 set": ("1410100000000300816102816202816302ff0c00cf9cddd4ccbdeef7", {b"a", b"b", b"c"}),
    "8.2 timed hash": (
        "1900409452a3030000c3272d122d0000000900816302817802f400409452a3032010048161020101e0020e"
        "06620202010001ff0c0024aec74e4706aca2",
        {b"a": b"1", b"b": b"2", b"c": b"x"},
    ),
    "6.2 stream": (STREAM_OF_6_2, [(b"1-1", {b"a": b"1"}), (b"2-1", {b"b": b"2"})]),
    "valkey 9 string": ("000568656c6c6f5000ac5816e7fb6647fe", b"hello"),
    "valkey 9 timed hash": (
        "16030161c00100409452a30300000162c002ffffffffffffffff0163017800409452a30300005000b74f0e"
        "00a99f203a",
        {b"a": b"1", b"b": b"2", b"c": b"x"},
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_payloads_of_other_versions_are_read(db: Any, name: str) -> None:
    data, expected = OTHERS[name]
    db.restore("k", 0, bytes.fromhex(data))
    assert content(db, "k")[2] == expected
    if "timed" in name:
        assert db.hpexpiretime("k", "a", "b", "c") == [4_000_000_000_000, -1, 4_000_000_000_000]


def test_every_number_of_a_ziplist_is_read(db: Any) -> None:
    heads = [b"\xfe\x80", b"\xc0\xff\x7f", b"\xd0\0\0\0\x80", b"\xf0\xff\xff\x7f", b"\xf1", b"\xfd"]
    entries = b"".join(b"\0" + head for head in heads)
    size = 10 + len(entries) + 1
    ziplist = size.to_bytes(4, "little") + bytes(4) + len(heads).to_bytes(2, "little") + entries
    db.restore("k", 0, payload(b"\x0a" + text(ziplist + b"\xff"), 9))
    assert [int(x) for x in db.lrange("k", 0, -1)] == [-128, 32767, -(2**31), 2**23 - 1, 0, 12]


def test_options_of_restore(db: Any, server: Any) -> None:
    """Replies, errors and what is left are the server's."""
    data = payload(b"\0" + text(b"hello"))
    lines: list[tuple[Any, ...]] = [
        ("RESTORE", "a", 0, data),
        ("RESTORE", "a", 0, data),
        ("RESTORE", "a", "x", data),
        ("RESTORE", "a", 0, data, "REPLACE"),
        ("RESTORE", "a", "x", data, "REPLACE"),
        ("RESTORE", "a", -1, data, "REPLACE"),
        ("RESTORE", "b", 100_000, data),
        ("RESTORE", "c", 4_000_000_000_000, data, "ABSTTL"),
        ("RESTORE", "d", 1, data, "ABSTTL"),
        ("RESTORE", "a", 1, data, "ABSTTL", "REPLACE"),
        ("RESTORE", "e", 0, data, "IDLETIME", 100),
        ("RESTORE", "f", 0, data, "IDLETIME", -1),
        ("RESTORE", "f", 0, data, "IDLETIME", "x"),
        ("RESTORE", "f", 0, data, "IDLETIME"),
        ("RESTORE", "f", 0, data, "FREQ", 255),
        ("RESTORE", "g", 0, data, "FREQ", 256),
        ("RESTORE", "g", 0, data, "FREQ", 5, "IDLETIME", 3),
        ("RESTORE", "g", 0, data, "FOO"),
        ("RESTORE", "g", 0, data[:-1] + b"x"),
        ("RESTORE", "g", 0, data + b"x"),
        ("RESTORE", "g", 0, b"short"),
        ("RESTORE", "g", 0, b""),
        ("RESTORE", "g", 0, payload(b"\x63\x05hello")),
        ("RESTORE", "g"),
        ("DUMP",),
        ("DUMP", "missing"),
        ("DUMP", "a", "b"),
        ("MGET", *"abcdefg"),
        ("EXPIRETIME", "c"),
        ("OBJECT", "IDLETIME", "e"),
    ]

    def outcome(store: Any, line: tuple[Any, ...]) -> Any:
        try:
            return store.execute_command(*line)
        except (emberkv.ResponseError, redis.ResponseError) as error:
            return str(error)

    assert [outcome(db, line) for line in lines] == [outcome(server, line) for line in lines]


@pytest.mark.parametrize("sanitize", ["yes", "no"])
@pytest.mark.parametrize("seed", range(20))
def test_damaged_payloads_are_refused_and_change_nothing(db: Any, seed: int, sanitize: str) -> None:
    """Any bytes under a right checksum: a sound value or "Bad data format"."""
    seed += SEED
    make(db, seed)
    db.config_set("sanitize-dump-payload", sanitize)
    db.set("there", "before")
    whole = db.dump("k")[:-10]
    chance = random.Random(seed)
    if len(whole) > 4000:
        whole = whole[:2000]
    for _ in range(150 * FUZZ):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            at = min(chance.randrange(len(data)), chance.randrange(len(data)))
            data[at] = chance.choice([0, 255, 254, 0x80, 0x81, 0xC3, chance.randrange(256)])
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        try:
            db.restore("there", 0, payload(bytes(data)), replace=True)
        except emberkv.ResponseError as error:
            assert re.fullmatch("(ERR )?Bad data format", str(error))
            assert db.get("there") == b"before"
        else:
            assert content(db, "there")[0] != b"none" or data[0] in (4, 16, 22, 24, 25)
            db.set("there", "before")


BAD = {
    "nothing": b"",
    "an unknown type": b"\x63\x01a",
    "a module's type": b"\x07\x01a",
    "an empty list": b"\x12\x00",
    "an empty set": b"\x02\x00",
    "an empty hash": b"\x04\x00",
    "an empty sorted set": b"\x05\x00",
    "a member twice": b"\x02\x02\x01a\x01a",
    "a field twice": b"\x04\x02\x01a\x01b\x01a\x01c",
    "a scored member twice": b"\x05\x02\x01a" + bytes(8) + b"\x01a" + b"\0" * 6 + b"\xf0\x3f",
    "no number as a score": b"\x05\x01\x01a" + b"\xff" * 8,
    "more members than bytes": b"\x02\x81" + b"\xff" * 8,
    "a string longer than all": b"\x00\x80\xff\xff\xff\xff",
    "a huge compressed string": b"\x00\xc3\x01\x80\xff\xff\xff\xff\x00",
    "compressed from before its beginning": b"\x00\xc3\x03\x05\x20\x00\x00",
    "something behind the value": b"\x00\x01ab",
    "a node of no kind": b"\x12\x01\x03\x01a",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_values_are_refused(db: Any, name: str) -> None:
    db.set("k", "before")
    with pytest.raises(emberkv.ResponseError, match="Bad data format"):
        db.restore("k", 0, payload(BAD[name]), replace=True)
    assert db.get("k") == b"before"


def test_an_undone_restore_leaves_what_was_there(db: Any) -> None:
    db.rpush("k", *range(1000))
    data = db.dump("k")
    db.set("k", "before")
    with pytest.raises(RuntimeError), db.transaction():
        db.restore("k", HOUR_MS, data, replace=True)
        assert db.llen("k") == 1000
        raise RuntimeError
    assert db.get("k") == b"before" and db.ttl("k") == -1


def test_restore_tells_watchers(db: Any) -> None:
    db.set("k", 1)
    with db.pipeline() as pipe:
        pipe.watch("k")
        db.restore("k", 0, db.dump("k"), replace=True)
        pipe.multi()
        pipe.get("k")
        with pytest.raises(emberkv.WatchError):
            pipe.execute()


@pytest.mark.parametrize("seed", range(12))
def test_streams_go_to_a_server_and_come_back(db: Any, server: Any, seed: int) -> None:
    db = emberkv.redis_client(db)
    make_stream(db, seed)
    make_stream(server, seed)
    assert stream_content(db, "k") == stream_content(server, "k")
    server.restore("ours", 0, db.dump("k"))
    db.restore("theirs", 0, server.dump("k"))
    assert stream_content(server, "ours") == stream_content(server, "k")
    assert stream_content(db, "theirs") == stream_content(server, "k")


def test_streams_of_a_later_server_are_read(db: Any, later: Any) -> None:
    db = emberkv.redis_client(db)
    make_stream(later, 5)
    db.restore("k", 0, later.dump("k"))
    ours, theirs = stream_content(db, "k"), stream_content(later, "k")
    assert ours[1:] == theirs[1:]
    assert {k: theirs[0][k] for k in ours[0]} == ours[0]


def test_damaged_streams_are_refused_and_change_nothing(db: Any) -> None:
    store = db
    db = emberkv.redis_client(db)
    chance = random.Random(SEED)
    for seed in range(4):
        db.delete("k")
        make_stream(db, seed)
        whole = db.dump("k")[:-10]
        for _ in range(150 * FUZZ):
            data = bytearray(whole)
            for _ in range(chance.randrange(1, 4)):
                at = chance.randrange(1, len(data))
                data[at] = chance.choice([0, 1, 255, 0x80, chance.randrange(256)])
            try:
                db.restore("there", 0, payload(bytes(data)))
            except redis.ResponseError as error:
                assert re.fullmatch("(ERR )?Bad data format", str(error))
                assert not db.exists("there")
            else:
                stream_content(db, "there")
                db.delete("there")
    assert store._store.check()
