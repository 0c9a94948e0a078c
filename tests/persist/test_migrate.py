"""MIGRATE as a redis-server does it: the same replies and requests, keys in the same places."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RedisServer

import emberkv

redis = pytest.importorskip("redis")

HOST = "127.0.0.1"


@pytest.fixture
def sides(tmp_path: Path, oracle: RedisServer) -> Iterator[list[Any]]:
    """A client of a server of ours, and one of a redis-server."""
    with emberkv.serve(unixsocket=tmp_path / "socket") as server:
        clients = [
            redis.Redis(unix_socket_path=str(path), protocol=2)
            for path in (server.unixsocket, oracle.path)
        ]
        for client in clients:
            client.response_callbacks.clear()
        yield clients
        for client in clients:
            client.close()


@pytest.fixture
def target() -> Iterator[tuple[Any, int]]:
    """A store that keys are sent to, and its port."""
    with emberkv.serve(port=0) as server:
        yield server.db, server.port


def ask(client: Any, *args: Any) -> Any:
    try:
        return client.execute_command(*args)
    except redis.ResponseError as error:
        return str(error)


def fill(client: Any) -> None:
    client.execute_command("FLUSHALL")
    client.execute_command("SET", "k", "v")
    client.execute_command("SET", "e", "v", "PX", 100_000)
    client.execute_command("RPUSH", "l", "a", "b")


@pytest.mark.parametrize(
    "request_",
    [
        "k 0 5000",
        "nokey 0 5000",
        "e 0 5000 COPY",
        "k 0 5000 REPLACE",
        "taken 0 5000",
        "taken 0 5000 REPLACE",
        '"" 0 5000 KEYS k e nokey l',
        '"" 0 5000 KEYS k taken l',
        '"" 0 5000 KEYS taken k',
        '"" 0 5000 KEYS',
        '"" 0 5000 KEYS nokey',
        '"" 0 5000',
        "k 0 5000 KEYS k",
        "k 99 5000",
        "k 3 5000",
        "k x 5000",
        "k 0 x",
        "k 0 0",
        "k 0 -5",
        "k 0 5000 COPY REPLACE NOPE",
        "k 0 5000 AUTH",
        "k 0 5000 AUTH2 a",
        "k 0 5000 AUTH2 u p",
    ],
)
def test_keys_go_where_the_servers_would_go(
    sides: list[Any], target: tuple[Any, int], request_: str
) -> None:
    db, port = target
    words = ["" if word == '""' else word for word in request_.split()]
    seen = []
    for client in sides:
        fill(client)
        client.execute_command("SET", "taken", "here")
        db.flushall()
        db.set("taken", "there")
        reply = ask(client, "MIGRATE", HOST, port, *words)
        there = {key: db.dump(key) for key in db.keys()}
        db.select(3)
        there_too = db.keys()
        db.select(0)
        here = sorted(client.execute_command("KEYS", "*"))
        seen.append((reply, here, there, there_too, db.pttl("e") > 0))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ((HOST, "x"), "error or timeout writing to target instance"),
        (("", "6379"), "error or timeout"),
        (("no.such.host.invalid", "6379"), "error or timeout connecting to the client"),
    ],
)
def test_an_address_that_is_none(db_of: Any, address: tuple[str, str], error: str) -> None:
    with pytest.raises(emberkv.exceptions.ResponseError, match=error):
        db_of.execute_command("MIGRATE", *address, "k", 0, 300)
    assert db_of.get("k") == b"v"


@pytest.fixture
def db_of() -> Iterator[Any]:
    with emberkv.open() as db:
        db.set("k", "v")
        yield db


class Recorder:
    """A server that writes down what it is sent and answers what it was told to."""

    def __init__(self, answers: bytes) -> None:
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.answers = answers
        self.got = b""
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        with self.listener, self.listener.accept()[0] as s:
            s.settimeout(20)
            while b"RESTORE" not in self.got or not self.got.endswith(b"\r\n"):
                self.got += s.recv(1 << 16)
            s.sendall(self.answers)
            s.shutdown(socket.SHUT_WR)

    def end(self) -> bytes:
        self.thread.join(20)
        return re.sub(rb"\$[56]\r\n\d{5,6}\r\n", b"<milliseconds>", self.got)


@pytest.mark.parametrize("options", [(), ("AUTH2", "u", "p", "REPLACE"), ("AUTH", "p")])
@pytest.mark.parametrize(
    "answers",
    [
        b"+OK\r\n" * 5,
        b"-ERR x\r\n" + b"+OK\r\n" * 4,
        b"+OK\r\n-BAD y\r\n" + b"+OK\r\n" * 3,
        b"+OK\r\n+OK\r\n-BUSYKEY z\r\n+OK\r\n+OK\r\n",
        b"+OK\r\n+OK\r\n",
        b"+OK",
        b"",
    ],
)
def test_what_is_sent_and_what_answers_are_taken_for(
    sides: list[Any], options: tuple[str, ...], answers: bytes
) -> None:
    seen = []
    for client in sides:
        fill(client)
        recorder = Recorder(answers)
        words = ("MIGRATE", HOST, recorder.port, "", 2, 5000, *options, "KEYS", "k", "e")
        reply = ask(client, *words)
        if str(reply).startswith("IOERR"):  # the server dials once more, and then cannot write
            reply = "IOERR"
        left = sorted(client.execute_command("KEYS", "*"))
        seen.append((reply, left, recorder.end()))
    assert seen[0] == seen[1]


def test_keys_go_to_a_redis_server(db_of: Any, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    with RedisServer("--port", str(port)) as server:
        db_of.zadd("z", {str(i): i for i in range(1000)})
        assert db_of.migrate(HOST, port, ["k", "z"], 0, 5000)
        assert db_of.keys() == []
        client = redis.Redis(unix_socket_path=server.path)
        assert (client.get("k"), client.zscore("z", "999")) == (b"v", 999.0)
        client.close()
