"""emberkv.asyncio: waits, cancelling, pipelines, locks, and what a loop shares."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest

import emberkv
import emberkv.asyncio


async def blocked(db, count=1):
    while (await db.info("clients"))["blocked_clients"] < count:
        await asyncio.sleep(0)


def test_calls_stay_in_the_loops_thread_and_let_nobody_in(run):
    async def use():
        async with emberkv.asyncio.open() as db:
            others = []
            asyncio.get_running_loop().call_soon(others.append, "another")
            for _ in range(100):
                await db.incr("k")
            assert others == [] and await db.get("k") == b"100"

    run(use())


def test_a_handle_on_the_store_of_another(run):
    async def use():
        with emberkv.open(decode_responses=True, db=2) as db:
            twin = emberkv.asyncio.Ember(db)
            await twin.set("k", "v")
            assert db.get("k") == await twin.get("k") == "v"
            await twin.aclose()
            assert twin.closed and db.get("k") == "v"
            with pytest.raises(emberkv.ConnectionError):
                await twin.get("k")

    run(use())


def test_urls_and_paths(run, path):
    async def use():
        async with emberkv.asyncio.from_url(f"ember://{path}?decode_responses=true") as one:
            await one.set("k", "é")
            async with emberkv.asyncio.open(path) as other:
                assert await other.get("k") == "é".encode()
                assert path in repr(other)

    run(use())


@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
def test_blpop_waits_while_others_go_on(run, path, shared):
    async def use():
        async with emberkv.asyncio.open(path if shared else None) as db:
            waiting = asyncio.create_task(db.blpop("l", timeout=10))
            await blocked(db)
            await db.rpush("l", "x", "y")
            assert await waiting == (b"l", b"x")
            assert await db.lrange("l", 0, -1) == [b"y"]
            assert await db.bzpopmin("z", timeout=0.01) is None

    run(use())


def test_another_process_ends_a_wait(run, path):
    async def use():
        async with emberkv.asyncio.open(path) as db:
            waiting = asyncio.create_task(db.blpop("l", timeout=20))
            await blocked(db)
            pid = os.fork()
            if pid == 0:
                try:
                    emberkv.open(path).rpush("l", "from afar")
                finally:
                    os._exit(0)
            assert await waiting == (b"l", b"from afar")
            os.waitpid(pid, 0)

    run(use())


def test_cancelling_leaves_nothing_behind(run):
    async def use():
        async with emberkv.asyncio.open() as db:
            for push_first in (False, True):
                waiting = asyncio.create_task(db.blpop("l", timeout=0))
                await blocked(db)
                if push_first:
                    await db.rpush("l", "x")
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                assert (await db.info("clients"))["blocked_clients"] == 0
            assert await db.lrange("l", 0, -1) == [b"x"]
            assert await db.set("k", "v")

    run(use())


def test_a_thousand_wait_on_one_descriptor_and_no_thread(run):
    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()

    async def use():
        async with emberkv.asyncio.open() as db:
            waiting = [asyncio.create_task(db.blpop("l", timeout=0)) for _ in range(1000)]
            await blocked(db, 1000)
            assert len(os.listdir("/proc/self/fd")) < before + 20
            assert threading.active_count() == threads
            await db.rpush("l", *range(1000))
            found = await asyncio.gather(*waiting)
            # Served in the order in which they came.
            assert [int(element) for _, element in found] == list(range(1000))

    run(use())


def test_blocking_commands_work_in_the_database_of_the_handle(run):
    async def use():
        async with emberkv.asyncio.open(db=1) as db:
            waiting = asyncio.create_task(db.blpop("l", timeout=10))
            await blocked(db)
            await db.rpush("l", "one")
            assert await waiting == (b"l", b"one")
            await db.select(2)
            await db.rpush("l", "two")
            assert await db.blpop("l", timeout=1) == (b"l", b"two")

    run(use())


def test_pipelines(run):
    async def use():
        async with emberkv.asyncio.open() as db:
            async with db.pipeline() as pipe:
                assert await pipe.set("n", 1).incr("n").expire("n", 100).execute() == [
                    *(True, 2, True)
                ]
                await pipe.watch("n")
                assert await pipe.get("n") == b"2"
                pipe.multi()
                pipe.incr("n")
                await db.set("n", 10)
                with pytest.raises(emberkv.WatchError):
                    await pipe.execute()
            plain = db.pipeline(transaction=False)
            with pytest.raises(emberkv.ResponseError, match="Command # 1"):
                await plain.lpush("n", 1).set("k", 1).execute()
            assert await db.get("k") == b"1"
            with pytest.raises(emberkv.DataError):
                await db.pipeline().set("a", 1).set("b", object()).execute()
            assert await db.exists("a") == 0
            assert await db.pipeline().blpop("l", timeout=0).execute() == [None]

    run(use())


def test_transactions_try_again(run):
    async def use():
        async with emberkv.asyncio.open() as db:
            seen = []

            async def add(pipe):
                value = int(await pipe.get("n") or 0)
                if not seen:
                    await db.set("n", 10)
                seen.append(value)
                pipe.multi()
                pipe.set("n", value + 1)

            assert await db.transaction(add, "n") == [True]
            assert seen == [0, 10] and await db.get("n") == b"11"

    run(use())


def test_walks_are_asynchronous_generators(run):
    async def use():
        async with emberkv.asyncio.open(decode_responses=True) as db:
            await db.mset({f"k{i}": i for i in range(100)})
            await db.hset("h", mapping={"a": 1, "b": 2})
            keys = [key async for key in db.scan_iter("k*", count=7)]
            assert sorted(keys) == sorted(f"k{i}" for i in range(100))
            assert {pair async for pair in db.hscan_iter("h")} == {("a", "1"), ("b", "2")}

    run(use())


def test_locks(run):
    async def use():
        async with emberkv.asyncio.open() as db:
            order = []

            async def work(name):
                async with db.lock("l", sleep=0.001):
                    order.append(name)
                    await asyncio.sleep(0.002)
                    order.append(name)

            await asyncio.gather(*(work(i) for i in range(4)))
            assert sorted(order[::2]) == [0, 1, 2, 3] and order[::2] == order[1::2]
            lock = db.lock("l", timeout=10, blocking=False)
            assert await lock.acquire()
            assert await lock.owned() and await db.lock("l").locked()
            assert not await db.lock("l", blocking_timeout=0.01, sleep=0.005).acquire()
            assert await lock.extend(50) and await db.pttl("l") > 50_000
            assert await lock.reacquire() and await db.pttl("l") <= 10_000
            await lock.release()
            with pytest.raises(emberkv.exceptions.LockError):
                await lock.release()

    run(use())


def test_pubsub(run):
    async def use():
        async with emberkv.asyncio.open() as db, db.pubsub() as pubsub:
            seen = []

            async def handle(message):
                await asyncio.sleep(0)
                seen.append(message["data"])

            await pubsub.subscribe("c", d=handle)
            assert [(await pubsub.get_message(timeout=5))["type"] for _ in "cd"] == [
                *("subscribe", "subscribe")
            ]
            assert await pubsub.get_message(timeout=0.01) is None
            waiting = asyncio.create_task(pubsub.get_message(timeout=10))
            await asyncio.sleep(0)
            assert await db.publish("c", "hello") == 1
            assert (await waiting)["data"] == b"hello"
            await db.publish("d", "to the handler")
            assert await pubsub.get_message(timeout=5) is None
            assert seen == [b"to the handler"]
            running = asyncio.create_task(pubsub.run())
            with pytest.raises(emberkv.exceptions.PubSubError, match="no handler"):
                await running

    run(use())


def test_a_busy_store_holds_up_no_other_task(run):
    db = emberkv.open()
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with db.transaction():
            db.set("k", "held")
            held.set()
            let_go.wait(10)

    async def use():
        twin = emberkv.asyncio.Ember(db)
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        waiting = [
            asyncio.create_task(call)
            for call in (twin.get("k"), twin.pipeline().get("k").execute(), twin.lock("k").locked())
        ]
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not any(task.done() for task in waiting)
        let_go.set()
        assert await asyncio.gather(*waiting) == [b"held", [b"held"], True]
        thread.join()

    run(use())


def test_a_cancelled_call_that_waits_for_the_lock_does_not_run_later(run):
    db = emberkv.open()
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with db.transaction():
            held.set()
            let_go.wait(10)

    async def use():
        twin = emberkv.asyncio.Ember(db)
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        task = asyncio.create_task(twin.set("k", "v"))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        let_go.set()
        thread.join()
        assert await twin.get("k") is None

    run(use())


def test_a_handle_may_be_used_by_one_loop_after_another(run):
    db = emberkv.asyncio.open()

    async def use():
        waiting = asyncio.create_task(db.blpop("l", timeout=10))
        await blocked(db)
        await db.rpush("l", "x")
        assert await waiting == (b"l", b"x")

    run(use())
    run(use())
    run(db.aclose())


def test_copies_and_what_cannot_be_awaited(run):
    async def use():
        async with emberkv.asyncio.open() as db:
            await db.set("k", "v")
            copy = await db.fork()
            await copy.set("k", "w")
            assert await db.get("k") == b"v"
            assert await copy.get("k") == b"w"
            with pytest.raises(TypeError, match="cannot be awaited"):
                db["k"]
            assert await db is db

    run(use())


def test_arrays(run):
    numpy = pytest.importorskip("numpy")

    async def use():
        async with emberkv.asyncio.open() as db:
            assert await db.rpush_array("l", numpy.arange(5)) == 5
            assert (await db.lrange_array("l", 0, -1, "i8")).tolist() == [0, 1, 2, 3, 4]

    run(use())


def test_a_time_out_is_kept(run):
    async def use():
        async with emberkv.asyncio.open() as db:
            start = time.monotonic()
            assert await db.blpop("l", timeout=0.05) is None
            assert 0.05 <= time.monotonic() - start < 5

    run(use())


def test_keyspace_notifications(run):
    async def use():
        async with emberkv.asyncio.open() as db:
            await db.config_set("notify-keyspace-events", "KEA")
            events = db.keyspace_notifications()
            await events.subscribe_keyspace("k*")
            await db.set("key", "v")
            event = None
            while event is None:
                event = await events.get_message(timeout=5)
            assert (event.key, event.event_type) in ((b"key", "set"), ("key", "set"))
            await events.aclose()

    run(use())
