"""Scores of big sorted sets: whole ones, which take less room in a block, and any others."""

import random

import pytest

import emberkv

LENGTHS = [0, 1, 12, 16, 253, 254, 255, 256, 1000]
SCORES = [
    0.0,
    -0.0,
    5.0,
    -(2.0**44),
    2.0**45 - 1,
    2.0**45 + 1,
    2.0**53 - 1,
    0.5,
    0.1,
    1e300,
    -5e-324,
    float("inf"),
    -float("inf"),
]


def name(i, length):
    return (b"%d:" % i + b"m" * length)[:length] if length > 9 else b"%d" % (10**length + i)


def members():
    return [name(i, length) for length in LENGTHS for i in range(20)]


@pytest.mark.parametrize("seed", range(4))
def test_scores_change_between_the_forms_of_a_block(seed):
    choice = random.Random(seed)
    names = list(dict.fromkeys(members()))
    with emberkv.open() as db:
        have = {member: choice.choice(SCORES) for member in names}
        db.zadd("z", have)
        assert db.object("encoding", "z") == b"skiplist"
        for _ in range(2000):
            member, score = choice.choice(names), choice.choice(SCORES)
            db.zadd("z", {member: score})
            have[member] = score
        assert all(db.zscore("z", member) == score for member, score in have.items())
        order = sorted(have, key=lambda member: (have[member], member))
        assert [m for m, _ in db.zrange("z", 0, -1, withscores=True)] == order
        assert [db.zrank("z", member) for member in order] == list(range(len(order)))
        assert [db.zrevrank("z", member) for member in reversed(order)] == list(range(len(order)))
        assert db._session.store.check()


def test_many_scores_change_between_the_forms_at_once():
    with emberkv.open() as db:
        names = [b"member:%09d" % i for i in range(3000)]
        for part in (1, 10, 3, 7.0):  # whole ones at first
            scores = {member: i / part for i, member in enumerate(names)}
            db.zadd("z", scores)
            assert dict(db.zrange("z", 0, -1, withscores=True)) == scores
            assert db.zrank("z", names[1234]) == 1234
            assert db._session.store.check()


def test_a_change_that_needs_another_block_is_undone():
    with emberkv.open() as db:
        db.zadd("z", {b"member:%09d" % i: i for i in range(200)})
        before = db.zrange("z", 0, -1, withscores=True)
        with pytest.raises(ZeroDivisionError), db.transaction():
            for i in range(200):
                db.zadd("z", {b"member:%09d" % i: i + 0.1})
            assert db.zscore("z", b"member:%09d" % 7) == 7.1
            raise ZeroDivisionError
        assert db.zrange("z", 0, -1, withscores=True) == before
        assert db._session.store.check()


def test_whole_scores_of_16_byte_members_take_less_room():
    with emberkv.open() as db:
        db.zadd("whole", {b"member:%09d" % i: i for i in range(1000)})
        db.zadd("tenth", {b"member:%09d" % i: i + 0.1 for i in range(1000)})
        whole, tenth = db.memory_usage("whole"), db.memory_usage("tenth")
        assert whole is not None and tenth is not None and tenth - whole >= 7_500
