"""A server on a store that is synced at each commit: what it answers is on disk."""

from __future__ import annotations

import socket
from pathlib import Path

import emberkv
from emberkv import serve


def logged(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.glob("appendonlydir/*.incr.aof"))


def test_what_is_answered_is_in_the_file_for_many_clients_of_one_turn(tmp_path: Path) -> None:
    path = tmp_path / "synced.ember"
    with (
        emberkv.open(path, durable=True, appendfsync="always") as db,
        serve(db) as server,
    ):
        clients = [socket.create_connection(("127.0.0.1", server.port), 20) for _ in range(12)]
        for round_ in range(5):
            for i, client in enumerate(clients):
                client.sendall(b"SET key:%d:%d v\r\nGET key:%d:%d\r\n" % (round_, i, round_, i))
            for i, client in enumerate(clients):
                got = b""
                while len(got) < 12:
                    got += client.recv(100)
                assert got == b"+OK\r\n$1\r\nv\r\n"
                assert b"key:%d:%d\r\n" % (round_, i) in logged(path)
        for client in clients:
            client.close()


def test_one_that_says_goodbye_is_answered_before_it_is_closed(tmp_path: Path) -> None:
    with (
        emberkv.open(tmp_path / "synced.ember", durable=True, appendfsync="always") as db,
        serve(db) as server,
        socket.create_connection(("127.0.0.1", server.port), 20) as client,
    ):
        client.sendall(b"SET key v\r\nQUIT\r\n")
        got = b""
        while data := client.recv(100):
            got += data
        assert got == b"+OK\r\n+OK\r\n"


def test_a_long_pipeline_comes_whole_and_in_order(tmp_path: Path) -> None:
    value = b"x" * 20_000
    with (
        emberkv.open(tmp_path / "synced.ember", durable=True, appendfsync="always") as db,
        serve(db) as server,
        socket.create_connection(("127.0.0.1", server.port), 20) as client,
    ):
        db.set("large", value)
        client.sendall(b"INCR n\r\nGET large\r\n" * 100)
        want = b"".join(b":%d\r\n$%d\r\n%b\r\n" % (i + 1, len(value), value) for i in range(100))
        got = bytearray()
        while len(got) < len(want):
            data = client.recv(1 << 16)
            assert data
            got += data
        assert bytes(got) == want
