"""The same script on a real server and on ours, over sockets: what each says must be equal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from oracle import RawClient, RedisServer, Reply, render

import emberkv

MESSAGES = (b"message", b"pmessage", b"smessage")


class Connection(RawClient):
    """A client that keeps messages apart from replies."""

    def __init__(self, path: str, protocol: int = 2) -> None:
        self.messages: list[Reply] = []
        super().__init__(path, protocol)

    def is_message(self, reply: Reply) -> bool:
        if reply.kind == "push":
            return reply.value[0].value not in (b"subscribe", b"psubscribe", b"unsubscribe")
        return bool(
            reply.kind == "array" and reply.value and reply.value[0].value in MESSAGES
        ) or bool(reply.kind == "status" and re.match(rb"\d+\.\d{6} \[", reply.value))

    def read(self) -> Reply:
        while self.is_message(reply := super().read()):
            self.messages.append(reply)
        return reply

    def read_message(self) -> Reply:
        """The next message, which is on its way."""
        while not self.messages:
            reply = super().read()
            assert self.is_message(reply), reply
            self.messages.append(reply)
        return self.messages.pop(0)

    def told(self) -> list[Reply]:
        """The messages since last asked: those due come before the second reply."""
        for _ in range(2):
            self.execute("PING")
        messages, self.messages = self.messages, []
        return messages

    def pipeline(self, *commands: str) -> None:
        self.send(b"".join(render(command.split()) for command in commands))

    def do(self, command: str) -> Reply:
        return self.execute(*command.split())

    def gone(self) -> bool:
        """Whether the server has closed the connection, after the messages that were due."""
        try:
            while True:
                self.read()
        except ConnectionError:
            return True


class Side:
    """One server, and who connects to it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.open: list[Connection] = []

    def connect(self, protocol: int = 2) -> Connection:
        self.open.append(Connection(self.path, protocol))
        return self.open[-1]

    def close(self) -> None:
        for connection in self.open:
            connection.close()


@contextmanager
def real(*options: str) -> Iterator[Side]:
    with RedisServer(*options) as server:
        side = Side(server.path)
        yield side
        side.close()


@contextmanager
def ours(path: Any, db: Any = None, **options: Any) -> Iterator[Side]:
    with emberkv.serve(db, unixsocket=path, **options) as server:
        assert server.unixsocket
        side = Side(server.unixsocket)
        yield side
        side.close()


Script = Callable[[Side], list[Any]]


def both(script: Script, path: Any) -> list[Any]:
    """What the script observes, after it has observed the same on either side."""
    with real() as theirs, ours(path) as mine:
        want, have = script(theirs), script(mine)
    assert have == want, "\n".join(
        f"{i}: ours {x!r}, theirs {y!r}"
        for i, (x, y) in enumerate(zip(have, want, strict=False))
        if x != y
    )
    return have


def keys_of(messages: list[Reply]) -> list[Any]:
    """The keys of invalidations, a list each (None: all of them)."""
    found = []
    for message in messages:
        body = message.value[-1]
        is_list = body.kind == "array"
        found.append([key.value.decode() for key in body.value] if is_list else None)
    return found


def facts_of(listed: Reply, name: str) -> dict[str, str]:
    """What CLIENT LIST says of the client with this name; empty: it has none."""
    for line in listed.value.decode().splitlines():
        facts = dict(item.split("=", 1) for item in line.split())
        if facts["name"] == name:
            return facts
    return {}
