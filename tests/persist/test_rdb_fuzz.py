"""Damaged RDB files: whatever is in them, they are refused with their place, or make sound values.

`make fuzz` runs more of it, from other seeds, under AddressSanitizer.
"""

from __future__ import annotations

import functools
import os
import random
import re
from typing import Any

import pytest
from persist.test_rdb_file import SERVERS, serve_file
from persist.values import make, make_stream

import emberkv
from emberkv._core import _ember
from emberkv.snapshots import read_into

redis = pytest.importorskip("redis")

FUZZ = int(os.environ.get("EMBERKV_FUZZ", "1"))
SEED = int(os.environ.get("EMBERKV_SEED", "0"))
PLACE = re.compile(r"<bytes>: at byte (\d+): ")
LUCKY = [0, 1, 255, 254, 252, 251, 250, 0x80, 0x81, 0xC0, 0xC3, 15, 16, 17, 18, 20, 21]


@functools.cache
def seed_file(kind: str, folder: Any) -> bytes:
    """A file of ours, or of a real server, without its checksum."""
    path = folder / f"{kind}.rdb"
    if kind != "ours":
        with serve_file(kind, path) as server:
            client = redis.Redis(unix_socket_path=server.path, protocol=2)
            fill_little(client, client)
            client.save()
        return path.read_bytes()[:-8]
    with emberkv.open() as db:
        fill_little(db, emberkv.redis_client(db))
        db.hset("timed", mapping={"a": 1, "b": 2})
        db.hpexpireat("timed", 4_000_000_000_000, "a")
        _ember.save_rdb(db._store, path)
    return path.read_bytes()[:-8]


def fill_little(db: Any, streams: Any) -> None:
    """Small values of all kinds, so that a change is likely to hit what matters."""
    for seed in range(40):
        db.delete("k")
        make(db, seed)
        if len(db.dump("k")) < 400:
            db.rename("k", f"key {seed}")
    for seed in (1, 2, 4):
        db.delete("k")
        make_stream(streams, seed)
        if len(db.dump("k")) < 2000:
            db.rename("k", f"stream {seed}")
    db.delete("k")
    db.rpush("list", *range(30))
    db.sadd("integers", 1, 2, 3)
    db.zadd("scores", {"a": 1, "b": 2.5})
    db.hset("hash", mapping={"f": "v", "n": 17})
    db.set("later", "x", pxat=4_000_000_000_000)
    db.set("string", "ab" * 100)


def damage(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(9, len(data))
        what = chance.random()
        if what < 0.7:
            data[at] = chance.choice(LUCKY) if chance.random() < 0.5 else chance.randrange(256)
        elif what < 0.8:
            del data[at : at + chance.randrange(1, 20)]
        elif what < 0.9:
            data[at:at] = chance.randbytes(chance.randrange(1, 9))
        else:
            other = chance.randrange(9, len(data))
            data[at : at + 16] = data[other : other + 16]
        if len(data) < 30:
            return


@pytest.mark.parametrize("kind", ["ours", *SERVERS])
def test_damaged_files_are_refused_or_make_sound_values(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = seed_file(kind, tmp_path_factory.getbasetemp())
    chance = random.Random(f"{kind} {SEED}")
    refused = 0
    for _ in range(150 * FUZZ):
        data = bytearray(whole)
        damage(data, chance)
        with emberkv.open(max_bytes=64 << 20) as db:
            try:
                read_into(db._store, bytes(data) + bytes(8))
            except emberkv.DataError as error:
                found = PLACE.match(str(error))
                assert found and int(found[1]) <= len(data) + 8, error
                refused += 1
            assert db._store.check()
            db.execute_command("DEBUG", "DIGEST")
    assert refused > 20


def test_every_cut_of_a_file_is_refused_in_its_place(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    whole = seed_file("ours", tmp_path_factory.getbasetemp()) + bytes(8)
    step = max(1, len(whole) // (60 * FUZZ))
    for end in range(0, len(whole) - 1, step):
        with emberkv.open(max_bytes=64 << 20) as db:
            with pytest.raises(emberkv.DataError) as raised:
                read_into(db._store, whole[:end])
            found = PLACE.match(str(raised.value))
            assert found and int(found[1]) <= end
            assert db._store.check()


def test_the_seeds_are_whole(tmp_path_factory: pytest.TempPathFactory) -> None:
    for kind in ("ours", "redis 7.0"):
        with emberkv.open() as db:
            read_into(db._store, seed_file(kind, tmp_path_factory.getbasetemp()) + bytes(8))
            assert db.dbsize() > 20
