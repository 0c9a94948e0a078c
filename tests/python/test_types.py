"""The types hold: of the package itself, of how it is used, and of the generated stub."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_package_and_its_use_pass_mypy():
    run("-m", "mypy", "-p", "emberkv")
    run("-m", "mypy", "tests/python/typed_usage.py")


def test_stub_of_the_core_is_right():
    run(
        *("-m", "mypy.stubtest", "--mypy-config-file", "pyproject.toml"),
        *("--ignore-missing-stub", "--ignore-disjoint-bases", "emberkv._core._ember"),
    )


def test_stub_of_the_pipeline_is_current():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import stub_pipeline
    finally:
        sys.path.pop(0)
    assert stub_pipeline.STUB.read_text() == stub_pipeline.stub(), "run tools/stub_pipeline.py"
