"""The hash table against a dict: every op, growth and shrinking, scans that changes cross."""

import random
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

containers = pytest.importorskip("emberkv._core._containers")


def a_table():
    return containers.Table(containers.Arena())


def scanned(table, count=10):
    cursor, out = 0, []
    while True:
        cursor, keys = table.scan(cursor, count)
        out += keys
        if cursor == 0:
            return out


KEYS = st.one_of(
    st.binary(max_size=40),
    st.integers(0, 200).map(lambda i: b"key:%d" % i),
)


class TableMachine(RuleBasedStateMachine):
    """Ops in any order; one scan goes on while the table changes."""

    def __init__(self):
        super().__init__()
        self.table = a_table()
        self.model = {}
        self.bulk = set()
        self.cursor = None

    def removed(self, key):
        self.stayed.discard(key) if self.cursor is not None else None

    @rule(key=KEYS, value=st.integers(0, 1000))
    def put(self, key, value):
        assert self.table.put(key, value) == (key not in self.model)
        self.model[key] = value

    @rule(key=KEYS)
    def find(self, key):
        assert self.table.find(key) == self.model.get(key)

    @rule(key=KEYS)
    def remove(self, key):
        assert self.table.remove(key) == (self.model.pop(key, None) is not None)
        self.removed(key)

    @rule(first=st.integers(0, 20), n=st.sampled_from([5, 30, 300, 1500]))
    def fill(self, first, n):
        first *= 1000
        self.table.fill(first, n)
        self.model.update((b"%d" % (first + i), i) for i in range(n))

    @rule(n=st.sampled_from([5, 300]), first=st.integers(0, 20))
    def fill_and_fail(self, first, n):
        with pytest.raises(MemoryError):
            self.table.fill_and_fail(first * 1000, n)

    @rule(share=st.sampled_from([0.3, 0.9, 1.0]), seed=st.integers(0, 5))
    def remove_many(self, share, seed):
        choice = random.Random(seed)
        for key in [k for k in self.model if choice.random() < share]:
            assert self.table.remove(key)
            del self.model[key]
            self.removed(key)

    @rule(count=st.sampled_from([0, 1, 10, 1000]))
    def scan_on(self, count):
        if self.cursor is None:
            self.cursor, self.stayed, self.seen = 0, set(self.model), Counter()
        self.cursor, keys = self.table.scan(self.cursor, count)
        self.seen.update(keys)
        if self.cursor == 0:
            self.cursor = None
            assert {k: self.seen[k] for k in self.stayed} == dict.fromkeys(self.stayed, 1)

    @rule()
    def random(self):
        key = self.table.random()
        assert key in self.model if self.model else key is None

    @invariant()
    def agrees(self):
        assert len(self.table) == len(self.model)
        assert self.table.check() and self.table.arena.check()
        assert set(self.table.keys()) == set(self.model)
        assert (self.table.nbytes == 0) == (not self.model)


TestTable = TableMachine.TestCase
TestTable.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_table_scan_visits_each_once():
    table = a_table()
    table.fill(0, 5000)
    for count in (1, 10, 700, 10**6):
        assert Counter(scanned(table, count)) == Counter(b"%d" % i for i in range(5000))


def test_table_scan_of_small_counts_returns_few():
    table = a_table()
    table.fill(0, 5000)
    cursor, keys = table.scan(0, 10)
    assert 10 <= len(keys) <= 40 and cursor > 0
    assert table.scan(2**48 - 1, 10)[0] == 0
    assert table.scan(2**64 - 1, 10) == (0, [])


def test_table_scan_finds_what_stays_while_the_table_grows_and_shrinks():
    table = a_table()
    table.fill(0, 1000)
    seen, cursor, step = Counter(), 0, 0
    while True:
        cursor, keys = table.scan(cursor, 50)
        seen.update(keys)
        if cursor == 0:
            break
        step += 1
        if step % 2:
            table.fill(10_000, 4000)
        else:
            for i in range(4000):
                table.remove(b"%d" % (10_000 + i))
    assert all(seen[b"%d" % i] == 1 for i in range(1000))


def test_table_gives_everything_back_when_it_empties():
    arena = containers.Arena()
    table = containers.Table(arena)
    before = arena.used_bytes
    table.fill(0, 20_000)
    order = list(range(20_000))
    random.Random(1).shuffle(order)
    most = table.nbytes
    for i, n in enumerate(order):
        assert table.remove(b"%d" % n)
        if i == 18_000:
            assert table.check()
            assert table.nbytes < most / 2
    assert len(table) == 0 and table.nbytes == 0
    assert arena.used_bytes == before


def test_table_of_five_is_one_bucket():
    table = a_table()
    table.fill(0, 5)
    assert table.nbytes == 64
    table.fill(0, 12)
    assert table.nbytes == 64


def test_table_takes_few_bytes_an_item():
    table = a_table()
    worst = 0
    for n in range(0, 60_000, 3000):
        table.fill(n, 3000)
        worst = max(worst, table.nbytes / len(table))
    assert worst < 14


@pytest.mark.parametrize("n", [3, 700, 5000])
def test_table_drains_in_slices(n):
    arena = containers.Arena()
    table = containers.Table(arena)
    before = arena.used_bytes
    table.fill(0, n)
    released, done = 0, False
    while not done:
        done, now = table.drain(50)
        assert done or 50 <= now < 62
        released += now
        assert len(table) == n - released == len(table.keys())
    assert released == n
    assert arena.used_bytes == before and arena.check()


def test_table_random_is_even():
    table = a_table()
    table.fill(0, 900)  # between two sizes: some segments have split and some not
    seen = Counter(table.random() for _ in range(90_000))
    assert len(seen) == 900
    assert 40 < min(seen.values()) and max(seen.values()) < 170


def test_table_is_whole_after_a_failed_transaction():
    table = a_table()
    table.fill(0, 3000)
    keys = set(table.keys())
    with pytest.raises(MemoryError):
        table.fill_and_fail(5000, 5000)
    assert table.check() and set(table.keys()) == keys and len(table) == 3000
    assert all(table.find(k) is not None for k in keys)


def test_table_that_runs_out_of_memory_stays_whole():
    arena = containers.Arena(1 << 20)
    table = containers.Table(arena)
    n = 0
    with pytest.raises(MemoryError):
        while True:
            table.put(b"%d" % n, n)
            n += 1
    assert len(table) == n and table.check() and arena.check()
    for i in range(n):
        assert table.find(b"%d" % i) == i
    for i in range(n):
        assert table.remove(b"%d" % i)
    assert len(table) == 0 and arena.check()


def test_a_reader_may_meet_any_depth():
    table = a_table()
    table.fill(0, 5000)
    for depth in range(256):
        for key in range(50):
            table.fetch_by_root(b"%d" % key, depth)
    assert table.check()
