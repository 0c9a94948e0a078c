"""Random sequences of commands on both sides: every reply, and the keyspace after each sequence.

Knobs, in the environment:

    EMBERKV_SEED=N       the first seed (default 1); a failure prints the one to repeat it with
    EMBERKV_SEQUENCES=N  how many sequences in each protocol (default 40)
    EMBERKV_LENGTH=N     commands in a sequence (default 400)
"""

from __future__ import annotations

import os
import random

import pytest
from differential.generate import Generator
from differential.pair import RANDOM_OUTCOMES, Command, Mismatch, Pair
from differential.shrink import shrink

SEED = int(os.environ.get("EMBERKV_SEED", "1"))
SEQUENCES = int(os.environ.get("EMBERKV_SEQUENCES", "40"))
LENGTH = int(os.environ.get("EMBERKV_LENGTH", "400"))
KEYSPACE_EVERY = 100


def replay(pair: Pair, commands: list[Command]) -> Mismatch | None:
    """Run in fresh keyspaces; the first mismatch, if there is one."""
    pair.reset()
    try:
        for at, command in enumerate(commands, 1):
            # A chance outcome inside EXEC cannot be mirrored (shrinking may bring one there).
            if not (pair.in_multi(command.by) and command.args[0].lower() in RANDOM_OUTCOMES):
                pair.run(command)
            if at % KEYSPACE_EVERY == 0:
                pair.compare_keyspaces((0, 1))
        pair.compare_keyspaces((0, 1))
    except Mismatch as mismatch:
        return mismatch
    return None


def run_seed(pair: Pair, seed: int) -> None:
    commands = Generator(random.Random(seed)).sequence(LENGTH)
    if replay(pair, commands) is None:
        return
    shortest = shrink(commands, lambda candidate: replay(pair, candidate) is not None)
    mismatch = replay(pair, shortest)
    lines = "\n".join(f"    {command!r}" for command in shortest)
    pytest.fail(
        f"seed {seed}, RESP{pair.protocol}; repeat with EMBERKV_SEED={seed} "
        f"EMBERKV_SEQUENCES=1 EMBERKV_LENGTH={LENGTH}\n{lines}\n{mismatch or 'not every time'}",
        pytrace=False,
    )


@pytest.mark.quick
@pytest.mark.parametrize("seed", range(SEED, SEED + min(SEQUENCES, 5)))
def test_random_sequences_agree(pair: Pair, seed: int) -> None:
    run_seed(pair, seed)


@pytest.mark.parametrize("seed", range(SEED + 5, SEED + SEQUENCES))
def test_more_random_sequences_agree(pair: Pair, seed: int) -> None:
    run_seed(pair, seed)


@pytest.mark.quick
def test_shrinking_finds_the_two_that_matter() -> None:
    assert shrink(range(300), lambda items: {17, 230} <= set(items)) == [17, 230]


@pytest.mark.quick
def test_the_same_seed_draws_the_same_commands() -> None:
    first, second = (Generator(random.Random(7)).sequence(50) for _ in range(2))
    assert first == second
