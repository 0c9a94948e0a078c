"""Listpack entries: against a list of values, and against bytes that redis-server 7.0 dumped."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

core = pytest.importorskip("emberkv._core._containers")

I64 = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 127, 4095, 32767, 2**23 - 1, 2**31 - 1]).flatmap(
        lambda edge: st.integers(-edge - 2, edge + 2)
    ),
)
STRINGS = st.one_of(
    st.binary(max_size=80),
    I64.map(lambda i: str(i).encode()),
    st.builds(
        lambda n, c: c * n,
        st.one_of(
            st.integers(60, 70),
            st.integers(120, 130),
            st.integers(4085, 4105),
            st.integers(16370, 16390),
        ),
        st.sampled_from([b"a", b"1", b"\xff", b"\0"]),
    ),
)
VALUES = st.lists(st.one_of(STRINGS, I64), max_size=20)


def as_bytes(v):
    return str(v).encode() if isinstance(v, int) else v


def as_stored(v):
    """Bytes which are the one way to write a 64-bit integer are stored as that integer."""
    if isinstance(v, bytes):
        try:
            i = int(v)
        except ValueError:
            return v
        if str(i).encode() != v or not -(2**63) <= i < 2**63:
            return v
        return i
    return v


@given(VALUES)
def test_values_read_back_from_both_sides(values):
    run = core.lp_pack(values)
    read, _ = core.lp_unpack(run)
    assert read == [as_stored(v) for v in values]
    assert core.lp_validate(run) == len(values)


@given(VALUES, STRINGS, st.integers(1, 3), st.data())
def test_find_compares_every_stride_th_entry(values, probe, stride, data):
    values = values[: len(values) // stride * stride]
    if values and data.draw(st.booleans()):
        probe = as_bytes(data.draw(st.sampled_from(values)))
    run = core.lp_pack(values)
    _, starts = core.lp_unpack(run)
    want = next(
        (starts[i] for i in range(0, len(values), stride) if as_bytes(values[i]) == probe), None
    )
    assert core.lp_find(run, 0, probe, stride) == want
    for v, at in zip(values, starts, strict=True):
        assert core.lp_equal(run, at, probe) == (as_bytes(v) == probe)


DUMPED = {
    b"0": "0001",
    b"127": "7f01",
    b"128": "c08002",
    b"-1": "dfff02",
    b"-4096": "d00002",
    b"4095": "cfff02",
    b"4096": "f1001003",
    b"-4097": "f1ffef03",
    b"32767": "f1ff7f03",
    b"32768": "f200800004",
    b"-32769": "f2ff7fff04",
    b"8388607": "f2ffff7f04",
    b"8388608": "f30000800005",
    b"-8388609": "f3ffff7fff05",
    b"2147483647": "f3ffffff7f05",
    b"2147483648": "f4000000800000000009",
    b"-2147483649": "f4ffffff7fffffffff09",
    b"9223372036854775807": "f4ffffffffffffff7f09",
    b"-9223372036854775808": "f4000000000000008009",
    b"9223372036854775808": "933932323333373230333638353437373538303814",
    b"-0": "822d3003",
    b"01": "82303103",
    b"end": "83656e6404",
}


@pytest.mark.parametrize("value", DUMPED)
def test_entries_are_the_servers_to_the_byte(value):
    assert core.lp_pack([value]).hex() == DUMPED[value]


@pytest.mark.parametrize(
    ("length", "head", "tail"),
    [
        (125, "e07d", "7f"),
        (126, "e07e", "0180"),
        (4095, "efff", "2081"),
        (4096, "f000100000", "2085"),
        (16376, "f0f83f0000", "7ffd"),
        (16377, "f0f93f0000", "7ffe"),
        (16378, "f0fa3f0000", "00ffff"),
        (16379, "f0fb3f0000", "018080"),
        (2097145, "f0f9ff1f00", "7ffffe"),
        (2097146, "f0faff1f00", "00ffffff"),
        (2097147, "f0fbff1f00", "01808080"),
    ],
)
def test_long_strings_are_framed_as_the_servers(length, head, tail):
    entry = core.lp_pack([b"x" * length])
    assert entry == bytes.fromhex(head) + b"x" * length + bytes.fromhex(tail)
    assert core.lp_unpack(entry + entry)[0] == [b"x" * length] * 2


@given(VALUES)
def test_exported_listpacks_come_back(values):
    out = core.lp_export(values)
    assert int.from_bytes(out[:4], "little") == len(out)
    assert int.from_bytes(out[4:6], "little") == len(values)
    assert core.lp_import(out) == [as_stored(v) for v in values]


def test_export_is_the_servers_listpack():
    assert core.lp_export([b"-1"]).hex() == "0a0000000100dfff02ff"


def test_more_entries_than_the_header_counts():
    out = core.lp_export([7] * 70000)
    assert out[4:6] == b"\xff\xff"
    assert core.lp_import(out) == [7] * 70000


@given(st.binary(max_size=40))
@example(b"\xf0\xff\xff\xff\xff")
@example(b"\xf0\xff")
@example(b"\xe1")
@example(b"\xf4")
@example(b"\xff")
@example(b"\x81")
def test_foreign_bytes_are_either_whole_entries_or_refused(raw):
    count = core.lp_validate(raw)
    if count is not None:
        assert len(core.lp_unpack(raw)[0]) == count


@given(VALUES, st.data())
def test_damaged_runs_are_refused_or_still_readable(values, data):
    run = bytearray(core.lp_pack(values))
    if not run:
        return
    at = data.draw(st.integers(0, len(run) - 1))
    run[at] = data.draw(st.integers(0, 255))
    cut = bytes(run[: data.draw(st.integers(0, len(run)))])
    count = core.lp_validate(cut)
    if count is not None:
        assert len(core.lp_unpack(cut)[0]) == count
