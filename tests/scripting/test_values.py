"""Random values and bytes through cjson, cmsgpack, struct and bit, beside a real server."""

from __future__ import annotations

import random

import pytest
from scripting.test_patterns import quoted
from subjects import Client

pytest.importorskip("lupa")

NUMBERS = """
    0 1 -1 255 -128 65536 -32769 4294967296 -2147483649 1.5 -0.1 1e20 1e300 2^53 2^63 -2^63 2^64
    123456789012 0.1 -0.0 1/3 3.0e10
""".split()
KEYS = "1 2 3 4 5 7 11 -1 0 1.5".split()
JSON = [
    *'{ } [ ] , : "a" " 1 -1.5e3 0x1f true false null nan -inf \\u0041 tru 1e . 0'.split(),
    *(" ", '"\\ud83d\\ude00"', '"\\n"'),
]
TAGS = bytes.fromhex(
    "007f80819091 92a0a1a3bfc0c1c2c3c4c5c7cacbcccdcecfd0d1d2d3d4d9dadbdcdddedfe0ff 010261"
).decode("latin1")
FORMATS = "b B h H l L i I i1 I3 i7 i8 s c0 c3 f d x < > = ! !4 T j i16".split()
BITS = "tobit bnot band bor bxor lshift rshift arshift rol ror bswap tohex".split()
BIT_NUMBERS = """
    0 1 -1 31 32 33 255 2^31 2^32 -2^31 2^33+5 1.5 2.5 -0.5 1e15 '7' 'x' nil 0xffffffff
""".split()
SHOWN = """local t = {%s} for i = 1, #t do
if type(t[i]) ~= 'table' then t[i] = type(t[i])..tostring(t[i]) end end return t"""
DECODED = """local ok, r = pcall(cjson.decode, %s)
if type(r) == 'table' then return cjson.encode(r) end return {tostring(ok), tostring(r)}"""


def text(rng: random.Random, n: int) -> str:
    return "".join(chr(rng.randrange(256)) for _ in range(n))


def value(rng: random.Random, depth: int = 0) -> str:
    kind = rng.randrange(11 if depth < 4 else 7)
    if kind == 0:
        return rng.choice(["true", "false", "nil", "cjson.null"])
    if kind < 3:
        return rng.choice(NUMBERS)
    if kind < 5:
        return quoted(text(rng, rng.choice([0, 1, 3, 31, 32, 33])))
    if kind == 5:
        return f"string.rep('x', {rng.choice([0, 31, 32, 255, 256, 65535, 65536])})"
    if kind == 6:
        return rng.choice(["'a'", "'k'", "'1'"])
    n = rng.choice([0, 1, 2, 3, 15, 16, 17])
    if kind < 9:
        return "{" + ",".join(value(rng, depth + 1) for _ in range(n)) + "}"
    if kind == 9:  # one key, or what has several would come in an order of its own
        return f"{{[{rng.choice(KEYS)}] = {value(rng, depth + 1)}}}"
    return f"{{{rng.choice('abk')} = {value(rng, depth + 1)}}}"


def values(rng: random.Random, at_most: int) -> str:
    return ", ".join(value(rng, 5) for _ in range(rng.randrange(at_most + 1)))


def script(rng: random.Random) -> str:
    form = quoted("".join(rng.choice(FORMATS) for _ in range(rng.randrange(1, 6))))
    match rng.randrange(9):
        case 0:
            return f"return cjson.encode({value(rng)})"
        case 1:
            return f"return cmsgpack.pack({value(rng)}, {value(rng)})"
        case 2:
            return f"return {{cmsgpack.unpack(cmsgpack.pack({value(rng)}))}}"
        case 3:
            tags = "".join(rng.choice(TAGS) for _ in range(rng.randrange(1, 12)))
            return SHOWN % f"cmsgpack.unpack({quoted(tags)})"
        case 4:
            return DECODED % quoted("".join(rng.choice(JSON) for _ in range(rng.randrange(1, 9))))
        case 5:
            return f"return cjson.encode(cjson.decode(cjson.encode({{{value(rng, 2)}}})))"
        case 6:
            more = values(rng, 4)
            return f"return struct.pack({form}{', ' + more if more else ''})"
        case 7:
            return SHOWN % f"struct.unpack({form}, {quoted(text(rng, rng.randrange(24)))})"
        case _:
            numbers = ", ".join(rng.choice(BIT_NUMBERS) for _ in range(rng.randrange(4)))
            return f"return bit.{rng.choice(BITS)}({numbers})"


@pytest.mark.parametrize("seed", range(2))
def test_libraries_do_with_values_what_a_server_does(
    both: tuple[Client, Client], seed: int
) -> None:
    rng = random.Random(seed)
    ours, theirs = both
    calls = [("EVAL", script(rng), 0) for _ in range(1500)]
    for call, mine, its in zip(calls, ours.batch(calls), theirs.batch(calls), strict=True):
        assert mine == its, call[1]
