"""HyperLogLog: against a list of registers, published hash values, and bytes that make no sense."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import emberkv

core = pytest.importorskip("emberkv._core._containers")

REGISTERS = 16384
HEAD = b"HYLL\x01" + bytes(10) + b"\x80"


def murmur64a(data, seed=0xADC83B19):
    """Written from its definition, to compare with."""
    mask, m = (1 << 64) - 1, 0xC6A4A7935BD1E995
    h = seed ^ (len(data) * m & mask)
    whole = len(data) // 8 * 8
    for i in range(0, whole, 8):
        k = int.from_bytes(data[i : i + 8], "little") * m & mask
        k = (k ^ k >> 47) * m & mask
        h = (h ^ k) * m & mask
    if data[whole:]:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 47) * m & mask
    return h ^ h >> 47


def place_of(element):
    h = murmur64a(element)
    rest = h >> 14 | 1 << 50
    return h % REGISTERS, (rest & -rest).bit_length()


def registers_of(runs):
    """Decoded without the code under test."""
    out, at = [], 0
    while at < len(runs):
        byte = runs[at]
        if byte & 0x80:
            out += [(byte >> 2 & 31) + 1] * ((byte & 3) + 1)
        elif byte & 0x40:
            at += 1
            out += [0] * (((byte & 63) << 8 | runs[at]) + 1)
        else:
            out += [0] * (byte + 1)
        at += 1
    return out


def add(b, index, rank, **limits):
    after = core.hll_raise(b, index, rank, **limits)
    return core.hll_raise(core.hll_densify(b), index, rank) if after is None else after


@given(st.binary(max_size=40))
def test_hash_is_murmur(element):
    assert core.hll_rank(element) == place_of(element)


def test_a_known_sparse_value():
    index, rank = core.hll_rank(b"a")
    assert core.hll_raise(core.hll_empty(), index, rank) == HEAD + bytes.fromhex("71a6844e57")


places = st.tuples(
    st.one_of(st.integers(0, REGISTERS - 1), st.integers(500, 540), st.integers(0, 9)),
    st.one_of(st.integers(1, 3), st.integers(1, 32)),
)


@given(st.lists(places, max_size=120))
def test_sparse_and_dense_hold_the_highest_rank_of_each_register(adds):
    sparse, model = core.hll_empty(), [0] * REGISTERS
    dense = core.hll_densify(sparse)
    for index, rank in adds:
        model[index] = max(model[index], rank)
        sparse = core.hll_raise(sparse, index, rank)
        dense = core.hll_raise(dense, index, rank)
    assert registers_of(sparse[16:]) == model
    assert list(core.hll_registers(sparse)) == list(core.hll_registers(dense)) == model
    assert core.hll_densify(sparse)[16:] == dense[16:]
    assert core.hll_count(sparse) == core.hll_count(dense)
    assert core.hll_count(sparse) == core.hll_count_registers(bytes(model))


def test_neighbours_of_one_value_become_one_run():
    b = core.hll_empty()
    for index in (10, 12, 11, 13):
        b = core.hll_raise(b, index, 5)
    assert b[16:] == bytes([9, 0x80 | 4 << 2 | 3]) + bytes([0x40 | 16369 >> 8, 16369 & 255])


def test_what_cannot_be_sparse_is_told():
    assert core.hll_raise(core.hll_empty(), 5, 33) is None
    assert core.hll_raise(core.hll_empty(), 5, 32) is not None
    assert core.hll_raise(core.hll_empty(), 5000, 1, max_bytes=20) is None
    assert len(core.hll_raise(core.hll_empty(), 5000, 1, max_bytes=21)) == 21


@pytest.mark.parametrize("n", [1, 10, 100, 1_000, 3_000, 10_000, 50_000, 200_000])
def test_estimates_are_within_five_standard_errors(n):
    b = core.hll_empty()
    for i in range(n):
        b = add(b, *core.hll_rank(b"%d" % i))
    error = 1.04 / REGISTERS**0.5
    assert abs(core.hll_count(b) - n) <= max(1, 5 * error * n)


def test_merging_takes_the_highest_of_both():
    rng = random.Random(2)
    a, b = core.hll_empty(), core.hll_densify(core.hll_empty())
    for i in range(3_000):
        a = add(a, *core.hll_rank(b"%d" % i))
        b = add(b, *core.hll_rank(b"%d" % rng.randrange(10**9)))
    both = core.hll_registers(a, [b])
    assert list(both) == list(map(max, core.hll_registers(a), core.hll_registers(b)))


def dense_of(registers):
    bits = sum(value << 6 * i for i, value in enumerate(registers))
    return b"HYLL\0" + bytes(10) + b"\x80" + bits.to_bytes(REGISTERS * 6 // 8, "little")


def test_merging_keys_takes_the_highest_that_any_of_them_holds():
    """Through the commands, with values that no element gives and groups without any."""
    rng = random.Random(7)
    with emberkv.open() as db:
        kept = [
            [rng.choice((0, 1, 31, 32, 63)) if i // 8 % part == 0 else 0 for i in range(REGISTERS)]
            for part in (1, 2, 3)
        ]
        for name, registers in zip("abc", kept, strict=True):
            db.set(name, dense_of(registers))
        db.pfmerge("b", "a", "c")
        highest = [max(values) for values in zip(*kept, strict=True)]
        assert db.get("b")[16:] == dense_of(highest)[16:]
        assert db.pfcount("a", "c") == db.pfcount("c", "a", "a")
        assert db.pfcount("a", "b") == db.pfcount("b")


@given(st.binary(max_size=40))
def test_only_a_head_makes_it_one(b):
    assert not core.hll_is(b)
    assert core.hll_is(HEAD + b)
    assert not core.hll_is(b"HYLL\0" + HEAD[5:] + b)
    assert not core.hll_is(b"HYLL\2" + HEAD[5:] + b)


@given(st.binary(max_size=60), places)
def test_runs_that_make_no_sense_are_refused_or_followed_no_further(runs, place):
    b = HEAD + runs
    try:
        whole = len(registers_of(runs)) == REGISTERS
    except IndexError:
        whole = False
    for call in (core.hll_count, core.hll_densify, core.hll_registers):
        if whole:
            call(b)
        else:
            with pytest.raises(ValueError):
                call(b)
    try:
        after = core.hll_raise(b, *place)
    except ValueError:
        return
    if after is not None:
        assert abs(len(after) - len(b)) <= 5


@given(st.lists(st.binary(min_size=1, max_size=3), max_size=30))
def test_valid_pieces_around_corrupt_ones_never_crash(pieces):
    b = core.hll_empty()
    for i, piece in enumerate(pieces):
        b = b[: 16 + i] + piece + b[16 + i :]
        try:
            b = core.hll_raise(b, i * 500, 1 + i % 32) or b
        except ValueError:
            pass
