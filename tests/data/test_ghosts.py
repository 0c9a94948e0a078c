"""What keys that went were asked for: against a model of its buckets, and against the truth."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

core = pytest.importorskip("emberkv._core._containers")

pytestmark = pytest.mark.quick
MIX, WORD = 0xD6E8FEB86659FD93, (1 << 64) - 1
SLOTS, USES, MOST, ROUND = 8, 24, 7, 64


class Model:
    """Buckets of slots, each [mark, count], the oldest first."""

    def __init__(self, size: int, keys: int) -> None:
        self.buckets = [[[0, 0] for _ in range(SLOTS)] for _ in range(size // 16)]
        self.rounds = self.hand = self.since = 0
        self.made_for(keys)

    def made_for(self, keys: int) -> None:
        self.every = max(keys * USES // len(self.buckets), 1)

    def place(self, key: int) -> tuple[list[list[int]], int]:
        for _ in range(2):
            key = (key ^ key >> 32) * MIX & WORD
        key ^= key >> 32
        return self.buckets[key % len(self.buckets)], key >> 51

    def of(self, key: int) -> int:
        bucket, mark = self.place(key)
        return next((n for m, n in bucket if n and m == mark), 0)

    def put(self, key: int, count: int) -> None:
        if not count:
            return
        bucket, mark = self.place(key)
        known = next((slot for slot in bucket if slot[1] and slot[0] == mark), None)
        bucket.remove(known or min(bucket, key=lambda slot: slot[1]))
        bucket.append([mark, min(count, MOST)])

    def used(self, times: int) -> None:
        for _ in range(times):
            self.since += 1
            if self.since < self.every:
                continue
            self.since = 0
            for slot in self.buckets[self.hand]:
                slot[1] >>= 1
            self.hand += 1
            if self.hand == len(self.buckets):
                self.hand, self.rounds = 0, self.rounds + 1

    def clock(self) -> int:
        return self.rounds * ROUND + self.hand * ROUND // len(self.buckets)

    def grow(self, size: int, keys: int) -> None:
        times = size // (16 * len(self.buckets))
        self.buckets = [[list(s) for s in b] for _ in range(times) for b in self.buckets]
        self.hand *= times
        self.made_for(keys)


# Few keys, so that they meet again, and such as share a bucket.
keys = st.one_of(st.integers(0, 40), st.integers(0, 20).map(lambda i: i << 44))
uses = st.integers(1, 3000).map(lambda n: ("used", n))
operations = st.lists(
    st.one_of(st.tuples(keys, st.integers(0, 9)), uses, st.just(("grow", 0))), max_size=300
)


@settings(deadline=None)
@given(operations)
def test_every_count_is_the_models(ops: list[tuple[int | str, int]]) -> None:
    ghosts, wanted = core.Ghosts(core.Arena()), 100
    ghosts.grow(wanted)
    model, seen = Model(ghosts.bytes, wanted), set()
    for op, n in ops:
        if isinstance(op, int):
            ghosts.put(op, n)
            model.put(op, n)
            seen.add(op)
            assert ghosts.of(op) == model.of(op)
        elif op == "used":
            ghosts.used(n)
            model.used(n)
            assert ghosts.clock() == model.clock()
        elif wanted < 20_000:
            wanted *= 3
            ghosts.grow(wanted)
            model.grow(ghosts.bytes, wanted)
            assert ghosts.fits(wanted) and ghosts.bytes >= 2 * wanted
    assert [ghosts.of(key) for key in sorted(seen)] == [model.of(key) for key in sorted(seen)]


def test_nothing_is_known_before_there_is_room_nor_after_it_is_given_back() -> None:
    arena = core.Arena()
    ghosts = core.Ghosts(arena)
    before = arena.used_bytes
    ghosts.put(1, 3)
    ghosts.used()
    assert ghosts.of(1) == 0 and ghosts.clock() == 0 and not ghosts.fits(1)
    ghosts.grow(1000)
    ghosts.put(1, 100)
    assert ghosts.of(1) == MOST
    ghosts.free()
    assert ghosts.of(1) == 0 and arena.used_bytes == before


def test_what_was_asked_for_often_is_told_from_what_came_by() -> None:
    """As many keys as it is made for, among ten times as many that were asked for once."""
    ghosts, lots = core.Ghosts(core.Arena()), random.Random(1)
    ghosts.grow(2000)
    often = [lots.getrandbits(64) for _ in range(1000)]
    once = [lots.getrandbits(64) for _ in range(10_000)]
    for i, key in enumerate(once):
        if i < 1000:
            ghosts.put(often[i], 4)
        ghosts.put(key, 1)
    assert sum(ghosts.of(key) == 4 for key in often) > 900
    assert sum(ghosts.of(key) > 0 for key in once[:1000]) < 100


def test_the_past_fades() -> None:
    """By half with each round of the hand: what it keeps, and what others count by its clock."""
    ghosts, keys = core.Ghosts(core.Arena()), 3000
    ghosts.grow(keys)
    ghosts.put(5, 7)
    then, counts = ghosts.clock(), []
    for _ in range(4):
        counts.append((ghosts.of(5), ghosts.faded(7, then)))
        ghosts.used(keys * USES)
    assert counts == [(7, 7), (3, 3), (1, 1), (0, 0)]
    assert ghosts.clock() - then in range(4 * ROUND - 1, 4 * ROUND + 6)
    assert ghosts.faded(7, ghosts.clock()) == 7
