from __future__ import annotations

import contextlib
import socket

import pytest

kombu = pytest.importorskip("kombu")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.needs("EVALSHA")
def test_messages_are_delivered_and_acknowledged(url):
    got = []

    def take(body, message):
        got.append(body)
        message.ack()

    queue = kombu.Queue("q", kombu.Exchange("x"), routing_key="k")
    with kombu.Connection(url) as connection, connection.channel() as channel:
        producer = kombu.Producer(channel)
        for n in range(20):
            producer.publish({"n": n}, exchange="x", routing_key="k", declare=[queue])
        with kombu.Consumer(channel, [queue], callbacks=[take]):
            while len(got) < 20:
                connection.drain_events(timeout=10)
            with pytest.raises(socket.timeout):
                connection.drain_events(timeout=0.05)
    assert got == [{"n": n} for n in range(20)]


def test_a_fanout_reaches_every_channel(url):
    got = []
    exchange = kombu.Exchange("news", type="fanout")
    with kombu.Connection(url) as connection, contextlib.ExitStack() as stack:
        for i in range(2):
            channel = stack.enter_context(connection.channel())
            stack.enter_context(
                kombu.Consumer(
                    channel,
                    [kombu.Queue(f"q{i}", exchange, auto_delete=True)],
                    callbacks=[lambda body, message: (got.append(body), message.ack())],
                )
            )
        # The subscriptions begin with the first look.
        with contextlib.suppress(socket.timeout):
            connection.drain_events(timeout=0.05)
        kombu.Producer(connection).publish("hello", exchange=exchange)
        while len(got) < 2:
            connection.drain_events(timeout=10)
    assert got == ["hello", "hello"]


def test_a_simple_queue(url):
    with kombu.Connection(url) as connection, connection.SimpleQueue("simple") as queue:
        queue.put({"a": 1})
        message = queue.get(timeout=10)
        assert message.payload == {"a": 1}
        message.ack()
        with pytest.raises(queue.Empty):
            queue.get(block=False)
