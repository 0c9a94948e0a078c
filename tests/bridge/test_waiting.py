"""Blocking commands, messages and the descriptor that pollers watch, through the bridge."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time

import pytest
import redis

import emberkv


class Poller:
    """An epoll on one connection's socket-like end, as kombu has it."""

    def __init__(self, connection):
        self._poll = select.epoll()
        self._poll.register(connection._sock, select.EPOLLIN)

    def readable(self, seconds=0.0):
        return bool(self._poll.poll(seconds))


@pytest.fixture(params=["private", "shared"])
def both_kinds(request, tmp_path):
    """A client on a store in memory, and one on a path."""
    path = None if request.param == "private" else str(tmp_path / "app.ember")
    with emberkv.redis_client(path) as made:
        yield made


@pytest.fixture
def connection(both_kinds):
    made = both_kinds.connection_pool.get_connection()
    yield made
    made.disconnect()


def later(call, *args, seconds=0.05):
    timer = threading.Timer(seconds, call, args)
    timer.start()
    return timer


def test_blpop_waits_for_another_thread(both_kinds):
    timer = later(both_kinds.rpush, "l", "a", "b")
    assert both_kinds.blpop(["other", "l"], timeout=10) == (b"l", b"a")
    assert both_kinds.lrange("l", 0, -1) == [b"b"]
    timer.join()


def test_blpop_waits_for_another_process(path):
    push = (
        "import emberkv, sys, time\n"
        f"db = emberkv.open({path!r})\n"
        "while not db.execute_command('INFO', 'clients')['blocked_clients']: time.sleep(0.01)\n"
        "db.rpush('l', 'from afar')\n"
    )
    with emberkv.redis_client(path) as client:
        client.ping()
        with subprocess.Popen([sys.executable, "-c", push]):
            assert client.blpop("l", timeout=20) == (b"l", b"from afar")


def test_a_wait_that_nobody_ends_gives_none(both_kinds):
    assert both_kinds.blpop("l", timeout=0.01) is None
    assert both_kinds.bzpopmin("z", timeout=0.01) is None


def test_socket_timeout_ends_a_wait_and_loses_nothing():
    with emberkv.open() as db:
        with emberkv.redis_client(db, socket_timeout=0.02) as client:
            with pytest.raises(redis.TimeoutError):
                client.blpop("l", timeout=0)
            db.rpush("l", "x")
            assert client.lrange("l", 0, -1) == [b"x"]


def test_other_threads_go_on_while_one_waits(both_kinds):
    got = []
    thread = threading.Thread(target=lambda: got.append(both_kinds.blpop("l", timeout=10)))
    thread.start()
    while not both_kinds.info("clients")["blocked_clients"]:
        time.sleep(0.001)
    assert both_kinds.set("k", "v")
    both_kinds.rpush("l", "x")
    thread.join()
    assert got == [(b"l", b"x")]


def test_the_descriptor_is_readable_as_long_as_there_is_a_reply(both_kinds, connection):
    poller = Poller(connection)
    assert not poller.readable()
    connection.send_command("PING")
    connection.send_command("ECHO", "x")
    assert poller.readable()
    assert connection.read_response() == b"PONG"
    assert poller.readable()
    assert connection.read_response() == b"x"
    assert not poller.readable()


def test_brpop_then_poll_then_read(both_kinds, connection):
    poller = Poller(connection)
    connection.send_command("BRPOP", "l", 0)
    assert not poller.readable()
    both_kinds.rpush("l", "x")
    assert poller.readable(10)
    assert connection.read_response() == [b"l", b"x"]
    assert not poller.readable()


def test_the_descriptor_is_readable_when_the_time_is_up(connection):
    poller = Poller(connection)
    connection.send_command("BRPOP", "l", 0.05)
    assert not poller.readable()
    assert poller.readable(10)
    assert connection.read_response() is None
    assert not poller.readable()


def test_a_descriptor_asked_for_while_it_waits_tells_as_well(both_kinds, connection):
    connection.send_command("BRPOP", "l", 0)
    poller = Poller(connection)
    both_kinds.rpush("l", "x")
    assert poller.readable(10)
    assert connection.read_response() == [b"l", b"x"]


