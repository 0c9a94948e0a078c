"""Scripts that people run: those of well-known recipes, and all that installed libraries bring,
each with many keys and arguments, on a real server and here.

Their libraries themselves run in tests/libraries, BullMQ's in tests/node.
"""

from __future__ import annotations

import ast
import importlib.machinery
import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from differential.pair import Command, Pair

pytest.importorskip("lupa")

SLIDING_WINDOW = """
local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local count = redis.call('ZCARD', KEYS[1])
if count < limit then
    redis.call('ZADD', KEYS[1], now, ARGV[4])
    redis.call('PEXPIRE', KEYS[1], window)
    return {1, limit - count - 1}
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {0, tonumber(oldest[2]) + window - now}
"""
COMPARE_AND_SET = """
if redis.call('GET', KEYS[1]) == (ARGV[1] ~= '' and ARGV[1] or false) then
    return redis.call('SET', KEYS[1], ARGV[2])
end
return redis.error_reply('CONFLICT it has changed')
"""
LOCK_WITH_FENCING = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return redis.call('INCR', KEYS[2])
end
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return tonumber(redis.call('GET', KEYS[2]))
end
return false
"""
WRITE_BEHIND_THE_FENCE = """
local seen = tonumber(redis.call('HGET', KEYS[1], 'token') or 0)
if tonumber(ARGV[1]) < seen then return {err = 'STALE token ' .. ARGV[1] .. ' < ' .. seen} end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'value', ARGV[2])
return {ok = 'WRITTEN'}
"""
CAPPED_INCREMENT = """
local current = redis.call('GET', KEYS[1]) or 0
if tonumber(current) >= tonumber(ARGV[1]) then return tonumber(current) end
return redis.call('INCR', KEYS[1])
"""
TOKEN_BUCKET = """
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local rate, most, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local had, at = tonumber(bucket[1]) or most, tonumber(bucket[2]) or now
local tokens = math.min(most, had + (now - at) * rate)
local granted = tokens >= 1
if granted then tokens = tokens - 1 end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('EXPIRE', KEYS[1], math.ceil(most / rate))
return {granted, tostring(tokens)}
"""
UNLOCK = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end
"""


def calls() -> Iterator[tuple[str, int, tuple[object, ...]]]:
    for at in range(0, 10_000_000, 700_000):
        yield SLIDING_WINDOW, 1, ("limiter", at, 3_000_000, 3, f"request-{at}")
    for old, new in (("", "a"), ("", "b"), ("a", "b"), ("a", "c"), ("b", ""), ("", "d")):
        yield COMPARE_AND_SET, 1, ("value", old, new)
    for owner in ("one", "two", "one"):
        yield LOCK_WITH_FENCING, 2, ("lock", "fence", owner, 6_000_000)
    yield UNLOCK, 1, ("lock", "two")
    yield UNLOCK, 1, ("lock", "one")
    yield LOCK_WITH_FENCING, 2, ("lock", "fence", "two", 6_000_000)
    for token, value in ((1, "a"), (3, "b"), (2, "c"), (3, "d"), (10, "e"), (9, "f")):
        yield WRITE_BEHIND_THE_FENCE, 1, ("store", token, value)
    for _ in range(5):
        yield CAPPED_INCREMENT, 1, ("capped", 3)
    for now in (0, 0, 0, 1, 1.5, 4, 100):
        yield TOKEN_BUCKET, 1, ("bucket", 0.001, 2, now)


def as_command(*args: object) -> Command:
    return Command(tuple(a if isinstance(a, bytes) else str(a).encode() for a in args))


def test_recipes_do_what_they_do_on_a_server(pair: Pair) -> None:
    for script, nkeys, args in calls():
        pair.run(as_command("EVAL", script, nkeys, *args))
    pair.compare_keyspaces((0,))


# --- what libraries bring ---

PACKAGES = ("rq", "kombu", "redis.lock", "redis_lock", "limits", "pottery", "huey", "dramatiq")
CLOCK = re.compile(r"redis\.call\(\s*['\"]time['\"]\s*\)", re.IGNORECASE)


# Nothing expires while a test runs: all times to live are made long.
LONG = """
local real = redis
local function long(call, ...)
    local a = {...}
    local name = string.lower(a[1])
    if (name:find('expire$') or name:find('setex$')) and (tonumber(a[3]) or 0) > 0 then
        a[3] = a[3] + 1000000000
    end
    for i = 4, #a - 1 do
        local word = string.lower(a[i])
        if (word == 'ex' or word == 'px') and tonumber(a[i + 1]) then
            a[i + 1] = a[i + 1] + 1000000000
        end
    end
    return call(unpack(a))
end
local redis = setmetatable({
    call = function(...) return long(real.call, ...) end,
    pcall = function(...) return long(real.pcall, ...) end,
}, {__index = real})
"""


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            yield node.value.decode() if isinstance(node.value, bytes) else node.value


def scripts_of(package: str) -> list[str]:
    # Not importlib.util.find_spec: what puts something else in its place has no spec then.
    spec, where = None, None
    for name in itertools.accumulate(package.split("."), "{}.{}".format):
        spec = importlib.machinery.PathFinder.find_spec(name, where)
        if spec is None:
            pytest.skip(f"{package} is not installed")
        where = spec.submodule_search_locations
    assert spec is not None and spec.origin is not None
    place = Path(spec.origin)
    files = [place] if place.name != "__init__.py" else [*place.parent.rglob("*.py")]
    found = [text for path in files for text in strings(path)]
    if place.name == "__init__.py":
        found += [path.read_text() for path in place.parent.rglob("*.lua")]
    scripts = {text for text in found if re.search(r"redis\.p?call\(", text)}
    return sorted(CLOCK.sub("{'1800000000', '123456'}", script) for script in scripts)


@pytest.mark.parametrize("package", PACKAGES)
def test_scripts_of_libraries_do_what_they_do_on_a_server(pair: Pair, package: str) -> None:
    scripts = scripts_of(package)
    assert scripts
    rng = random.Random(package)
    for script in scripts:
        pair.reset()
        for _ in range(12):
            keys = [f"k{rng.randrange(4)}" for _ in range(rng.choice([1, 2, 3, 5]))]
            args = [
                rng.choice(["1", "2", "3", "10", "-1", "1000", "a", "b", "1800000000", "0.5", "L"])
                for _ in range(rng.choice([1, 2, 3, 4, 7]))
            ]
            pair.run(as_command("EVAL", LONG + script, len(keys), *keys, *args))
            if rng.random() < 0.3:
                value = rng.choice(["1", "a", "7"])
                setup = rng.choice(
                    [("SET", keys[0], value), ("DEL", keys[0]), ("RPUSH", keys[-1], value, "2")]
                )
                pair.run(as_command(*setup))
        pair.compare_keyspaces((0,))
