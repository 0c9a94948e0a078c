"""Where the stores of these tests lie, and a look at what they leave behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "app.ember"
    yield path
    link = path / "arena"
    if link.is_symlink() and link.readlink().name.startswith("emberkv-"):
        link.readlink().unlink(missing_ok=True)  # of a process that ended without closing


@pytest.fixture
def memory_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for the stores' memory, so that what is left in it can be counted."""
    directory = tmp_path / "shm"
    directory.mkdir()
    monkeypatch.setenv("EMBERKV_ARENA_DIR", os.fspath(directory))
    return directory
