"""`PubSub` against redis-py's own on a real server, and what only a store in process has."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import time

import pytest
import redis

import emberkv
from emberkv.pubsub import PubSub, PubSubWorkerThread, Subscription

# In a script `p` and `q` are PubSubs, `m()` and `n()` their next messages, `db` is the client.
SCRIPTS = {
    "channels": """
        p.subscribed
        p.get_message()
        p.subscribe('a', 'b')
        p.subscribed
        p.channels
        m()
        m()
        m()
        db.publish('a', 'x')
        db.publish(b'b', 1.5)
        db.publish('c', 'x')
        m()
        m()
        m()
        p.unsubscribe('a')
        p.channels
        p.pending_unsubscribe_channels
        m()
        p.channels
        p.unsubscribe()
        m()
        p.subscribed
        p.channels
        m()
        p.subscribe(['c', 'd'], 'e')
        [m(), m(), m()]
        p.unsubscribe(['c', 'd'])
        [m(), m()]
        p.channels
    """,
    "patterns and shards": """
        p.psubscribe('a*', b'b?')
        [m(), m()]
        p.patterns
        p.ssubscribe('s')
        m()
        p.shard_channels
        db.publish('abc', 'x')
        m()
        db.spublish('s', 'y')
        m()
        p.get_sharded_message()
        p.punsubscribe('b?')
        m()
        p.patterns
        p.sunsubscribe()
        m()
        p.punsubscribe()
        m()
        p.subscribed
    """,
    "names of all kinds": """
        p.subscribe(b'bytes', 12, memoryview(b'view'), 1.5)
        [m(), m(), m(), m()]
        db.publish(12, 'x')
        m()
        db.publish('view', 'x')
        m()
        p.subscribe(True)
        p.subscribe(None)
        p.subscribe({'a': 1})
    """,
    "handlers": """
        p.subscribe(a=got.append)
        p.subscribe(Subscription('b', got.append), 'c')
        p.psubscribe(**{'z*': got.append})
        p.ssubscribe(s=got.append)
        [m(), m(), m(), m(), m()]
        db.publish('a', 1)
        m()
        db.publish('b', 2)
        m()
        db.publish('c', 3)
        m()
        db.publish('zz', 4)
        m()
        db.spublish('s', 5)
        m()
        got
        p.subscribe('a')
        m()
        db.publish('a', 6)
        m()
    """,
    "ignoring": """
        p.ignore_subscribe_messages
        p.subscribe('a')
        p.get_message(ignore_subscribe_messages=True, timeout=1)
        db.publish('a', 'x')
        p.get_message(ignore_subscribe_messages=True, timeout=1)
        p.unsubscribe('a')
        p.get_message(ignore_subscribe_messages=True, timeout=1)
        p.subscribed
    """,
    "ping": """
        p.ping()
        p.subscribe('a')
        p.ping('word')
        p.parse_response(block=False, timeout=1)
    """,
    "reset": """
        p.subscribe('a')
        p.psubscribe('b')
        p.reset()
        p.channels
        p.patterns
        p.subscribed
        p.get_message()
        p.subscribe('c')
        m()
        p.close()
        p.channels
    """,
    "two of them": """
        p.subscribe('a')
        q.subscribe('a')
        m()
        n()
        db.publish('a', 'x')
        m()
        n()
        db.pubsub_numsub('a', 'b')
        p.unsubscribe()
        m()
        db.publish('a', 'y')
        m()
        n()
        db.pubsub_channels()
    """,
    "not subscribed": """
        p.parse_response()
        p.check_health()
        p.unsubscribe()
        p.unsubscribe('a')
        p.subscribe('a')
        p.run_in_thread()
        list(p.listen()) if not p.subscribed else None
    """,
    "keyspace events": """
        db.config_set('notify-keyspace-events', 'KEA')
        p.psubscribe('__key*__:*')
        m()
        db.set('k', 'v')
        [m(), m()]
        db.delete('k')
        [m(), m()]
        db.config_set('notify-keyspace-events', '')
        db.set('k', 'v')
        m()
    """,
}


class World:
    def __init__(self, db, **options):
        self.db = db
        self.got = []
        self.names = {
            "db": db,
            "p": db.pubsub(**options),
            "q": db.pubsub(),
            "got": self.got,
            "m": lambda: self.next("p"),
            "n": lambda: self.next("q"),
            "Subscription": redis.Subscription,
        }

    def next(self, name):
        # What a real server sends is under way; what is not is there when a PING is answered.
        return self.names[name].get_message(timeout=0.05)

    def run(self, line):
        try:
            return eval(line, dict(self.names))
        except Exception as error:
            return type(error).__name__, str(error)

    def close(self):
        self.names["p"].close()
        self.names["q"].close()


@pytest.mark.parametrize("decode_responses", [False, True], ids=["bytes", "str"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_results_are_redis_pys(servers, open_db, name, decode_responses):
    theirs = World(servers("7.0", decode_responses=decode_responses))
    ours = World(open_db(decode_responses=decode_responses))
    differing = []
    for line in filter(None, map(str.strip, SCRIPTS[name].splitlines())):
        want, have = theirs.run(line), ours.run(line)
        if want != have:
            differing.append(f"{line}\n    redis-py {want}\n    emberkv  {have}")
    theirs.close()
    ours.close()
    assert not differing, "\n" + "\n".join(differing)


def test_public_surface_is_redis_pys():
    theirs = {name for name in dir(redis.client.PubSub) if not name.startswith("_")}
    assert theirs - set(dir(PubSub)) == set()
    attributes = {
        *("channels", "patterns", "shard_channels", "subscribed_event", "encoder"),
        *("pending_unsubscribe_channels", "pending_unsubscribe_patterns"),
        *("pending_unsubscribe_shard_channels", "ignore_subscribe_messages", "shard_hint"),
        *("connection", "health_check_response_counter", "push_handler_func"),
    }
    with emberkv.open() as db, db.pubsub() as p:
        assert attributes <= set(dir(p))
    assert issubclass(PubSubWorkerThread, threading.Thread)


def test_pushes_may_be_handled_first(open_db):
    db = open_db()
    seen = []
    with db.pubsub(push_handler_func=lambda reply: seen.append(reply) or reply) as p:
        p.subscribe("a")
        assert p.get_message(timeout=1)["type"] == "subscribe"
    assert seen == [[b"subscribe", b"a", 1]]


def test_waiting_is_ended_by_a_message(open_db):
    db = open_db()
    with db.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe("a")
        assert p.get_message(timeout=1) is None
        sender = threading.Thread(target=lambda: (time.sleep(0.1), db.publish("a", "x")))
        sender.start()
        began = time.monotonic()
        assert p.get_message(timeout=30)["data"] == b"x"
        assert time.monotonic() - began < 10
        sender.join()


def test_waiting_costs_no_processor_time(open_db):
    db = open_db()
    with db.pubsub() as p:
        p.subscribe("a")
        p.get_message(timeout=1)
        began = time.thread_time()
        assert p.get_message(timeout=1) is None
        assert time.thread_time() - began < 0.1


def test_get_message_waits_for_the_first_subscription(open_db):
    db = open_db()
    with db.pubsub() as p:
        other = threading.Thread(target=lambda: (time.sleep(0.1), p.subscribe("a")))
        other.start()
        assert p.get_message(timeout=30)["type"] == "subscribe"
        other.join()


def test_listen_ends_with_the_last_subscription(open_db):
    db = open_db()
    p = db.pubsub()
    p.subscribe("a")
    p.psubscribe("b*")
    db.publish("a", 1)
    db.publish("bb", 2)
    p.unsubscribe()
    p.punsubscribe()
    assert [m["type"] for m in p.listen()] == [
        *("subscribe", "psubscribe", "message", "pmessage", "unsubscribe", "punsubscribe"),
    ]


def test_another_thread_may_subscribe_while_one_listens(open_db):
    db = open_db()
    p = db.pubsub()
    p.subscribe("a")
    seen = []
    done = threading.Event()

    def listen():
        for message in p.listen():
            seen.append((message["type"], message["channel"]))
        done.set()

    thread = threading.Thread(target=listen)
    thread.start()
    p.subscribe("b")
    while db.publish("b", "x") != 1:
        pass
    p.unsubscribe()
    assert done.wait(30)
    thread.join()
    assert seen[0] == ("subscribe", b"a")
    assert set(seen[1:]) == {
        *(("subscribe", b"b"), ("message", b"b"), ("unsubscribe", b"a"), ("unsubscribe", b"b")),
    }


def test_a_thread_handles_messages_until_it_is_stopped(open_db):
    db = open_db()
    p = db.pubsub()
    seen, came = [], threading.Event()
    p.subscribe(a=lambda message: (seen.append(message["data"]), came.set()))
    thread = p.run_in_thread(daemon=True)
    assert thread.daemon
    db.publish("a", "x")
    assert came.wait(30)
    thread.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert seen == [b"x"] and not p.subscribed and db.pubsub_channels() == []


def test_what_a_handler_raises_goes_to_the_exception_handler(open_db):
    db = open_db()
    p = db.pubsub()
    caught = []

    def fail(message):
        raise KeyError(message["data"])

    def handle(error, pubsub, thread):
        caught.append((error, pubsub, thread))
        thread.stop()

    p.subscribe(a=fail)
    thread = p.run_in_thread(sleep_time=0.01, exception_handler=handle)
    db.publish("a", "x")
    thread.join(30)
    [(error, pubsub, reported)] = caught
    assert isinstance(error, KeyError) and pubsub is p and reported is thread


def test_ctrl_c_ends_a_wait(open_db):
    db = open_db()
    with db.pubsub() as p:
        p.subscribe("a")
        p.get_message()
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            p.get_message(timeout=None)
        assert time.monotonic() - began < 10
        db.publish("a", "still here")
        assert p.get_message()["data"] == b"still here"


def test_what_cannot_be_decoded_is_raised_for_itself(open_db):
    db = open_db(decode_responses=True)
    with db.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe("a")
        p.get_message()
        db.publish("a", b"\xff")
        db.publish("a", "good")
        with pytest.raises(UnicodeDecodeError):
            p.get_message()
        assert p.get_message()["data"] == "good"


def test_subscriptions_go_with_their_pubsub(open_db):
    db = open_db()
    p = db.pubsub()
    p.subscribe("a")
    p.psubscribe("*")
    assert db.publish("a", "x") == 2
    del p
    gc.collect()
    assert db.publish("a", "x") == 0
    assert (db.pubsub_channels(), db.pubsub_numpat()) == ([], 0)


def test_closing_the_store_ends_a_wait(open_db):
    db = open_db()
    p = db.pubsub()
    p.subscribe("a")
    p.get_message()
    raised = []

    def wait():
        try:
            p.get_message(timeout=30)
        except emberkv.ConnectionError as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.1)
    db.close()
    thread.join(30)
    assert len(raised) == 1


def test_a_transaction_that_is_undone_told_nobody(open_db):
    db = open_db()
    db.config_set("notify-keyspace-events", "EA")
    with db.pubsub() as p:
        p.subscribe("a", "__keyevent@0__:set")
        [p.get_message(), p.get_message()]
        with contextlib.suppress(KeyError), db.transaction():
            db.set("k", "v")
            db.publish("a", "never")
            raise KeyError
        assert p.get_message() is None
        with db.transaction():
            db.set("k", "v")
            db.publish("a", "x")
            with contextlib.suppress(KeyError), db.transaction():
                db.set("k2", "v")
                raise KeyError
        assert [p.get_message()["data"] for _ in range(2)] == [b"k", b"x"]
        assert p.get_message() is None
    assert db._store.check()


def test_a_transaction_whose_commands_fail_publishes_the_others(open_db):
    db = open_db()
    with db.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe("a")
        p.get_message()
        pipe = db.pipeline()
        pipe.publish("a", 1).lpush("k", 1).get("k").publish("a", 2)
        assert [type(r) for r in pipe.execute(raise_on_error=False)] == [
            *(int, int, emberkv.ResponseError, int),
        ]
        assert [p.get_message()["data"] for _ in range(2)] == [b"1", b"2"]


def test_a_subscriber_over_its_limit_is_cut_off_and_told(open_db):
    db = open_db()
    db.config_set("client-output-buffer-limit", "pubsub 100000 0 0")
    with db.pubsub(ignore_subscribe_messages=True) as p, db.pubsub() as other:
        p.subscribe("a")
        p.psubscribe("b*")
        [p.get_message(), p.get_message()]
        before = db._store.stats()["used_bytes"]
        for _ in range(300):
            db.publish("a", b"x" * 1000)
        assert db._store.stats()["used_bytes"] < before + 200_000
        assert db.publish("a", "nobody is there") == 0
        other.subscribe("a")
        with pytest.raises(emberkv.ConnectionError, match="cut off"):
            p.get_message()
        assert db.publish("a", "again") == 2 and db.publish("bb", "again") == 1
        got = [p.get_message() for _ in range(4)]
        assert [m["channel"] for m in got if m] == [b"a", b"bb"]
        assert db._store.check()


def test_a_soft_limit_gives_time(open_db):
    clock = emberkv.Clock()
    db = open_db(clock=clock)
    db.config_set("client-output-buffer-limit", "pubsub 0 1000 10")
    with db.pubsub() as p:
        p.subscribe("a")
        p.get_message()
        for _ in range(5):
            db.publish("a", b"x" * 1000)
            clock.advance(2)
        assert db.publish("a", "x") == 1
        clock.advance(2)
        db.publish("a", "x")
        assert db.publish("a", "x") == 0
        with pytest.raises(emberkv.ConnectionError):
            p.get_message()


def test_expired_keys_are_told_to_who_waits(open_db):
    clock = emberkv.Clock()
    db = open_db(clock=clock)
    db.config_set("notify-keyspace-events", "Ex")
    with db.pubsub(ignore_subscribe_messages=True) as p:
        p.subscribe("__keyevent@0__:expired")
        p.get_message()
        db.set("k", "v", ex=10)
        clock.advance(11)
        assert p.get_message(timeout=30)["data"] == b"k"


def test_a_pubsub_can_be_subscribed_to_by_many_names(open_db):
    db = open_db()
    names = [f"channel-{i}" for i in range(3000)]
    with db.pubsub() as p:
        p.subscribe(*names)
        assert len(db.pubsub_channels()) == 3000
        assert [m["data"] for m in (p.get_message() for _ in names)] == list(range(1, 3001))
        assert db.publish("channel-1234", "x") == 1
        p.unsubscribe(*names[:2999])
        assert db.pubsub_channels() == [b"channel-2999"]
        assert db._store.check()
    assert db.pubsub_channels() == []


def test_a_full_store_still_reads_what_it_cannot_tell_of(open_db):
    clock = emberkv.Clock()
    db = open_db(clock=clock, max_bytes=2 << 20)
    db.config_set("notify-keyspace-events", "KExm")
    db.config_set("client-output-buffer-limit", "pubsub 0 0 0")
    with db.pubsub() as p:
        p.psubscribe("__key*__:*")
        db.set("soon", "v", ex=10)
        with pytest.raises(emberkv.OutOfMemoryError):
            for i in range(100_000):
                db.set(f"k{i}", "x" * 500)
        with contextlib.suppress(emberkv.OutOfMemoryError):
            for i in range(100_000):
                db.set(f"l{i}", "")
        clock.advance(11)
        assert [db.get("soon"), db.get("missing")] == [None, None]
        assert db._store.check()


def test_redis_pys_keyspace_notifications_read_ours(open_db):
    db = open_db()
    db.config_set("notify-keyspace-events", "KEA")
    with db.keyspace_notifications(key_prefix="user:") as told:
        told.subscribe_keyspace("user:*")
        db.set("user:1", "v")
        db.set("other", "v")
        db.delete("user:1")
        got = [told.get_message(timeout=0.05) for _ in range(5)]
    assert [(n.key, n.event_type) for n in got if n] == [("1", "set"), ("1", "del")]


def test_subscription_is_a_name_with_a_handler():
    assert Subscription("a") == Subscription(name="a", handler=None)
    assert Subscription("a") != Subscription("a", print)
    assert repr(Subscription("a")) == "Subscription(name='a', handler=None)"
    assert emberkv.Subscription is Subscription and emberkv.PubSub is PubSub
