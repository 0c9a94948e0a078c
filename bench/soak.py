"""A server under eviction, with clients that come and go: does what it takes stay flat?

`python -m bench.soak --seconds 600` serves a store with a maxmemory of 32 MB to threads that
connect, write and read values of changing sizes (far more than fits), and leave, and looks at
memory, descriptors and latency each second. Latency is shown as the median of what clients see, and
as the processor time that the server spends on a request: what else the machine does moves the
first, and hardly the second. Writes `bench/results/soak.png` and `soak.md`.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

import redis

LIMIT = 32 << 20
KEYS = 100_000
CLIENTS = 4


def work(port: int, ended: threading.Event, times: list[float], done: list[int]) -> None:
    lots = random.Random()
    while not ended.is_set():
        with redis.Redis(port=port) as client:
            for _ in range(lots.randrange(50, 500)):
                key = b"key:%d" % int(lots.random() ** 3 * KEYS)
                began = time.perf_counter()
                if client.get(key) is None:
                    client.set(key, b"x" * lots.choice((20, 200, 2000, 9000)), ex=600)
                times.append(time.perf_counter() - began)
                done[0] += 1
                if ended.is_set():
                    return


def processor_seconds(pid: int) -> float:
    """Of all its threads."""
    spent = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        spent += int((thread / "schedstat").read_text().split()[0])
    return spent / 1e9


def sample(client: redis.Redis, pid: int, times: list[float], spent: float) -> tuple[float, ...]:
    info = client.info("everything")
    recent, times[:] = sorted(times), []
    requests = max(len(recent), 1)
    waited = recent[len(recent) // 2] * 1000 if recent else 0.0
    with open(f"/proc/{pid}/statm") as file:
        resident = int(file.read().split()[1]) * 4096
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    used, arena = info["used_memory"], info["used_memory_rss"]
    return used, arena, resident, descriptors, waited, spent / requests * 1e6


def run(seconds: int) -> tuple[list[tuple[float, ...]], int, int]:
    program = "import emberkv.server as s; s.run(port=%d, maxmemory='32mb')"
    port = 20_000 + os.getpid() % 20_000
    command = [sys.executable, "-c", program % port]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    ended, times, done = threading.Event(), [], [0]
    client = redis.Redis(port=port)
    try:
        while True:
            try:
                client.config_set("maxmemory-policy", "allkeys-tinylfu")
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        workers = [
            threading.Thread(target=work, args=(port, ended, times, done)) for _ in range(CLIENTS)
        ]
        for worker in workers:
            worker.start()
        samples = []
        spent = processor_seconds(server.pid)
        for _ in range(seconds):
            time.sleep(1)
            now = processor_seconds(server.pid)
            samples.append(sample(client, server.pid, times, now - spent))
            spent = now
        evicted = client.info("stats")["evicted_keys"]
        ended.set()
        for worker in workers:
            worker.join()
        return samples, done[0], evicted
    finally:
        ended.set()
        server.terminate()
        server.wait()


def medians(values: tuple[float, ...], window: int = 10) -> list[float]:
    """Of each ten seconds: a second in which the machine did something else says nothing."""
    return [median(values[i : i + window]) for i in range(0, len(values), window)]


def write(samples: list[tuple[float, ...]], commands: int, evicted: int) -> str:
    from matplotlib import pyplot

    folder = Path(__file__).parent / "results"
    used, arena, resident, descriptors, waited, spent = zip(*samples, strict=True)
    figure, (memory, other) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 6))
    for values, name in ((used, "used_memory"), (arena, "arena"), (resident, "process")):
        memory.plot([v / 2**20 for v in values], label=name)
    memory.axhline(LIMIT / 2**20, linestyle=":", color="grey")
    memory.set_ylabel("MiB")
    memory.set_ylim(bottom=0)
    memory.legend()
    seconds = [10 * i + 5 for i in range(len(medians(waited)))]
    other.plot(descriptors, label="descriptors")
    other.plot(seconds, [v / 10 for v in medians(spent)], label="processor time of the server, "
               "10 us a request (medians of 10 s)")  # fmt: skip
    other.plot(seconds, medians(waited), label="median of a request, ms (likewise)")
    other.set_ylim(bottom=0)
    other.set_xlabel("seconds")
    other.legend(loc="center right")
    figure.savefig(folder / "soak.png", dpi=110)
    third = len(samples) // 3
    lines = [
        "# Soak under eviction",
        "",
        f"{len(samples)} s, maxmemory 32 MB, {CLIENTS} clients at a time that come and go, "
        f"{commands:,} requests, {evicted:,} keys evicted; medians. ![plot](soak.png)",
        "",
        "| | second third | last third |",
        "|---|---|---|",
    ]
    for name, values, scale in (
        ("used_memory, MiB", used, 2**20),
        ("arena, MiB", arena, 2**20),
        ("process, MiB", resident, 2**20),
        ("descriptors", descriptors, 1),
        ("median of a request, ms", waited, 1),
        ("the server's processor time, us a request", spent, 1),
    ):
        middle, last = values[third : 2 * third], values[2 * third :]
        typical = [median(part or (0.0,)) / scale for part in (middle, last)]
        lines.append(f"| {name} | {typical[0]:.2f} | {typical[1]:.2f} |")
    text = "\n".join(lines) + "\n"
    (folder / "soak.md").write_text(text)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.soak")
    parser.add_argument("--seconds", type=int, default=600)
    print(write(*run(parser.parse_args().seconds)))


if __name__ == "__main__":
    main()
