"""URLs of stores: what they mean, and redis-py with them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import redis
import redis.asyncio

import emberkv
from emberkv import url


@pytest.fixture(autouse=True)
def closed_afterwards():
    yield
    emberkv.uninstall_url_scheme()
    for name in ("", "cache", "other"):
        url.close_memory(f"ember://{name}")


@pytest.fixture
def installed():
    emberkv.install_url_scheme()


@pytest.mark.parametrize(
    "text, path, memory, options",
    [
        ("ember:///var/app.ember", "/var/app.ember", None, {}),
        ("ember:/var/app.ember", "/var/app.ember", None, {}),
        ("ember:app.ember", "app.ember", None, {}),
        ("ember:///a%20b", "/a b", None, {}),
        ("ember:///x?db=3&decode_responses=true", "/x", None, {"db": 3, "decode_responses": True}),
        ("ember:///x?decode_responses=no", "/x", None, {"decode_responses": False}),
        ("ember://", None, "", {}),
        ("ember:///", None, "", {}),
        ("ember://cache", None, "cache", {}),
        ("ember://Cache/2", None, "Cache", {"db": 2}),
        ("ember://cache/2?db=5", None, "cache", {"db": 5}),
        ("ember://me:s%2Fecret@cache", None, "cache", {"username": "me", "password": "s/ecret"}),
        ("ember://cache?max_bytes=1000&socket_timeout=1.5", None, "cache",
         {"max_bytes": 1000, "socket_timeout": 1.5}),
    ],
)  # fmt: skip
def test_what_urls_mean(text, path, memory, options):
    assert url.parse(text) == (path, memory, options)


@pytest.mark.parametrize(
    "text", ["redis://localhost", "ember://name/path", "ember://?db=x", "/path", "ember2:///x"]
)
def test_what_is_no_url_of_a_store(text):
    with pytest.raises(ValueError):
        url.parse(text)


def test_handles_of_one_memory_url_share_a_store():
    one, other = emberkv.open("ember://cache"), emberkv.from_url("ember://cache?decode_responses=1")
    one.set("k", "v")
    assert other.get("k") == "v"
    assert emberkv.open("ember://other").get("k") is None
    assert emberkv.open("ember://").get("k") is None
    assert emberkv.open("ember://cache/1").get("k") is None
    assert emberkv.open().get("k") is None


def test_closing_a_handle_leaves_the_others():
    one, other = emberkv.open("ember://cache"), emberkv.open("ember://cache")
    one.set("k", "v")
    one.close()
    assert one.closed
    with pytest.raises(emberkv.ConnectionError):
        one.get("k")
    with pytest.raises(emberkv.ConnectionError):
        one.pipeline().get("k").execute()
    one.close()
    del one
    assert other.get("k") == b"v"
    url.close_memory("ember://cache")
    with pytest.raises(emberkv.ConnectionError):
        other.get("k")
    assert emberkv.open("ember://cache").get("k") is None


def test_handles_of_a_path_url(path):
    with emberkv.open(f"ember://{path}?db=2") as one, emberkv.open(path, db=2) as other:
        one.set("k", "v")
        assert other.get("k") == b"v"
        assert one.path == path


def test_what_the_url_says_wins(path):
    with emberkv.from_url(f"ember://{path}?db=2&protocol=3", db=1, decode_responses=True) as db:
        db.set("k", "v")
        assert (db._session.db, db.get("k")) == (2, "v")


def test_what_goes_with_a_path_goes_with_its_url(path, tmp_path):
    with emberkv.open(f"ember:{path}", appendonly="no") as db:
        db.set("k", 1)
        assert not os.path.exists(f"{path}/appendonlydir")
    for place in (f"ember:{path}", "ember://cache"):
        with pytest.raises(emberkv.DataError, match="a snapshot begins a private store"):
            emberkv.open(place, snapshot=tmp_path / "any.rdb")


def test_unknown_options_are_refused(path):
    with pytest.raises(ValueError, match="nonsense"):
        emberkv.open(f"ember://{path}?nonsense=1")
    with pytest.raises(ValueError, match="redis://x"):
        emberkv.from_url("redis://x")


def test_clients_and_handles_of_a_url_are_on_one_store():
    db = emberkv.open("ember://cache")
    client = emberkv.redis_client("ember://cache?db=1&decode_responses=true")
    client.set("k", "v")
    assert client.get("k") == "v"
    db.select(1)
    assert db.get("k") == b"v"


def test_redis_py_takes_our_urls(installed, path, run):
    client = redis.from_url(f"ember://{path}?db=1", decode_responses=True)
    client.set("k", "v")
    client.close()
    # The store stays, as a server's would.
    assert redis.Redis.from_url(f"ember://{path}?db=1").get("k") == b"v"
    assert redis.ConnectionPool.from_url("ember://").connection_kwargs["host"] == "ember://"
    pool = redis.BlockingConnectionPool.from_url("ember://?max_connections=1", timeout=1)
    assert redis.Redis(connection_pool=pool).ping()

    async def use():
        async with redis.asyncio.from_url(f"ember://{path}?db=1&decode_responses=true") as client:
            assert await client.get("k") == "v"
        async with redis.asyncio.Redis.from_url("ember://") as client:
            assert await client.ping()

    run(use())


def test_other_urls_are_redis_pys_as_before(installed):
    assert redis.from_url("redis://localhost:1/2").get_connection_kwargs()["db"] == 2
    with pytest.raises(ValueError, match="must specify one of the following"):
        redis.from_url("http://localhost")


def test_installing_twice_and_taking_it_back():
    original = redis.connection.parse_url
    emberkv.install_url_scheme()
    taught = redis.connection.parse_url
    emberkv.install_url_scheme()
    assert redis.connection.parse_url is taught is not original
    emberkv.uninstall_url_scheme()
    emberkv.uninstall_url_scheme()
    assert redis.connection.parse_url is original
    with pytest.raises(ValueError):
        redis.from_url("ember://")


def test_a_library_that_is_not_taught_is_refused():
    with pytest.raises(ValueError, match="nobody"):
        emberkv.install_url_scheme("nobody")


@pytest.mark.parametrize(("query", "left"), [("", b"v"), ("?durable=no", None)])
def test_a_store_of_a_url_outlives_the_process_if_durable(path, query, left):
    code = (
        "import emberkv, redis\n"
        "emberkv.install_url_scheme()\n"
        f"redis.from_url('ember://{path}{query}').set('k', 'v')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert os.path.exists(path) == (left is not None)
    with emberkv.open(path) as db:
        assert db.get("k") == left


def test_importing_emberkv_imports_no_redis_py():
    code = "import emberkv, sys; emberkv.open(); print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
