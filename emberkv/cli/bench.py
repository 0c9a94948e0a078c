"""What `emberkv bench` measures, and how.

A store is measured through the public Python API, in this process or in several that share its
path; a server through its connections, all of them in one loop. The tests and their names are
redis-benchmark's.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import random
import selectors
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice, starmap
from typing import Any, NamedTuple

from .links import LinkError, ServerLink, Target
from .resp import Reader, command_bytes
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


def _filled(value: Any, chance: random.Random, keyspace: int) -> Any:
    """An argument with its placeholders filled in; each has a number of its own."""
    if isinstance(value, bytes):
        while PLACEHOLDER in value:
            value = value.replace(PLACEHOLDER, _number(chance, keyspace), 1)
        return value
    if isinstance(value, dict):
        # A score: as a number, which is what a program would have.
        return {
            _filled(name, chance, keyspace): float(_filled(score, chance, keyspace))
            for name, score in value.items()
        }
    if isinstance(value, tuple):
        return tuple(_filled(item, chance, keyspace) for item in value)
    return value


def argument_lists(test: Test, plan: Plan, seed: int = 0) -> list[tuple[Any, ...]]:
    """Arguments of calls, to be used in turn."""
    chance = random.Random(seed)
    count = min(VARIANTS, plan.requests) if plan.keyspace else 1
    found = [_filled(test.args, chance, plan.keyspace) for _ in range(count)]
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
        result = _measure_in_processes(target, test, plan)
    result.latencies.sort()
    return result


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


def _measure_in_processes(target: Target, test: Test, plan: Plan) -> Result:
    """Each client is a process with a handle of its own; they begin together."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(plan.clients + 1, timeout=60)
    share = -(-plan.requests // plan.clients)
    part = Plan(share, 1, plan.pipeline, plan.keyspace, False)
    workers = []
    sys.stdout.flush()
    for number in range(plan.clients):
        ours, theirs = context.Pipe(False)
        worker = context.Process(
            target=_work, args=(target, test, part, number, ready, theirs), daemon=True
        )
        worker.start()
        theirs.close()
        workers.append((worker, ours))
    results: list[Result] = []
    problems: list[str] = []
    done = 0
    pending = {ours for _, ours in workers}
    with ProgressBar(test.name, share * plan.clients, plan.progress) as bar:
        with contextlib.suppress(threading.BrokenBarrierError):
            ready.wait()
        while pending:
            heard: Any = multiprocessing.connection.wait(pending)
            for pipe in heard:
                try:
                    message = pipe.recv()
                except EOFError:
                    message = "A client died before it was done."
                if isinstance(message, int):
                    done += message
                    bar.to(done)
                    continue
                pending.discard(pipe)
                if isinstance(message, str):
                    problems.append(message)
                else:
                    results.append(message)
    for worker, _ in workers:
        worker.join()
    if problems:
        raise LinkError(problems[0])
    latencies = [taken for result in results for taken in result.latencies]
    seconds = max(result.ended for result in results) - min(result.began for result in results)
    return Result(test, done, seconds, latencies)


def _work(target: Target, test: Test, plan: Plan, number: int, ready: Any, pipe: Any) -> None:
    """A client: tells how far it is, and what came of it."""
    try:
        with open_store(target) as db:
            result = _measure_here(db, test, plan, number, ready.wait, pipe.send)
    except threading.BrokenBarrierError:
        return  # another one has told why
    except Exception as error:
        pipe.send(f"Error: {error}")
        ready.abort()
        return
    pipe.send(result)


# A server


class _Connection:
    """A connection with `pipeline` requests under way."""

    def __init__(self, target: Target) -> None:
        link = ServerLink(target)
        problems = link.begin()
        if problems:
            raise LinkError(problems[0])
        self.link = link
        self.socket: socket.socket = link._socket
        self.socket.setblocking(False)
        self.replies = _replies()
        self.unsent = b""
        self.awaited = 0
        self.began = 0.0

    def send(self) -> None:
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except (BlockingIOError, InterruptedError):
            pass


def _replies() -> Callable[[bytes], tuple[int, str | None]]:
    """Counts the replies in what came, and gives the first error among them."""
    try:
        import hiredis
    except ImportError:
        return _count_replies()
    reader = hiredis.Reader(notEnoughData=Ellipsis)

    def count(data: bytes) -> tuple[int, str | None]:
        reader.feed(data)
        found, error = 0, None
        while (reply := reader.gets()) is not Ellipsis:
            found += 1
            if isinstance(reply, hiredis.ReplyError):
                error = error or str(reply)
        return found, error

    return count


def _count_replies() -> Callable[[bytes], tuple[int, str | None]]:
    waiting: list[bytes] = []

    def receive() -> bytes:
        if not waiting:
            raise BlockingIOError
        return waiting.pop()

    reader = Reader(receive)

    def count(data: bytes) -> tuple[int, str | None]:
        waiting.append(data)
        found, error = 0, None
        try:
            while True:
                reply = reader.read()
                found += 1
                if reply.is_error:
                    error = error or reply.text
        except BlockingIOError:
            return found, error

    return count


def _requests(test: Test, plan: Plan) -> Iterator[bytes]:
    """What is sent at a time: as many commands as are in a pipeline, without end."""
    chance = random.Random(0)
    count = min(VARIANTS, plan.requests) if plan.keyspace else 1
    if test.name == "PING_INLINE":
        commands = [b"PING\r\n"]
    else:
        commands = [command_bytes(_filled(test.words, chance, plan.keyspace)) for _ in range(count)]
    source = cycle(commands)
    if count == 1:
        return cycle([commands[0] * plan.pipeline])
    return iter(lambda: b"".join(islice(source, plan.pipeline)), b"")


def measure_server(target: Target, test: Test, plan: Plan) -> Result:
    """Requests over `plan.clients` connections, each with one pipeline under way at a time."""
    if test.list_needed:
        link = target.open()
        link.begin()
        length = link.execute("LLEN", "mylist")
        if length.kind == "int" and length.value < LONG_LIST:
            link.execute("RPUSH", "mylist", *[test.name] * LONG_LIST)
        link.close()
    connections = [_Connection(target) for _ in range(min(plan.clients, plan.requests))]
    try:
        with ProgressBar(test.name, plan.requests, plan.progress) as bar:
            return _race(connections, test, plan, bar)
    finally:
        for connection in connections:
            connection.link.close()


def _race(connections: list[_Connection], test: Test, plan: Plan, bar: ProgressBar) -> Result:
    requests = _requests(test, plan)
    latencies: list[float] = []
    issued = done = 0
    clock = time.perf_counter
    with selectors.DefaultSelector() as selector:

        def issue(connection: _Connection) -> None:
            nonlocal issued
            connection.awaited = plan.pipeline
            issued += plan.pipeline
            connection.began = clock()
            connection.unsent = next(requests)
            connection.send()
            watch(connection)

        def watch(connection: _Connection) -> None:
            events = selectors.EVENT_READ
            if connection.unsent:
                events |= selectors.EVENT_WRITE
            key = selector.get_map().get(connection.socket)
            if key is None:
                selector.register(connection.socket, events, connection)
            elif key.events != events:
                selector.modify(connection.socket, events, connection)

        began = clock()
        for connection in connections:
            issue(connection)
        while done < issued:
            for key, events in selector.select():
                connection = key.data
                if events & selectors.EVENT_WRITE:
                    connection.send()
                    watch(connection)
                if not events & selectors.EVENT_READ:
                    continue
                try:
                    data = connection.socket.recv(1 << 16)
                except (BlockingIOError, InterruptedError):
                    continue
                if not data:
                    raise LinkError("Error: Server closed the connection")
                found, error = connection.replies(data)
                if error is not None:
                    raise LinkError(f"Error from server: {error}")
                connection.awaited -= found
                done += found
                if connection.awaited > 0:
                    continue
                latencies += [clock() - connection.began] * plan.pipeline
                bar.to(done)
                if issued < plan.requests:
                    issue(connection)
                else:
                    selector.unregister(connection.socket)
        seconds = clock() - began
    latencies.sort()
    return Result(test, done, seconds, latencies)


def measure(target: Target, many: Iterable[Test], plan: Plan) -> Iterator[Result]:
    """The tests one after another; a store is open throughout, so one finds what others left."""
    if target.is_server:
        for test in many:
            yield measure_server(target, test, plan)
        return
    if plan.clients > 1 and target.path is None:
        raise LinkError("Several clients share a store by its path: emberkv bench -c N PATH")
    with open_store(target) as db:
        for test in many:
            yield measure_store(db, target, test, plan)
