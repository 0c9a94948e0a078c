"""Processes hammer one store with commands on all types, are killed at random, and are replaced.

Each worker owns a slot: keys of its own and a numbered sequence of operations (operations.py). It
notes an operation's number, in memory that outlives it, once the operation is acknowledged. When it
has been killed, its keys must be what a private store holds after all acknowledged operations, or
after one more, the one that was under way; its successor goes on from there. Besides, all push
to one list and count up one counter, which at the end hold all that was acknowledged.

    python tests/torture/run.py --seconds 60
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from faults.keyspace import differences, dump_keys  # noqa: E402
from torture.operations import noise, operation, perform  # noqa: E402

from emberkv._core import _ember  # noqa: E402

DATABASES = (0, 1)
NOTES = 4  # numbers that a slot keeps: see Notes


class Lost(Exception):
    """The store is not what it should be."""


class Notes:
    """Numbers that survive whoever wrote them: memory shared by all, eight bytes at a time."""

    def __init__(self, slots: int) -> None:
        self._words = memoryview(mmap.mmap(-1, slots * NOTES * 8)).cast("Q")

    def get(self, slot: int, which: int) -> int:
        return self._words[slot * NOTES + which]

    def set(self, slot: int, which: int, value: int) -> None:
        self._words[slot * NOTES + which] = value


DONE, PUSHED, COMMANDS, RECOVERED = range(NOTES)


def work(options: argparse.Namespace, notes: Notes, slot: int, life: int) -> NoReturn:
    os.nice(10)  # whoever kills and examines comes first, or hardly anybody is killed
    store = _ember.Store(options.path)
    session, aside = _ember.Session(store), _ember.Session(store, 7)
    r = random.Random(options.seed + slot * 1000 + life)
    n, pushed, commands = (notes.get(slot, which) for which in (DONE, PUSHED, COMMANDS))
    recovered = notes.get(slot, RECOVERED)
    parent = os.getppid()
    ahead: list[Any] = []
    while True:
        if options.plant and r.random() < 0.02:
            forgotten = r.randrange(1, 10)
            store.faults(forget_touch_in=forgotten, die_at_touch_in=forgotten + r.randrange(1, 9))
        if not ahead:  # made before they are needed, so that death comes in commands, mostly
            if os.getppid() != parent:
                os._exit(0)
            ahead = [operation(options.seed, slot, i) for i in range(n + 49, n - 1, -1)]
        kind, what = ahead.pop()
        perform(session, kind, what)
        n += 1
        notes.set(slot, DONE, n)
        if n % 10 == 0:
            session.execute((b"MULTI",))
            session.execute((b"RPUSH", b"shared:list", b"%d:%d" % (slot, pushed)))
            session.execute((b"INCR", b"shared:counter"))
            session.execute((b"EXEC",))
            pushed += 1
            notes.set(slot, PUSHED, pushed)
        if n % 7 == 0:
            noise(r, r.choice((session, aside)))
        commands += len(what)
        notes.set(slot, COMMANDS, commands)
        notes.set(slot, RECOVERED, recovered + store.recovered)


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

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def bury(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            raise Lost(f"worker {self.number} ended by itself: status {status}")

    def examine(self, session: Any) -> None:
        """Compare its keys with the model, and let the model catch up."""
        done = self.notes.get(self.number, DONE)
        while self.repeated < done:
            self._repeat()
        found = self._keys(session)
        expected = self._keys(self.model)
        if found == expected:
            return
        self._repeat()
        if found != self._keys(self.model):
            raise Lost(
                f"slot {self.number} after {done} acknowledged operations\n"
                + differences(expected, found)
            )
        self.notes.set(self.number, DONE, done + 1)

    def _repeat(self) -> None:
        perform(self.model, *operation(self.options.seed, self.number, self.repeated))
        self.repeated += 1

    def _keys(self, session: Any) -> Any:
        return dump_keys(session, b"w%d:*" % self.number, DATABASES)


def examine_shared(session: Any, notes: Notes, slots: int) -> None:
    counter = int(session.execute((b"GET", b"shared:counter")) or 0)
    pushed: dict[int, list[int]] = {slot: [] for slot in range(slots)}
    for entry in session.execute((b"LRANGE", b"shared:list", 0, -1)):
        slot, n = entry.split(b":")
        pushed[int(slot)].append(int(n))
    if counter != sum(len(numbers) for numbers in pushed.values()):
        raise Lost(f"a counter at {counter} beside a list of {pushed}")
    for slot, numbers in pushed.items():
        acknowledged = notes.get(slot, PUSHED)
        # A number may stand twice: pushed by one who died before noting it, and by the next.
        if sorted(set(numbers)) != list(range(len(set(numbers)))) or sorted(numbers) != numbers:
            raise Lost(f"slot {slot} pushed {numbers}")
        if not acknowledged <= len(set(numbers)) <= acknowledged + 1:
            raise Lost(f"slot {slot}: {acknowledged} acknowledged, {len(numbers)} there")


def await_writing(store: Any) -> None:
    """Let death come while somebody writes, more often than chance would have it."""
    for _ in range(100_000):
        if store.writing:
            return


def torture(options: argparse.Namespace) -> dict[str, int]:
    notes = Notes(options.workers)
    slots = [Slot(options, notes, i) for i in range(options.workers)]
    r = random.Random(options.seed)
    for slot in slots:
        slot.start()
    time.sleep(0.2)
    store = _ember.Store(options.path)
    session = _ember.Session(store)
    kills = 0
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        time.sleep(r.random() * options.interval)
        if r.random() < 0.7:
            await_writing(store)
        count = r.choice([1, 2, 3, options.workers])
        victims = r.sample(slots, min(count, len(slots)))
        for victim in victims:
            victim.kill()
        for victim in victims:
            victim.bury()
            kills += 1
            victim.examine(session)
        if kills % 10 == 0 and not store.check():
            raise Lost("a structure contradicts itself")
        for victim in victims:
            victim.start()
    for slot in slots:
        slot.kill()
    for slot in slots:
        slot.bury()
        slot.examine(session)
    kills += len(slots)
    examine_shared(session, notes, len(slots))
    if not store.check():
        raise Lost("a structure contradicts itself")
    recovered = store.recovered
    store.close()
    if Path(options.path).exists():
        raise Lost("the last close left the store behind")
    return {
        "kills": kills,
        "recoveries": recovered + sum(notes.get(i, RECOVERED) for i in range(len(slots))),
        "commands": sum(notes.get(i, COMMANDS) for i in range(len(slots))),
        "operations": sum(notes.get(i, DONE) for i in range(len(slots))),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument(
        "--interval", type=float, default=0.1, help="seconds between kills, at most"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--plant", action="store_true", help="forget announcements: must be found")
    options = parser.parse_args()
    if os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)
    print(f"seed {options.seed}: {options.workers} processes, {options.seconds:g} seconds")
    with tempfile.TemporaryDirectory(prefix="emberkv-torture-") as directory:
        options.path = os.path.join(directory, "store.ember")
        try:
            figures = torture(options)
        except Lost as error:
            print(f"LOST: {error}")
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(0, signal.SIGTERM)
            return 1
    print(", ".join(f"{n:,} {name}" for name, n in figures.items()))
    print("nothing acknowledged is missing, every structure is sound")
    return 0


if __name__ == "__main__":
    sys.exit(main())
