"""INFO, DEBUG DIGEST, the slow log and figures of commands, where no reply tells it by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from oracle import RedisServer
from subjects import Client, Subject

import emberkv


@pytest.fixture
def db() -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open() as opened:
        yield opened


def digest(db: emberkv.Ember[bytes], *keys: str) -> Any:
    if keys:
        return db.execute_command("DEBUG", "DIGEST-VALUE", *keys)
    return db.execute_command("DEBUG", "DIGEST")


# INFO


def field_names(client: Client, *sections: str) -> list[str]:
    text = client.execute("INFO", *sections).value.decode()
    names = [line.split(":")[0] for line in text.splitlines()]
    of_use = re.compile("errorstat_|db[0-9]|cmdstat|latency_")  # what other tests did
    return [name for name in names if not of_use.match(name)]


@pytest.mark.parametrize(
    "sections", ["", "server", "all", "everything", "default", "clients memory", "NoSuch", "CPU x"]
)
def test_info_has_the_fields_of_the_server(
    subject: Subject, oracle: RedisServer, sections: str
) -> None:
    ours, theirs = subject.client(2), oracle.client(2)
    try:
        assert field_names(ours, *sections.split()) == field_names(theirs, *sections.split())
    finally:
        ours.close()
        theirs.close()


def test_info_tells_what_happened(db: emberkv.Ember[bytes]) -> None:
    db.set("k", "v")
    db.set("l", "v", px=100_000)
    db.incr("n")
    with pytest.raises(emberkv.ResponseError):
        db.incr("k")
    info = db.info("everything")
    assert info["db0"]["keys"] == 3 and info["db0"]["expires"] == 1
    assert 0 < info["db0"]["avg_ttl"] <= 100_000
    assert info["cmdstat_incr"]["calls"] == 2 and info["cmdstat_incr"]["failed_calls"] == 1
    assert info["errorstat_ERR"] == {"count": 1}
    assert info["total_error_replies"] == 1
    assert info["used_memory"] > 0 and info["used_memory_human"].endswith("K")
    assert len(info["run_id"]) == len(info["master_replid"]) == 40
    db.config_resetstat()
    again = db.info("everything")
    assert "errorstat_ERR" not in again and "cmdstat_incr" not in again
    assert again["run_id"] == info["run_id"]
    db.execute_command("DEBUG", "CHANGE-REPL-ID")
    assert db.info("replication")["master_replid"] != info["master_replid"]


# Digests


def test_a_digest_does_not_depend_on_order_or_encoding(db: emberkv.Ember[bytes]) -> None:
    assert digest(db) == b"0" * 40
    db.sadd("ints", 1, 2, 3)
    db.sadd("strings", 3, 1, "x", 2)
    db.srem("strings", "x")
    assert db.object("encoding", "ints") != db.object("encoding", "strings")
    db.hset("small", mapping={"a": 1, "b": 2})
    db.hset("large", mapping={"b": 2, "long": "x" * 100, "a": 1})
    db.hdel("large", "long")
    assert db.object("encoding", "small") != db.object("encoding", "large")
    db.zadd("near", {"a": 1, "b": 2.5})
    db.zadd("far", {"b": 2.5, "y" * 100: 0, "a": 1})
    db.zrem("far", "y" * 100)
    db.rpush("list", 1, "a")
    db.lpush("tsil", "a", 1)
    db.xadd("stream", {"a": 1, "b": "x"}, id="1-1")
    db.xadd("other", {"c": 1}, id="1-0")
    db.xadd("other", {"a": 1, "b": "x"}, id="1-1")
    assert digest(db, "stream")[0] not in (b"0" * 40, digest(db, "other")[0])
    db.xdel("other", "1-0")
    pairs = [
        ("stream", "other"),
        ("ints", "strings"),
        ("small", "large"),
        ("near", "far"),
        ("list", "tsil"),
    ]
    for one, other in pairs:
        assert len(set(digest(db, one, other))) == 1, (one, other)
    assert digest(db, "nosuch") == [b"0" * 40]


def test_stores_with_equal_data_have_equal_digests(db: emberkv.Ember[bytes]) -> None:
    def fill(store: emberkv.Ember[bytes], names: list[str]) -> None:
        for name in names:
            store.set(name, name * 3)
        store.expire("b", 100)

    fill(db, ["a", "b", "c"])
    with emberkv.open() as other:
        fill(other, ["c", "b", "a"])
        assert digest(db) == digest(other)
        seen = {digest(other)}
        other.expire("b", 200)
        assert digest(other) in seen
        for change in (
            lambda: other.persist("b"),
            lambda: other.append("a", "x"),
            lambda: other.rename("c", "d"),
            lambda: other.move("d", 1),
            lambda: other.delete("a"),
        ):
            change()
            assert digest(other) not in seen
            seen.add(digest(other))
        other.flushall()
        assert digest(other) == b"0" * 40


# What took long


def test_slow_commands_are_logged_for_all_handles(tmp_path: Any) -> None:
    path = tmp_path / "logged.ember"
    with emberkv.open(path) as db, emberkv.open(path) as other:
        db.client_setname("me")
        db.config_set("slowlog-log-slower-than", 0)
        db.set("k", "v" * 200)
        db.execute_command("AUTH", "default", "secret")
        db.config_set("requirepass", "secret", "timeout", 5)
        with db.pipeline() as pipe:
            pipe.rpush("l", *range(40)).execute()
        db.config_set("slowlog-log-slower-than", -1)
        db.set("unseen", 1)
        entries = other.slowlog_get()
        commands = [entry["command"].replace(b"set k", b"SET k") for entry in entries]
        assert commands[-1] == b"SET k " + b"v" * 128 + b"... (72 more bytes)"
        assert commands[-2] == b"AUTH (redacted) (redacted)"
        assert commands[-3] == b"CONFIG SET requirepass (redacted) timeout 5"
        assert any(c.endswith(b" 28 ... (11 more arguments)") for c in commands), commands
        assert not any(b"unseen" in c for c in commands)
        assert [e["id"] for e in entries] == sorted((e["id"] for e in entries), reverse=True)
        assert entries[-1]["client_name"] == b"me"
        assert other.slowlog_len() == len(entries)
        assert len(other.slowlog_get(2)) == 2
        assert db._store.check()
        other.config_set("slowlog-max-len", 1)
        other.config_set("slowlog-log-slower-than", 0)
        other.set("k", 1)
        other.config_set("slowlog-log-slower-than", -1)
        assert [e["command"].upper() for e in db.slowlog_get()] == [b"SET K 1"]
        db.slowlog_reset()
        assert db.slowlog_get() == [] and db.slowlog_len() == 0


def test_spikes_are_noted_above_the_threshold(db: emberkv.Ember[bytes]) -> None:
    db.config_set("latency-monitor-threshold", 1)
    db.execute_command("DEBUG", "SLEEP", "0.003")
    ((name, when, latest, worst),) = db.latency_latest()
    assert name == b"command" and when > 1_000_000_000 and 3 <= latest == worst
    assert db.latency_history("command") == [[when, latest]]
    assert b"command - high" in db.execute_command("LATENCY GRAPH", "command")
    histogram = db.execute_command("LATENCY HISTOGRAM", "debug")[b"debug"]
    assert histogram[b"calls"] == 1 and sum(histogram[b"histogram_usec"].values()) == 1
    assert db.latency_reset() == 1 and db.latency_latest() == []


# Settings


def test_settings_of_values_are_the_stores_and_others_the_processes(tmp_path: Any) -> None:
    path = tmp_path / "set.ember"
    with emberkv.open(path) as db, emberkv.open(path) as other:
        db.config_set("hash-max-listpack-entries", 7, "requirepass", "x", "timeout", 9)
        assert other.config_get("hash-max-listpack-entries") == {"hash-max-listpack-entries": "7"}
        assert other.config_get("requirepass") == {"requirepass": "x"}
        assert db.config_get("timeout") == {"timeout": "9"}
        assert other.config_get("timeout") == {"timeout": "0"}
        assert other.ping()  # whoever has the file needs no password
