"""The check build ends a process that changed the store unannounced, or left it unsound."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import tempfile
from typing import Any

import pytest
from faults.keyspace import set_scene

from emberkv._core import _ember
from emberkv.exceptions import RedisError


def ends_with(run: Any) -> tuple[int, str]:
    """The exit code (or -signal) of a forked child that runs it, and what it said on stderr."""
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if pid == 0:
            faulthandler.disable()
            os.dup2(said.fileno(), 2)
            run()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        said.seek(0)
        return os.waitstatus_to_exitcode(status), said.read().decode()


def try_out(session: Any, command: Any) -> None:
    try:
        session.execute(command)
    except RedisError:
        pass


COMMANDS = [
    (b"SET", b"s", b"other"),
    (b"INCR", b"n"),
    (b"RPUSH", b"L", b"x"),
    (b"HSET", b"H", b"field-1", b"x"),
    (b"SADD", b"i", 4711),
    (b"SADD", b"T", 4711),
    (b"ZADD", b"Z", 3.5, b"member-7"),
    (b"DEL", b"l"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: f"{c[0].decode()} {c[1].decode()}")
def test_a_forgotten_touch_ends_the_process(command: Any, check_build: None, private: Any) -> None:
    session = _ember.Session(private)
    set_scene(session)
    assert ends_with(lambda: session.execute(command)) == (0, "")
    touches = 0
    for n in range(1, 200):

        def forgetful(n: int = n) -> None:
            private.faults(forget_touch_in=n)
            session.execute(command)

        code, said = ends_with(forgetful)
        if code == 0:  # it has fewer than n, or the forgotten one wrote what was there already
            continue
        assert code == -signal.SIGABRT
        assert re.search("a change was (not announced|announced to the journal after)", said)
        touches += 1
    assert touches >= 2


def test_an_unsound_structure_ends_the_process(
    check_build: None, private: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forgotten touch, then an undo: what is left behind contradicts itself."""
    monkeypatch.setenv("EMBERKV_CHECK_EVERY", "0")
    found = 0
    for n in range(1, 40):

        def damage(n: int = n) -> None:
            store = _ember.Store()
            session = _ember.Session(store)
            session.execute((b"RPUSH", b"l", *range(300)))
            token = session.begin()
            store.faults(forget_touch_in=n)
            try_out(session, (b"LTRIM", b"l", 100, 200))
            try_out(session, (b"RPUSH", b"l", *(b"x" * 50 for _ in range(300))))
            session.rollback(token)
            try_out(session, (b"GET", b"absent"))

        code, said = ends_with(damage)
        found += code == -signal.SIGABRT and "contradicts itself" in said
    assert found
