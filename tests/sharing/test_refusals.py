"""Paths that are no store, another's, another version's, or without room: a clear error each."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import emberkv
from emberkv.exceptions import ConnectionError, OutOfMemoryError

MAGIC, LAYOUT, STAMP = 0, 8, 16  # where they stand in the memory's first bytes

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def left_behind(path: Path, memory_dir: Path) -> Path:
    """The memory of a store whose only process was killed."""
    script = (
        "import emberkv, os, sys; db = emberkv.open(sys.argv[1]); db.set('k', 1);"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)])
    (memory,) = memory_dir.iterdir()
    return memory


def overwrite(file: Path, at: int, data: bytes) -> None:
    with file.open("r+b") as f:
        f.seek(at)
        f.write(data)


def refused(path: Path, match: str) -> None:
    with pytest.raises(ConnectionError, match=match) as caught:
        emberkv.open(path)
    assert str(path) in str(caught.value)


def test_another_layout_is_refused(path: Path, left_behind: Path) -> None:
    overwrite(left_behind, LAYOUT, struct.pack("<I", 4711))
    refused(path, "another version of the library")
    assert left_behind.exists()


def test_another_stamp_is_refused(path: Path, left_behind: Path) -> None:
    overwrite(left_behind, STAMP, b"\xff" * 8)
    refused(path, "another version of the library")


def test_memory_that_is_cut_short_is_refused(path: Path, left_behind: Path) -> None:
    for size in (1 << 20, 5000, 100):
        os.truncate(left_behind, size)
        refused(path, "cut short|not an emberkv store")


def test_memory_that_is_something_else_is_refused(path: Path, left_behind: Path) -> None:
    overwrite(left_behind, MAGIC, b"not this")
    refused(path, "not an emberkv store")
    left_behind.write_bytes(b"a text file, and rather a short one")
    refused(path, "not an emberkv store")


def test_memory_that_is_gone_is_made_anew(path: Path, left_behind: Path) -> None:
    """As after the machine was started anew."""
    left_behind.unlink()
    with emberkv.open(path) as db:
        assert db.dbsize() == 0
        assert db.set("k", 1)


def test_a_file_at_the_path_is_refused_and_stays(path: Path) -> None:
    path.write_bytes(b"precious")
    refused(path, "not an emberkv store")
    assert path.read_bytes() == b"precious"


def test_a_directory_with_an_arena_of_somebody_elses_is_refused(path: Path) -> None:
    path.mkdir()
    (path / "arena").write_bytes(b"precious")
    refused(path, "not an emberkv store")
    (path / "arena").unlink()
    (path / "arena").symlink_to("/etc/passwd")
    refused(path, "not an emberkv store")
    assert (path / "arena").is_symlink()


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        emberkv.open(tmp_path / "no" / "such" / "directory.ember")
    with pytest.raises(ValueError):
        emberkv.open("nul\0byte")


AS_NOBODY = """
import os, sys
sys.path[:0] = sys.argv[2:]
import emberkv, emberkv._core._ember, emberkv.exceptions
os.setgid(65534)
os.setuid(65534)
try:
    emberkv.open(sys.argv[1]).set("k", "mine")
except BaseException as error:
    print(type(error).__name__, error)
else:
    print("opened")
"""


def as_nobody(path: Path) -> str:
    package_root = str(Path(emberkv.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(path), package_root],
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that every user can go through and write to, as pytest's is not."""
    directory = Path("/tmp") / f"emberkv-test-{os.getpid()}"
    directory.mkdir()
    directory.chmod(0o777)
    yield directory
    shutil.rmtree(directory)


@as_root
def test_another_users_store_is_refused(open_to_all: Path) -> None:
    path = open_to_all / "app.ember"
    with emberkv.open(path) as db:
        db.set("k", "root's")
        assert as_nobody(path).startswith("PermissionError")
        path.chmod(0o777)
        assert "belongs to another user" in as_nobody(path)
        assert db.get("k") == b"root's"


