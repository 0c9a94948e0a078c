"""What users of redis-py do with a client, through the bridge."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
import time

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

import emberkv
from emberkv import bridge


def test_it_is_a_genuine_client(client):
    assert type(client) is redis.Redis
    assert isinstance(client.connection_pool, redis.ConnectionPool)


def test_clients_on_a_path_share_its_store(path):
    with emberkv.redis_client(path) as one, emberkv.redis_client(path) as other:
        one.set("k", "v")
        assert other.get("k") == b"v"
        with emberkv.open(path) as db:
            assert db.get("k") == b"v"


def test_a_client_of_a_handle_sees_its_database():
    with emberkv.open(db=3) as db:
        client = emberkv.redis_client(db, decode_responses=True)
        db.set("k", "é")
        assert client.get("k") == "é"
        assert client.connection_pool.connection_kwargs["db"] == 3


def test_a_client_keeps_the_handle_that_it_was_made_of():
    client = emberkv.redis_client(emberkv.open())
    assert client.set("k", "v")


def test_a_closed_handle_ends_its_clients():
    db = emberkv.open()
    client = emberkv.redis_client(db)
    client.ping()
    db.close()
    with pytest.raises(redis.ConnectionError, match="closed"):
        client.ping()


def test_a_private_store_ends_with_its_client(path):
    client = emberkv.redis_client()
    client.set("k", "v")
    store = client.connection_pool.connection_kwargs["path"].open()
    client.close()
    del client
    import gc

    gc.collect()
    assert not store.closed  # it is only let go of
    client = emberkv.redis_client(path)
    client.set("k", "v")
    del client
    gc.collect()
    assert not os.path.exists(os.path.join(path, "arena"))


def test_watch_sees_changes_of_others(client):
    client.set("k", 1)
    with client.pipeline() as pipe:
        pipe.watch("k")
        client.incr("k")
        pipe.multi()
        pipe.incr("k")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert client.get("k") == b"2"


def test_transaction_tries_again(client):
    client.set("k", 1)
    calls = []

    def add(pipe):
        value = int(pipe.get("k"))
        if not calls:
            client.set("k", 10)
        calls.append(value)
        pipe.multi()
        pipe.set("k", value + 1)

    assert client.transaction(add, "k") == [True]
    assert calls == [1, 10]
    assert client.get("k") == b"11"


def test_errors_in_a_pipeline_name_the_command(client):
    client.set("k", "v")
    pipe = client.pipeline(transaction=False)
    pipe.set("a", 1).lpush("k", 1).set("b", 1)
    with pytest.raises(redis.ResponseError, match=r"Command # 2 \(LPUSH k 1\) of pipeline"):
        pipe.execute()
    assert client.mget("a", "b") == [b"1", b"1"]


def test_a_bad_argument_leaves_a_pipeline_unsent(client):
    pipe = client.pipeline().set("a", 1).set("b", object())
    with pytest.raises(redis.DataError, match="Invalid input of type: 'object'"):
        pipe.execute()
    assert client.exists("a", "b") == 0
    assert client.set("a", 1)


@pytest.mark.parametrize(
    "command, error",
    [
        (("EVALSHA", "0" * 40, 0), redis.exceptions.NoScriptError),
        (("AUTH", "default", "x", "y"), redis.ResponseError),
        (("EXEC",), redis.ResponseError),
        (("SET", "k"), redis.ResponseError),
        (("NOSUCH",), redis.ResponseError),
    ],
)
def test_errors_are_redis_pys(client, command, error):
    with pytest.raises(error):
        client.execute_command(*command)
    assert client.ping()


def test_out_of_memory_is_redis_pys_error():
    with emberkv.redis_client(max_bytes=1 << 20) as client:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            client.set("k", b"x" * (2 << 20))
        assert client.ping()


def test_an_abandoned_transaction_raises_exec_abort(client):
    with client.pipeline() as pipe:
        pipe.execute_command("SET", "k")
        with pytest.raises(redis.ResponseError, match="wrong number"):
            pipe.execute()


def test_single_connection_client():
    with emberkv.redis_client(single_connection_client=True) as client:
        client.execute_command("CLIENT SETNAME", "me")
        assert client.client_getname() == "me"
        client.select(2)
        client.set("k", "v")
        assert client.dbsize() == 1


def test_options_are_redis_pys():
    with emberkv.redis_client(
        db=1, client_name="me", health_check_interval=0.001, max_connections=2, protocol=2
    ) as client:
        assert client.client_getname() == "me"
        time.sleep(0.002)
        assert client.set("k", "v")
        assert client.get("k") == b"v"
        first, second = (client.connection_pool.get_connection() for _ in range(2))
        with pytest.raises(redis.exceptions.MaxConnectionsError):
            client.connection_pool.get_connection()
        client.connection_pool.release(first)
        client.connection_pool.release(second)


def test_what_is_about_sockets_is_accepted():
    with emberkv.redis_client(
        host="elsewhere", port=1, socket_keepalive=True, socket_timeout=3, ssl=True, ssl_keyfile="x"
    ) as client:
        assert client.ping()


def test_unknown_options_are_refused():
    with pytest.raises(TypeError), emberkv.redis_client(nonsense=1) as client:
        client.ping()


def test_a_password_is_checked_as_a_server_without_one_does():
    with emberkv.redis_client(password="x", protocol=2) as client:
        with pytest.raises(redis.AuthenticationError, match="without any password configured"):
            client.ping()


def test_a_connection_that_was_ended_begins_again(client):
    connection = client.connection_pool.get_connection()
    client.connection_pool.release(connection)
    connection.disconnect()
    assert client.ping()


def test_a_killed_connection_is_replaced_or_tried_again(path):
    with (
        emberkv.redis_client(path, retry=Retry(NoBackoff(), 1)) as victim,
        emberkv.redis_client(path) as killer,
    ):
        pubsub = victim.pubsub()
        pubsub.subscribe("c")
        assert pubsub.get_message(timeout=5)["type"] == "subscribe"
        assert killer.client_kill_filter(_id=pubsub.connection._sock.client_id) == 1
        # It subscribes again by itself.
        assert pubsub.get_message(timeout=5)["type"] == "subscribe"
        killer.publish("c", "m")
        assert pubsub.get_message(timeout=5)["data"] == b"m"


def test_who_asked_for_its_number_is_found_by_it(path):
    with emberkv.redis_client(path) as client, emberkv.redis_client(path, protocol=2) as other:
        pubsub = other.pubsub()
        number = other.client_id()
        assert number in [int(c["id"]) for c in client.client_list()]
        pubsub.execute_command("CLIENT", "ID")
        with other.client() as reader:
            assert reader.execute_command(
                "CLIENT", "TRACKING", "ON", "REDIRECT", pubsub.parse_response()
            )
            pubsub.subscribe("__redis__:invalidate")
            assert pubsub.get_message(timeout=20)["type"] == "subscribe"
            reader.get("k")
            client.set("k", "v")
            assert pubsub.get_message(timeout=20)["data"] == [b"k"]
        assert client.client_kill_filter(_id=number) == 1
        assert number not in [int(c["id"]) for c in client.client_list()]


@pytest.mark.parametrize("protocol", [2, 3])
def test_who_has_a_name_is_found_by_it(path, protocol):
    def names():
        return {c["name"]: c["id"] for c in other.client_list()}

    options = {"client_name": "by option", "protocol": protocol}
    with pytest.raises(redis.ResponseError, match="names cannot contain spaces"):
        emberkv.redis_client(path, **options).ping()
    options["client_name"] = "by-option"
    with (
        emberkv.redis_client(path) as other,
        emberkv.redis_client(path, **options) as client,
        emberkv.open(path) as db,
    ):
        client.ping()
        assert "by-option" in names()
        client.client_setname("by-command")
        assert {"by-command"} == names().keys() - {""}
        db.client_setname("handle")
        db.execute_command("HELLO", 3, "SETNAME", "greeted")
        assert {"by-command", "greeted"} == names().keys() - {""}
        assert other.client_kill_filter(_id=names()["greeted"]) == 1
        assert {"by-command"} == names().keys() - {""}
    with emberkv.open(path) as db:
        assert [c["name"] for c in db.client_list()] == [""]


def test_a_pool_of_redis_pys_own_can_have_our_connections(path):
    from emberkv.bridge_connection import Connection

    pool = redis.BlockingConnectionPool(
        connection_class=Connection, path=path, max_connections=1, timeout=0.01
    )
    with redis.Redis(connection_pool=pool) as client:
        assert client.set("k", "v")
        pool.get_connection()
        with pytest.raises(redis.ConnectionError):
            client.get("k")


def test_a_pool_on_a_path_can_be_copied_and_sent(path):
    with emberkv.redis_client(path) as client:
        client.set("k", "v")
        kwargs = client.connection_pool.connection_kwargs
        source = kwargs["path"]
        assert copy.deepcopy(source) is source
        sent = pickle.loads(pickle.dumps(source))
        with emberkv.redis_client(str(sent)) as other:
            assert other.get("k") == b"v"


def test_a_source_in_memory_cannot_be_sent(client):
    with pytest.raises(TypeError, match="open a path"):
        pickle.dumps(client.connection_pool.connection_kwargs["path"])


def test_a_path_with_another_scheme_is_refused():
    with pytest.raises(ValueError, match="redis://localhost"):
        emberkv.redis_client("redis://localhost")


def test_without_redis_py_the_error_says_what_to_install(monkeypatch):
    import sys

    for name in [name for name in sys.modules if name.startswith("emberkv.bridge_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ImportError, match=r"pip install 'emberkv\[redis\]'"):
        bridge.redis_client()


def test_threads_share_a_client(client):
    def work():
        for _ in range(300):
            client.incr("n")
            with client.pipeline() as pipe:
                pipe.incr("m").incr("m").execute()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.mget("n", "m") == [b"1200", b"2400"]


def in_a_child(work) -> int:
    """What `work` gives, a small int, in a child of a fork."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_child_of_a_fork_has_connections_of_its_own(path):
    with emberkv.redis_client(path) as client:
        client.set("n", 1)
        with client.pipeline() as pipe:
            pipe.watch("n")
            assert in_a_child(lambda: client.incr("n")) == 2
            pipe.multi()
            pipe.set("n", 0)
            with pytest.raises(redis.WatchError):
                pipe.execute()
        assert client.get("n") == b"2"


