from __future__ import annotations

import pytest

huey = pytest.importorskip("huey")


@pytest.mark.parametrize("kind", ["RedisHuey", "PriorityRedisHuey", "RedisExpireHuey"])
def test_a_consumer_does_the_tasks(url, kind):
    queue = getattr(huey, kind)("app", url=url)

    @queue.task()
    def add(a, b):
        return a + b

    @queue.task(retries=1)
    def fail():
        raise ValueError("as told")

    results = [add(n, 1) for n in range(20)]
    failing = fail()
    consumer = queue.create_consumer(workers=2, initial_delay=0.01, periodic=False)
    consumer.start()
    try:
        assert [result(blocking=True, timeout=20) for result in results] == list(range(1, 21))
        with pytest.raises(huey.exceptions.TaskException, match="as told"):
            failing(blocking=True, timeout=20)
    finally:
        consumer.stop(graceful=True)


def test_scheduled_tasks_and_locks(url):
    queue = huey.RedisHuey("app", url=url)

    @queue.task()
    def one():
        return 1

    later = one.schedule(delay=3600)
    # It is put aside when a worker comes to it.
    queue.execute(queue.dequeue())
    assert queue.scheduled_count() == 1
    assert later() is None
    with queue.lock_task("only me"):
        with pytest.raises(huey.exceptions.TaskLockedException):
            with queue.lock_task("only me"):
                pass
