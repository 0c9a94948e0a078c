"""A log and a snapshot in one directory: what is opened is what was kept last."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import emberkv
from emberkv.exceptions import ConnectionError

INCREMENT = Path("appendonlydir", "appendonly.aof.1.incr.aof")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.ember"


def keys(path: Path, **how: Any) -> list[bytes]:
    with emberkv.open(path, **how) as db:
        return sorted(db.keys())


def switched_off(path: Path) -> None:
    """A store saved after its log was switched off: that has `a`, the snapshot `a` and `b`."""
    with emberkv.open(path) as db:
        db.set("a", 1)
        db.config_set("appendonly", "no")
        db.set("b", 2)
        db.save()


def test_a_log_is_read_where_there_is_no_snapshot(path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("a", 1)
    before = (path / INCREMENT).read_bytes()
    with emberkv.open(path, appendonly=False) as db:
        assert db.keys() == [b"a"]
        db.set("b", 2)
    assert (path / INCREMENT).read_bytes() == before
    assert keys(path) == [b"a"]


@pytest.mark.parametrize("background", [False, True])
def test_what_is_saved_without_the_log_is_not_lost(path: Path, background: bool) -> None:
    with emberkv.open(path) as db:
        db.set("a", 1)
    with emberkv.open(path, appendonly=False, save="1 1") as db:
        db.set("b", 2)
        if background:
            db.bgsave()
    assert keys(path) == [b"a", b"b"]


def test_a_snapshot_of_after_the_log_is_followed_by_a_log(path: Path, redis_server: Any) -> None:
    switched_off(path)
    with emberkv.open(path) as db:
        assert sorted(db.keys()) == [b"a", b"b"]
        db.set("c", 3)
    assert keys(path) == [b"a", b"b", b"c"]
    assert keys(path) == [b"a", b"b", b"c"]
    files = {entry.name for entry in (path / "appendonlydir").iterdir()}
    assert files == {
        "appendonly.aof.manifest",
        "appendonly.aof.1.base.rdb",
        "appendonly.aof.2.incr.aof",
    }
    theirs = redis_server(path)
    assert [theirs.execute("GET", key).value for key in "abc"] == [b"1", b"2", b"3"]


def test_it_is_the_newer_though_the_log_lost_its_end(path: Path) -> None:
    switched_off(path)
    with (path / INCREMENT).open("r+b") as file:
        file.truncate(0)
    assert keys(path) == [b"a", b"b"]


def test_a_log_that_went_on_is_the_newer(path: Path) -> None:
    switched_off(path)
    with (path / INCREMENT).open("ab") as file:  # by a server, say
        file.write(b"*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$1\r\n3\r\n")
    assert keys(path) == [b"a", b"c"]


def test_a_log_that_was_switched_on_again_is_the_newer(path: Path) -> None:
    switched_off(path)
    with emberkv.open(path, appendonly=False) as db:
        db.config_set("appendonly", "yes")
        db.delete("a")
        while db.info("persistence")["aof_rewrite_in_progress"]:
            pass
    assert keys(path) == [b"b"]


def test_a_snapshot_of_while_the_log_was_kept_is_no_newer(path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("a", 1)
        db.save()
        db.delete("a")
        db.set("b", 2)
    assert keys(path) == [b"b"]


def test_a_snapshot_from_elsewhere_takes_no_logs_place(path: Path) -> None:
    with emberkv.open(path.with_name("other.ember"), appendonly=False) as other:
        other.set("theirs", 1)
        other.save()
    with emberkv.open(path) as db:
        db.set("a", 1)
    shutil.copy(path.with_name("other.ember") / "dump.rdb", path / "dump.rdb")
    assert keys(path) == [b"a"]
    with emberkv.open(path, appendonly=False) as db:  # he asks for it
        assert db.keys() == [b"theirs"]
        db.set("b", 2)
        db.save()
    assert keys(path) == [b"a"]  # that is not made of it, and would be lost
    assert keys(path, appendonly=False) == [b"b", b"theirs"]


def test_a_damaged_log_is_no_matter_where_the_snapshot_is_asked_for(path: Path) -> None:
    switched_off(path)
    (path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(ConnectionError, match=r"manifest: line 1"):
        emberkv.open(path)
    with emberkv.open(path, appendonly=False) as db:
        assert sorted(db.keys()) == [b"a", b"b"]
        db.save()
    with pytest.raises(ConnectionError, match=r"manifest: line 1"):
        emberkv.open(path)
