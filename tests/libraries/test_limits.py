from __future__ import annotations

import pytest

limits = pytest.importorskip("limits")

# limits loads its scripts as it begins.
pytestmark = pytest.mark.needs("EVALSHA", "SCRIPT")


@pytest.mark.parametrize(
    "strategy",
    ["FixedWindowRateLimiter", "MovingWindowRateLimiter", "SlidingWindowCounterRateLimiter"],
)
def test_a_rate_is_limited(client, strategy):
    from limits.storage import RedisStorage

    storage = RedisStorage("redis://", connection_pool=client.connection_pool)
    limiter = getattr(limits.strategies, strategy)(storage)
    rate = limits.parse("3/minute")
    assert [limiter.hit(rate, "me") for _ in range(5)] == [True] * 3 + [False] * 2
    assert limiter.hit(rate, "you")
    assert limiter.get_window_stats(rate, "me").remaining == 0
    limiter.clear(rate, "me")
    assert limiter.test(rate, "me")
