"""A process dies in the middle of a command; whoever comes next finds the state before or after.

The child is a fork that runs one command on the shared store and is killed (SIGKILL) at the n-th
announcement to the journal or step of a commit; the parent goes on with its own handle, or opens
the path anew.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.children import is_found, is_killed
from faults.kept import Kept
from faults.keyspace import differences, dump, set_scene
from faults.places import places, some
from faults.scenes import COMMANDS, known, name_of

from emberkv._core import _ember
from emberkv.exceptions import RedisError


class Stage:
    """A shared store at the scene, and what came out of a child's death."""

    def __init__(self, store: Any, kept: Kept | None = None) -> None:
        self.store = store
        self.kept = kept
        self.session = _ember.Session(store)
        set_scene(self.session)
        self.before = dump(self.session)

    def after(self, run: Any) -> Any:
        """What the keyspace is when nobody dies; it stands at the scene again behind this."""
        try:
            run()
        except RedisError:
            pass
        after = dump(self.session)
        self.restore()
        return after

    def restore(self) -> None:
        if self.kept:
            self.kept.compare(self.session)
        set_scene(self.session)

    def deaths(self, run: Any, what: str, dense: int) -> int:
        """Kill the child at place after place; returns how often it died."""
        after = self.after(run)
        if after == self.before:
            return 0
        died = 0
        for n in places(dense, growth=1.6):

            def child(n: int = n) -> None:
                self.store.faults(die_at_touch_in=n)
                run()

            killed = is_killed(child)
            found = dump(self.session)
            if found != self.before:
                where = f"{what}, killed at {n}\n{differences(self.before, found)}"
                assert found == after, where
                self.restore()
            assert self.store.check(), f"{what}, killed at {n}"
            if not killed:
                return died
            died += 1
        raise AssertionError


@pytest.fixture(params=["in memory", "kept"])
def stage(check_build: None, request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "in memory":
        yield Stage(request.getfixturevalue("shared"))
        return
    kept = request.getfixturevalue("kept")
    stage = Stage(kept.store, kept)
    yield stage
    kept.compare(stage.session, at_least=1)


@pytest.fixture
def rare(stage: Stage) -> int:
    """Of how many commands one is tried where the files are looked at too."""
    return 4 if stage.kept else 1


def test_a_command_that_is_killed_happened_or_did_not(
    stage: Stage, density: int, rare: int
) -> None:
    died = 0
    execute = stage.session.execute
    for command in some(known(COMMANDS, stage.session), density, 8 * rare):
        died += stage.deaths(lambda c=command: execute(c), name_of(command), min(3 * density, 12))
    assert died > 100 / rare
    assert stage.store.recovered


def test_exec_that_is_killed_happened_as_a_whole_or_not(
    stage: Stage, density: int, rare: int
) -> None:
    def run_exec(command: Any) -> None:
        for part in ((b"MULTI",), (b"SET", b"s", b"in exec"), command, (b"INCR", b"n"), (b"EXEC",)):
            stage.session.execute(part)

    for command in some(known(COMMANDS, stage.session), density, 40 * rare):
        stage.deaths(
            lambda c=command: run_exec(c), f"EXEC with {name_of(command)}", min(3 * density, 12)
        )


def test_a_transaction_block_that_is_killed_leaves_no_trace(stage: Stage) -> None:
    session = stage.session
    for dies_at in (1, 2, 5, 10, 20, 50):

        def block(dies_at: int = dies_at) -> None:
            stage.store.faults(die_at_touch_in=dies_at)
            session.begin()
            for command in ((b"SET", b"s", b"1"), (b"LPUSH", b"L", b"2"), (b"DEL", b"T", b"Z")):
                session.execute(command)
            os.kill(os.getpid(), signal.SIGKILL)

        assert is_killed(block)
        assert dump(session) == stage.before
        assert stage.store.check()


def test_a_death_while_undoing_is_survived(stage: Stage) -> None:
    """The first child dies with much to undo, the second (and third) while it undoes that."""
    execute = stage.session.execute
    command = (b"RPUSH", b"L", *(b"x" * 100 for _ in range(500)))

    def first() -> None:
        stage.store.faults(die_at_touch_in=12)
        execute(command)

    def next_one() -> None:
        stage.store.faults(die_at_touch_in=1)
        execute((b"PING",))

    assert is_killed(first)
    assert is_killed(next_one) or stage.kept  # then who keeps house may have undone it before
    assert dump(stage.session) == stage.before
    assert stage.store.check()


def test_a_fresh_process_takes_over_what_everybody_left_dead(
    check_build: None, clock: Any, tmp_path: Path
) -> None:
    path = tmp_path / "s.ember"

    def alone() -> None:
        store = _ember.Store(path, clock=clock)
        session = _ember.Session(store)
        set_scene(session)
        store.faults(die_at_touch_in=4)
        session.execute((b"DEL", b"L", b"T", b"Z"))

    assert is_killed(alone)
    store = _ember.Store(path, clock=clock)
    session = _ember.Session(store)
    assert session.execute((b"LLEN", b"L")) == 700
    assert store.recovered
    assert store.check()
    set_scene(session)
    store.close()
    assert not (path / "arena").is_symlink()


def test_it_finds_a_change_that_was_not_announced(
    check_build: None, clock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault, a torn update: one touch is forgotten, and death comes soon after."""
    monkeypatch.setenv("EMBERKV_CHECK_EVERY", "0")
    monkeypatch.setenv("EMBERKV_CHECK_WALK", "0")
    found = 0
    for forgotten in range(1, 8):
        store = _ember.Store(tmp_path / f"{forgotten}.ember", clock=clock)
        stage = Stage(store)

        def child(stage: Stage = stage, forgotten: int = forgotten) -> None:
            stage.store.faults(forget_touch_in=forgotten, die_at_touch_in=forgotten + 6)
            stage.session.execute((b"LPOP", b"L", b"300"))

        if not is_killed(child):
            continue

        def is_changed(stage: Stage = stage) -> bool:
            return dump(stage.session) != stage.before or not stage.store.check()

        found += is_found(is_changed)
    assert found
