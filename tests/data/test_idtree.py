"""Ordered map of ids: against a dict, in an arena that checks itself after every operation."""

import bisect
import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

core = pytest.importorskip("emberkv._core._containers")

TOP = 2**64 - 1
ids = st.one_of(
    st.tuples(st.integers(0, 60), st.integers(0, 3)),
    st.tuples(st.sampled_from([0, 1, 2**32, TOP - 1, TOP]), st.sampled_from([0, 1, TOP])),
)


class AgainstDict(RuleBasedStateMachine):
    @initialize(n=st.sampled_from([0, 0, 31, 32, 70, 1500]), order=st.sampled_from("abr"))
    def make(self, n, order):
        self.arena = core.Arena()
        self.tree = core.Idtree(self.arena)
        self.model = {}
        self.next_ref = 1
        self.empty_bytes = self.arena.used_bytes
        names = [(1000 + i, i % 2) for i in range(n)]
        if order == "b":
            names.reverse()
        elif order == "r":
            random.Random(n).shuffle(names)
        for name in names:
            self.put(name)

    def put(self, name):
        if name in self.model:
            self.tree.set(name, self.next_ref)
        else:
            self.tree.add(name, self.next_ref)
        self.model[name] = self.next_ref
        self.next_ref += 1

    @rule(name=ids)
    def add_or_set(self, name):
        self.put(name)

    @rule(names=st.lists(ids, min_size=20, max_size=80))
    def add_many(self, names):
        for name in names:
            self.put(name)

    @rule(n=st.integers(1, 200), gap=st.integers(1, 3))
    def append_a_run(self, n, gap):
        last = max(self.model, default=(0, 0))[0]
        for i in range(n):
            if last + i * gap < TOP:
                self.put((last + 1 + i * gap, 0) if last < TOP - 1000 else (500 + i, 1))

    @rule(n=st.integers(1, 200), start=st.integers(0, 2000))
    def insert_a_run_between(self, n, start):
        for i in range(n):
            self.put((start, i))

    @rule(name=ids)
    def remove_anything(self, name):
        assert self.tree.remove(name) == self.model.pop(name, 0)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), n=st.sampled_from([1, 5, 40, 300, 1400]), step=st.integers(1, 3))
    def remove_neighbours(self, data, n, step):
        names = sorted(self.model)
        at = data.draw(st.sampled_from([0, len(names) // 2, max(0, len(names) - n)]))
        for name in names[at : at + n : step]:
            assert self.tree.remove(name) == self.model.pop(name)

    @rule(budget=st.sampled_from([1, 30, 100]))
    def drain_some(self, budget):
        names = sorted(self.model)
        n, total, empty = self.tree.drain(budget)
        assert n >= min(budget, len(names)) and n < budget + 31
        assert total == sum(self.model.pop(name) for name in names[:n])
        assert empty == (not self.model)

    @rule()
    def drain_all(self):
        assert self.tree.drain(2**32)[0] == len(self.model)
        self.model.clear()
        assert self.arena.used_bytes == self.empty_bytes

    @rule(name=ids)
    def seek(self, name):
        names = sorted(self.model)
        assert self.tree.find(name) == self.model.get(name, 0)
        at = bisect.bisect_left(names, name)
        found = self.tree.at_least(name)
        assert found == ((names[at], self.model[names[at]]) if at < len(names) else None)
        at = bisect.bisect_right(names, name) - 1
        found = self.tree.at_most(name)
        assert found == ((names[at], self.model[names[at]]) if at >= 0 else None)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def seek_what_is_there(self, data):
        name = data.draw(st.sampled_from(sorted(self.model)))
        item = (name, self.model[name])
        assert self.tree.at_least(name) == self.tree.at_most(name) == item

    @invariant()
    def same(self):
        if not hasattr(self, "tree"):
            return
        assert self.tree.check()
        assert self.arena.check()
        assert len(self.tree) == len(self.model)
        items = sorted(self.model.items())
        assert self.tree.items() == items
        assert self.tree.reversed_items() == items[::-1]
        assert self.tree.first() == (items[0] if items else None)
        assert self.tree.last() == (items[-1] if items else None)


AgainstDict.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAgainstDict = AgainstDict.TestCase


def test_ids_in_order_fill_their_leaves():
    t = core.Idtree(core.Arena())
    n = 20_000
    for i in range(n):
        t.add((1_700_000_000_000 + i, 0), i + 1)
    assert t.check() and t.bytes / n < 22


def test_a_queue_keeps_its_size():
    arena = core.Arena()
    t = core.Idtree(arena)
    for i in range(1, 1001):
        t.add((i, 0), i)
    size = t.bytes
    for i in range(1001, 20_000):
        t.add((i, 0), i)
        assert t.remove((i - 1000, 0)) == i - 1000
    assert t.check() and t.bytes <= size + 3 * 640


def test_every_second_one_removed_leaves_no_nodes_that_are_nearly_empty():
    t = core.Idtree(core.Arena())
    for i in range(20_000):
        t.add((i, 0), i + 1)
    for i in range(20_000):
        if i % 10:
            t.remove((i, 0))
    assert t.check() and t.bytes / 2000 < 80


def test_memory_that_runs_out_leaves_the_tree_as_it_was():
    arena = core.Arena(max_bytes=1 << 20)
    t = core.Idtree(arena)
    n = 0
    with pytest.raises(MemoryError):
        while True:
            t.add((n * 7919 % 100_003, 0), n + 1)
            n += 1
    assert len(t) == n and t.check() and arena.check()
    assert t.drain(2**32)[0] == n
    t.add((1, 1), 1)
    assert t.check()
