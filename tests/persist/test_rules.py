"""Save rules, BGSAVE SCHEDULE, and what becomes of writes when a save fails."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RawClient, RedisServer, parse

import emberkv


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def persistence(db: Any) -> dict[str, Any]:
    return dict(db.info("persistence"))


@pytest.fixture(params=["private", "shared", "not durable"])
def home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Any]:
    """Where the files of a store lie, and what opens it."""
    path = tmp_path / "store"
    if request.param == "private":
        path.mkdir()
        monkeypatch.chdir(path)
    where = None if request.param == "private" else path
    durable = request.param == "shared"
    return path, lambda **settings: emberkv.open(where, durable=durable, **settings)


def test_a_rule_saves_when_enough_has_changed(home: tuple[Path, Any]) -> None:
    path, opened = home
    with opened(save="1 3") as db:
        db.mset({"a": 1, "b": 2})
        time.sleep(2.5)
        assert not (path / "dump.rdb").exists()  # two changes, and the rule asks for three
        db.set("c", 3)
        wait_for(lambda: persistence(db)["rdb_saves"] == 1)
        wait_for(lambda: persistence(db)["rdb_changes_since_last_save"] == 0)
    with emberkv.load(path / "dump.rdb") as then:
        assert sorted(then.keys()) == [b"a", b"b", b"c"]


def test_a_rule_that_is_set_later_holds_and_ends(home: tuple[Path, Any]) -> None:
    path, opened = home
    with opened() as db:
        db.set("a", 1)
        db.config_set("save", "3600 100 1 1")
        assert db.config_get("save") == {"save": "3600 100 1 1"}
        wait_for(lambda: (path / "dump.rdb").exists())
        wait_for(lambda: persistence(db)["rdb_bgsave_in_progress"] == 0)
        db.config_set("save", "")
        (path / "dump.rdb").unlink()
        db.set("b", 1)
        time.sleep(2.5)
        assert not (path / "dump.rdb").exists()


def test_the_rules_outlive_who_kept_them(tmp_path: Path) -> None:
    """Whoever joins keeps house when the one who did is gone."""
    path = tmp_path / "store"
    script = """
