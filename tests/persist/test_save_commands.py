"""SAVE, BGSAVE, LASTSAVE, DEBUG RELOAD, and what INFO says of them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RedisServer, parse
from persist.values import make

import emberkv
import emberkv.asyncio
from emberkv._core import _ember


@pytest.fixture(params=["private", "shared"])
def db(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[emberkv.Ember[bytes]]:
    """A store whose files lie in tmp_path/store."""
    home = tmp_path / "store"
    if request.param == "private":
        home.mkdir()
        monkeypatch.chdir(home)
    with emberkv.open(home if request.param == "shared" else None) as db:
        yield db
        assert db._store.check()


def digest(db: Any) -> Any:
    return db.execute_command("DEBUG", "DIGEST")


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def wait_until_saved(db: Any) -> None:
    wait_for(lambda: db.info("persistence")["rdb_bgsave_in_progress"] == 0)


def keys_saved(db: Any, tmp_path: Path) -> list[bytes]:
    """In the background: what the file holds then."""
    db.bgsave()
    wait_until_saved(db)
    with emberkv.load(tmp_path / "store" / "dump.rdb") as then:
        return then.keys()


def fill(db: Any) -> None:
    for seed in range(20):
        make(db, seed)
        db.rename("k", f"key:{seed}")
    for i in range(5000):
        db.set(f"small:{i}", i)


def test_save_writes_the_file_of_the_directory(db: Any, tmp_path: Path) -> None:
    fill(db)
    assert db.config_get("dir") == {"dir": str(tmp_path / "store")}
    before = db.info("persistence")
    assert before["rdb_changes_since_last_save"] > 5000 and before["rdb_saves"] == 0
    assert db.save() is True
    after = db.info("persistence")
    assert after["rdb_changes_since_last_save"] == 0 and after["rdb_saves"] == 1
    assert after["rdb_last_save_time"] == db.lastsave().timestamp() >= time.time() - 60
    db.set("later", 1)
    assert db.info("persistence")["rdb_changes_since_last_save"] == 1
    with emberkv.load(tmp_path / "store" / "dump.rdb") as then:
        assert then.dbsize() == 5020


def test_bgsave_saves_while_others_go_on(db: Any, tmp_path: Path) -> None:
    fill(db)
    before = digest(db)
    with db.pipeline() as pipe:  # one transaction, behind which the snapshot begins
        pipe.execute_command("BGSAVE")
        pipe.execute_command("BGSAVE")
        pipe.execute_command("BGSAVE", "SCHEDULE")
        replies = pipe.execute(raise_on_error=False)
    assert replies[0] == b"Background saving started" or replies[0] is True
    assert [str(r) for r in replies[1:]] == ["Background save already in progress"] * 2
    wait_until_saved(db)
    info = db.info("persistence")
    assert info["rdb_last_bgsave_status"] == "ok" and info["rdb_saves"] == 1
    assert info["rdb_last_bgsave_time_sec"] >= 0 and info["rdb_changes_since_last_save"] == 0
    with emberkv.load(tmp_path / "store" / "dump.rdb") as then:
        assert digest(then) == before
    assert db.bgsave() is True
    wait_until_saved(db)


def test_flushing_gives_up_what_is_being_saved(db: Any, tmp_path: Path) -> None:
    """What was flushed is not wanted in a file; and there is a setting that makes saves slow."""
    assert db.config_get("*-delay*").keys() == {"repl-diskless-sync-delay"}
    for i in range(100):
        db.set(i, i)
    db.config_set("rdb-key-save-delay", 10_000_000)
    db.bgsave()
    wait_for(lambda: db.info("persistence")["current_save_keys_total"] == 100)
    with pytest.raises(emberkv.ResponseError, match="already in progress"):
        db.bgsave()
    db.flushall()
    wait_until_saved(db)
    info = db.info("persistence")
    assert info["rdb_last_bgsave_status"] == "ok" and info["rdb_saves"] == 1
    assert not (tmp_path / "store" / "dump.rdb").exists()
    assert db.config_get("rdb-key-save-delay") == {"rdb-key-save-delay": "10000000"}
    db.config_set("rdb-key-save-delay", -2)
    db.set("a", 1)
    assert keys_saved(db, tmp_path) == [b"a"]


def test_what_is_undone_is_not_saved(db: Any, tmp_path: Path) -> None:
    db.set("a", 1)
    with pytest.raises(RuntimeError), db.transaction():
        db.set("b", 1)
        with pytest.raises(emberkv.ResponseError, match="transaction is open"):
            db.save()
        assert db.bgsave(schedule=False) is True
        with pytest.raises(emberkv.DataError, match="transaction is open"):
            db.save(tmp_path / "a.rdb")
        raise RuntimeError
    wait_until_saved(db)
    assert db.info("persistence")["rdb_saves"] == 0
    assert keys_saved(db, tmp_path) == [b"a"]


def test_a_save_that_cannot_write_says_so(db: Any, tmp_path: Path) -> None:
    db.set("a", 1)
    (tmp_path / "store" / "dump.rdb").mkdir()
    (tmp_path / "store" / "dump.rdb" / "in the way").touch()
    with pytest.raises(emberkv.ResponseError, match="dump.rdb: cannot be written: "):
        db.save()
    db.bgsave()
    wait_until_saved(db)
    info = db.info("persistence")
    assert info["rdb_last_bgsave_status"] == "err" and info["rdb_saves"] == 2
    (tmp_path / "store" / "dump.rdb" / "in the way").unlink()
    (tmp_path / "store" / "dump.rdb").rmdir()
    db.bgsave()
    wait_until_saved(db)
    assert db.info("persistence")["rdb_last_bgsave_status"] == "ok"


def test_closing_calls_a_save_off(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with emberkv.open(path) as other:
        with emberkv.open(path) as db:
            for i in range(100_000):
                db.set(f"small:{i}", i)
            db.bgsave()
        info = other.info("persistence")
        assert info["rdb_bgsave_in_progress"] == 0 and info["rdb_last_bgsave_status"] == "ok"
        assert set(os.listdir(path)) <= {"appendonlydir", "arena", "dump.rdb"}
        other.bgsave()
        wait_until_saved(other)
        assert other.info("persistence")["rdb_last_bgsave_status"] == "ok"


DYING = """
import os, signal, sys, emberkv
from emberkv._core import _ember
with emberkv.open(sys.argv[1]) as db:
    db.bgsave()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_save_of_who_died_has_failed(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with emberkv.open(path) as db:
        for i in range(50_000):
            db.set(f"small:{i}", i)
        subprocess.run([sys.executable, "-c", DYING, str(path)], check=False, timeout=60)
        info = db.info("persistence")
        assert info["rdb_bgsave_in_progress"] == 0 and info["rdb_last_bgsave_status"] == "err"
        assert db.bgsave() is True
        wait_until_saved(db)
        assert db.info("persistence")["rdb_last_bgsave_status"] == "ok"
        assert set(os.listdir(path)) == {"appendonlydir", "arena", "dump.rdb"}


def test_reloading_changes_nothing(db: Any, tmp_path: Path) -> None:
    fill(db)
    db.set("later", 1, ex=1000)
    before = digest(db)
    assert db.execute_command("DEBUG", "RELOAD") in (b"OK", "OK", True)
    assert digest(db) == before and db.ttl("later") > 900
    db.set("new", 1)
    db.execute_command("DEBUG", "RELOAD", "NOSAVE")
    assert digest(db) == before
    db.set("new", 1)
    db.set("later", 2)
    db.execute_command("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")
    assert db.mget("new", "later") == [b"1", b"1"]
    now = digest(db)
    with pytest.raises(emberkv.ResponseError, match="is there already"):
        db.execute_command("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH")
    file = tmp_path / "store" / "dump.rdb"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(emberkv.ResponseError, match="Error trying to load the RDB dump: .*dump"):
        db.execute_command("DEBUG", "RELOAD", "NOSAVE")
    assert digest(db) == now


def test_functions_are_reloaded_too(db: Any) -> None:
    pytest.importorskip("lupa")
    code = "#!lua name=mine\nredis.register_function('one', function() return 1 end)"
    db.function_load(code)
    for options in ((), ("NOSAVE", "NOFLUSH", "MERGE")):
        db.execute_command("DEBUG", "RELOAD", *options)
        assert db.fcall("one", 0) == 1 and len(db.function_list()) == 1


def test_reloading_tells_watchers(db: Any) -> None:
    db.set("k", 1)
    with db.pipeline() as pipe:
        pipe.watch("k")
        db.execute_command("DEBUG", "RELOAD")
        pipe.multi()
        pipe.get("k")
        with pytest.raises(emberkv.WatchError):
            pipe.execute()


def test_settings_of_the_file(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db:
        file = tmp_path / "store" / "dump.rdb"
        db.set("k", "x" * 100_000)
        db.save()
        assert file.stat().st_size < 5000
        db.config_set("rdbcompression", "no")
        db.save()
        assert file.stat().st_size > 100_000
        _ember.load_setting(db._store, "rdbchecksum", "no")
        db.save()
        assert file.read_bytes().endswith(b"\xff" + bytes(8))


def test_errors_are_the_servers(tmp_path: Path, oracle: RedisServer) -> None:
    client = oracle.client()
    with emberkv.open(tmp_path / "store") as db:
        served = _ember.Session(db._store)
        for line in (
            ["MULTI"], ["SAVE"], ["BGSAVE"], ["EXEC"],
            ["BGSAVE", "nope"], ["SAVE", "x"], ["DEBUG", "RELOAD", "NOPE"],
        ):  # fmt: skip
            theirs = client.execute(*line)
            ours_bytes = served.resp(tuple(x.encode() for x in line), 2)
            assert parse(ours_bytes)[0] == theirs, line
    client.close()


def test_the_twin_of_asyncio_saves_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with emberkv.asyncio.open() as db:
            await db.set("a", "b")
            assert await db.save(tmp_path / "a.rdb") is True

    asyncio.run(run())
    with emberkv.load((tmp_path / "a.rdb").read_bytes()) as then:
        assert then.get("a") == b"b"
    with open(tmp_path / "a.rdb", "rb") as file, emberkv.open(snapshot=file) as then:
        assert then.get("a") == b"b"
    with pytest.raises(emberkv.DataError, match="private store"):
        emberkv.open(tmp_path / "store", snapshot=tmp_path / "a.rdb")
    assert os.listdir(tmp_path) == ["a.rdb"]
