"""A store's directory that is copied, moved or removed: whose memory it leads to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import emberkv
from emberkv.exceptions import ConnectionError


def killed(path: Path, script: str) -> None:
    """What a process that is killed did with the store: its memory stays."""
    text = f"import emberkv, os, sys\npath = sys.argv[1]\n{script}\nos.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", text, str(path)], timeout=60)
    assert done.returncode == -signal.SIGKILL


def copy_as_cp_does(path: Path, to: Path) -> Path:
    subprocess.run(["cp", "-r", str(path), str(to)], check=True, timeout=60)
    return to


def test_a_copy_of_a_killed_store_is_another_store(path: Path, tmp_path: Path) -> None:
    killed(path, "db = emberkv.open(path, appendfsync='always'); db.set('a', 'original')")
    copy = copy_as_cp_does(path, tmp_path / "copy.ember")
    assert (copy / "arena").is_symlink()
    with emberkv.open(copy) as db:
        assert db.get("a") == b"original"
        db.set("a", "copy")
        with emberkv.open(path) as original:
            assert original.get("a") == b"original"
            original.set("b", 1)
        assert db.get("b") is None
    with emberkv.open(copy) as db:
        assert db.get("a") == b"copy"


def test_a_copy_of_an_open_store_is_another_store(path: Path, tmp_path: Path) -> None:
    with emberkv.open(path, appendfsync="always") as original:
        original.set("a", "original")
        copy = copy_as_cp_does(path, tmp_path / "copy.ember")
        with emberkv.open(copy) as db:
            assert db.get("a") == b"original"
            db.set("a", "copy")
        original.set("a", "still")
        with emberkv.open(path) as other:
            assert other.get("a") == b"still"


def test_a_copy_leaves_the_originals_memory_alone(
    path: Path, memory_dir: Path, tmp_path: Path
) -> None:
    """Also what lies beside it, by which waiting processes are woken."""
    with emberkv.open(path) as original:
        (memory,) = memory_dir.iterdir()
        beside = memory.with_name(memory.name + "-beside")
        beside.touch()
        copy = copy_as_cp_does(path, tmp_path / "copy.ember")
        with emberkv.open(copy, durable=False) as db:
            assert db.dbsize() == 0
        assert set(memory_dir.iterdir()) == {memory, beside}
        beside.unlink()
        assert original.set("a", 1)


def test_a_copy_of_a_store_without_files_is_empty(path: Path, tmp_path: Path) -> None:
    with emberkv.open(path, durable=False) as original:
        original.set("a", 1)
        copy = copy_as_cp_does(path, tmp_path / "copy.ember")
        with emberkv.open(copy, durable=False) as db:
            assert db.dbsize() == 0
        assert not copy.exists()
        assert original.get("a") == b"1"


def test_what_copies_the_memory_itself_makes_a_store_too(path: Path, tmp_path: Path) -> None:
    killed(
        path,
        "db = emberkv.open(path, max_bytes=1 << 20, appendfsync='always'); db.set('a', 'original')",
    )
    copy = tmp_path / "copy.ember"
    shutil.copytree(path, copy)
    assert (copy / "arena").is_file() and not (copy / "arena").is_symlink()
    with emberkv.open(copy) as db:
        assert db.get("a") == b"original"
        assert (copy / "arena").is_symlink()


def test_memory_in_the_directory_itself_is_copied_for_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBERKV_ARENA_DIR", str(path))
    path.mkdir()
    with emberkv.open(path, max_bytes=1 << 20, appendfsync="always") as original:
        original.set("a", 1)
        copy = copy_as_cp_does(path, tmp_path / "copy.ember")
        monkeypatch.setenv("EMBERKV_ARENA_DIR", str(copy))
        with emberkv.open(copy, max_bytes=1 << 20) as db:
            assert db.get("a") == b"1"
        assert os.listdir(copy) == ["appendonlydir"]
        assert original.get("a") == b"1"


def test_a_moved_store_is_the_same(path: Path, tmp_path: Path) -> None:
    """Its memory goes on, with what is not on disk."""
    killed(path, "db = emberkv.open(path, durable=False); db.set('a', 1)")
    moved = path.rename(tmp_path / "moved.ember")
    with emberkv.open(moved, durable=False) as db:
        assert db.get("a") == b"1"


def test_a_backup_that_is_put_back_is_what_it_was(path: Path, tmp_path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("a", "of the backup")
    backup = copy_as_cp_does(path, tmp_path / "backup")
    killed(path, "db = emberkv.open(path, appendfsync='always'); db.set('a', 'later')")
    memory = (path / "arena").readlink()
    copy_as_cp_does(path / "arena", backup / "arena")  # of a backup that was taken then
    shutil.rmtree(path)
    backup.rename(path)
    with emberkv.open(path) as db:
        assert db.get("a") == b"of the backup"
    memory.unlink()


def test_what_is_nobodys_memory_is_refused_with_a_way_out(path: Path) -> None:
    path.mkdir()
    (path / "arena").write_bytes(b"precious")
    with pytest.raises(ConnectionError, match="not an emberkv store's, and has to be moved away"):
        emberkv.open(path)
    assert (path / "arena").read_bytes() == b"precious"
