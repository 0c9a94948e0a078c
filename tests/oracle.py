"""A real redis-server as the oracle, and a raw RESP client that interprets nothing.

A reply keeps its RESP type: `Reply("bulk", b"1")` and `Reply("int", 1)` differ, and so do the null
bulk and the null array of RESP2. Doubles keep the text that came over the wire.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Arg = bytes | str | int | float


class Reply(NamedTuple):
    """One RESP value: `kind` says which type, `value` is bytes, int, bool, None or a tuple.

    Kinds: status, error, int, bulk, null bulk, null array, null, array, map (a tuple of pairs),
    set, double (its text), bool, bignum, verbatim, push, attribute (pairs, reply).
    """

    kind: str
    value: Any = None

    def __repr__(self) -> str:
        if self.kind in ("null bulk", "null array", "null"):
            return f"<{self.kind}>"
        if self.kind == "bulk":
            return repr(self.value) if len(self.value) < 200 else f"<bulk of {len(self.value)}>"
        if self.kind in ("array", "set", "push"):
            inner = ", ".join(map(repr, self.value[:40]))
            more = f", ... {len(self.value)} in all" if len(self.value) > 40 else ""
            return f"{self.kind}[{inner}{more}]"
        if self.kind == "map":
            return "map{" + ", ".join(f"{k!r}: {v!r}" for k, v in self.value[:40]) + "}"
        return f"{self.kind}({self.value!r})"


OK = Reply("status", b"OK")
QUEUED = Reply("status", b"QUEUED")


class Incomplete(Exception):
    """The buffer ends inside a reply."""


def parse(buffer: bytes, at: int = 0) -> tuple[Reply, int]:
    """The reply that starts at `at`, and where the next one starts."""
    end = buffer.find(b"\r\n", at)
    if end < 0:
        raise Incomplete
    mark, line, at = buffer[at : at + 1], buffer[at + 1 : end], end + 2
    if mark == b"$" or mark == b"=":
        size = int(line)
        if size < 0:
            return Reply("null bulk"), at
        if len(buffer) < at + size + 2:
            raise Incomplete
        if buffer[at + size : at + size + 2] != b"\r\n":
            raise ValueError(f"bulk of {size} bytes does not end with CRLF")
        kind = "bulk" if mark == b"$" else "verbatim"
        return Reply(kind, buffer[at : at + size]), at + size + 2
    if mark == b":":
        return Reply("int", int(line)), at
    if mark == b"+":
        return Reply("status", line), at
    if mark == b"-":
        return Reply("error", line), at
    if mark == b"*" or mark == b"~" or mark == b">":
        size = int(line)
        if size < 0:
            return Reply("null array"), at
        items = []
        for _ in range(size):
            item, at = parse(buffer, at)
            items.append(item)
        return Reply({b"*": "array", b"~": "set", b">": "push"}[mark], tuple(items)), at
    if mark == b"%":
        pairs = []
        for _ in range(int(line)):
            key, at = parse(buffer, at)
            value, at = parse(buffer, at)
            pairs.append((key, value))
        return Reply("map", tuple(pairs)), at
    if mark == b",":
        return Reply("double", line), at
    if mark == b"_":
        return Reply("null"), at
    if mark == b"#":
        return Reply("bool", {b"t": True, b"f": False}[line]), at
    if mark == b"(":
        return Reply("bignum", int(line)), at
    if mark == b"|":
        pairs = []
        for _ in range(int(line)):
            key, at = parse(buffer, at)
            value, at = parse(buffer, at)
            pairs.append((key, value))
        value, at = parse(buffer, at)
        return Reply("attribute", (tuple(pairs), value)), at
    raise ValueError(f"not RESP: {(mark + line)[:60]!r}")


def to_bytes(arg: Arg) -> bytes:
    if isinstance(arg, bytes):
        return arg
    return arg.encode() if isinstance(arg, str) else repr(arg).encode()


def render(args: Iterable[Arg]) -> bytes:
    """A command as RESP bytes."""
    parts = [to_bytes(a) for a in args]
    out = [b"*%d\r\n" % len(parts)]
    for part in parts:
        out.append(b"$%d\r\n%b\r\n" % (len(part), part))
    return b"".join(out)


class RawClient:
    """A connection that sends commands and hands back replies as they are."""

    def __init__(self, path: str | Path, protocol: int = 2) -> None:
        self.protocol = protocol
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._buffer = b""
        if protocol != 2:
            self.execute("HELLO", protocol)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self) -> Reply:
        while True:
            if self._buffer:
                with contextlib.suppress(Incomplete):
                    reply, at = parse(self._buffer)
                    self._buffer = self._buffer[at:]
                    return reply
            data = self._socket.recv(1 << 20)
            if not data:
                raise ConnectionError("the server closed the connection")
            self._buffer += data

    def try_read(self) -> Reply | None:
        """The next reply, if it is there."""
        while select.select([self._socket], [], [], 0)[0]:
            data = self._socket.recv(1 << 20)
            if not data:
                raise ConnectionError("the server closed the connection")
            self._buffer += data
        with contextlib.suppress(Incomplete):
            reply, at = parse(self._buffer)
            self._buffer = self._buffer[at:]
            return reply
        return None

    def execute(self, *args: Arg) -> Reply:
        self._socket.sendall(render(args))
        return self.read()

    def batch(self, commands: Sequence[Sequence[Arg]]) -> list[Reply]:
        """The replies of many commands sent at once."""
        self._socket.sendall(b"".join(map(render, commands)))
        return self._read_many(len(commands))

    def _read_many(self, count: int) -> list[Reply]:
        replies: list[Reply] = []
        buffer, at = self._buffer, 0
        while len(replies) < count:
            try:
                reply, at = parse(buffer, at)
                replies.append(reply)
            except Incomplete:
                data = self._socket.recv(1 << 20)
                if not data:
                    raise ConnectionError("the server closed the connection") from None
                buffer, at = buffer[at:] + data, 0
        self._buffer = buffer[at:]
        return replies

    def close(self) -> None:
        self._socket.close()


def die_with_the_parent() -> None:
    """A run that is killed leaves no server behind."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class RedisServer:
    """A redis-server of our own on a Unix socket in a temporary folder."""

    def __init__(self, *options: str, executable: str = "redis-server") -> None:
        found = shutil.which(executable)
        if found is None:
            raise FileNotFoundError(f"{executable} is not installed")
        self.directory = tempfile.mkdtemp(prefix="emberkv-oracle-")
        self.path = os.path.join(self.directory, "redis.sock")
        self._log = open(os.path.join(self.directory, "log"), "wb")
        # SORT ALPHA collates by the locale. A sanitizer's allocator makes it write in other pieces,
        # the last of which who has closed his side never gets.
        environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"} | {"LC_ALL": "C"}
        self.process = subprocess.Popen(
            [
                found,
                *("--port", "0", "--unixsocket", self.path, "--dir", self.directory),
                *("--save", "", "--appendonly", "no", "--enable-debug-command", "yes"),
                *options,
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            preexec_fn=die_with_the_parent,
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 20
        while True:
            try:
                client = RawClient(self.path)
                reply = client.execute("PING")
                client.close()
                if reply == Reply("status", b"PONG"):
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = Path(self.directory, "log").read_text(errors="replace")
                raise RuntimeError(f"redis-server did not start:\n{log}")
            time.sleep(0.01)

    @property
    def version(self) -> tuple[int, ...]:
        client = RawClient(self.path)
        info = client.execute("INFO", "server").value.decode()
        client.close()
        line = next(x for x in info.splitlines() if x.startswith("redis_version:"))
        return tuple(int(x) for x in line.split(":")[1].split("."))

    def client(self, protocol: int = 2) -> RawClient:
        return RawClient(self.path, protocol)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
