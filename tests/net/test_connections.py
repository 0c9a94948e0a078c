"""Connections that are slow, greedy, rude or many; and those that wait for something."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from net.wire import bulk, connect, read_all
from oracle import RedisServer

import emberkv
from emberkv import serve

MEGABYTE = b"x" * (1 << 20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[emberkv.Server]:
    with serve(unixsocket=tmp_path / "socket") as started:
        yield started


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def connect_to(server: emberkv.Server) -> socket.socket:
    return connect(server.unixsocket or ("127.0.0.1", server.port or 0))


def read(s: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        data = s.recv(size - len(got))
        assert data, got
        got += data
    return got


def expect(s: socket.socket, reply: bytes) -> None:
    assert read(s, len(reply)) == reply


def ask(s: socket.socket, request: bytes, reply: bytes) -> None:
    s.sendall(request)
    expect(s, reply)


def is_closed(s: socket.socket) -> bool:
    """By the server; reads what is left first."""
    s.settimeout(20)
    try:
        while s.recv(1 << 20):
            pass
    except ConnectionResetError:
        pass
    return True


def connections(server: emberkv.Server) -> int:
    info = server.db.info("clients")
    return int(info["connected_clients"])


def test_who_vanishes_inside_multi_leaves_nothing(server: emberkv.Server) -> None:
    with connect_to(server) as s:
        ask(s, b"WATCH a\r\nMULTI\r\nSET a 1\r\n", b"+OK\r\n+OK\r\n+QUEUED\r\n")
    with connect_to(server) as s:
        ask(s, b"EXISTS a\r\nSET a 2\r\nGET a\r\n", b":0\r\n+OK\r\n$1\r\n2\r\n")
    wait_for(lambda: server.db._store.check())
    assert server.db.get("a") == b"2"


def test_a_client_that_never_reads_holds_nobody_up(server: emberkv.Server) -> None:
    with connect_to(server) as deaf, connect_to(server) as other:
        ask(other, bulk(b"SET", b"big", MEGABYTE), b"+OK\r\n")
        deaf.sendall(b"GET big\r\n" * 50)
        for _ in range(200):
            ask(other, b"PING\r\n", b"+PONG\r\n")
        head = b"$%d\r\n" % len(MEGABYTE)
        for _ in range(50):  # it does read, after all
            assert read(deaf, len(head)) == head
            assert read(deaf, len(MEGABYTE) + 2) == MEGABYTE + b"\r\n"


def test_output_over_the_hard_limit_closes_the_client_alone(server: emberkv.Server) -> None:
    server.db.config_set("client-output-buffer-limit", "normal 4mb 0 0")
    with connect_to(server) as deaf, connect_to(server) as other:
        ask(other, bulk(b"SET", b"big", MEGABYTE), b"+OK\r\n")
        deaf.sendall(b"GET big\r\n" * 30)
        wait_for(lambda: connections(server) == 1)
        assert is_closed(deaf)
        ask(other, b"PING\r\n", b"+PONG\r\n")


def test_a_reply_over_the_hard_limit_is_not_sent(
    server: emberkv.Server, oracle: RedisServer
) -> None:
    """Although the socket would take it; and what was asked for is done all the same."""
    for address in (server.unixsocket, oracle.path):
        assert address
        with connect(address) as other, connect(address) as greedy:
            ask(other, bulk(b"SET", b"big", b"x" * 70_000), b"+OK\r\n")
            ask(other, b"CONFIG SET client-output-buffer-limit 'normal 100000 0 0'\r\n", b"+OK\r\n")
            greedy.sendall(b"GET big\r\n")
            assert len(read(greedy, 70_010)) == 70_010
            ask(greedy, b"MULTI\r\n", b"+OK\r\n")
            for command in (b"GET big", b"GET big", b"INCR after"):
                ask(greedy, command + b"\r\n", b"+QUEUED\r\n")
            greedy.sendall(b"EXEC\r\n")
            assert read_all(greedy) == b""
            ask(other, b"GET after\r\n", b"$1\r\n1\r\n")
            ask(other, b"CONFIG SET client-output-buffer-limit 'normal 0 0 0'\r\n", b"+OK\r\n")
            ask(other, b"DEL big after\r\n", b":2\r\n")


def test_output_over_the_soft_limit_for_its_time_closes_the_client(tmp_path: Path) -> None:
    limit = "normal 0 1mb 1"
    with serve(unixsocket=tmp_path / "socket", client_output_buffer_limit=limit) as server:
        with connect_to(server) as deaf, connect_to(server) as other:
            ask(other, bulk(b"SET", b"big", MEGABYTE), b"+OK\r\n")
            before = time.monotonic()
            deaf.sendall(b"GET big\r\n" * 8)
            time.sleep(0.05)  # over the limit already, and still there
            ask(other, b"PING\r\n", b"+PONG\r\n")
            wait_for(lambda: connections(server) == 1)
            assert time.monotonic() - before > 0.9


def test_a_request_over_the_query_buffer_limit_closes_the_client(
    server: emberkv.Server, oracle: RedisServer
) -> None:
    value = b"x" * (3 << 20)
    for address in (server.unixsocket, oracle.path):
        assert address
        with connect(address) as s:
            ask(s, b"CONFIG SET client-query-buffer-limit 1mb\r\nSET k v\r\n", b"+OK\r\n+OK\r\n")
            s.settimeout(20)
            try:
                s.sendall(bulk(b"SET", b"k", value))
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            assert read_all(s) == b""
        with connect(address) as s:
            ask(s, b"CONFIG SET client-query-buffer-limit 1gb\r\nGET k\r\n", b"+OK\r\n$1\r\nv\r\n")


def test_arguments_that_are_whole_do_not_count_for_the_query_buffer(
    server: emberkv.Server,
) -> None:
    with connect_to(server) as s:
        ask(s, b"CONFIG SET client-query-buffer-limit 1mb\r\n", b"+OK\r\n")
        values = [b"%d" % i + b"x" * 1000 for i in range(4000)]
        ask(s, bulk(b"RPUSH", b"l", *values), b":4000\r\n")


def test_bulks_longer_than_allowed_are_refused(server: emberkv.Server) -> None:
    with connect_to(server) as s:
        ask(s, b"CONFIG SET proto-max-bulk-len 1mb\r\n", b"+OK\r\n")
        s.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1048577\r\n")
        assert read_all(s) == b"-ERR Protocol error: invalid bulk length\r\n"


def test_strangers_may_send_little(tmp_path: Path, oracle: RedisServer) -> None:
    requests = [
        b"*11\r\n",
        b"*2\r\n$3\r\nGET\r\n$16385\r\n",
        b"*10\r\n$16384\r\n" + b"x" * 16384 + b"\r\nQUIT\r\n",
        b"PING\r\nGET a\r\nMULTI\r\nAUTH wrong\r\nQUIT\r\n",
        b"AUTH secret\r\n" + bulk(b"SET", b"a", b"x" * 20_000) + b"*12\r\n$1\r\na\r\n",
        b"HELLO 3 AUTH default secret SETNAME me\r\n*12\r\n$1\r\na\r\n",
    ]
    with serve(unixsocket=tmp_path / "socket", requirepass="secret") as server:
        with connect(oracle.path) as admin:
            ask(admin, b"CONFIG SET requirepass secret\r\n", b"+OK\r\n")
            try:
                for data in requests:
                    replies = []
                    for address in (server.unixsocket, oracle.path):
                        assert address
                        with connect(address) as s:
                            s.sendall(data)
                            s.shutdown(socket.SHUT_WR)
                            replies.append(read_all(s).partition(b"proto")[0])
                    assert replies[0] == replies[1], data[:40]
            finally:
                ask(admin, b"CONFIG SET requirepass ''\r\n", b"+OK\r\n")


def test_more_than_maxclients_are_told_so(tmp_path: Path, oracle: RedisServer) -> None:
    with serve(unixsocket=tmp_path / "socket", maxclients=3) as server:
        held = [connect_to(server) for _ in range(3)]
        for s in held:
            ask(s, b"PING\r\n", b"+PONG\r\n")
        with connect_to(server) as s:
            assert read_all(s) == b"-ERR max number of clients reached\r\n"
        held.pop().close()
        wait_for(lambda: connections(server) == 2)
        with connect_to(server) as s:
            ask(s, b"PING\r\n", b"+PONG\r\n")
        for s in held:
            s.close()


def test_descriptors_that_run_out_turn_clients_away(tmp_path: Path) -> None:
    """In a process of its own, with few."""
    code = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from emberkv.server import run
run(port=0, unixsocket={str(tmp_path / "socket")!r}, pidfile={str(tmp_path / "pid")!r})
"""
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        wait_for((tmp_path / "pid").exists)
        clients = []
        refused = 0
        for _ in range(60):
            s = connect(str(tmp_path / "socket"))
            try:
                ask(s, b"PING\r\n", b"+PONG\r\n")
                clients.append(s)
            except (AssertionError, OSError):
                refused += 1
                s.close()
        assert refused and clients
        clients.pop().close()
        ask(clients[0], b"PING\r\n", b"+PONG\r\n")
        for s in clients:
            s.close()
        process.terminate()
        assert process.wait(20) == 0


