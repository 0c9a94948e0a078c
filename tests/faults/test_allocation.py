"""Every allocation of every command fails in turn: an error, and not a trace of the command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from faults.children import is_found
from faults.kept import Kept
from faults.keyspace import differences, dump, set_scene, settle
from faults.places import places, some
from faults.scenes import COMMANDS, known, name_of

from emberkv._core import _ember
from emberkv.exceptions import OutOfMemoryError, RedisError, ResponseError


class Stage:
    """A store that stands at the scene, with what it should look like."""

    def __init__(self, store: Any, kept: Kept | None = None) -> None:
        self.store = store
        self.session = _ember.Session(store)
        self.kept = kept
        self.reset()

    def reset(self) -> None:
        if self.kept:
            self.kept.compare(self.session)
        set_scene(self.session)
        if self.kept:
            self._leave_no_reserve()
        self.before = dump(self.session)
        self.memory = self.used()

    def _leave_no_reserve(self) -> None:
        """What is in the file already is freed by whoever finds no memory, and he tries again."""
        self.store.flush_log(sync=False)
        self.store.faults(fail_alloc_in=1)
        self.session.execute((b"SET", b"one more", b"x" * 2000))
        self.store.faults()
        self.session.execute((b"DEL", b"one more"))
        self.store.faults(fail_alloc_in=1)
        self.session.execute((b"WATCH", b"one more"))  # what it needs is not in the file
        self.store.faults()
        self.session.execute((b"UNWATCH",))

    def used(self) -> tuple[int, int]:
        stats = self.store.stats()
        return stats["used_bytes"], stats["blocks"]

    def check_unchanged(self, what: str) -> None:
        after = dump(self.session)
        assert after == self.before, f"{what}\n{differences(self.before, after)}"
        assert self.used() == self.memory, what
        assert self.store.check(), what


@pytest.fixture(params=["in memory", "kept"])
def stage(check_build: None, request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "in memory":
        yield Stage(request.getfixturevalue("private"))
        return
    kept = request.getfixturevalue("kept")
    stage = Stage(kept.store, kept)
    yield stage
    kept.compare(stage.session, at_least=1)


@pytest.fixture
def rare(stage: Stage) -> int:
    """Of how many commands one is tried where the files are looked at too."""
    return 6 if stage.kept else 1


def failures(stage: Stage, attempt: Any, what: str) -> int:
    """Let allocation after allocation fail until attempt() succeeds; each time nothing changed."""
    failed = 0
    for n in places(12):
        stage.store.faults(fail_alloc_in=n)
        try:
            attempt()
        except OutOfMemoryError:
            failed += 1
        except RedisError:
            return failed
        else:
            return failed
        finally:
            stage.store.faults()
        stage.check_unchanged(f"{what}, allocation {n} failed")
    raise AssertionError


def test_a_command_that_gets_no_memory_leaves_no_trace(
    stage: Stage, density: int, rare: int
) -> None:
    failed = 0
    for command in some(known(COMMANDS, stage.session), density, 2 * rare):
        attempt = stage.session.execute
        failed += failures(stage, lambda c=command, run=attempt: run(c), name_of(command))
        assert stage.store.check(), name_of(command)
        stage.reset()
    assert failed > 50 / rare


def test_commands_in_exec_fail_one_by_one(stage: Stage, density: int, rare: int) -> None:
    session = stage.session
    for command in some(known(COMMANDS, session), density, 20 * rare):
        script = [(b"SET", b"first", b"x" * 200), command, (b"RPUSH", b"last", b"y")]
        for n in places(12):
            outcomes = run_exec(stage, script, n)
            if outcomes is None:
                stage.check_unchanged(f"EXEC with {name_of(command)}, allocation {n} failed")
                continue
            found = dump(session)
            assert stage.store.check()
            stage.reset()
            if all(outcomes):
                break
            for done, what in zip(outcomes, script, strict=True):
                if done:
                    try_out(session, what)
            expected = dump(session)
            assert found == expected, f"{name_of(command)} {n}\n{differences(expected, found)}"
            stage.reset()


def try_out(session: Any, command: Any) -> None:
    try:
        session.execute(command)
    except ResponseError:
        pass


def run_exec(stage: Stage, script: Any, n: int) -> list[bool] | None:
    """Which of the commands had memory enough; None when EXEC itself had none."""
    session = stage.session
    session.execute((b"MULTI",))
    for command in script:
        session.execute(command)
    stage.store.faults(fail_alloc_in=n)
    try:
        replies = session.execute((b"EXEC",))
    except OutOfMemoryError:
        try_out(session, (b"DISCARD",))
        return None
    finally:
        stage.store.faults()
    return [not isinstance(reply, OutOfMemoryError) for reply in replies]


def test_a_transaction_block_is_undone_whatever_failed_in_it(
    stage: Stage, density: int, rare: int
) -> None:
    session = stage.session

    def block(command: Any) -> None:
        token = session.begin()
        try:
            session.execute((b"SET", b"first", b"x" * 200))
            session.execute(command)
            session.execute((b"RPUSH", b"last", b"y"))
        except BaseException:
            session.rollback(token)
            raise
        session.commit(token)

    for command in some(known(COMMANDS, session), density, 15 * rare):
        failures(stage, lambda c=command: block(c), f"block with {name_of(command)}")
        stage.reset()


def test_a_store_of_fixed_size_fills_up_and_goes_on(clock: Any) -> None:
    store = _ember.Store(clock=clock, max_bytes=1 << 20)
    session = _ember.Session(store)
    with pytest.raises(OutOfMemoryError):
        for i in range(100_000):
            session.execute((b"RPUSH", b"l%d" % (i % 10), b"x" * 100))
    assert store.check()
    before = dump(session)
    for command in ((b"SET", b"new", b"x" * 100_000), (b"COPY", b"l1", b"new")):
        with pytest.raises(OutOfMemoryError):
            session.execute(command)
        assert dump(session) == before
    session.execute((b"DEL", b"l1", b"l2"))
    settle(session)
    for i in range(50):  # what is free lies in slabs of larger blocks, mostly
        session.execute((b"SET", b"new%d" % i, b"x" * 100))
    assert store.check()
    store.close()


def test_it_finds_a_change_that_was_not_announced(
    check_build: None, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: one ek_touch of a push to a list is left out."""
    monkeypatch.setenv("EMBERKV_CHECK_EVERY", "0")
    monkeypatch.setenv("EMBERKV_CHECK_WALK", "0")
    found = 0
    for forgotten in range(1, 12):
        stage = Stage(_ember.Store(clock=clock))
        stage.store.faults(forget_touch_in=forgotten, fail_alloc_in=3)
        try_out(stage.session, (b"RPUSH", b"L", b"x" * 9000))
        stage.store.faults()

        def is_changed(stage: Stage = stage) -> bool:
            return (
                dump(stage.session) != stage.before
                or stage.used() != stage.memory
                or not stage.store.check()
            )

        found += is_found(is_changed)
    assert found > 3
