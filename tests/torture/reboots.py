"""The torture of a durable store: when all its processes are killed, its memory is dropped too.

That is what a machine does that is started anew (but for what the kernel had not yet written to its
disk, which a test cannot take away): what is loaded from the files is all there is. Sometimes only
some of the processes are killed; then the memory outlives them, and nothing at all may be missing,
nor stand twice in the file that others write on. Files are rewritten all the time, and rewrites
die half-way.

- With `always` not one acknowledged operation is missing.
- With `everysec` what is missing was acknowledged in the last second, and all of it is missing from
  some moment on: the list to which all push has the order of the commits, each push tells what its
  slot had done before, and the slot's keys must lie between that and its next push.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import time
from pathlib import Path
from typing import Any

from torture.workers import (
    AFTER,
    COMMANDS,
    LATEST,
    PLACES,
    PUSHED,
    REWRITES,
    TIMES,
    Lost,
    Notes,
    Push,
    Slot,
    open_store,
    pushes,
)

from emberkv._core import _ember

START_S = 60


def drop_memory(path: str) -> None:
    """The memory of a store that nobody has open, and what a snapshot had kept of it."""
    link = Path(path, "arena")
    target = Path(os.readlink(link))
    for part in target.parent.glob(target.name + "*"):
        part.unlink()
    link.unlink()


class Machine:
    """The store of one path, the workers on it, and what became of them so far."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.notes = Notes(options.workers)
        self.slots = [Slot(options, self.notes, i) for i in range(options.workers)]
        self.chance = random.Random(options.seed)
        self.always = options.appendfsync == "always"
        self.pushes: list[Push] = []  # when it was looked at last
        self.lost_s = 0.0
        self.kills = self.reboots = self.cut_rewrites = self.lost = 0

    @contextlib.contextmanager
    def opened(self) -> Any:
        store = open_store(self.options)
        try:
            yield _ember.Session(store)
            if not store.check():
                raise Lost("a structure contradicts itself")
        finally:
            store.close()

    def fill(self) -> None:
        """So much that a rewrite takes its time."""
        with self.opened() as session:
            session.execute((b"SELECT", 5))
            session.execute((b"MSET", *(b"filling:%d" % (i // 2) for i in range(40_000))))

    def start(self, slots: list[Slot]) -> None:
        for slot in slots:
            slot.start()
        deadline = time.monotonic() + START_S
        while not all(slot.works for slot in slots):
            if time.monotonic() > deadline:
                raise Lost("the workers do not come to work")
            time.sleep(0.002)

    def kill(self, victims: list[Slot]) -> None:
        for victim in victims:
            victim.kill()
        for victim in victims:
            victim.bury()
        self.kills += len(victims)

    def kill_some(self) -> None:
        """The memory lives on."""
        victims = self.chance.sample(self.slots, self.chance.choice([1, 1, 2, 3]))
        self.kill(victims)
        with self.opened() as session:
            for victim in victims:
                victim.examine(session, final=self.always)
        self.start(victims)

    def reboot(self, last: bool = False) -> None:
        at_ns = time.monotonic_ns()
        self.kill(self.slots)
        self.reboots += 1
        self.cut_rewrites += self._is_there("temp-*")
        drop_memory(self.options.path)
        with self.opened() as session:
            self._examine(session, at_ns)
            at_once = not last and self.chance.random() < 0.5  # nobody has to load it again
            if at_once:
                self.start(self.slots)
        if not last and not at_once:
            self.start(self.slots)

    def _is_there(self, pattern: str) -> bool:
        return any(Path(self.options.path, "appendonlydir").glob(pattern))

    def _examine(self, session: Any, killed_ns: int) -> None:
        found = pushes(session)
        if found[: len(self.pushes)] != self.pushes:
            raise Lost("what had survived once is missing")
        for slot in self.slots:
            least, most = self._bounds(slot, found)
            done = slot.done
            kept = slot.examine(session, least, most)
            if kept < done:
                self.lost += done - kept
                since = killed_ns - self.notes.latest(slot.number, TIMES, kept)
                self.lost_s = max(self.lost_s, since / 1e9)
        if self.lost_s > self.options.window:
            raise Lost(f"what was acknowledged {self.lost_s:.2f} s before the end is missing")
        self.pushes = found

    def _bounds(self, slot: Slot, found: list[Push]) -> tuple[int, int]:
        """How many operations the slot may have done, by what is found in the list of all."""
        notes, number = self.notes, slot.number
        own = [push for push in found if push.slot == number]
        noted = notes.get(number, PUSHED)
        kept = own[-1].number + 1 if own else 0
        if [n for n, _ in itertools.groupby(push.number for push in own)] != list(range(kept)):
            raise Lost(f"slot {number} pushed {[push.number for push in own]}")
        for n in range(max(kept, noted - LATEST), noted):
            if self.always:
                raise Lost(f"slot {number}: {noted} pushes acknowledged, {kept} there")
            if notes.latest(number, PLACES, n) <= len(found):
                raise Lost(f"slot {number}: push {n} is missing, and later ones are there")
        for place in range(len(self.pushes), len(found)):
            push = found[place]
            if push.slot == number and max(0, noted - LATEST) <= push.number < noted:
                there = notes.latest(number, PLACES, push.number)
                if there != place + 1 and there not in self._again(found, place):
                    raise Lost(f"slot {number}: push {push.number} is at {place + 1}, not {there}")
        most = notes.latest(number, AFTER, kept) if kept < noted else slot.done + 1
        notes.set(number, PUSHED, kept)
        if self.always:
            return slot.done, slot.done + 1
        return (own[-1].after if own else 0), most

    @staticmethod
    def _again(found: list[Push], place: int) -> list[int]:
        """Who dies before he noted a push has a successor who pushes it again."""
        push = found[place]
        return [
            i + 1
            for i, other in enumerate(found)
            if (other.slot, other.number) == (push.slot, push.number) and i != place
        ]


def torture(options: argparse.Namespace) -> dict[str, object]:
    machine = Machine(options)
    machine.fill()
    machine.start(machine.slots)
    most = 0.5 if machine.always else 2.5
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        time.sleep(machine.chance.random() * most)
        if machine.chance.random() < 0.4:
            machine.kill_some()
        else:
            machine.reboot()
    machine.reboot(last=True)
    notes = machine.notes
    return {
        "kills": machine.kills,
        "reboots": machine.reboots,
        "commands": notes.sum(COMMANDS),
        "rewrites": notes.sum(REWRITES),
        "of them cut short": machine.cut_rewrites,
        "pushes": len(machine.pushes),
        "operations lost": machine.lost,
        "ms before the end, the first of them": round(machine.lost_s * 1000),
    }
