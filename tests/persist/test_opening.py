"""What a path is opened with when its memory was left, or its manifest lost; modes of its files."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import emberkv
from emberkv.exceptions import ConnectionError

MANIFEST = "appendonly.aof.manifest"


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "app.ember"
    yield path
    if (path / "arena").is_symlink():
        (path / "arena").readlink().unlink(missing_ok=True)


def left(path: Path, options: str) -> None:
    """A store with one key, whose only process was killed."""
    script = (
        f"import emberkv, os, sys; db = emberkv.open(sys.argv[1], {options});"
        "db.set('k', 1); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], timeout=60)
    assert done.returncode == -signal.SIGKILL


def test_who_is_alone_gets_his_appendfsync(path: Path) -> None:
    left(path, "")
    with emberkv.open(path, appendfsync="always") as db:
        assert db.config_get("appendfsync") == {"appendfsync": "always"}
        with emberkv.open(path, appendfsync="no") as other:  # he is not
            assert other.config_get("appendfsync") == {"appendfsync": "always"}
        db.set("k", 2)
        copied = path.with_name("copy")
        shutil.copytree(path / "appendonlydir", copied / "appendonlydir")
    with emberkv.open(copied) as db:  # it was on disk when the call returned
        assert db.get("k") == b"2"


def test_who_is_alone_gets_his_save_rules_and_no_append_only_file(path: Path) -> None:
    left(path, "")
    with emberkv.open(path, save="100 1", appendonly="no") as db:
        assert db.config_get("save") == {"save": "100 1"}
        assert db.config_get("appendonly") == {"appendonly": "no"}


@pytest.mark.parametrize(
    ("before", "now", "said", "as_before"),
    [
        ("databases=4", {"databases": 64}, "with 4 databases, not 64", {"databases": 4}),
        ("durable=False", {}, "on no disk: open it with durable=False", {"durable": False}),
        ("", {"durable": False}, "on disk: open it without durable=False", {}),
        ("appendonly='no'", {}, 'open it with appendonly="no"', {"appendonly": "no"}),
    ],
)
def test_what_cannot_be_had_is_said(
    path: Path, before: str, now: dict, said: str, as_before: dict
) -> None:
    left(path, before)
    for _ in range(2):  # it stays as it was
        with pytest.raises(ConnectionError, match=said):
            emberkv.open(path, **now)
    with emberkv.open(path, **as_before) as db:
        assert db.get("k") == b"1"


def contents(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


@pytest.mark.parametrize("rewritten", [False, True])
def test_a_lost_manifest_is_an_error_that_names_the_files(path: Path, rewritten: bool) -> None:
    with emberkv.open(path) as db:
        db.set("a", 1)
        if rewritten:
            db.bgrewriteaof()
            while db.info("persistence")["aof_rewrite_in_progress"]:
                pass
            db.set("b", 2)
    files = path / "appendonlydir"
    manifest = (files / MANIFEST).read_bytes()
    (files / MANIFEST).unlink()
    before = contents(files)
    for _ in range(2):
        with pytest.raises(
            ConnectionError, match=f"{MANIFEST}: is missing, though there is"
        ) as said:
            emberkv.open(path)
    assert all(name in str(said.value) for name in before)
    assert contents(files) == before
    (files / MANIFEST).write_bytes(manifest)
    with emberkv.open(path) as db:
        assert db.get("a") == b"1"


def test_what_was_begun_and_not_finished_is_no_lost_manifest(path: Path) -> None:
    """A store begins with its snapshot, as long as no first base has been made."""
    with emberkv.open(path, appendonly="no", save="100 1") as db:
        db.set("a", 1)
    (path / "appendonlydir").mkdir()
    os.link(path / "dump.rdb", path / "appendonlydir" / "appendonly.aof.1.base.rdb")
    (path / "appendonlydir" / "appendonly.aof.1.incr.aof").write_bytes(b"")
    with emberkv.open(path) as db:
        assert db.get("a") == b"1"
    shutil.rmtree(path / "appendonlydir")
    (path / "appendonlydir").mkdir()
    (path / "appendonlydir" / "temp-rewrite").write_bytes(b"REDIS")
    (path / "appendonlydir" / "appendonly.aof.1.incr.aof").write_bytes(b"*1\r\n$8\r\nFLUSHALL\r\n")
    with emberkv.open(path) as db:
        assert db.get("a") == b"1"


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def modes(directory: Path) -> dict[str, int]:
    return {
        str(file.relative_to(directory)): stat.S_IMODE(file.stat().st_mode)
        for file in directory.rglob("*")
        if file.is_file()
    }


@pytest.mark.usefixtures("umask")
def test_files_of_a_store_are_its_users_and_others_go_by_the_umask(
    path: Path, tmp_path: Path
) -> None:
    with emberkv.open(path) as db:
        db.set("a", 1)
        db.execute_command("SAVE")
        db.bgrewriteaof()
        while db.info("persistence")["aof_rewrite_in_progress"]:
            pass
        db.execute_command("BGSAVE")
        while db.info("persistence")["rdb_bgsave_in_progress"]:
            pass
        db.save(path / "mine.rdb")
        db.save(tmp_path / "given.rdb")
        found = modes(path)
        assert len(found) >= 6 and set(found.values()) == {0o600}
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "given.rdb").stat().st_mode) == 0o640