@as_root
def test_a_directory_without_permission_is_refused(open_to_all: Path) -> None:
    closed = open_to_all / "closed"
    closed.mkdir(mode=0o700)
    assert as_nobody(closed / "app.ember").startswith("PermissionError")
    closed.chmod(0o755)
    assert as_nobody(closed / "app.ember").startswith("PermissionError")
    assert list(closed.iterdir()) == []


@pytest.fixture(params=[4, 16], ids=["4MB", "16MB"])
def tiny(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A place for memory of a few megabytes, as /dev/shm often is in containers."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("cannot mount a small tmpfs here")
    monkeypatch.setenv("EMBERKV_ARENA_DIR", str(place))
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(db: emberkv.Ember[bytes], key: str) -> int:
    n = 0
    with pytest.raises(OutOfMemoryError):
        while True:
            db.rpush(key, b"x" * 1000)
            n += 1
    return n


def test_a_place_that_fills_up_is_an_error_and_no_signal(tiny: Path, path: Path) -> None:
    with emberkv.open(path) as db:
        n = fill(db, "l")
        assert n > 1000
        assert db.llen("l") == n
        with pytest.raises(OutOfMemoryError):
            db.set("big", b"x" * (64 << 20))
        with pytest.raises(OutOfMemoryError), db.transaction():
            for i in range(100_000):
                db.set(f"k{i}", b"x" * 100)
        assert db.dbsize() == 1
        assert db._store.check()
        rest = tiny / "rest"
        rest.write_bytes(bytes(os.statvfs(tiny).f_bavail * os.statvfs(tiny).f_frsize))
        with pytest.raises(OutOfMemoryError):
            db.save(path.with_name("a.rdb"))
        assert not path.with_name("a.rdb").exists()
        rest.unlink()
        with emberkv.open(path) as other:
            db.delete("l")
            for _ in range(1000):
                other.ping()
            again = fill(other, "l2")
        assert again > n // 2
        db.delete("l2")
        assert db.memory_purge()
        assert db.info("memory")["used_memory"] < 200_000
        assert db._store.check()
    assert list(tiny.iterdir()) == []


def test_a_place_that_is_full_from_the_start(tiny: Path, path: Path) -> None:
    size = os.statvfs(tiny).f_bavail * os.statvfs(tiny).f_frsize
    for left in (0, 4096, 8192, 60_000, 100_000, 150_000, 200_000):
        (tiny / "other").write_bytes(b"x" * (size - left))
        with pytest.raises(OutOfMemoryError):
            with emberkv.open(path) as db:
                fill(db, "l")
                db.set("big", b"x" * 1_000_000)
        assert [p.name for p in tiny.iterdir()] == ["other"]
        (tiny / "other").unlink()
    with emberkv.open(path) as db:
        assert db.set("k", 1)


def fill_with_small(db: emberkv.Ember[bytes]) -> list[str]:
    keys: list[str] = []
    with pytest.raises(OutOfMemoryError):
        while True:
            db.set(f"key:{len(keys):08d}", b"x" * 16)
            keys.append(f"key:{len(keys):08d}")
    return keys


@pytest.mark.parametrize("tiny", [4], ids=["4MB"], indirect=True)
@pytest.mark.parametrize("durable", [False, True], ids=["memory", "durable"])
def test_what_frees_memory_is_possible_in_a_place_that_is_full(
    tiny: Path, path: Path, durable: bool
) -> None:
    """With no room for a larger journal, nor for what the file is to be told."""
    with emberkv.open(path, durable=durable) as db:
        keys = fill_with_small(db)
        assert all(db.delete(key) for key in keys[:2000])
        assert all(db.unlink(*keys[at : at + 100]) for at in range(2000, 10_000, 100))
        fill_with_small(db)
        assert db.flushdb()
        assert db.dbsize() == 0
        assert len(fill_with_small(db)) > len(keys) // 2
        assert db.flushall()
        assert db.set("k", 1)
        assert db._store.check()
    with emberkv.open(path, durable=durable) as db:
        assert db.dbsize() == durable


def test_a_link_to_what_is_not_there(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")
    with pytest.raises(FileNotFoundError, match="a link to what is not there"):
        emberkv.open(path)
    assert path.is_symlink()
