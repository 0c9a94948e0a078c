"""Every step on disk goes wrong in turn: it fails, is done by half, or is the process's last.

A child opens a durable path, does something to it (a deed) while a step fails, and is killed. While
the disk takes nothing, writes are refused and reads go on; when it does again, so do writes. In the
end the memory is dropped, and what the files give had been acknowledged: all that was safe is
there, in order and once, and nothing that nobody wrote. The dump beside them is whole all the time.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults.children import forked
from faults.places import places
from torture.reboots import drop_memory

import emberkv
from emberkv._core import _ember
from emberkv.exceptions import RedisError, ResponseError

LIMIT_S = 40
ACKNOWLEDGED, TRIED, STEPS, OUTCOME = range(4)


class Child:
    """In the child: writes one number after another, and notes how far it came."""

    def __init__(self, path: Path, policy: str, notes: memoryview) -> None:
        self.path, self.policy, self.notes = path, policy, notes
        self.acknowledged = notes[TRIED]
        self.store: Any = None
        self.refused = 0

    def open(self, durable: bool = True) -> None:
        self.store = _ember.Store(self.path, durable=durable, appendfsync=self.policy)
        self.session = _ember.Session(self.store)

    def open_when_it_can(self) -> None:
        try:
            self.open()
        except RedisError:
            self.store.disk_faults()
            self.open()

    def write(self) -> bool:
        """One transaction. False: it was refused."""
        n = self.notes[TRIED] + 1
        self.notes[TRIED] = n
        token = self.session.begin()
        try:
            self.session.execute((b"RPUSH", b"log", n))
            self.session.execute((b"SET", b"last", n))
        except ResponseError as error:
            self.session.rollback(token)
            return self._is_refused(error)
        try:
            self.session.commit(token)
        except ResponseError as error:
            return self._is_refused(error)
        self.acknowledged = n
        if self.policy == "always":
            self.notes[ACKNOWLEDGED] = n
        return True

    def _is_refused(self, error: ResponseError) -> bool:
        assert str(error).startswith("MISCONF Errors writing to the AOF file: "), error
        assert self.session.execute((b"GET", b"last"))  # reads go on
        self.refused += 1
        return False

    def flush(self) -> bool:
        try:
            self.store.flush_log()
        except ResponseError as error:
            return self._is_refused(error)
        self.notes[ACKNOWLEDGED] = self.acknowledged
        return True

    def ask(self, *command: Any) -> Any:
        """A reply, an error too."""
        try:
            return self.session.execute(command)
        except ResponseError as error:
            return error

    def info(self, name: str) -> str:
        lines = self.session.execute((b"INFO", b"persistence")).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)[name]

    def wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not until():
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def wait_for(self, name: str, value: str) -> None:
        self.wait(lambda: self.info(name) == value)


def _write(child: Child) -> None:
    for _ in range(3):
        child.write()
    child.flush()


def _rewrite(child: Child) -> None:
    child.write()
    child.ask(b"BGREWRITEAOF")
    child.write()
    child.wait_for("aof_rewrite_in_progress", "0")
    child.write()
    child.flush()


def _save(child: Child) -> None:
    child.write()
    child.ask(b"SAVE")
    child.write()
    child.flush()


def _save_behind(child: Child) -> None:
    child.write()
    child.ask(b"BGSAVE")
    child.wait_for("rdb_bgsave_in_progress", "0")
    child.flush()


def _close(child: Child) -> None:
    child.write()
    child.store.close()
    child.open_when_it_can()


def _reopen(child: Child) -> None:
    """Load files of which the last has a torn end."""
    child.store.close()
    drop(child.path)
    last = sorted((child.path / "appendonlydir").glob("*.incr.aof"))[-1]
    with last.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nlast\r\n$6")
    child.open_when_it_can()
    child.write()


def _turn_on(child: Child) -> bool:
    """A first base that fails is tried again, but only after a while."""
    rewrites = child.info("aof_rewrites")
    child.ask(b"CONFIG", b"SET", b"appendonly", b"no")
    child.flush()
    child.wait(lambda: not _is_kept(child))
    child.ask(b"CONFIG", b"SET", b"appendonly", b"yes")
    child.wait(
        lambda: (
            child.info("aof_rewrites") != rewrites
            or child.info("aof_last_bgrewrite_status") == "err"
        )
    )
    child.wait_for("aof_rewrite_in_progress", "0")
    return child.info("aof_last_bgrewrite_status") == "ok"


def _is_kept(child: Child) -> bool:
    told = child.store.log_positions[0]
    refused = isinstance(child.ask(b"INCR", b"looks"), Exception)
    return refused or bool(child.store.log_positions[0] > told)


DEEDS: dict[str, Callable[[Child], bool | None]] = {
    "write": _write,
    "rewrite": _rewrite,
    "save": _save,
    "save behind": _save_behind,
    "close": _close,
    "reopen": _reopen,
    "turn on": _turn_on,
}
FAULTS: dict[str, dict[str, Any]] = {
    "one fails": {"kind": "fails", "error": errno.EIO},
    "no room from then on": {"kind": "fails", "error": errno.ENOSPC, "on": True},
    "one is torn": {"kind": "torn", "error": errno.ENOSPC},
    "all are torn": {"kind": "torn", "error": errno.ENOSPC, "on": True},
    "it is killed": {"kind": "killed"},
}


def drop(path: Path) -> None:
    if (path / "arena").is_symlink():
        drop_memory(str(path))


class Trial:
    """One deed with one fault, on a copy of files that were made before."""

    def __init__(self, path: Path, policy: str) -> None:
        self.path, self.policy = path, policy
        self.notes = memoryview(mmap.mmap(-1, 64)).cast("Q")

    def run(self, act: Callable[[Child], None]) -> int:
        """How a child ended that acts."""

        def run() -> None:
            try:
                act(Child(self.path, self.policy, self.notes))
            except BaseException:
                traceback.print_exc()
                raise AssertionError from None

        return forked(run)

    def prepare(self) -> None:
        def act(child: Child) -> None:
            child.open()
            for _ in range(3):
                child.write()
            child.session.execute((b"SAVE",))
            child.session.execute((b"BGREWRITEAOF",))
            child.wait_for("aof_rewrite_in_progress", "0")
            child.write()
            child.flush()
            child.store.close()

        assert self.run(act) == 0

    def deed(self, deed: Callable[[Child], bool | None], n: int, **fault: Any) -> int:
        """How it ended; the step was not reached if STEPS are fewer than n."""

        def act(child: Child) -> None:
            child.open()
            before = child.store.disk_steps
            child.store.disk_faults(n, **fault)
            recovers = deed(child) is not False
            self.notes[STEPS] = child.store.disk_steps - before
            child.store.disk_faults()
            if recovers:
                self._recover(child)
            os.kill(os.getpid(), signal.SIGKILL)

        self.notes[STEPS] = n
        self.notes[OUTCOME] = 0
        return self.run(act)

    def _recover(self, child: Child) -> None:
        """There is room again, and whoever keeps house finds out: so who writes is let through."""
        child.wait(lambda: child.write() or (child.flush() and child.write()))
        assert child.flush()
        assert child.store.check()
        self.notes[OUTCOME] = len(child.session.execute((b"LRANGE", b"log", 0, -1)))

    def look(self) -> None:
        """After a reboot: see above."""
        drop(self.path)
        with emberkv.load(self.path / "dump.rdb") as saved:
            log = [int(x) for x in saved.lrange("log", 0, -1)]
            assert log == sorted(set(log)) and log[-1:] <= [self.notes[TRIED]]

        def act(child: Child) -> None:
            child.open()
            log = [int(x) for x in child.session.execute((b"LRANGE", b"log", 0, -1))]
            last = int(child.session.execute((b"GET", b"last")))
            assert log == sorted(set(log)) and last == log[-1]
            assert self.notes[ACKNOWLEDGED] <= last <= self.notes[TRIED]
            if self.notes[OUTCOME]:
                assert len(log) == self.notes[OUTCOME]
            assert child.store.check()
            assert child.write() and child.flush()
            child.store.close()

        assert self.run(act) == 0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, bytes]]:
    """A directory of files for a policy, made once, and the notes on it."""
    made: dict[str, tuple[Path, bytes]] = {}

    def get(policy: str) -> tuple[Path, bytes]:
        if policy not in made:
            path = tmp_path_factory.mktemp("files") / "app.ember"
            trial = Trial(path, policy)
            trial.prepare()
            made[policy] = path, bytes(trial.notes.cast("B"))
        return made[policy]

    return get


@pytest.mark.parametrize("fault", FAULTS, ids=lambda x: x.replace(" ", "-"))
@pytest.mark.parametrize("deed", DEEDS, ids=lambda x: x.replace(" ", "-"))
def test_a_step_goes_wrong(
    check_build: None, files: Any, place: Path, deed: str, fault: str, density: int
) -> None:
    policies = ["always", "everysec"]
    if density == 1:
        policies = [policies[(list(DEEDS).index(deed) + list(FAULTS).index(fault)) % 2]]
    for policy in policies:
        try_steps(files(policy), place / policy, policy, DEEDS[deed], FAULTS[fault], 3 * density)


def try_steps(
    files: tuple[Path, bytes],
    place: Path,
    policy: str,
    deed: Callable[[Child], bool | None],
    fault: dict[str, Any],
    dense: int,
) -> None:
    whole, notes = files
    tried = 0
    for n in places(dense, growth=1.6):
        path = place / f"{n}.ember"
        shutil.copytree(whole, path)
        trial = Trial(path, policy)
        trial.notes.cast("B")[:] = notes
        code = trial.deed(deed, n, **fault)
        assert code == -signal.SIGKILL, f"step {n}: {code}"
        trial.look()
        shutil.rmtree(path)
        tried += 1
        if trial.notes[STEPS] < n:
            break
    assert tried > 2


@pytest.mark.parametrize("policy", ["always", "everysec"])
def test_a_full_disk_refuses_writes_until_there_is_room(
    check_build: None, place: Path, policy: str
) -> None:
    def act(child: Child) -> None:
        child.open()
        assert child.write() and child.flush()
        child.store.disk_faults(1, kind="fails", error=errno.ENOSPC, on=True)
        deadline = time.monotonic() + LIMIT_S
        while child.write():  # with everysec, until the house keeper has tried
            assert policy == "everysec" and time.monotonic() < deadline
        refused = child.refused
        assert not child.write() and not child.write() and child.refused == refused + 2
        with contextlib.suppress(ResponseError):
            child.session.execute((b"DEL", b"log"))
        assert child.session.execute((b"LLEN", b"log")) > 0
        child.store.disk_faults()
        while not child.write():  # by itself
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert child.flush()
        trial.notes[OUTCOME] = child.session.execute((b"LLEN", b"log"))
        child.session.execute((b"SAVE",))
        os.kill(os.getpid(), signal.SIGKILL)

    trial = Trial(place / "app.ember", policy)
    assert trial.run(act) == -signal.SIGKILL
    trial.look()


def test_what_a_sync_failed_for_is_written_again(check_build: None, place: Path) -> None:
    """A kernel may forget what it could not write, and say of the next sync that it succeeded."""

    def act(child: Child) -> None:
        child.open()
        assert child.write() and child.ask(b"SAVE")
        child.store.disk_faults(2, kind="fails", error=errno.EIO)  # a write, and its sync
        assert not child.write()
        child.wait_for("aof_rewrites", "1")
        child.wait(child.write)
        os.kill(os.getpid(), signal.SIGKILL)

    trial = Trial(place / "app.ember", "always")
    assert trial.run(act) == -signal.SIGKILL
    trial.look()


def test_what_a_full_disk_does_not_take_stays_in_memory(check_build: None, place: Path) -> None:
    def close(child: Child) -> None:
        child.open()
        child.session.execute((b"SAVE",))
        assert child.write() and child.flush()
        child.store.disk_faults(1, kind="torn", error=errno.ENOSPC, on=True)
        assert child.write()
        child.store.close()

    def go_on(child: Child) -> None:
        child.open()
        assert child.session.execute((b"GET", b"last")) == b"2"
        assert child.flush() and child.write() and child.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    trial = Trial(place / "app.ember", "everysec")
    assert trial.run(close) == 0
    assert (trial.path / "arena").is_symlink()
    assert trial.run(go_on) == -signal.SIGKILL
    trial.notes[OUTCOME] = 3
    trial.look()
