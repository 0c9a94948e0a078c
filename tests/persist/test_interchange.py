"""Files of other versions, checkers side by side, and INFO persistence field by field."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from oracle import RawClient, RedisServer, parse
from payload import crc64
from persist.test_aof import DIR, Asked

import emberkv
from emberkv.check import check

# Versions that no server of the tests writes


def string(data: bytes) -> bytes:
    assert len(data) < 64
    return bytes([len(data)]) + data


def entry(value: bytes, before: int) -> bytes:
    """One of a ziplist: how long the one before is, its own length, its bytes."""
    return bytes([before, len(value)]) + value


def ziplist(*values: bytes) -> bytes:
    body, before = b"", 0
    for value in values:
        body += entry(value, before)
        before = len(value) + 2
    tail = 10 + len(body) - before
    head = (11 + len(body)).to_bytes(4, "little") + tail.to_bytes(4, "little")
    return head + len(values).to_bytes(2, "little") + body + b"\xff"


def listpack(*values: bytes) -> bytes:
    body = b"".join(bytes([0x80 | len(v)]) + v + bytes([len(v) + 1]) for v in values)
    head = (7 + len(body)).to_bytes(4, "little") + len(values).to_bytes(2, "little")
    return head + body + b"\xff"


INTSET = (2).to_bytes(4, "little") + (2).to_bytes(4, "little") + b"\x01\x00\x02\x00"
FAR_MS = 4_000_000_000_000
# As Redis 5.0 to 6.2 write them (9), and 7.2 (11): type, key, value.
BODIES = {
    9: b"".join(
        [
            b"\xfa" + string(b"redis-ver") + string(b"6.2.0"),
            b"\xfe\x00\xfb\x07\x01",
            b"\x00" + string(b"s") + string(b"v"),
            b"\xfc" + FAR_MS.to_bytes(8, "little") + b"\x00" + string(b"t") + string(b"v"),
            b"\x0e" + string(b"l") + b"\x01" + string(ziplist(b"a", b"b")),
            b"\x0b" + string(b"i") + string(INTSET),
            b"\x0c" + string(b"z") + string(ziplist(b"m", b"1.5")),
            b"\x0d" + string(b"h") + string(ziplist(b"f", b"v")),
            b"\x02" + string(b"set") + b"\x02" + string(b"x") + string(b"y"),
        ]
    ),
    11: b"".join(
        [
            b"\xfe\x00\xfb\x07\x01",
            b"\x00" + string(b"s") + string(b"v"),
            b"\xfc" + FAR_MS.to_bytes(8, "little") + b"\x00" + string(b"t") + string(b"v"),
            b"\x12" + string(b"l") + b"\x01\x02" + string(listpack(b"a", b"b")),
            b"\x0b" + string(b"i") + string(INTSET),
            b"\x11" + string(b"z") + string(listpack(b"m", b"1.5")),
            b"\x10" + string(b"h") + string(listpack(b"f", b"v")),
            b"\x14" + string(b"set") + string(listpack(b"x", b"y")),
        ]
    ),
}


@pytest.mark.parametrize("version", BODIES)
def test_versions_between_those_of_the_servers_are_read(version: int) -> None:
    data = b"REDIS%04d" % version + BODIES[version] + b"\xff"
    with emberkv.load(data + crc64(data).to_bytes(8, "little")) as db:
        assert (db.get("s"), db.get("t"), db.pexpiretime("t")) == (b"v", b"v", FAR_MS)
        assert db.lrange("l", 0, -1) == [b"a", b"b"]
        assert db.smembers("i") == {b"1", b"2"} and db.smembers("set") == {b"x", b"y"}
        assert db.zrange("z", 0, -1, withscores=True) == [(b"m", 1.5)]
        assert db.hgetall("h") == {b"f": b"v"}
        assert db.dbsize() == 7 and db._store.check()


# Checkers


@pytest.mark.parametrize("lost", [1, 3, 30, 61, 200])
def test_a_cut_log_is_cut_to_where_the_servers_checker_cuts_it(tmp_path: Path, lost: int) -> None:
    program = shutil.which("redis-check-aof")
    if program is None:
        pytest.skip("redis-check-aof is not installed")
    with emberkv.open(tmp_path / "ours") as db:
        for i in range(5):
            db.set(f"key {i}", "value")
            with db.pipeline() as pipe:
                pipe.set("in", i).incr("n").execute()
    (file,) = (tmp_path / "ours" / DIR).glob("*.incr.aof")
    file.write_bytes(file.read_bytes()[:-lost])
    shutil.copytree(tmp_path / "ours", tmp_path / "theirs")
    manifest = next((tmp_path / "theirs" / DIR).glob("*.manifest"))
    command = [program, "--fix", str(manifest)]
    said = subprocess.run(command, input=b"y\n", capture_output=True, check=False, timeout=60)
    assert said.returncode == 0, said.stdout.decode()
    findings = check(tmp_path / "ours", fix=True)
    assert all(finding.whole for finding in findings) and any(f.fixed for f in findings)
    assert file.read_bytes() == (tmp_path / "theirs" / DIR / file.name).read_bytes()
    # Both call it whole now, and both open it.
    assert all(finding.whole for finding in check(tmp_path / "theirs"))
    again = subprocess.run([program, str(file.parent / manifest.name)], capture_output=True)
    assert again.returncode == 0
    with emberkv.open(tmp_path / "ours") as db, emberkv.open(tmp_path / "theirs") as other:
        assert Asked(db).everything() == Asked(other).everything() != {}


def test_a_snapshot_is_damaged_to_both_checkers(tmp_path: Path) -> None:
    program = shutil.which("redis-check-rdb")
    if program is None:
        pytest.skip("redis-check-rdb is not installed")
    with emberkv.open() as db:
        Asked(db).fill()
        db.save(tmp_path / "a.rdb")
    data = (tmp_path / "a.rdb").read_bytes()
    for at in range(20, len(data), len(data) // 25):
        damaged = bytearray(data)
        damaged[at] ^= 0x55
        (tmp_path / "a.rdb").write_bytes(damaged)
        theirs = subprocess.run([program, str(tmp_path / "a.rdb")], capture_output=True)
        (ours,) = check(tmp_path / "a.rdb")
        assert (ours.whole, theirs.returncode == 0) == (False, False), at
    (fixed,) = check(tmp_path / "a.rdb", fix=True)
    assert fixed.fixed
    assert subprocess.run([program, str(tmp_path / "a.rdb")], capture_output=True).returncode == 0


# INFO persistence


def fields(text: bytes) -> dict[str, str]:
    lines = text.decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line)


# Sizes and times are each side's own; a server writes before it replies, emberkv within the second.
APART = {
    *("rdb_last_save_time", "rdb_last_cow_size", "aof_last_cow_size", "rdb_last_bgsave_time_sec"),
    *("aof_last_rewrite_time_sec", "aof_current_size", "aof_base_size", "aof_buffer_length"),
    *("aof_pending_bio_fsync", "aof_delayed_fsync", "current_cow_size_age", "current_cow_peak"),
    *("current_cow_size", "current_fork_perc"),
}
SETTLED = "settled"
STEPS: list[Any] = [
    ("PING",), ("SET", "a", 1), ("SET", "b", 2), ("DEL", "a", "no"), ("SAVE",), ("SET", "a", 2),
    ("BGSAVE",), SETTLED, ("BGREWRITEAOF",), SETTLED, ("EXPIRE", "a", 100), ("FUNCTION", "FLUSH"),
    ("CONFIG", "SET", "appendonly", "no"), SETTLED, ("SET", "q", 1), ("DEBUG", "RELOAD"),
    ("CONFIG", "SET", "appendonly", "yes"), SETTLED, ("SET", "z", 1), ("DEBUG", "LOADAOF"),
    ("SETRANGE", "k", 0, ""), ("GETEX", "b"),
    ("RPUSH", "l", 1, 2, 3), ("LPOP", "l", 2), ("SADD", "s", 1, 2, 2, 3), ("SREM", "s", 1, 2, 9),
    ("HSET", "h", "a", 1, "b", 2), ("HDEL", "h", "a", "z"), ("ZADD", "zs", 1, "a", 2, "b"),
    ("ZADD", "zs", 1, "a", 3, "b", 4, "c"), ("ZREM", "zs", "a", "b", "z"), ("MSET", "x", 1, "y", 2),
    ("XADD", "st", "1-1", "a", 1),
    ("XGROUP", "CREATE", "st", "g", 0), ("MULTI",), ("INCR", "n"),
    ("INCR", "n"), ("EXEC",), ("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"),
    ("CONFIG", "SET", "appendfsync", "always"), ("CONFIG", "SET", "appendfsync", "sometimes"),
    ("CONFIG", "SET", "auto-aof-rewrite-percentage", 0), ("CONFIG", "SET", "save", "10"),
    ("CONFIG", "SET", "auto-aof-rewrite-min-size", "1mb"), ("CONFIG", "SET", "save", "5 0 6 -1"),
    ("CONFIG", "GET", "auto-aof-rewrite-min-size"), ("CONFIG", "SET", "save", "60 5 90 1"),
    ("CONFIG", "GET", "save"), ("CONFIG", "SET", "aof-load-truncated", "no"), ("SET", "a", 5),
    ("CONFIG", "SET", "aof-use-rdb-preamble", "no"), ("CONFIG", "SET", "dir", "/"),
    ("CONFIG", "SET", "dbfilename", "x.rdb"), ("CONFIG", "SET", "appendonly", "maybe"),
    ("BGREWRITEAOF", "now"), ("BGSAVE", "later"), ("LASTSAVE", "x"), ("SAVE", "x"),
]  # fmt: skip


def settle(run: Any) -> None:
    """Nothing runs in the background, nor is about to."""
    deadline = time.monotonic() + 60
    quiet = 0
    while quiet < 25:
        now = fields(run("INFO", "persistence").value)
        busy = ("rdb_bgsave_in_progress", "aof_rewrite_in_progress", "aof_rewrite_scheduled")
        quiet = 0 if any(now[name] != "0" for name in busy) else quiet + 1
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_info_persistence_is_the_servers_field_by_field(tmp_path: Path) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with (
        RedisServer("--appendonly", "yes") as server,
        emberkv.open(tmp_path / "ours") as db,
    ):
        client: RawClient = server.client()

        def ours(*args: Any) -> Any:
            return parse(db._session.resp(args, 2))[0]

        for step in STEPS:
            if step == SETTLED:
                settle(ours)
                settle(client.execute)
            else:
                assert ours(*step) == client.execute(*step), step
            if step[0] in ("BGSAVE", "BGREWRITEAOF") or "appendonly" in step:
                continue  # one of the two may be done already
            if step[0] in ("MULTI", "INCR"):
                continue  # INFO would be queued
            theirs = fields(client.execute("INFO", "persistence").value)
            mine = fields(ours("INFO", "persistence").value)
            assert list(mine) == list(theirs), step
            assert {k: v for k, v in mine.items() if k not in APART} == {
                k: v for k, v in theirs.items() if k not in APART
            }, step
