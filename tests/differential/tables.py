"""Run a table of cases on a pair: single commands in a keyspace made for them, or sequences."""

from __future__ import annotations

from collections.abc import Collection

from differential.pair import DATABASES, Command, Mismatch, Pair
from differential.script import commands
from oracle import Reply
from subjects import Client

SHOWN = 12
# After these a connection is not what it was.
LEAVES_A_MARK = {
    *(b"multi", b"exec", b"discard", b"watch", b"select"),
    *(b"hello", b"reset", b"quit", b"client", b""),
}
MANY_DATABASES = {b"move", b"copy", b"swapdb", b"flushall", b"flushdb"}


def readers_of(client: Client) -> frozenset[bytes]:
    """The commands that change nothing, as the oracle declares them."""
    return frozenset(
        c.value[0].value
        for c in client.execute("COMMAND").value
        if Reply("status", b"readonly") in c.value[2].value
    )


def run_setup(pair: Pair, setup: list[Command]) -> None:
    for client in (pair.connections[0].ours, pair.connections[0].theirs):
        for command, reply in zip(
            setup, client.batch([("FLUSHALL",), *(c.args for c in setup)])[1:], strict=True
        ):
            assert reply.kind != "error", f"setup: {command!r}: {reply!r}"


def run_singles(pair: Pair, readers: Collection[bytes], setup_text: str, lines: str) -> list[str]:
    """Every line in the keyspace that the setup makes; a reader leaves it for the next line."""
    setup = commands(setup_text)
    mismatches = []
    fresh = False
    pair.run(Command((b"PING",)))
    for command in commands(lines):
        name = command.args[0].lower() if command.args else b""
        try:
            if not fresh:
                run_setup(pair, setup)
                pair.encoding_is_free.clear()
            fresh = False
            reply = pair.run(command)
            if name not in readers:
                databases = range(DATABASES) if name in MANY_DATABASES else (0,)
                pair.compare_keyspaces(databases, only=command.args)
            fresh = name in readers or reply.kind == "error"
        except Mismatch as mismatch:
            text = str(mismatch)
            mismatches.append(text if text.startswith(repr(command)) else f"{command!r}\n  {text}")
        if name in LEAVES_A_MARK:
            pair.reset()
            pair.run(Command((b"PING",)))
            fresh = False
    if fresh:
        pair.compare_keyspaces()
    return mismatches


def run_sequence(pair: Pair, text: str) -> list[str]:
    """The lines one after another in one keyspace."""
    mismatches = []
    for command in commands(text):
        try:
            pair.run(command)
        except Mismatch as mismatch:
            mismatches.append(str(mismatch))
    try:
        pair.compare_keyspaces(range(DATABASES))
    except Mismatch as mismatch:
        mismatches.append(f"at the end: {mismatch}")
    return mismatches


def report(mismatches: list[str]) -> str:
    more = f"\n... and {len(mismatches) - SHOWN} more" if len(mismatches) > SHOWN else ""
    return "\n".join(mismatches[:SHOWN]) + more
