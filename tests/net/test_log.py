"""The log of a server: what somebody who runs one looks for in it."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import pytest

import emberkv
from tests.net.wire import connect, read_all

LINE = re.compile(r"\d+:M \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} ([.\-*#]) (.*)")


@pytest.fixture
def log(tmp_path: Path):
    """A server that logs all there is to a file, and the lines so far."""
    file = tmp_path / "log"
    options = {"loglevel": "debug", "maxclients": 3, "enable_debug_command": "yes"}
    limits = {"client_output_buffer_limit": "normal 100000 0 0", "client_query_buffer_limit": "1mb"}
    with emberkv.serve(port=0, logfile=file, **options, **limits) as server:
        yield Log(server, file)


class Log:
    def __init__(self, server: emberkv.server.Server, file: Path):
        self.server = server
        self.file = file

    def connect(self) -> socket.socket:
        return connect(("127.0.0.1", self.server.port))

    def lines(self) -> list[tuple[str, str]]:
        found = [LINE.fullmatch(line) for line in self.file.read_text().splitlines()]
        assert all(found), self.file.read_text()
        return [(m[1], m[2]) for m in found]

    def has(self, level: str, pattern: str) -> str:
        """Waits for such a line."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for found, text in self.lines():
                if found == level and re.search(pattern, text):
                    return text
            time.sleep(0.01)
        raise AssertionError(f"no {level} {pattern} in\n{self.file.read_text()}")


def test_log_tells_when_a_server_begins_and_ends(tmp_path: Path):
    file = tmp_path / "log"
    with emberkv.serve(tmp_path / "app.ember", port=0, logfile=file) as server:
        pass
    assert Log(server, file).lines() == [
        ("#", Log(server, file).lines()[0][1]),
        ("*", f"Running mode=standalone, port={server.port}."),
        ("*", "Ready to accept connections"),
        ("#", "User requested shutdown..."),
        ("#", "emberkv is now ready to exit, bye bye..."),
    ]
    assert f"serves {tmp_path}/app.ember" in file.read_text()


def test_log_tells_of_connections(log):
    with log.connect() as one:
        one.sendall(b"PING\r\n")
        assert one.recv(7) == b"+PONG\r\n"
        with log.connect(), log.connect(), log.connect() as refused:
            assert read_all(refused) == b"-ERR max number of clients reached\r\n"
            log.has("#", r"Refused connection from 127\.0\.0\.1:\d+: max number of clients")
    log.has("-", r"Accepted 127\.0\.0\.1:\d+")
    log.has("-", r"Client closed connection id=\d+ addr=127\.0\.0\.1:\d+ .* cmd=ping")


def test_log_tells_of_those_who_break_rules(log):
    with log.connect() as s:
        s.sendall(b"*1\r\n$-3\r\n\x01abc")
        assert read_all(s) == b"-ERR Protocol error: invalid bulk length\r\n"
    log.has("-", r"Protocol error \(invalid bulk length\) from client: id=.*'\*1\.\.\$-3\.\.\.abc'")
    with log.connect() as s:
        s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_all(s) == b""
    log.has("#", "Possible SECURITY ATTACK detected")
    with log.connect() as s:
        s.sendall(b"SET k " + b"x" * 60_000 + b"\r\n")
        assert s.recv(5) == b"+OK\r\n"
        s.sendall(b"GET k\r\n" * 1000)
        log.has("#", r"Client id=\d+ .* closed for overcoming of output buffer limits")
    with log.connect() as s:
        s.sendall(b"*2\r\n$3\r\nset\r\n$2000000\r\n" + b"x" * 1_500_000)
        log.has("#", r"Closing client that reached max query buffer length: id=\d+.*\(more\)")


def test_log_has_a_level_that_can_be_changed(log):
    log.has(".", r"\d clients connected")
    with emberkv.serve(port=0, logfile=log.file, loglevel="warning") as quiet:
        before = len(log.lines())
        with connect(("127.0.0.1", quiet.port)) as s:
            s.sendall(b"CONFIG SET loglevel verbose\r\n")
            assert s.recv(5) == b"+OK\r\n"
    log.has("-", rf"Client closed connection .* laddr=127\.0\.0\.1:{quiet.port} ")
    assert not [text for _, text in log.lines()[before:] if f":{quiet.port}." in text]


def test_log_file_may_be_moved_away(log):
    moved = log.file.rename(log.file.with_suffix(".1"))
    with log.connect():
        pass
    deadline = time.monotonic() + 30
    while not log.file.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    log.has("-", "Accepted")
    assert "Ready to accept" in moved.read_text()


def test_a_server_in_an_application_says_nothing_unasked(capfd):
    with emberkv.serve(port=0):
        pass
    assert capfd.readouterr() == ("", "")


def test_log_takes_lines_from_a_test(log):
    with log.connect() as client:
        client.sendall(b'DEBUG LOG "a test begins"\r\n')
        assert client.recv(100) == b"+OK\r\n"
    log.has("#", "^DEBUG LOG: a test begins$")
