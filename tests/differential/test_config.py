"""Every setting of a real server is one of ours: its name, what it begins as, what it takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oracle import RedisServer, Reply
from subjects import Client, Subject, start_subject

NUMBERS = "0 1 -1 7 100 101 513 65536 2147483648 4294967296 9223372036854775808 007 +5 5.5 x"
MEMORY = "1kb 2MB 3g 4k 5m 6b 7tb 1.5mb 10% 0% 101% 18446744073709551616"
WORDS = [*NUMBERS.split(), *MEMORY.split(), "", "yes", "NO", "no", "a b", "x y z w", " 1", "1 "]
OWN_VALUES = {
    "save": ["60 1", "60 1 300 10", "60", "60 x", "0 1", "5 0", "60 -1", " 60 1", "60  1"],
    "client-output-buffer-limit": [
        *("normal 1 2 3", "NORMAL 0 0 0", "slave 1mb 2mb 60", "replica 5mb 1 1", "foo 1 2 3"),
        *("normal 0 0", "normal x 0 0", "normal 0 0 x", "normal 0 0 -1", "master 0 0 0"),
        *("pubsub 32mb 8mb 60 normal 0 0 0", "normal 5 5 5 normal 0 0 0", "normal 0  0 0"),
    ],
    "notify-keyspace-events": [
        *("KEA", "A", "AKE", "Kg$lshzxe", "K", "E", "KEt", "KEd", "KEm", "KEn", "KEtmdn", "AnK"),
        *("AmE", "KEA m", "q", "g$lshzxetd", "g$lshzxetdnmKE", "Ag", "en", "te", "zx"),
    ],
    "shutdown-on-sigterm": ["save now", "now save", "save nosave", "default save", "SAVE", "force"],
    "oom-score-adj-values": ["1 2", "1 2 3", "1 2 3 4", "a b c", "-5000 0 1", "-2000 0 2000"],
    "latency-tracking-info-percentiles": ["50", "50 99.9", "101", "-1", "a", "50 x", "0 100"],
    "cluster-announce-hostname": ["bad_host", "good-host.example", "a" * 256, "a" * 255],
    "maxmemory-policy": ["ALLKEYS-LRU", "allkeys-lru noeviction", "volatile-ttl "],
    "appendfsync": ["always", "No"],
    "loglevel": ["debug", "nothing"],
    "hz": ["500", "501", "100000"],
    "repl-backlog-size": ["16384", "16383"],
}
# What the server makes true at once, with a port to open, a file to read or clients to close.
HAPPENS = {
    *("port", "bind", "maxclients", "appendonly", "activedefrag", "oom-score-adj"),
    *("tls-port", "tls-replication", "tls-cluster", "dir", "proc-title-template", "hz"),
}
LATER = {"stream-idmp-duration", "stream-idmp-maxsize"}  # of Redis 8.6
# What tells of this very server.
OURS = {"lua-memory-limit"}  # which no server has
ITS_OWN = {"dir", "unixsocket", "bind", "enable-debug-command", "port"}


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[Client, Client]]:
    """Of a subject and a server that nobody else uses."""
    with RedisServer() as oracle:
        subject: Subject = start_subject()
        yield subject.client(2), oracle.client(2)
        subject.stop()


def all_of(client: Client) -> dict[str, bytes]:
    flat = [reply.value for reply in client.execute("CONFIG", "GET", "*").value]
    return {
        name.decode(): value
        for name, value in zip(flat[::2], flat[1::2], strict=True)
        if name.decode() not in OURS
    }


def test_settings_have_the_names_of_the_server(clients: tuple[Client, Client]) -> None:
    ours, theirs = map(all_of, clients)
    assert sorted(set(ours) - LATER) == sorted(theirs)


def test_settings_begin_as_in_the_server(clients: tuple[Client, Client]) -> None:
    ours, theirs = map(all_of, clients)
    differing = {
        n: (ours[n], theirs[n]) for n in ours.keys() - ITS_OWN - LATER if ours[n] != theirs[n]
    }
    assert differing == {}


def test_settings_take_what_the_server_takes(clients: tuple[Client, Client]) -> None:
    differing = []
    beginning = all_of(clients[1])
    for name in sorted(beginning.keys() - HAPPENS):
        for value in OWN_VALUES.get(name, []) + WORDS:
            if name == "maxmemory" and value in ("1", "7", "100", "101"):
                continue  # the server would be out of memory at once
            if name == "save" and value == "1 ":
                continue  # it takes the empty word for a zero
            if name == "notify-keyspace-events" and value == "no":
                continue  # both are classes since 8.2
            told = []
            for client in clients:
                reply = client.execute("CONFIG", "SET", name, value)
                now = client.execute("CONFIG", "GET", name).value[1]
                if reply.kind == "error":  # one word of ours more
                    reply = Reply("error", reply.value.replace(b", allkeys-tinylfu", b""))
                told.append((reply, "" if name in ITS_OWN else now))
            if told[0] != told[1]:
                differing.append(f"{name} {value!r}\n    ours   {told[0]}\n    theirs {told[1]}")
        for client in clients:
            client.execute("CONFIG", "SET", name, beginning[name])
    assert not differing, "\n".join(differing)


@pytest.mark.parametrize(
    "words",
    [
        "hash-max-listpack-entries 5 nosuch 1",
        "port x timeout y",
        "timeout 5 databases 4",
        "timeout 5 tcp-keepalive x",
        "slave-priority 1 replica-priority 2",
        "timeout 5 TIMEOUT 6",
        "TIMEOUT x",
        "Databases 5",
        "timeout",
        "timeout 5 tcp-keepalive",
        "timeout 5 tcp-keepalive 6 notify-keyspace-events KEA",
    ],
)
def test_several_settings_change_together_or_not_at_all(
    clients: tuple[Client, Client], words: str
) -> None:
    told = []
    for client in clients:
        told.append([client.execute("CONFIG", "SET", *words.split())])
        for name in ("timeout", "tcp-keepalive", "replica-priority", "notify-keyspace-events"):
            told[-1].append(client.execute("CONFIG", "GET", name))
        client.execute("CONFIG", "SET", *"timeout 0 tcp-keepalive 300".split())
        client.execute("CONFIG", "SET", "replica-priority", "100", "notify-keyspace-events", "")
    assert told[0] == told[1]


def test_rewriting_needs_a_file(clients: tuple[Client, Client]) -> None:
    for words in ("REWRITE", "RESETSTAT", "REWRITE x", "RESETSTAT x"):
        ours, theirs = (client.execute("CONFIG", *words.split()) for client in clients)
        assert ours == theirs, words
