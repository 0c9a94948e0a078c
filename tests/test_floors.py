"""Each floor includes only from its own and from those beneath it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CORE = Path(__file__).parent.parent / "emberkv" / "_core"
FLOORS = ["base", "arena", "data", "store", "engine", "commands", "persist", "scripting", "net"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
SOURCES = sorted(p for floor in FLOORS for p in (CORE / floor).glob("*.[ch]"))


def upward(floor: str, text: str) -> list[str]:
    """Includes of a file on this floor that go to a floor above it, or to none."""
    beneath = FLOORS[: FLOORS.index(floor) + 1]
    return [name for name in INCLUDE.findall(text) if name.split("/")[0] not in beneath]


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_file_includes_only_downward(source: Path) -> None:
    assert upward(source.parent.name, source.read_text()) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_included_files_exist(source: Path) -> None:
    for name in INCLUDE.findall(source.read_text()):
        assert (CORE / name).is_file(), name


def test_an_include_that_goes_up_is_found() -> None:
    text = '#include "data/table.h"\n#include "store/store.h"\n  # include "stray.h"\n'
    assert upward("data", text) == ["store/store.h", "stray.h"]
    assert upward("store", text) == ["stray.h"]
