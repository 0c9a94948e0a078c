"""`emberkv check`: what it says of whole and of damaged files, and what --fix leaves."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import emberkv
from emberkv.check import check


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


def test_a_store_in_use_is_whole_and_not_mended(command_line, store):
    """What is being written looks like an end that was cut off."""
    with emberkv.open(store, appendfsync="always") as db:
        db.set("later", 1)
        file = increment(store)
        whole = file.read_bytes()
        file.write_bytes(whole[:-3])
        try:
            told = command_line("check", str(store))
            assert told.status == 0 and b"more is being written" in told.stdout
            for path in (store, store / "appendonlydir", file, store / "dump.rdb"):
                done = command_line("check", "--fix", str(path))
                assert (
                    done.status == 1
                    and b"a store in use is not mended, and it is open" in done.stdout
                )
            with pytest.raises(BlockingIOError):
                check(store, fix=True)
            assert file.read_bytes() == whole[:-3]
        finally:
            file.write_bytes(whole)
        db.set("last", 1)
    with emberkv.open(store) as db:
        assert db.exists("later", "last") == 2


def test_a_store_that_killed_processes_left_is_not_mended(command_line, store):
    script = (
        "import emberkv, os, sys; db = emberkv.open(sys.argv[1], appendfsync='no');"
        "db.set('k', 1); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(store)], timeout=60)
    assert done.returncode == -signal.SIGKILL
    file = increment(store)
    file.write_bytes(file.read_bytes() + b"*3\r\n$3\r\nSE")  # the write it was killed in
    assert command_line("check", str(store)).status == 0
    done = command_line("check", "--fix", str(store))
    assert done.status == 1 and b"open it once and close it" in done.stdout
    with emberkv.open(store) as db:
        assert db.get("k") == b"1"


def test_a_store_that_is_written_and_rewritten_is_whole_all_the_time(store):
    script = """
import emberkv, sys
db = emberkv.open(sys.argv[1], appendfsync="always")
print(flush=True)
for i in range(1_000_000):
    db.set(i, "x" * 3000)
    if i % 50 == 0:
        try: db.bgrewriteaof()
        except emberkv.ResponseError: pass
"""
    writer = subprocess.Popen([sys.executable, "-c", script, str(store)], stdout=subprocess.PIPE)
    try:
        writer.stdout.readline()
        for _ in range(30):
            assert [f for f in check(store) if not f.whole] == []
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    with emberkv.open(store):
        pass


def test_what_was_cut_off_before_stays(command_line, store):
    file = increment(store)
    for n in range(3):
        file.write_bytes(file.read_bytes() + b"*%d\r\n" % n)
        done = command_line("check", "--fix", str(store))
        assert done.status == 0
    kept = [file.with_name(file.name + end).read_bytes() for end in (".cut", ".cut.1", ".cut.2")]
    assert kept == [b"*0\r\n", b"*1\r\n", b"*2\r\n"]
    assert f"the rest is in {file}.cut.2".encode() in done.stdout


def test_what_is_being_written_is_no_file_of_the_store(command_line, store):
    (store / "appendonlydir" / "temp-appendonly.aof.manifest").write_bytes(b"file app")
    (store / "temp-1-1-dump.rdb").write_bytes(b"REDIS")
    assert command_line("check", str(store)).status == 0


def damaged_base(store: Path) -> Path:
    with emberkv.open(store) as db:
        db.bgrewriteaof()
        while db.info("persistence")["aof_rewrite_in_progress"]:
            pass
    base = next((store / "appendonlydir").glob("*.base.rdb"))
    data = base.read_bytes()
    base.write_bytes(data[: len(data) // 2])
    base.chmod(0o600)
    return base


def test_a_damaged_base_is_mended_by_the_path_of_the_store(command_line, store):
    base = damaged_base(store)
    data = base.read_bytes()
    told = command_line("check", str(store))
    assert told.status == 1 and b"keys stand before it" in told.stdout
    done = command_line("check", "--fix", str(store))
    assert done.status == 0 and f"the old file is {base}.damaged".encode() in done.stdout
    assert base.with_name(base.name + ".damaged").read_bytes() == data
    assert stat.S_IMODE(base.stat().st_mode) == 0o600
    with emberkv.open(store) as db:
        assert 0 < db.dbsize() < 100


def test_what_cannot_be_mended_is_said_to_be(command_line, store):
    file = increment(store)
    file.write_bytes(b"?" + file.read_bytes())
    done = command_line("check", "--fix", str(store))
    assert done.status == 1 and b"only the end of the last file can be cut off" in done.stdout


def test_what_cannot_be_read_is_named(command_line, store):
    file = increment(store)
    file.unlink()
    file.symlink_to(file)
    told = command_line("check", str(store))
    assert told.status == 1 and file.name.encode() in told.stdout, told.stdout


def test_a_store_without_its_manifest_is_damaged(command_line, store):
    (store / "appendonlydir" / "appendonly.aof.manifest").unlink()
    told = command_line("check", str(store))
    assert told.status == 1 and b"has no manifest, though there is" in told.stdout
    assert increment(store).name.encode() in told.stdout


@pytest.mark.parametrize("end", ["incr.aof", "manifest", "rdb"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(end, store):
    """In a process of its own, which can be ended if it waits."""
    (file,) = store.rglob(f"*{end}") if end != "rdb" else [store / "dump.rdb"]
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    told = subprocess.run(
        [sys.executable, "-m", "emberkv", "check", str(store)], capture_output=True, timeout=60
    )
    assert told.returncode == 1
    assert b"is no file but a pipe" in told.stdout and file.name.encode() in told.stdout
    script = "import emberkv, sys; emberkv.open(sys.argv[1])"
    opened = subprocess.run(
        [sys.executable, "-c", script, str(store)], capture_output=True, timeout=60
    )
    if end == "rdb":  # the log is there, and is what is wanted
        assert opened.returncode == 0, opened.stderr
    else:
        assert opened.returncode == 1 and b"ConnectionError" in opened.stderr
