"""What `emberkv bench` measures, and a store in this process or in several that share its path.

It is measured through the public Python API; a server is in bench_server.py. The tests and their
names are redis-benchmark's.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice, starmap
from typing import Any, NamedTuple

from .links import LinkError, Target
from .scans import ProgressBar

PLACEHOLDER = b"__rand_int__"
DIGITS = 12
VARIANTS = 10_000  # of a command with random parts, used in turn
CHUNKS = 50
SAMPLES = 20_000
LONG_LIST = 1000


class Test(NamedTuple):
    """A command to measure: its name in reports, the method that is called, and its arguments."""

    name: str
    method: str
    args: tuple[Any, ...]
    words: tuple[bytes, ...]
    group: str = ""  # what -t may call it besides
    list_needed: bool = False


def tests(size: int) -> list[Test]:
    """redis-benchmark's tests, with values of `size` bytes."""
    value = b"x" * size
    key, counter = b"key:" + PLACEHOLDER, b"counter:" + PLACEHOLDER
    element = b"element:" + PLACEHOLDER
    score = PLACEHOLDER
    found = [
        Test("PING_INLINE", "ping", (), (b"PING",), "ping"),
        Test("PING_MBULK", "ping", (), (b"PING",), "ping"),
        Test("SET", "set", (key, value), (b"SET", key, value)),
        Test("GET", "get", (key,), (b"GET", key)),
        Test("INCR", "incr", (counter,), (b"INCR", counter)),
        Test("LPUSH", "lpush", (b"mylist", value), (b"LPUSH", b"mylist", value)),
        Test("RPUSH", "rpush", (b"mylist", value), (b"RPUSH", b"mylist", value)),
        Test("LPOP", "lpop", (b"mylist",), (b"LPOP", b"mylist")),
        Test("RPOP", "rpop", (b"mylist",), (b"RPOP", b"mylist")),
        Test("SADD", "sadd", (b"myset", element), (b"SADD", b"myset", element)),
        Test("HSET", "hset", (b"myhash", element, value), (b"HSET", b"myhash", element, value)),
        Test("SPOP", "spop", (b"myset",), (b"SPOP", b"myset")),
        Test("ZADD", "zadd", (b"myzset", {element: score}), (b"ZADD", b"myzset", score, element)),
        Test("ZPOPMIN", "zpopmin", (b"myzset",), (b"ZPOPMIN", b"myzset")),
    ]
    for count in (100, 300, 500, 600):
        found.append(
            Test(
                f"LRANGE_{count}",
                "lrange",
                (b"mylist", 0, count - 1),
                (b"LRANGE", b"mylist", b"0", b"%d" % (count - 1)),
                "lrange",
                list_needed=True,
            )
        )
    pairs = [word for number in range(10) for word in (key, value)]
    found.append(Test("MSET", "mset", ((key, value),) * 10, (b"MSET", *pairs)))
    return found


def custom(words: Sequence[bytes]) -> Test:
    """The user's own command."""
    name = b" ".join(words).decode("utf-8", "replace")
    return Test(name, "execute_command", tuple(words), tuple(words))


def chosen(all_of_them: list[Test], names: str | None) -> list[Test]:
    """The tests that -t names, separated by commas; all without it."""
    if names is None:
        return all_of_them
    wanted = [name.strip().upper() for name in names.split(",") if name.strip()]
    known = {name for test in all_of_them for name in (test.name, test.group.upper())}
    if unknown := [name for name in wanted if name not in known]:
        every = ", ".join(test.name.lower() for test in all_of_them)
        raise LinkError(f"No such test: {', '.join(unknown).lower()}. There are {every}.")
    return [test for test in all_of_them if {test.name, test.group.upper()} & set(wanted)]


@dataclass
class Plan:
    """How much of what is measured."""

    requests: int = 100_000
    clients: int = 1
    pipeline: int = 1
    keyspace: int = 0  # 0: the same key always
    progress: bool | None = None
    processes: int = 1  # that drive a server, each over its share of the connections
    reconnects: bool = False  # for each request, or pipeline of them