def test_a_child_does_not_unwatch_what_its_parent_watches(path):
    with emberkv.redis_client(path) as client, client.pipeline() as pipe:
        pipe.watch("n")

        def work():
            pipe.connection.disconnect()
            return client.incr("n")

        assert in_a_child(work) == 1
        pipe.multi()
        pipe.set("n", 0)
        with pytest.raises(redis.WatchError):
            pipe.execute()


def test_private_memory_is_copied_by_a_fork(client):
    client.set("n", 1)
    assert in_a_child(lambda: client.incr("n")) == 2
    assert client.get("n") == b"1"


USES_WORDS = """
import asyncio, emberkv
r = emberkv.redis_client()
r.set("k", "v")
assert r.config_get("maxmemory") == {"maxmemory": "0"}
assert r.memory_usage("k") > 0
assert r.pipeline().config_get("port").script_load("return 1").execute()[0]
assert asyncio.run(emberkv.redis_client(asyncio=True).config_get("maxmemory"))
assert asyncio.run(emberkv.asyncio.open().memory_usage("k")) is None
assert emberkv.open().mget(b"key %d" % i for i in range(50)) == [None] * 50
"""


def test_what_a_call_makes_of_its_arguments_lives_as_long_as_it():
    """What is freed too early is overwritten by Python's debugging allocator."""
    subprocess.run(
        [sys.executable, "-c", "import emberkv.asyncio\n" + USES_WORDS],
        env={**os.environ, "PYTHONMALLOC": "debug"},
        check=True,
        timeout=60,
    )


