"""Random sequences of commands on both sides: every reply, and the keyspace after each sequence.

Knobs, in the environment:

    EMBERKV_SEED=N       the first seed (default 1); a failure prints the one to repeat it with
    EMBERKV_SEQUENCES=N  how many sequences in each protocol (default 40)
    EMBERKV_LENGTH=N     commands in a sequence (default 400)
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest
from differential.generate import Generator
from differential.pair import MIRRORED, Command, Mismatch, Pair
from differential.script import commands
from differential.shrink import shrink
from differential.templates import LATER, TEMPLATES

SEED = int(os.environ.get("EMBERKV_SEED", "1"))
SEQUENCES = int(os.environ.get("EMBERKV_SEQUENCES", "40"))
LENGTH = int(os.environ.get("EMBERKV_LENGTH", "400"))
KEYSPACE_EVERY = 100

USUAL = """
CONFIG SET hash-max-listpack-entries 512 hash-max-listpack-value 64
CONFIG SET set-max-intset-entries 512 zset-max-listpack-entries 128 zset-max-listpack-value 64
CONFIG SET list-max-listpack-size -2
CONFIG SET stream-node-max-entries 100 stream-node-max-bytes 4096
"""
SMALL = """
CONFIG SET hash-max-listpack-entries 6 hash-max-listpack-value 20
CONFIG SET set-max-intset-entries 8 zset-max-listpack-entries 5 zset-max-listpack-value 10
CONFIG SET list-max-listpack-size 3
CONFIG SET stream-node-max-entries 5 stream-node-max-bytes 300
"""


def replay(pair: Pair, sequence: list[Command]) -> Mismatch | None:
    """Run in fresh keyspaces; the first mismatch, if there is one."""
    pair.reset()
    try:
        for at, command in enumerate(sequence, 1):
            # A chance outcome inside EXEC cannot be mirrored (shrinking may bring one there).
            if not (pair.in_multi(command.by) and command.args[0].lower() in MIRRORED):
                pair.run(command)
            if at % KEYSPACE_EVERY == 0:
                pair.compare_keyspaces((0, 1))
        pair.compare_keyspaces((0, 1))
    except Mismatch as mismatch:
        return mismatch
    return None


@pytest.fixture
def small_thresholds(pair: Pair) -> Iterator[None]:
    """Compact encodings end after a few elements, list nodes hold three."""
    for command in commands(SMALL):
        pair.run(command)
    yield
    pair.reset()
    for command in commands(USUAL):
        pair.run(command)


def run_seed(
    pair: Pair, seed: int, templates: str = TEMPLATES, keys: int = 3, scale: int = 1
) -> None:
    drawn = Generator(random.Random(seed), templates, keys, scale).sequence(LENGTH)
    if replay(pair, drawn) is None:
        return
    shortest = shrink(drawn, lambda candidate: replay(pair, candidate) is not None)
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


@pytest.mark.parametrize("seed", range(SEED, SEED + SEQUENCES))
def test_random_sequences_agree_with_small_thresholds(
    pair: Pair, small_thresholds: None, seed: int
) -> None:
    run_seed(pair, seed)


@pytest.mark.parametrize("seed", range(SEED, SEED + max(1, SEQUENCES // 4)))
def test_random_sequences_agree_over_many_keys(pair: Pair, seed: int) -> None:
    run_seed(pair, seed, keys=100)


@pytest.mark.parametrize("seed", range(SEED, SEED + max(1, SEQUENCES // 10)))
def test_random_sequences_agree_over_large_values(pair: Pair, seed: int) -> None:
    run_seed(pair, seed, keys=2, scale=12)


@pytest.mark.parametrize("seed", range(SEED, SEED + max(1, SEQUENCES // 4)))
def test_random_sequences_agree_on_a_shared_store(shared_pair: Pair, seed: int) -> None:
    run_seed(shared_pair, seed)


@pytest.mark.parametrize("seed", range(SEED, SEED + max(1, SEQUENCES // 2)))
def test_random_times_of_fields_agree(later_pair: Pair, seed: int) -> None:
    run_seed(later_pair, seed, LATER)


@pytest.mark.quick
def test_shrinking_finds_the_two_that_matter() -> None:
    assert shrink(range(300), lambda items: {17, 230} <= set(items)) == [17, 230]


@pytest.mark.quick
def test_the_same_seed_draws_the_same_commands() -> None:
    first, second = (Generator(random.Random(7)).sequence(50) for _ in range(2))
    assert first == second
