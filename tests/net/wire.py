"""Raw bytes to a server, and what comes back until it closes the connection."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable

Address = str | tuple[str, int]


def connect(address: Address) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address, 20)
    s = socket.socket(socket.AF_UNIX)
    s.connect(address)  # waits when the queue is full, as it does not with a time-out
    s.settimeout(20)
    return s


def read_all(s: socket.socket) -> bytes:
    got = []
    while True:
        try:
            data = s.recv(1 << 20)
        except ConnectionResetError:
            break
        if not data:
            break
        got.append(data)
    return b"".join(got)


def send_some(s: socket.socket, data: bytes) -> bool:
    """False: the server has closed it."""
    try:
        s.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def exchange(address: Address, pieces: Iterable[bytes], pause: float = 0.0) -> bytes:
    """Send the pieces, close that direction, and read to the end."""
    with connect(address) as s:
        for i, piece in enumerate(pieces):
            if i and pause:
                time.sleep(pause)
            if not send_some(s, piece):
                break
        else:
            try:
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        return read_all(s)


def bulk(*args: bytes) -> bytes:
    """A request as clients send it."""
    return b"*%d\r\n" % len(args) + b"".join(b"$%d\r\n%b\r\n" % (len(a), a) for a in args)
