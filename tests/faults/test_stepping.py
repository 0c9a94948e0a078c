"""A process dies at any instruction of a command: the state is that before it or that after it.

The child is stepped an instruction at a time and killed (SIGKILL) at places spread over the whole
command, from the first write to the journal to behind the commit.
"""

from __future__ import annotations

import ctypes
import random
from pathlib import Path
from typing import Any

import pytest
from faults.children import is_found
from faults.keyspace import differences, dump, set_scene
from faults.scenes import NOW_MS, known, name_of, words
from faults.stepping import Stepper, compile_stepper

from emberkv._core import _ember
from emberkv.exceptions import RedisError

POINTS, POINTS_MAX = 3, 15
STEPS_MAX = 12_000

COMMANDS = [
    words(line)
    for line in """
SET s changed
SET new value
SET L string-over-a-long-list
SETRANGE big 500 middle
INCR n
APPEND s world
GETDEL s
MSET s 1 new 2 l 3
RPUSH l f
LPUSH new a b c
LPOP L 300
LINSERT L AFTER absent new
LINSERT l BEFORE c new
LMOVE l L LEFT RIGHT
LTRIM L 100 600
SADD i 70000
SADD i not-a-number
SREM T member-000001 member-000599
SMOVE t T one
SINTERSTORE i I i
HSET h f1 changed
HSET h512 one-more value
HDEL H field-1 field-2
HEXPIRE h 100 FIELDS 2 f1 f2
HPERSIST HX FIELDS 2 field-1 field-500
ZADD z 1.5 between
ZADD z128 5 one-more
ZADD Z 9 member-399
ZREM Z member-0 member-200 member-399
ZPOPMIN Z 10
DEL l L li absent
EXPIRE s 100
PERSIST sx
RENAME L l
COPY z new
MOVE hx 1
FLUSHDB
SWAPDB 0 1
""".strip().splitlines()
]
SCRIPT = [words("SET s in-exec"), words("LPUSH l 1 2"), words("ZADD Z 7 new"), words("DEL H")]


def nothing() -> None:
    pass


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.PyDLL:
    return compile_stepper(tmp_path_factory.mktemp("stepper"))


class Stage:
    def __init__(self, library: ctypes.PyDLL, path: Path) -> None:
        self.store = _ember.Store(path, clock=_ember.Clock(NOW_MS))
        self.session = _ember.Session(self.store)
        self.stepper = Stepper(library, path)
        set_scene(self.session)
        self.before = dump(self.session)

    def deaths(self, prepare: Any, call: Any, args: Any, what: str, points: int) -> int:
        """Let it end once, then kill it at `points` places; returns how often it was killed."""
        try:
            prepare()
            call(*args)
        except RedisError:
            pass
        after = dump(self.session)
        set_scene(self.session)
        if after == self.before:
            return 0
        _, steps = self.stepper.run(prepare, call, args, 1 << 60)
        length = min(steps.within and steps.commit + 60, STEPS_MAX)
        self._examine(after, f"{what}, after its end")
        died = 0
        for i in range(points):
            within = random.randrange(i * length // points, (i + 1) * length // points) + 1
            killed, _ = self.stepper.run(prepare, call, args, within)
            died += killed
            self._examine(after, f"{what}, killed {within} instructions into its changes")
        return died

    def _examine(self, after: Any, what: str) -> None:
        found = dump(self.session)
        if found != self.before:
            assert found == after, f"{what}\n{differences(self.before, found)}"
            set_scene(self.session)
        assert self.store.check(), what


@pytest.fixture
def stage(library: ctypes.PyDLL, tmp_path: Path) -> Any:
    stage = Stage(library, tmp_path / "s.ember")
    if stage.store.faults():
        stage.store.close()
        pytest.skip("the build that people use is stepped; this one takes ten times the steps")
    yield stage
    stage.store.close()


def test_death_at_any_instruction_of_a_command(stage: Stage, density: int) -> None:
    died = 0
    points = min(POINTS * density, POINTS_MAX)
    for i, command in enumerate(known(COMMANDS, stage.session)):
        if density == 1 and i % 2:
            continue
        execute = stage.session.execute
        died += stage.deaths(nothing, execute, (command,), name_of(command), points)
    assert died >= 10
    assert stage.store.recovered


def test_death_at_any_instruction_of_exec(stage: Stage, density: int) -> None:
    execute = stage.session.execute

    def queue() -> None:
        execute((b"MULTI",))
        for command in SCRIPT:
            execute(command)

    assert stage.deaths(queue, execute, ((b"EXEC",),), "EXEC", min(10 * density, 100)) >= 5


def test_death_at_any_instruction_of_a_transaction_block(stage: Stage, density: int) -> None:
    session = stage.session

    def block() -> None:
        token = session.begin()
        for command in SCRIPT:
            session.execute(command)
        session.commit(token)

    assert stage.deaths(nothing, block, (), "a block", min(10 * density, 100)) >= 5


def test_it_finds_a_change_that_was_not_announced(
    check_build: None, library: ctypes.PyDLL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBERKV_CHECK_EVERY", "0")
    monkeypatch.setenv("EMBERKV_CHECK_WALK", "0")
    found = 0
    for i in range(12):
        stage = Stage(library, tmp_path / f"{i}.ember")

        def forget(stage: Stage = stage, i: int = i) -> None:
            stage.store.faults(forget_touch_in=1 + i % 4)

        args = ((b"LPOP", b"L", b"300"),)
        killed, _ = stage.stepper.run(forget, stage.session.execute, args, 500 + 400 * i)

        def is_changed(stage: Stage = stage) -> bool:
            return dump(stage.session) != stage.before or not stage.store.check()

        if killed and is_found(is_changed):
            found += 1
    assert found
