"""Bytes for each key, hash and member: by the arena's own count, and as the kernel counts them.

Each figure comes from a fresh process that does nothing else, and is the larger of two: what the
arena says it takes, and by how much the process's resident memory grew (in a shared store, by how
much its mappings of the store's file did, or the file itself). Nothing is left out: tables, free
lists, slack and journal are all in it.
"""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Callable, Iterator
from typing import Any

from bench import child, peers
from bench.report import Result, Run

CHUNK = 1_000


def _strings(count: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for start in range(0, count, CHUNK):
        chunk = range(start, start + CHUNK)
        yield "mset", ({b"key:%012d" % i: b"val:%012d" % i for i in chunk},)


def _hashes(count: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for i in range(count):
        fields = {b"f%d" % f: b"v%07d" % ((i * 4 + f) % 10_000_000) for f in range(4)}
        yield "hset", (b"key:%012d" % i, None, None, fields)


def _zset(member: bytes) -> Callable[[int], Iterator[tuple[str, tuple[Any, ...]]]]:
    def shape(count: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
        for start in range(0, count, CHUNK):
            chunk = range(start, start + CHUNK)
            yield "zadd", (b"board", {member % i: float(i * 7919 % count) for i in chunk})

    return shape


SHAPES: dict[str, Callable[[int], Iterator[tuple[str, tuple[Any, ...]]]]] = {
    "strings": _strings,
    "hashes": _hashes,
    "zset": _zset(b"m:%010d"),
    "zset of longer members": _zset(b"member:%09d"),
}


def resident_bytes() -> int:
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def arena_bytes(db: Any) -> int:
    """All of the arena that has real memory behind it, free or not, by its own account."""
    return int(db.info("memory")["used_memory_rss"])


def ember(shape: str, count: int, shared: bool) -> dict[str, int]:
    """Run in a process of its own: bytes of growth for `count` things of the shape."""
    import emberkv

    with peers.shared_path() as path, emberkv.open(path if shared else None, durable=False) as db:
        _write(db, shape, CHUNK)
        db.flushall()
        said_before, before = arena_bytes(db), resident_bytes()
        _write(db, shape, count)
        grown, said = resident_bytes() - before, arena_bytes(db)
        keys = db.dbsize()
    assert keys == (1 if "zset" in shape else count), keys
    return {"resident": grown, "arena": said - said_before}


def _write(db: Any, shape: str, count: int) -> None:
    for method, arguments in SHAPES[shape](count):
        getattr(db, method)(*arguments)


def plain(shape: str, count: int) -> dict[str, int]:
    """The same in dicts of this process."""
    before = resident_bytes()
    held: Any
    if shape == "strings":
        held = {b"key:%012d" % i: b"val:%012d" % i for i in range(count)}
    elif shape == "hashes":
        names = [b"f%d" % f for f in range(4)]
        held = {
            b"key:%012d" % i: {
                name: b"v%07d" % ((i * 4 + f) % 10_000_000) for f, name in enumerate(names)
            }
            for i in range(count)
        }
    else:
        held = {b"member:%09d" % i: float(i * 7919 % count) for i in range(count)}
    grown = resident_bytes() - before
    assert held
    return {"resident": grown}


def server(shape: str, count: int, program: str | None = None) -> dict[str, int]:
    """The same in a redis-server: its `used_memory`, and its resident memory."""
    import redis

    with peers.redis_server(program) as (socket, pid):
        client = redis.Redis(unix_socket_path=socket)
        before = client.info("memory")["used_memory"], _resident_of(pid)
        pipe = client.pipeline(transaction=False)
        for n, (method, arguments) in enumerate(SHAPES[shape](count), 1):
            getattr(pipe, method)(*arguments)
            if n % CHUNK == 0 or shape != "hashes":
                pipe.execute()
        pipe.execute()
        used = client.info("memory")["used_memory"] - before[0]
        return {"used_memory": used, "resident": _resident_of(pid) - before[1]}


def _resident_of(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


WANTED = (
    ("strings", "a key", "16-byte key, 16-byte value", 52),
    ("hashes", "a hash", "16-byte key, 4 fields of 8 bytes", 100),
    ("zset", "a member", "one sorted set, 12-byte members", 52),
    ("zset of longer members", "a member", "one sorted set, 16-byte members", 52),
)


def measure(run: Run) -> None:
    count = run.many(1_000_000)
    for shape, each, condition, most in WANTED:
        run.progress(f"memory for {each}")
        for shared in (False, True):
            took = child.call("bench.memory:ember", shape, count, shared)
            each_bytes = {name: value / count for name, value in took.items()}
            counted = max(each_bytes.values())
            run.results.append(
                Result(
                    f"memory for {each}",
                    f"{condition}, {count:,}; {'shared' if shared else 'private'}",
                    f"{counted:.1f} bytes ("
                    + ", ".join(f"{name} {value:.1f}" for name, value in each_bytes.items())
                    + ")",
                    f"at most {most} bytes",
                    counted <= most,
                    reached=counted / most,
                )
            )
        run.notes.append(
            f"bytes for {each} ({condition}, {count:,}) elsewhere: {_beside(shape, count)}"
        )


def _beside(shape: str, count: int) -> str:
    """What the same takes in dicts, and in whatever servers are installed."""
    said = [f"dict {child.call('bench.memory:plain', shape, count)['resident'] / count:.0f}"]
    for name, program in peers.servers():
        took = child.call("bench.memory:server", shape, count, program)
        used, resident = took["used_memory"] / count, took["resident"] / count
        said.append(f"{name} {used:.0f} of used_memory, {resident:.0f} resident")
    return "; ".join(said)
