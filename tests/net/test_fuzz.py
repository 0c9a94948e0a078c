"""The parser under a fuzzer, and the server under garbage from many clients.

EMBERKV_FUZZ multiplies the rounds, EMBERKV_SEED gives other bytes.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from net.wire import bulk, connect, exchange, read_all

from emberkv import serve

ROUNDS = int(os.environ.get("EMBERKV_FUZZ", "1"))
SEED = int(os.environ.get("EMBERKV_SEED", "1"))
CORE = Path(__file__).parents[2] / "emberkv" / "_core"
SOURCES = [str(Path(__file__).parent / "fuzz_parser.c"), str(CORE / "net" / "parser.c")]
COMMON = ["-g", "-O1", "-std=gnu11", f"-I{CORE}", *SOURCES, str(CORE / "base" / "number.c")]
SANITIZERS = "address,undefined"


def build(out: Path) -> list[str]:
    """The fuzzer of this machine and the arguments that bound its run."""
    clang, cc = shutil.which("clang"), shutil.which("gcc") or shutil.which("cc")
    if clang:
        flags = [f"-fsanitize=fuzzer,{SANITIZERS}", "-fno-sanitize-recover=all"]
        done = subprocess.run([clang, *flags, *COMMON, "-o", str(out), "-lm"], capture_output=True)
        if done.returncode == 0:
            return [str(out), f"-runs={40_000 * ROUNDS}", f"-seed={SEED}", "-max_len=4096"]
    if cc is None:
        pytest.skip("no C compiler")
    flags = ["-DSTANDALONE", f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all"]
    done = subprocess.run([cc, *flags, *COMMON, "-o", str(out), "-lm"], capture_output=True)
    if done.returncode:
        pytest.skip("no sanitizers: " + done.stderr.decode()[-300:])
    return [str(out), str(40_000 * ROUNDS), str(SEED)]


def test_fuzz_the_parser(tmp_path: Path) -> None:
    command = build(tmp_path / "fuzz_parser")
    environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def requests(chance: random.Random) -> bytes:
    words = [b"SET", b"GET", b"RPUSH", b"LRANGE", b"HSET", b"MULTI", b"EXEC", b"DEL", b"PING", b"a"]
    words += [b"b", b"", b"0", b"-1", b"x" * 300, b"y" * 50_000, b"\r\n", b"\x00", b"HELLO", b"3"]
    return b"".join(
        bulk(*chance.choices(words, k=chance.randint(1, 4))) for _ in range(chance.randint(1, 20))
    )


def damaged(chance: random.Random, data: bytes) -> bytes:
    broken = bytearray(data)
    for _ in range(chance.randint(0, 6)):
        at = chance.randrange(len(broken))
        kind = chance.randrange(4)
        if kind == 0:
            broken[at] = chance.randrange(256)
        elif kind == 1:
            del broken[at : at + chance.randint(1, 8)]
        elif kind == 2:
            broken[at:at] = chance.choice([b"\r\n", b"*", b"$", b"9", b"\x00", b'"'])
        else:
            del broken[at:]
        if not broken:
            break
    return bytes(broken) or b"\r\n"


def test_fuzz_the_server_with_damaged_requests(tmp_path: Path) -> None:
    """Whatever some clients send, another is served, and nothing is left of them."""
    chance = random.Random(SEED)
    with serve(unixsocket=tmp_path / "socket") as server:
        path = server.unixsocket
        assert path
        with connect(path) as bystander:
            for i in range(2000 * ROUNDS):
                data = damaged(chance, requests(chance))
                cuts = sorted(chance.choices(range(len(data) + 1), k=chance.randint(0, 5)))
                ends = zip([0, *cuts], [*cuts, len(data)], strict=True)
                exchange(path, [data[a:b] for a, b in ends])
                if i % 100 == 0:
                    bystander.sendall(b"PING\r\n")
                    assert bystander.recv(100) == b"+PONG\r\n"
        assert server.db._store.check()
        with connect(path) as last:
            last.sendall(b"QUIT\r\n")
            assert read_all(last) == b"+OK\r\n"
