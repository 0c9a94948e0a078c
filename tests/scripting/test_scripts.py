"""EVAL, EVALSHA and SCRIPT against a real server; what scripts share, and what becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from oracle import RawClient, RedisServer
from scripting import scripts, scripts_calls, scripts_json, scripts_language
from subjects import Client

import emberkv
from emberkv.exceptions import NoScriptError

pytest.importorskip("lupa")


TABLES = {
    "scripts": scripts,
    "calls": scripts_calls,
    "json": scripts_json,
    "language": scripts_language,
}


# By lupa's objects (_lua_objects.pyx) -0.0 is 0, and a coroutine a function; what cannot be
# indexed says so in words of its own; a tail call into a coroutine has no place.
BY_OBJECTS = os.environ.get("EMBERKV_LUA") == "objects"
NOT_BY_OBJECTS = (
    "-0.0",
    "encode(coroutine",
    "null.x",
    "coroutine.wrap(function() redis.call('get')",
)


@pytest.mark.parametrize("table", TABLES)
def test_scripts_say_and_do_what_a_server_has_them_say(
    both: tuple[Client, Client], table: str
) -> None:
    ours_of, theirs_of = both
    differing = []
    for script in TABLES[table].SCRIPTS:
        if BY_OBJECTS and any(part in script for part in NOT_BY_OBJECTS):
            continue
        ours = ours_of.execute("EVAL", script, 0)
        theirs = theirs_of.execute("EVAL", script, 0)
        if ours != theirs:
            differing.append(f"{script}\n    server  {theirs}\n    emberkv {ours}")
    assert not differing, "\n" + "\n".join(differing)


CALLS: list[tuple[Any, ...]] = [
    ("EVAL", "return 1", -1),
    ("EVAL", "return 1", 3),
    ("EVAL", "return 1", "x"),
    ("EVAL", "return 1"),
    ("EVAL", "return {KEYS[1],ARGV[1],ARGV[2]}", 1, "k", "a", "b"),
    ("EVAL", "return ARGV", 0, *range(100)),
    ("EVAL", "return redis.call('rpush', 'l', unpack(ARGV))", 0, *range(1000)),
    (
        "EVAL",
        "local t={} for i=1,100 do t[i]=i+0.5 end return redis.call('rpush','f',unpack(t))",
        0,
    ),
    ("LRANGE", "f", 0, -1),
    ("EVALSHA", "abc", 0),
    ("EVALSHA", "abc", "x"),
    ("EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 0),
    ("EVALSHA", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", 0),
    ("SCRIPT", "LOAD", "return 5"),
    ("SCRIPT", "LOAD", "if"),
    ("SCRIPT", "EXISTS", "x", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"),
    ("SCRIPT", "EXISTS"),
    ("SCRIPT", "FLUSH", "FOO"),
    ("SCRIPT", "FLUSH", "ASYNC", "x"),
    ("SCRIPT", "FLUSH", "ASYNC"),
    ("EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 0),
    ("SCRIPT", "KILL"),
    ("SCRIPT", "FOO"),
    ("SCRIPT", "DEBUG", "no"),
    ("SCRIPT", "DEBUG", "x"),
    ("SCRIPT",),
    ("EVAL_RO", "return redis.call('set', 'a', 1)", 0),
    ("EVAL_RO", "return redis.call('get', 'a')", 0),
    ("EVALSHA_RO", "abc", 0),
    ("EVAL", "redis.call('set', 'a', 'b') error('x')", 0),
    ("GET", "a"),
    ("MULTI",),
    ("EVAL", "return redis.call('incr', 'm')", 0),
    ("EVAL", "return redis.call('nosuch')", 0),
    ("EXEC",),
    ("EVAL", "redis.call('select', 3) return redis.call('set', 'in3', 1)", 0),
    ("EXISTS", "in3"),
]


def test_calls_answer_what_a_server_answers(both: tuple[Client, Client]) -> None:
    ours, theirs = both
    for call in CALLS:
        assert ours.execute(*call) == theirs.execute(*call), call


def test_scripts_are_shown_as_by_valkey(both: tuple[Client, Client], valkey: RedisServer) -> None:
    ours, theirs = both[0], valkey.client(both[0].protocol)
    code = "#!lua flags=no-writes\nreturn 1"
    for call in (("FLUSH",), ("LOAD", code), ("SHOW", "abc"), ("SHOW",), ("SHOW", "a", "b")):
        assert ours.execute("SCRIPT", *call) == theirs.execute("SCRIPT", *call), call
    sha = ours.execute("SCRIPT", "LOAD", code).value
    for name in (sha, sha.upper(), sha[:-1]):
        assert ours.execute("SCRIPT", "SHOW", name) == theirs.execute("SCRIPT", "SHOW", name)
    theirs.close()


LOGGED = [
    "redis.log(redis.LOG_WARNING, 'hello')",
    "redis.log(redis.LOG_NOTICE, 'a', 1, 2.5, 'b')",
    "redis.log(redis.LOG_DEBUG, 'not told')",
    "redis.log(redis.LOG_VERBOSE, 'nor this')",
    "redis.log('3', nil, {}, true, 'x')",
    "redis.log(2.7, 'up to its\\0zero')",
    "redis.log(2, '')",
    "redis.log(3, 1e15, 1e100, -0.5)",
    "redis.log({}, 'x')",
    "redis.log(4, 'x')",
    "redis.log(2)",
]


def test_what_scripts_log_is_in_the_log(tmp_path: Path) -> None:
    path, log = tmp_path / "socket", tmp_path / "log"
    with RedisServer() as server, emberkv.serve(unixsocket=str(path), logfile=str(log)):
        ours, theirs = RawClient(path), server.client()
        for script in LOGGED:
            assert ours.execute("EVAL", script, 0) == theirs.execute("EVAL", script, 0), script
        written = [
            [line.split(" ", 5)[-1] for line in file.read_text().splitlines() if ":M " in line]
            for file in (log, Path(server.directory, "log"))
        ]
        for client in (ours, theirs):
            client.close()
    said = written[0][-6:]
    assert "# hello" in said and said == written[1][-6:]


def test_random_numbers_are_those_of_a_server(db: Any) -> None:
    script = (
        "local t = {tostring(math.random())} for i = 2, 9 do t[i] = math.random(1000) end return t"
    )
    with RedisServer() as server:
        theirs = server.client()
        for _ in range(3):  # what one script has taken another is not given
            given = [item.value for item in theirs.execute("EVAL", script, 0).value]
            assert db.eval(script, 0) == given
        theirs.close()


def test_a_script_leaves_nothing_to_the_next(db: Any) -> None:
    db.eval("redis.call('set', 'k', #KEYS) local t = setmetatable({}, {}) t.x = 1", 2, "a", "b")
    assert db.eval("return {#KEYS, #ARGV}", 0) == [0, 0]
    for script in (
        "x = 1",
        "_G.x = 1",
        "string.x = 1",
        "redis.call = nil",
        "math.random = nil",
        "rawset(_G, 'x', 1)",
        "rawset(redis, 'x', 1)",
        "table.insert(redis, 1)",
        "table.insert(_G, 1)",
        "getmetatable('').__index = nil",
        "KEYS = {}",
    ):
        with pytest.raises(emberkv.ResponseError, match="readonly table"):
            db.eval(script, 0)
    with pytest.raises(emberkv.ResponseError, match="nonexistent"):
        db.eval("return x", 0)
    with pytest.raises(emberkv.ResponseError):
        db.eval("setmetatable(_G, {})", 0)


@pytest.mark.parametrize(
    "name", ["os", "io", "require", "dofile", "loadfile", "debug", "package", "print", "getfenv"]
)
def test_what_reaches_outside_is_not_there(db: Any, name: str) -> None:
    with pytest.raises(emberkv.ResponseError, match="nonexistent"):
        db.eval(f"return {name}", 0)


def test_errors_do_not_end_the_process(db: Any) -> None:
    for script in (
        "local function f() return f() + 1 end return f()",
        "error({})",
        "error()",
        "error(nil)",
        "error(setmetatable({}, {__tostring = error}))",
        "local t = {} for i = 1, 600 do t = {t} end return t",
        "local t = {} t[1] = t return t",
        "return cjson.decode(string.rep('[', 2000))",
        "return cjson.encode(KEYS, 1, 2)",
        "return cmsgpack.unpack(string.rep('\\\\145', 5000))",
        "return redis.call(string.rep('x', 100000))",
        "coroutine.wrap(function() error('in a coroutine') end)()",
        "\x1bLua",
        "return unpack({}, 1, 1e7)",
    ):
        try:
            reply = db.eval(script, 0)
        except emberkv.ResponseError:
            continue
        while isinstance(reply, list):  # an error deep inside
            reply = reply[0]
        assert isinstance(reply, emberkv.ResponseError), script
    assert db.eval("return 'alive'", 0) == b"alive"


def test_scripts_are_known_in_every_process(tmp_path: Path) -> None:
    path = str(tmp_path / "s.ember")
    with emberkv.open(path) as db:
        sha = db.script_load("return {KEYS[1], ARGV[1]}")
        code = (
            f"import emberkv; db = emberkv.open({path!r}); "
            f"print(db.evalsha({sha!r}, 1, 'k', 'a')); db.script_flush()"
        )
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert out.stdout == "[b'k', b'a']\n"
        with pytest.raises(NoScriptError):
            db.evalsha(sha, 0)


def test_a_process_that_dies_in_a_script_leaves_no_trace_of_it(tmp_path: Path) -> None:
    path = str(tmp_path / "s.ember")
    with emberkv.open(path) as db:
        db.set("n", 0)
        code = (
            f"import emberkv; db = emberkv.open({path!r}); print('ready', flush=True); "
            "db.eval(\"for i = 1, 1e9 do redis.call('incr', 'n') \""
            "\"redis.call('rpush', 'l', i) end\", 0)"
        )
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        with child:
            assert child.stdout and child.stdout.readline() == "ready\n"
            while not db._store.writing:
                pass
            os.kill(child.pid, signal.SIGKILL)
        assert db.get("n") == b"0" and not db.exists("l")
        assert db._store.check()


def test_a_transaction_block_undoes_its_scripts(db: Any) -> None:
    with pytest.raises(RuntimeError), db.transaction():
        db.eval("redis.call('set', 'k', 1)", 0)
        assert db.get("k") == b"1"
        raise RuntimeError
    assert not db.exists("k")


def test_registered_scripts_are_functions(db: Any) -> None:
    multiply = db.register_script("return redis.call('get', KEYS[1]) * ARGV[1]")
    db.set("n", 5)
    assert multiply(keys=["n"], args=[4]) == 20
    db.script_flush()
    assert multiply(["n"], [5]) == 25
    db.script_flush()
    with db.pipeline() as pipe:
        multiply(["n"], [6], client=pipe)
        pipe.incr("n")
        assert pipe.execute() == [30, 6]
    assert db.script_exists(multiply.sha, "x") == [True, False]


def test_waiters_are_served_by_scripts(db: Any) -> None:
    import threading

    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.append(db.blpop("q", 20)))
    thread.start()
    while db.info("clients")["blocked_clients"] == 0:
        pass
    assert db.eval("redis.call('rpush', 'q', 'x') return redis.call('llen', 'q')", 0) == 1
    thread.join()
    assert got == [(b"q", b"x")] and not db.exists("q")


def test_many_calls_give_what_one_gives(db: Any) -> None:
    """Garbage of Lua and of Python comes and goes meanwhile: lupa took one object for another."""
    db.set("k", "v")
    get = db.register_script("return redis.call('get', KEYS[1])")
    assert {get(["k"]) for _ in range(40_000)} == {b"v"}
