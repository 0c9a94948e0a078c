"""A lock that threads and processes share: a key that holds its owner's token.

The key and its token are as redis-py's Lock has them, so both can contend for one lock.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from types import SimpleNamespace, TracebackType
from typing import Any

from .exceptions import LockError, LockNotOwnedError

logger = logging.getLogger(__name__)


class Lock:
    """A lock named `name` in the store of `redis`; made by `Ember.lock`.

    `timeout` is how many seconds it is held at most, None without end. An acquire tries every
    `sleep` seconds, for `blocking_timeout` seconds or without end, or with `blocking` false
    once. With `thread_local` only the thread that acquired it may release it. With
    `raise_on_release_error` false a ``with`` block that ends after the lock ran out logs that
    and does not raise.
    """

    def __init__(
        self,
        redis: Any,
        name: Any,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
    ) -> None:
        self.redis = redis
        self.name = name
        self.timeout = timeout
        self.sleep = sleep
        self.blocking = blocking
        self.blocking_timeout = blocking_timeout
        self.thread_local = bool(thread_local)
        self.raise_on_release_error = raise_on_release_error
        self.local: Any = threading.local() if thread_local else SimpleNamespace()

    def __enter__(self) -> Lock:
        if self.acquire():
            return self
        raise LockError("Unable to acquire lock within the time specified", lock_name=self.name)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.release()
        except LockError:
            if self.raise_on_release_error:
                raise
            logger.warning("Lock %r was no longer held at the end of its block.", self.name)

    def acquire(
        self,
        sleep: float | None = None,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: str | bytes | None = None,
    ) -> bool:
        """Take the lock; whether it was taken. What is not given is as the lock was made.

        `token` is what the key is set to, something unique if not given.
        """
        sleep = self.sleep if sleep is None else sleep
        blocking = self.blocking if blocking is None else blocking
        if blocking_timeout is None:
            blocking_timeout = self.blocking_timeout
        mine = uuid.uuid4().hex.encode() if token is None else self._encode(token)
        end = None if blocking_timeout is None else time.monotonic() + blocking_timeout
        while not self.do_acquire(mine):
            if not blocking or (end is not None and time.monotonic() + sleep > end):
                return False
            time.sleep(sleep)
        self.local.token = mine
        return True

    def do_acquire(self, token: bytes) -> bool:
        """Try once to set the key."""
        px = int(self.timeout * 1000) if self.timeout else None
        return bool(self.redis.set(self.name, token, nx=True, px=px))

    def locked(self) -> bool:
        """Whether anybody holds the lock."""
        return self.redis.get(self.name) is not None

    def owned(self) -> bool:
        """Whether this lock, and with `thread_local` this thread, holds it."""
        token = self._token()
        return token is not None and self._holds(token)

    def release(self) -> None:
        """Let the lock go. LockError if it is not held, LockNotOwnedError if no longer."""
        token = self._token()
        if token is None:
            raise LockError(
                "Cannot release a lock that's not owned or is already unlocked.",
                lock_name=self.name,
            )
        self.local.token = None
        self.do_release(token)

    def do_release(self, expected_token: bytes) -> None:
        """Delete the key if it holds the token."""
        with self.redis.transaction():
            if self._holds(expected_token):
                self.redis.delete(self.name)
                return
        raise LockNotOwnedError("Cannot release a lock that's no longer owned", lock_name=self.name)

    def extend(self, additional_time: float, replace_ttl: bool = False) -> bool:
        """Hold the lock for seconds more, or with `replace_ttl` for seconds from now. True."""
        if self._token() is None:
            raise LockError("Cannot extend an unlocked lock", lock_name=self.name)
        if self.timeout is None:
            raise LockError("Cannot extend a lock with no timeout", lock_name=self.name)
        return self.do_extend(additional_time, replace_ttl)

    def do_extend(self, additional_time: float, replace_ttl: bool) -> bool:
        """Move the expiry of the key if it holds the token."""
        more = int(additional_time * 1000)
        with self.redis.transaction():
            left = self.redis.pttl(self.name)
            if self._holds(self._token()) and left >= 0:
                self.redis.pexpire(self.name, more if replace_ttl else left + more)
                return True
        raise LockNotOwnedError("Cannot extend a lock that's no longer owned", lock_name=self.name)

    def reacquire(self) -> bool:
        """Hold the lock for its whole `timeout` from now on. True."""
        if self._token() is None:
            raise LockError("Cannot reacquire an unlocked lock", lock_name=self.name)
        if self.timeout is None:
            raise LockError("Cannot reacquire a lock with no timeout", lock_name=self.name)
        return self.do_reacquire()

    def do_reacquire(self) -> bool:
        """Set the expiry of the key anew if it holds the token."""
        assert self.timeout is not None
        with self.redis.transaction():
            if self._holds(self._token()):
                self.redis.pexpire(self.name, int(self.timeout * 1000))
                return True
        raise LockNotOwnedError(
            "Cannot reacquire a lock that's no longer owned", lock_name=self.name
        )

    def _token(self) -> bytes | None:
        token: bytes | None = getattr(self.local, "token", None)
        return token

    def _holds(self, token: bytes | None) -> bool:
        held = self.redis.get(self.name)
        return held is not None and self._encode(held) == token

    def _encode(self, token: str | bytes) -> bytes:
        if isinstance(token, bytes):
            return token
        return token.encode(self.redis.encoding, self.redis.encoding_errors)
