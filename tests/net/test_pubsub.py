"""Messages over sockets, and between them and the process that has the store: RESP2, RESP3."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

import emberkv


@pytest.fixture
def db() -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open() as opened:
        yield opened


@pytest.fixture
def server(db: emberkv.Ember[bytes]) -> Iterator[Any]:
    with emberkv.serve(db, port=0) as running:
        yield running


def until(holds: Any) -> bool:
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


@pytest.mark.parametrize("protocol", [2, 3])
def test_both_ways_between_a_client_and_the_process(
    db: emberkv.Ember[bytes], server: Any, protocol: int
) -> None:
    with redis.Redis(port=server.port, protocol=protocol) as client:
        with client.pubsub() as there, db.pubsub() as here:
            there.subscribe("a")
            there.psubscribe("a*")
            there.ssubscribe("s")
            here.subscribe("a")
            for p, n in ((there, 3), (here, 1)):
                for _ in range(n):
                    assert p.get_message(timeout=30)["type"].endswith("subscribe")
            assert db.publish("a", "from here") == 3
            assert client.publish("a", "from there") == 3
            assert client.spublish("s", "shard") == 1
            got = [there.get_message(timeout=30) for _ in range(5)]
            assert [(m["type"], m["data"]) for m in got] == [
                ("message", b"from here"),
                ("pmessage", b"from here"),
                ("message", b"from there"),
                ("pmessage", b"from there"),
                ("smessage", b"shard"),
            ]
            assert here.get_message(timeout=30)["data"] == b"from here"
            assert here.get_message(timeout=30)["data"] == b"from there"
            assert client.pubsub_numsub("a") == [(b"a", 2)] == db.pubsub_numsub("a")
    assert until(lambda: db.pubsub_channels() == [] and db.pubsub_numpat() == 0)
    assert db._store.check()


def test_keyspace_events_reach_a_client(db: emberkv.Ember[bytes], server: Any) -> None:
    with redis.Redis(port=server.port) as client, client.pubsub() as p:
        client.config_set("notify-keyspace-events", "Ex$")
        p.psubscribe("__key*__:*")
        assert p.get_message(timeout=30)["type"] == "psubscribe"
        db.set("k", "v")
        assert p.get_message(timeout=30)["data"] == b"k"
        client.set("soon", "v", px=20)
        assert p.get_message(timeout=30)["channel"] == b"__keyevent@0__:set"
        # Nobody asks for it: the server finds by itself that its time has come.
        assert p.get_message(timeout=30)["channel"] == b"__keyevent@0__:expired"


def connect(server: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 30)


def read_until(s: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got.endswith(end):
        data = s.recv(1 << 16)
        assert data, got
        got += data
    return got


def test_messages_and_replies_come_in_order(db: emberkv.Ember[bytes], server: Any) -> None:
    with contextlib.closing(connect(server)) as s:
        s.sendall(b"HELLO 3\r\n")
        read_until(s, b"modules\r\n*0\r\n")
        s.sendall(
            b"SUBSCRIBE a\r\nPUBLISH a 1\r\nGET k\r\nPUBLISH a 2\r\nUNSUBSCRIBE a\r\nPING\r\n"
        )
        assert read_until(s, b"+PONG\r\n") == (
            b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
            b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n:1\r\n"
            b"_\r\n"
            b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n2\r\n:1\r\n"
            b">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"
            b"+PONG\r\n"
        )


def test_what_a_resp2_subscriber_may_do(server: Any) -> None:
    with contextlib.closing(connect(server)) as s:
        s.sendall(b"SUBSCRIBE a\r\nGET k\r\nPING\r\nRESET\r\nGET k\r\nPING\r\n")
        assert read_until(s, b"+PONG\r\n") == (
            b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
            b"-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
            b"RESET are allowed in this context\r\n"
            b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"
            b"+RESET\r\n"
            b"$-1\r\n"
            b"+PONG\r\n"
        )


def test_a_connection_that_vanishes_subscribes_no_more(
    db: emberkv.Ember[bytes], server: Any
) -> None:
    with contextlib.closing(connect(server)) as s:
        s.sendall(b"SUBSCRIBE a\r\n")
        read_until(s, b":1\r\n")
        assert db.publish("a", "x") == 1
    assert until(lambda: db.pubsub_channels() == [])
    assert db.publish("a", "x") == 0


def test_a_client_that_never_reads_is_cut_off(db: emberkv.Ember[bytes], server: Any) -> None:
    db.config_set("client-output-buffer-limit", "pubsub 4mb 0 0")
    with contextlib.closing(connect(server)) as slow, contextlib.closing(connect(server)) as quick:
        for s in (slow, quick):
            s.sendall(b"SUBSCRIBE a\r\n")
            read_until(s, b":1\r\n")
        before = db._store.stats()["heap_bytes"]
        size = len(db_message(b"x" * (1 << 20)))
        for _ in range(40):
            db.publish("a", b"x" * (1 << 20))
            left = size
            while left:
                left -= len(quick.recv(left))
        assert until(lambda: db.pubsub_numsub("a") == [(b"a", 1)])
        assert db._store.stats()["heap_bytes"] < before + (32 << 20)
        assert db.publish("a", "the last") == 1
        assert read_until(quick, b"the last\r\n") == db_message(b"the last")
        assert until(lambda: not is_open(slow))


def db_message(data: bytes) -> bytes:
    return b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$%d\r\n%b\r\n" % (len(data), data)


def is_open(s: socket.socket) -> bool:
    s.setblocking(False)
    try:
        while data := s.recv(1 << 20):
            pass
        return bool(data)
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@pytest.mark.skipif(shutil.which("redis-cli") is None, reason="redis-cli is not installed")
@pytest.mark.parametrize("protocol", ["-2", "-3"])
def test_redis_cli_subscribes(
    db: emberkv.Ember[bytes], server: Any, tmp_path: Path, protocol: str
) -> None:
    command = ["redis-cli", protocol, "--csv", "-p", str(server.port), "SUBSCRIBE", "a"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as cli:
        assert cli.stdout is not None
        try:
            first = cli.stdout.readline()
            if first.startswith("Reading messages"):
                first = cli.stdout.readline()
            assert first == '"subscribe","a",1\n'
            assert db.publish("a", "hello") == 1
            assert cli.stdout.readline() == '"message","a","hello"\n'
        finally:
            cli.kill()
