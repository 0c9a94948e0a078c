"""Processes hammer one store with commands on all types, are killed at random, and are replaced.

When a worker has been killed, its keys must be what a private store holds after all operations that
it saw acknowledged, or after one more, the one that was under way; its successor goes on from
there. Besides, all push to one list and count up one counter, which at the end hold all that was
acknowledged. See workers.py; with --appendfsync the machine dies too, see reboots.py.

    python tests/torture/run.py --seconds 60
    python tests/torture/run.py --seconds 60 --appendfsync always
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from torture import reboots  # noqa: E402
from torture.workers import (  # noqa: E402
    COMMANDS,
    DONE,
    PUSHED,
    RECOVERED,
    Lost,
    Notes,
    Slot,
    open_store,
    pushes,
)

from emberkv._core import _ember  # noqa: E402


def examine_shared(session: Any, notes: Notes, slots: int) -> None:
    pushed: dict[int, list[int]] = {slot: [] for slot in range(slots)}
    for entry in pushes(session):
        pushed[entry.slot].append(entry.number)
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
    store = open_store(options)
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
    if Path(options.path, "arena").is_symlink():
        raise Lost("the last close left the store's memory behind")
    return {
        "kills": kills,
        "recoveries": recovered + notes.sum(RECOVERED),
        "commands": notes.sum(COMMANDS),
        "operations": notes.sum(DONE),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument(
        "--interval", type=float, default=0.1, help="seconds between kills, at most"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--appendfsync", choices=["always", "everysec"])
    parser.add_argument(
        "--window", type=float, default=5, help="seconds that everysec may lose, on a busy machine"
    )
    parser.add_argument(
        "--plant", action="store_true", help="forget announcements, or to sync: must be found"
    )
    options = parser.parse_args()
    if os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)
    kind = f"appendfsync {options.appendfsync}, " if options.appendfsync else ""
    print(f"seed {options.seed}: {kind}{options.workers} processes, {options.seconds:g} seconds")
    with tempfile.TemporaryDirectory(prefix="emberkv-torture-") as directory:
        options.path = os.path.join(directory, "store.ember")
        try:
            figures = (reboots.torture if options.appendfsync else torture)(options)
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
