"""Tracking, monitoring and the slow log when memory fails or processes die in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.children import is_killed
from faults.places import places

from emberkv._core import _ember
from emberkv.exceptions import OutOfMemoryError


def run(session: Any, text: str) -> Any:
    return session.execute(tuple(text.split()))


class Scene:
    """A store in which one session tracks what it reads, one a prefix, and one monitors."""

    def __init__(self, store: Any) -> None:
        self.store = store
        sessions = [_ember.Session(store) for _ in range(4)]
        self.reader, self.caster, self.monitor, self.writer = sessions
        run(self.writer, "MSET k 1 k2 2 p:1 3")
        run(self.writer, "RPUSH l a b c")
        run(self.writer, "CONFIG SET slowlog-log-slower-than -1 slowlog-max-len 3")
        run(self.reader, "CLIENT TRACKING ON")
        run(self.caster, "CLIENT TRACKING ON BCAST PREFIX p: PREFIX k")
        run(self.monitor, "MONITOR")
        run(self.reader, "MGET k k2 l p:1 nosuch")

    def used(self) -> int:
        return int(self.store.stats()["used_bytes"])

    def tracked(self) -> str:
        info = self.writer.execute(("INFO", "stats")).decode()
        return "".join(line for line in info.splitlines(True) if line.startswith("tracking_"))


WRITES = [
    "SET k other",
    "MSET k 1 k2 2 k3 3 p:1 4 p:2 5",
    "DEL k l",
    "RENAME k p:9",
    "FLUSHALL",
    "SLOWLOG RESET",
    "CONFIG SET tracking-table-max-keys 1",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "CLIENT PAUSE 0 WRITE",
    "CLIENT SETNAME somebody",
]
READS = [
    "GET another",
    "MGET a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "CLIENT TRACKING OFF",
    "CLIENT TRACKING ON NOLOOP",
    "RESET",
    "MONITOR",
]
CASTS = ["CLIENT TRACKING ON BCAST PREFIX x PREFIX y", "CLIENT TRACKING OFF", "RESET", "GET k"]
ALL = [
    *(("writer", text) for text in WRITES),
    *(("reader", text) for text in READS),
    *(("caster", text) for text in CASTS),
    ("monitor", "RESET"),
]


@pytest.mark.parametrize("who, text", ALL, ids=[f"{who}: {text[:24]}" for who, text in ALL])
def test_without_memory_nothing_is_half_done(check_build: None, who: str, text: str) -> None:
    for n in places(60):
        store = _ember.Store()
        scene = Scene(store)
        tracked = scene.tracked()
        used = scene.used()
        store.faults(fail_alloc_in=n)
        failed = False
        try:
            run(getattr(scene, who), text)
        except OutOfMemoryError:
            failed = True
        finally:
            store.faults()
        assert store.check(), n
        if failed:
            assert scene.used() == used, f"allocation {n} failed"
            assert scene.tracked() == tracked, n
        run(scene.writer, "SET k last")
        run(scene.writer, "FLUSHALL")
        for session in (scene.reader, scene.caster, scene.monitor, scene.writer):
            run(session, "RESET")
        assert "tracking_total_items:0" in scene.tracked()
        assert store.check(), n
        store.close()
        if not failed and n > 20:
            return


@pytest.fixture
def path(check_build: None, tmp_path: Path) -> Path:
    return tmp_path / "s.ember"


@pytest.fixture
def shared(path: Path) -> Iterator[Any]:
    store = _ember.Store(path)
    yield store
    assert store.check()
    store.close()


DEADLY = ["MSET k 1 k2 2 k3 3 p:1 4 p:2 5", "DEL k l", "FLUSHALL", "SET k once-more"]


@pytest.mark.parametrize("text", DEADLY)
def test_who_changes_keys_is_killed(shared: Any, path: Path, text: str, density: int) -> None:
    """Then nobody is told, or all are of all, as the keys are changed or not."""
    scene = Scene(shared)
    died = 0
    for n in places(20 * density, growth=1.4):
        run(scene.writer, "FLUSHALL")
        run(scene.writer, "MSET k 1 k2 2 p:1 3")
        run(scene.reader, "MGET k k2 p:1")
        before = scene.tracked()

        def child(n: int = n) -> None:
            own = _ember.Store(path)
            writer = _ember.Session(own)
            own.faults(die_at_touch_in=n)
            run(writer, text)

        killed = is_killed(child)
        run(scene.writer, "PING")  # whoever comes next undoes what was half done
        assert shared.check(), n
        unchanged = run(scene.writer, "MGET k k2 p:1") == [b"1", b"2", b"3"]
        if killed and unchanged:
            assert scene.tracked() == before, n
        died += killed
        if not killed:
            break
    assert died > 5


def test_who_is_told_dies(shared: Any, path: Path) -> None:
    """Its record goes with what it tracked, as soon as somebody looks."""

    def child() -> None:
        scene = Scene(_ember.Store(path))
        run(scene.writer, "SET k 1")
        os.kill(os.getpid(), signal.SIGKILL)

    assert is_killed(child)
    session = _ember.Session(shared)
    for _ in range(3):
        run(session, "SET k 2")
        run(session, "FLUSHALL")
    assert "tracking_total_items:0" in session.execute(("INFO", "stats")).decode()
    # Who opens it next forgets the dead.
    with_others = _ember.Store(path)
    clients = run(_ember.Session(with_others), "INFO clients").decode()
    assert "tracking_clients:0" in clients
    assert with_others.check()
    with_others.close()


def test_the_slow_log_without_memory_and_by_the_dying(shared: Any, path: Path) -> None:
    session = _ember.Session(shared)
    run(session, "CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 3")
    for n in places(20):
        shared.faults(fail_alloc_in=n)
        try:
            run(session, "RPUSH l a b c")
        except OutOfMemoryError:
            pass
        finally:
            shared.faults()
        assert shared.check(), n

        def child(n: int = n) -> None:
            own = _ember.Store(path)
            writer = _ember.Session(own)
            own.faults(die_at_touch_in=n)
            run(writer, "RPUSH l a b c")

        is_killed(child)
        run(session, "PING")
        assert shared.check(), n
        assert run(session, "SLOWLOG LEN") <= 3
        if n > 30:
            break
