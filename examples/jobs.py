"""A queue of jobs on asyncio: workers wait for jobs, a watcher listens, all in one loop.

python examples/jobs.py

Nothing polls: a worker's BLPOP waits until there is a job, the watcher's subscription until there
is news. A worker that is cancelled while it waits takes no job with it.
"""

from __future__ import annotations

import asyncio
import hashlib

import emberkv.asyncio

JOBS = 20
WORKERS = 4


async def work(db: emberkv.asyncio.Ember[str], name: str) -> None:
    while True:
        _, job = await db.blpop("jobs", timeout=0)
        # Whatever takes its time; other tasks go on meanwhile.
        await asyncio.sleep(0.001)
        digest = hashlib.sha256(job.encode()).hexdigest()[:8]
        async with db.pipeline() as pipe:
            pipe.hset("results", job, digest).zincrby("board", 1, name).publish("news", job)
            await pipe.execute()


async def watch(db: emberkv.asyncio.Ember[str], ready: asyncio.Event) -> None:
    """Ends when it has heard of every job."""
    async with db.pubsub() as news:
        await news.subscribe("news")
        heard = 0
        async for message in news.listen():
            ready.set()
            heard += message["type"] == "message"
            if heard == JOBS:
                return


async def main() -> None:
    async with emberkv.asyncio.open(decode_responses=True) as db:
        ready = asyncio.Event()
        watcher = asyncio.create_task(watch(db, ready))
        await ready.wait()
        workers = [asyncio.create_task(work(db, f"worker {i}")) for i in range(WORKERS)]
        await db.rpush("jobs", *(f"job {i}" for i in range(JOBS)))
        await watcher
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        print(f"{await db.hlen('results')} jobs are done, {await db.llen('jobs')} are left")
        for name, count in sorted(await db.zrange("board", 0, -1, withscores=True)):
            print(f"{name} did {count:.0f}")


if __name__ == "__main__":
    asyncio.run(main())
