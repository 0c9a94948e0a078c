"""One keyspace for processes however they were started."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sharing.counting import count_up

import emberkv

BY_HAND = "import emberkv, sys; db = emberkv.open(sys.argv[1]); print(db.incr('counter'))"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_share_a_store(path: Path, method: str) -> None:
    context = multiprocessing.get_context(method)
    with emberkv.open(path) as db:
        workers = [context.Process(target=count_up, args=(str(path), 200)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        assert db.get("counter") == b"600"


def test_a_process_started_by_hand_shares_it(path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("counter", 41)
        command = [sys.executable, "-c", BY_HAND, str(path)]
        out = subprocess.run(command, capture_output=True, text=True, check=True)
        assert out.stdout.strip() == "42"
        assert out.stderr == ""
        assert db.get("counter") == b"42"


def test_every_type_is_seen_from_the_other_side(path: Path) -> None:
    with emberkv.open(path) as db:
        db.rpush("l", *range(1000))
        db.hset("h", mapping={f"f{i}": i for i in range(600)})
        db.sadd("s", *(f"m{i}" for i in range(600)))
        db.zadd("z", {f"m{i}": i for i in range(600)})
        db.set("x", 1, ex=1000)
        with emberkv.open(path) as other:
            assert other.lrange("l", 990, -1) == [b"%d" % i for i in range(990, 1000)]
            assert other.hlen("h") == 600
            assert other.sismember("s", "m77")
            assert other.zrank("z", "m500") == 500
            assert 990 < other.ttl("x") <= 1000
            other.delete("l", "h", "s", "z")
        assert db.keys() == [b"x"]


def test_a_database_number_means_the_same_to_all(path: Path) -> None:
    with emberkv.open(path, db=3) as db, emberkv.open(path) as other:
        db.set("k", "in three")
        assert other.get("k") is None
        other.execute_command("SELECT", 3)
        assert other.get("k") == b"in three"


def test_watches_break_across_processes(path: Path) -> None:
    with emberkv.open(path) as db:
        db.set("k", 1)
        with db.pipeline() as pipe:
            pipe.watch("k")
            pid = os.fork()
            if pid == 0:
                try:
                    db.set("k", 2)
                finally:
                    os._exit(0)
            os.waitpid(pid, 0)
            pipe.multi()
            pipe.set("k", 3)
            with pytest.raises(emberkv.exceptions.WatchError):
                pipe.execute()
        assert db.get("k") == b"2"
