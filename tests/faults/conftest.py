"""Stores for the faults, and which build and how dense the faults are to be.

`EMBERKV_FAULTS=n` (default 1) looks at about n times as many places; `make faults` asks for more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.kept import Kept
from faults.scenes import NOW_MS

from emberkv._core import _ember


@pytest.fixture(scope="session")
def density() -> int:
    return max(1, int(os.environ.get("EMBERKV_FAULTS", "1")))


def _can_fault() -> bool:
    store = _ember.Store()
    try:
        return bool(store.faults())
    finally:
        store.close()


@pytest.fixture(scope="session")
def check_build() -> None:
    if not _can_fault():
        pytest.skip("faults on demand are in the check build: make faults")


@pytest.fixture
def clock() -> Any:
    return _ember.Clock(NOW_MS)


@pytest.fixture
def private(clock: Any) -> Iterator[Any]:
    store = _ember.Store(clock=clock)
    yield store
    store.close()


@pytest.fixture
def shared(clock: Any, tmp_path: Path) -> Iterator[Any]:
    store = _ember.Store(tmp_path / "s.ember", clock=clock)
    yield store
    store.close()


@pytest.fixture
def kept(check_build: None, clock: Any, place: Path) -> Iterator[Kept]:
    """A store whose feed is on."""
    kept = Kept(place, clock)
    yield kept
    kept.store.close()
