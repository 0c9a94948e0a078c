"""Processes that are killed while they evict, tidy and give memory back leave a whole store."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import emberkv

PROGRAM = """
import random, sys, emberkv
lots = random.Random(int(sys.argv[2]))
with emberkv.open(sys.argv[1], keep=True) as db:
    print("begun", flush=True)
    low, high = 10, 100
    for i in range(10_000_000):
        if i % 2000 == 0:
            low, high = lots.choice([(10, 100), (500, 3000), (100, 9000), (20000, 60000)])
            if lots.random() < 0.2: db.execute_command("MEMORY PURGE")
        db.set(b"key:%d" % lots.randrange(20000), b"x" * lots.randint(low, high),
               ex=lots.choice((1, 1000)))
        db.get(b"key:%d" % lots.randrange(20000))
"""


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-tinylfu", "volatile-ttl"])
def test_a_store_is_whole_after_its_evictor_was_killed(tmp_path: Path, policy: str) -> None:
    path = str(tmp_path / "db")
    lots = random.Random(11)
    with emberkv.open(path) as db:
        db.config_set("maxmemory-policy", policy)
        db.config_set("maxmemory", "4mb")
        for turn in range(6):
            command = [sys.executable, "-c", PROGRAM, path, str(turn)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE)
            assert child.stdout is not None and child.stdout.readline()
            time.sleep(lots.uniform(0.02, 0.25))
            child.kill()
            child.wait()
            db.set("after", turn, ex=1000)  # takes the lock, and undoes what was left
            assert db._store.check()
        used = db.info("memory")
        assert used["used_memory"] - used["mem_not_counted_for_evict"] < 6 << 20
