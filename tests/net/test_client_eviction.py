"""maxmemory-clients: connections that hold the most are closed, the others stay."""

from __future__ import annotations

import socket
import time

import emberkv


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_the_largest_connections_are_closed() -> None:
    with emberkv.open() as db, emberkv.serve(db) as server:
        opened = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        try:
            half = b"*2\r\n$4\r\nECHO\r\n$3000000\r\n" + b"x" * 2_000_000
            for connection in opened[:4]:
                connection.sendall(half)
            deadline = time.monotonic() + 20
            db.config_set("maxmemory-clients", "5mb")
            while db.execute_command("PING") and time.monotonic() < deadline:
                if sum(map(is_open, opened[:4])) <= 2:
                    break
                time.sleep(0.01)
            assert sum(map(is_open, opened[:4])) in (1, 2)
            assert all(map(is_open, opened[4:]))
        finally:
            for connection in opened:
                connection.close()
