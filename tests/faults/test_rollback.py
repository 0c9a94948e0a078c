"""Transaction blocks that are undone, whole or one within another, after any commands.

What one command gives up another may take: bytes at the end of a block, a reference in a table, a
place in a list. Undoing has to bring all of it back, in whatever order it changed hands.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from faults.keyspace import differences, dump, forget_all, set_scene, settle
from faults.scenes import COMMANDS, known, name_of

from emberkv._core import _ember
from emberkv.exceptions import OutOfMemoryError, RedisError

ROUNDS = 300


def try_out(session: Any, command: Any) -> None:
    try:
        session.execute(command)
    except RedisError:
        pass


@pytest.fixture
def session(private: Any) -> Any:
    session = _ember.Session(private)
    set_scene(session)
    return session


def test_a_block_of_any_commands_is_undone_whole(session: Any, density: int) -> None:
    commands = known(COMMANDS, session)
    before = dump(session)
    for _ in range(ROUNDS * density):
        sequence = random.choices(commands, k=random.choice([2, 3, 5, 20]))
        token = session.begin()
        for command in sequence:
            try_out(session, command)
        session.rollback(token)
        after = dump(session)
        assert after == before, f"{[*map(name_of, sequence)]}\n{differences(before, after)}"
    assert session.store.check()


def test_a_block_within_a_block_is_undone_alone(session: Any, density: int) -> None:
    commands = known(COMMANDS, session)
    for _ in range(ROUNDS // 4 * density):
        outer, inner = (random.choices(commands, k=random.choice([1, 2, 5])) for _ in range(2))
        outer_token = session.begin()
        for command in outer:
            try_out(session, command)
        between = dump(session)
        inner_token = session.begin()
        for command in inner:
            try_out(session, command)
        session.rollback(inner_token)
        what = f"{[*map(name_of, outer)]} then {[*map(name_of, inner)]}"
        after = dump(session)
        assert after == between, f"{what}\n{differences(between, after)}"
        session.commit(outer_token)
        after = dump(session)
        assert after == between, f"{what}, committed\n{differences(between, after)}"
        assert session.store.check()
        set_scene(session)


def test_what_is_emptied_gives_all_its_memory_back(private: Any) -> None:
    session = _ember.Session(private)
    session.execute((b"FLUSHALL",))
    forget_all(session)
    empty = private.stats()["blocks"]
    for command in known(COMMANDS, session):
        set_scene(session)
        try_out(session, command)
        session.execute((b"FLUSHALL",))
        forget_all(session)
        settle(session)
        assert private.stats()["blocks"] == empty, name_of(command)
    assert private.check()


def test_a_block_that_is_more_than_the_journal_holds(clock: Any) -> None:
    """The command that does not fit is an error; the block goes on, and ends either way whole."""
    store = _ember.Store(clock=clock, max_bytes=4 << 20)
    session = _ember.Session(store)
    session.execute((b"SET", b"big", b"a" * 1_000_000))
    session.execute((b"RPUSH", b"l", *(b"element %d" % i for i in range(5000))))
    before = dump(session)
    for end in ("rollback", "commit"):
        token = session.begin()
        written = 0
        with pytest.raises(OutOfMemoryError):
            while True:
                session.execute((b"SETRANGE", b"big", 0, b"%07d" % written * 100_000))
                written += 1
        within = dump(session)
        assert within[0, b"big"][3][:7] == b"%07d" % (written - 1)
        try_out(session, (b"DEL", b"l"))
        if end == "rollback":
            session.rollback(token)
            assert dump(session) == before
            continue
        last = dump(session)
        try:
            session.commit(token)
        except OutOfMemoryError:
            last = before
        assert dump(session) == last
        assert store.check()
    store.close()
