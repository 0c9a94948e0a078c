"""redis.asyncio through the bridge: waits, cancelling, and what a loop shares."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading

import pytest
import redis
import redis.asyncio

import emberkv


@contextlib.asynccontextmanager
async def opened(path=None, **options):
    client = emberkv.redis_client(path, asyncio=True, **options)
    try:
        yield client
    finally:
        await client.aclose()


async def blocked(client, count=1):
    """Wait until that many clients wait for others."""
    while (await client.info("clients"))["blocked_clients"] < count:
        await asyncio.sleep(0)


def test_it_is_a_genuine_client(run):
    async def use():
        async with opened() as client:
            assert type(client) is redis.asyncio.Redis
            assert await client.set("k", "v")
            assert await client.get("k") == b"v"

    run(use())


def test_ordinary_calls_stay_in_the_loops_thread_and_let_nobody_in(run):
    async def use():
        async with opened() as client:
            others = []
            asyncio.get_running_loop().call_soon(others.append, "another")
            await client.set("k", 1)
            for _ in range(100):
                await client.incr("k")
            # Once more than nothing: the first call makes a connection.
            assert others == []

    run(use())


def test_pipelines_and_transactions(run):
    async def use():
        async with opened() as client:
            async with client.pipeline() as pipe:
                assert await pipe.set("k", 1).incr("k").execute() == [True, 2]

            async def add(pipe):
                value = int(await pipe.get("k"))
                pipe.multi()
                pipe.set("k", value + 1)

            assert await client.transaction(add, "k") == [True]
            async with client.pipeline() as pipe:
                await pipe.watch("k")
                await client.set("k", 0)
                pipe.multi()
                pipe.incr("k")
                with pytest.raises(redis.WatchError):
                    await pipe.execute()

    run(use())


@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
def test_blpop_waits_while_others_go_on(run, path, shared):
    async def use():
        async with opened(path if shared else None) as client:
            waiting = asyncio.create_task(client.blpop("l", timeout=10))
            await blocked(client)
            await client.rpush("l", "x")
            assert await waiting == (b"l", b"x")
            assert await client.blpop("l", timeout=0.01) is None

    run(use())


def test_a_cancelled_blpop_leaves_the_client_usable_and_loses_nothing(run):
    async def use():
        async with opened(max_connections=2) as client:
            for push_first in (False, True):
                waiting = asyncio.create_task(client.blpop("l", timeout=0))
                await blocked(client)
                if push_first:
                    # Its element is on its way when it is cancelled.
                    await client.rpush("l", "x")
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                assert (await client.info("clients"))["blocked_clients"] == 0
            assert await client.lrange("l", 0, -1) == [b"x"]
            assert await client.blpop("l", timeout=0) == (b"l", b"x")

    run(use())


def test_a_time_out_of_asyncio_is_a_cancelled_wait(run):
    async def use():
        async with opened() as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.blpop("l", timeout=0), 0.01)
            await client.rpush("l", "x")
            assert await client.lpop("l") == b"x"

    run(use())


def test_many_wait_on_one_descriptor_without_threads(run):
    async def use():
        async with opened() as client:
            waiting = [asyncio.create_task(client.blpop("l", timeout=0)) for _ in range(100)]
            await blocked(client, 100)
            assert len(os.listdir("/proc/self/fd")) < before + 20
            assert threading.active_count() == threads
            await client.rpush("l", *range(100))
            found = await asyncio.gather(*waiting)
            assert sorted(int(element) for _, element in found) == list(range(100))

    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    run(use())


def test_pubsub(run):
    async def use():
        async with opened() as client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe("c")
            assert await pubsub.get_message(timeout=0.01) is None

            async def publish():
                await asyncio.sleep(0.02)
                await client.publish("c", "later")

            task = asyncio.create_task(publish())
            assert (await pubsub.get_message(timeout=10))["data"] == b"later"
            await task
            await client.publish("c", "again")
            async for message in pubsub.listen():
                assert message["data"] == b"again"
                break
            assert await pubsub.get_message(timeout=0.01) is None

    run(use())


def test_a_busy_store_holds_up_no_other_task(run):
    """While a thread has the lock for long, calls wait elsewhere and the loop goes on."""
    db = emberkv.open()
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with db.transaction():
            db.set("k", "held")
            held.set()
            let_go.wait(10)

    async def use():
        async with opened(db) as client:
            await client.ping()
            thread = threading.Thread(target=hold)
            thread.start()
            held.wait(10)
            waiting = asyncio.create_task(client.get("k"))
            for _ in range(20):
                await asyncio.sleep(0.001)
            assert not waiting.done()
            let_go.set()
            assert await waiting == b"held"
            thread.join()

    run(use())


def test_a_client_may_be_used_by_one_loop_after_another(run):
    client = emberkv.redis_client(asyncio=True)

    async def use():
        waiting = asyncio.create_task(client.blpop("l", timeout=10))
        await blocked(client)
        await client.rpush("l", "x")
        assert await waiting == (b"l", b"x")

    run(use())
    run(use())
    run(client.aclose())


def test_socket_timeout_is_redis_pys_timeout_error(run):
    async def use():
        async with opened(socket_timeout=0.01) as client:
            with pytest.raises(redis.TimeoutError):
                await client.blpop("l", timeout=0)
            assert await client.ping()

    run(use())


def test_health_checks_and_names(run):
    async def use():
        options = {"health_check_interval": 60, "client_name": "me", "db": 2}
        async with opened(**options) as client:
            assert await client.client_getname() == "me"
            connection = await client.connection_pool.get_connection()
            connection.next_health_check = -1
            await client.connection_pool.release(connection)
            assert await client.set("k", "v")
            assert connection.next_health_check > 0

    run(use())
