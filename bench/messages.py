"""Publishing: to a subscriber in the same process, and to one that waits in another process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import repeat
from typing import Any

from bench import child, peers, timing
from bench.commands import VALUE
from bench.peers import IN_PROCESS_PEERS, Store
from bench.report import Result, Run, nanoseconds, times
from bench.sharing import _open
from bench.timing import Contender, Figure

STORES = ("emberkv", *IN_PROCESS_PEERS, "redis-server")
AT_MOST = 2_000  # messages that wait at a time: less than what cuts a subscriber off


def _contender(store: Store) -> Contender | None:
    """Publishing to one subscriber, who takes what came between the batches."""
    try:
        subscriber = store.client.pubsub()
        subscriber.subscribe("channel")
        if store.client.publish("channel", VALUE) != 1:
            return None
    except Exception:
        return None

    def take(_: Sequence[Any]) -> None:
        while subscriber.get_message(timeout=0.01 if store.is_server else 0):
            pass

    publish: Callable[..., Any] = store.client.publish
    return Contender(
        store.name,
        store.loops[2],
        publish,
        lambda n: list(repeat((b"channel", VALUE), n)),
        take,
        waits=store.is_server,
    )


def answer(kind: str, where: str, core: int) -> int:
    """Run in a process of its own: sends back what comes, until told to stop."""
    os.sched_setaffinity(0, {core})
    db = _open(kind, where)
    subscriber = db.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("there")
    subscriber.get_message(timeout=1)
    print("ready", flush=True)
    for count, message in enumerate(subscriber.listen()):
        if message["data"] == b"stop":
            return count
        db.publish("back", message["data"])
    raise AssertionError


def _there_and_back(db: Any, subscriber: Any, count: int) -> float:
    clock = timing.time.perf_counter_ns
    start = clock()
    for _ in range(count):
        db.publish("there", VALUE)
        while subscriber.get_message(timeout=None) is None:
            pass
    return (clock() - start) / count


def measure(run: Run) -> None:
    run.progress("publishing")
    _measure_publishing(run)
    run.progress("a message for who waits in another process")
    with peers.shared_path() as path:
        _measure_waiting(run, path)


def _measure_publishing(run: Run) -> None:
    with ExitStack() as stack:
        stores = peers.open_all(list(STORES), stack, run.notes)
        field = [c for c in map(_contender, stores) if c is not None]
        figures = timing.race(
            field,
            rounds=run.rounds(15),
            batch_seconds=run.batch_seconds,
            at_most=AT_MOST,
            clock=run.clock,
        )
    run.figures["PUBLISH to one local subscriber"] = figures
    mine = figures["emberkv"].median
    others = [figures[n].median for n in IN_PROCESS_PEERS if n in figures]
    server = figures["redis-server"].median if "redis-server" in figures else None
    measured, goals = nanoseconds(mine), []
    if others:
        goals.append(min(others) / 5)
        measured += f", {times(min(others) / mine)} faster than the fastest peer"
    if server:
        goals.append(server / 100)
        measured += f", {times(server / mine)} faster than redis-py to redis-server"
    run.results.append(
        Result(
            "PUBLISH to one local subscriber",
            "64 bytes, taken between the batches",
            measured,
            "at least 5x the fastest in-process peer and 100x redis-py to redis-server",
            mine <= min(goals) if goals else None,
            reached=mine / min(goals) if goals else 0.0,
        )
    )


def _measure_waiting(run: Run, path: str) -> None:
    cores = sorted(os.sched_getaffinity(0))
    count = run.many(3_000)
    with ExitStack() as stack:
        sides: list[tuple[str, str]] = [("emberkv", path)]
        if peers.system_server():
            sides.append(("redis-py", stack.enter_context(peers.redis_server())[0]))
        figures = {kind: Figure() for kind, _ in sides}
        stack.callback(os.sched_setaffinity, 0, set(cores))
        os.sched_setaffinity(0, {cores[0]})
        for _ in range(run.rounds(7)):
            for kind, where in sides:
                db = _open(kind, where)
                subscriber = db.pubsub(ignore_subscribe_messages=True)
                subscriber.subscribe("back")
                subscriber.get_message(timeout=1)
                other = child.start("bench.messages:answer", kind, where, cores[-1])
                assert other.stdout is not None and other.stdout.readline() == "ready\n"
                _there_and_back(db, subscriber, 100)
                figures[kind].samples.append(_there_and_back(db, subscriber, count) / 2)
                db.publish("there", "stop")
                child.result(other)
                subscriber.close()
                db.close()
    mine = figures["emberkv"].median
    measured, reached, passed = nanoseconds(mine), 0.0, None
    if len(sides) > 1:
        theirs = figures["redis-py"].median
        measured += f" ({theirs / mine:.1f}x faster than {nanoseconds(theirs)} by redis-server)"
        reached, passed = 3 * mine / theirs, 3 * mine <= theirs
    run.results.append(
        Result(
            "a message to a subscriber who waits in another process",
            "half of there and back, " + ("each on its core" if len(cores) > 1 else "on one core"),
            measured,
            "at most 1/3 of redis-py over a Unix socket",
            passed,
            reached=reached,
        )
    )