def test_idle_clients_are_closed_and_waiting_ones_are_not(tmp_path: Path) -> None:
    with serve(unixsocket=tmp_path / "socket", timeout=1) as server:
        with connect_to(server) as idle, connect_to(server) as waiting:
            ask(idle, b"PING\r\n", b"+PONG\r\n")
            waiting.sendall(b"BLPOP l 0\r\n")
            assert is_closed(idle)
            server.db.rpush("l", "v")
            expect(waiting, b"*2\r\n$1\r\nl\r\n$1\r\nv\r\n")


def test_a_thousand_connections_work_side_by_side(tmp_path: Path) -> None:
    with serve(unixsocket=tmp_path / "socket") as server:
        many = [connect_to(server) for _ in range(1000)]
        try:
            for round_ in range(3):
                for i, s in enumerate(many):
                    s.sendall(bulk(b"SET", b"k%d" % i, b"%d" % round_) + b"GET k%d\r\n" % i)
                for s in many:
                    expect(s, b"+OK\r\n$1\r\n%d\r\n" % round_)
        finally:
            for s in many:
                s.close()
        wait_for(lambda: connections(server) == 0)
        assert server.db.dbsize() == 1000


@pytest.mark.skipif(os.environ.get("EMBERKV_VARIANT") == "asan", reason="freed memory is kept")
def test_an_idle_connection_keeps_little(tmp_path: Path) -> None:
    """What it used while it worked is given back."""

    def resident() -> int:
        with open("/proc/self/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    with serve(unixsocket=tmp_path / "socket") as server:
        warm = [connect_to(server) for _ in range(50)]
        for s in warm:
            ask(s, b"PING\r\n", b"+PONG\r\n")
        before = resident()
        many = [connect_to(server) for _ in range(400)]
        for s in many:
            s.sendall(bulk(b"SET", b"k", b"x" * 30_000) + b"GET k\r\n")
            read(s, 30_000 + 5 + 8 + 2)
        assert resident() - before < 400 * 8192
        for s in warm + many:
            s.close()


def test_a_reset_connection_is_only_that(tmp_path: Path) -> None:
    with serve() as server:
        for _ in range(20):
            s = socket.create_connection(("127.0.0.1", server.port or 0))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100\r\nx")
            s.close()
        with connect_to(server) as s:
            ask(s, b"PING\r\n", b"+PONG\r\n")
        wait_for(lambda: connections(server) == 0)


def test_stopping_while_busy_ends_everybody(tmp_path: Path) -> None:
    server = serve(unixsocket=tmp_path / "socket")
    failures: list[BaseException] = []

    def work(s: socket.socket) -> None:
        try:
            with s:
                while True:
                    s.sendall(b"INCR n\r\n" * 100)
                    if not s.recv(1 << 16):
                        return
        except (BrokenPipeError, ConnectionResetError):
            return
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(connect_to(server),)) for _ in range(4)]
    for t in threads:
        t.start()
    wait_for(lambda: int(server.db.get("n") or 0) > 1000)
    server.stop()
    for t in threads:
        t.join(20)
        assert not t.is_alive()
    assert not failures


