"""`emberkv check`: what it says of whole and of damaged files, and what --fix leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

import emberkv


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store on disk that nobody has open, with a snapshot beside its append-only files."""
    path = tmp_path / "app.ember"
    with emberkv.open(path, durable=True) as db:
        for i in range(100):
            db.set(f"key {i}", "value")
        db.save(path / "dump.rdb")
    return path


def increment(store: Path) -> Path:
    return next((store / "appendonlydir").glob("*.incr.aof"))


def test_whole_files_are_said_to_be(command_line, store):
    done = command_line("check", str(store))
    lines = done.stdout.decode().splitlines()
    assert (done.status, [line[:2] for line in lines]) == (0, ["ok"] * 3)
    assert "commands" in lines[1] and "RDB 10: 100 keys" in lines[2]


def test_a_cut_end_is_told_and_cut_off(command_line, store):
    file = increment(store)
    data = file.read_bytes()
    file.write_bytes(data[:-3])
    told = command_line("check", str(store))
    assert told.status == 1 and b"damaged" in told.stdout and b"--fix cuts it to" in told.stdout
    assert file.read_bytes() == data[:-3]
    assert command_line("check", str(store), "--fix").status == 0
    assert command_line("check", str(store)).status == 0
    assert file.with_name(file.name + ".cut").read_bytes() + file.read_bytes() != b""
    with emberkv.open(store, durable=True) as db:
        assert db.dbsize() == 99


def test_what_no_server_can_load_is_said(command_line, store):
    with emberkv.open(store) as db:
        db.execute_command("XADD", "s", "IDMP", "producer", "message", "*", "f", "v")
    told = command_line("check", str(store))
    assert told.status == 0 and b"no server before Redis 8.8.0 can load it" in told.stdout
    assert b"for XIDMPRECORD is in it" in told.stdout


def test_damage_in_the_middle_is_not_mended(command_line, store):
    file = increment(store)
    data = bytearray(file.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b"\0" * 40
    file.write_bytes(data)
    told = command_line("check", str(store))
    assert told.status == 1 and b"at byte" in told.stdout


def test_a_damaged_snapshot_keeps_what_stands_before(command_line, store):
    file = store / "dump.rdb"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    told = command_line("check", str(file))
    assert told.status == 1 and b"keys stand before it" in told.stdout
    assert command_line("check", str(file), "--fix").status == 0
    assert command_line("check", str(file)).status == 0
    assert file.with_name("dump.rdb.damaged").read_bytes() == data


def test_nothing_to_look_at(command_line, tmp_path):
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "nothing.rdb"):
        done = command_line("check", str(path))
        assert done.status == 1 and (b"no files" in done.stdout or b"No such" in done.stdout)
