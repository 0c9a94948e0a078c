"""Those who wait and those who serve them are killed, or get no memory, at every step.

An element is in a list, or was taken by the one for whom it was popped; never both, never neither.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.children import is_killed
from faults.places import places

from emberkv._core import _ember
from emberkv.exceptions import OutOfMemoryError

PATIENCE = 20.0
ELEMENTS = [b"a", b"b", b"c"]


@pytest.fixture
def path(check_build: None, tmp_path: Path) -> Path:
    return tmp_path / "s.ember"


@pytest.fixture
def store(path: Path) -> Iterator[Any]:
    store = _ember.Store(path)
    yield store
    assert store.check()
    store.close()


def run(session: Any, text: str) -> Any:
    return session.execute(tuple(text.split()))


class Wait(threading.Thread):
    """A command that waits, in a thread of this process, on a handle of its own."""

    def __init__(self, store: Any, text: str) -> None:
        super().__init__(daemon=True)
        self.session = _ember.Session(store)
        self.text = text
        self.reply: Any = None
        before = store.blocked_clients
        self.start()
        until(lambda: store.blocked_clients > before)

    def run(self) -> None:
        self.reply = run(self.session, self.text)

    def ends_within(self, seconds: float) -> bool:
        self.join(seconds)
        return not self.is_alive()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.0005)


# What is pushed while who waits -> what must be left and taken, in all.
PUSHES = {
    "one is served": (["BLPOP k 20"], "RPUSH k a b c"),
    "two, one at each end": (["BLPOP k 20", "BRPOP k 20"], "RPUSH k a b c"),
    "a chain": (["BLMOVE k m LEFT RIGHT 20", "BLPOP m 20"], "RPUSH k a b c"),
    "many": (["BLMPOP 20 1 k LEFT COUNT 2"], "RPUSH k a b c"),
}


@pytest.mark.parametrize("name", PUSHES)
def test_who_pushes_is_killed(store: Any, path: Path, name: str, density: int) -> None:
    """Then nobody was served and nothing pushed, or all of it, and those who wait hear of it."""
    waits, push = PUSHES[name]
    session = _ember.Session(store)
    died = 0
    for n in places(40 * density, growth=1.25):
        calls = [Wait(store, text) for text in waits]

        def child(n: int = n) -> None:
            own = _ember.Store(path)
            pusher = _ember.Session(own)
            own.faults(die_at_touch_in=n)
            run(pusher, push)

        killed = is_killed(child)
        run(session, "PING")  # whoever comes next undoes what was half done
        assert store.check(), n
        if store.blocked_clients:
            assert store.blocked_clients == len(waits), f"killed at {n}: some were served"
            assert run(session, "EXISTS k m") == 0, n
            run(session, "RPUSH k a b c")
        for call in calls:
            assert call.ends_within(PATIENCE), n
        got = [x for call in calls for x in elements(call.reply)]
        left = run(session, "LRANGE k 0 -1") + run(session, "LRANGE m 0 -1")
        moved = [x for call in calls if "BLMOVE" in call.text for x in elements(call.reply)]
        assert sorted(got + left) == sorted(ELEMENTS + moved), n
        run(session, "FLUSHALL")
        if not killed:
            break
        died += 1
    assert died > 20


def elements(reply: Any) -> list[bytes]:
    if isinstance(reply, bytes):
        return [reply]
    popped = reply[1]
    return popped if isinstance(popped, list) else [popped]


WAITS = {
    "BLPOP k 20": "RPUSH k a b c",
    "BRPOP j k 20": "RPUSH k a b c",
    "BLMPOP 20 1 k RIGHT COUNT 2": "RPUSH k a b c",
}


@pytest.mark.parametrize("text", WAITS)
def test_who_waits_is_killed(store: Any, path: Path, text: str, density: int) -> None:
    """At each of its own steps: while it begins to wait, and while it takes what it was given."""
    session = _ember.Session(store)
    died = unheard = 0
    for n in places(60 * density, growth=1.2):
        reader, writer = os.pipe()

        def child(n: int = n, writer: int = writer) -> None:
            own = _ember.Store(path)
            waiter = _ember.Session(own)
            own.faults(die_at_touch_in=n)
            os.write(writer, b" ".join(elements(run(waiter, text))))

        pid = os.fork()
        if pid == 0:
            try:
                child()
            finally:
                os._exit(0)
        os.close(writer)
        until(lambda pid=pid: store.blocked_clients == 1 or has_ended(pid))
        run(session, WAITS[text])
        _, status = os.waitpid(pid, 0)
        heard = os.read(reader, 100).split()
        os.close(reader)
        assert store.check(), n
        left = run(session, "LRANGE k 0 -1")
        killed = os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        if sorted(heard + left) != ELEMENTS:
            # It took them, and died before it could say so: as with a reply that is on the wire.
            assert killed and not heard and len(left) < 3, (n, heard, left)
            unheard += 1
        run(session, "FLUSHALL")
        assert store.blocked_clients == 0, n
        if not killed:
            break
        died += 1
    assert died > 20
    assert unheard <= 1  # the one step behind the commit


def has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def test_who_puts_back_is_killed(store: Any, path: Path, density: int) -> None:
    """A waiter died with what it was given; whoever finds out is killed while it puts that back."""
    session = _ember.Session(store)
    died = 0
    for n in places(30 * density, growth=1.3):
        pid = os.fork()
        if pid == 0:
            run(_ember.Session(_ember.Store(path)), "BLPOP k 20")
            os._exit(0)
        until(lambda: store.blocked_clients == 1)
        run(session, "PING")
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        run(session, "RPUSH k a b c")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

        def child(n: int = n) -> None:
            own = _ember.Store(path)
            finder = _ember.Session(own)
            own.faults(die_at_touch_in=n)
            run(finder, "SET x 1")

        killed = is_killed(child)
        assert run(session, "LRANGE k 0 -1") == ELEMENTS, n
        assert store.check(), n
        run(session, "FLUSHALL")
        if not killed:
            break
        died += 1
    assert died > 5


def test_no_memory_to_wait(check_build: None) -> None:
    store = _ember.Store()
    session = _ember.Session(store)
    run(session, "BLPOP warm 0.001")
    memory = store.stats()["used_bytes"]
    failed = 0
    for n in places(40):
        store.faults(fail_alloc_in=n)
        try:
            run(session, "BLPOP a b c 0.001")
        except OutOfMemoryError:
            failed += 1
            assert store.check()
            assert store.blocked_clients == 0
        else:
            break
        finally:
            store.faults()
        assert store.stats()["used_bytes"] == memory
    assert failed > 5
    store.close()


def test_no_memory_to_serve(check_build: None) -> None:
    """The push fails as a whole, or it stands and who waits is served when there is memory."""
    store = _ember.Store()
    session = _ember.Session(store)
    outcomes = set()
    for n in range(1, 60):
        call = Wait(store, "BLPOP k 20")
        store.faults(fail_alloc_in=n)
        try:
            run(session, "RPUSH k a b c")
        except OutOfMemoryError:
            store.faults()
            assert store.check()
            assert run(session, "EXISTS k") == 0
            assert store.blocked_clients == 1
            run(session, "RPUSH k a b c")
            outcomes.add("failed")
        else:
            store.faults()
            if store.blocked_clients:
                assert store.check()
                assert run(session, "LRANGE k 0 -1") == ELEMENTS
                outcomes.add("served later")
            else:
                outcomes.add("served")
        assert call.ends_within(PATIENCE), n
        assert elements(call.reply) == [b"a"]
        assert run(session, "LRANGE k 0 -1") == [b"b", b"c"]
        run(session, "FLUSHALL")
    assert outcomes == {"failed", "served later", "served"}
    store.close()
