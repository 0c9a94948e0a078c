"""A server of emberkv's beside a redis-server, under redis-benchmark: throughput with and without
pipelining, the 99th percentile of the latency, with 1,000 idle connections, and what one of those
costs in memory. Server and benchmark have a core each, which nothing else gets while they want it
(where that is allowed); the two servers take turns.

Where no more is asked for than what a redis-server does, ours is worse when its median lies outside
the quartiles of that server's own rounds: between equals a strict comparison of medians is a lot.

Pipelines of short commands keep redis-benchmark's core busy, so how much more than a redis-server's
they can be is measured too: beside a program that answers without looking (answers.c)."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bench import peers
from bench.report import Result, Run, times
from bench.timing import Figure

TESTS = (
    *("ping", "set", "get", "incr", "lpush", "rpush", "lpop", "rpop", "sadd", "hset", "spop"),
    *("zadd", "zpopmin", "lrange_100", "mset"),
)
BARE = {  # those of which redis-benchmark is the bound
    "ping": ("PING",),
    "get": ("GET", "key:__rand_int__"),
    "spop": ("SPOP", "myset"),
    "zpopmin": ("ZPOPMIN", "myzset"),
    "lrange_100": ("LRANGE", "mylist", "0", "99"),
}
HEAVY = ("lrange_100", "mset")  # a fifth of the requests
IDLE = 1_000
SERVE = "import sys; from emberkv.server import run; run(port=int(sys.argv[1]))"

Server = tuple[int, int]  # port, process id
Measured = tuple[float, float]  # requests a second, 99th percentile in milliseconds
Raced = tuple[Figure, Figure]  # the same, of all rounds


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def cores() -> list[int]:
    """One for the server and one for who asks it; the same if there is only one."""
    have = sorted(os.sched_getaffinity(0))
    return [have[0], have[-1]]


@contextmanager
def ember_server() -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def settle(thread: int, core: int) -> None:
    """To its core, ahead of all that is not measured."""
    os.sched_setaffinity(thread, {core})
    with suppress(PermissionError):
        os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(10))


def pin(pid: int, core: int) -> None:
    """All the threads of a process."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        settle(int(task.name), core)


def benchmark(port: int, what: Sequence[str], requests: int, pipeline: int) -> list[Measured]:
    """One run of redis-benchmark; two figures for what it measures twice."""
    command = ["redis-benchmark", "-p", str(port), "-n", str(requests), "--csv"]
    core = cores()[1]
    done = subprocess.run(
        [*command, "-P", str(pipeline), *what],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: settle(0, core),
    )
    rows = [r for r in csv.DictReader(done.stdout.splitlines()) if "needed" not in r["test"]]
    return [(float(r["rps"]), float(r["p99_latency_ms"])) for r in rows]


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def connect(port: int, count: int) -> list[socket.socket]:
    """Connections that have each asked something, and are idle now."""
    made = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for s in made:
        s.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n")
    for s in made:
        assert s.recv(100) == b"+OK\r\n"
    return made


def race(
    servers: dict[str, Server], test: str, requests: int, pipeline: int, rounds: int
) -> dict[str, Raced]:
    """Of interleaved rounds; ping stands for its slower half."""
    got: dict[str, Raced] = {name: (Figure(), Figure()) for name in servers}
    for _ in range(rounds):
        for name, (port, _) in servers.items():
            runs = benchmark(port, ("-t", test), requests, pipeline)
            rates, latencies = got[name]
            rates.samples.append(min(rate for rate, _ in runs))
            latencies.samples.append(max(latency for _, latency in runs))
    return got


