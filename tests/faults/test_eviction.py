"""Eviction fails, or its process dies, at each of its steps: every key is whole, or gone."""

from __future__ import annotations

from typing import Any

import pytest
from faults.children import is_killed
from faults.keyspace import dump, set_scene
from faults.places import places

from emberkv._core import _ember

POLICIES = ("allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-tinylfu", "volatile-ttl")


def limit(session: Any, policy: str, memory: int) -> None:
    settings = ("maxmemory-policy", policy, "maxmemory-eviction-tenacity", "100", "maxmemory")
    session.execute(("CONFIG", "SET", *settings, str(memory)))


def free(session: Any) -> None:
    session.execute(("CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction"))


class Stage:
    """A store at the scene, of which the next command evicts all that its policy lets go."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.session = _ember.Session(store)
        set_scene(self.session)
        self.before = dump(self.session)

    def lost(self, what: str) -> int:
        """How many keys went; all others are as they were, and so is the store."""
        free(self.session)
        found = dump(self.session)
        changed = {key for key, value in found.items() if self.before[key] != value}
        assert not changed, what
        assert self.store.check(), what
        return len(self.before) - len(found)

    def reset(self) -> None:
        set_scene(self.session)


@pytest.mark.parametrize("policy", POLICIES)
def test_keys_are_whole_or_gone_whichever_allocation_fails(
    check_build: None, private: Any, policy: str, density: int
) -> None:
    stage = Stage(private)

    def evict(n: int) -> int:
        limit(stage.session, policy, 1)
        stage.store.faults(fail_alloc_in=n)
        try:
            assert stage.session.execute((b"PING",)) == b"PONG"
        finally:
            stage.store.faults()
        lost = stage.lost(f"{policy}, allocation {n} failed")
        stage.reset()
        return lost

    everything = evict(1 << 30)
    assert everything > (20 if policy.startswith("allkeys") else 0)
    for n in places(4 * density, growth=1.6):
        if evict(n) == everything and n > density:
            break


@pytest.mark.parametrize("policy", POLICIES[:4])  # few keys have a time to live
def test_keys_are_whole_or_gone_when_their_evictor_is_killed(
    check_build: None, shared: Any, policy: str, density: int
) -> None:
    """Whoever comes next undoes the step, and goes on with evicting most keys."""
    stage = Stage(shared)
    little = shared.stats()["used_bytes"] // 20
    for n in places(3 * density, growth=1.8):

        def child(n: int = n) -> None:
            stage.store.faults(die_at_touch_in=n)
            limit(stage.session, policy, little)
            stage.session.execute((b"PING",))

        killed = is_killed(child)
        assert stage.lost(f"{policy}, killed at {n}") < len(stage.before)
        stage.reset()
        if not killed:
            break
    assert n > 3
