from __future__ import annotations

import pytest

django = pytest.importorskip("django")
pytest.importorskip("django_redis")


@pytest.fixture
def cache(url):
    from django.conf import settings
    from django.core.cache import CacheHandler

    caches = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url}}
    if not settings.configured:
        settings.configure(USE_TZ=True)
    settings.CACHES = caches
    handler = CacheHandler(caches)
    yield handler["default"]
    handler["default"].close()


def test_djangos_cache(cache):
    cache.set("k", {"a": [1, 2]}, timeout=60)
    assert cache.get("k") == {"a": [1, 2]}
    assert 0 < cache.ttl("k") <= 60
    assert cache.get("missing", "default") == "default"
    assert cache.add("k", 1) is False
    assert cache.get_or_set("new", lambda: 5) == 5
    cache.set_many({"x": 1, "y": 2})
    assert cache.get_many(["x", "y", "z"]) == {"x": 1, "y": 2}
    assert cache.touch("x", 10)
    assert cache.delete("x") and not cache.has_key("x")
    assert sorted(cache.keys("*")) == ["k", "new", "y"]
    assert cache.delete_pattern("n*") == 1
    assert sorted(cache.iter_keys("*")) == ["k", "y"]
    cache.clear()
    assert cache.keys("*") == []


@pytest.mark.needs("EVAL")
def test_counters_and_locks(cache):
    cache.set("n", 1)
    assert cache.incr("n", 4) == 5
    assert cache.decr("n") == 4
    with pytest.raises(ValueError):
        cache.incr("missing")
    with cache.lock("l", timeout=5):
        assert cache.client.get_client().exists("l") or cache.keys("*l*")


def test_djangos_own_redis_cache(url):
    from django.core.cache.backends.redis import RedisCache

    cache = RedisCache(url, {})
    cache.set("k", 5, timeout=60)
    assert cache.incr("k") == 6
    assert cache.get_many(["k", "missing"]) == {"k": 6}
    cache.clear()
