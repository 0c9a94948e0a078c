"""Hit ratio of each maxmemory-policy beside a redis-server's, on the same requests.

`python -m bench.eviction` asks both for the keys of each trace of bench/policies.py, one after
the other: GET, and SET of 100 bytes when it is not there. Both have a limit at which as many keys
fit, so ours has fewer bytes; in a row of its own it has those of redis-server. Which keys a policy
draws is chance, so each figure is the mean of several runs, each with other lots, and its spread
tells how much it says. Writes `bench/results/eviction.md`, with the verdict below the table.

A true LRU keeps nothing of a loop that is larger than its room. At full speed what is kept of one
is the coarseness of the clock (a second of redis-server's is many times round the loop), and little
else; so that LRU is judged at a pace at which either clock tells the keys apart.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
NOT_JUDGED = ("loop", "allkeys-lru")  # but at a pace
PACED = "loop, 300 requests a second"
PACE = 300.0
ROUNDS = 5  # of the paced loop, and the first finds nothing
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


def hits_at_pace(policy: str) -> tuple[float, float]:
    """Of the loop, asked of both at a pace: ours and redis-server's."""
    trace = policies.loop(policies.ROOM * 3 // 2 * ROUNDS)
    with redis_server() as (server, _), emberkv.open() as ours:
        theirs = redis.Redis(unix_socket_path=server)
        asks = asked_of(ours), asked_through(server)
        for db in (ours, theirs):
            limit = limit_of(db, policies.ROOM)
            db.config_set("maxmemory-policy", policy)
            db.config_set("maxmemory", limit)
        found, begun = [0, 0], time.monotonic()
        for i, request in enumerate(trace):
            time.sleep(max(0.0, begun + i / PACE - time.monotonic()))
            for side, ask in enumerate(asks):
                found[side] += ask(b"key:%d" % request)
    return found[0] / len(trace), found[1] / len(trace)


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
        "By the means. LRU is judged by the loop at a pace: of the other, of which a true LRU "
        "keeps nothing, what is kept is the coarseness of a clock (a second there, 1/256 s here) "
        "beside the speed of the requests.",
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


def paced_row(runs: int, mine: Samples, real: Samples) -> str:
    """All runs at once: at such a pace they do not disturb one another."""
    both = PACED, "allkeys-lru"
    with ThreadPoolExecutor(runs) as pool:
        pairs = list(pool.map(hits_at_pace, ["allkeys-lru"] * runs))
    mine[both], real[both] = [a for a, _ in pairs], [b for _, b in pairs]
    return f"| {PACED} | {told(mine[both])} / {told(real[both])} | - | - | - |"


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
        lines.append(paced_row(runs, mine, real))
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
