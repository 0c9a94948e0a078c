"""Bitmaps: against Python's long integers, with the wide instructions and without."""

import functools
import operator
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

core = pytest.importorskip("emberkv._core._containers")

WRAP, SAT, FAIL = range(3)
rng = random.Random(1)


def bits_of(b):
    return [byte >> (7 - i) & 1 for byte in b for i in range(8)]


# Long runs of one byte, and edges at any distance from where a wide step ends.
pieces = st.tuples(st.sampled_from([b"\0", b"\xff", b"\x80", b"\x01", b"a"]), st.integers(0, 700))
long_bytes = st.lists(
    st.one_of(pieces.map(lambda p: p[0] * p[1]), st.binary(max_size=70)), max_size=6
)
rows = long_bytes.map(b"".join)


@given(rows, st.integers(0, 40))
def test_count_is_the_number_of_ones(b, at):
    at = min(at, len(b))
    expected = int.from_bytes(b[at:], "big").bit_count()
    assert core.bitmap_count(b, at) == (expected, expected)


@pytest.mark.parametrize("n", [511, 512, 513, 1024, 4095, 4096, 100_003])
def test_count_of_random_bytes(n):
    b = rng.randbytes(n)
    expected = int.from_bytes(b, "big").bit_count()
    assert core.bitmap_count(b) == (expected, expected)
    assert core.bitmap_count(b"\xff" * n) == (8 * n, 8 * n)


@given(rows.filter(bool), st.data())
def test_ranges_begin_and_end_at_any_bit(b, data):
    first = data.draw(st.integers(0, len(b) * 8 - 1))
    last = data.draw(st.integers(first, len(b) * 8 - 1))
    bits = bits_of(b)[first : last + 1]
    assert core.bitmap_count_range(b, first, last) == sum(bits)
    for bit in (0, 1):
        expected = first + bits.index(bit) if bit in bits else -1
        assert core.bitmap_find(b, first, last, bit) == expected


def combined(op, sources):
    n = max(map(len, sources))
    first, *others = (int.from_bytes(s.ljust(n, b"\0"), "big") for s in sources)
    mask = (1 << (8 * n)) - 1
    union = functools.reduce(operator.or_, others, 0)
    if op == "ONE":
        once = twice = 0
        for v in (first, *others):
            twice |= once & v
            once |= v
        value = once & ~twice
    else:
        value = {
            "AND": lambda: functools.reduce(operator.and_, others, first),
            "OR": lambda: first | union,
            "XOR": lambda: functools.reduce(operator.xor, others, first),
            "NOT": lambda: ~first & mask,
            "DIFF": lambda: first & ~union,
            "DIFF1": lambda: ~first & union,
            "ANDOR": lambda: first & union,
        }[op]()
    return value.to_bytes(n, "big")


@given(st.sampled_from(core.BITMAP_OPS), st.lists(rows, min_size=1, max_size=5))
def test_combining_is_arithmetic_on_long_integers(op, sources):
    if op == "NOT":
        sources = sources[:1]
    expected = combined(op, sources)
    longest = max(range(len(sources)), key=lambda i: len(sources[i]))
    for plain in (False, True):
        assert core.bitmap_combine(op, sources, plain=plain) == expected
        assert core.bitmap_combine(op, sources, into=longest, plain=plain) == expected


@pytest.mark.parametrize("op", core.BITMAP_OPS)
def test_combining_beyond_one_block(op):
    sources = [rng.randbytes(n) for n in (4095, 4096, 12_289, 8_200)][: 1 if op == "NOT" else 4]
    for plain in (False, True):
        assert core.bitmap_combine(op, sources, plain=plain) == combined(op, sources)


@given(st.binary(max_size=20), st.integers(0, 200), st.integers(1, 64), st.integers(0, 2**64 - 1))
def test_fields_are_bits_from_the_highest(b, offset, width, value):
    bits = bits_of(b.ljust(40, b"\0"))[offset : offset + width]
    assert core.bitmap_field(b, offset, width) == int("".join(map(str, bits)), 2)
    room = b.ljust((offset + width + 7) // 8, b"\0")
    after = core.bitmap_set_field(room, offset, width, value)
    kept = value & ((1 << width) - 1)
    assert core.bitmap_field(after, offset, width) == kept
    bits, was = bits_of(after), bits_of(room)
    assert bits[:offset] == was[:offset] and bits[offset + width :] == was[offset + width :]


@given(st.booleans(), st.integers(1, 64), st.integers(), st.integers(-(2**63), 2**63 - 1))
def test_adding_wraps_saturates_or_fails(signed, width, value, amount):
    width = width if signed else min(width, 63)
    top = (1 << (width - signed)) - 1
    bottom = -top - 1 if signed else 0
    value = bottom + value % (top - bottom + 1)
    total = value + amount
    fits = bottom <= total <= top
    clamped = min(max(total, bottom), top)
    wrapped = (total - bottom) % (top - bottom + 1) + bottom
    assert core.bitmap_add(signed, width, value, amount, FAIL) == (total if fits else None)
    assert core.bitmap_add(signed, width, value, amount, SAT) == clamped
    assert core.bitmap_add(signed, width, value, amount, WRAP) == wrapped
