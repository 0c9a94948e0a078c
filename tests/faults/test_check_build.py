"""The faults of this folder in the check build, from a run of the suite in any other build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emberkv._core import _ember

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "build" / "check"
TORTURE = ROOT / "tests" / "torture" / "test_torture.py"
PLANTED = "test_it_finds_a_planted_fault"


def test_the_faults_in_the_check_build(tmp_path: Path) -> None:
    store = _ember.Store()
    if store.faults():
        pytest.skip("this is the check build")
    if not list((CHECK / "emberkv" / "_core").glob("_ember*.so")):
        pytest.skip("the check build is not there: make check builds it")
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": str(CHECK)}
    environment["EMBERKV_VARIANT"] = "check"
    pytest_in_it = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
    pytest_in_it += ["--rootdir", str(ROOT), "-o", f"cache_dir={tmp_path / 'cache'}"]
    run = subprocess.run(
        [*pytest_in_it, str(ROOT / "tests" / "faults"), f"{TORTURE}::{PLANTED}"],
        cwd=CHECK,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-10_000:] + run.stderr[-10_000:]
    assert "passed" in run.stdout