def compare(
    run: Run, servers: dict[str, Server], tests: Sequence[str], pipeline: int, condition: str
) -> None:
    full = 100_000 if pipeline == 1 else 2_000_000
    for test in tests:
        requests = run.many(full // 5 if test in HEAVY else full)
        got = race(servers, test, requests, pipeline, run.rounds(5))
        (mine, mine_p99), (theirs, theirs_p99) = got["emberkv"], got["redis-server"]
        ratio = mine.median / theirs.median
        target = 1.0 if pipeline == 1 else 1.5
        lowest = theirs.quartiles[0] if pipeline == 1 else target * theirs.median
        run.results.append(
            Result(
                f"server: {test}",
                condition,
                f"{mine.median:,.0f}/s, {times(ratio)} of redis-server's",
                f"{times(target)}",
                mine.median >= lowest,
                ratio / target,
            )
        )
        run.results.append(
            Result(
                f"server: {test}, 99th percentile",
                condition,
                f"{mine_p99.median:.2f} ms, redis-server {theirs_p99.median:.2f} ms "
                f"({theirs_p99.quartiles[0]:.2f}-{theirs_p99.quartiles[1]:.2f})",
                "no more",
                mine_p99.median <= theirs_p99.quartiles[1],
                theirs_p99.median / mine_p99.median if mine_p99.median else 1.0,
            )
        )


@contextmanager
def answers(program: Path, port: int, words: Sequence[str], reply: bytes) -> Iterator[int]:
    request = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    text = f"*{len(words)}\r\n{request}"
    process = subprocess.Popen([program, str(port), text, reply])
    try:
        pin(process.pid, cores()[0])
        yield process.pid
    finally:
        process.kill()
        process.wait()


def reply_of(port: int, words: Sequence[str]) -> bytes:
    """What a server says to an inline command; it fits in a segment."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(" ".join(words).encode() + b"\r\n")
        return s.recv(65536)


def measure_bound(run: Run, redis_port: int) -> None:
    """How many times a redis-server's throughput redis-benchmark lets a server have."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        run.notes.append("server: no C compiler for bench/answers.c")
        return
    source = Path(__file__).with_name("answers.c")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "answers")
        subprocess.run([compiler, "-O2", source, "-o", program], check=True)
        for test, words in BARE.items():
            benchmark(redis_port, ("-t", test), 1_000, 1)  # lrange needs its list
            requests = run.many(400_000 if test in HEAVY else 2_000_000)
            port = free_port()
            rates: dict[int, list[float]] = {redis_port: [], port: []}
            with answers(program, port, words, reply_of(redis_port, words)):
                time.sleep(0.2)
                for _ in range(run.rounds(5)):
                    for each, seen in rates.items():
                        seen.append(benchmark(each, words, requests, 50)[0][0])
            theirs, bound = (statistics.median(seen) for seen in rates.values())
            run.results.append(
                Result(
                    f"server: {test}, a program that answers without looking",
                    "50 clients, -P 50",
                    f"{bound:,.0f}/s, {times(bound / theirs)} of redis-server's",
                    "(the bound)",
                    None,
                )
            )


def measure_memory(run: Run, servers: dict[str, Server]) -> None:
    bytes_each = {}
    for name, (port, pid) in servers.items():
        connect_first = connect(port, 50)  # what the first ones make stays
        before = resident(pid)
        idle = connect(port, IDLE)
        time.sleep(3)  # until a redis-server has given back its buffers
        bytes_each[name] = (resident(pid) - before) / IDLE
        for s in connect_first + idle:
            s.close()
    mine, theirs = bytes_each["emberkv"], bytes_each["redis-server"]
    run.results.append(
        Result(
            "server: memory of an idle connection",
            f"{IDLE:,} connections",
            f"{mine:,.0f} bytes, redis-server {theirs:,.0f}",
            "no more",
            mine <= theirs,
            theirs / mine if mine else 1.0,
        )
    )


def measure(run: Run) -> None:
    if shutil.which("redis-benchmark") is None or peers.system_server() is None:
        run.notes.append("server: redis-server and redis-benchmark are not installed")
        return
    port = free_port()
    with ExitStack() as stack:
        _, pid = stack.enter_context(peers.redis_server(None, "--port", str(port)))
        servers = {"redis-server": (port, pid), "emberkv": stack.enter_context(ember_server())}
        for _, server_pid in servers.values():
            pin(server_pid, cores()[0])
        run.progress("memory of connections")
        measure_memory(run, servers)
        run.progress("one request at a time")
        compare(run, servers, TESTS, 1, "50 clients")
        run.progress("pipelines")
        compare(run, servers, TESTS, 50, "50 clients, -P 50")
        run.progress("what redis-benchmark can do")
        measure_bound(run, port)
        run.progress(f"{IDLE:,} idle connections")
        idle = [s for p, _ in servers.values() for s in connect(p, IDLE)]
        compare(run, servers, ("ping", "set", "get"), 1, f"50 clients, {IDLE:,} idle ones")
        for s in idle:
            s.close()
