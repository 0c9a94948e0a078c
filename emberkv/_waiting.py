"""Waiting on an asyncio loop: for the store's lock, and for what others send."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


async def off_loop(call: Callable[..., Any], *args: Any) -> Any:
    """Run `call`, which may have to wait for the store's lock, in a helper thread."""
    return await asyncio.get_running_loop().run_in_executor(None, call, *args)


async def until_ready(wire: Any, seconds: float | None) -> bool:
    """Wait until `wire` has something to read, `seconds` or without end; whether it has."""
    raise NotImplementedError