import sys, emberkv
db = emberkv.open(sys.argv[1], durable=False, save="1 1")
print("up", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", script, str(path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline()
    with emberkv.open(path) as db:
        child.kill()
        child.communicate(timeout=60)
        db.set("a", 1)
        wait_for(lambda: (path / "dump.rdb").exists())


def test_a_scheduled_save_follows_the_rewrite(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db:
        for i in range(100_000):
            db.set(f"key:{i}", i)
        with db.transaction():  # at the end of which the rewrite begins
            db.bgrewriteaof()
            with pytest.raises(emberkv.ResponseError, match="BGSAVE SCHEDULE"):
                db.execute_command("BGSAVE")
            assert db.execute_command("BGSAVE", "SCHEDULE")
        wait_for(lambda: persistence(db)["rdb_saves"] == 1)
        wait_for(lambda: persistence(db)["rdb_bgsave_in_progress"] == 0)
        assert persistence(db)["aof_rewrites"] == 1
    with emberkv.load(tmp_path / "store" / "dump.rdb") as then:
        assert then.dbsize() == 100_000


# Each is asked of both sides, in the order given; BGSAVE fails, for dump.rdb is a directory.
REFUSED = [
    ("SET", "a", 2), ("PING",), ("GET", "a"), ("DEL", "nokey"), ("ECHO", "x"),
    ("PUBLISH", "a", "b"), ("FUNCTION", "FLUSH"), ("EXPIRE", "a", 10),
    ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"),
    ("CONFIG", "SET", "hz", 12), ("MULTI",), ("GET", "a"), ("SET", "a", 3), ("EXEC",),
    ("MULTI",), ("GET", "a"), ("EXEC",), ("EVAL", "return redis.call('get', 'a')", 0),
    ("EVAL", "return redis.call('set', 'a', '1')", 0), ("FLUSHALL",), ("DBSIZE",),
    ("CONFIG", "SET", "save", ""), ("SET", "a", 5), ("PING",), ("CONFIG", "SET", "save", "3600 1"),
    ("SET", "a", 6), ("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"), ("SET", "a", 7),
    ("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes"), ("SET", "a", 8),
]  # fmt: skip


def failed_save(run: Callable[..., Any]) -> None:
    """BGSAVE, until it has failed."""
    run("BGSAVE")
    wait_for(lambda: b"rdb_last_bgsave_status:err" in run("INFO", "persistence").value)


def test_after_a_failed_save_writes_are_refused_as_by_a_server(tmp_path: Path) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    (tmp_path / "theirs").mkdir()
    options = ("--save", "3600 1", "--dir", str(tmp_path / "theirs"))
    with (
        RedisServer(*options) as server,
        emberkv.open(tmp_path / "ours", save="3600 1", durable=False) as db,
    ):
        client: RawClient = server.client()

        def ours(*args: Any) -> Any:
            return parse(db._session.resp(args, 2))[0]

        for run in (ours, client.execute):
            assert run("SET", "a", 1).value == b"OK"
        for side in ("theirs", "ours"):
            (tmp_path / side / "dump.rdb").mkdir()
        for run in (ours, client.execute):
            failed_save(run)
        for command in REFUSED:
            assert ours(*command) == client.execute(*command), command
        for side in ("theirs", "ours"):
            (tmp_path / side / "dump.rdb").rmdir()
        for run in (ours, client.execute):
            assert run("SAVE").value == b"OK"
            assert run("SET", "a", 9).value == b"OK"


def test_writes_go_on_by_themselves_when_a_save_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "store"
    (path / "dump.rdb").mkdir(parents=True)
    with emberkv.open(path, durable=False, save="1 1") as db:
        db.set("a", 1)
        wait_for(lambda: persistence(db)["rdb_last_bgsave_status"] == "err")
        with pytest.raises(emberkv.ResponseError, match="^MISCONF"):
            db.set("a", 2)
        assert db.get("a") == b"1"
        (path / "dump.rdb").rmdir()
        wait_for(lambda: persistence(db)["rdb_last_bgsave_status"] == "ok")  # the rule tries again
        assert db.set("a", 2)


# A path with a snapshot alone


def test_without_a_log_the_last_close_saves_if_there_are_rules(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with emberkv.open(path, appendonly="no", save="3600 1") as db, emberkv.open(path) as other:
        db.set("a", 1)
        assert db.config_get("appendonly") == {"appendonly": "no"}
        db.close()
        assert not (path / "dump.rdb").exists()
        other.set("b", 1)
    assert os.listdir(path) == ["dump.rdb"]
    with emberkv.open(path, appendonly=False) as db:
        assert sorted(db.keys()) == [b"a", b"b"]
        db.set("c", 1)  # there are no rules
    with emberkv.open(path, appendonly=False) as db:
        assert sorted(db.keys()) == [b"a", b"b"]
    with emberkv.open(path) as db:  # from now on there is a log
        assert sorted(db.keys()) == [b"a", b"b"]
        assert db.config_get("appendonly") == {"appendonly": "yes"}
    assert sorted(os.listdir(path)) == ["appendonlydir", "dump.rdb"]


def test_what_is_flushed_does_not_come_back(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with emberkv.open(path, appendonly="no", save="3600 1000") as db:
        db.set("a", 1)
        db.save()
        db.flushall()
        wait_for(lambda: persistence(db)["rdb_saves"] == 2)
        wait_for(lambda: persistence(db)["rdb_bgsave_in_progress"] == 0)
        with emberkv.load(path / "dump.rdb") as then:
            assert then.dbsize() == 0


@pytest.mark.parametrize(
    ("how", "save", "left"),
    [((), "3600 1", 1), ((), "", 0), (("SAVE",), "", 1), (("NOSAVE",), "3600 1", 0)],
)
def test_a_server_saves_when_it_is_told_to_stop(
    tmp_path: Path, how: tuple[str, ...], save: str, left: int
) -> None:
    path = tmp_path / "store"
    socket = str(tmp_path / "socket")
    with emberkv.serve(path, unixsocket=socket, appendonly="no", save=save) as server:
        client = RawClient(socket)
        client.execute("SET", "a", 1)
        with contextlib.suppress(ConnectionError):
            client.execute("SHUTDOWN", *how)
        client.close()
        assert server.join(40)
    assert (path / "dump.rdb").exists() == bool(left)
    with emberkv.serve(path, unixsocket=socket, appendonly="no") as server:
        assert server.db.dbsize() == left


def test_a_server_that_cannot_save_stays_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "store"
    socket = str(tmp_path / "socket")
    (path / "dump.rdb").mkdir(parents=True)
    with emberkv.serve(path, unixsocket=socket, save="3600 1", durable=False) as server:
        client = RawClient(socket)
        client.execute("SET", "a", 1)
        error = client.execute("SHUTDOWN")
        assert error.value == b"ERR Errors trying to SHUTDOWN. Check logs."
        with contextlib.suppress(ConnectionError):
            client.execute("SHUTDOWN", "FORCE")
        client.close()
        assert server.join(40)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    assert not [name for name in os.listdir(".") if name.startswith("temp-")]
