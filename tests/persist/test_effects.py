"""What commands leave in the append-only file, against the file of a real server, and run again.

A case is a sequence of commands. After each the new part of both files is compared, command by
command; emberkv says more about streams, where the servers forget how far a group has read. What
was written is then run in an empty store, which has to come out the same.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RawClient, RedisServer, parse
from persist.effects import CASES, LATER_CASES, OURS_ALONE, commands

from emberkv._core import _ember

Command = list[bytes]
INCREMENT = "appendonly.aof.1.incr.aof"


def read(file: Path, at: int) -> tuple[list[Command], int]:
    """The commands of a file from a place on."""
    data = file.read_bytes() if file.exists() else b""
    found = []
    while at < len(data):
        if data[at : at + 1] == b"#":
            at = data.index(b"\n", at) + 1
            continue
        reply, at = parse(data, at)
        found.append([item.value for item in reply.value])
    return found, at


def times_aside(command: Command, now_ms: int) -> Command:
    """Times and ids near the present become how far they are from it, in steps of a minute."""

    def one(word: bytes) -> bytes:
        match = re.fullmatch(rb"(\d{13})(-\d+)?", word)
        if not match or abs(int(match[1]) - now_ms) > 40 * 86_400_000:
            return word
        away = round((int(match[1]) - now_ms) / 60_000)
        return b"now%+dmin" % away

    return [command[0].upper(), *map(one, command[1:])]


def comparable(commands: list[Command], now_ms: int) -> list[Command]:
    """Without SELECT and what goes around several; SREM of what chance chose has no member."""
    out = []
    for command in commands:
        name = command[0].upper()
        if name in (b"SELECT", b"MULTI", b"EXEC"):
            continue
        command = times_aside(command, now_ms)
        if name == b"SREM" and len(command) == 3:
            command = command[:2]
        if name == b"ZADD" and len(command) == 4 and command[1] == b"geo":
            command = [b"GEOADD"]
        if name == b"GEOADD":
            command = [b"GEOADD"]
        out.append(command)
    return out


class Ours:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = _ember.Store(path, durable=True, appendfsync="no")
        self.session = _ember.Session(self.store)
        self.session.execute(("DEBUG", "SET-ACTIVE-EXPIRE", "0"))
        self.at = 0

    def run(self, command: tuple[Any, ...]) -> None:
        with contextlib.suppress(Exception):
            self.session.execute(command)

    def new(self) -> list[Command]:
        self.store.flush_log(False)
        found, self.at = read(self.path / "appendonlydir" / INCREMENT, self.at)
        return found

    def digest(self) -> Any:
        return self.session.execute(("DEBUG", "DIGEST"))


class Theirs:
    def __init__(self, server: RedisServer) -> None:
        self.file = Path(server.directory, "appendonlydir", INCREMENT)
        self.client: RawClient = server.client()
        self.client.execute("CONFIG", "SET", "appendfsync", "always")
        self.at = 0

    def run(self, command: tuple[Any, ...]) -> None:
        self.client.execute(*command)

    def new(self) -> list[Command]:
        found, self.at = read(self.file, self.at)
        return found

    def begin(self) -> None:
        for command in (
            ("DISCARD",),
            ("SELECT", "0"),
            ("DEBUG", "SET-ACTIVE-EXPIRE", "0"),
            ("FLUSHALL",),
        ):
            self.client.execute(*command)
        self.new()


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with RedisServer("--appendonly", "yes", "--hz", "1") as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.split("|")[0][:40])
def test_effects_are_the_servers(case: str, server: RedisServer, tmp_path: Path) -> None:
    theirs, ours = Theirs(server), Ours(tmp_path / "store")
    theirs.begin()
    for command in commands(case):
        theirs.run(command)
        ours.run(command)
        now_ms = time.time_ns() // 1_000_000
        expected = comparable(theirs.new(), now_ms)
        written = comparable(ours.new(), now_ms)
        extra = [c for c in written if c not in expected and c[:2] in OURS_ALONE]
        assert [c for c in written if c not in extra] == expected, command
    theirs.client.close()
    ours.store.close()


@pytest.mark.parametrize("case", CASES + LATER_CASES, ids=lambda case: case.split("|")[0][:40])
def test_effects_run_again_give_the_same(case: str, tmp_path: Path) -> None:
    ours = Ours(tmp_path / "store")
    for command in commands(case):
        ours.run(command)
    before = ours.digest()
    ours.store.close()
    again = Ours(tmp_path / "store")
    assert again.digest() == before
    again.store.close()
