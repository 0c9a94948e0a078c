"""string.find, match, gmatch and gsub: random patterns beside a real server; endless ones."""

from __future__ import annotations

import random
from typing import Any

import pytest
from scripting.test_busy import Running, until_busy
from subjects import Client

import emberkv

pytest.importorskip("lupa")

ITEMS = r"""
    a b . %a %d %s %w %x %p %u %l %c %z %A %D [ab] [^a] [a-c] [%d_] []] [^]] %bab %b() %f[%w] %f[^a]
    %1 %2 () (a) (a*) (.-) ( $ ^ ) %% %. [a % [%a-z] é - [a- [% %f %b %bx
""".split()
REPLACEMENTS = [
    *("'x'", "'%0'", "'%1'", "'<%1%2>'", "'%%'", "'%'", "'%q'", "7", "nil", "true"),
    "function(...) return select('#', ...) end",
    "function(a) return nil end",
    "function(a) return a .. '!' end",
    "function(a) return a:gsub('a', '%0%0'), cjson.encode(a) end",
    "function() return {} end",
    "{a = '1', b = 2, ab = true}",
]
CALLS = [
    "find({0})",
    "find({0}, {1})",
    "find({0}, {1}, true)",
    "match({0})",
    "match({0}, {1})",
    "gsub({0}, {2})",
    "gsub({0}, {2}, {1})",
]
SHOWN = "local r = {string.%s} for i = 1, #r do r[i] = tostring(r[i]) end return r"
WALK = """local r = {} for a, b, c in string.gmatch(%s) do
r[#r + 1] = tostring(a) .. '|' .. tostring(b) .. '|' .. tostring(c)
if #r > 50 then break end end return r"""


def quoted(text: str) -> str:
    return "'" + "".join(f"\\{byte:03}" for byte in text.encode("latin1")) + "'"


def pattern(rng: random.Random) -> str:
    out = ["^"] if rng.random() < 0.2 else []
    for _ in range(rng.randrange(1, 6)):
        out.append(rng.choice([*ITEMS, "\0"]))
        if rng.random() < 0.35 and out[-1][0] not in "($^":
            out.append(rng.choice("*+-?"))
        if rng.random() < 0.15:
            out += ["(", rng.choice(ITEMS), ")"]
    return "".join([*out, "$"] if rng.random() < 0.2 else out)


def script(rng: random.Random) -> str:
    text = "".join(rng.choice("aabbcAB1 2_()\0é-.]^%") for _ in range(rng.randrange(14)))
    both = f"{quoted(text)}, {quoted(pattern(rng))}"
    call = rng.choice([*CALLS, ""])
    init = rng.choice([0, 1, 2, 3, 5, -1, -2, -5, 100, -100])
    if not call:
        return WALK % both
    return SHOWN % call.format(both, init, rng.choice(REPLACEMENTS))


@pytest.mark.parametrize("seed", range(2))
def test_matching_is_that_of_a_server(both: tuple[Client, Client], seed: int) -> None:
    rng = random.Random(seed)
    ours, theirs = both
    calls = [("EVAL", script(rng), 0) for _ in range(1500)]
    for call, mine, its in zip(calls, ours.batch(calls), theirs.batch(calls), strict=True):
        assert mine == its, call[1]


ENDLESS = [
    "return string.find(string.rep('a', 60), string.rep('a*', 40) .. 'b')",
    "return string.match(string.rep('a', 60), string.rep('a-', 40) .. 'b')",
    "return string.gsub(string.rep('a', 60), string.rep('a?', 60) .. 'b', 'x')",
    "for _ in string.gmatch(string.rep('a', 60), string.rep('(a*)', 30) .. 'b') do end",
    "return ('a'):rep(1e6):find(string.rep('.-', 20) .. 'b')",
    "return pcall(function() return ('a'):rep(1e5):find(('.-'):rep(30) .. 'b') end)",
]


@pytest.mark.parametrize("endless", ENDLESS)
def test_a_pattern_that_takes_for_ever_can_be_ended(db: Any, endless: str) -> None:
    db.config_set("busy-reply-threshold", 30)
    running = Running(lambda: db.eval(endless, 0))
    assert "SCRIPT KILL" in until_busy(db)
    assert db.script_kill() is True
    assert "killed by user" in str(running.ended())


def test_nothing_is_repeated_at_no_cost(db: Any) -> None:
    assert db.eval("return string.rep('', 2^31 - 1)", 0) == b""
    assert db.eval("return (''):rep('3') .. ('ab'):rep('3')", 0) == b"ababab"
    with pytest.raises(emberkv.ResponseError, match="bad argument #2 to 'rep'"):
        db.eval("return string.rep('')", 0)


def test_how_deep_matching_goes_has_a_limit(db: Any) -> None:
    assert db.eval("return {string.find(('a'):rep(3000), ('a?'):rep(2500))}", 0) == [1, 2500]
    with pytest.raises(emberkv.ResponseError, match="pattern too complex"):
        db.eval("return string.find(('a'):rep(10000), ('a?'):rep(5000))", 0)
