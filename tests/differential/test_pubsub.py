"""What subscribers are sent, byte for byte, and the events of keys after every command there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from differential.cases import SEQUENCES, SINGLES, field_times
from differential.pair import quote_all
from differential.script import commands
from differential.tables import LEAVES_A_MARK, readers_of, report
from oracle import RedisServer, Reply, parse, render
from subjects import EmberSubject, subject_name

pytestmark = pytest.mark.skipif(
    subject_name() != "ember", reason="reads the inbox of a session in process"
)


def parse_all(data: bytes) -> list[Reply]:
    values, at = [], 0
    while at < len(data):
        value, at = parse(data, at)
        values.append(value)
    return values


class Ours:
    """A session that listens, read through the bytes that a connection would get."""

    def __init__(self, subject: EmberSubject, protocol: int) -> None:
        self.protocol = protocol
        self.session = subject._core.Listener(subject._store)

    def run(self, args: tuple[bytes, ...]) -> list[Reply]:
        return parse_all(self.session.resp(args, self.protocol))

    def take(self) -> list[Reply]:
        return parse_all(self.session.take_resp(self.protocol))

    def close(self) -> None:
        self.session.close()


class Theirs:
    """A connection; a PING with a word of its own shows where what was sent so far ends."""

    END = b"the end of it"

    def __init__(self, oracle: RedisServer, protocol: int) -> None:
        self.client = oracle.client(protocol)

    def run(self, args: tuple[bytes, ...]) -> list[Reply]:
        self.client.send(render(args))
        return self.take()

    def take(self) -> list[Reply]:
        self.client.send(render(("PING", self.END)))
        values = []
        while True:
            value = self.client.read()
            if value == Reply("bulk", self.END):
                return values
            if value.kind == "array" and value.value[-1:] == (Reply("bulk", self.END),):
                return values
            values.append(value)

    def close(self) -> None:
        self.client.close()


def in_order(replies: list[Reply]) -> list[Reply]:
    """Who leaves everything leaves it in any order; the counts go down one by one."""
    names = sorted((r.value[1] for r in replies), key=repr)
    return [
        Reply(r.kind, (r.value[0], name, r.value[2]))
        for r, name in zip(replies, names, strict=True)
    ]


class Both:
    """Connections to both sides by number; `run` compares everything that anybody is sent."""

    def __init__(self, subject: EmberSubject, oracle: RedisServer, protocol: int) -> None:
        self.make = lambda: (Ours(subject, protocol), Theirs(oracle, protocol))
        self.by: dict[int, tuple[Ours, Theirs]] = {}
        self.mismatches: list[str] = []

    def run(self, by: int, args: tuple[bytes, ...]) -> None:
        what = f"{by}> {' '.join(quote_all(args))}"
        if by not in self.by:
            self.by[by] = self.make()
        ours, theirs = self.by[by]
        order = in_order if len(args) == 1 and args[0].endswith(b"UNSUBSCRIBE") else list
        self.compare(what, order(ours.run(args)), order(theirs.run(args)))
        for number, (a, b) in self.by.items():
            self.compare(f"{what}: sent to {number}", a.take(), b.take())

    def compare(self, what: str, ours: list[Reply], theirs: list[Reply]) -> None:
        if ours != theirs:
            self.mismatches.append(f"{what}\n   ours:   {ours!r}\n   theirs: {theirs!r}")

    def close(self) -> None:
        for ours, theirs in self.by.values():
            ours.close()
            theirs.close()


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def both(request: pytest.FixtureRequest, oracle: RedisServer) -> Iterator[Both]:
    subject = EmberSubject()
    sides = Both(subject, oracle, request.param)
    yield sides
    sides.close()
    subject.stop()


DELIVERED = {
    "a channel with several subscribers": """
        1> SUBSCRIBE a b a
        2> SUBSCRIBE a
        0> PUBLISH a one
        0> PUBLISH b two
        0> PUBLISH c nobody
        0> PUBLISH a ""
        0> PUBLISH a @x*20000
        1> UNSUBSCRIBE a z
        0> PUBLISH a three
        1> UNSUBSCRIBE
        2> UNSUBSCRIBE
        0> PUBLISH a four
    """,
    "binary and empty names": """
        1> SUBSCRIBE "" "\\x00\\xff"
        0> PUBLISH "" "\\r\\n"
        0> PUBLISH "\\x00\\xff" "\\x00"
        1> UNSUBSCRIBE "\\x00\\xff"
        0> PUBSUB NUMSUB "" "\\x00\\xff"
        1> UNSUBSCRIBE
    """,
    "patterns": """
        1> PSUBSCRIBE a*
        2> SUBSCRIBE abc
        2> PSUBSCRIBE a?c
        3> PSUBSCRIBE [a-c]*
        0> PUBLISH abc one
        0> PUBLISH a two
        0> PUBLISH b three
        2> PUNSUBSCRIBE a?c
        0> PUBLISH abc four
        1> PUNSUBSCRIBE
        0> PUBLISH abc five
        0> PUBSUB NUMPAT
    """,
    "a pattern that several have": """
        1> PSUBSCRIBE x*
        2> PSUBSCRIBE x*
        0> PUBSUB NUMPAT
        0> PUBLISH xy one
        1> PUNSUBSCRIBE x*
        0> PUBLISH xy two
        0> PUBSUB NUMPAT
    """,
    "shard channels are another world": """
        1> SSUBSCRIBE a b
        2> SUBSCRIBE a
        3> PSUBSCRIBE *
        0> SPUBLISH a one
        0> PUBLISH a two
        1> SUNSUBSCRIBE a
        0> SPUBLISH a three
        0> SPUBLISH b four
        1> SUNSUBSCRIBE
    """,
    "everything is left at once": """
        1> SUBSCRIBE a b c
        1> UNSUBSCRIBE
        1> PSUBSCRIBE a* b*
        1> SUBSCRIBE q
        1> PUNSUBSCRIBE
        1> UNSUBSCRIBE
        1> UNSUBSCRIBE
        1> PUNSUBSCRIBE
        1> SUNSUBSCRIBE
    """,
    "RESET leaves": """
        1> SUBSCRIBE a
        1> PSUBSCRIBE *
        1> SSUBSCRIBE a
        0> PUBLISH a one
        0> PUBSUB CHANNELS
    """,
    "one's own messages": """
        1> PUBLISH a nobody
        1> PING
        2> SUBSCRIBE a
        1> PUBLISH a one
    """,
    "events of keys": """
        0> CONFIG SET notify-keyspace-events KEA
        1> PSUBSCRIBE __key*__:*
        2> SUBSCRIBE __keyevent@0__:del
        3> SUBSCRIBE __keyspace@2__:k
        0> SET k v
        0> SET "k\\x00:" v
        0> MSET a 1 b 2
        0> DEL k a nothing
        0> SELECT 2
        0> SET k v EX 100
        0> LPUSH k x
        0> FLUSHALL
        0> CONFIG SET notify-keyspace-events Kl
        0> SET k v
        0> LPUSH l x
        0> CONFIG SET notify-keyspace-events El
        0> LPUSH l x
        0> CONFIG SET notify-keyspace-events l
        0> LPUSH l x
        0> CONFIG SET notify-keyspace-events ""
        0> LPUSH l x
    """,
}
# Where messages and replies are told apart by their type.
DELIVERED_3 = {
    "one's own messages": """
        1> SUBSCRIBE a
        1> PSUBSCRIBE a
        1> PUBLISH a one
        1> GET k
        1> SPUBLISH a nobody
        1> SSUBSCRIBE a
        1> SPUBLISH a two
        1> UNSUBSCRIBE
        1> PUBLISH a three
    """,
}


@pytest.mark.parametrize("name", DELIVERED)
def test_what_is_delivered_agrees(both: Both, name: str) -> None:
    for command in commands(DELIVERED[name]):
        both.run(command.by, command.args)
    assert not both.mismatches, report(both.mismatches)


@pytest.mark.parametrize("both", [3], indirect=True, ids=["resp3"])
@pytest.mark.parametrize("name", DELIVERED_3)
def test_what_is_delivered_to_who_publishes_agrees(both: Both, name: str) -> None:
    for command in commands(DELIVERED_3[name]):
        both.run(command.by, command.args)
    assert not both.mismatches, report(both.mismatches)


@pytest.mark.parametrize(
    "lines", ["PSUBSCRIBE a\nSUBSCRIBE b", "PUBLISH a x", "SUBSCRIBE a\nPUBLISH a x\nPING"]
)
def test_a_transaction_of_a_subscriber_agrees(both: Both, lines: str) -> None:
    block = [(b"MULTI",), *(c.args for c in commands(lines)), (b"UNSUBSCRIBE",), (b"EXEC",)]
    ours, theirs = both.make()
    have = [value for args in block for value in parse_all(ours.session.resp(args, ours.protocol))]
    for args in block:
        theirs.client.send(render(args))
    want = theirs.take()
    ours.close()
    theirs.close()
    # The pushes inside EXEC's reply make it longer than it says, so values are compared flat.
    assert have == want


# --- keyspace events after every command ---

EVENTS = "__key*__:*"
# Whose members are drawn by lot, or which change what the test itself rests on.
NOT_TOLD = {b"spop", b"config", b"hello", b"reset", b"quit", b"debug", b"shutdown", b"client"}
NOT_TOLD_OF_MISSES = {
    b"sort": "elements are looked up in another order",
    b"sort_ro": "elements are looked up in another order",
    b"lcs": "a missing key beside one of another type is not looked up",
    b"xautoclaim": "arguments are read before the key is looked for",
    b"pfmerge": "the destination is looked up once more, to be written",
    b"xread": "the server looks for a stream twice",
    b"scan": "expired keys are left for another command",
}


class Side:
    """The clients of one side by number, and one that listens to events of keys."""

    def __init__(self, side: Any, listener: Any, classes: str) -> None:
        self.side, self.listener = side, listener
        self.admin = side.client()
        self.by: dict[int, Any] = {}
        self.admin.execute("CONFIG", "SET", "notify-keyspace-events", classes)
        listener.run((b"PSUBSCRIBE", EVENTS.encode()))

    def prepare(self, setup: str) -> None:
        self.admin.batch([("FLUSHALL",), *(c.args for c in commands(setup))])
        self.listener.take()

    def leave(self) -> None:
        for client in self.by.values():
            client.close()
        self.by.clear()

    def events_of(self, command: Any) -> list[tuple[bytes, bytes]]:
        if command.by not in self.by:
            self.by[command.by] = self.side.client()
        self.by[command.by].execute(*command.args)
        told = [tuple(x.value for x in event.value[2:]) for event in self.listener.take()]
        # When a key that has expired is noticed, each side has its own rule.
        return [t for t in told if not (t[0].endswith(b":expired") or t[1] == b"expired")]

    def close(self) -> None:
        self.leave()
        self.listener.close()
        self.admin.close()


def compare_events(subject: Any, oracle: RedisServer, classes: str, cases: Any, skip: Any) -> None:
    sides = Side(subject, Ours(subject, 2), classes), Side(oracle, Theirs(oracle, 2), classes)
    readers = readers_of(sides[1].admin)
    mismatches = []
    for name, setup, lines in cases:
        prepared = False
        for side in sides:
            side.leave()
        for command in commands(lines):
            word = command.args[0].lower() if command.args else b""
            if not word or word in skip or (word in readers and "m" not in classes):
                continue
            for side in sides:
                if not prepared:
                    side.prepare(setup or "")
            ours, theirs = (side.events_of(command) for side in sides)
            if ours != theirs:
                mismatches.append(f"{name}: {command!r}\n   ours:   {ours}\n   theirs: {theirs}")
            prepared = setup is None or word in readers
            if setup is not None and word in LEAVES_A_MARK:
                for side in sides:
                    side.leave()
    for side in sides:
        side.close()
    assert not mismatches, f"{len(mismatches)} commands\n{report(mismatches)}"


@pytest.fixture
def quiet_oracle(oracle: RedisServer) -> Iterator[RedisServer]:
    client = oracle.client()
    client.execute("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    yield oracle
    client.execute("DEBUG", "SET-ACTIVE-EXPIRE", "1")
    client.execute("CONFIG", "SET", "notify-keyspace-events", "")
    client.close()


@pytest.fixture
def fresh() -> Iterator[EmberSubject]:
    subject = EmberSubject()
    yield subject
    subject.stop()


def groups() -> list[str]:
    return sorted({name.split(":")[0] for name in [*SINGLES, *SEQUENCES]} - {"pubsub", "server"})


def cases_of(group: str) -> list[tuple[str, str | None, str]]:
    """But for those that need DEBUG to sleep until a key expires: DEBUG is left out here."""
    of_group = f"{group}: "
    return [
        *((n, setup, lines) for n, (setup, lines) in SINGLES.items() if n.startswith(of_group)),
        *(
            (n, None, lines)
            for n, lines in SEQUENCES.items()
            if n.startswith(of_group) and "DEBUG SLEEP" not in lines
        ),
    ]


@pytest.mark.parametrize("group", groups())
def test_events_agree(fresh: EmberSubject, quiet_oracle: RedisServer, group: str) -> None:
    compare_events(fresh, quiet_oracle, "KEAn", cases_of(group), NOT_TOLD)


@pytest.mark.parametrize("group", groups())
def test_misses_agree(fresh: EmberSubject, quiet_oracle: RedisServer, group: str) -> None:
    compare_events(fresh, quiet_oracle, "Em", cases_of(group), NOT_TOLD | set(NOT_TOLD_OF_MISSES))


LATER_EVENTS = """
    SET a 1
    SET a 2
    LPUSH l 1
    SET l 1
    RENAME a l
    SADD s x
    SET a 1
    RENAME s a
    COPY a l REPLACE
    SADD s x
    {SUNIONSTORE|SINTERSTORE} a s
    ZADD z 1 m
    ZUNIONSTORE a 1 z
    ZRANGESTORE a z 0 -1
    SORT s ALPHA STORE a
    GETSET b 1
    GETSET b 2
    SETEX b 10 1
    MSET b 1 c 1
    INCR c
    APPEND c x
    INCRBYFLOAT n 1
    INCRBYFLOAT n 1
    HSETEX h EXAT 1 FIELDS 1 f v
    HSET h g v
    HSETEX h EXAT 1 FIELDS 1 f v
    HSETEX h EX 100 FIELDS 2 f v g w
    HSETEX h KEEPTTL FIELDS 1 f v
    HGETEX h PERSIST FIELDS 1 f
    HGETEX h EXAT 1 FIELDS 1 f
    HGETDEL h FIELDS 1 g
"""


def test_events_of_later_versions_agree(fresh: EmberSubject, later_oracle: RedisServer) -> None:
    times = [
        *((n, setup, lines) for n, (setup, lines) in field_times.SINGLES.items()),
        *((n, None, lines) for n, lines in field_times.SEQUENCES.items()),
    ]
    client = later_oracle.client()
    client.execute("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    compare_events(fresh, later_oracle, "KEAnoc", [*times, ("later", None, LATER_EVENTS)], NOT_TOLD)
    client.execute("DEBUG", "SET-ACTIVE-EXPIRE", "1")
    client.execute("CONFIG", "SET", "notify-keyspace-events", "")
    client.close()
