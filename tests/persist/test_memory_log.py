"""A server without a path, whose store is in memory, keeps a log when CONFIG SET says so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RedisServer
from persist.test_aof import DIR, Asked, open_durable
from persist.test_rewrite import files, persistence, rewrite, wait_for

import emberkv


@pytest.fixture
def server(tmp_path: Path) -> Iterator[emberkv.Server]:
    (tmp_path / "kept").mkdir()
    with emberkv.serve(unixsocket=tmp_path / "socket", dir=str(tmp_path / "kept")) as started:
        yield started


def begin(db: emberkv.Ember[Any]) -> None:
    db.config_set("appendonly", "yes")
    assert persistence(db)["aof_enabled"] == 1
    wait_for(lambda: persistence(db)["aof_rewrite_in_progress"] == 0)
    assert persistence(db)["aof_last_bgrewrite_status"] == "ok"


def test_nothing_is_written_unless_it_is_told_to(tmp_path: Path, server: emberkv.Server) -> None:
    server.db.set("k", "v")
    with pytest.raises(emberkv.ResponseError, match="no append-only file"):
        server.db.execute_command("DEBUG", "LOADAOF")
    assert server.db.get("k") == b"v"
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_its_log_is_loaded_again(server: emberkv.Server, preamble: str) -> None:
    db = server.db
    Asked(db).fill()
    db.config_set("aof-use-rdb-preamble", preamble)
    begin(db)
    db.set("after", 1)
    before = db.execute_command("DEBUG", "DIGEST")
    for _ in range(2):
        db.execute_command("DEBUG", "LOADAOF")
        assert db.execute_command("DEBUG", "DIGEST") == before
        rewrite(db)


def test_a_server_boots_from_it(tmp_path: Path, server: emberkv.Server) -> None:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    Asked(server.db).fill()
    begin(server.db)
    server.db.set("after", 1)
    expected = Asked(server.db).everything()
    server.stop()
    with RedisServer("--appendonly", "yes", "--dir", str(tmp_path / "kept")) as theirs:
        assert Asked(theirs.client()).everything() == expected


def test_it_may_end_and_begin_again(tmp_path: Path, server: emberkv.Server) -> None:
    begin(server.db)
    server.db.config_set("appendonly", "no")
    wait_for(lambda: persistence(server.db)["aof_enabled"] == 0)
    server.db.set("k", "v")
    begin(server.db)
    server.db.execute_command("DEBUG", "LOADAOF")
    assert server.db.get("k") == b"v"
    assert len(files(tmp_path / "kept")) == 3


def test_the_files_of_a_store_in_use_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "app.ember"
    with open_durable(path) as other:
        other.set("its", "own")
        rewrite(other)
        before = files(path)
        with emberkv.serve(unixsocket=tmp_path / "socket", dir=str(path)) as server:
            server.db.config_set("appendonly", "yes")
            wait_for(lambda: persistence(server.db)["aof_last_bgrewrite_status"] == "err")
        assert files(path) == before
    with open_durable(path) as other:
        assert other.get("its") == b"own"


def test_a_copy_by_fork_writes_none(tmp_path: Path, server: emberkv.Server) -> None:
    begin(server.db)
    child = os.fork()
    if child == 0:
        for i in range(3000):  # more than may wait to be written
            server.db.set(f"child {i}", "x" * 1000)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    server.db.set("parent", 1)
    server.db.execute_command("DEBUG", "LOADAOF")
    assert server.db.keys() == [b"parent"]
    assert (tmp_path / "kept" / DIR).is_dir()
