"""A whole keyspace as one value to compare, and the scene that every fault begins at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from faults.scenes import BASE, BASE_FIELD_EXPIRY, BASE_LIBRARY, BASE_SCRIPTS

from emberkv.exceptions import ResponseError


def _contents(execute: Any, key: bytes, kind: str, encoding: str) -> Any:
    if kind == "string":
        return execute((b"GET", key))
    if kind == "list":
        return execute((b"LRANGE", key, 0, -1))
    if kind == "set":
        members = execute((b"SMEMBERS", key))
        return list(members) if encoding == "intset" else sorted(members)
    if kind == "zset":
        return execute((b"ZRANGE", key, 0, -1, b"WITHSCORES"))
    if kind == "stream":
        return execute((b"XINFO", b"STREAM", key, b"FULL", b"COUNT", 0))
    fields = execute((b"HGETALL", key))
    times = _field_times(execute, key, list(fields))
    items = [(field, fields[field], time) for field, time in zip(fields, times, strict=True)]
    return items if encoding == "listpack" else sorted(items)


def _field_times(execute: Any, key: bytes, fields: list[bytes]) -> list[int]:
    try:
        return execute((b"HPEXPIRETIME", key, b"FIELDS", len(fields), *fields))
    except ResponseError:
        return [-1] * len(fields)


def _text(reply: Any) -> str:
    return reply.decode() if isinstance(reply, bytes) else str(reply)


def dump(session: Any) -> dict[tuple[int, bytes], tuple[Any, ...]]:
    """Every key of every database: type, encoding, time to live and contents in their order.

    Members whose order is the hash table's own business are sorted.
    """
    out = dump_keys(session, b"*", range(16))
    for db in range(16):
        session.execute((b"SELECT", db))
        assert session.execute((b"DBSIZE",)) == sum(1 for d, _ in out if d == db)
    session.execute((b"SELECT", 0))
    libraries = session.execute((b"FUNCTION", b"LIST", b"WITHCODE"))
    return out | {(-1, b"functions"): tuple(sorted(map(repr, libraries)))}


def dump_keys(
    session: Any, pattern: bytes, databases: Iterable[int], loaded: bool = False
) -> dict[tuple[int, bytes], tuple[Any, ...]]:
    """The same of the keys that match; of what was `loaded`, without what files do not hold:
    encodings, and when a stream's readers were seen."""
    execute = session.execute
    out = {}
    for db in databases:
        execute((b"SELECT", db))
        for key in sorted(execute((b"KEYS", pattern))):
            kind = _text(execute((b"TYPE", key)))
            encoding = "" if loaded else _text(execute((b"OBJECT", b"ENCODING", key)))
            when = execute((b"PEXPIRETIME", key))
            held = _entries if loaded and kind == "stream" else _contents
            out[db, key] = (kind, encoding, when, held(execute, key, kind, encoding))
    execute((b"SELECT", 0))
    return out


def _entries(execute: Any, key: bytes, kind: str, encoding: str) -> Any:
    groups = execute((b"XINFO", b"GROUPS", key))
    pending = [execute((b"XPENDING", key, group[b"name"])) for group in groups]
    return execute((b"XRANGE", key, b"-", b"+")), groups, pending


def dump_loaded(session: Any) -> dict[tuple[int, bytes], tuple[Any, ...]]:
    """Every key of every database, as it is when it was loaded from files."""
    return dump_keys(session, b"*", range(16), loaded=True)


def differences(a: dict[Any, Any], b: dict[Any, Any]) -> str:
    """For a failing test to say: which keys differ, and how, briefly."""
    keys = [key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key)]
    return "\n".join(f"{key}: {str(a.get(key))[:300]} | {str(b.get(key))[:300]}" for key in keys)


def run_all(session: Any, commands: Any) -> None:
    for command in commands:
        session.execute(command)


def settle(session: Any) -> None:
    """Have deleted values freed to the last: an allocation that fails then is the command's own."""
    for _ in range(100):
        session.execute((b"PING",))


def forget_all(session: Any) -> None:
    """What FLUSHALL leaves: scripts, libraries, users, and the settings that scenes change."""
    session.execute((b"SCRIPT", b"FLUSH"))
    session.execute((b"FUNCTION", b"FLUSH"))
    session.execute((b"ACL", b"DELUSER", b"ann"))
    default = (b"reset", b"on", b"nopass", b"~*", b"&*", b"+@all")
    session.execute((b"ACL", b"SETUSER", b"default", *default))
    session.execute((b"ACL", b"LOG", b"RESET"))
    settings = (b"requirepass", b"", b"timeout", 0, b"maxmemory-policy", b"noeviction")
    events = (b"notify-keyspace-events", b"", b"hash-max-listpack-entries", 512)
    session.execute((b"CONFIG", b"SET", *settings, *events))


def set_scene(session: Any) -> None:
    forget_all(session)
    session.execute((b"FLUSHALL",))
    session.execute((b"SELECT", 0))
    for command in BASE:
        try:
            session.execute(command)
        except ResponseError as error:
            if "unknown command" not in str(error):
                raise
    try:
        run_all(session, BASE_FIELD_EXPIRY)
    except ResponseError as error:
        if "unknown" not in str(error):
            raise
    try:
        session.execute((b"FUNCTION", b"LOAD", BASE_LIBRARY))
        for script in BASE_SCRIPTS:
            session.execute((b"SCRIPT", b"LOAD", script))
    except ResponseError as error:
        if "lupa" not in str(error):
            raise
    settle(session)
