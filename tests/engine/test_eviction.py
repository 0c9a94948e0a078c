"""maxmemory: what is refused, what goes, and what the store knows of the use of its keys."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from oracle import RedisServer
from subjects import start_subject

import emberkv

LIMIT = 2 << 20


@pytest.fixture
def db() -> Iterator[emberkv.Ember]:
    with emberkv.open() as store:
        yield store


def limited(db: emberkv.Ember, policy: str, limit: int = LIMIT) -> None:
    db.config_set("maxmemory-policy", policy)
    db.config_set("maxmemory", limit)


def used(db: emberkv.Ember) -> int:
    return db.info("memory")["used_memory"]


REFUSALS = """
SET a 1
RPUSH l a b
CONFIG SET maxmemory 1
SET x 1
GET a
INCR n
APPEND a x
DEL nothing
LPOP l
EXPIRE a 100
PUBLISH channel message
EVAL 'return redis.call("get",KEYS[1])' 1 a
EVAL 'return redis.pcall("set",KEYS[1],"1")' 1 x
MULTI
SET x 1
EXEC
MULTI
GET a
EXEC
MULTI
DISCARD
MULTI
PING
DISCARD
CONFIG SET maxmemory-policy volatile-lru
SET x 1
CONFIG SET maxmemory 0
MULTI
SET x 1
GET a
EXEC
CONFIG SET maxmemory 1
CONFIG SET maxmemory-policy noeviction
OBJECT FREQ a
CONFIG SET maxmemory 0
CONFIG SET maxmemory-policy allkeys-lfu
SET fresh one
OBJECT FREQ fresh
OBJECT IDLETIME fresh
OBJECT FREQ nothing
SET fresh two
CONFIG SET maxmemory-policy allkeys-lru
OBJECT IDLETIME a
OBJECT FREQ a
INFO errorstats
"""


def test_without_room_it_refuses_what_a_server_refuses() -> None:
    import shlex

    subject = start_subject()
    with RedisServer() as oracle:
        ours, theirs = subject.client(2), oracle.client(2)
        for line in REFUSALS.strip().splitlines():
            words = shlex.split(line)
            mine, real = ours.execute(*words), theirs.execute(*words)
            if words[:2] == ["INFO", "errorstats"]:
                kinds = [b":OOM:" in mine.value, b"errorstat_OOM" in mine.value]
                assert kinds == [b":OOM:" in real.value, b"errorstat_OOM" in real.value]
                continue
            assert mine == real, line
    subject.stop()


def test_what_was_queued_before_the_limit_is_refused_as_by_a_server() -> None:
    subject = start_subject()
    with RedisServer() as oracle:
        replies = []
        for server in (subject, oracle):
            one, other = server.client(2), server.client(2)
            one.execute("MULTI")
            one.execute("SET", "x", "1")
            other.execute("CONFIG", "SET", "maxmemory", "1")
            replies.append([one.execute("EXEC"), one.execute("GET", "x")])
            one.execute("MULTI")
            other.execute("CONFIG", "SET", "maxmemory", "0")
            one.execute("GET", "x")
            other.execute("CONFIG", "SET", "maxmemory", "1")
            replies[-1].append(one.execute("EXEC"))
            other.execute("CONFIG", "SET", "maxmemory", "0")
        assert replies[0] == replies[1]
    subject.stop()


@pytest.mark.parametrize(
    "policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-tinylfu"]
)
def test_every_policy_stays_below_the_limit(db: emberkv.Ember, policy: str) -> None:
    limited(db, policy)
    sizes = random.Random(1)
    for i in range(20_000):
        db.set(b"key:%d" % i, b"x" * sizes.choice((10, 100, 300, 2000)))
        if i % 1000 == 0:
            assert used(db) <= LIMIT + 4096
    assert db.info("stats")["evicted_keys"] > 10_000
    assert db.dbsize() + db.info("stats")["evicted_keys"] == 20_000


def test_what_is_read_stays_under_lru_and_lfu(db: emberkv.Ember) -> None:
    """The reads go without the lock: they are noted all the same."""
    for policy in ("allkeys-lru", "allkeys-lfu", "allkeys-tinylfu"):
        db.flushall()
        db.config_set("maxmemory", 0)
        db.config_set("maxmemory-samples", 10)
        limited(db, policy, used(db) + LIMIT)
        hot = [b"hot:%d" % i for i in range(300)]
        for key in hot:
            db.set(key, b"x" * 100)
        for i in range(40_000):
            db.set(b"cold:%d" % i, b"x" * 100)
            db.get(hot[i % 300])
        assert sum(db.exists(key) for key in hot) > 290, policy


def test_volatile_policies_take_only_keys_with_a_time_to_live(db: emberkv.Ember) -> None:
    for policy in ("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"):
        db.flushall()
        limited(db, policy)
        for i in range(2000):
            db.set(b"lasting:%d" % i, b"x" * 100)
        for i in range(30_000):
            db.set(b"passing:%d" % i, b"x" * 100, ex=1000 + i)
        assert sum(db.exists(b"lasting:%d" % i) for i in range(2000)) == 2000, policy
        if policy == "volatile-ttl":  # the first to end went
            left = [i for i in range(30_000) if db.exists(b"passing:%d" % i)]
            assert sum(left) / len(left) > 20_000
        with pytest.raises(emberkv.OutOfMemoryError):
            for i in range(100_000):
                db.set(b"lasting:%d" % i, b"x" * 100)
        assert db.dbsize() > 2000


def test_scans_do_not_wash_out_what_is_asked_for_again(db: emberkv.Ember) -> None:
    """The modern policy keeps more of a working set that a scan goes through than LRU does."""
    hits = {}
    ranks = range(1, 10_001)
    asked = random.Random(5).choices(ranks, [1 / rank**0.9 for rank in ranks], k=60_000)
    for policy in ("allkeys-lru", "allkeys-tinylfu"):
        db.flushall()
        limited(db, policy, 200_000)
        hits[policy] = 0
        for i, rank in enumerate(asked):
            key = b"scan:%d" % i if i // 1500 % 2 else b"asked:%d" % rank
            if db.get(key) is None:
                db.set(key, b"x" * 100)
            else:
                hits[policy] += 1
    assert hits["allkeys-tinylfu"] > hits["allkeys-lru"] * 1.1


def test_evicted_keys_are_told_of(db: emberkv.Ember) -> None:
    db.config_set("notify-keyspace-events", "Ee")
    with db.pubsub() as events:
        events.psubscribe("__keyevent@*__:*")
        events.get_message(timeout=20)
        db.set("watched", "x")
        with db.pipeline() as pipe:
            pipe.watch("watched")
            limited(db, "allkeys-random", 1)
            db.get("nothing at all")  # any command makes room
            db.execute_command("PING")
            pipe.multi()
            db.config_set("maxmemory", 0)
            pipe.set("watched", "y")
            with pytest.raises(emberkv.WatchError):
                pipe.execute()
        message = events.get_message(timeout=20)
        assert message["channel"] == b"__keyevent@0__:evicted" and message["data"] == b"watched"


def test_uses_are_known_also_of_reads_without_the_lock() -> None:
    with emberkv.open() as db:
        db.config_set("maxmemory-policy", "allkeys-lfu")
        db.set("often", "1")
        db.set("once", "1")
        for _ in range(3000):
            db.get("often")
        assert db.object("freq", "often") > 15
        assert db.object("freq", "once") == 5


def test_frequencies_grow_as_in_the_server(db: emberkv.Ember) -> None:
    """By its table a thousand uses make 18 with a factor of 10: here as a mean of many keys."""
    db.config_set("maxmemory-policy", "allkeys-lfu")
    for factor, mean in ((0, 255), (1, 49), (10, 19.5), (100, 10)):
        db.config_set("lfu-log-factor", factor)
        keys = [f"{factor}:{i}" for i in range(100)]
        db.mset(dict.fromkeys(keys, "1"))
        for _ in range(1000):
            db.mget(keys)
        grown = [db.object("freq", key) for key in keys]
        assert sum(grown) / len(grown) == pytest.approx(mean, abs=4), factor


def test_a_transaction_that_needs_memory_makes_room_first(db: emberkv.Ember) -> None:
    limited(db, "allkeys-lru")
    for i in range(20_000):
        db.set(b"key:%d" % i, b"x" * 100)
    with db.transaction():
        for i in range(1000):
            db.set(b"of the transaction:%d" % i, b"y" * 100)
    assert sum(db.exists(b"of the transaction:%d" % i) for i in range(1000)) == 1000
    db.set("another", "1")
    assert used(db) <= LIMIT + 200_000
    limited(db, "noeviction", 1)
    with pytest.raises(emberkv.OutOfMemoryError), db.transaction():
        db.set("one more", "1")


def test_a_full_store_of_fixed_size_evicts_too() -> None:
    with emberkv.open(max_bytes=2 << 20) as db:
        db.config_set("maxmemory-policy", "allkeys-lru")
        for i in range(50_000):
            db.set(b"key:%d" % i, b"x" * 100)
        assert db.get(b"key:49999") == b"x" * 100
        assert db.info("stats")["evicted_keys"] > 10_000


def test_evicting_a_big_value_is_done_in_steps(db: emberkv.Ember) -> None:
    limited(db, "noeviction", 0)
    db.rpush("big", *[b"x" * 1000] * 20_000)
    db.set("small", "1")
    limited(db, "allkeys-lru", LIMIT)
    for _ in range(200):
        db.execute_command("PING")
    assert used(db) <= LIMIT


def counted(client: Any, *command: Any) -> tuple[int, int]:
    client.execute("CONFIG", "RESETSTAT")
    client.execute(*command)
    text = client.execute("INFO", "stats").value.decode()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return int(fields["keyspace_hits"]), int(fields["keyspace_misses"])


READS = """
GET s|GET none|MGET s none s|EXISTS s none|TYPE s|TYPE none|TTL s|TTL none|STRLEN s|GETRANGE s 0 1
LRANGE l 0 -1|LLEN l|LINDEX none 0|HGET h f|HGET h none|HGET none f|HGETALL h|SMEMBERS t|SCARD none
SISMEMBER t a|ZSCORE z m|ZRANGE z 0 -1|ZSCORE none m|SINTER t none|SUNION t t2|BITCOUNT s|GETBIT s 1
SET s v|SET s v GET|SET none2 v|APPEND s x|INCR n|DEL n|GETSET s v|GETDEL n2|GETEX s|LPUSH l x
LPOP l|SADD t x|ZADD z 1 m|EXPIRE s 100|COPY s copy|RENAME copy copy2|OBJECT ENCODING s|DUMP s
SORT l ALPHA|SUNIONSTORE d t none|ZUNIONSTORE d2 1 z|BITOP AND d3 s none|PFCOUNT none|TOUCH s none
RANDOMKEY|KEYS *|SCAN 0|MEMORY USAGE s|XLEN none|HSET h f v|HINCRBY h n 1|LSET l 0 v|SETRANGE s 0 a
UNLINK none|PERSIST s|RPOPLPUSH l l2|LMOVE l l2 LEFT LEFT|SMOVE t t3 a|SDIFF none t|HMGET h f none
"""


def test_hits_and_misses_are_those_of_a_server() -> None:
    subject = start_subject()
    with RedisServer() as oracle:
        ours, theirs = subject.client(2), oracle.client(2)
        for client in (ours, theirs):
            for line in (
                "SET s hello",
                "RPUSH l a b",
                "HSET h f 1 n 2",
                "SADD t a b",
                "SADD t2 c",
                "ZADD z 1 m",
                "SET n 1",
                "SET n2 1",
            ):
                client.execute(*line.split())
        differing = {}
        for line in READS.replace("\n", "|").strip("|").split("|"):
            mine, real = counted(ours, *line.split()), counted(theirs, *line.split())
            if mine != real:
                differing[line] = mine, real
        assert differing == {}
    subject.stop()


def test_reads_without_the_lock_are_counted(db: emberkv.Ember) -> None:
    db.set("key", "1")
    db.hset("hash", "field", "1")
    db.config_resetstat()
    db.get("key"), db.get("none"), db.hget("hash", "field"), db.hget("hash", "none")
    db.mget("key", "none", "key"), db.exists("key"), db.hlen("none")
    stats = db.info("stats")
    assert (stats["keyspace_hits"], stats["keyspace_misses"]) == (6, 3)
