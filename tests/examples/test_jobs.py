"""The asyncio example does its jobs, once each."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_job_is_done_once():
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "jobs.py")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    first, *workers = done.stdout.splitlines()
    assert first == "20 jobs are done, 0 are left"
    counts = [int(re.fullmatch(r"worker \d did (\d+)", line)[1]) for line in workers]
    assert sum(counts) == 20 and len(counts) == 4
