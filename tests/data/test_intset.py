"""Intset: against a sorted list, and against the published format."""

import bisect
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

core = pytest.importorskip("emberkv._core._containers")

values = st.one_of(
    st.integers(-20, 20),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([-(2**15), 2**15 - 1, -(2**31), 2**31 - 1, -(2**63), 2**63 - 1]).flatmap(
        lambda edge: st.integers(max(edge - 2, -(2**63)), min(edge + 2, 2**63 - 1))
    ),
)
operations = st.lists(st.tuples(st.booleans(), st.booleans(), values), max_size=60)


def width_of(v):
    return next(w for w in (2, 4, 8) if -(1 << (8 * w - 1)) <= v < 1 << (8 * w - 1))


def encoded(model, width):
    return struct.pack(
        f"<II{len(model)}{ {2: 'h', 4: 'i', 8: 'q'}[width] }", width, len(model), *model
    )


@given(operations)
def test_every_operation_leaves_the_published_bytes(ops):
    s, model, width = core.intset_empty(), [], 2
    for adds, in_place, v in ops:
        if adds:
            changed, s = core.intset_add(s, v, in_place)
            assert changed == (v not in model)
            if changed:
                bisect.insort(model, v)
                width = max(width, width_of(v))
        else:
            changed, s = core.intset_remove(s, v, in_place)
            assert changed == (v in model)
            if changed:
                model.remove(v)
        assert s == encoded(model, width)
        assert core.intset_check(s)
    assert core.intset_values(s) == model


@given(st.sets(values, max_size=40), st.lists(values, max_size=20))
def test_find_tells_where_a_value_is_or_belongs(members, others):
    s = core.intset_empty()
    for v in members:
        _, s = core.intset_add(s, v, False)
    model = sorted(members)
    for v in [*members, *others]:
        assert core.intset_find(s, v) == (v in members, bisect.bisect_left(model, v))


def test_random_draws_every_member():
    s = core.intset_empty()
    for v in (1, 70_000, -5):
        _, s = core.intset_add(s, v, True)
    assert {core.intset_random(s) for _ in range(500)} == {1, 70_000, -5}


@given(st.binary(max_size=40))
def test_check_never_trusts_bytes_from_outside(b):
    ok = core.intset_check(b)
    if ok:
        width, n = struct.unpack_from("<II", b)
        assert b == encoded(sorted(set(core.intset_values(b))), width) and len(b) == 8 + n * width


@pytest.mark.parametrize(
    "b",
    [
        b"",
        b"\2\0\0\0\0\0\0",
        struct.pack("<IIh", 2, 2, 1),
        struct.pack("<IIhh", 2, 2, 2, 1),
        struct.pack("<IIhh", 2, 2, 1, 1),
        struct.pack("<IIh", 3, 1, 1),
        struct.pack("<II", 8, 0x20000000),
        struct.pack("<IIh", 2, 0, 1),
    ],
)
def test_check_refuses_what_is_no_intset(b):
    assert not core.intset_check(b)