@dataclass
class Result:
    """What came of a test; latencies in seconds, sorted."""

    test: Test
    requests: int
    seconds: float
    latencies: list[float] = field(repr=False)
    began: float = 0.0  # and when it ended: by perf_counter, the same clock in all processes
    ended: float = 0.0

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        if not self.latencies:
            return 0.0
        rank = -(-len(self.latencies) * percent // 100)  # rounded up
        return self.latencies[max(0, int(rank) - 1)]

    @property
    def mean(self) -> float:
        return sum(self.latencies) / len(self.latencies) if self.latencies else 0.0


def _number(chance: random.Random, keyspace: int) -> bytes:
    return b"%0*d" % (DIGITS, chance.randrange(keyspace) if keyspace else 0)


def filled(value: Any, chance: random.Random, keyspace: int) -> Any:
    """An argument with its placeholders filled in; each has a number of its own."""
    if isinstance(value, bytes):
        while PLACEHOLDER in value:
            value = value.replace(PLACEHOLDER, _number(chance, keyspace), 1)
        return value
    if isinstance(value, dict):
        # A score: as a number, which is what a program would have.
        return {
            filled(name, chance, keyspace): float(filled(score, chance, keyspace))
            for name, score in value.items()
        }
    if isinstance(value, tuple):
        return tuple(filled(item, chance, keyspace) for item in value)
    return value


def argument_lists(test: Test, plan: Plan, seed: int = 0) -> list[tuple[Any, ...]]:
    """Arguments of calls, to be used in turn."""
    chance = random.Random(seed)
    count = min(VARIANTS, plan.requests) if plan.keyspace else 1
    found = [filled(test.args, chance, plan.keyspace) for _ in range(count)]
    if test.method == "mset":
        return [(dict(pairs),) for pairs in found]
    return found


# A store


def measure_store(db: Any, target: Target, test: Test, plan: Plan) -> Result:
    """Calls of the Python API: on `db`, or in `plan.clients` processes that share its path."""
    if test.list_needed and db.llen("mylist") < LONG_LIST:
        db.rpush("mylist", *[test.name] * LONG_LIST)
    if plan.clients == 1:
        result = _measure_here(db, test, plan)
    else:
        from .bench_processes import in_processes

        # Each client is a process with a handle of its own; they begin together.
        share = replace(plan, requests=-(-plan.requests // plan.clients), clients=1)
        result = in_processes(_measure_alone, target, test, [share] * plan.clients, plan.progress)
    result.latencies.sort()
    return result


def _measure_alone(
    target: Target,
    test: Test,
    plan: Plan,
    seed: int,
    ready: Callable[[], object],
    told: Callable[[int], None],
) -> Result:
    with open_store(target) as db:
        return _measure_here(db, test, plan, seed, ready, told)


def open_store(target: Target) -> Any:
    """The store that is measured, in the database that is."""
    db = target.open_store()
    if target.db:
        db.select(target.db)
    return db


def _measure_here(
    db: Any,
    test: Test,
    plan: Plan,
    seed: int = 0,
    ready: Callable[[], object] = int,
    told: Callable[[int], None] | None = None,
) -> Result:
    """The speed from a loop with no clock in it, latencies from some more calls one by one."""
    many = argument_lists(test, plan, seed)
    call, many, each = _caller(db, test, plan, many)
    turns = -(-plan.requests // each)
    source = cycle(many)
    seconds = 0.0
    done = 0
    ready()
    start = time.perf_counter()
    with ProgressBar(test.name, plan.requests, False if told else plan.progress) as bar:
        chunk = max(1, turns // CHUNKS)
        while done < turns:
            part = list(islice(source, min(chunk, turns - done)))
            began = time.perf_counter()
            deque(starmap(call, part), maxlen=0)
            seconds += time.perf_counter() - began
            done += len(part)
            bar.to(done * each)
            if told is not None:
                told(len(part) * each)
    ended = time.perf_counter()
    samples = min(turns, SAMPLES // each or 1)
    latencies = _sample(call, list(islice(source, samples)))
    return Result(test, done * each, seconds, latencies, start, ended)


def _caller(
    db: Any, test: Test, plan: Plan, many: list[tuple[Any, ...]]
) -> tuple[Callable[..., Any], list[tuple[Any, ...]], int]:
    """What is called, with what, and how many requests that is."""
    if plan.pipeline == 1:
        return getattr(db, test.method), many, 1
    source = cycle(many)
    batches = max(1, len(many) // plan.pipeline) if len(many) > 1 else 1
    grouped = [(list(islice(source, plan.pipeline)),) for _ in range(batches)]
    pipe = db.pipeline(transaction=False)
    queue = getattr(pipe, test.method)
    execute = pipe.execute

    def batch(calls: list[tuple[Any, ...]]) -> None:
        for args in calls:
            queue(*args)
        execute()

    return batch, grouped, plan.pipeline


def _sample(call: Callable[..., Any], many: list[tuple[Any, ...]]) -> list[float]:
    """How long each call takes, less what reading the clock takes."""
    clock = time.perf_counter_ns
    idle = []
    for _ in range(1000):
        began = clock()
        idle.append(clock() - began)
    clock_cost = min(idle)
    taken = []
    for args in many:
        began = clock()
        call(*args)
        taken.append(clock() - began)
    return [max(0, ns - clock_cost) / 1e9 for ns in taken]
