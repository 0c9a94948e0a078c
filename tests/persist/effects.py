"""Commands whose effects are compared: a case a line, its commands divided by |."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CASES = (HERE / "effects.txt").read_text().splitlines()
LATER_CASES = (HERE / "later_effects.txt").read_text().splitlines()  # not known to redis-server 7.0

# Effects that only emberkv has: the servers lose how far a group has read, and who only looked.
OURS_ALONE = [[b"XGROUP", b"SETID"], [b"XGROUP", b"CREATECONSUMER"]]


def commands(case: str) -> Iterator[tuple[str, ...]]:
    for command in case.split("|"):
        yield tuple(word.replace("\\n", "\n") for word in shlex.split(command))
