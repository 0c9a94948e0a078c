"""The processes that are tortured, what they note, and what there should be of what they did.

A worker owns a slot: keys of its own and a numbered sequence of operations (operations.py). It
notes an operation's number, in memory that outlives it, once the operation is acknowledged. Every
ten operations it pushes to one list and counts up one counter that all workers share, so that the
list has the order of the commits.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import signal
import sys
import time
from typing import Any, NamedTuple, NoReturn

from faults.keyspace import differences, dump_keys
from torture.operations import noise, operation, perform

from emberkv._core import _ember
from emberkv.exceptions import ResponseError

DATABASES = (0, 1)
LATEST = 1 << 16  # operations and pushes of a slot of which there are notes


class Lost(Exception):
    """The store is not what it should be."""


# Numbers that a slot keeps: how many operations and pushes were acknowledged, and figures.
DONE, PUSHED, LIVES, COMMANDS, RECOVERED, REWRITES = range(6)
# ... of each of its latest operations: when it was acknowledged; of each of its latest pushes:
# after which operation it came, and its place in the order of all.
TIMES, AFTER, PLACES = range(3)


class Notes:
    """Numbers that survive whoever wrote them: memory shared by all, eight bytes at a time."""

    def __init__(self, slots: int) -> None:
        self._numbers = self._make(slots * 8)
        self._latest = self._make(slots * 3 * LATEST)

    def _make(self, words: int) -> memoryview:
        return memoryview(mmap.mmap(-1, words * 8)).cast("Q")

    def get(self, slot: int, which: int) -> int:
        return self._numbers[slot * 8 + which]

    def set(self, slot: int, which: int, value: int) -> None:
        self._numbers[slot * 8 + which] = value

    def sum(self, which: int) -> int:
        return sum(self._numbers[which::8])

    def latest(self, slot: int, which: int, n: int) -> int:
        return self._latest[(slot * 3 + which) * LATEST + n % LATEST]

    def set_latest(self, slot: int, which: int, n: int, value: int) -> None:
        self._latest[(slot * 3 + which) * LATEST + n % LATEST] = value


def open_store(options: argparse.Namespace) -> Any:
    if options.appendfsync is None:
        return _ember.Store(options.path, durable=False)
    policy = "no" if options.plant else options.appendfsync
    return _ember.Store(options.path, durable=True, appendfsync=policy)


def work(options: argparse.Namespace, notes: Notes, slot: int, life: int) -> NoReturn:
    os.nice(10)  # whoever kills and examines comes first, or hardly anybody is killed
    store = open_store(options)
    session, aside = _ember.Session(store), _ember.Session(store, 7)
    r = random.Random(options.seed + slot * 1000 + life)
    n, pushed, commands = (notes.get(slot, which) for which in (DONE, PUSHED, COMMANDS))
    recovered = notes.get(slot, RECOVERED)
    parent = os.getppid()
    ahead: list[Any] = []
    notes.set(slot, LIVES, life)
    while True:
        if options.plant and not options.appendfsync and r.random() < 0.02:
            forgotten = r.randrange(1, 10)
            store.faults(forget_touch_in=forgotten, die_at_touch_in=forgotten + r.randrange(1, 9))
        if not ahead:  # made before they are needed, so that death comes in commands, mostly
            if os.getppid() != parent:
                os._exit(0)
            ahead = [operation(options.seed, slot, i) for i in range(n + 49, n - 1, -1)]
        kind, what = ahead.pop()
        perform(session, kind, what)
        notes.set_latest(slot, TIMES, n, time.monotonic_ns())
        n += 1
        notes.set(slot, DONE, n)
        if n % 10 == 0:
            place = push(session, slot, pushed, n)
            notes.set_latest(slot, AFTER, pushed, n)
            notes.set_latest(slot, PLACES, pushed, place)
            pushed += 1
            notes.set(slot, PUSHED, pushed)
        if n % 7 == 0:
            noise(r, r.choice((session, aside)))
        if options.appendfsync and r.random() < 0.005:
            notes.set(slot, REWRITES, notes.get(slot, REWRITES) + rewrite(session))
        commands += len(what)
        notes.set(slot, COMMANDS, commands)
        notes.set(slot, RECOVERED, recovered + store.recovered)


def push(session: Any, slot: int, number: int, after: int) -> int:
    """Its place in the order of all pushes, from 1 on."""
    session.execute((b"MULTI",))
    session.execute((b"RPUSH", b"shared:list", b"%d:%d:%d" % (slot, number, after)))
    session.execute((b"INCR", b"shared:counter"))
    return int(session.execute((b"EXEC",))[1])


def rewrite(session: Any) -> bool:
    try:
        session.execute((b"BGREWRITEAOF",))
    except ResponseError as error:
        if "in progress" not in str(error):
            raise
        return False
    return True


class Push(NamedTuple):
    slot: int
    number: int  # of the slot's, from 0 on
    after: int  # how many operations of the slot


def pushes(session: Any) -> list[Push]:
    """What the list holds that all push to; the counter beside it says as much."""
    found = session.execute((b"LRANGE", b"shared:list", 0, -1))
    counter = int(session.execute((b"GET", b"shared:counter")) or 0)
    if counter != len(found):
        raise Lost(f"a counter at {counter} beside a list of {len(found)}")
    return [Push(*map(int, entry.split(b":"))) for entry in found]


class Slot:
    """One worker after another, and a private store that repeats what they did."""

    def __init__(self, options: argparse.Namespace, notes: Notes, number: int) -> None:
        self.options, self.notes, self.number = options, notes, number
        self.model = _ember.Session(_ember.Store())
        self.repeated = 0
        self.life = 0
        self.pid = 0

    def start(self) -> None:
        self.life += 1
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                work(self.options, self.notes, self.number, self.life)
            except BaseException as error:
                print(f"worker {self.number}: {error!r}", file=sys.stderr, flush=True)
            finally:
                os._exit(code)

    @property
    def works(self) -> bool:
        return self.notes.get(self.number, LIVES) == self.life

    @property
    def done(self) -> int:
        return self.notes.get(self.number, DONE)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def bury(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            raise Lost(f"worker {self.number} ended by itself: status {status}")

    def examine(
        self, session: Any, least: int | None = None, most: int | None = None, final: bool = True
    ) -> int:
        """After how many operations are its keys as they are: its worker goes on from there.

        Between `least` and `most`; as a rule all that were acknowledged, and maybe the one that was
        under way. What is not `final` may be lost yet.
        """
        least = self.done if least is None else least
        most = self.done + 1 if most is None else most
        before = self.model, self.repeated
        if not final:
            self.model = _ember.Session(self.model.store.fork())
        found = self._keys(session)
        while self.repeated < least:
            self._repeat()
        first = expected = self._keys(self.model)
        while found != expected:
            if self.repeated >= most:
                raise Lost(
                    f"slot {self.number}: not after {least} to {most} operations, {self.done} "
                    f"being acknowledged\n" + differences(first, found)
                )
            self._repeat()
            expected = self._keys(self.model)
        count = self.repeated
        self.notes.set(self.number, DONE, count)
        if not final:
            self.model, self.repeated = before
        return count

    def _repeat(self) -> None:
        perform(self.model, *operation(self.options.seed, self.number, self.repeated))
        self.repeated += 1

    def _keys(self, session: Any) -> Any:
        loaded = self.options.appendfsync is not None
        return dump_keys(session, b"w%d:*" % self.number, DATABASES, loaded)
