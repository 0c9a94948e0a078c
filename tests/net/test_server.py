"""A server: its life, what listens, who is let in."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

import emberkv
from emberkv import serve


def connect(server: emberkv.Server) -> socket.socket:
    if server.unixsocket:
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(30)
        s.connect(server.unixsocket)
        return s
    return socket.create_connection(("127.0.0.1", server.port), 30)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def ask(s: socket.socket, request: bytes, reply: bytes) -> None:
    s.sendall(request)
    got = b""
    while len(got) < len(reply):
        data = s.recv(65536)
        assert data, got
        got += data
    assert got == reply


def test_a_server_has_a_port_and_answers() -> None:
    with serve() as server:
        assert server.is_alive()
        assert server.port
        with connect(server) as s:
            ask(s, b"PING\r\n", b"+PONG\r\n")
    assert not server.is_alive()


def test_clients_and_the_application_see_one_keyspace() -> None:
    db = emberkv.open()
    with serve(db) as server:
        client = redis.Redis(port=server.port)
        db.set("from", "inside")
        assert client.get("from") == b"inside"
        client.rpush("list", "a", "b")
        assert db.lrange("list", 0, -1) == [b"a", b"b"]
        client.close()
    assert db.get("from") == b"inside"


def test_a_path_is_shared_with_another_process(tmp_path: Path) -> None:
    path = tmp_path / "app.ember"
    with serve(path) as server, redis.Redis(port=server.port) as client:
        client.set("a", "1")
        code = f"import emberkv; db = emberkv.open({str(path)!r}); print(db.incr('a'))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert done.stdout.strip() == b"2"
        assert client.get("a") == b"2"


def test_a_unix_socket_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with serve(unixsocket=path, unixsocketperm="700") as server:
        assert server.port is None
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
        with connect(server) as s:
            ask(s, b"PING\r\n", b"+PONG\r\n")
    assert not path.exists()


def test_a_socket_that_a_dead_server_left_is_replaced_and_a_live_ones_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with serve(unixsocket=path), pytest.raises(OSError, match="in use"):
        serve(unixsocket=path)
    path.write_text("a file")
    with pytest.raises(FileExistsError):
        serve(unixsocket=path)
    assert path.read_text() == "a file"
    path.write_text("")  # a name that was kept free, as tempfile does
    with serve(unixsocket=path):
        assert path.is_socket()


def test_a_port_that_is_taken_is_an_error() -> None:
    with serve() as server, pytest.raises(OSError, match=str(server.port)):
        serve(port=server.port)


def test_closing_the_store_ends_its_server() -> None:
    db = emberkv.open()
    server = serve(db)
    with connect(server) as s:
        ask(s, b"PING\r\n", b"+PONG\r\n")
        db.close()
        assert not server.is_alive()
        assert s.recv(1) == b""


def test_stopping_twice_is_stopping_once() -> None:
    server = serve()
    server.stop()
    server.stop()
    assert server.join(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_ends_by_a_signal(tmp_path: Path, number: int) -> None:
    path = tmp_path / "socket"
    options = {"port": 0, "unixsocket": str(path), "pidfile": str(tmp_path / "pid")}
    code = f"from emberkv.server import run; raise SystemExit(run(**{options!r}))"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        wait_for((tmp_path / "pid").exists)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(path))
            ask(s, b"PING\r\n", b"+PONG\r\n")
            process.send_signal(number)
            assert s.recv(1) == b""
        assert process.wait(20) == 0
    assert not path.exists()


STRANGER = """
import socket, subprocess, sys
import emberkv

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["ip", "addr", "add", "10.9.8.7/32", "dev", "lo"], check=True)


def ask(server, host):
    with socket.create_connection((host, server.port), 30) as s:
        s.sendall(b"PING\\r\\n")
        return s.recv(7)


with emberkv.serve(host="*") as server:
    assert ask(server, "127.0.0.1") == b"+PONG\\r\\n"
    assert ask(server, "10.9.8.7") == b"-DENIED"
    server.db.config_set("protected-mode", "no")
    assert ask(server, "10.9.8.7") == b"+PONG\\r\\n"
    server.db.config_set("protected-mode", "yes")
    server.db.config_set("requirepass", "secret")
    assert ask(server, "10.9.8.7") == b"-NOAUTH"
print("done")
"""


def test_protected_mode_keeps_strangers_out() -> None:
    """In a network of its own, where this machine has another address."""
    command = ["unshare", "-Urn", sys.executable, "-c", STRANGER]
    try:
        subprocess.run([*command[:2], "ip", "link"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no network of one's own here")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr
