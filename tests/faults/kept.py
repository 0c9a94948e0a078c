"""A store that is kept on disk: what its files give is compared with what is in memory.

So what failed, died or was undone is shown to have left nothing in the feed, and what was done to
be there, once.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from faults.keyspace import differences, dump_loaded

from emberkv._core import _ember

LIMIT_S = 40
OFTEN = 1 << 20  # bytes of the feed


class Kept:
    def __init__(self, place: Path, clock: Any) -> None:
        self.path, self._copy, self._clock = place / "kept.ember", place / "copy.ember", clock
        self.store = _ember.Store(self.path, clock=clock, durable=True)
        self._compared = 0

    def compare(self, session: Any, at_least: int = OFTEN) -> None:
        """If as much was written since it was compared last."""
        told = self.store.log_positions[0]
        if told - self._compared < at_least:
            return
        # One who died behind his commit told nobody of it: who commits next tells for him.
        session.execute((b"SET", b"compared", told))
        self.store.flush_log(sync=False)
        found, expected = self._load(), dump_loaded(session)
        assert found == expected, f"loaded again\n{differences(expected, found)}"
        self._rewrite(session)
        self._compared = told

    def _load(self) -> Any:
        files = "appendonlydir"
        shutil.copytree(self.path / files, self._copy / files)
        store = _ember.Store(self._copy, clock=self._clock, durable=True)
        try:
            assert store.check()
            return dump_loaded(_ember.Session(store))
        finally:
            store.close()
            shutil.rmtree(self._copy)

    def _rewrite(self, session: Any) -> None:
        """So that the next time less is loaded."""
        session.execute((b"BGREWRITEAOF",))
        deadline = time.monotonic() + LIMIT_S
        while b"aof_rewrite_in_progress:1" in session.execute((b"INFO", b"persistence")):
            assert time.monotonic() < deadline
            time.sleep(0.002)
