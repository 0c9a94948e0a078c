"""Counted B+ tree: against a sorted list, in an arena that checks itself after every operation."""

import bisect
import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

core = pytest.importorskip("emberkv._core._containers")

scores = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(allow_nan=False),
    st.sampled_from([float("inf"), float("-inf"), 0.0, -0.0]),
)
members = st.one_of(st.binary(max_size=3), st.integers(0, 3000).map(lambda i: b"m%d" % i))


class AgainstSortedList(RuleBasedStateMachine):
    @initialize(n=st.sampled_from([0, 0, 30, 40, 1500]), same=st.booleans())
    def make(self, n, same):
        self.arena = core.Arena()
        self.tree = core.Btree(self.arena)
        self.model = []
        self.known = {}
        self.empty_bytes = self.arena.used_bytes
        for i in range(n):
            self.put(1.0 if same else float(i * 7919 % 1511), b"s%d" % (i * 7919 % 3001))

    def put(self, score, member):
        if member in self.known:
            item, old = self.known[member]
            self.model.remove((old, member))
            self.tree.move(item, old, score)
        else:
            item = self.tree.insert(score, member)
        self.known[member] = item, score
        bisect.insort(self.model, (score, member))

    @rule(score=scores, member=members)
    def insert_or_move(self, score, member):
        self.put(score, member)

    @rule(entries=st.lists(st.tuples(scores, members), min_size=20, max_size=80))
    def insert_many(self, entries):
        for score, member in entries:
            self.put(score, member)

    @rule(score=scores, n=st.integers(1, 200))
    def insert_a_run(self, score, n):
        for i in range(n):
            self.put(score, b"r%03d" % i)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), score=scores)
    def move(self, data, score):
        self.put(score, data.draw(st.sampled_from(self.model))[1])

    @precondition(lambda self: self.model)
    @rule(data=st.data(), n=st.integers(1, 60))
    def remove_neighbours(self, data, n):
        at = data.draw(st.integers(0, len(self.model) - 1))
        for score, member in self.model[at : at + n]:
            item, _ = self.known.pop(member)
            self.tree.remove(item, score)
        del self.model[at : at + n]

    @rule(data=st.data(), n=st.sampled_from([0, 1, 5, 40, 200, 1400]))
    def remove_ranks(self, data, n):
        rank = data.draw(st.integers(0, len(self.model) + 2))
        gone = self.model[rank : rank + n]
        assert self.tree.remove_ranks(rank, n) == len(gone)
        del self.model[rank : rank + n]
        for _, member in gone:
            del self.known[member]

    @rule()
    def remove_all(self):
        assert self.tree.remove_ranks(0, 2**31) == len(self.model)
        self.model.clear()
        self.known.clear()
        assert self.arena.used_bytes == self.empty_bytes

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def rank_and_at_are_inverse(self, data):
        rank = data.draw(st.integers(0, len(self.model) - 1))
        score, member = self.model[rank]
        assert self.tree.rank(score, member) == rank
        assert self.tree.at(rank) == self.known[member][0]

    @rule(score=scores, member=members)
    def rank_of_anything(self, score, member):
        assert self.tree.rank(score, member) == bisect.bisect_left(self.model, (score, member))

    @rule(score=scores)
    def before_score(self, score):
        in_order = [s for s, _ in self.model]
        assert self.tree.before_score(score, False) == bisect.bisect_left(in_order, score)
        assert self.tree.before_score(score, True) == bisect.bisect_right(in_order, score)

    @invariant()
    def same(self):
        if not hasattr(self, "tree"):
            return
        assert self.tree.check()
        assert self.arena.check()
        assert len(self.tree) == len(self.model)
        assert self.tree.items() == self.model
        assert self.tree.reversed_items() == self.model[::-1]
        assert self.tree.at(len(self.model)) == 0


AgainstSortedList.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None
)
TestAgainstSortedList = AgainstSortedList.TestCase


def test_before_member_finds_by_bytes():
    t = core.Btree(core.Arena())
    names = sorted(b"%x" % (i * 7919 % 4093) for i in range(400))
    for m in names:
        t.insert(1.0, m)
    for m in [b"", b"7", *names, b"zz"]:
        assert t.before_member(m, False) == bisect.bisect_left(names, m)
        assert t.before_member(m, True) == bisect.bisect_right(names, m)


@pytest.mark.parametrize("order", ["ascending", "descending", "random"])
def test_leaves_are_well_filled(order):
    t = core.Btree(core.Arena())
    n = 20_000
    scores = list(range(n))
    if order == "random":
        random.Random(1).shuffle(scores)
    for s in scores if order != "descending" else reversed(scores):
        t.insert(s, b"m")
    assert t.check()
    assert t.bytes / n < (20 if order != "descending" else 27)
    for s in scores[: n // 2]:
        t.remove(t.at(t.rank(s, b"m")), s)
    assert t.check() and len(t) == n // 2
    assert t.bytes / (n // 2) < 40


def test_memory_that_runs_out_leaves_the_tree_as_it_was():
    arena = core.Arena(max_bytes=1 << 20)
    t = core.Btree(arena)
    n = 0
    with pytest.raises(MemoryError):
        while True:
            t.insert(n * 7919 % 10_007, b"%d" % n)
            n += 1
    assert len(t) == n and t.check() and arena.check()
    assert t.remove_ranks(0, n) == n
    t.insert(1, b"again")
    assert t.check()
