from __future__ import annotations

import pytest

aiocache = pytest.importorskip("aiocache")


@pytest.mark.filterwarnings("ignore")
def test_a_cache(url, run):
    async def use():
        import redis.asyncio
        from aiocache.backends.redis import RedisCache

        cache = RedisCache(namespace="ns")
        cache.client = redis.asyncio.Redis.from_url(url, decode_responses=False)
        await cache.set("k", "v", ttl=60)
        assert await cache.get("k") == "v"
        assert await cache.exists("k")
        await cache.multi_set([("a", "1"), ("b", "2")])
        assert await cache.multi_get(["a", "b", "c"]) == ["1", "2", None]
        assert await cache.increment("n", 2) == 2
        assert await cache.expire("k", 5)
        with pytest.raises(ValueError):
            await cache.add("k", "again")
        assert await cache.delete("k") == 1
        await cache.clear(namespace="ns")
        assert not await cache.exists("a")
        await cache.client.aclose()

    run(use())


@pytest.mark.needs("EVAL")
@pytest.mark.filterwarnings("ignore")
def test_a_lock(url, run):
    async def use():
        import redis.asyncio
        from aiocache.backends.redis import RedisCache
        from aiocache.lock import RedLock

        cache = RedisCache()
        cache.client = redis.asyncio.Redis.from_url(url)
        async with RedLock(cache, "k", lease=5):
            assert await cache.exists("k-lock")
        assert not await cache.exists("k-lock")
        await cache.client.aclose()

    run(use())
