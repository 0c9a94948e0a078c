"""Hit ratio of each maxmemory-policy beside a redis-server's, on the same requests.

`python -m bench.eviction` asks both for the keys of each trace of bench/policies.py, one after
the other: GET, and SET of 100 bytes when it is not there. Both have a limit at which as many keys
fit, so ours has fewer bytes; in the last row it has those of redis-server. Writes
`bench/results/eviction.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import redis

import emberkv
from bench import policies
from bench.peers import redis_server

VALUE = b"x" * 100
POLICIES = ("allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-tinylfu")
Client = emberkv.Ember | redis.Redis


def limit_of(db: Client, room: int) -> int:
    """The bytes at which so many keys fit."""
    db.config_set("maxmemory", 0)
    db.flushall()
    for i in range(room):
        db.set(b"key:%d" % i, VALUE)
    used = db.info("memory")["used_memory"]
    db.flushall()
    return int(used)


def hits(db: Client, policy: str, limit: int, trace: list[int]) -> float:
    db.config_set("maxmemory", 0)
    db.flushall()
    db.config_set("maxmemory-policy", policy)
    db.config_set("maxmemory", limit)
    get: Callable[[bytes], object] = db.get
    found = 0
    for request in trace:
        key = b"key:%d" % request
        if get(key) is not None:
            found += 1
        else:
            db.set(key, VALUE)
    db.config_set("maxmemory", 0)
    return found / len(trace)


def measure(requests: int) -> str:
    lines = [
        "# Hit ratio of each maxmemory-policy",
        "",
        f"{requests:,} requests a trace, room for {policies.ROOM:,} of {policies.KEYS:,} keys; "
        "ours / redis-server's.",
        "",
        "| trace | " + " | ".join(POLICIES) + " |",
        "|---" * (len(POLICIES) + 1) + "|",
    ]
    with redis_server() as (server, _):
        theirs = redis.Redis(unix_socket_path=server)
        with emberkv.open() as ours:
            limits = limit_of(ours, policies.ROOM), limit_of(theirs, policies.ROOM)
            for name, make in policies.TRACES.items():
                trace = make()[:requests]
                cells = []
                for policy in POLICIES:
                    mine = hits(ours, policy, limits[0], trace)
                    known = policy != "allkeys-tinylfu"
                    real = f"{hits(theirs, policy, limits[1], trace):.3f}" if known else "-"
                    cells.append(f"{mine:.3f} / {real}")
                lines.append(f"| {name} | " + " | ".join(cells) + " |")
                print(lines[-1], flush=True)
            trace = policies.zipf(0.8)[:requests]
            cells = [f"{hits(ours, policy, limits[1], trace):.3f}" for policy in POLICIES]
            lines.append("| zipf 0.8, redis-server's bytes | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.eviction", description=__doc__)
    parser.add_argument("--requests", type=int, default=policies.REQUESTS)
    text = measure(parser.parse_args().requests)
    (Path(__file__).parent / "results" / "eviction.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
