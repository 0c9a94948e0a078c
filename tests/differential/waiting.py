"""Connections that wait, on our side and on the server's, and what each of them got.

A script is lines of the case tables (`2> BLPOP k 0`). After each line both sides come to rest:
every command has its reply or is counted as blocked. Then who got which reply must be the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from differential.pair import Command, Mismatch, Pair
from differential.script import commands
from oracle import RawClient, Reply, render
from subjects import Client

PATIENCE = 20.0


class Waiter(Protocol):
    ident: int

    def start(self, args: tuple[bytes, ...]) -> None: ...
    def reply(self) -> Reply | None: ...
    def close(self) -> None: ...


class Ours:
    """A session, whose commands are run in threads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._replies: list[Reply] = []
        self._thread: threading.Thread | None = None
        self.ident: int = client.execute("CLIENT", "ID").value

    def start(self, args: tuple[bytes, ...]) -> None:
        def run() -> None:
            self._replies.append(self._client.execute(*args))

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def reply(self) -> Reply | None:
        if self._thread is None or self._thread.is_alive():
            return None
        self._thread = None
        return self._replies.pop()

    def close(self) -> None:
        self._client.close()


class Theirs:
    """A connection to a server."""

    def __init__(self, client: RawClient) -> None:
        self._client = client
        self.ident: int = client.execute("CLIENT", "ID").value

    def start(self, args: tuple[bytes, ...]) -> None:
        self._client.send(render(args))

    def reply(self) -> Reply | None:
        return self._client.try_read()

    def close(self) -> None:
        self._client.close()


def blocked_on(server: RawClient) -> int:
    lines = server.execute("INFO", "clients").value.decode().split()
    return int(next(x for x in lines if x.startswith("blocked_clients:")).split(":")[1])


class Side:
    """The connections of one side by number, and which of their commands have no reply yet."""

    def __init__(
        self, name: str, connect: Callable[[], Waiter], blocked: Callable[[], int]
    ) -> None:
        self.name, self._connect, self._blocked = name, connect, blocked
        self._connections: dict[int, Waiter] = {}
        self._outstanding: dict[int, Command] = {}

    def _connection(self, by: int) -> Waiter:
        if by not in self._connections:
            self._connections[by] = self._connect()
        return self._connections[by]

    def run(self, command: Command) -> dict[int, Reply]:
        """Send it, come to rest, and give what arrived, by connection. @id2: connection 2's."""
        assert command.by not in self._outstanding, f"{command!r} by one that waits"
        args = tuple(
            b"%d" % self._connection(int(arg[3:])).ident if arg.startswith(b"@id") else arg
            for arg in command.args
        )
        self._connection(command.by).start(args)
        self._outstanding[command.by] = command
        return self.come_to_rest()

    def come_to_rest(self, until_empty: bool = False) -> dict[int, Reply]:
        got: dict[int, Reply] = {}
        deadline = time.monotonic() + PATIENCE
        while True:
            # Counted first: who is served after that is outstanding still, and looked at again.
            blocked = self._blocked()
            for by in list(self._outstanding):
                reply = self._connections[by].reply()
                if reply is not None:
                    got[by] = reply
                    del self._outstanding[by]
            if len(self._outstanding) == (0 if until_empty else blocked):
                return got
            assert time.monotonic() < deadline, (
                f"{self.name}: {self._outstanding} have no reply, {blocked} are blocked"
            )
            time.sleep(0.0005)

    def close(self) -> None:
        """Whoever waits is let go."""
        if self._outstanding:
            free = self._connect()
            for by in self._outstanding:
                free.start((b"CLIENT", b"UNBLOCK", b"%d" % self._connections[by].ident))
                while free.reply() is None:
                    time.sleep(0.0005)
            free.close()
            self.come_to_rest(until_empty=True)
        for connection in self._connections.values():
            connection.close()


def run_script(text: str, ours: Side, theirs: Side, pair: Pair) -> list[str]:
    """The first difference, in words; nothing if there is none."""
    try:
        for command in commands(text):
            if command.args == (b"FINISH",):  # every time-out comes
                a, b = ours.come_to_rest(until_empty=True), theirs.come_to_rest(until_empty=True)
            else:
                a, b = ours.run(command), theirs.run(command)
            if a != b:
                return [f"{command!r}\n   ours:   {a}\n   theirs: {b}"]
        pair.compare_keyspaces()
        return []
    except Mismatch as mismatch:
        return [str(mismatch)]
    finally:
        ours.close()
        theirs.close()
