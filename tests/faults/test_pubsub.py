"""Subscribing, publishing and events of keys: without memory, and by a process that dies."""

from __future__ import annotations

from typing import Any

import pytest
from faults.children import is_killed
from faults.places import places

from emberkv._core import _ember
from emberkv.exceptions import OutOfMemoryError

LONG = b"x" * 3000
COMMANDS: list[tuple[bytes, ...]] = [
    (b"SUBSCRIBE", b"new"),
    (b"SUBSCRIBE", b"a", b"new", LONG, b"new2"),
    (b"PSUBSCRIBE", b"new*", b"n*"),
    (b"SSUBSCRIBE", b"new"),
    (b"UNSUBSCRIBE", b"a"),
    (b"UNSUBSCRIBE",),
    (b"PUNSUBSCRIBE",),
    (b"SUNSUBSCRIBE", b"s"),
    (b"RESET",),
]
PUBLISHING: list[tuple[bytes, ...]] = [
    (b"PUBLISH", b"a", b"message"),
    (b"PUBLISH", b"a", LONG),
    (b"PUBLISH", b"abc", b"by patterns only"),
    (b"SPUBLISH", b"s", b"message"),
    (b"SET", b"k", b"v", b"EX", b"100"),
    (b"SET", LONG, b"a key that needs a long channel"),
    (b"DEL", b"there", b"list"),
    (b"RPOPLPUSH", b"list", b"other"),
    (b"HSET", b"h", b"f", b"v", LONG, b"v"),
    (b"HDEL", b"fields", b"f", b"g", b"h"),
    (b"MSET", b"k1", b"v", b"k2", b"v", b"there", b"w"),
]


class Scene:
    """Two listeners, who also subscribed to all events of keys, and a session that publishes."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.session = _ember.Session(store)
        for command in (
            (b"CONFIG", b"SET", b"notify-keyspace-events", b"KEAnmSTIV"),
            (b"SET", b"there", b"v"),
            (b"RPUSH", b"list", b"element"),
            (b"HSET", b"fields", b"f", b"v", b"g", b"v"),
        ):
            self.session.execute(command)
        self.listeners = [_ember.Listener(store) for _ in range(2)]
        for listener in self.listeners:
            for command in (
                (b"SUBSCRIBE", b"a", b"b"),
                (b"PSUBSCRIBE", b"a*", b"__*__:*"),
                (b"SSUBSCRIBE", b"s"),
            ):
                listener.execute_all(command)

    def who(self) -> Any:
        ask = self.session.execute
        channels = sorted(ask((b"PUBSUB", b"CHANNELS")))
        shards = sorted(ask((b"PUBSUB", b"SHARDCHANNELS")))
        return (
            ask((b"PUBSUB", b"NUMSUB", *channels)),
            ask((b"PUBSUB", b"SHARDNUMSUB", *shards)),
            ask((b"PUBSUB", b"NUMPAT")),
        )

    def keys(self) -> Any:
        keys = sorted(self.session.execute((b"KEYS", b"*")))
        return [(key, self.session.execute((b"TYPE", key))) for key in keys]

    def used(self) -> tuple[int, int]:
        stats = self.store.stats()
        return stats["used_bytes"], stats["blocks"]

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()


def until_it_succeeds(scene: Scene, run: Any) -> int:
    """Let allocation after allocation fail; each time nothing has changed and nobody was told."""
    failed = 0
    who, keys = scene.who(), scene.keys()
    used = scene.used()
    for n in places(12):
        scene.store.faults(fail_alloc_in=n)
        try:
            run()
        except OutOfMemoryError:
            failed += 1
        else:
            return failed
        finally:
            scene.store.faults()
        assert scene.used() == used
        assert scene.store.check()
        assert not any(listener.waiting() for listener in scene.listeners)
        assert (scene.who(), scene.keys()) == (who, keys)
    raise AssertionError


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0].decode())
def test_subscribing_without_memory_leaves_no_trace(
    check_build: None, private: Any, command: tuple[bytes, ...]
) -> None:
    scene = Scene(private)
    until_it_succeeds(scene, lambda: scene.listeners[0].execute_all(command))
    assert private.check()
    scene.close()
    assert scene.who() == ([], [], 0)
    assert private.check()


@pytest.mark.parametrize("command", PUBLISHING, ids=lambda c: c[0].decode())
def test_publishing_without_memory_tells_nobody(
    check_build: None, private: Any, command: tuple[bytes, ...]
) -> None:
    scene = Scene(private)
    assert until_it_succeeds(scene, lambda: scene.session.execute(command)) > 0
    one, two = (listener.take() for listener in scene.listeners)
    assert one and one == two
    assert private.check()


@pytest.mark.parametrize("command", PUBLISHING, ids=lambda c: c[0].decode())
def test_who_dies_while_publishing_told_all_or_nobody(
    check_build: None, shared: Any, command: tuple[bytes, ...]
) -> None:
    scene = Scene(shared)
    keys = scene.keys()
    died, told = 0, False
    for n in places(10, growth=1.5):

        def child(n: int = n) -> None:
            shared.faults(die_at_touch_in=n)
            scene.session.execute(command)

        killed = is_killed(child)
        assert scene.store.check()
        one, two = (listener.take() for listener in scene.listeners)
        assert one == two
        if not killed:
            assert one or told
            break
        died += 1
        told |= bool(one)
        if told:  # it, or one before it, died behind its commit
            continue
        assert scene.keys() == keys
    assert died > 2


def test_who_dies_while_subscribing_leaves_nothing(check_build: None, shared: Any) -> None:
    scene = Scene(shared)
    who = scene.who()
    for n in places(10, growth=1.5):

        def child(n: int = n) -> None:
            listener = _ember.Listener(shared)
            shared.faults(die_at_touch_in=n)
            listener.execute_all((b"SUBSCRIBE", b"a", b"new", LONG))
            listener.execute_all((b"PSUBSCRIBE", b"new*"))

        killed = is_killed(child)
        assert scene.who() == who
        assert shared.check()
        if not killed:
            return
    raise AssertionError
