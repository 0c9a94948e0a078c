"""INFO, SLOWLOG, LATENCY and MEMORY held against redis-server: names, order, types, texts."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from oracle import RawClient, RedisServer, Reply

import emberkv

SECTIONS = """server clients memory persistence stats replication cpu modules errorstats cluster
keyspace default all everything nosuch""".split()
CALLS = [
    "SET a 1",
    "GET a",
    "GET b",
    "LPUSH a 1",
    "NOSUCH",
    "GET",
    "HSET h f v",
    "SELECT 1",
    "SET x 1 EX 100",
    "SELECT 0",
]
# In the order in which they were first called there, of the table here.
UNORDERED = ("cmdstat_", "latency_percentiles_usec_")
# There is one name for what differs by nature: a build, an allocator.
KINDS = [
    (r"-?\d+", "integer"),
    (r"-?\d+\.\d+", "decimal"),
    (r"[\d.]+[BKMGTP]", "size"),
    (r"[\d.]+%", "share"),
]


def shape(text: bytes) -> list[str]:
    """Each line's name and what kind of value it has."""
    lines, loose = [], []
    for line in text.decode().split("\r\n"):
        name, colon, value = line.partition(":")
        parts = re.sub(r"(?<==)[\d.]+", "n", value) if "=" in value else ""
        kind = next((k for p, k in KINDS if re.fullmatch(p, value)), parts or "text")
        kind = "text" if name == "redis_build_id" else kind
        (loose if name.startswith(UNORDERED) else lines).append(f"{name}{colon}{kind}")
    return lines + sorted(loose)


def asked(client: RawClient, command: str) -> Reply:
    return client.execute(*command.split())


@pytest.fixture
def sides(tmp_path: Path) -> Any:
    """A client of a redis-server, and one of ours."""
    with (
        RedisServer() as server,
        emberkv.open() as db,
        emberkv.serve(db, unixsocket=tmp_path / "s", enable_debug_command="yes") as ours,
    ):
        assert ours.unixsocket
        clients = [RawClient(server.path), RawClient(ours.unixsocket)]
        yield clients
        for client in clients:
            client.close()


@pytest.mark.quick
def test_info_has_the_same_fields_in_the_same_order(sides: list[RawClient]) -> None:
    shapes: list[list[list[str]]] = []
    for client in sides:
        asked(client, "CONFIG RESETSTAT")
        for call in CALLS:
            asked(client, call)
        texts = [client.execute("INFO", *section.split(",")).value for section in SECTIONS]
        texts += [client.execute("INFO").value, client.execute("INFO", "cpu", "server").value]
        texts += [client.execute("INFO", s).value for s in ("commandstats", "latencystats")]
        shapes.append([shape(text) for text in texts])
    for theirs, ours in zip(*shapes, strict=True):
        assert ours == theirs


@pytest.mark.quick
def test_info_counts_what_the_server_counts(sides: list[RawClient]) -> None:
    """The values that depend on nothing but on what was asked."""
    fields = """total_connections_received total_commands_processed keyspace_hits keyspace_misses
    expired_keys evicted_keys total_error_replies connected_clients blocked_clients db0 db1
    errorstat_ERR errorstat_WRONGTYPE tracking_clients maxmemory maxmemory_policy role""".split()
    seen = []
    for client in sides:
        asked(client, "CONFIG RESETSTAT")
        for call in CALLS:
            asked(client, call)
        text = client.execute("INFO", "everything").value.decode()
        values = dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)
        values["db1"] = re.sub(r"avg_ttl=\d+", "", values["db1"])
        calls = {k: re.sub(r"usec=.*?,.*?,", "", v) for k, v in values.items() if "cmdstat" in k}
        del values["total_connections_received"]  # since the start here, and there
        asked(client, "CONFIG RESETSTAT")
        after = client.execute("INFO", "errorstats").value
        seen.append(({f: values.get(f) for f in fields}, calls, after))
    assert seen[1] == seen[0]


def lazily_freed(client: RawClient) -> int:
    """Once nothing waits to be freed; a server's thread counts a moment after that."""
    looks = 0
    while True:
        text = client.execute("INFO", "memory").value.decode()
        values = dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)
        looks += values["lazyfree_pending_objects"] == "0"
        if looks == 3:
            return int(values["lazyfreed_objects"])


