"""Numbers as text: against Python's own, and against answers that redis-server 7.0 gave."""

import locale
import math
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

core = pytest.importorskip("emberkv._core._containers")

I64_MIN, I64_MAX, U64_MAX = -(2**63), 2**63 - 1, 2**64 - 1
near_integers = st.one_of(
    st.integers(-(2**66), 2**66),
    st.sampled_from([I64_MIN, I64_MAX, U64_MAX]).flatmap(
        lambda edge: st.integers(edge - 3, edge + 3)
    ),
)


@given(st.integers(I64_MIN, I64_MAX))
def test_i64_prints_and_parses_back(v):
    text = core.format_i64(v)
    assert text == str(v).encode()
    assert core.parse_i64(text) == v


@pytest.mark.parametrize("digits", range(20))
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_integers_print_at_each_length(digits, off):
    v = 10**digits + off
    assert core.format_u64(v) == str(v).encode()
    if v <= I64_MAX:
        assert core.format_i64(-v) == str(-v).encode()


@given(near_integers)
def test_integers_outside_the_range_are_refused(v):
    text = str(v).encode()
    assert core.parse_i64(text) == (v if I64_MIN <= v <= I64_MAX else None)
    assert core.parse_u64(text) == (v if 0 <= v <= U64_MAX else None)


@given(st.text("0123456789+- e.\0", max_size=22))
def test_only_the_canonical_integer_parses(text):
    v = core.parse_i64(text.encode())
    try:
        canonical = str(int(text)) == text and I64_MIN <= int(text) <= I64_MAX
    except ValueError:
        canonical = False
    assert v == (int(text) if canonical else None)


@given(st.floats(allow_nan=False))
def test_doubles_print_17_digits_and_parse_back(v):
    text = core.format_double(v)
    assert text == b"%.17g" % v
    back = core.parse_double(text)
    assert back == v and math.copysign(1, back) == math.copysign(1, v)


@given(st.integers(-(10**10), 10**10), st.sampled_from([1, 2, 4, 8, 64, 256, 1024, 2048]))
def test_doubles_with_a_binary_fraction_print_exactly(whole, part):
    assert core.format_double(whole / part) == b"%.17g" % (whole / part)


@given(st.integers(-(10**10), 10**10), st.sampled_from([2, 4, 8, 16]))
def test_a_printed_fraction_is_known_at_a_glance(whole, part):
    v = whole / part
    assert core.printed_fraction(core.format_double(v)) == (None if v == int(v) else v)


@given(st.from_regex(r"[-+]?[0-9]{0,3}\.?[0-9]{0,6}e?", fullmatch=True))
@example("2.50")
@example("02.5")
@example(".5")
@example("0.1")
@example("0.00390625")
@example("12345678901234.5")
@example("123456789012345.5")
def test_what_does_not_print_like_that_is_none(text):
    v = core.printed_fraction(text.encode())
    if v is not None:
        assert core.format_double(v) == text.encode() and v == float(text)


@given(
    st.one_of(
        st.floats(2**-9, 1e15, exclude_max=True), st.integers(2, 10**9).map(lambda i: i / 1000)
    )
)
@example(2**-9)
@example(math.nextafter(1e15, 0))
@example(9.999999999999999)
@example(0.1 + 0.2)
def test_the_shortest_digits_are_pythons(v):
    for signed in (v, -v):
        assert core.format_shortest(signed) == repr(signed).removesuffix(".0").encode()


@pytest.mark.parametrize("v", [0.0, 1e-3, 1e15, 5e-324, 1e300, math.inf, math.nan])
def test_what_is_not_printed_as_the_shortest_is_left_to_others(v):
    assert core.format_shortest(v) == b""


@given(st.floats(-200, 200))
def test_fixed_doubles_print_17_digits_behind_the_point(v):
    exact = f"{Decimal(v):.17f}".rstrip("0").rstrip(".")
    assert core.format_fixed(v) == (b"0" if exact == "-0" else exact.encode())


@example(b"18446744073709551616")
@example(b"0.018446744073709551616")
@given(st.from_regex(rb"[+-]?[0-9]{0,24}(\.[0-9]{0,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_decimals_parse_as_pythons_do(text):
    try:
        want = float(text)
    except ValueError:
        want = None
    if want is not None and math.isinf(want):
        want = None
    got = core.parse_double(text)
    if want == 0 and got is None:
        assert any(c in text.lower().split(b"e")[0] for c in b"123456789")  # underflow is refused
    else:
        assert got == want


ACCEPTED = {
    b"0x10": 16.0,
    b"0x1p3": 8.0,
    b"0x1.8": 1.5,
    b"1.": 1.0,
    b".5": 0.5,
    b"+.5e1": 5.0,
    b"1e+5": 100000.0,
    b"infinity": math.inf,
    b"INF": math.inf,
    b"+inf": math.inf,
    b"-Infinity": -math.inf,
    b"1e-320": 1e-320,
    b"0" * 40000 + b"1": 1.0,
}
REFUSED = [
    b"", b" 1", b"1 ", b"\t1", b"1\0", b"\0", b"1\0005", b"nan", b"-nan", b"nan(1)", b"1e", b"0x",
    b"--1", b"1_0", b"1,5", b"infx", b"1e400", b"-1e400", b"1e-400", b"1" + b"0" * 400, b"+", b"-",
    b".", b"e5",
]  # fmt: skip


@pytest.mark.parametrize("text", ACCEPTED)
def test_floats_the_server_accepts(text):
    assert core.parse_double(text) == ACCEPTED[text]


@pytest.mark.parametrize("text", REFUSED)
def test_floats_the_server_refuses(text):
    assert core.parse_double(text) is None


LONG = {
    b"3.14": b"3.14",
    b"0.1": b"0.1",
    b"1.5e-10": b"0.00000000015",
    b"9.5367431640625e-07": b"0.00000095367431641",
    b"9007199254740993": b"9007199254740993",
    b"12345678901234567890": b"12345678901234567890",
    b"1e23": b"100000000000000000000000",
    b"-1e17": b"-100000000000000000",
    b"-1e-20": b"0",
    b"-0.0": b"0",
    b"-0": b"0",
    b"1e-400": b"0",
    b"0x10": b"16",
    b"inf": b"inf",
    b"0" * 5118 + b"1": b"1",
    b"0" * 5119 + b"1": None,
    b"1e5000": None,
    b"1e-5000": None,
    b"nan": None,
    b" 1": None,
    b"": None,
}


@pytest.mark.parametrize("text", LONG)
def test_long_doubles_print_as_the_server_does(text):
    assert core.long_double_text(text) == LONG[text]


def test_the_longest_long_double_fits():
    text = core.long_double_text(b"-1.1e4932")
    assert len(text) == 4934 and text.startswith(b"-1099")


def test_numbers_do_not_depend_on_the_locale():
    for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"):
        try:
            locale.setlocale(locale.LC_NUMERIC, name)
        except locale.Error:
            continue
        try:
            assert core.parse_double(b"1.25e1") == 12.5
            assert core.parse_double(b"1,5") is None
            assert core.format_double(0.1) == b"0.10000000000000001"
            assert core.long_double_text(b"0.1") == b"0.1"
        finally:
            locale.setlocale(locale.LC_NUMERIC, "C")
        return
    pytest.skip("no locale with a decimal comma on this machine")
