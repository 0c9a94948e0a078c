"""What `emberkv bench` does with a server: connections in one loop, or in several processes."""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, islice

from .bench import CHUNKS, LONG_LIST, VARIANTS, Plan, Result, Test, filled
from .bench_processes import in_processes
from .links import LinkError, ServerLink, Target
from .resp import Reader, command_bytes
from .scans import ProgressBar

NOT_YET = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _Connection:
    """A connection with `pipeline` requests under way."""

    def __init__(self, target: Target) -> None:
        link = ServerLink(target)
        problems = link.begin()
        if problems:
            raise LinkError(problems[0])
        self.link = link
        self.socket: socket.socket = link._socket
        self.socket.setblocking(False)
        self.replies = _replies()
        self.unsent = b""
        self.awaited = 0
        self.began = 0.0

    def send(self) -> None:
        with contextlib.suppress(*NOT_YET):
            self.unsent = self.unsent[self.socket.send(self.unsent) :]

    def receive(self) -> bytes | None:
        """What has come, b"" at its end; None: nothing yet."""
        try:
            data = self.socket.recv(1 << 16)
            while isinstance(self.socket, ssl.SSLSocket) and self.socket.pending():
                data += self.socket.recv(self.socket.pending())  # no selector tells of it
        except NOT_YET:
            return None
        return data


def _replies() -> Callable[[bytes], tuple[int, str | None]]:
    """Counts the replies in what came, and gives the first error among them."""
    try:
        import hiredis
    except ImportError:
        return _count_replies()
    reader = hiredis.Reader(notEnoughData=Ellipsis)

    def count(data: bytes) -> tuple[int, str | None]:
        reader.feed(data)
        found, error = 0, None
        while (reply := reader.gets()) is not Ellipsis:
            found += 1
            if isinstance(reply, hiredis.ReplyError):
                error = error or str(reply)
        return found, error

    return count


def _count_replies() -> Callable[[bytes], tuple[int, str | None]]:
    waiting: list[bytes] = []

    def receive() -> bytes:
        if not waiting:
            raise BlockingIOError
        return waiting.pop()

    reader = Reader(receive)

    def count(data: bytes) -> tuple[int, str | None]:
        waiting.append(data)
        found, error = 0, None
        try:
            while True:
                reply = reader.read()
                found += 1
                if reply.is_error:
                    error = error or reply.text
        except BlockingIOError:
            return found, error

    return count


def _requests(test: Test, plan: Plan, seed: int) -> Iterator[bytes]:
    """What is sent at a time: as many commands as are in a pipeline, without end."""
    chance = random.Random(seed)
    count = min(VARIANTS, plan.requests) if plan.keyspace else 1
    if test.name == "PING_INLINE":
        commands = [b"PING\r\n"]
    else:
        commands = [command_bytes(filled(test.words, chance, plan.keyspace)) for _ in range(count)]
    source = cycle(commands)
    if count == 1:
        return cycle([commands[0] * plan.pipeline])
    return iter(lambda: b"".join(islice(source, plan.pipeline)), b"")


def measure_server(target: Target, test: Test, plan: Plan) -> Result:
    """Requests over `plan.clients` connections, each with one pipeline under way at a time."""
    if test.list_needed:
        link = target.open()
        link.begin()
        length = link.execute("LLEN", "mylist")
        if length.kind == "int" and length.value < LONG_LIST:
            link.execute("RPUSH", "mylist", *[test.name] * LONG_LIST)
        link.close()
    clients = min(plan.clients, plan.requests)
    processes = min(plan.processes, clients)
    if processes == 1:
        result = _measure_part(target, test, replace(plan, clients=clients))
    else:
        parts = [
            replace(plan, requests=len(range(i, plan.requests, processes)), clients=share)
            for i in range(processes)
            if (share := len(range(i, clients, processes)))
        ]
        result = in_processes(_measure_part, target, test, parts, plan.progress)
    result.latencies.sort()
    return result


def _measure_part(
    target: Target,
    test: Test,
    plan: Plan,
    seed: int = 0,
    ready: Callable[[], object] = int,
    told: Callable[[int], None] | None = None,
) -> Result:
    race = _Race(target, test, plan, seed)
    try:
        ready()
        with ProgressBar(test.name, plan.requests, False if told else plan.progress) as bar:
            return race.run(bar.to if told is None else _in_steps(told, plan.requests))
    finally:
        for connection in race.connections:
            connection.link.close()


def _in_steps(told: Callable[[int], None], total: int) -> Callable[[float], None]:
    """What is done since the last step, told after each fiftieth of all."""
    last = 0

    def to(done: float) -> None:
        nonlocal last
        if done - last >= total / CHUNKS or done >= total:
            told(int(done) - last)
            last = int(done)

    return to


class _Race:
    """All connections of a process, in one loop."""

    def __init__(self, target: Target, test: Test, plan: Plan, seed: int) -> None:
        self.target, self.test, self.plan = target, test, plan
        self.requests = _requests(test, plan, seed)
        self.connections = [_Connection(target) for _ in range(plan.clients)]
        self.latencies: list[float] = []
        self.issued = self.done = 0
        self.selector = selectors.DefaultSelector()

    def run(self, to: Callable[[float], None]) -> Result:
        with self.selector:
            began = time.perf_counter()
            for connection in self.connections:
                self._issue(connection)
            while self.done < self.issued:
                for key, events in self.selector.select():
                    connection = key.data
                    if events & selectors.EVENT_WRITE:
                        connection.send()
                        self._watch(connection)
                    if events & selectors.EVENT_READ and self._hear(connection):
                        to(self.done)
                        self._go_on(connection)
            ended = time.perf_counter()
        return Result(self.test, self.done, ended - began, self.latencies, began, ended)

    def _issue(self, connection: _Connection) -> None:
        connection.awaited = self.plan.pipeline
        self.issued += self.plan.pipeline
        connection.began = time.perf_counter()
        connection.unsent = next(self.requests)
        connection.send()
        self._watch(connection)

    def _watch(self, connection: _Connection) -> None:
        events = selectors.EVENT_READ
        if connection.unsent:
            events |= selectors.EVENT_WRITE
        key = self.selector.get_map().get(connection.socket)
        if key is None:
            self.selector.register(connection.socket, events, connection)
        elif key.events != events:
            self.selector.modify(connection.socket, events, connection)

    def _hear(self, connection: _Connection) -> bool:
        """Have all its replies come?"""
        data = connection.receive()
        if data is None:
            return False
        if not data:
            raise LinkError("Error: Server closed the connection")
        found, error = connection.replies(data)
        if error is not None:
            raise LinkError(f"Error from server: {error}")
        connection.awaited -= found
        self.done += found
        if connection.awaited > 0:
            return False
        took = time.perf_counter() - connection.began
        self.latencies += [took] * self.plan.pipeline
        return True

    def _go_on(self, connection: _Connection) -> None:
        if self.issued >= self.plan.requests:
            self.selector.unregister(connection.socket)
            return
        if self.plan.reconnects:
            self.selector.unregister(connection.socket)
            connection.link.close()
            place = self.connections.index(connection)
            connection = self.connections[place] = _Connection(self.target)
        self._issue(connection)


def stay_idle(target: Target, clients: int) -> None:
    """Open connections that do nothing, until the server closes one or Ctrl-C."""
    connections = [_Connection(target) for _ in range(clients)]
    try:
        with selectors.DefaultSelector() as selector:
            for connection in connections:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            while True:
                for key, _ in selector.select():
                    if key.data.receive() == b"":
                        raise LinkError("Error: Server closed the connection")
    finally:
        for connection in connections:
            connection.link.close()
