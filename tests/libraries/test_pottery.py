from __future__ import annotations

import pytest

pottery = pytest.importorskip("pottery")

pytestmark = pytest.mark.filterwarnings("ignore")


def test_containers(client):
    d = pottery.RedisDict({"a": 1}, redis=client, key="d")
    d["b"] = [1, 2]
    assert d == {"a": 1, "b": [1, 2]} and "a" in d
    items = pottery.RedisList([1, 2, 3], redis=client, key="l")
    items.append(4)
    items[1:3] = [9]
    assert list(items) == [1, 9, 4]
    s = pottery.RedisSet({1, 2}, redis=client, key="s")
    s |= {3}
    assert s == {1, 2, 3}
    counter = pottery.RedisCounter("aab", redis=client, key="c")
    assert counter.most_common(1) == [("a", 2)]
    deque = pottery.RedisDeque([1, 2], redis=client, key="dq", maxlen=2)
    deque.appendleft(0)
    assert list(deque) == [0, 1]


@pytest.mark.needs("XADD", "XREVRANGE", "XTRIM", "XDEL")
def test_a_queue(client):
    queue = pottery.RedisSimpleQueue(redis=client, key="q")
    assert queue.empty()
    queue.put("a")
    queue.put("b")
    assert [queue.get(timeout=5), queue.get(timeout=5)] == ["a", "b"]


@pytest.mark.needs("EVALSHA")
def test_numbers_in_turn(client):
    number = iter(pottery.NextID(key="n", masters={client}))
    assert [next(number), next(number)] == [1, 2]


def test_a_cache(client):
    @pottery.redis_cache(redis=client, key="cache")
    def double(x):
        return 2 * x

    assert [double(3), double(3)] == [6, 6]
    assert double.cache_info().hits == 1


@pytest.mark.needs("EVALSHA")
def test_redlock(client):
    lock = pottery.Redlock(key="lock", masters={client}, auto_release_time=5)
    with lock:
        assert lock.locked()
    assert not lock.locked()


@pytest.mark.needs("PFADD")
def test_hyperloglog_and_bloom_filter(client):
    log = pottery.HyperLogLog(range(100), redis=client, key="hll")
    assert 95 <= len(log) <= 105
    bloom = pottery.BloomFilter(
        ["a", "b"], num_elements=100, false_positives=0.001, redis=client, key="bloom"
    )
    assert "a" in bloom and "z" not in bloom
