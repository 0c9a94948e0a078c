"""Skiplist: against a sorted list, in a small arena that checks itself after every operation."""

import bisect

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
members = st.one_of(
    st.binary(max_size=3),
    st.integers(0, 500).map(lambda i: b"m%d" % i),
    st.sampled_from([b"x" * 2046, b"x" * 2047, b"x" * 2048, b"y" * 5000]),
)


class AgainstSortedList(RuleBasedStateMachine):
    @initialize(seed=st.lists(st.integers(1, 2**64 - 1), min_size=4, max_size=4))
    def make(self, seed):
        self.arena = core.Arena()
        self.list = core.Skiplist(self.arena)
        self.list.seed(*seed)
        self.model = []
        self.nodes = {}
        self.empty_bytes = self.arena.used_bytes

    @rule(score=scores, member=members)
    def insert_or_change(self, score, member):
        if member in self.nodes:
            node, old = self.nodes[member]
            self.model.remove((old, member))
            self.list.set_score(node, score)
        else:
            node = self.list.insert(score, member)
        self.nodes[member] = node, score
        bisect.insort(self.model, (score, member))

    @rule(entries=st.lists(st.tuples(scores, members), min_size=20, max_size=60))
    def insert_many(self, entries):
        for score, member in entries:
            self.insert_or_change(score, member)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data):
        score, member = data.draw(st.sampled_from(self.model))
        self.model.remove((score, member))
        node, _ = self.nodes.pop(member)
        self.list.remove(node)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), score=scores)
    def change_score(self, data, score):
        _, member = data.draw(st.sampled_from(self.model))
        self.insert_or_change(score, member)

    @rule(data=st.data())
    def remove_ranks(self, data):
        rank = data.draw(st.integers(0, len(self.model) + 2))
        n = data.draw(st.integers(0, 8))
        gone = self.model[rank : rank + n]
        assert self.list.remove_ranks(rank, n) == len(gone)
        del self.model[rank : rank + n]
        for _, member in gone:
            del self.nodes[member]

    @rule(budget=st.integers(0, 50))
    def drain_a_slice(self, budget):
        assert self.list.drain(budget) == (budget >= len(self.model))
        for _, member in self.model[:budget]:
            del self.nodes[member]
        del self.model[:budget]
        if not self.model:
            self.give_back()

    def give_back(self):
        while not self.list.drain(10):
            pass
        assert self.arena.used_bytes == self.empty_bytes

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def rank_and_at_are_inverse(self, data):
        rank = data.draw(st.integers(0, len(self.model) - 1))
        node, _ = self.nodes[self.model[rank][1]]
        assert self.list.rank(node) == rank
        assert self.list.at(rank) == node

    def place(self, rank):
        if rank == len(self.model):
            return 0, rank
        return self.nodes[self.model[rank][1]][0], rank

    @rule(score=scores, member=members)
    def seek(self, score, member):
        rank = bisect.bisect_left(self.model, (score, member))
        assert self.list.seek(score, member) == self.place(rank)

    @rule(score=scores)
    def seek_score(self, score):
        in_order = [s for s, _ in self.model]
        assert self.list.seek_score(score, False) == self.place(bisect.bisect_left(in_order, score))
        assert self.list.seek_score(score, True) == self.place(bisect.bisect_right(in_order, score))

    @invariant()
    def same(self):
        if not hasattr(self, "list"):
            return
        assert self.list.check()
        assert self.arena.check()
        assert len(self.list) == len(self.model)
        assert self.list.items() == self.model
        assert self.list.reversed_items() == self.model[::-1]
        assert self.list.at(len(self.model)) == 0


AgainstSortedList.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)
TestAgainstSortedList = AgainstSortedList.TestCase


def test_seek_lex_finds_by_bytes():
    z = core.Skiplist(core.Arena())
    names = sorted(b"%x" % (i * 7919 % 4093) for i in range(400))
    nodes = {m: z.insert(1.0, m) for m in names}
    for m in [b"", b"7", *names, b"zz"]:
        for beyond in (False, True):
            rank = (bisect.bisect_right if beyond else bisect.bisect_left)(names, m)
            assert z.seek_lex(m, beyond) == (nodes[names[rank]] if rank < 400 else 0, rank)


def test_levels_grow_with_the_list_and_fall_with_it():
    z = core.Skiplist(core.Arena())
    assert (z.level, z.bytes) == (0, 0)
    for i in range(5000):
        z.insert(i, b"%d" % i)
    assert 5 <= z.level <= 16
    assert z.check()
    assert z.remove_ranks(1, 4999) == 4999
    assert z.items() == [(0.0, b"0")]
    assert z.level <= 16 and z.check()


def test_a_node_of_an_ordinary_member_is_small():
    arena = core.Arena()
    z = core.Skiplist(arena)
    before = arena.used_bytes
    n = 20_000
    for i in range(n):
        z.insert(i * 7919 % n, b"m:%08d" % i)
    assert (arena.used_bytes - before) / n < 36


def test_memory_that_runs_out_leaves_the_list_as_it_was():
    arena = core.Arena(max_bytes=1 << 20)
    z = core.Skiplist(arena)
    z.insert(0, b"first")
    n = 1
    with pytest.raises(MemoryError):
        while True:
            z.insert(n, b"x" * 1000)
            n += 1
    assert len(z) == n and z.check() and arena.check()
    assert z.remove_ranks(0, n) == n
    z.insert(1, b"again")
    assert z.check()
