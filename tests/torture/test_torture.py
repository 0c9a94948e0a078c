"""A short torture run in the ordinary suite; `make torture SECONDS=3600` for a long one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emberkv._core import _ember

LIMIT_S = 120
PACKAGE_ROOT = str(Path(_ember.__file__).parents[2])
SCRIPT = Path(__file__).with_name("run.py")


def run(*options: str, **environment: str) -> tuple[int, str]:
    """Exit status and output; whatever it started is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *options],
        env={**os.environ, "PYTHONPATH": PACKAGE_ROOT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        output = "it did not come to an end"
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return process.wait(), output


def test_nothing_acknowledged_is_lost() -> None:
    status, output = run("--seconds", "5")
    assert status == 0, output
    kills = re.search(r"([\d,]+) kills, ([\d,]+) recoveries, ([\d,]+) commands", output)
    assert kills, output
    assert int(kills[1].replace(",", "")) >= 8
    assert int(kills[3].replace(",", "")) > 100


@pytest.mark.parametrize("policy", ["always", "everysec"])
def test_nothing_is_lost_with_the_memory(policy: str) -> None:
    status, output = run("--seconds", "4", "--appendfsync", policy, "--window", "60")
    assert status == 0, output
    figures = re.search(r"([\d,]+) kills, ([\d,]+) reboots, ([\d,]+) commands", output)
    assert figures, output
    assert int(figures[2].replace(",", "")) >= 1
    assert int(figures[3].replace(",", "")) > 100


def test_it_finds_what_is_acknowledged_before_it_is_on_disk(tmp_path: Path) -> None:
    options = ("--seconds", "60", "--appendfsync", "always", "--plant")
    status, output = run(*options, EMBERKV_ARENA_DIR=str(tmp_path))
    assert status != 0, output
    assert "LOST" in output


def test_it_finds_a_planted_fault(tmp_path: Path) -> None:
    store = _ember.Store()
    if not store.faults():
        pytest.skip("faults on demand are in the check build: make check")
    off = {"EMBERKV_CHECK_EVERY": "0", "EMBERKV_CHECK_WALK": "0"}
    # What it leaves behind is left in a place that goes.
    status, output = run("--seconds", "60", "--plant", EMBERKV_ARENA_DIR=str(tmp_path), **off)
    assert status != 0, output
