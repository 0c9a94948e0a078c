"""A work queue that survives its workers: a stream, a consumer group, processes on one path.

    python examples/work_queue.py [JOBS]

Four processes take jobs from one stream, so many or some more: jobs are added until a worker was
caught at work. One of them is killed with jobs in hand; the others claim
them after a moment, so each job is done and counted once. No server is needed: what they share is
a path.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import tempfile
from pathlib import Path

import emberkv

STREAM, GROUP = "jobs", "workers"
IDLE_MS = 50  # a job that somebody has had for so long may be claimed
WORKERS = ("ann", "ben", "cleo", "dan")


def handle(db: emberkv.Ember[str], worker: str, id: str, job: dict[str, str]) -> None:
    """Do a job. Its result, and that it is done, become visible together or not at all."""
    result = int(job["n"]) ** 2
    with db.transaction():
        if db.xack(STREAM, GROUP, id):
            db.incrby("sum", result)
            db.hincrby("done", worker, 1)


def work(path: str, worker: str) -> None:
    with emberkv.open(path, decode_responses=True) as db:
        while True:
            closed = db.exists("closed")  # if so, whoever finds no new job will never find one
            _, jobs, _ = db.xautoclaim(STREAM, GROUP, worker, IDLE_MS, count=10)
            for _, fresh in db.xreadgroup(GROUP, worker, {STREAM: ">"}, count=10, block=100):
                jobs += fresh
            for id, job in jobs:
                handle(db, worker, id, job)
            if closed and not jobs and not db.xpending(STREAM, GROUP)["pending"]:
                return


def kill_one_at_work(db: emberkv.Ember[str], pids: dict[str, int]) -> tuple[str, int]:
    """Kill a worker that has jobs in hand; who it was, and how many."""
    while True:
        with db.transaction():  # while this holds the lock, nobody takes or finishes a job
            for consumer in db.xinfo_consumers(STREAM, GROUP):
                if consumer["pending"]:
                    os.kill(pids[consumer["name"]], signal.SIGKILL)
                    return consumer["name"], consumer["pending"]
            for n in range(100):
                db.xadd(STREAM, {"n": n})


def main(jobs: int = 10_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "queue.ember"
        with emberkv.open(path, decode_responses=True) as db:
            db.xgroup_create(STREAM, GROUP, "0", mkstream=True)
            processes = {
                name: multiprocessing.Process(target=work, args=(str(path), name))
                for name in WORKERS
            }
            for process in processes.values():
                process.start()
            victim, in_hand = kill_one_at_work(db, {n: p.pid or 0 for n, p in processes.items()})
            print(f"{victim} was killed with {in_hand} jobs in hand")
            for n in range(jobs - db.xlen(STREAM)):
                db.xadd(STREAM, {"n": n})
            db.set("closed", 1)
            for process in processes.values():
                process.join()
            added = [int(job["n"]) for _, job in db.xrange(STREAM)]
            print(f"{len(added)} jobs added, {sum(map(int, db.hvals('done')))} done, by", end=" ")
            print(", ".join(f"{name} {n}" for name, n in sorted(db.hgetall("done").items())))
            right = int(db.get("sum") or 0) == sum(n * n for n in added)
            print("each of them once" if right else "and some of them not, or twice")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A work queue that survives its workers.")
    parser.add_argument("jobs", nargs="?", type=int, default=10_000, help="the least number")
    main(parser.parse_args().jobs)
