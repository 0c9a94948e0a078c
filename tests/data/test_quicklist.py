"""List of listpacks against a Python list, with undone transactions in between."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

core = pytest.importorskip("emberkv._core._containers")

FILLS = [-1, -2, -5, 0, 1, 3, 128]
VALUES = st.one_of(
    st.sampled_from([b"a", b"b", b"c", b"", b"7", b"-1"]),
    st.integers(-(2**40), 2**40).map(lambda i: str(i).encode()),
    st.binary(min_size=1, max_size=100),
    st.builds(
        lambda n, c: c * n,
        st.sampled_from([64, 500, 1500, 3000, 4070, 5000, 8150, 9000, 20000]),
        st.sampled_from([b"x", b"y"]),
    ),
)


def as_read(v):
    """Integers come back as such."""
    try:
        i = int(v)
    except ValueError:
        return v
    return i if str(i).encode() == v and -(2**63) <= i < 2**63 else v


def model(values, op):
    """What an op does to a Python list; its result."""
    name, *args = op
    if name == "push":
        tail, new = args
        values[:] = values + new if tail else new[::-1] + values
    elif name == "drop":
        del values[-1 if args[0] else 0]
    elif name == "insert":
        index, after, value = args
        values.insert(index + after, value)
    elif name == "replace":
        values[args[0]] = args[1]
    elif name == "remove":
        start, n = args
        del values[start : start + n]
    elif name == "remove_value":
        tail, most, value = args
        found = [i for i, v in enumerate(values) if v == value]
        gone = found[max(0, len(found) - most) :] if tail else found[:most]
        values[:] = [v for i, v in enumerate(values) if i not in set(gone)]
        return len(gone)
    return 0


class ListMachine(RuleBasedStateMachine):
    @initialize(fill=st.sampled_from(FILLS))
    def start(self, fill):
        self.list = core.List(core.Arena(), fill)
        self.values = []

    @rule(fill=st.sampled_from(FILLS))
    def change_the_limit(self, fill):
        self.list.set_fill(fill)

    def draw_op(self, data, values):
        """An op that the list as it is allows."""
        names = ["push"] * 3
        if values:
            names += ["drop", "drop", "insert", "insert", "replace", "remove", "remove_value"]
        name = data.draw(st.sampled_from(names), label="op")
        index = data.draw(st.integers(0, max(0, len(values) - 1)))
        if name == "push":
            new = data.draw(st.lists(VALUES, min_size=1, max_size=6))
            return ("push", data.draw(st.booleans()), new * data.draw(st.sampled_from([1, 1, 40])))
        if name == "drop":
            return ("drop", data.draw(st.booleans()))
        if name == "insert":
            return ("insert", index, data.draw(st.booleans()), data.draw(VALUES))
        if name == "replace":
            return ("replace", index, data.draw(VALUES))
        if name == "remove":
            return ("remove", index, data.draw(st.integers(0, len(values) - index)))
        value = data.draw(st.one_of(st.sampled_from(values), VALUES))
        most = data.draw(st.sampled_from([1, 2, 5, 10**9]))
        return ("remove_value", data.draw(st.booleans()), most, value)

    @rule(data=st.data(), n=st.integers(1, 4), fail=st.sampled_from([False, False, True]))
    def transaction(self, data, n, fail):
        values = list(self.values)
        ops, results = [], []
        for _ in range(n):
            ops.append(self.draw_op(data, values))
            results.append(model(values, ops[-1]))
        if fail:
            with pytest.raises(MemoryError):
                self.list.run(ops, fail=True)
        else:
            assert self.list.run(ops) == results
            self.values = values

    @precondition(lambda self: self.values)
    @rule(tail=st.booleans(), n=st.integers(1, 200))
    def pop_many(self, tail, n):
        n = min(n, len(self.values))
        for _ in range(n):
            want = self.values.pop(-1 if tail else 0)
            assert self.list.peek(tail) == as_read(want)
            self.list.run([("drop", tail)])

    @precondition(lambda self: self.values)
    @rule(data=st.data(), backwards=st.booleans())
    def iterate_from(self, data, backwards):
        index = data.draw(st.integers(0, len(self.values) - 1))
        want = self.values[index::-1] if backwards else self.values[index:]
        assert self.list.values(index, backwards) == [as_read(v) for v in want]

    @rule()
    def copy(self):
        other = self.list.run([("copy",)])
        assert other.check() and len(other) == len(self.values)
        assert other.values() == [as_read(v) for v in self.values]
        other.run([("release",)])

    @rule(budget=st.integers(1, 5))
    def drain_a_piece(self, budget):
        done = self.list.run([("drain", budget)])[0]
        left = len(self.list)
        assert bool(done) == (left == 0)
        self.values = self.values[len(self.values) - left :]

    @invariant()
    def it_reads_as_the_model(self):
        assert self.list.check()
        assert len(self.list) == len(self.values)
        assert self.list.values() == [as_read(v) for v in self.values]
        for tail in (False, True):
            want = as_read(self.values[-1 if tail else 0]) if self.values else None
            assert self.list.peek(tail) == want

    def teardown(self):
        if not hasattr(self, "list"):
            return
        arena = self.list.arena
        self.list.run([("release",)])
        assert arena.used_bytes == 0


ListMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestList = ListMachine.TestCase


def test_what_was_popped_and_overwritten_comes_back_when_undone():
    lst = core.List(core.Arena())
    lst.run([("push", True, [b"one", b"two", b"three"])])
    with pytest.raises(MemoryError):
        lst.run([("drop", True), ("drop", False), ("push", True, [b"XXXXX"]),
                 ("push", False, [b"YYY"])], fail=True)  # fmt: skip
    assert lst.values() == [b"one", b"two", b"three"]


@pytest.mark.parametrize("tail", [False, True])
def test_a_long_queue_keeps_full_nodes(tail):
    lst = core.List(core.Arena())
    for i in range(20000):
        lst.run([("push", tail, [b"%064d" % i])])
    assert lst.bytes < 20000 * 67 * 1.03
    for _ in range(20000):
        lst.run([("drop", not tail)])
    assert len(lst) == 0 and lst.nodes == 0


def test_a_short_list_takes_a_small_block():
    lst = core.List(core.Arena())
    lst.run([("push", True, [b"x" * 10, b"y" * 10])])
    assert lst.nodes == 1 and lst.bytes <= 64


def test_a_list_that_was_long_gives_memory_back():
    lst = core.List(core.Arena())
    lst.run([("push", True, [b"x" * 60] * 100)])
    for _ in range(98):
        lst.run([("drop", False)])
    assert lst.bytes <= 1024


def test_both_ends_of_a_short_list_do_not_reallocate_each_time():
    """A queue of bounded length: the node wanders inside its block."""
    lst = core.List(core.Arena())
    lst.run([("push", True, [b"%08d" % i for i in range(20)])])
    for i in range(1000):
        lst.run([("push", True, [b"%08d" % i]), ("drop", False)])
        assert lst.nodes <= 2 and lst.bytes <= 1024


def test_elements_beyond_the_limit_stand_alone():
    lst = core.List(core.Arena())
    lst.run([("push", True, [b"a", b"L" * 100_000, b"b", b"c"])])
    assert lst.nodes == 3
    lst.run([("remove_value", False, 1, b"L" * 100_000)])
    assert lst.values() == [b"a", b"b", b"c"]


def test_inserting_before_one_element_does_not_leave_tiny_nodes():
    lst = core.List(core.Arena())
    lst.run([("push", True, [b"%060d" % i for i in range(1000)])])
    before = lst.nodes
    for i in range(1000):
        lst.run([("insert", 400 + i, False, b"%060d" % i)])
    assert lst.nodes <= before * 4


def test_trimming_merges_what_is_left():
    lst = core.List(core.Arena())
    lst.run([("push", True, [b"%060d" % i for i in range(1000)])])
    lst.run([("remove", 1, 998)])
    assert lst.nodes == 1 and len(lst.values()) == 2
