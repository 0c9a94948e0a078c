"""Programs and libraries made for redis-server, against our server."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import redis
import redis.asyncio

import emberkv
from emberkv import serve


@pytest.fixture(scope="module")
def server() -> Iterator[emberkv.Server]:
    with serve() as started:
        yield started


def program(name: str, server: emberkv.Server, *args: str, text: str = "") -> str:
    if shutil.which(name) is None:
        pytest.skip(f"no {name}")
    command = [name, "-p", str(server.port), *args]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py(server: emberkv.Server, protocol: int) -> None:
    with redis.Redis(port=server.port or 0, protocol=protocol, client_name="me") as client:
        client.flushall()
        assert client.client_getname() in (b"me", "me")
        with client.pipeline() as p:
            p.set("a", 1).incr("a").hset("h", mapping={"f": "v"}).hgetall("h")
            assert p.execute() == [True, 2, 1, {b"f": b"v"}]
        pubsub = client.pubsub()
        pubsub.subscribe("c")
        assert pubsub.get_message(timeout=10)["type"] == "subscribe"
        client.publish("c", "hello")
        assert pubsub.get_message(timeout=10)["data"] == b"hello"
        pubsub.close()
        assert client.zadd("z", {"m": 1.5}) == 1
        assert client.zscore("z", "m") == 1.5


def test_redis_py_asyncio(server: emberkv.Server) -> None:
    async def main() -> None:
        async with redis.asyncio.Redis(port=server.port or 0) as client:
            await client.flushall()
            waiting = asyncio.ensure_future(client.blpop(["l"], timeout=10))
            async with redis.asyncio.Redis(port=server.port or 0) as other:
                await other.rpush("l", "v")
            assert list(await waiting) == [b"l", b"v"]
            got = await asyncio.gather(*(client.incr("n") for _ in range(100)))
            assert sorted(got) == list(range(1, 101))

    asyncio.run(main())


def test_redis_cli(server: emberkv.Server) -> None:
    program("redis-cli", server, "FLUSHALL")
    assert program("redis-cli", server, "SET", "a", "1") == "OK\n"
    assert program("redis-cli", server, "-3", "GET", "a") == "1\n"
    for i in range(3):
        program("redis-cli", server, "SET", f"key:{i}", "v")
    assert sorted(program("redis-cli", server, "--scan").split()) == [
        *("a", "key:0", "key:1", "key:2"),
    ]
    sent = "".join(f"SET p{i} {i}\r\n" for i in range(1000))
    assert "replies: 1000" in program("redis-cli", server, "--pipe", text=sent)
    assert "Biggest string" in program("redis-cli", server, "--bigkeys")


@pytest.mark.parametrize("pipeline", [1, 50])
def test_redis_benchmark(server: emberkv.Server, pipeline: int) -> None:
    options = ("-n", "500", "-P", str(pipeline), "--csv", "-r", "100")
    lines = program("redis-benchmark", server, *options).splitlines()
    assert len(lines) >= 15
    assert not [line for line in lines if "Error" in line]
