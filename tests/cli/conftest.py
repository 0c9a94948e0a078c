"""The real redis-cli and ours, run with the same arguments, and servers for both to talk to."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

pytest.importorskip("click")
pytest.importorskip("prompt_toolkit")
from click.testing import CliRunner

import emberkv.cli.app


class Ran(NamedTuple):
    """What a command left behind."""

    status: int
    stdout: bytes
    stderr: bytes


def run_ours(*args: str, stdin: bytes = b"") -> Ran:
    """`emberkv cli` with these arguments, in this process."""
    return run_emberkv("cli", *args, stdin=stdin)


def run_emberkv(*args: str, stdin: bytes = b"") -> Ran:
    import click

    # A command of click's runner only, so that what is tested is `run`, exit status and all.
    @click.command()
    def everything() -> None:
        raise SystemExit(emberkv.cli.app.run(list(args)))

    done = CliRunner().invoke(everything, [], input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout_bytes, done.stderr_bytes)


def run_theirs(*args: str, stdin: bytes = b"") -> Ran:
    """The real redis-cli with these arguments."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("REDISCLI")}
    done = subprocess.run(
        ["redis-cli", *args], input=stdin, capture_output=True, timeout=30, env=environ
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def ours() -> Callable[..., Ran]:
    return run_ours


@pytest.fixture
def command_line() -> Callable[..., Ran]:
    return run_emberkv


@pytest.fixture
def theirs() -> Callable[..., Ran]:
    if shutil.which("redis-cli") is None:
        pytest.skip("redis-cli is not installed")
    version = subprocess.run(["redis-cli", "--version"], capture_output=True).stdout
    if not version.startswith(b"redis-cli 7.0"):
        pytest.skip("the oracle is redis-cli 7.0")
    return run_theirs


class CannedServer:
    """Answers every command with the same bytes, whatever they mean."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.answer = b"+OK\r\n"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, client.makefile("rwb") as stream, contextlib.suppress(OSError):
            while line := stream.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int(stream.readline()[1:])
                    words.append(stream.read(size + 2)[:-2])
                greeted = words[0].upper() == b"HELLO"
                stream.write(b"%1\r\n+proto\r\n:3\r\n" if greeted else self.answer)
                stream.flush()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CannedServer]:
    server = CannedServer(str(tmp_path_factory.mktemp("canned") / "socket"))
    yield server
    server.close()
