"""CLIENT TRACKING: who is told of which changes, and redis-py's cache that relies on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from net.sides import Side, both, keys_of, ours
from redis.cache import CacheConfig

import emberkv


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def test_a_reader_is_told_once_of_a_change(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        reader, writer = side.connect(3), side.connect()
        seen: list[Any] = [reader.do("CLIENT TRACKING ON"), writer.do("SET k 1")]
        reader.do("GET k")
        for command in ("SET k 2", "SET k 3"):
            writer.do(command)
            seen.append(reader.told())
        reader.do("MGET k k2 k")
        writer.do("MSET k 1 k2 2 k3 3")
        seen.append(reader.told())
        for read, write in (
            ("GET missing", "SET missing 1"),
            ("EXISTS k", "DEL k"),
            ("TTL k2", "EXPIRE k2 100"),
            ("OBJECT ENCODING k2", "APPEND k2 x"),
            ("GET k2", "RENAME k2 k4"),
            ("HGET h f", "HSET h f v"),
            ("LRANGE l 0 -1", "RPUSH l a"),
            ("ZSCORE z m", "ZADD z 1 m"),
            ("SINTER s t", "SADD t a"),
            ("STRLEN big", "SETRANGE big 3 x"),
            ("GET k4", "SWAPDB 0 1"),
            ("GET k4", "GETDEL k4"),
        ):
            reader.do(read)
            writer.do(write)
            seen.append((read, keys_of(reader.told())))
        reader.do("CLIENT TRACKING OFF")
        reader.do("GET k")
        writer.do("SET k 5")
        seen.append(reader.told())
        return seen

    assert both(script, path)[2:5:2]


def test_flushing_tells_all_that_all_is_gone(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        reader, silent, writer = side.connect(3), side.connect(3), side.connect()
        reader.do("CLIENT TRACKING ON")
        silent.do("CLIENT TRACKING ON BCAST PREFIX x")
        seen = []
        for command in ("FLUSHDB", "SELECT 1", "FLUSHDB", "SELECT 0", "FLUSHALL ASYNC"):
            reader.do("GET k")
            writer.do(command)
            seen.append((reader.told(), silent.told()))
        writer.do("SET k 1")  # nothing is remembered
        seen.append(reader.told())
        writer.do("SELECT 1")
        reader.do("GET other")
        writer.do("SET other 1")  # whatever the database
        seen.append(reader.told())
        return seen

    both(script, path)


def test_transactions_and_ones_own_changes(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        reader, writer = side.connect(3), side.connect()
        reader.do("CLIENT TRACKING ON")
        seen: list[Any] = []
        reader.do("GET k")
        seen.append((reader.do("SET k 1"), reader.told()))
        for command in ("MULTI", "GET a", "GET b", "EXEC"):
            seen.append(reader.do(command))
        for command in ("MULTI", "SET b 1", "SET a 1", "EXEC"):
            seen.append(writer.do(command))
        seen.append(reader.told())
        for command in ("MULTI", "GET own", "SET own 1", "EXEC"):
            seen.append(reader.do(command))
        seen.append(reader.told())
        reader.do("CLIENT TRACKING ON NOLOOP")
        reader.do("GET k")
        seen.append((reader.do("SET k 2"), reader.told()))
        reader.do("GET k")
        writer.do("SET k 3")
        seen.append(reader.told())
        return seen

    both(script, path)


def test_broadcasting_tells_of_prefixes(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        one, all_, writer = side.connect(3), side.connect(3), side.connect()
        one.do("CLIENT TRACKING ON BCAST PREFIX u: PREFIX e: NOLOOP")
        one.do("CLIENT TRACKING ON BCAST PREFIX o: NOLOOP")
        all_.do("CLIENT TRACKING ON BCAST")
        seen: list[Any] = [one.do("CLIENT TRACKINGINFO")]
        for command in (
            "SET o:1 1",
            "MSET u:2 1 o:3 1 u:1 1 zz 1 u:2 5",
            "DEL o:1 u:1 nosuch",
            "RENAME u:2 o:2",
            "GET o:2",
            "FLUSHALL",
        ):
            writer.do(command)
            seen.append((command, keys_of(one.told()), keys_of(all_.told())))
        for command in ("MULTI", "SET o:b 1", "SET o:a 1", "SET o:b 2", "EXEC"):
            writer.do(command)
        seen.append((keys_of(one.told()), keys_of(all_.told())))
        one.do("SET o:own 1")
        seen.append((one.told(), keys_of(all_.told())))
        one.do("CLIENT TRACKING OFF")
        writer.do("SET o:1 1")
        seen.append((one.told(), keys_of(all_.told())))
        return seen

    both(script, path)


def test_redirected_invalidations(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        writer, seen = side.connect(), []
        for protocol in (2, 3):
            target, reader = side.connect(protocol), side.connect(protocol)
            target_id = target.do("CLIENT ID").value
            seen.append(reader.do(f"CLIENT TRACKING ON REDIRECT {target_id}"))
            reader.do("GET k")
            writer.do("SET k 1")
            seen.append((target.told(), reader.told()))
            target.do("SUBSCRIBE __redis__:invalidate")
            reader.do("GET k")
            writer.do("SET k 1")
            seen.append((target.told(), reader.told()))
            writer.do("FLUSHALL")
            seen.append((target.told(), reader.told()))
            seen.append(reader.do("CLIENT GETREDIR").value == target_id)
            target.do("QUIT")
            assert target.gone()
            reader.do("GET k")
            writer.do("SET k 1")
            broken = reader.told()
            seen.append([m.value[0] for m in broken])
            seen.append(sorted(x.value for x in tracking_flags(reader)))
        return seen

    both(script, path)


def tracking_flags(connection: Any) -> Any:
    reply = connection.do("CLIENT TRACKINGINFO")
    if reply.kind == "map":
        return reply.value[0][1].value
    return reply.value[1].value


def test_caching_is_chosen_command_by_command(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        chooser, refuser, writer = side.connect(3), side.connect(3), side.connect()
        chooser.do("CLIENT TRACKING ON OPTIN")
        refuser.do("CLIENT TRACKING ON OPTOUT")
        seen: list[Any] = []

        def look() -> None:
            writer.do("MSET k 1 j 1")
            seen.append((keys_of(chooser.told()), keys_of(refuser.told())))

        for connection, word in ((chooser, "YES"), (refuser, "NO")):
            connection.do("GET k")
            look()
            seen.append(connection.do(f"CLIENT CACHING {word}"))
            connection.do("GET k")
            connection.do("GET j")
            look()
            connection.do(f"CLIENT CACHING {word}")
            for command in ("MULTI", "GET k", "GET j", "EXEC", "GET j"):
                connection.do(command)
            look()
            connection.do(f"CLIENT CACHING {word}")
            connection.do("PING")
            connection.do("GET k")
            look()
        return seen

    both(script, path)


def test_expired_keys_are_told(path: Path) -> None:
    def script(side: Side) -> list[Any]:
        reader, writer = side.connect(3), side.connect()
        reader.do("CLIENT TRACKING ON")
        writer.do("SET k v PX 30")
        reader.do("GET k")
        deadline = time.monotonic() + 20
        told: list[Any] = []
        while not told and time.monotonic() < deadline:
            told = keys_of(reader.told())
        return told

    assert both(script, path) == [["k"]]


def test_the_table_of_keys_has_a_bound(path: Path) -> None:
    with ours(path) as side:
        reader = side.connect(3)
        reader.do("CLIENT TRACKING ON")
        reader.do("CONFIG SET tracking-table-max-keys 10")
        for i in range(100):
            reader.do(f"GET k{i}")
        told = keys_of(reader.told())
        assert len(told) == 90 and all(len(keys) == 1 for keys in told)
        info = reader.do("INFO stats").value.decode()
        assert "tracking_total_keys:10\r" in info and "tracking_total_items:10\r" in info
        reader.do("FLUSHALL")
        assert "tracking_total_keys:0\r" in reader.do("INFO stats").value.decode()


def test_a_change_by_any_process_is_told(path: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.ember"
    with emberkv.open(store) as db, ours(path, db=store) as side:
        reader = side.connect(3)
        reader.do("CLIENT TRACKING ON")
        reader.do("GET k")
        db.set("k", "v")
        assert keys_of([reader.read_message()]) == [["k"]]
        reader.do("GET k")
        with pytest.raises(KeyError), db.transaction():
            db.set("k", "w")
            raise KeyError
        assert reader.told() == []
        db.flushall()
        assert keys_of([reader.read_message()]) == [None]
        assert db._store.check()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_redis_pys_cache_sees_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    # It asks for a server that says 7.4 of itself; nothing of that version is needed.
    monkeypatch.setattr(redis.connection.CacheProxyConnection, "MIN_ALLOWED_VERSION", "7.0.0")
    with emberkv.serve() as server:
        cached = redis.Redis(
            port=server.port,
            protocol=3,
            cache_config=CacheConfig(),
            decode_responses=True,
        )
        other = redis.Redis(port=server.port)
        cache: Any = cached.get_cache()
        other.set("k", 1)
        assert cached.get("k") == "1" and cache.size == 1
        assert other.info("stats")["tracking_total_keys"] == 1
        commands = other.info("commandstats")["cmdstat_get"]["calls"]
        assert cached.get("k") == "1"  # without asking
        assert other.info("commandstats")["cmdstat_get"]["calls"] == commands
        other.set("k", 2)
        until(lambda: cached.get("k") == "2")
        other.hset("h", mapping={"a": 1})
        assert cached.hgetall("h") == {"a": "1"}
        other.hset("h", "a", 2)
        until(lambda: cached.hgetall("h") == {"a": "2"})
        other.flushall()
        until(lambda: cached.get("k") is None)
        cached.close()
        other.close()
