"""How numbers are read and written: thousands of scores and floats, on both sides."""

from __future__ import annotations

import math
import os
import random
import struct

import pytest
from differential.pair import Pair

SEED = int(os.environ.get("EMBERKV_SEED", "1"))
COUNT = 4000


def decimal(rng: random.Random) -> str:
    """A number of few digits, as people write them."""
    digits = str(rng.randrange(10 ** rng.randrange(1, 18)))
    at = rng.randrange(len(digits) + 1)
    text = f"{digits[:at] or '0'}.{digits[at:] or '0'}"
    return rng.choice(["", "-"]) + text


def any_double(rng: random.Random) -> str:
    while True:
        value: float = struct.unpack("<d", rng.randbytes(8))[0]
        if math.isfinite(value):
            return repr(value)


def near_a_power(rng: random.Random) -> str:
    base = rng.choice([2, 10]) ** rng.randrange(1, 62)
    return str(base + rng.randrange(-2, 3))


def scientific(rng: random.Random) -> str:
    return f"{rng.randrange(-9999, 9999)}e{rng.randrange(-30, 30)}"


def product(rng: random.Random) -> str:
    """What arithmetic leaves: 0.30000000000000004 and its like."""
    return repr(rng.randrange(1000) / 10 * rng.choice([0.1, 1.1, 3.0, 1e-3, 7.7]))


KINDS = [decimal, any_double, near_a_power, scientific, product]


def agree_all(pair: Pair, commands: list[tuple[str, ...]]) -> None:
    ours, theirs = (c.batch(commands) for c in (pair.viewer.ours, pair.viewer.theirs))
    different = [
        f"{' '.join(map(str, c))}\n   ours:   {a!r}\n   theirs: {b!r}"
        for c, a, b in zip(commands, ours, theirs, strict=True)
        if a != b
    ]
    if different:
        pytest.fail(f"{len(different)} differ\n" + "\n".join(different[:10]), pytrace=False)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_scores_are_read_and_written_alike(pair: Pair, kind) -> None:
    rng = random.Random(SEED)
    numbers = [kind(rng) for _ in range(COUNT)]
    agree_all(
        pair,
        [
            *(("ZADD", f"z{i % 50}", x, f"m{i}") for i, x in enumerate(numbers)),
            *(("ZSCORE", f"z{i % 50}", f"m{i}") for i in range(COUNT)),
            *(("ZRANGE", f"z{i}", "0", "-1", "WITHSCORES") for i in range(50)),
            *(("ZINCRBY", f"z{i % 50}", "0.1", f"m{i}") for i in range(COUNT)),
            *(("ZADD", "large", x, f"m{i}") for i, x in enumerate(numbers)),
            ("ZRANGE", "large", "0", "-1", "WITHSCORES"),
            *(("ZCOUNT", "large", x, "inf") for x in numbers[:300]),
        ],
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_floats_add_up_alike(pair: Pair, kind) -> None:
    rng = random.Random(SEED)
    commands = []
    for i in range(COUNT // 2):
        first, second = kind(rng), rng.choice(KINDS)(rng)
        commands += [("INCRBYFLOAT", f"k{i}", first), ("INCRBYFLOAT", f"k{i}", second)]
        commands += [("HINCRBYFLOAT", "h", f"f{i}", first), ("HINCRBYFLOAT", "h", f"f{i}", second)]
        commands += [("SET", "text", first), ("INCRBYFLOAT", "text", second)]
    agree_all(pair, commands)


def test_integers_keep_their_text(pair: Pair) -> None:
    """What looks like an integer comes back as it was written, wherever it is kept."""
    rng = random.Random(SEED)
    texts = [near_a_power(rng) for _ in range(1500)]
    texts += [rng.choice(["0", "-", "+", " ", "00"]) + t for t in texts[:300]]
    agree_all(
        pair,
        [
            *(("SET", f"k{i}", t) for i, t in enumerate(texts)),
            *(("GET", f"k{i}") for i in range(len(texts))),
            *(("OBJECT", "ENCODING", f"k{i}") for i in range(len(texts))),
            *(("RPUSH", f"l{i % 30}", t) for i, t in enumerate(texts)),
            *(("LRANGE", f"l{i}", "0", "-1") for i in range(30)),
            *(("HSET", f"h{i % 30}", t, t) for i, t in enumerate(texts)),
            *(("HGET", f"h{i % 30}", t) for i, t in enumerate(texts)),
            *(("SADD", f"s{i % 30}", t) for i, t in enumerate(texts)),
            *(("SISMEMBER", f"s{i % 30}", t) for i, t in enumerate(texts)),
            *(("OBJECT", "ENCODING", f"s{i}") for i in range(30)),
            *(("ZADD", f"z{i % 30}", "0", t) for i, t in enumerate(texts)),
            *(("ZRANGE", f"z{i}", "0", "-1") for i in range(30)),
            *(("INCRBY", f"k{i}", t) for i, t in enumerate(texts)),
        ],
    )
