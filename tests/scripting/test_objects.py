"""Lua reached by lupa's Python objects, where its module shows no symbols: the same tests again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("lupa")

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@pytest.mark.skipif(os.environ.get("EMBERKV_LUA") == "objects", reason="this is that run")
@pytest.mark.skipif("EMBERKV_VARIANT" in os.environ, reason="the code of Lua's side is the same")
def test_scripts_and_functions_work_without_the_symbols() -> None:
    files = ("test_scripts.py", "test_functions.py", "test_rollback.py")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(str(HERE / name) for name in files),
        ],
        env={**os.environ, "EMBERKV_LUA": "objects"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_interface_is_complete() -> None:
    """Every function of the seam is filled, on both routes."""
    header = (ROOT / "emberkv/_core/scripting/lua_api.h").read_text()
    filled = (ROOT / "emberkv/_core/_lua_objects.pyx").read_text()
    names = [
        line.split("(", 1)[1].split(",")[1].strip()
        for line in header.splitlines()
        if line.lstrip().startswith("X(")
    ]
    assert len(names) > 60
    missing = [name for name in names if f"to.{name}" not in filled and f"to->{name}" not in filled]
    assert missing == []