def test_the_descriptor_tells_of_messages_one_by_one(both_kinds):
    pubsub = both_kinds.pubsub()
    pubsub.subscribe("c")
    assert pubsub.get_message(timeout=5)["type"] == "subscribe"
    poller = Poller(pubsub.connection)
    assert not poller.readable()
    for i in range(3):
        both_kinds.publish("c", i)
    for i in range(3):
        assert poller.readable(10)
        assert pubsub.get_message()["data"] == b"%d" % i
    assert not poller.readable()
    pubsub.close()


def test_commands_behind_one_that_waits_run_after_it(both_kinds, connection):
    connection.send_command("BLPOP", "l", 0)
    connection.send_command("SET", "k", "after")
    connection.send_command("GET", "k")
    assert both_kinds.get("k") is None
    both_kinds.rpush("l", "x")
    assert [connection.read_response() for _ in range(3)] == [[b"l", b"x"], b"OK", b"after"]


def test_a_connection_that_ends_while_it_waits_takes_nothing_with_it(both_kinds, connection):
    connection.send_command("BLPOP", "l", 0)
    both_kinds.rpush("l", "x")
    connection.disconnect()
    assert both_kinds.lrange("l", 0, -1) == [b"x"]


def test_a_blocking_command_in_a_transaction_does_not_wait(both_kinds):
    assert both_kinds.pipeline().blpop("l", timeout=0).set("k", 1).execute() == [None, True]


def test_pubsub_waits_for_a_message(both_kinds):
    pubsub = both_kinds.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe("c")
    pubsub.psubscribe("p*")
    assert pubsub.get_message(timeout=0.01) is None
    assert pubsub.get_message(timeout=0.01) is None
    timer = later(both_kinds.publish, "c", "hello")
    assert pubsub.get_message(timeout=10)["data"] == b"hello"
    both_kinds.publish("pq", "world")
    assert next(pubsub.listen())["pattern"] == b"p*"
    assert both_kinds.pubsub_numsub("c") == [(b"c", 1)]
    pubsub.close()
    assert both_kinds.pubsub_numsub("c") == [(b"c", 0)]
    timer.join()


@pytest.mark.parametrize("protocol", [2, 3])
def test_pubsub_in_a_thread(protocol):
    with emberkv.redis_client(protocol=protocol, decode_responses=True) as client:
        seen: list[str] = []
        came = threading.Event()

        def handle(message):
            seen.append(message["data"])
            came.set()

        pubsub = client.pubsub()
        pubsub.subscribe(c=handle)
        thread = pubsub.run_in_thread(sleep_time=0.01)
        client.publish("c", "one")
        assert came.wait(10)
        came.clear()
        pubsub.subscribe(d=handle)
        while client.pubsub_numsub("d") == [("d", 0)]:
            time.sleep(0.001)
        client.publish("d", "two")
        assert came.wait(10)
        assert seen == ["one", "two"]
        thread.stop()
        thread.join()


def test_keyspace_notifications(client):
    client.config_set("notify-keyspace-events", "KEA")
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    pubsub.psubscribe("__keyspace@0__:*")
    assert pubsub.get_message(timeout=0.01) is None
    client.set("k", "v")
    message = pubsub.get_message(timeout=10)
    assert (message["channel"], message["data"]) == (b"__keyspace@0__:k", b"set")
    pubsub.close()


def test_a_store_that_is_closed_tells_who_waits():
    db = emberkv.open()
    client = emberkv.redis_client(db)
    raised = []

    def wait():
        try:
            client.blpop("l", timeout=0)
        except redis.ConnectionError as error:
            raised.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    while not db.info("clients")["blocked_clients"]:
        time.sleep(0.001)
    db.close()
    thread.join(10)
    assert raised and "closed" in raised[0]


def test_descriptors_are_given_back(client):
    def descriptors():
        return len(os.listdir("/proc/self/fd"))

    client.ping()
    before = descriptors()
    for _ in range(20):
        connection = client.connection_pool.get_connection()
        connection.send_command("BLPOP", "l", 0)
        assert connection._sock.fileno() >= 0
        connection.disconnect()
        client.connection_pool.release(connection)
        pubsub = client.pubsub()
        pubsub.subscribe("c")
        pubsub.close()
    assert descriptors() <= before + 2


def test_a_closed_wire_has_no_descriptor(connection):
    wire = connection._sock
    assert wire.fileno() >= 0
    connection.disconnect()
    assert wire.fileno() == -1
