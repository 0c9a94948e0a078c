from __future__ import annotations

import pytest

cashews = pytest.importorskip("cashews")


def setup(url):
    from cashews.backends.redis import Redis
    from cashews.picklers import PicklerType

    # cashews has a backend for each scheme: ours has the one for Redis.
    cashews.register_backend("ember", Redis, pass_uri=True, pickler=PicklerType.DEFAULT)
    cache = cashews.Cache()
    cache.setup(url)
    return cache


def test_a_cache(url, run):
    async def use():
        cache = setup(url)
        await cache.set("k", {"a": 1}, expire=60)
        assert await cache.get("k") == {"a": 1}
        assert await cache.set("k", 1, exist=False) is False
        assert await cache.exists("k")
        await cache.set_many({"x": 1, "y": 2})
        assert await cache.get_many("x", "y", "z") == (1, 2, None)
        assert sorted([key async for key in cache.scan("*")]) == ["k", "x", "y"]
        await cache.delete_match("x*")
        assert await cache.get("x") is None

        calls = []

        @cache(ttl="1m", key="square:{x}")
        async def square(x):
            calls.append(x)
            return x * x

        assert [await square(3), await square(3)] == [9, 9] and calls == [3]
        await cache.close()

    run(use())


@pytest.mark.needs("EVALSHA")
def test_locks_and_counters(url, run):
    async def use():
        cache = setup(url)
        assert await cache.incr("n", expire=60) == 1
        async with cache.lock("l", expire=10):
            assert await cache.is_locked("l")
        assert not await cache.is_locked("l")
        await cache.close()

    run(use())
