"""The chat: lines go to everybody, late comers see the last ones, and the killed are missed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "chat.py"


def join(path: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(path), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
        bufsize=1,
    )


def line(chatter: subprocess.Popen[str]) -> str:
    assert chatter.stdout is not None
    return chatter.stdout.readline().strip()


def test_everybody_hears_and_the_killed_are_missed(tmp_path: Path) -> None:
    path = tmp_path / "chat.ember"
    ada = join(path, "ada")
    assert line(ada) == "* ada is here"
    bob = join(path, "bob")
    try:
        assert [line(bob), line(bob)] == ["* ada is here", "* bob is here"]
        assert line(ada) == "* bob is here"
        assert ada.stdin is not None
        ada.stdin.write("hello\n")
        assert line(ada) == line(bob) == "ada: hello"
        bob.kill()
        assert line(ada) == "* bob is gone"
        ada.stdin.close()
        assert line(ada) in ("* ada leaves", "")
        assert ada.wait(30) == 0
    finally:
        for chatter in (ada, bob):
            chatter.kill()
            chatter.wait()