def test_what_is_freed_lazily_is_counted_as_the_server_counts_it(sides: list[RawClient]) -> None:
    def several(n: int, word: str, to: str = "") -> str:
        return " ".join(f"{word}{i} {to}" for i in range(n))

    entries = [f"XADD x {i + 1}-1 a b" for i in range(65)]
    values = [
        *([f"SADD s {several(n, 'm')}"] for n in (64, 65)),
        *([f"SADD s {several(n, '1')}"] for n in (512, 513)),
        *([f"HSET h {several(n, 'f', 'x' * 65)}"] for n in (64, 65)),
        *([f"ZADD z {several(n, '', 'x' * 65)}"] for n in (10, 128)),
        *([f"ZADD z {' '.join(f'{i} m{i}' for i in range(n))}"] for n in (128, 129)),
        *([f"RPUSH l {several(n, 'x' * 65)}"] for n in (640, 641)),
        [f"SET str {'x' * 100_000}"],
        *(entries[:n] for n in (10, 61, 65)),
        *([*entries[:1], *(f"XGROUP CREATE x g{i} 0" for i in range(n))] for n in (62, 63)),
        *(
            [*entries[:n], "XGROUP CREATE x g 0", "XREADGROUP GROUP g c STREAMS x >"]
            for n in (20, 29, 30, 31, 32, 64)
        ),
    ]
    seen = []
    for client in sides:
        counts = []
        asked(client, "CONFIG SET stream-node-max-entries 10 list-max-listpack-size 10")
        for commands in values:
            for end in ("UNLINK", "DEL"):
                asked(client, "CONFIG RESETSTAT")
                for command in commands:
                    assert asked(client, command).kind != "error"
                asked(client, f"{end} {commands[0].split()[1]}")
                counts.append(lazily_freed(client))
        for flush in ("FLUSHDB", "FLUSHALL"):
            for mode in ("ASYNC", "SYNC"):
                asked(client, f"MSET {several(30, 'k', 'v')}")
                asked(client, f"{flush} {mode}")
                counts.append(lazily_freed(client))
        seen.append(counts)
    assert seen[1] == seen[0]
    assert {0, 1, 30, 60} <= set(seen[0])


# What a script's errors count as, and what is refused before it runs.
SCRIPTS: list[tuple[str, ...]] = [
    ("EVAL", "return {err='x'}", "0"),
    ("EVAL", "return redis.error_reply('MY own')", "0"),
    ("EVAL", "return redis.call('nosuch')", "0"),
    ("EVAL", "return redis.pcall('nosuch').err", "0"),
    ("EVAL", "return redis.call()", "0"),
    ("EVAL", "return redis.call('set', 'a')", "0"),
    ("EVAL", "return redis.call('config')", "0"),
    ("EVAL", "return redis.call('blpop', 'x', 0)", "0"),
    ("EVAL", "return redis.call('incr', KEYS[1])", "1", "text"),
    ("EVAL", "return redis.pcall('incr', KEYS[1])", "1", "text"),
    ("EVAL", "redis.pcall('incr', KEYS[1]) return 1", "1", "text"),
    ("EVAL", "redis.pcall('incr', KEYS[1]) error('another')", "1", "text"),
    ("EVAL", "error(redis.pcall('lpush', KEYS[1], 1))", "1", "text"),
    ("EVAL_RO", "return redis.call('set', 'a', 1)", "0"),
    ("CONFIG", "SET", "maxmemory", "1"),
    ("EVAL", "#!lua\nreturn redis.call('set', 'a', 1)", "0"),
    ("EVAL", "return redis.call('set', 'a', 1)", "0"),
    ("EVAL", "redis.call('del', 'a') return redis.call('set', 'a', 1)", "0"),
    ("EVAL", "redis.pcall('set', 'a', 1) return redis.call('set', 'a', 1)", "0"),
    ("SET", "a", "1"),
    ("CONFIG", "SET", "maxmemory", "0"),
    ("CONFIG", "SET", "min-replicas-to-write", "1"),
    ("EVAL", "#!lua\nreturn redis.call('set', 'a', 1)", "0"),
    ("EVAL", "#!lua flags=no-writes\nreturn redis.call('get', 'a')", "0"),
    ("EVAL", "return redis.call('set', 'a', 1)", "0"),
    ("SET", "a", "1"),
    ("GET", "a"),
    ("PING",),
    ("CONFIG", "SET", "min-replicas-max-lag", "0"),
    ("SET", "a", "1"),
]


