"""Messages between processes that have a path open, and subscribers that die or stop."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import emberkv

SUBSCRIBER = """
import emberkv, sys
db = emberkv.open(sys.argv[1])
p = db.pubsub(ignore_subscribe_messages=True)
p.subscribe("chat", "quit")
p.psubscribe("news.*")
p.ssubscribe("shard")
print("ready", flush=True)
while True:
    try:
        message = p.get_message(timeout=None)
    except emberkv.ConnectionError as error:
        print("cut off", flush=True)
        continue
    if message:
        print(message["type"], message["channel"].decode(), len(message["data"]), flush=True)
        if message["channel"] == b"quit":
            break
"""


class Subscriber:
    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUBSCRIBER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def subscribe(path: Path) -> Iterator[Callable[[], Subscriber]]:
    started: list[Subscriber] = []

    def start() -> Subscriber:
        started.append(Subscriber(path))
        return started[-1]

    yield start
    for subscriber in started:
        subscriber.kill()


@pytest.fixture
def db(path: Path) -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open(path) as opened:
        yield opened


def until(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_messages_reach_another_process(
    db: emberkv.Ember[bytes], subscribe: Callable[[], Subscriber]
) -> None:
    one, two = subscribe(), subscribe()
    assert db.pubsub_numsub("chat") == [(b"chat", 2)]
    assert db.pubsub_numpat() == 1 and db.pubsub_shardchannels() == [b"shard"]
    assert db.publish("chat", "hello") == 2
    assert db.publish("news.today", "x") == 2
    assert db.spublish("shard", "xy") == 2
    assert db.publish("nobody", "x") == 0
    for subscriber in (one, two):
        assert subscriber.line() == "message chat 5"
        assert subscriber.line() == "pmessage news.today 1"
        assert subscriber.line() == "smessage shard 2"
    db.publish("quit", "")
    assert one.process.wait(30) == 0 and two.process.wait(30) == 0
    assert db.pubsub_channels() == []


def test_a_waiting_process_is_woken_at_once(
    db: emberkv.Ember[bytes], subscribe: Callable[[], Subscriber]
) -> None:
    subscriber = subscribe()
    took = []
    for _ in range(20):
        time.sleep(0.02)  # it is asleep by now
        began = time.monotonic()
        db.publish("chat", "x")
        subscriber.line()
        took.append(time.monotonic() - began)
    assert sorted(took)[10] < 0.05  # and has not looked by itself, which it does every 0.1 s


def test_many_messages_come_in_order(path: Path, db: emberkv.Ember[bytes]) -> None:
    counting = """
import emberkv, sys
db = emberkv.open(sys.argv[1])
p = db.pubsub(ignore_subscribe_messages=True)
p.subscribe("n")
print("ready", flush=True)
want = 0
while want < 20000:
    message = p.get_message(timeout=30)
    if message:
        assert int(message["data"]) == want, (message, want)
        want += 1
print("done", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", counting, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        for i in range(20000):
            assert db.publish("n", i) == 1
        assert child.stdout.readline() == "done\n"
    assert db._store.check()


def test_subscriptions_die_with_their_process(
    db: emberkv.Ember[bytes], subscribe: Callable[[], Subscriber]
) -> None:
    subscribe().kill()
    assert db.publish("chat", "x") == 0
    assert db.pubsub_numsub("chat") == [(b"chat", 0)]
    assert db.pubsub_channels() == [] and db.pubsub_numpat() == 0
    stays = subscribe()
    subscribe().kill()
    assert db.publish("chat", "hello") == 1
    assert stays.line() == "message chat 5"
    assert db._store.check()


def test_a_stopped_subscriber_holds_nobody_up(
    db: emberkv.Ember[bytes], subscribe: Callable[[], Subscriber]
) -> None:
    stopped, running = subscribe(), subscribe()
    os.kill(stopped.process.pid, signal.SIGSTOP)
    with contextlib.ExitStack() as after:
        after.callback(os.kill, stopped.process.pid, signal.SIGCONT)
        before = db._store.stats()["heap_bytes"]
        for _ in range(200):  # of a mebibyte each: more than the 32 that a subscriber may leave
            db.publish("chat", b"x" * (1 << 20))
            assert running.line() == f"message chat {1 << 20}"
        assert db._store.stats()["heap_bytes"] < before + (48 << 20)
        assert db.publish("chat", "x") == 1
        assert running.line() == "message chat 1"
    assert stopped.line() == "cut off"
    assert until(lambda: db.pubsub_numsub("chat") == [(b"chat", 2)])
    assert db.publish("chat", "again") == 2
    assert stopped.line() == "message chat 5"
    assert db._store.check()


def test_events_of_keys_reach_another_process(
    db: emberkv.Ember[bytes], path: Path, subscribe: Callable[[], Subscriber]
) -> None:
    with emberkv.open(path) as other, other.pubsub(ignore_subscribe_messages=True) as p:
        db.config_set("notify-keyspace-events", "EA")
        p.subscribe("__keyevent@0__:set")
        assert p.get_message() is None
        out = subprocess.run(
            [
                *(sys.executable, "-c"),
                "import emberkv, sys; emberkv.open(sys.argv[1]).set('from', 'a child')",
                str(path),
            ],
            check=False,
        )
        assert out.returncode == 0
        message = p.get_message(timeout=30)
        assert message is not None and message["data"] == b"from"


def test_a_child_of_a_fork_publishes_to_its_parent(db: emberkv.Ember[bytes]) -> None:
    with db.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe("chat")
        p.get_message()
        pid = os.fork()
        if pid == 0:
            code = 1
            with contextlib.suppress(BaseException):
                code = 0 if db.publish("chat", "from the child") == 1 else 2
            os._exit(code)
        message = p.get_message(timeout=30)
        assert message is not None and message["data"] == b"from the child"
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_child_of_a_fork_listens_for_itself(db: emberkv.Ember[bytes]) -> None:
    with db.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe("chat")
        p.get_message()
        there, here = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            with contextlib.suppress(BaseException):
                p.get_message(timeout=0)  # subscribes for the child
                os.write(here, b"!")
                message = p.get_message(timeout=30)
                code = 0 if message and message["data"] == b"for both" else 2
            os._exit(code)
        os.close(here)
        assert os.read(there, 1) == b"!"
        assert db.publish("chat", "for both") == 2
        message = p.get_message(timeout=30)
        assert message is not None and message["data"] == b"for both"
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        os.close(there)
        assert db.publish("chat", "x") == 1
