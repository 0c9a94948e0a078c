"""Hit ratio of each maxmemory-policy beside a redis-server's, on the same requests.

`python -m bench.eviction` asks both for the keys of each trace of bench/policies.py, one after
the other: GET, and SET of 100 bytes when it is not there. Both have a limit at which as many keys
fit, so ours has fewer bytes; in the last row it has those of redis-server. Which keys a policy
draws is chance, so each figure is the mean of several runs, each with other lots, and its spread
tells how much it says. Writes `bench/results/eviction.md`, with the verdict below the table.
"""

from __future__ import annotations

import argparse
import socket
import statistics
from collections.abc import Callable
from pathlib import Path

import redis

import emberkv
from bench import policies
from bench.peers import redis_server

VALUE = b"x" * 100
THEIRS = ("allkeys-lru", "allkeys-lfu", "allkeys-random")
MODERN = "allkeys-tinylfu"
POLICIES = (*THEIRS, MODERN)
RUNS = 5
# A true LRU keeps nothing of a loop that is larger than the room: what is kept there tells how
# coarse a clock is beside the pace of the requests. Ours is 256 times as fine.
NOT_JUDGED = ("loop", "allkeys-lru")
Client = emberkv.Ember | redis.Redis
Ask = Callable[[bytes], bool]  # for a key, which is set if it was not there


def limit_of(db: Client, room: int) -> int:
    """The bytes at which so many keys fit."""
    db.config_set("maxmemory", 0)
    db.flushall()
    for i in range(room):
        db.set(b"key:%d" % i, VALUE)
    used = db.info("memory")["used_memory"]
    db.flushall()
    return int(used)


def asked_of(db: emberkv.Ember) -> Ask:
    def ask(key: bytes) -> bool:
        there = db.get(key) is not None
        if not there:
            db.set(key, VALUE)
        return there

    return ask


def asked_through(path: str) -> Ask:
    """Of a server, without what a client costs: most of the time would be that."""
    there = socket.socket(socket.AF_UNIX)
    there.connect(path)

    def ask(key: bytes) -> bool:
        there.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(key), key))
        if there.recv(4096) != b"$-1\r\n":
            return True
        command = b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n"
        there.sendall(command % (len(key), key, len(VALUE), VALUE))
        there.recv(4096)
        return False

    return ask


def hits(db: Client, ask: Ask, policy: str, limit: int, trace: list[int]) -> float:
    db.config_set("maxmemory", 0)
    db.flushall()
    db.config_set("maxmemory-policy", policy)
    db.config_set("maxmemory", limit)
    found = sum(ask(b"key:%d" % request) for request in trace)
    db.config_set("maxmemory", 0)
    return found / len(trace)


Samples = dict[tuple[str, str], list[float]]  # by trace and policy


def told(samples: list[float]) -> str:
    return f"{statistics.mean(samples):.3f} ±{statistics.pstdev(samples):.3f}"


def compared(name: str, ours: Samples, theirs: dict[tuple[str, str], list[float]]) -> str:
    """Where is the mean of ours nearest to the other's, or furthest behind it?"""
    margins = {key[0]: statistics.mean(ours[key]) - statistics.mean(theirs[key]) for key in theirs}
    trace = min(margins, key=lambda t: margins[t])
    behind = [t for t, margin in margins.items() if margin < 0]
    verdict = f"worse at {', '.join(behind)}" if behind else "never worse"
    return f"- {name}: {verdict}; the smallest margin is {margins[trace]:+.3f} ({trace})."


def verdicts(ours: Samples, theirs: Samples) -> list[str]:
    lines = [
        "",
        "By the means, but for LRU's of the loop, of which a true LRU keeps nothing: what is kept "
        "there is the coarseness of a clock (a second there, 1/256 s here) beside the pace of the "
        "requests.",
        "",
    ]
    for policy in THEIRS:
        others = {key: value for key, value in theirs.items() if key[1] == policy}
        others.pop(NOT_JUDGED, None)
        lines.append(compared(f"{policy} beside redis-server's", ours, others))
    modern = {(trace, MODERN) for trace in policies.TRACES}
    for whose, samples in (("ours", ours), ("redis-server's", theirs)):
        for policy in THEIRS:
            others = {key: samples[key[0], policy] for key in modern}
            lines.append(compared(f"{MODERN} beside {policy}, {whose}", ours, others))
    return lines


def measure(requests: int, runs: int) -> str:
    lines = [
        "# Hit ratio of each maxmemory-policy",
        "",
        f"{requests:,} requests a trace, room for {policies.ROOM:,} of {policies.KEYS:,} keys; "
        f"ours / redis-server's: mean and standard deviation of {runs} runs with other lots.",
        "",
        "| trace | " + " | ".join(POLICIES) + " |",
        "|---" * (len(POLICIES) + 1) + "|",
    ]
    mine: Samples = {}
    real: Samples = {}
    with redis_server() as (server, _), emberkv.open() as ours:
        theirs = redis.Redis(unix_socket_path=server)
        asks = asked_of(ours), asked_through(server)
        limits = limit_of(ours, policies.ROOM), limit_of(theirs, policies.ROOM)
        for name, make in policies.TRACES.items():
            cells = []
            for policy in POLICIES:
                traces = [make(seed)[:requests] for seed in range(1, runs + 1)]
                both = name, policy
                mine[both] = [hits(ours, asks[0], policy, limits[0], trace) for trace in traces]
                if policy in THEIRS:
                    real[both] = [
                        hits(theirs, asks[1], policy, limits[1], trace) for trace in traces
                    ]
                cells.append(f"{told(mine[both])} / {told(real[both]) if both in real else '-'}")
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
        traces = [policies.zipf(0.8, seed=seed)[:requests] for seed in range(1, runs + 1)]
        cells = [
            told([hits(ours, asks[0], policy, limits[1], trace) for trace in traces])
            for policy in POLICIES
        ]
        lines.append("| zipf 0.8, redis-server's bytes | " + " | ".join(cells) + " |")
    return "\n".join(lines + verdicts(mine, real)) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.eviction", description=__doc__)
    parser.add_argument("--requests", type=int, default=policies.REQUESTS)
    parser.add_argument("--runs", type=int, default=RUNS)
    args = parser.parse_args()
    text = measure(args.requests, args.runs)
    if args == parser.parse_args([]):
        (Path(__file__).parent / "results" / "eviction.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