def test_scripts_errors_count_once_and_refusals_as_such(sides: list[RawClient]) -> None:
    pytest.importorskip("lupa")
    seen: list[list[Any]] = []
    for client in sides:
        seen.append([])
        asked(client, "SET text t")
        for call in SCRIPTS:
            asked(client, "CONFIG RESETSTAT")
            reply = client.execute(*call)
            text = client.execute("INFO", "errorstats", "commandstats", "stats").value.decode()
            lines = re.sub(r"usec=.*?,.*?,", "", text).split("\r\n")
            told = [line for line in lines if line.startswith(("errorstat_", "cmdstat_"))]
            told += [line for line in lines if line.startswith("total_error_replies")]
            seen[-1].append((call, reply, sorted(told)))
        asked(client, "CONFIG SET min-replicas-to-write 0 min-replicas-max-lag 10")
    for theirs, ours in zip(*seen, strict=True):
        assert ours == theirs


def test_what_waits_is_in_the_slow_log_when_it_is_served(tmp_path: Path) -> None:
    seen: list[list[Any]] = []
    with RedisServer() as theirs, emberkv.serve(unixsocket=tmp_path / "s") as ours:
        for address in (theirs.path, ours.unixsocket):
            waiter, other, late = RawClient(address), RawClient(address), RawClient(address)
            asked(waiter, "CLIENT SETNAME waiter")
            asked(other, "CONFIG SET slowlog-log-slower-than 0")

            def logged(other: RawClient = other) -> list[Any]:
                entries = other.execute("SLOWLOG", "GET", "-1").value
                words = [[word.value for word in entry.value[3].value] for entry in entries]
                names = [entry.value[5].value for entry in entries]
                waited = [w for w in zip(words, names, strict=True) if b"q" in w[0]]
                return sorted(waited)

            waiter.send(b"BLPOP q 0\r\n")
            while b"blocked_clients:1" not in other.execute("INFO", "clients").value:
                pass
            found = [logged(), asked(other, "RPUSH q x"), waiter.read(), logged()]
            found += [asked(late, "BLPOP q 0.01"), logged()]
            histogram = other.execute("LATENCY", "HISTOGRAM", "blpop").value
            seen.append([*found, histogram[1].value[:2]])
            for client in (waiter, other, late):
                client.close()
    assert seen[1] == seen[0]
    assert len(seen[0][3]) == len(seen[0][5]) == 2  # RPUSH and the one that was served


def test_errors_and_times_are_those_of_all_processes(tmp_path: Path) -> None:
    program = """
import sys, emberkv
db = emberkv.open(sys.argv[1])
db.config_set("slowlog-log-slower-than", 0)  # so that times are taken
for _ in range(3):
    try: db.lpush("s", 1)
    except emberkv.ResponseError: pass
for _ in range(4): db.set("t", 1)
"""
    path = tmp_path / "store"
    with emberkv.open(path) as db:
        db.set("s", "text")
        db.config_set("slowlog-log-slower-than", 0)
        with pytest.raises(emberkv.ResponseError):
            db.lpush("s", 1)
        db.set("t", 2)
        for _ in range(2):
            subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)
        assert db.info("errorstats")["errorstat_WRONGTYPE"] == {"count": 7}
        assert db.info("stats")["total_error_replies"] == 7
        histogram = db.execute_command("LATENCY", "HISTOGRAM", "set")
        told = str(histogram)
        assert "9" in told and "'calls'" in told.replace('b"', "'").replace("b'", "'")
        assert "latency_percentiles_usec_lpush" in db.info("latencystats")
        db.config_resetstat()
        assert db.info("errorstats") == {}
        assert db.info("stats")["total_error_replies"] == 0


SECRETS = """ACL SETUSER ann >pw +get|ACL GETUSER ann|ACL DELUSER ann|AUTH a b
CONFIG SET masterauth x|CONFIG SET requirepass x maxmemory 0|CONFIG SET requirepass ""
HELLO 2 AUTH a b|HELLO 2 SETNAME q AUTH a b
MIGRATE h 1 k 0 1 AUTH pw|MIGRATE h 1 k 0 1 COPY AUTH2 us pw
MIGRATE h 1 "" 0 1 AUTH2 us pw KEYS a b|MIGRATE h 1 "" 0 1 KEYS AUTH pw
MIGRATE h 1 "" 0 1 REPLACE AUTH pw KEYS AUTH2 b"""