def test_who_stops_it_may_hold_the_store(tmp_path: Path) -> None:
    db = emberkv.open()
    server = serve(db, unixsocket=tmp_path / "socket")
    with connect_to(server) as s:
        with db.transaction():
            db.set("a", "1")
            s.sendall(b"GET a\r\n")
            time.sleep(0.02)  # it waits for the lock by now
            server.stop()
        assert not server.is_alive()
    assert db.get("a") == b"1"


def test_a_command_that_waits_lets_others_go_on(server: emberkv.Server) -> None:
    with connect_to(server) as waiting, connect_to(server) as other:
        waiting.sendall(b"BLPOP l 0\r\nPING\r\n")
        ask(other, b"PING\r\n", b"+PONG\r\n")
        ask(other, b"RPUSH l a b\r\nLLEN l\r\n", b":2\r\n:1\r\n")
        expect(waiting, b"*2\r\n$1\r\nl\r\n$1\r\na\r\n+PONG\r\n")


def test_a_command_that_waits_times_out(server: emberkv.Server) -> None:
    with connect_to(server) as s:
        before = time.monotonic()
        ask(s, b"BLPOP l 0.05\r\nPING\r\n", b"*-1\r\n+PONG\r\n")
        assert 0.04 < time.monotonic() - before < 10
        ask(s, b"HELLO 3\r\n", b"%7\r\n")
        s.recv(1000)
        ask(s, b"BLPOP l 0.01\r\nPING\r\n", b"_\r\n+PONG\r\n")


