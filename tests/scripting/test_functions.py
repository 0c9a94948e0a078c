"""Libraries and functions against a real server; what all processes know of them; payloads."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from oracle import RedisServer, Reply
from scripting.libraries import CALLED, CALLS, LIBRARIES
from subjects import Client

import emberkv

pytest.importorskip("lupa")

ADDING = """#!lua name=adding
redis.register_function('add', function(keys, args)
    return redis.call('INCRBY', keys[1], args[1])
end)
"""


def test_libraries_are_loaded_or_refused_as_by_a_server(both: tuple[Client, Client]) -> None:
    ours_of, theirs_of = both
    for code in LIBRARIES:
        for call in (
            ("FUNCTION", "LOAD", "REPLACE", code),
            ("FUNCTION", "LIST", "WITHCODE"),
            ("FUNCTION", "FLUSH"),
        ):
            assert ours_of.execute(*call) == theirs_of.execute(*call), code


def test_functions_do_what_they_do_on_a_server(both: tuple[Client, Client]) -> None:
    ours_of, theirs_of = both
    for call in [("FUNCTION", "LOAD", CALLED), *CALLS]:
        assert ours_of.execute(*call) == theirs_of.execute(*call), call


def libraries(*names: str) -> list[tuple[str, ...]]:
    code = "#!lua name={0}\nredis.register_function('f_{0}', function() return 1 end)"
    return [("FUNCTION", "LOAD", code.format(name)) for name in names]


FULL = """#!lua name=full
redis.register_function('w', function() return redis.call('set', 'a', 1) end)
redis.register_function{function_name='wo',
    callback=function() return redis.call('set', 'a', 1) end,
    flags={'allow-oom'}}
redis.register_function{function_name='r', callback=function() return redis.call('get', 'a') end,
    flags={'no-writes'}}
redis.register_function('rr', function() return redis.call('get', 'a') end)
"""
WHEN_FULL = [
    ("SET", "a", 1),
    ("EVAL", "return redis.call('set', 'a', 1)", 0),
    ("EVAL", "return redis.call('get', 'a')", 0),
    ("EVAL", "return redis.call('del', 'a')", 0),
    ("EVAL", "#!lua\nreturn redis.call('set', 'a', 1)", 0),
    ("EVAL", "#!lua\nreturn redis.call('get', 'a')", 0),
    ("EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', 'a', 1)", 0),
    ("EVAL", "#!lua flags=no-writes\nreturn redis.call('get', 'a')", 0),
    ("EVAL_RO", "return redis.call('get', 'a')", 0),
    *(("FCALL", name, 0) for name in ("w", "wo", "r", "rr")),
    ("FCALL_RO", "r", 0),
    ("FUNCTION", "LOAD", "x"),
]


def test_flags_say_what_goes_on_when_memory_is_full(both: tuple[Client, Client]) -> None:
    ours, theirs = both
    for client in both:
        client.execute("FUNCTION", "LOAD", FULL)
        client.execute("CONFIG", "SET", "maxmemory", 1)
    try:
        for call in WHEN_FULL:
            assert ours.execute(*call) == theirs.execute(*call), call
    finally:
        for client in both:
            client.execute("CONFIG", "SET", "maxmemory", 0)


def test_payloads_go_from_one_to_the_other(both: tuple[Client, Client]) -> None:
    for taker, giver in (both, both[::-1]):
        for call in [("FUNCTION", "FLUSH"), *libraries("a", "b", "long" * 50)]:
            giver.execute(*call)
        payload = giver.execute("FUNCTION", "DUMP").value
        listed = giver.execute("FUNCTION", "LIST", "WITHCODE").value
        taker.execute("FUNCTION", "FLUSH")
        assert taker.execute("FUNCTION", "RESTORE", payload).value == b"OK"
        assert {repr(x) for x in taker.execute("FUNCTION", "LIST", "WITHCODE").value} == {
            repr(x) for x in listed
        }
        assert taker.execute("FCALL", "f_b", 0).value == 1


def whichever(reply: Reply) -> Reply:
    """Which of two libraries that are there is told depends on how a server's names fall."""
    if reply.kind != "error":
        return reply
    return Reply("error", re.sub(rb"Library [ab] already", b"Library already", reply.value))