def test_neither_slow_log_nor_monitors_are_told_a_secret(sides: list[RawClient]) -> None:
    seen = []
    for client in sides:
        watcher = RawClient(client._socket.getpeername())
        asked(watcher, "MONITOR")
        asked(client, "CONFIG SET slowlog-log-slower-than 0")
        asked(client, "SLOWLOG RESET")
        for command in re.split(r"[|\n]", SECRETS):
            client.execute(*shlex.split(command))
        asked(client, "ECHO end")
        asked(client, "CONFIG SET slowlog-log-slower-than -1")
        logged = [entry.value[3].value for entry in asked(client, "SLOWLOG GET -1").value]
        told = []
        while not told or b"end" not in told[-1]:
            told.append(watcher.read().value.partition(b"] ")[2])
        watcher.close()
        seen.append((logged, told))
    assert seen[0] == seen[1]


SPIKES = """LATENCY LATEST|LATENCY HISTORY command|LATENCY GRAPH command|LATENCY RESET
LATENCY DOCTOR x|LATENCY HISTORY|LATENCY GRAPH|LATENCY FOO|LATENCY HISTOGRAM nosuch
CONFIG SET latency-monitor-threshold 20|DEBUG SLEEP 0.03|LATENCY HISTORY nosuch
LATENCY RESET nosuch|LATENCY RESET command nosuch|LATENCY RESET|LATENCY LATEST
SLOWLOG GET x|SLOWLOG GET -2|SLOWLOG GET 0|SLOWLOG GET 1 2|SLOWLOG FOO|SLOWLOG RESET|SLOWLOG LEN
CONFIG SET slowlog-log-slower-than 0|SET a {long}|RPUSH l {many}|CLIENT SETNAME joe|AUTH x|GET
NOSUCH|CONFIG SET masterauth secret|MULTI|GET a|EXEC|EVAL return(redis.call('get','a')) 0
SLOWLOG GET|SLOWLOG GET 2|SLOWLOG GET -1|CONFIG SET slowlog-max-len 2|GET a|SLOWLOG LEN
SLOWLOG GET|CONFIG SET slowlog-max-len 1 slowlog-log-slower-than 1000000|GET a|SLOWLOG LEN
CONFIG SET slowlog-log-slower-than -1|SLOWLOG RESET|GET a|SLOWLOG LEN
MEMORY USAGE|MEMORY USAGE nosuch|MEMORY FOO|MEMORY DOCTOR x|MEMORY PURGE"""


def without_times(reply: Reply) -> Reply:
    """The entries of the slow log, less when it was, how long it took and where the socket is."""
    if reply.kind != "array":
        return reply
    if len(reply.value) == 6 and reply.value[3].kind == "array":
        return Reply("array", (reply.value[0], reply.value[3], reply.value[5]))
    return Reply("array", tuple(without_times(item) for item in reply.value))


@pytest.mark.quick
def test_slow_log_and_latency_answer_as_the_server_does(sides: list[RawClient]) -> None:
    script = SPIKES.format(long="b" * 200, many=" ".join(map(str, range(60))))
    calls = script.replace("\n", "|").split("|")
    theirs, ours = ([(c, without_times(asked(client, c))) for c in calls] for client in sides)
    for want, have in zip(theirs, ours, strict=True):
        assert have == want


def test_the_graph_is_drawn_as_the_server_draws_it(sides: list[RawClient]) -> None:
    """Of spikes a second apart, so that either side has them in seconds of their own."""
    drawn = []
    for client in sides:
        asked(client, "CONFIG SET latency-monitor-threshold 50")
        for seconds in ("1.10", "1.22", "1.50", "1.38"):
            asked(client, f"DEBUG SLEEP {seconds}")
        text = asked(client, "LATENCY GRAPH command").value.decode()
        lines = text.split("\n")
        numbers = [int(n) for n in re.findall(r"\d+", lines[0])]
        # What a loaded machine adds to a sleep may move a bar by a step; its form is the same.
        assert numbers[0] == numbers[2] and 1500 <= numbers[0] and 1100 <= numbers[1]
        rows = [re.sub(r"[_o#|]", "x", line) for line in lines[2:6]]
        ages = [line.replace(" ", "") for line in lines[7:]]
        drawn.append((re.sub(r"\d+", "n", lines[0]), lines[1], rows[-1], len(lines), ages[1]))
    assert drawn[1] == drawn[0]


