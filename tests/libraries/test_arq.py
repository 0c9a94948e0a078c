from __future__ import annotations

import asyncio

import pytest

arq = pytest.importorskip("arq")


async def double(ctx, x):
    return 2 * x


@pytest.mark.filterwarnings("ignore")
def test_a_worker_in_burst_mode_does_what_is_queued(url, run):
    async def use():
        from redis.asyncio import ConnectionPool

        pool = arq.ArqRedis(connection_pool=ConnectionPool.from_url(url))
        jobs = [await pool.enqueue_job("double", n) for n in range(20)]
        assert await pool.enqueue_job("double", 0, _job_id=jobs[0].job_id) is None
        worker = arq.Worker(
            functions=[double], redis_pool=pool, burst=True, poll_delay=0, handle_signals=False
        )
        await worker.main()
        results = await asyncio.gather(*(job.result(timeout=20) for job in jobs))
        assert results == [2 * n for n in range(20)]
        await worker.close()

    run(use())
