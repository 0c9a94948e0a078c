"""A consumer of a group, for processes of its own."""

from __future__ import annotations

import emberkv

IDLE_MS = 40  # after which what another has pending is claimed


def acknowledge(db: emberkv.Ember, consumer: str, id: bytes) -> None:
    """Acknowledge an entry, and count whether that was the first time, in one piece."""
    with db.transaction():
        first = db.xack("work", "group", id)
        db.hincrby("acknowledged", id, first)
        db.hincrby("done by", consumer, first)


def consume(path: str, consumer: str) -> None:
    """Take what there is, and what others were given long ago, until all is acknowledged."""
    with emberkv.open(path) as db:
        while db.hlen("acknowledged") < int(db.get("expected") or 0):
            _, entries, _ = db.xautoclaim("work", "group", consumer, IDLE_MS, count=5)
            for _, fresh in db.xreadgroup("group", consumer, {"work": ">"}, count=7, block=20):
                entries += fresh
            for id, _ in entries:
                acknowledge(db, consumer, id)
