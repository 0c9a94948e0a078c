"""Scripts that want too much: an error for their caller, and never the end of the process."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import emberkv

pytest.importorskip("lupa")

LIMIT = 32 << 20
TOO_MUCH = [
    "local t = {} for i = 1, 1e9 do t[i] = i end",
    "local t = {} for i = 1, 1e9 do t[i] = {} end",
    "local s = 'x' while true do s = s .. s end",
    "return string.rep('x', 1e9)",
    "return string.rep(string.rep('x', 1e6), 1000)",
    "return {string.rep('x', 2e7)}, string.rep('y', 2e7)",
    "return cjson.encode(string.rep('x', 2e7))",
    "local t = {} for i = 1, 1e7 do t[i] = 'abc' end return cmsgpack.pack(t)",
    "return struct.pack('s', string.rep('x', 3e7))",
    "return ('x'):rep(2e7):gsub('x', 'yy')",
    "return redis.call('ECHO', string.rep('x', 4e7))",
]
TOO_DEEP = [
    "local function f() return f() + 1 end return f()",
    "local function f() coroutine.wrap(f)() end f()",
    "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]",
    "local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x",
    "return string.find(string.rep('a', 1e6), string.rep('a?', 5e5))",
    "return (string.rep('a', 1e6)):gsub(string.rep('a*', 5e5), '')",
    "return string.find('x', string.rep('(', 1e5))",
    "assert(loadstring(string.rep('(', 1e6)))",
    "assert(loadstring('return ' .. string.rep('{', 1e6)))",
    "assert(loadstring('return ' .. string.rep('- ', 1e6) .. '1'))",
    "assert(loadstring('return ' .. string.rep('a..', 1e6) .. 'a'))",
    "assert(loadstring('x=' .. string.rep('function() return ', 1e5)))",
    "return unpack({}, 1, 1e7)",
    "return unpack({}, -2^31, 2^31 - 1)",
    "return unpack({}, -1e300, 1e300)",
    "return redis.call(unpack({}, 1, 1e6))",
    "return table.concat({}, 'x', 1, 2^30)",
    "return select(-2^31, 1)",
    "return string.format(string.rep('%d', 1e5), 1)",
    "return cjson.decode(string.rep('[', 1e6))",
    "local t = {} t[1] = t return cjson.encode(t)",
    "return cmsgpack.unpack(string.rep('\\221\\255\\255\\255\\255', 1000))",
    "return struct.unpack('bc0', '\\255x')",
    "return struct.pack('i4096', 1)",
    "error(setmetatable({}, {__index = function() error('again') end}))",
    "return xpcall(function() error('x') end, function() error('y') end)",
    "local t = {3, 1, 2} table.sort(t, function() return true end) error('sorted')",
]
HARMLESS = [
    "return string.rep('', 1e6)",
    "return ('x'):rep(-1)",
    "return math.ldexp(1, 2^31)",
    "return coroutine.running()",
    "local t = {} for i = 1, 600 do t = {t} end return tostring(t) ~= nil",
    "local t = {} for i = 1, 2e5 do t[i] = {i} end return #t",
    "for i = 1, 200 do local s = string.rep('x', 1e6) end return 1",
    "collectgarbage('stop') return 1",
]
PROGRAM = """
import sys, emberkv
db = emberkv.open()
db.config_set("lua-memory-limit", int(sys.argv[1]))
for script in sys.stdin.read().split("\\n----\\n"):
    try:
        db.eval(script, 0)
        print("ended")
    except emberkv.ResponseError as error:
        print("error", str(error)[:60].replace("\\n", " "))
    assert db.eval("return redis.call('PING')", 0) and db.set("k", 1) and db._store.check()
"""


def outcomes(scripts: list[str]) -> list[str]:
    """What became of each, in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(LIMIT)],
        input="\n----\n".join(scripts),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stdout}\n{done.stderr[-2000:]}"
    return done.stdout.splitlines()


@pytest.mark.parametrize("scripts", [TOO_MUCH, TOO_DEEP], ids=["much", "deep"])
def test_what_wants_too_much_is_an_error(scripts: list[str]) -> None:
    found = outcomes(scripts)
    ended = [
        s for s, out in zip(scripts, found, strict=True) if out == "ended" and "xpcall" not in s
    ]
    assert ended == []


def test_memory_is_said_to_be_the_reason() -> None:
    assert all("not enough memory" in out for out in outcomes(TOO_MUCH))


def test_what_wants_enough_is_none() -> None:
    assert outcomes(HARMLESS) == ["ended"] * len(HARMLESS)


def test_a_state_that_was_full_is_not_full_for_ever(db: Any) -> None:
    db.config_set("lua-memory-limit", 8 << 20)
    for i in range(300):  # each is compiled and kept, until there are too many
        numbers = ",".join(map(str, range(i, i + 2000)))
        assert db.eval(f"local t = {{{numbers}}} return #t", 0) == 2000
    with pytest.raises(emberkv.ResponseError, match="not enough memory"):
        db.eval("return string.rep('x', 1e9)", 0)
    assert db.eval("return #string.rep('x', 2e6)", 0) == 2_000_000


def test_the_limit_is_a_setting(db: Any) -> None:
    assert db.config_get("lua-memory-limit") == {"lua-memory-limit": str(256 << 20)}
    with pytest.raises(emberkv.ResponseError):
        db.config_set("lua-memory-limit", 1)
