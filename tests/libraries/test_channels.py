from __future__ import annotations

import asyncio

import pytest

channels_redis = pytest.importorskip("channels_redis")


@pytest.mark.needs("EVAL")
def test_the_core_layer_sends_to_channels_and_groups(url, run):
    async def use():
        from channels_redis.core import RedisChannelLayer

        layer = RedisChannelLayer(hosts=[url], capacity=5)
        try:
            await layer.send("one", {"type": "hello", "n": 1})
            assert await layer.receive("one") == {"type": "hello", "n": 1}
            waiting = asyncio.create_task(layer.receive("two"))
            await asyncio.sleep(0)
            await layer.send("two", {"type": "later"})
            assert await waiting == {"type": "later"}
            mine = await layer.new_channel()
            await layer.group_add("group", mine)
            await layer.group_send("group", {"type": "all"})
            assert (await layer.receive(mine))["type"] == "all"
            await layer.group_discard("group", mine)
        finally:
            await layer.close_pools()

    run(use())


def test_the_pubsub_layer_sends_to_groups(url, run):
    async def use():
        from channels_redis.pubsub import RedisPubSubChannelLayer

        layer = RedisPubSubChannelLayer(hosts=[url])
        mine = await layer.new_channel()
        await layer.group_add("group", mine)
        await layer.group_send("group", {"type": "all"})
        assert await asyncio.wait_for(layer.receive(mine), 20) == {"type": "all"}
        await layer.send(mine, {"type": "one"})
        assert await asyncio.wait_for(layer.receive(mine), 20) == {"type": "one"}
        await layer.flush()

    run(use())
