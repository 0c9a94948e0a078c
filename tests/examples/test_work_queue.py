"""The work queue: every job is done once, though a worker is killed."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "work_queue.py"


def test_every_job_is_done_once():
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "2000"], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    killed, counted, verdict = run.stdout.splitlines()
    assert int(re.fullmatch(r"\w+ was killed with (\d+) jobs in hand", killed)[1]) > 0
    added, done = map(int, re.match(r"(\d+) jobs added, (\d+) done", counted).groups())
    assert added == done >= 2000
    assert verdict == "each of them once"
