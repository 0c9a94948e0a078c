"""Very many connections held while commands go on: `make crowd` for ten thousand of them."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import redis

import emberkv

NUMBER = int(os.environ.get("EMBERKV_CONNECTIONS", "1000"))
HOLDERS = 2
HOLDER = """
import resource, socket, sys
port, n = int(sys.argv[1]), int(sys.argv[2])
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
held = []
def ask():
    for s in held: s.sendall(b"PING\\r\\n")
    assert all(s.recv(7) == b"+PONG\\r\\n" for s in held)
for _ in range(n):
    held.append(socket.create_connection(("127.0.0.1", port), 60))
ask()
print("held", flush=True)
sys.stdin.readline()
ask()
print("alive", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def descriptors() -> Iterator[None]:
    """As many as the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < NUMBER + 200:
        pytest.skip(f"{NUMBER} connections need more descriptors than {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_crowd_is_held_while_commands_go_on(descriptors: None) -> None:
    with emberkv.serve(maxclients=NUMBER + 1) as server:
        command = [sys.executable, "-c", HOLDER, str(server.port), str(NUMBER // HOLDERS)]
        holders = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(HOLDERS)
        ]
        try:
            for holder in holders:
                assert holder.stdout and holder.stdout.readline() == "held\n"
            with redis.Redis(port=server.port) as client:
                assert client.info("clients")["connected_clients"] == NUMBER + 1
                for i in range(2000):
                    client.set(f"key:{i}", i)
                assert client.dbsize() == 2000
                with redis.Redis(port=server.port) as one_more, pytest.raises(redis.RedisError):
                    one_more.ping()  # beyond maxclients
                for holder in holders:
                    assert holder.stdin and holder.stdout
                    holder.stdin.write("\n")
                    holder.stdin.flush()
                    assert holder.stdout.readline() == "alive\n"
                for holder in holders:
                    holder.communicate("", timeout=60)
                until = time.monotonic() + 60
                while client.info("clients")["connected_clients"] > 1:
                    assert time.monotonic() < until, "those who left are not noticed"
        finally:
            for holder in holders:
                holder.kill()
                holder.wait()
