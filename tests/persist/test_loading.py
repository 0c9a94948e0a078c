"""A store loaded from its files: DEBUG LOADAOF, bases of commands, progress, what lay about."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from persist.test_aof import DIR, Asked, lose_memory
from persist.test_rewrite import files, rewrite, wait_for

import emberkv


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.ember"


def digest(db: Any) -> Any:
    return db.execute_command("DEBUG", "DIGEST")


# DEBUG LOADAOF


def test_the_log_is_loaded_again(path: Path) -> None:
    with emberkv.open(path, appendfsync="no") as db, emberkv.open(path) as other:
        Asked(db).fill()
        with db.pipeline() as pipe:
            pipe.set("in", "one").incr("n").execute()
        expected = Asked(db).everything()
        size = db.info("persistence")["aof_current_size"]
        assert db.execute_command("DEBUG", "LOADAOF") == b"OK"
        assert Asked(other).everything() == expected
        assert db.info("persistence")["aof_current_size"] == size  # what was loaded is not new
        other.set("after", 1)
        assert db._store.check()
    with emberkv.open(path) as db:
        assert db.getdel("after") == b"1"
        assert Asked(db).everything() == expected


def test_a_log_that_is_damaged_changes_nothing(path: Path) -> None:
    with emberkv.open(path) as db:
        db.mset({"a": 1, "b": 2})
        db._store.flush_log()
        (file,) = (path / DIR).glob("*.incr.aof")
        data = file.read_bytes()
        file.write_bytes(data.replace(b"$4\r\nmset", b"!4\r\nmset"))
        with pytest.raises(emberkv.ResponseError, match=r"Error trying to load.*incr.aof: damaged"):
            db.execute_command("DEBUG", "LOADAOF")
        assert sorted(db.keys()) == [b"a", b"b"]
        file.write_bytes(data)
        assert db.execute_command("DEBUG", "LOADAOF") == b"OK"
        assert sorted(db.keys()) == [b"a", b"b"]


def test_a_log_that_was_turned_off_is_what_is_loaded(path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("a", 1)
        db.config_set("appendonly", "no")

        def is_off() -> bool:
            told = db._store.log_positions[0]
            return bool(db.incr("n")) and db._store.log_positions[0] == told

        wait_for(is_off)
        db.set("later", 1)
        db.execute_command("DEBUG", "LOADAOF")
        assert db.mget("a", "later") == [b"1", None]


def test_there_is_nothing_to_load_in_memory_or_within_a_transaction(path: Path) -> None:
    with emberkv.open() as db, pytest.raises(emberkv.ResponseError, match="in memory"):
        db.execute_command("DEBUG", "LOADAOF")
    with emberkv.open(path) as db, db.transaction():
        with pytest.raises(emberkv.ResponseError, match="a transaction is open"):
            db.execute_command("DEBUG", "LOADAOF")


# Bases of commands


def deleted_pending(db: Any) -> list[Any]:
    """What is pending though it was deleted, which no command makes pending again."""
    there = {entry[0] for entry in emberkv.redis_client(db).xrange("R")}
    pending = [p["message_id"] for p in db.xpending_range("R", "g", "-", "+", 1000)]
    return [entry for entry in pending if entry not in there]


def test_a_base_of_commands_is_read_by_both(path: Path, redis_server: Any) -> None:
    with emberkv.open(path, aof_use_rdb_preamble="no") as db:
        Asked(db).fill()
        db.set("soon", "x", ex=1000)
        db.xadd("emptied", {"a": 1}, id="5-5")
        db.xdel("emptied", "5-5")
        db.xack("R", "g", *deleted_pending(db))
        expected = Asked(db).everything()
        before = digest(db)
        rewrite(db)
        assert files(path) == ["1.base.aof", "2.incr.aof", "manifest"]
        db.execute_command("DEBUG", "LOADAOF")
        assert digest(db) == before
    with emberkv.open(path) as db:
        assert Asked(db).everything() == expected
    assert Asked(redis_server(path)).everything() == expected


def test_a_base_of_commands_holds_what_only_emberkv_has(path: Path) -> None:
    pytest.importorskip("lupa")
    with emberkv.open(path, aof_use_rdb_preamble="no") as db:
        db.function_load("#!lua name=mine\nredis.register_function('one', function() return 1 end)")
        db.hset("h", mapping={"a": 1, "b": 2})
        db.hpexpireat("h", 4_000_000_000_000, "a")
        for i in range(3):
            db.execute_command("XADD", "s", "IDMP", "p", f"m{i}", "*", "f", i)
        ids = [entry[0] for entry in emberkv.redis_client(db).xrange("s")]
        db.xgroup_create("s", "g", 0)
        db.xreadgroup("g", "c", {"s": ">"})
        db.execute_command("XNACK", "s", "g", "FAIL", "IDS", 1, ids[1])
        told = db.execute_command("XPENDING", "s", "g")
        rewrite(db)
    with emberkv.open(path) as db:
        assert db.fcall("one", 0) == 1
        assert db.hpexpiretime("h", "a", "b") == [4_000_000_000_000, -1]
        assert db.execute_command("XPENDING", "s", "g") == told
        assert db.execute_command("XADD", "s", "IDMP", "p", "m1", "*", "f", 9) == ids[1]
        assert [c["name"] for c in db.xinfo_consumers("s", "g")] == [b"c"]


# Functions


def test_restored_functions_are_in_the_log(path: Path) -> None:
    pytest.importorskip("lupa")
    code = "#!lua name=mine\nredis.register_function('one', function() return 1 end)"
    with emberkv.open() as other:
        other.function_load(code)
        dumped = other.function_dump()
    with emberkv.open(path) as db:
        db.function_restore(dumped)
    with emberkv.open(path) as db:
        assert db.fcall("one", 0) == 1
        db.function_delete("mine")
    with emberkv.open(path) as db:
        assert db.function_list() == []


# Progress


def test_who_opens_is_told_how_far_it_is(path: Path) -> None:
    with emberkv.open(path, appendfsync="no") as db:
        for i in range(20):
            db.rpush(f"l{i}", *(f"{j:060d}" for j in range(10_000)))
        total = None
        rewrite(db)
        for i in range(3):
            db.rpush(f"m{i}", *(f"{j:060d}" for j in range(10_000)))
    total = sum(f.stat().st_size for f in (path / DIR).iterdir() if "manifest" not in f.name)
    told: list[tuple[int, int]] = []
    store = emberkv.open(path, progress=lambda *args: told.append(args))
    store.close()
    assert all(0 < done <= of == total for done, of in told) and told == sorted(told)


def test_a_progress_that_raises_ends_the_opening(path: Path) -> None:
    with emberkv.open(path, appendfsync="no") as db:
        for i in range(30):
            db.rpush(f"l{i}", *(f"{j:0300d}" for j in range(10_000)))
        expected = db.dbsize()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    took = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        emberkv.open(path, progress=stop).close()
        assert time.monotonic() - took < 10, "it took long, and nobody was asked"
    assert not (path / "arena").is_symlink()
    with emberkv.open(path) as db:
        assert db.dbsize() == expected


def test_what_a_snapshot_held_is_told(path: Path) -> None:
    with emberkv.open(path, durable=False) as db:
        db.set("a", 1)
        db.set("b", 1)
        db.set("gone", 1, px=1)
        db.execute_command("DEBUG", "SLEEP", 0.01)
        db.save()
    with emberkv.open(path) as db:
        info = db.info("persistence")
        assert (info["rdb_last_load_keys_loaded"], info["rdb_last_load_keys_expired"]) == (2, 1)
        assert info["loading"] == 0 and sorted(db.keys()) == [b"a", b"b"]


# What lay beside memory that is gone


def test_what_lay_beside_lost_memory_goes_too(path: Path, monkeypatch: Any, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setenv("EMBERKV_ARENA_DIR", str(memory))
    script = """
import os, signal, sys, emberkv
from emberkv._core import _ember
db = emberkv.open(sys.argv[1], appendfsync="always")
for i in range(5000):
    db.set(f"key:{i}", i)
die = lambda keys: os.kill(os.getpid(), signal.SIGKILL)
_ember.save_rdb(db._store, sys.argv[1] + ".rdb", progress=die, every_ms=0)
"""
    command = [sys.executable, "-c", script, str(path)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    assert [f.name for f in memory.iterdir() if f.name.endswith("-snapshot")]
    (memory / os.path.basename(os.readlink(path / "arena"))).unlink()
    with emberkv.open(path) as db:
        assert db.dbsize() == 5000
        assert len(list(memory.iterdir())) == 1
    assert list(memory.iterdir()) == []


def test_others_wait_while_one_loads(path: Path) -> None:
    with emberkv.open(path, appendfsync="no") as db:
        for i in range(10):
            db.rpush(f"l{i}", *range(20_000))
    lose_memory(path)
    sizes: list[int] = []

    def count() -> None:
        with emberkv.open(path) as db:
            sizes.append(db.dbsize())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [10] * 4
