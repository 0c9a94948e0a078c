"""Subject and oracle side by side: run a command on both, compare replies and keyspaces."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from differential.compare import agree, pairs_of, stream_facts, without_lag
from oracle import OK, QUEUED, RedisServer, Reply
from subjects import Client, Subject

SCRATCH = b"\x00oracle scratch\x00"
DATABASES = 16
ORDERED_ENCODINGS = (b"listpack", b"intset", b"ziplist")


class Command(NamedTuple):
    """A command as connection `by` sends it."""

    args: tuple[bytes, ...]
    by: int = 0

    def __repr__(self) -> str:
        words = " ".join(quote_all(self.args))
        return f"{self.by}> {words}" if self.by else words


def quote(arg: bytes) -> str:
    """The argument as redis-cli and the case tables would write it."""
    if len(arg) > 80 and len(set(arg)) == 1:
        return f"@{quote(arg[:1])}*{len(arg)}"
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+()[]*?^$,=%<>~/;!"
    if arg and all(c in plain for c in arg):
        return arg.decode()
    text = "".join(
        {0x22: '\\"', 0x5C: "\\\\"}.get(c, chr(c)) if 32 <= c < 127 else f"\\x{c:02x}" for c in arg
    )
    return f'"{text}"'


NUMBERED = re.compile(rb"([a-z]*?)(0|-?[1-9][0-9]*)$")


def quote_all(args: Sequence[bytes]) -> Iterator[str]:
    """The arguments, runs of four and more neighbours (f1 f2 f3 f4) written as @f1..4."""
    at = 0
    while at < len(args):
        end = at + 1
        match = NUMBERED.match(args[at])
        if match:
            prefix, first = match[1], int(match[2])
            while end < len(args) and args[end] == b"%b%d" % (prefix, first + end - at):
                end += 1
        if match and end - at > 3:
            yield f"@{prefix.decode()}{first}..{first + end - at - 1}"
            at = end
        else:
            yield quote(args[at])
            at += 1


class Mismatch(AssertionError):
    """The two sides disagree."""

    def __init__(self, what: str, ours: Any, theirs: Any, why: str = "") -> None:
        self.what = what
        super().__init__(
            f"{what}{': ' + why if why else ''}\n   ours:   {ours!r}\n   theirs: {theirs!r}"
        )


class Connection:
    """One connection to each side, and the MULTI block it may be in."""

    def __init__(self, pair: Pair) -> None:
        self.ours = pair.subject.client(pair.protocol)
        self.theirs = pair.oracle.client(pair.protocol)
        self.queued: list[tuple[bytes, ...]] | None = None

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


class Pair:
    """The two sides over one protocol. `run` raises Mismatch when they part."""

    def __init__(
        self, subject: Subject, oracle: RedisServer, protocol: int, field_times: bool = False
    ) -> None:
        self.subject, self.oracle, self.protocol = subject, oracle, protocol
        self.field_times = field_times
        self.connections: dict[int, Connection] = {}
        self.viewer = Connection(self)
        # Keys whose encoding depends on chance: SPOP with a count may build the set anew.
        self.encoding_is_free: set[bytes] = set()

    def close(self) -> None:
        self.reset_connections()
        self.viewer.close()

    def reset_connections(self) -> None:
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()

    def reset(self) -> None:
        """Empty keyspaces and fresh connections."""
        self.reset_connections()
        self.encoding_is_free.clear()
        for client in (self.viewer.ours, self.viewer.theirs):
            for flush in (("FLUSHALL",), ("FUNCTION", "FLUSH")):
                reply = client.execute(*flush)
                assert reply == OK, reply

    def in_multi(self, by: int) -> bool:
        return by in self.connections and self.connections[by].queued is not None

    def run(self, command: Command) -> Reply:
        """Send to both sides, compare, and hand back our reply."""
        connection = self.connections.get(command.by)
        if connection is None:
            connection = self.connections[command.by] = Connection(self)
        name = command.args[0].lower() if command.args else b""
        if connection.queued is not None:
            return self._run_in_multi(connection, name, command)
        handler = MIRRORED.get(name)
        if handler is not None:
            return handler(self, connection, command)
        ours = connection.ours.execute(*command.args)
        theirs = connection.theirs.execute(*command.args)
        self._compare(command, command.args, ours, theirs)
        if name == b"multi" and theirs == OK:
            connection.queued = []
        return ours

    def _run_in_multi(self, connection: Connection, name: bytes, command: Command) -> Reply:
        ours = connection.ours.execute(*command.args)
        theirs = connection.theirs.execute(*command.args)
        queued = connection.queued
        assert queued is not None
        if name == b"exec" and ours.kind == theirs.kind == "array":
            connection.queued = None
            if len(ours.value) != len(theirs.value):
                raise Mismatch(repr(command), ours, theirs, "replies of EXEC differ in number")
            for args, a, b in zip(queued, ours.value, theirs.value, strict=True):
                self._compare(command, args, a, b)
            return ours
        if ours != theirs:
            raise Mismatch(repr(command), ours, theirs)
        if theirs == QUEUED:
            queued.append(command.args)
        elif theirs.kind != "error" or name == b"exec":
            connection.queued = None
        return ours

    @staticmethod
    def _compare(command: Command, args: Sequence[bytes], ours: Reply, theirs: Reply) -> None:
        if not agree(args, ours, theirs):
            inside = "" if args == command.args else f"in {Command(tuple(args))!r}"
            raise Mismatch(repr(command), ours, theirs, inside)

    # The keyspace, read through the commands themselves.

    def compare_keyspaces(
        self, databases: Sequence[int] = (0,), only: Sequence[bytes] | None = None
    ) -> None:
        """Both sides hold the same keys, with the same values (or those of the keys in `only`)."""
        for db in databases:
            ours, theirs = (
                dump(client, db, only) for client in (self.viewer.ours, self.viewer.theirs)
            )
            if ours.keys() != theirs.keys():
                only = sorted(ours.keys() - theirs.keys()), sorted(theirs.keys() - ours.keys())
                raise Mismatch(f"keys of database {db}", *only, "only here")
            for key in sorted(ours):
                self._compare_entry(db, key, ours[key], theirs[key])

    def _compare_entry(self, db: int, key: bytes, ours: Entry, theirs: Entry) -> None:
        where = f"key {quote(key)} of database {db}"
        for part in ("type", "value"):
            a, b = getattr(ours, part), getattr(theirs, part)
            if self.field_times and ours.type == theirs.type == b"stream" and part == "value":
                a, b = without_lag(a), without_lag(b)
            if a != b:
                raise Mismatch(where, a, b, part)
        # A redis-server 8 changes encodings at other moments than 7.0, even for a field not kept.
        encoding_counts = not self.field_times and key not in self.encoding_is_free
        if encoding_counts and ours.encoding != theirs.encoding:
            raise Mismatch(where, ours.encoding, theirs.encoding, "encoding")
        if ours.encoding == theirs.encoding and ours.in_order != theirs.in_order:
            raise Mismatch(where, ours.in_order, theirs.in_order, "order")
        if self.field_times and ours.type == b"hash":
            self._compare_field_times(db, key, [name.value for name, _ in ours.value])
        if not agree([b"pttl"], ours.pttl, theirs.pttl):
            raise Mismatch(where, ours.pttl, theirs.pttl, "PTTL")

    def _compare_field_times(self, db: int, key: bytes, names: list[bytes]) -> None:
        """A separate reading, for oracles that know the times of single fields."""
        args = [b"HPTTL", key, b"FIELDS", b"%d" % len(names), *sorted(names)]
        ours, theirs = (
            client.batch([("SELECT", db), args])[1]
            for client in (self.viewer.ours, self.viewer.theirs)
        )
        if not agree(args, ours, theirs):
            raise Mismatch(f"key {quote(key)} of database {db}", ours, theirs, "times of fields")

    # Commands whose outcome is chance, or that a real server does with a side effect.

    def _both(self, connection: Connection, command: Command) -> tuple[Reply, Reply]:
        ours = connection.ours.execute(*command.args)
        theirs = connection.theirs.execute(*command.args)
        return ours, theirs

    def _run_random_members(self, connection: Connection, command: Command) -> Reply:
        """SRANDMEMBER, HRANDFIELD, ZRANDMEMBER: as many, distinct or not, out of what is there."""
        ours, theirs = self._both(connection, command)
        if ours == theirs:
            return ours
        if ours.kind != theirs.kind or ours.kind not in ("bulk", "array"):
            raise Mismatch(repr(command), ours, theirs)
        members = read_members(connection.theirs, command.args[0].lower(), command.args[1])
        if ours.kind == "bulk":
            if ours not in members:
                raise Mismatch(repr(command), ours, theirs, "not a member")
            return ours
        if len(ours.value) != len(theirs.value):
            raise Mismatch(repr(command), ours, theirs, "length")
        chosen = list(ours.value)
        if len(command.args) > 3:
            chosen = []
            for name, value in pairs_of(ours):
                if members.get(name) != value:
                    raise Mismatch(repr(command), (name, value), members.get(name), "pair")
                chosen.append(name)
        if any(c not in members for c in chosen):
            raise Mismatch(repr(command), ours, theirs, "not a member")
        if not command.args[2].startswith(b"-") and len(set(chosen)) != len(chosen):
            raise Mismatch(repr(command), ours, theirs, "repeats")
        return ours

    def _run_spop(self, connection: Connection, command: Command) -> Reply:
        """Ours pops; theirs removes the same members, once it popped as many from a copy."""
        args = command.args
        is_set = len(args) in (2, 3) and connection.theirs.execute("TYPE", args[1]).value == b"set"
        if not is_set:
            ours, theirs = self._both(connection, command)
            self._compare(command, args, ours, theirs)
            return ours
        connection.theirs.execute("COPY", args[1], SCRATCH, "REPLACE")
        theirs = connection.theirs.execute(args[0], SCRATCH, *args[2:])
        connection.theirs.execute("DEL", SCRATCH)
        members = read_members(connection.theirs, b"smembers", args[1])
        ours = connection.ours.execute(*args)
        if ours.kind != theirs.kind:
            raise Mismatch(repr(command), ours, theirs)
        if ours.kind not in ("bulk", *COLLECTIONS):
            self._compare(command, args, ours, theirs)
            return ours
        popped = [ours] if ours.kind == "bulk" else list(ours.value)
        if ours.kind != "bulk" and len(popped) != len(theirs.value):
            raise Mismatch(repr(command), ours, theirs, "length")
        if len(set(popped)) != len(popped) or any(p not in members for p in popped):
            raise Mismatch(repr(command), ours, sorted(members), "not distinct members")
        if popped:
            connection.theirs.execute("SREM", args[1], *(p.value for p in popped))
        if len(args) > 2:
            self.encoding_is_free.add(args[1])
        return ours

    def _run_randomkey(self, connection: Connection, command: Command) -> Reply:
        ours, theirs = self._both(connection, command)
        if ours != theirs:
            keys = connection.theirs.execute("KEYS", "*")
            if ours.kind != "bulk" or ours not in keys.value:
                raise Mismatch(repr(command), ours, theirs)
        return ours

    def _run_sort(self, connection: Connection, command: Command) -> Reply:
        """A real server sorts a copy of a sorted set, for it makes what it sorts a skiplist."""
        args = command.args
        theirs = sort_a_copy(connection.theirs, args)
        if isinstance(self.subject, RedisServer):
            ours = sort_a_copy(connection.ours, args)
        else:
            ours = connection.ours.execute(*args)
        self._compare(command, args, ours, theirs)
        return ours

    def _run_scan(self, connection: Connection, command: Command) -> Reply:
        """A whole iteration from this first call finds the same elements on both sides."""
        ours, theirs = self._both(connection, command)
        if ours.kind != "array" or theirs.kind != "array":
            self._compare(command, command.args, ours, theirs)
            return ours
        if [x.kind for x in ours.value] != [x.kind for x in theirs.value]:
            raise Mismatch(repr(command), ours, theirs, "shape")
        at = 1 if command.args[0].lower() == b"scan" else 2
        if command.args[at] != b"0":
            return ours
        found = [
            scan_to_the_end(client, command.args, at, first)
            for client, first in ((connection.ours, ours), (connection.theirs, theirs))
        ]
        if command.args[0].lower() in (b"hscan", b"zscan"):
            a, b = (set(zip(f[::2], f[1::2], strict=True)) for f in found)
        else:
            a, b = (set(f) for f in found)
        if a != b:
            raise Mismatch(repr(command), sorted(a - b), sorted(b - a), "elements only here")
        return ours


MIRRORED: dict[bytes, Callable[[Pair, Connection, Command], Reply]] = {
    b"spop": Pair._run_spop,
    b"srandmember": Pair._run_random_members,
    b"hrandfield": Pair._run_random_members,
    b"zrandmember": Pair._run_random_members,
    b"randomkey": Pair._run_randomkey,
    b"sort": Pair._run_sort,
    b"sort_ro": Pair._run_sort,
    b"scan": Pair._run_scan,
    b"sscan": Pair._run_scan,
    b"hscan": Pair._run_scan,
    b"zscan": Pair._run_scan,
}

COLLECTIONS = ("array", "set")


def sort_a_copy(client: Client, args: Sequence[bytes]) -> Reply:
    if len(args) < 2 or client.execute("TYPE", args[1]).value != b"zset":
        return client.execute(*args)
    client.execute("COPY", args[1], SCRATCH, "REPLACE")
    reply = client.execute(args[0], SCRATCH, *args[2:])
    client.execute("DEL", SCRATCH)
    return reply


def scan_to_the_end(client: Client, args: Sequence[bytes], at: int, first: Reply) -> list[Reply]:
    found = list(first.value[1].value)
    cursor = first.value[0].value
    for _ in range(100_000):
        if cursor == b"0":
            return found
        reply = client.execute(*args[:at], cursor, *args[at + 1 :])
        if reply.kind != "array":
            raise Mismatch(f"{quote(args[0])} with cursor {quote(cursor)}", reply, "an array")
        cursor = reply.value[0].value
        found += reply.value[1].value
    raise Mismatch(f"{quote(args[0])} {quote(args[1])}", "no end after 100,000 calls", "an end")


def read_members(client: Client, name: bytes, key: bytes) -> dict[Reply, Reply]:
    """The elements that a random choice can name, with their values."""
    if name in (b"srandmember", b"smembers"):
        return {m: Reply("null") for m in client.execute("SMEMBERS", key).value}
    if name == b"hrandfield":
        return dict(pairs_of(client.execute("HGETALL", key)))
    return dict(pairs_of(client.execute("ZRANGE", key, "0", "-1", "WITHSCORES")))


class Entry(NamedTuple):
    type: bytes
    encoding: Reply
    pttl: Reply
    value: Any
    in_order: Any


READERS: dict[bytes, tuple[str, ...]] = {
    b"string": ("GET",),
    b"list": ("LRANGE", "0", "-1"),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", "0", "-1", "WITHSCORES"),
    b"hash": ("HGETALL",),
    b"stream": ("XINFO", "STREAM", "FULL", "COUNT", "0"),
}


def reader_of(type_: bytes, key: bytes) -> tuple[bytes | str, ...]:
    if type_ not in READERS:
        return ("EXISTS", key)
    at = 2 if type_ == b"stream" else 1
    return (*READERS[type_][:at], key, *READERS[type_][at:])


UNREAD = Entry(b"", Reply("null"), Reply("null"), None, None)


def dump(client: Client, db: int = 0, only: Sequence[bytes] | None = None) -> dict[bytes, Entry]:
    """What a database holds: every key, with type, encoding, TTL and value (of those in `only`)."""
    selected, listed = client.batch([("SELECT", db), ("KEYS", "*")])
    assert selected == OK and listed.kind == "array", (selected, listed)
    keys = [k.value for k in listed.value]
    if len(set(keys)) != len(keys):
        raise Mismatch("KEYS *", sorted(keys), "each key once")
    unread = {} if only is None else {k: UNREAD for k in keys if k not in only}
    keys = [k for k in keys if k not in unread]
    heads = client.batch(
        [c for k in keys for c in (("TYPE", k), ("OBJECT", "ENCODING", k), ("PTTL", k))]
    )
    types = [t.value for t in heads[::3]]
    values = client.batch([reader_of(t, k) for k, t in zip(keys, types, strict=True)])
    entries = dict(unread)
    for i, (key, type_, value) in enumerate(zip(keys, types, values, strict=True)):
        encoding, pttl = heads[3 * i + 1], heads[3 * i + 2]
        content: Any = value
        in_order = value.value if encoding.value in ORDERED_ENCODINGS else None
        if type_ == b"set" and value.kind in COLLECTIONS:
            content = Counter(value.value)
        elif type_ == b"hash" and value.kind in ("array", "map"):
            content = Counter(pairs_of(value))
        elif type_ == b"stream":
            content = stream_facts(value, later=False)
        entries[key] = Entry(type_, encoding, pttl, content, in_order)
    return entries