def test_commands_may_come_as_bytes_of_the_protocol(client):
    connection = client.connection_pool.get_connection()
    connection.send_packed_command([b"*2\r\n$4\r\nECHO\r\n$5\r\nhe", b"llo\r\n"])
    assert connection.read_response() == b"hello"
    connection.send_packed_command(connection.pack_command("ECHO", "again"))
    assert connection.read_response() == b"again"
    client.connection_pool.release(connection)


def test_a_reply_that_cannot_be_decoded_raises_and_leaves_the_client_usable():
    with emberkv.redis_client(decode_responses=True) as client:
        client.set("k", b"\xff")
        with pytest.raises(UnicodeDecodeError):
            client.get("k")
        assert client.ping()
    with emberkv.redis_client(decode_responses=True, encoding_errors="replace") as client:
        client.set("k", b"\xff")
        assert client.get("k") == "\ufffd"


def test_a_connection_says_where_it_leads(path):
    with emberkv.redis_client(path, client_name="me") as client:
        connection = client.connection_pool.get_connection()
        assert path in repr(connection) and "client_name=me" in repr(connection)
        assert path in repr(client)
        client.connection_pool.release(connection)


def test_monitor(client):
    with client.monitor() as monitor:
        client.set("k", "v")
        # What the new connection introduces itself with comes first.
        seen = next(seen for seen in monitor.listen() if seen["command"].startswith("SET"))
        assert (seen["db"], seen["command"]) == (0, "SET k v")


def test_client_side_cache():
    from redis.cache import CacheConfig

    with emberkv.open() as db:
        client = emberkv.redis_client(db, protocol=3, cache_config=CacheConfig())
        db.set("k", "v")
        assert client.get("k") == b"v"
        assert client.get_cache().size == 1
        assert client.get("k") == b"v"
        db.set("k", "w")
        assert client.get("k") == b"w"
        db.flushall()
        assert client.get("k") is None
        assert client.get_cache().size == 0


def test_scripts_and_locks(client):
    double = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)")
    assert double(["n"], [2]) == 4
    pipe = client.pipeline()
    double(["n"], [3], client=pipe)
    pipe.get("n")
    assert pipe.execute() == [10, b"10"]
    with client.lock("l", timeout=10) as lock:
        assert lock.owned() and lock.extend(10)
        assert not client.lock("l", blocking=False).acquire()
    assert not client.exists("l")
