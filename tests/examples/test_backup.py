"""The bank: backups made in the middle of transfers add up."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "backup.py"


def test_every_backup_adds_up():
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "3000", "3"], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    *backups, last = run.stdout.splitlines()
    assert len(backups) == 3 and re.fullmatch(r"[\d,]+ transfers were made meanwhile", last)
    for line in backups:
        assert line.endswith("3,000,000 in all, as it should be"), line


def test_a_number_of_accounts_that_is_none_is_told():
    for wrong in ("x", "1"):
        run = subprocess.run([sys.executable, str(SCRIPT), wrong], capture_output=True, text=True)
        assert run.returncode == 2 and "Traceback" not in run.stderr
