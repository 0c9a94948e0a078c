"""Servers that a configuration file starts: redis-server, and `emberkv serve`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oracle import RawClient, die_with_the_parent

REDIS = ("redis-server",)
EMBERKV = (sys.executable, "-m", "emberkv", "serve")


@contextmanager
def configured(command: tuple[str, ...], folder: Path, text: str) -> Iterator[RawClient]:
    """A client of a server in `folder`, whose file redis.conf says `text` and where it listens."""
    folder.mkdir(exist_ok=True)
    conf = folder / "redis.conf"
    socket = folder / "socket"
    if text:
        conf.write_text(text.format(socket=socket))
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(
            [*command, str(conf)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *sys.path])},
            stdout=log,
            stderr=log,
            preexec_fn=die_with_the_parent,
        )
    try:
        yield _client(process, socket, folder)
    finally:
        process.terminate()
        process.wait(60)
        socket.unlink(missing_ok=True)


def _client(process: subprocess.Popen[bytes], socket: Path, folder: Path) -> RawClient:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return RawClient(socket)
        except OSError:
            time.sleep(0.02)
    raise RuntimeError((folder / "log").read_text(errors="replace"))
