"""CONFIG SET of port, bind and tls-*: what listens moves, as redis-server's does."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from net.configured import EMBERKV, REDIS, configured
from net.test_tls import connect, keys, options  # noqa: F401  (a fixture)

import emberkv

# {a}, {b}: free ports; {busy}: one that somebody has
STEPS = """port {b}|port {busy}|port 0|port {a} bind 127.0.0.1\\ ::1|bind 1.2.3.4|bind nohost.no
bind -1.2.3.4|bind |bind 127.0.0.1\\ 127.0.0.1|bind 127.0.0.1|unixsocket /x|unixsocketperm 700
tcp-backlog 3|tls-port {b}|tls-cert-file /nowhere|tls-port {b} tls-key-file /nowhere
port {b} bind 1.2.3.4|port {b} timeout x|port {b} tls-port {busy}|port {b}|port {b} bind *"""


def free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def answers(port: int, host: str = "127.0.0.1") -> bool:
    try:
        with socket.create_connection((host, port), 20) as s:
            s.sendall(b"PING\r\n")
            return s.recv(100) == b"+PONG\r\n"
    except OSError:
        return False


def test_what_listens_moves_as_a_servers_does(tmp_path: Path) -> None:
    seen = []
    for i, command in enumerate((REDIS, EMBERKV)):
        a, b = free_ports(2)
        log = []
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            configured(
                command,
                tmp_path / str(i),
                f"port {a}\nbind 127.0.0.1\nunixsocket {{socket}}\nunixsocketperm 755",
            ) as client,
            socket.create_connection(("127.0.0.1", a), 20) as stays,
        ):
            for step in STEPS.replace("\n", "|").split("|"):
                text = step.format(a=a, b=b, busy=taken.getsockname()[1])
                parts = [p.replace("\0", " ") for p in text.replace("\\ ", "\0").split(" ")]
                reply = client.execute("CONFIG", "SET", *parts)
                told = client.execute("CONFIG", "GET", "port").value[1].value
                bind = client.execute("CONFIG", "GET", "bind").value[1].value
                where = {str(a).encode(): "a", str(b).encode(): "b"}.get(told, told)
                there = answers(a), answers(b), answers(a, "::1")
                log.append((step, reply, where, bind, there))
            stays.sendall(b"PING\r\n")
            assert stays.recv(100) == b"+PONG\r\n"
        seen.append(log)
    for theirs, ours in zip(*seen, strict=True):
        assert ours == theirs


def test_tls_is_turned_on_and_its_certificate_replaced(
    keys: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    (port,) = free_ports(1)
    with emberkv.open() as db, emberkv.serve(db, unixsocket=tmp_path / "socket") as server:
        settings = {n.replace("_", "-"): str(v) for n, v in options(keys).items()}
        del settings["tls-port"]
        db.config_set("tls-port", port, *(x for pair in settings.items() for x in pair))
        assert server.tls_port == port
        with connect(port, keys) as s:
            s.sendall(b"PING\r\n")
            assert s.recv(100) == b"+PONG\r\n"
            before = s.getpeercert(True)
            with pytest.raises(emberkv.ResponseError, match="Unable to update TLS"):
                db.config_set("tls-cert-file", str(keys / "stranger.crt"))
            new = {"tls-cert-file": keys / "client.crt", "tls-key-file": keys / "client.key"}
            db.config_set(*(str(x) for pair in new.items() for x in pair))
            s.sendall(b"PING\r\n")
            assert s.recv(100) == b"+PONG\r\n"
        with connect(port, keys) as s:
            assert s.getpeercert(True) != before
        db.config_set("tls-port", 0)
        assert server.tls_port is None and not answers(port)


def test_doors_move_while_clients_come(tmp_path: Path) -> None:
    """The command comes by another thread than the server's, and nobody who got in is lost."""
    a, b = free_ports(2)
    got, stop = [0], threading.Event()
    with emberkv.open() as db, emberkv.serve(db, port=a) as server:

        def come() -> None:
            while not stop.is_set():
                got[0] += answers(a) + answers(b)

        clients = [threading.Thread(target=come) for _ in range(3)]
        for client in clients:
            client.start()
        for i in range(50):
            db.config_set("port", b if i % 2 == 0 else a)
            assert server.port == (b if i % 2 == 0 else a)
        before = got[0]
        while got[0] < before + 10:
            assert answers(server.port or 0)
        stop.set()
        for client in clients:
            client.join(60)
        with db.fork() as copy:  # nothing listens for a copy
            copy.config_set("port", 1)
        assert answers(server.port or 0)
