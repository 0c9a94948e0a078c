"""The same bytes to our server and to a redis-server: the same bytes come back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from net.protocol_cases import RIGHT, WRONG
from net.wire import bulk, connect, exchange, read_all
from oracle import RedisServer

import emberkv

CASES = {**RIGHT, **WRONG}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[emberkv.Server]:
    path: Path = tmp_path_factory.mktemp("net") / "socket"
    with emberkv.serve(unixsocket=path) as started:
        yield started


@pytest.fixture(autouse=True)
def client_reply(request: pytest.FixtureRequest, server: emberkv.Server) -> None:
    """Its cases wait for the subcommand."""
    assert server.unixsocket
    if "replies" in str(request.node.name) and "[replies" in str(request.node.name):
        if b"unknown" in exchange(server.unixsocket, [b"CLIENT REPLY ON\r\n"]):
            pytest.skip("no CLIENT REPLY yet")


def both(server: emberkv.Server, oracle: RedisServer, data: bytes) -> tuple[bytes, bytes]:
    assert server.unixsocket
    replies = []
    for address in (server.unixsocket, oracle.path):
        exchange(address, [b"FLUSHALL\r\n"])
        replies.append(exchange(address, [data]))
    return replies[0], replies[1]


@pytest.mark.parametrize("name", CASES)
def test_replies_are_a_redis_servers(
    server: emberkv.Server, oracle: RedisServer, name: str
) -> None:
    ours, theirs = both(server, oracle, CASES[name])
    assert ours == theirs


@pytest.mark.parametrize("name", CASES)
def test_replies_in_resp3_are_a_redis_servers(
    server: emberkv.Server, oracle: RedisServer, name: str
) -> None:
    hello = b"HELLO 3\r\n"
    ours, theirs = both(server, oracle, hello + CASES[name])
    assert ours.partition(b"$7\r\nmodules")[2] == theirs.partition(b"$7\r\nmodules")[2]


# Whether the replies before it are still sent is a matter of when HTTP is noticed.
SMALL = {k: v for k, v in CASES.items() if len(v) < 120 and b"ost" not in v and b"POST" not in v}


@pytest.mark.parametrize("name", SMALL)
def test_a_request_may_be_split_anywhere(server: emberkv.Server, name: str) -> None:
    data = SMALL[name]
    path = server.unixsocket
    assert path
    exchange(path, [b"FLUSHALL\r\n"])
    whole = exchange(path, [data])
    for at in range(1, len(data)):
        exchange(path, [b"FLUSHALL\r\n"])
        assert exchange(path, [data[:at], data[at:]], 0.001) == whole, at


@pytest.mark.parametrize("name", SMALL)
def test_a_request_may_come_byte_by_byte(server: emberkv.Server, name: str) -> None:
    path = server.unixsocket
    assert path
    exchange(path, [b"FLUSHALL\r\n"])
    whole = exchange(path, [SMALL[name]])
    exchange(path, [b"FLUSHALL\r\n"])
    assert exchange(path, [bytes([b]) for b in SMALL[name]], 0.0005) == whole


def test_large_replies_arrive_whole(server: emberkv.Server, oracle: RedisServer) -> None:
    data = bulk(b"SET", b"big", b"x" * 9_000_000) + bulk(b"GET", b"big") * 3 + b"QUIT\r\n"
    replies = []
    for address in (server.unixsocket, oracle.path):
        assert address
        with connect(address) as s:
            s.sendall(data)
            replies.append(read_all(s))
    assert replies[0] == replies[1]


def test_long_requests_may_be_split_anywhere(server: emberkv.Server) -> None:
    """At random places, with rests of many sizes."""
    assert server.unixsocket
    chance = random.Random(7)
    data = b"".join(
        bulk(b"ECHO", bytes([65 + i % 26]) * chance.choice([3, 500, 20_000, 70_000, 300_000]))
        for i in range(40)
    )
    whole = exchange(server.unixsocket, [data])
    for _ in range(6):
        cuts = sorted(chance.sample(range(len(data)), 30))
        pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        assert exchange(server.unixsocket, pieces, 0.001) == whole


PIECES = [
    b"*",
    b"$",
    b"\r\n",
    b"\n",
    b"\r",
    b"1",
    b"2",
    b"3",
    b"4",
    b"0",
    b"-1",
    b"PING",
    b"ECHO",
    b"x",
    b" ",
    b'"',
    b"'",
    b"\\",
    b"\x00",
    b"*1\r\n$4\r\nPING\r\n",
    b"*2\r\n$4\r\nECHO\r\n",
    b"$1\r\nx\r\n",
    b"$3\r\nabc\r\n",
    b"*2\r\n",
    b"$4\r\nECHO\r\n",
    b"ECHO a\r\n",
    b"\\x41",
    b"MULTI\r\n",
    b"EXEC\r\n",
]


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes_get_a_redis_servers_replies(
    server: emberkv.Server, oracle: RedisServer, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(150):
        data = b"".join(chance.choices(PIECES, k=chance.randint(1, 25)))
        ours, theirs = both(server, oracle, data)
        assert ours == theirs, data
