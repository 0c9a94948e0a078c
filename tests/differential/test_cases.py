"""The hand-written tables of edge cases, each command on both sides, in RESP2 and RESP3."""

from __future__ import annotations

import pytest
from differential.cases import SEQUENCES, SINGLES
from differential.pair import DATABASES, Command, Mismatch, Pair, quote
from differential.script import commands
from oracle import RedisServer, Reply

SHOWN = 12
# After these a connection is not what it was.
LEAVES_A_MARK = {
    b"multi",
    b"exec",
    b"discard",
    b"watch",
    b"select",
    b"hello",
    b"reset",
    b"client",
    b"",
}
MANY_DATABASES = {b"move", b"copy", b"swapdb", b"flushall", b"flushdb"}


@pytest.fixture(scope="module")
def readers(oracle: RedisServer) -> frozenset[bytes]:
    """The commands that change nothing, as the oracle declares them."""
    client = oracle.client()
    info = client.execute("COMMAND").value
    client.close()
    return frozenset(
        c.value[0].value for c in info if Reply("status", b"readonly") in c.value[2].value
    )


def report(mismatches: list[str]) -> None:
    if mismatches:
        more = f"\n... and {len(mismatches) - SHOWN} more" if len(mismatches) > SHOWN else ""
        pytest.fail("\n".join(mismatches[:SHOWN]) + more, pytrace=False)


def run_setup(pair: Pair, setup: list[Command]) -> None:
    for client in (pair.connections[0].ours, pair.connections[0].theirs):
        for command, reply in zip(
            setup, client.batch([("FLUSHALL",), *(c.args for c in setup)])[1:], strict=True
        ):
            assert reply.kind != "error", f"setup: {command!r}: {reply!r}"


@pytest.mark.parametrize("name", SINGLES)
def test_single_commands_agree(pair: Pair, readers: frozenset[bytes], name: str) -> None:
    """Every line in the keyspace that the setup makes; a reader leaves it for the next line."""
    setup_text, lines = SINGLES[name]
    setup = commands(setup_text)
    mismatches = []
    fresh = False
    pair.run(Command((b"PING",)))
    for command in commands(lines):
        command_name = command.args[0].lower() if command.args else b""
        try:
            if not fresh:
                run_setup(pair, setup)
                pair.encoding_is_free.clear()
            fresh = False
            reply = pair.run(command)
            if command_name not in readers:
                databases = range(DATABASES) if command_name in MANY_DATABASES else (0,)
                pair.compare_keyspaces(databases, only=command.args)
            fresh = command_name in readers or reply.kind == "error"
        except Mismatch as mismatch:
            text = str(mismatch)
            mismatches.append(text if text.startswith(repr(command)) else f"{command!r}\n  {text}")
        if command_name in LEAVES_A_MARK:
            pair.reset()
            pair.run(Command((b"PING",)))
            fresh = False
    if fresh:
        pair.compare_keyspaces()
    report(mismatches)


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences_agree(pair: Pair, name: str) -> None:
    """The lines one after another in one keyspace."""
    mismatches = []
    for command in commands(SEQUENCES[name]):
        try:
            pair.run(command)
        except Mismatch as mismatch:
            mismatches.append(str(mismatch))
    try:
        pair.compare_keyspaces(range(DATABASES))
    except Mismatch as mismatch:
        mismatches.append(f"at the end: {mismatch}")
    report(mismatches)


@pytest.mark.quick
def test_script_expands_choices_and_words() -> None:
    got = [repr(c) for c in commands('SET k {v|"a b"} {NX|}\n# no\n2> DEL @k1..3\nPING @x*100')]
    assert got == [
        "SET k v NX",
        "SET k v",
        'SET k "a b" NX',
        'SET k "a b"',
        "2> DEL k1 k2 k3",
        "PING @x*100",
    ]
    assert commands('ZADD z @1..2=m "\\x00\\xff"')[0].args == (
        *(b"ZADD", b"z", b"1", b"m1", b"2", b"m2"),
        b"\x00\xff",
    )


@pytest.mark.quick
def test_a_planted_difference_is_seen(pair: Pair) -> None:
    pair.run(Command((b"SET", b"k", b"v")))
    pair.viewer.ours.execute("SET", "k", "w")
    with pytest.raises(Mismatch, match="GET k"):
        pair.run(Command((b"GET", b"k")))
    with pytest.raises(Mismatch, match="value"):
        pair.compare_keyspaces()
    pair.viewer.ours.execute("SET", "k", "v", "EX", "100")
    with pytest.raises(Mismatch, match="PTTL"):
        pair.compare_keyspaces()
    assert quote(b"k") == "k" and pair.viewer.ours.execute("GET", "k") == Reply("bulk", b"v")