def test_policies_of_restore_are_those_of_a_server(both: tuple[Client, Client]) -> None:
    ours, theirs = both
    load = ("FUNCTION", "LOAD")
    for call in libraries("a", "b"):
        theirs.execute(*call)
    payload = theirs.execute("FUNCTION", "DUMP").value
    flush = ("FUNCTION", "FLUSH")
    theirs.execute(*flush)
    restore = ("FUNCTION", "RESTORE", payload)
    of_another = "#!lua name=z\nredis.register_function('F_A', function() return 2 end)"
    moved = "#!lua name=b\nredis.register_function('f_a', function() return 3 end)"
    for calls in (
        [restore, restore],
        [restore, (*restore, "REPLACE"), (*restore, "append"), (*restore, "flush")],
        [(*load, of_another), restore, (*restore, "REPLACE"), (*restore, "FLUSH")],
        [(*load, moved), (*restore, "REPLACE")],
    ):
        for call in [*calls, ("FUNCTION", "STATS"), ("FCALL", "f_a", 0), flush]:
            assert whichever(ours.execute(*call)) == whichever(theirs.execute(*call)), call


def test_a_damaged_payload_changes_nothing(db: Any) -> None:
    db.function_load(ADDING)
    payload = db.function_dump()
    for at in range(0, len(payload), 3):
        bad = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :]
        with pytest.raises(emberkv.ResponseError, match="checksum"):
            db.function_restore(bad, "FLUSH")
        with pytest.raises(emberkv.ResponseError):
            db.function_restore(payload[:at], "FLUSH")
    assert db.fcall("add", 1, "n", 2) == 2


def test_functions_are_known_in_every_process(tmp_path: Path) -> None:
    path = str(tmp_path / "s.ember")
    with emberkv.open(path) as db:
        db.function_load(ADDING)
        code = (
            f"import emberkv; db = emberkv.open({path!r}); print(db.fcall('add', 1, 'n', 5)); "
            f"db.function_load({ADDING.replace('INCRBY', 'DECRBY')!r}, replace=True)"
        )
        out = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        )
        assert out.stdout == "5\n"
        assert db.fcall("add", 1, "n", 1) == 4  # what the other loaded, and not what was compiled
        assert db._store.check()


def test_a_library_that_is_loaded_and_undone_is_not_called(db: Any) -> None:
    with pytest.raises(RuntimeError), db.transaction():
        db.function_load(ADDING)
        assert db.fcall("add", 1, "n", 1) == 1
        raise RuntimeError
    with pytest.raises(emberkv.ResponseError, match="not found"):
        db.fcall("add", 1, "n", 1)
    db.function_load(ADDING.replace("INCRBY", "DECRBY"))
    assert db.fcall("add", 1, "n", 1) == -1
    with pytest.raises(RuntimeError), db.transaction():
        db.function_delete("adding")
        raise RuntimeError
    assert db.fcall("add", 1, "n", 1) == -2


def test_what_a_library_keeps_between_calls_stays_when_others_come_and_go(db: Any) -> None:
    db.function_load(
        "#!lua name=counts\nlocal n = 0 "
        "redis.register_function('count', function() n = n + 1 return n end)"
    )
    assert db.fcall("count", 0) == 1
    db.function_load(ADDING)
    db.function_delete("adding")
    assert db.fcall("count", 0) == 2
    assert db.fcall_ro.__self__ is db


def test_methods_give_what_redis_py_gives(db: Any, oracle: RedisServer) -> None:
    redis = pytest.importorskip("redis")
    theirs = redis.Redis(unix_socket_path=oracle.path)
    theirs.function_flush()
    code = (
        "#!lua name=x\nredis.register_function{function_name='f', callback=function() return 1 end,"
        "flags={'no-writes'}, description='says one'}"
    )
    for of in (db, theirs):
        assert of.function_load(code) == b"x"
        assert of.function_load(code, replace=True) == b"x"
        assert of.fcall("f", 0) == of.fcall_ro("f", 0) == 1
        assert of.function_restore(of.function_dump(), "REPLACE") is True
    assert db.function_list() == theirs.function_list()
    assert db.function_list("x*", withcode=True) == theirs.function_list("x*", withcode=True)
    assert db.function_stats() == theirs.function_stats()
    for of in (db, theirs):
        assert of.function_delete("x") is True
        assert of.function_flush() is True
        assert of.function_list() == []
    theirs.close()


def test_libraries_live_in_rdb_files(tmp_path: Path) -> None:
    """Loading one needs no Lua: functions are registered when somebody asks for one."""
    path = tmp_path / "dump.rdb"
    with emberkv.open() as db:
        db.function_load(ADDING)
        db.set("n", 40)
        db.save(path)
    with emberkv.load(path) as other:
        assert other.function_list("none") == []
        assert other.fcall("add", 1, "n", 2) == 42
        assert other.function_stats()[b"engines"][b"LUA"][b"functions_count"] == 1
        assert other._store.check()
