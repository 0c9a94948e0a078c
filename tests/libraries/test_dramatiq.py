from __future__ import annotations

import pytest

dramatiq = pytest.importorskip("dramatiq")
redis_broker = pytest.importorskip("dramatiq.brokers.redis")


@pytest.mark.needs("EVALSHA")
def test_workers_process_messages(url):
    from dramatiq.results import Results
    from dramatiq.results.backends import RedisBackend

    broker = redis_broker.RedisBroker(url=url)
    backend = RedisBackend(url=url)
    broker.add_middleware(Results(backend=backend))

    @dramatiq.actor(broker=broker, store_results=True)
    def double(x):
        return 2 * x

    worker = dramatiq.Worker(broker, worker_timeout=10, worker_threads=2)
    worker.start()
    try:
        messages = [double.send(n) for n in range(50)]
        results = [
            message.get_result(backend=backend, block=True, timeout=20_000) for message in messages
        ]
        assert results == [2 * n for n in range(50)]
        broker.join("default", timeout=20_000)
    finally:
        worker.stop()
        broker.close()


def test_rate_limits(url):
    from dramatiq.rate_limits import ConcurrentRateLimiter
    from dramatiq.rate_limits.backends import RedisBackend

    limiter = ConcurrentRateLimiter(RedisBackend(url=url), "key", limit=1)
    with limiter.acquire(raise_on_failure=False) as first:
        assert first
        with limiter.acquire(raise_on_failure=False) as second:
            assert not second
