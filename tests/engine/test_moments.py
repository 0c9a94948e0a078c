"""The time at which commands run: that of the system's clock, to the millisecond."""

from __future__ import annotations

import time

import emberkv

CALLS = 50_000
TRIES = 3  # somebody may set the clock


def worst_error_ms(db: emberkv.Ember) -> int:
    """How far the ids of entries are from the time in which they were added."""
    worst = 0
    for _ in range(CALLS):
        before = time.time_ns() // 1_000_000
        ms = int(db.xadd("stream", {"f": "v"}).split(b"-")[0])
        after = time.time_ns() // 1_000_000
        worst = max(worst, before - ms, ms - after)
    return worst


def test_an_id_is_of_the_millisecond_in_which_its_entry_was_added() -> None:
    with emberkv.open() as db:
        errors = []
        while not errors or (errors[-1] and len(errors) < TRIES):
            db.delete("stream")  # its last id would be the least for the next one
            errors.append(worst_error_ms(db))
        assert errors[-1] == 0


def test_a_clock_of_ones_own_is_asked_each_time() -> None:
    clock = emberkv.Clock(1_000)
    with emberkv.open(clock=clock) as db:
        for ms in (1_000, 1_001, 5_000):
            clock.now_ms = ms
            assert db.xadd("stream", {"f": "v"}) == b"%d-0" % ms
