"""What whoever starts a server may expect of it: that it goes into the background, and that it
tells systemd how it is. Settings `daemonize` and `supervised`, as redis-server obeys them."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["into_background", "is_for_background", "supervisor", "tell"]


def supervisor(settings: Mapping[str, Any]) -> str | None:
    """The socket on which systemd waits to be told, if it started this process and is to be told:
    `supervised` is ``systemd``, or ``auto``, as it is for a unit of Type=notify."""
    if str(settings.get("supervised", "no")).lower() not in ("systemd", "auto"):
        return None
    return os.environ.get("NOTIFY_SOCKET") or None


def tell(where: str | None, *lines: str) -> None:
    """Tell systemd. Nobody who does not listen keeps a server from serving."""
    if where is None:
        return
    address = f"\0{where[1:]}" if where.startswith("@") else where
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        for line in lines:
            door.sendto(line.encode() + b"\n", address)


def is_for_background(settings: Mapping[str, Any]) -> bool:
    """Whether `daemonize` says so. One who is supervised stays where he is seen."""
    wanted = str(settings.get("daemonize", "no")).lower() == "yes"
    return wanted and supervisor(settings) is None


def into_background() -> None:
    """Go on as a child that has no terminal, in the same folder; the process that was started ends
    with success. Only before there are threads and open stores."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        os._exit(0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    if nothing > 2:
        os.close(nothing)
