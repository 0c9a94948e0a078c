"""The lock of the asyncio twin: `lock.Lock`, waited for without holding up the loop.

A look at the key and its change are one transaction of the store, made in one go in the loop's
thread, so no other task comes between.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from . import _waiting
from . import lock as _lock
from .exceptions import LockError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

logger = logging.getLogger(__name__)


class Lock:
    """A lock named `name` in the store of `redis`; made by `emberkv.asyncio.Ember.lock`.

    The arguments are those of `emberkv.Lock`, with which it can contend for one lock.
    """

    def __init__(self, redis: Any, name: Any, **options: Any) -> None:
        self.redis = redis
        self._lock = _lock.Lock(redis._handle_in_db(), name, **options)

    @property
    def name(self) -> Any:
        return self._lock.name

    @property
    def local(self) -> Any:
        return self._lock.local

    async def __aenter__(self) -> Lock:
        if await self.acquire():
            return self
        raise LockError("Unable to acquire lock within the time specified", lock_name=self.name)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.release()
        except LockError:
            if self._lock.raise_on_release_error:
                raise
            logger.warning("Lock %r was no longer held at the end of its block.", self.name)

    async def _at_once(self, call: Callable[[], bool | None]) -> Any:
        await _waiting.until_free(self.redis._wire)
        return call()

    async def acquire(
        self,
        sleep: float | None = None,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: str | bytes | None = None,
    ) -> bool:
        """Take the lock; whether it was taken. What is not given is as the lock was made."""
        lock = self._lock
        sleep = lock.sleep if sleep is None else sleep
        blocking = lock.blocking if blocking is None else blocking
        if blocking_timeout is None:
            blocking_timeout = lock.blocking_timeout
        loop = asyncio.get_running_loop()
        end = None if blocking_timeout is None else loop.time() + blocking_timeout
        while not await self._at_once(lambda: lock.acquire(blocking=False, token=token)):
            if not blocking or (end is not None and loop.time() + sleep > end):
                return False
            await asyncio.sleep(sleep)
        return True

    async def locked(self) -> bool:
        """Whether anybody holds the lock."""
        return await self._at_once(self._lock.locked)

    async def owned(self) -> bool:
        """Whether this lock holds it."""
        return await self._at_once(self._lock.owned)

    async def release(self) -> None:
        """Let the lock go. LockError if it is not held, LockNotOwnedError if no longer."""
        await self._at_once(self._lock.release)

    async def extend(self, additional_time: float, replace_ttl: bool = False) -> bool:
        """Hold the lock for seconds more, or with `replace_ttl` for seconds from now. True."""
        return await self._at_once(lambda: self._lock.extend(additional_time, replace_ttl))

    async def reacquire(self) -> bool:
        """Hold the lock for its whole `timeout` from now on. True."""
        return await self._at_once(self._lock.reacquire)
