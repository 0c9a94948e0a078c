"""Clients and a job queue from Node, against `emberkv.serve`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import emberkv

HERE = Path(__file__).parent
PACKAGES = Path(__file__).parents[2] / "build" / "node"


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with the scripts of this one and the npm packages that they import."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    PACKAGES.mkdir(parents=True, exist_ok=True)
    for source in [*HERE.glob("*.mjs"), HERE / "package.json"]:
        shutil.copy(source, PACKAGES)
    installed = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline"],
        cwd=PACKAGES,
        capture_output=True,
        text=True,
    )
    if installed.returncode:
        pytest.skip(f"npm cannot install what the tests import: {installed.stderr[-300:]}")
    return PACKAGES


@pytest.mark.parametrize("script", ["ioredis", "node_redis", "bullmq"])
def test_node_client(packages: Path, tmp_path: Path, script: str) -> None:
    with emberkv.serve(tmp_path / "app.ember", port=0) as server:
        ran = subprocess.run(
            ["node", f"{script}.mjs", str(server.port)],
            cwd=packages,
            env={**os.environ, "NODE_NO_WARNINGS": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ran.stdout.splitlines()[-1:] == ["ok"], ran.stdout + ran.stderr