def test_who_vanishes_while_waiting_takes_nothing(server: emberkv.Server) -> None:
    for _ in range(20):
        with connect_to(server) as s:
            s.sendall(b"BLPOP l 0\r\n")
            with connect_to(server) as other:
                ask(other, b"PING\r\n", b"+PONG\r\n")
        wait_for(lambda: connections(server) == 0)
        assert server.db.rpush("l", "v") == 1
        assert server.db.lpop("l") == b"v"


def test_a_writer_in_the_application_serves_who_waits_here(server: emberkv.Server) -> None:
    with connect_to(server) as s:
        for i in range(50):
            s.sendall(b"BLPOP l 0\r\n")
            server.db.rpush("l", f"{i:03}")
            expect(s, b"*2\r\n$1\r\nl\r\n$3\r\n%03d\r\n" % i)


def test_messages_are_pushed(server: emberkv.Server) -> None:
    with connect_to(server) as s, connect_to(server) as publisher:
        ask(s, b"SUBSCRIBE c\r\n", b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
        ask(publisher, b"PUBLISH c hello\r\n", b":1\r\n")
        expect(s, b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n")
        server.db.publish("c", "world")
        expect(s, b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nworld\r\n")


@pytest.mark.parametrize("limit", [100_000, 200_000, 300_000])
def test_what_was_for_one_that_is_closed_goes_to_nobody_else(tmp_path: Path, limit: int) -> None:
    """Whoever comes next in the server's turn got what the closed subscriber was being sent."""
    limits = f"pubsub {limit} 0 0"
    with serve(unixsocket=tmp_path / "socket", client_output_buffer_limit=limits) as server:
        for size in (60, 700, 5000, 40_000):
            with connect_to(server) as deaf, connect_to(server) as publisher:
                ask(deaf, b"SUBSCRIBE c\r\n", b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
                message = bulk(b"PUBLISH", b"c", b"x" * size)
                replies = {b":1\r\n"}
                while replies == {b":1\r\n"}:
                    publisher.sendall(message * 50)
                    got = read(publisher, 4 * 50)
                    replies = {got[i : i + 4] for i in range(0, len(got), 4)}
                assert replies <= {b":0\r\n", b":1\r\n"}
                ask(publisher, b"PING\r\n", b"+PONG\r\n")
                assert is_closed(deaf)


def test_a_subscriber_that_never_reads_is_closed_at_its_limit(tmp_path: Path) -> None:
    limit = "pubsub 2mb 0 0"
    with serve(unixsocket=tmp_path / "socket", client_output_buffer_limit=limit) as server:
        with connect_to(server) as deaf, connect_to(server) as publisher:
            ask(deaf, b"SUBSCRIBE c\r\n", b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
            message = bulk(b"PUBLISH", b"c", b"x" * 100_000)
            for _ in range(100):
                publisher.sendall(message)
                if read(publisher, 4) == b":0\r\n":
                    break
            else:
                pytest.fail("it never reads, and is still subscribed")
            assert is_closed(deaf)
