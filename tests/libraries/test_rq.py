from __future__ import annotations

import math

import pytest

rq = pytest.importorskip("rq")

# rq keeps results in a stream.
pytestmark = pytest.mark.needs("XADD", "XREVRANGE")


def test_a_worker_in_burst_mode_does_what_is_queued(client):
    queue = rq.Queue("work", connection=client)
    jobs = [queue.enqueue(math.factorial, n) for n in range(10)]
    failing = queue.enqueue(math.factorial, -1)
    worker = rq.SimpleWorker([queue], connection=client)
    assert worker.work(burst=True)
    assert [job.return_value() for job in jobs] == [math.factorial(n) for n in range(10)]
    assert failing.get_status(refresh=True) == "failed"
    assert "ValueError" in failing.latest_result().exc_string
    assert queue.finished_job_registry.count == 10
    assert queue.failed_job_registry.get_job_ids() == [failing.id]


def test_jobs_wait_for_those_that_they_depend_on(client):
    queue = rq.Queue("work", connection=client)
    first = queue.enqueue(math.factorial, 3)
    second = queue.enqueue(math.factorial, 4, depends_on=first)
    assert queue.job_ids == [first.id]
    rq.SimpleWorker([queue], connection=client).work(burst=True)
    assert second.return_value() == 24


def test_a_worker_that_forks_shares_the_store_with_its_children(client):
    queue = rq.Queue("work", connection=client)
    job = queue.enqueue(math.factorial, 5)
    rq.Worker([queue], connection=client).work(burst=True)
    assert job.return_value() == 120
