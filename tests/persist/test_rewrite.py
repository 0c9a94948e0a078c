"""BGREWRITEAOF, turning the file on and off, and what INFO tells of it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from oracle import RedisServer
from persist.test_aof import DIR, MANIFEST, Asked, in_child, lose_memory, open_durable

import emberkv


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def persistence(db: emberkv.Ember[bytes]) -> dict[str, Any]:
    return dict(db.info("persistence"))


def rewrite(db: emberkv.Ember[bytes]) -> None:
    before = persistence(db)["aof_rewrites"]
    db.bgrewriteaof()
    wait_for(lambda: persistence(db)["aof_rewrites"] > before)
    wait_for(lambda: persistence(db)["aof_rewrite_in_progress"] == 0)
    assert persistence(db)["aof_last_bgrewrite_status"] == "ok"


def files(path: Path) -> list[str]:
    return sorted(f.name.removeprefix("appendonly.aof.") for f in (path / DIR).iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.ember"


def test_a_rewrite_keeps_everything_in_less(path: Path) -> None:
    with open_durable(path) as db:
        Asked(db).fill()
        for _ in range(5000):
            db.incr("counter")
        expected = Asked(db).everything()
        db.waitaof(1, 0, 20_000)
        before = persistence(db)["aof_current_size"]
        rewrite(db)
        assert persistence(db)["aof_current_size"] < before
        assert files(path) == ["1.base.rdb", "2.incr.aof", "manifest"]
        db.set("after", 1)
    assert files(path) == ["1.base.rdb", "2.incr.aof", "manifest"]
    with open_durable(path) as db:
        assert db.getdel("after") == b"1"
        assert Asked(db).everything() == expected
        rewrite(db)
    with open_durable(path) as db:
        assert Asked(db).everything() == expected


def test_a_rewrite_before_the_first_write_to_disk_repeats_nothing(path: Path) -> None:
    with open_durable(path, appendfsync="no") as db:
        for _ in range(20):
            db.rpush("l", 1)
        rewrite(db)
    with open_durable(path) as db:
        assert db.llen("l") == 20


def test_a_server_boots_from_what_was_rewritten(path: Path) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with open_durable(path) as db:
        Asked(db).fill()
        rewrite(db)
        db.execute_command("SELECT", 2)
        db.set("in two", 1)
        db.execute_command("SELECT", 0)
        expected = Asked(db).everything()
    with RedisServer("--appendonly", "yes", "--dir", str(path)) as server:
        theirs = Asked(server.client())
        assert theirs.everything() == expected
        theirs("SELECT", 2)
        assert theirs("GET", "in two").value == b"1"


def test_nothing_is_lost_while_it_is_rewritten(path: Path) -> None:
    with open_durable(path) as db:
        for i in range(20_000):
            db.set(f"old {i}", "x" * 50)
        going = True

        def write() -> None:
            other = open_durable(path)
            i = 0
            while going:
                with other.transaction():
                    other.set(f"new {i}", i)
                    other.incr("n")
                i += 1
            other.close()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(3):
                rewrite(db)
        finally:
            going = False
            writer.join(60)
        n = int(db.get("n") or 0)
        assert n > 0
        size = db.dbsize()
    with open_durable(path) as db:
        assert (int(db.get("n") or 0), db.dbsize()) == (n, size)
        assert db.dbsize() == 20_000 + n + 1


def test_a_reboot_in_the_midst_of_a_rewrite_loses_nothing(path: Path) -> None:
    for delay_ms in (0, 5, 20, 80):
        child = in_child(
            path,
            f"""
            import time
            db = emberkv.open(path, durable=True, appendfsync="always")
            before = db.dbsize()
            for i in range(300):
                db.set(f"{{before}} {{i}}", "x" * 1000)
            db.bgrewriteaof()
            db.set(f"{{before}} last", 1)
            print(db.dbsize(), flush=True)
            time.sleep({delay_ms} / 1000)
            os.kill(os.getpid(), signal.SIGKILL)
            """,
        )
        out, _ = child.communicate(timeout=60)
        lose_memory(path)
        with open_durable(path) as db:
            assert db.dbsize() == int(out)


def test_the_file_is_turned_on_and_off(path: Path) -> None:
    with emberkv.open(path, durable=False) as db:
        db.set("before", 1)
        assert persistence(db)["aof_enabled"] == 0
        db.config_set("appendonly", "yes")
        wait_for(lambda: (path / DIR / MANIFEST).exists())
        wait_for(lambda: persistence(db)["aof_rewrite_in_progress"] == 0)
        db.set("after", 1)
        assert persistence(db)["aof_enabled"] == 1
    with open_durable(path) as db:
        assert db.exists("before", "after") == 2
        db.config_set("appendonly", "no")
        wait_for(lambda: db._store.log_positions[0] == db._store.log_positions[2])
        time.sleep(0)
        db.set("not kept", 1)
        wait_for(lambda: persistence(db)["aof_enabled"] == 0)


def test_a_private_store_has_no_file() -> None:
    with emberkv.open() as db:
        with pytest.raises(emberkv.ResponseError, match="Unable to turn on AOF"):
            db.config_set("appendonly", "yes")
        with pytest.raises(emberkv.ResponseError, match="no append-only file"):
            db.bgrewriteaof()


def test_it_is_rewritten_when_it_has_grown(path: Path) -> None:
    with open_durable(path) as db:
        db.config_set("auto-aof-rewrite-min-size", "64kb")
        for i in range(3000):
            db.set("same", f"{i} " + "x" * 100)
        wait_for(lambda: persistence(db)["aof_rewrites"] > 0)
        wait_for(lambda: persistence(db)["aof_current_size"] < 64 << 10)
    with open_durable(path) as db:
        assert db.get("same") == b"2999 " + b"x" * 100


def test_waitaof_waits_for_the_disk(path: Path) -> None:
    with open_durable(path, appendfsync="no") as db:
        db.set("a", 1)
        assert db.execute_command("WAITAOF", 1, 0, 0) == [1, 0]
        told, _, synced = db._store.log_positions
        assert told == synced
    os.sync()
