"""Forked children that run something and come to an end, or are killed."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Callable
from typing import Any

from emberkv.exceptions import RedisError


def forked(run: Callable[[], Any]) -> int:
    """Run in a forked child: 0 when it came to its end (with an error reply too), else not."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            run()
            code = 0
        except RedisError:
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def is_killed(run: Callable[[], Any]) -> bool:
    """True if the child died by SIGKILL, False if it came to its end."""
    code = forked(run)
    assert code in (0, -signal.SIGKILL), code
    return code != 0


def is_found(look: Callable[[], bool]) -> bool:
    """Whether look() is true, raises, or ends the (child) process: whatever shows a fault."""

    def child() -> None:
        faulthandler.disable()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            sound = not look()
        except RedisError:
            sound = False
        if not sound:
            os._exit(1)

    return forked(child) != 0
