from __future__ import annotations

import threading

import pytest

redis_lock = pytest.importorskip("redis_lock")

pytestmark = pytest.mark.needs("EVALSHA", "SCRIPT")


def test_a_lock_is_held_by_one(client):
    first, second = (redis_lock.Lock(client, "l", expire=30) for _ in range(2))
    assert first.acquire(blocking=False)
    assert not second.acquire(blocking=False)
    got = []
    thread = threading.Thread(target=lambda: got.append(second.acquire(timeout=20)))
    thread.start()
    first.release()
    thread.join()
    assert got == [True]
    second.release()
    with pytest.raises(redis_lock.NotAcquired):
        second.release()


def test_a_lock_is_renewed(client):
    with redis_lock.Lock(client, "l", expire=2, auto_renewal=True) as lock:
        assert lock.locked()
        lock.extend(expire=60)
        assert client.ttl("lock:l") > 30
