"""How often keys were asked for: against a model of its buckets, and against the truth."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

core = pytest.importorskip("emberkv._core._containers")

pytestmark = pytest.mark.quick
MIX, WORD = 0xD6E8FEB86659FD93, (1 << 64) - 1
SLOTS, EVERY, MOST = 8, 80, 15


class Model:
    """Buckets of slots, each [mark, count], in the order in which they lie."""

    def __init__(self, size: int) -> None:
        self.buckets = [[[0, 0] for _ in range(SLOTS)] for _ in range(size // 16)]
        self.hand = self.since = 0

    def place(self, key: int) -> tuple[list[list[int]], int]:
        for _ in range(2):
            key = (key ^ key >> 32) * MIX & WORD
        key ^= key >> 32
        return self.buckets[key % len(self.buckets)], key >> 52

    def of(self, key: int) -> int:
        bucket, mark = self.place(key)
        return next((n for m, n in bucket if n and m == mark), 0)

    def add(self, key: int) -> None:
        bucket, mark = self.place(key)
        known = next((slot for slot in bucket if slot[1] and slot[0] == mark), None)
        if known:
            known[1] = min(known[1] + 1, MOST)
        else:
            min(bucket, key=lambda slot: slot[1])[:] = [mark, 1]
        self.since += 1
        if self.since == EVERY:
            for slot in self.buckets[self.hand]:
                slot[1] >>= 1
            self.hand = (self.hand + 1) % len(self.buckets)
            self.since = 0

    def grow(self, size: int) -> None:
        times = size // (16 * len(self.buckets))
        self.buckets = [[list(s) for s in b] for _ in range(times) for b in self.buckets]
        self.hand = self.since = 0


# Few keys, so that they meet again, and such as share a bucket.
keys = st.one_of(st.integers(0, 40), st.integers(0, 20).map(lambda i: i << 44))
operations = st.lists(st.one_of(keys, st.just("grow")), max_size=400)


@settings(deadline=None)
@given(operations)
def test_every_count_is_the_models(ops: list[int | str]) -> None:
    sketch, wanted = core.Frequency(core.Arena()), 100
    sketch.grow(wanted)
    model, seen = Model(sketch.bytes), set()
    for op in ops:
        if isinstance(op, int):
            sketch.add(op)
            model.add(op)
            seen.add(op)
            assert sketch.of(op) == model.of(op)
        elif wanted < 20_000:
            wanted *= 3
            size = sketch.bytes
            sketch.grow(wanted)
            if sketch.bytes != size:
                model.grow(sketch.bytes)
            assert sketch.fits(wanted) and sketch.bytes >= 3 * wanted
    assert [sketch.of(key) for key in sorted(seen)] == [model.of(key) for key in sorted(seen)]


def test_nothing_is_known_before_there_is_room_nor_after_it_is_given_back() -> None:
    arena = core.Arena()
    sketch = core.Frequency(arena)
    before = arena.used_bytes
    sketch.add(1)
    assert sketch.of(1) == 0 and not sketch.fits(1)
    sketch.grow(1000)
    for _ in range(20):
        sketch.add(1)
    assert sketch.of(1) == MOST
    sketch.free()
    assert sketch.of(1) == 0 and arena.used_bytes == before


def test_what_is_asked_for_often_is_told_from_what_came_by() -> None:
    """As many keys again and again as it is made for, among ten times as many that come once."""
    sketch, lots = core.Frequency(core.Arena()), random.Random(1)
    sketch.grow(2000)
    often = [lots.getrandbits(64) for _ in range(1000)]
    for _ in range(20):
        for key in often:
            sketch.add(key)
            sketch.add(lots.getrandbits(64))
    once = [lots.getrandbits(64) for _ in range(1000)]
    assert sum(sketch.of(key) >= 4 for key in often) > 900
    assert sum(sketch.of(key) >= 1 for key in once) < 100


def test_the_past_fades() -> None:
    sketch, lots = core.Frequency(core.Arena()), random.Random(2)
    sketch.grow(300)
    for _ in range(15):
        sketch.add(7)
    others = [lots.getrandbits(64) for _ in range(50)]
    for _ in range(6 * 30 * 340 // 50):  # some six times round
        for key in others:
            sketch.add(key)
    assert sketch.of(7) == 0
