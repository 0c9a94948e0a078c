"""Ten thousand connections held while commands go on.

`python -m bench.connections [--number 10000]` opens them from processes of their own, and times
commands of one more client meanwhile. Prints what a connection costs and the times.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import redis

import emberkv

HOLDER = """
import resource, socket, sys
port, n = int(sys.argv[1]), int(sys.argv[2])
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
held = [socket.create_connection(("127.0.0.1", port)) for _ in range(n)]
for s in held:
    s.sendall(b"PING\\r\\n")
assert all(s.recv(7) == b"+PONG\\r\\n" for s in held)
print("held", flush=True)
sys.stdin.read()
for s in held:
    s.sendall(b"PING\\r\\n")
assert all(s.recv(7) == b"+PONG\\r\\n" for s in held)
print("alive", flush=True)
"""


def timed(client: redis.Redis, n: int = 2000) -> tuple[float, float]:
    times = []
    for i in range(n):
        began = time.perf_counter()
        client.set(f"key:{i % 100}", i)
        times.append((time.perf_counter() - began) * 1e6)
    times.sort()
    return times[n // 2], times[n * 99 // 100]


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.connections")
    parser.add_argument("--number", type=int, default=10_000)
    number = parser.parse_args().number
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with emberkv.open() as db, emberkv.serve(db, maxclients=number + 10) as server:
        client = redis.Redis(port=server.port)
        before, alone = resident(), timed(client)
        command = [sys.executable, "-c", HOLDER, str(server.port), str(number // 2)]
        holders = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        try:
            held = [holder.stdout.readline().strip() for holder in holders if holder.stdout]
            many = timed(client)
            print(f"{client.info('clients')['connected_clients']:,} clients: {held}")
            print(f"{(resident() - before) / number:.0f} bytes of the process a connection")
            print(
                f"SET, median and 99th percentile: alone {alone[0]:.0f} and {alone[1]:.0f} us, "
                f"with the others {many[0]:.0f} and {many[1]:.0f} us"
            )
            ended = [holder.communicate("")[0].strip() for holder in holders]
            print(f"at the end: {ended}")
        finally:
            for holder in holders:
                holder.kill()
                holder.wait()


if __name__ == "__main__":
    main()
