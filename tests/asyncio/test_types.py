"""The types of the asyncio twin hold, and its stub is that of the methods as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_use_passes_mypy():
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "tests/asyncio/typed_usage.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_stub_is_current(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import stub_asyncio

    assert stub_asyncio.STUB.read_text() == stub_asyncio.stub(), "run tools/stub_asyncio.py"