@pytest.mark.quick
def test_memory_stats_has_the_same_fields(sides: list[RawClient]) -> None:
    def fields(reply: Reply) -> list[Any]:
        pairs = list(zip(reply.value[::2], reply.value[1::2], strict=True))
        return [
            (k.value, fields(v) if v.kind == "array" else "number" if v.kind == "bulk" else v.kind)
            for k, v in pairs
        ]

    for client in sides:
        for call in CALLS:
            asked(client, call)
    theirs, ours = (fields(asked(client, "MEMORY STATS")) for client in sides)
    assert ours == theirs


@pytest.mark.quick
def test_the_doctors_say_what_is_so() -> None:
    with emberkv.open(enable_debug_command="yes") as db:
        assert "not watched for" in str(db.execute_command("LATENCY", "DOCTOR"))
        db.config_set("latency-monitor-threshold", 1)
        assert "No spikes" in str(db.execute_command("LATENCY", "DOCTOR"))
        db.execute_command("DEBUG", "SLEEP", "0.02")
        told = str(db.execute_command("LATENCY", "DOCTOR"))
        assert re.search(r"command: 1 spikes \(average \d+ ms, mean deviation 0 ms", told)
        assert "slowlog-log-slower-than 1000" in told
        assert "nearly empty" in str(db.execute_command("MEMORY", "DOCTOR"))


SIZED = """SET a x|SET b xxxx|SET e xxxxxxxxxxxxxxxxxxxx|SET n 12345|SET none ""|RPUSH l 1 2 3
SADD s 1|SADD s2 1 2 3 4 5|ZADD z 1 a 2 b|HSET h f v|XADD st * a b|SETEX y 100 v
SETRANGE big 70000 x|RPUSH l2 {many}|SELECT 2|SET q {long}|ZADD z2 1 a 2 b 3 c 4 d"""


def test_sizes_of_keys_are_those_that_redis_8_tells(
    tmp_path: Path, later_oracle: RedisServer
) -> None:
    with emberkv.serve(unixsocket=tmp_path / "s") as server:
        theirs, client = RawClient(later_oracle.path), RawClient(server.unixsocket or "")
        theirs.execute("FLUSHALL")
        script = SIZED.format(long="b" * 1500, many=" ".join(map(str, range(600))))
        for call in script.replace("\n", "|").split("|"):
            words = [w if w != '""' else "" for w in call.split()]
            assert client.execute(*words).kind == theirs.execute(*words).kind
        want = theirs.execute("INFO", "keysizes").value.decode()
        theirs.execute("FLUSHALL")
        theirs.close()
        assert client.execute("INFO", "keysizes").value.decode() == want
        assert "Keysizes" not in client.execute("INFO", "everything").value.decode()
        client.close()


@pytest.mark.quick
def test_sizes_of_many_keys_are_a_samples() -> None:
    with emberkv.open() as db:
        db.mset({f"k{i}": "x" * (1 if i % 4 else 100) for i in range(20_000)})
        sizes = db.info("keysizes")["db0_distrib_strings_sizes"]
        counted = {str(k): int(v) for k, v in sizes.items()}
        assert set(counted) == {"1", "64"}
        assert abs(sum(counted.values()) - 20_000) < 10
        assert 3_600 < counted["64"] < 6_400  # 5,000, within ten sigma


def until_told(db: emberkv.Ember, number: str, command: str) -> None:
    """Other processes are told now and then what a connection did last."""
    until = time.monotonic() + 30
    while (known := {c["id"]: c["cmd"] for c in db.client_list()}[number]) != command:
        assert time.monotonic() < until, known
        time.sleep(0.05)


def test_clients_of_other_processes_are_listed(tmp_path: Path) -> None:
    program = """
import sys, emberkv, redis
with emberkv.open(sys.argv[1]) as db, emberkv.serve(db, port=0) as server:
    client = redis.Redis(port=server.port)
    client.client_setname("far")
    print(client.client_id(), flush=True)
    print(*client.blpop("wanted", 60), client.get("x"), flush=True)
    sys.stdin.read()
"""
    path = tmp_path / "store"
    with emberkv.open(path) as db:
        command = [sys.executable, "-c", program, str(path)]
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert other.stdout
            number = other.stdout.readline().strip()
            listed = {c["id"]: c for c in db.client_list()}
            assert listed[number]["name"] == "far"
            until_told(db, number, "blpop")
            db.rpush("wanted", "x")
            until_told(db, number, "get")
            assert db.info("clients")["connected_clients"] == 1
            assert db.client_kill_filter(_id=number) == 1
        finally:
            other.communicate("", timeout=60)
