"""`emberkv.asyncio.Ember`: the methods of `emberkv.Ember`, to be awaited.

A call runs in the loop's thread, where it is made, and takes microseconds: nothing is gained by
sending it elsewhere. What waits, a blocking command, a message, a lock that another thread or
process holds for long, waits without holding up the loop, and without a thread of its own. A task
that is cancelled while it waits leaves nothing behind: what was popped for it is put back.

    db = emberkv.asyncio.open("app.ember")
    await db.set("user:1", "Ada", ex=3600)
    async with db.pipeline() as pipe:
        await pipe.incr("n").expire("n", 60).execute()

The names are those of `redis.asyncio`. A handle belongs to one loop at a time.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from . import _waiting, exceptions
from . import client as _client
from ._commands._base import EMPTY_RESPONSE, NEVER_DECODE, T
from ._commands.awaited import AwaitedCommands
from ._commands.scan import items
from ._core import _ember
from .arrays import Arrays
from .asyncio_lock import Lock
from .asyncio_pipeline import Pipeline
from .responses import CALLBACKS, Callbacks

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator
    from types import TracebackType
    from typing import Literal, TypeVar, overload

    from .asyncio_monitor import Monitor
    from .asyncio_pubsub import PubSub
    from .script import AsyncScript

    Self = TypeVar("Self", bound="Ember[Any]")

__all__ = ["Ember", "Lock", "Pipeline", "Redis", "from_url", "open"]

UNUSUAL = _ember.UNUSUAL

# Whether the command of a name may wait for others, as far as names have been looked up.
_waits: dict[Any, bool] = {}


class Ember(AwaitedCommands[T]):
    """The asyncio twin of `emberkv.Ember`, opened with the same arguments.

    Or with an `emberkv.Ember` in place of a path: then it is another handle on the same store,
    which it leaves open. It is closed by `aclose`, by the end of an ``async with`` block, or when
    it is collected.
    """

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: Ember[bytes],
            path: str | os.PathLike[str] | None = None,
            *,
            decode_responses: Literal[False] = False,
            db: int = 0,
            databases: int = 16,
            max_bytes: int | str | None = None,
            clock: _ember.Clock | None = None,
            keep: bool = False,
            durable: bool = True,
            appendfsync: _client.AppendFsync = "everysec",
            progress: Callable[[int, int], object] | None = None,
            encoding: str = "utf-8",
            encoding_errors: str = "strict",
            username: str | None = None,
            password: str | None = None,
            **settings: Any,
        ) -> None: ...

        @overload
        def __init__(
            self: Ember[str],
            path: str | os.PathLike[str] | None = None,
            *,
            decode_responses: Literal[True],
            db: int = 0,
            databases: int = 16,
            max_bytes: int | str | None = None,
            clock: _ember.Clock | None = None,
            keep: bool = False,
            durable: bool = True,
            appendfsync: _client.AppendFsync = "everysec",
            progress: Callable[[int, int], object] | None = None,
            encoding: str = "utf-8",
            encoding_errors: str = "strict",
            username: str | None = None,
            password: str | None = None,
            **settings: Any,
        ) -> None: ...

        @overload
        def __init__(self: Ember[T], path: _client.Ember[T]) -> None: ...

        @overload
        def __init__(self: Ember[Any], path: Any = None, **options: Any) -> None: ...

    def __init__(self, path: Any = None, **options: Any) -> None:
        if isinstance(path, _client.Ember):
            if options:
                raise TypeError("a handle that is given has its options already")
            self._handle = path
            self._own_handle = False
        else:
            self._handle = _client.Ember(path, **options)
            self._own_handle = True
        handle = self._handle
        self.decode_responses = handle.decode_responses
        self.encoding = handle.encoding
        self.encoding_errors = handle.encoding_errors
        self.response_callbacks = Callbacks(CALLBACKS)
        self._idle_wires: list[_ember.Wire] = []
        self._twin: _client.Ember[T] | None = None
        self._wire = self._new_wire(handle._session.db)

    @classmethod
    def from_url(cls: type[Self], url: str, **options: Any) -> Self:
        """Open the store that a URL names; see `emberkv.Ember.from_url`."""
        if not isinstance(url, str) or url[:6].lower() != "ember:":
            raise ValueError(f"not a URL of a store: {url!r}; they begin with ember:")
        return cls(url, **options)

    def _new_wire(
        self, db: int, codec: tuple[str, str] | None = None, decode: bool | None = None
    ) -> _ember.Wire:
        wire = _ember.Wire(
            self._handle._store,
            exceptions.exception_for,
            exceptions,
            codec or (self.encoding, self.encoding_errors),
            self.decode_responses if decode is None else decode,
            db,
            3,
            _waiting.waker_of,
        )
        wire.become(getattr(self, "_wire", self._handle._session))
        return wire

    # What waits, and a pipeline, has a session of its own, so that others go on.

    async def _borrow_wire(self) -> _ember.Wire:
        db = self._wire.db
        while self._idle_wires:
            wire = self._idle_wires.pop()
            if not wire.idle():
                wire.close()
                continue
            wire.become(self._wire)
            if wire.db != db:
                await _waiting.send(wire, ("SELECT", db))
                await _waiting.read(wire)
            return wire
        return self._new_wire(db)

    def _return_wire(self, wire: _ember.Wire) -> None:
        if not wire.closed:
            self._idle_wires.append(wire)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run any command; what its method gives. See `emberkv.Ember.execute_command`."""
        if not args:
            raise exceptions.DataError("a command has a name")
        raw = False
        if options:
            options.pop("keys", None)
            if EMPTY_RESPONSE in options:
                return options[EMPTY_RESPONSE]
            raw = options.pop(NEVER_DECODE, None) is not None
        name = args[0]
        waits = _waits.get(name)
        if waits is None:
            waits = _waits[name] = self._wire.may_wait(args)
        if waits:
            reply = await self._run_waiting(args, raw)
        else:
            wire = self._wire
            if not wire.try_send(args):
                await _waiting.send(wire, args)
            reply = wire.read(raw)
            if reply is UNUSUAL:
                reply = self._unusual(wire, raw)
        callback = self.response_callbacks[name]
        if callback is None:
            return reply
        return callback(reply, **options) if options else callback(reply)

    def _unusual(self, wire: _ember.Wire, raw: bool) -> Any:
        """The reply behind messages that nobody asked for; an error is raised, None if none."""
        while True:
            odd = wire.take_odd()
            if odd is None:
                return None
            if isinstance(odd, Exception):
                raise odd
            reply = wire.read(raw)
            if reply is not UNUSUAL:
                return reply

    async def _run_waiting(self, args: tuple[Any, ...], raw: bool) -> Any:
        wire = await self._borrow_wire()
        try:
            await _waiting.send(wire, args)
            reply = await _waiting.read(wire, raw)
        except BaseException:
            # Cancelled, or the store is closed: what it waits for is let go of.
            wire.close()
            raise
        self._return_wire(wire)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def set_response_callback(self, command: str, callback: Callable[..., Any]) -> None:
        """Have `callback(reply, **options)` make the result of `command` in this handle."""
        self.response_callbacks.replace(command, callback)

    if not TYPE_CHECKING:

        async def _walk(self, step):
            """What `step` finds, called with one cursor after another."""
            cursor, more = 0, True
            while more:
                cursor, found = await step(cursor)
                for item in items(found):
                    yield item
                more = cursor != 0

        async def shutdown(
            self, save=False, nosave=False, now=False, force=False, abort=False, **kwargs
        ):
            """Stop the server. SHUTDOWN."""
            try:
                await self._shutdown(save, nosave, now, force, abort, **kwargs)
            except exceptions.ConnectionError:
                return
            raise exceptions.RedisError("SHUTDOWN seems to have failed.")

        def _no_items(self, *args):
            raise TypeError("items cannot be awaited: use get, set, delete and exists")

        __getitem__ = __setitem__ = __delitem__ = __contains__ = _no_items

    def register_script(self, script: str | bytes, *, rollback: bool = False) -> AsyncScript:
        """A Lua script as a function, whose calls are awaited; see `Ember.register_script`."""
        from .script import AsyncScript

        return AsyncScript(self, script, rollback)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline[T]:
        """A pipeline: commands queued by their methods, and run when its `execute` is awaited."""
        return Pipeline(self, transaction, shard_hint)

    def monitor(self) -> Monitor:
        """A `Monitor`: tells, in an ``async with`` block, every command that anybody runs."""
        from .asyncio_monitor import Monitor

        return Monitor(self)

    def pubsub(self, **kwargs: Any) -> PubSub:
        """What listens to channels and patterns; see `PubSub` for `kwargs`."""
        from .asyncio_pubsub import PubSub

        return PubSub(self, **kwargs)  # type: ignore[arg-type]

    def keyspace_notifications(
        self, key_prefix: str | bytes | None = None, ignore_subscribe_messages: bool = True
    ) -> Any:
        """redis-py's `AsyncKeyspaceNotifications` on this store; needs redis-py installed.

        Events of keys are told as far as ``config_set("notify-keyspace-events", ...)`` says.
        """
        from redis.asyncio.keyspace_notifications import AsyncKeyspaceNotifications

        return AsyncKeyspaceNotifications(
            self,  # type: ignore[arg-type]
            key_prefix=key_prefix,
            ignore_subscribe_messages=ignore_subscribe_messages,
        )

    async def transaction(
        self,
        func: Callable[[Pipeline[T]], Any],
        *watches: Any,
        shard_hint: str | None = None,
        value_from_callable: bool = False,
        watch_delay: float | None = None,
    ) -> Any:
        """Watch keys, call or await ``func(pipeline)``, execute; again while a key was changed."""
        async with self.pipeline(True, shard_hint) as pipe:
            while True:
                try:
                    if watches:
                        await pipe.watch(*watches)
                    value = func(pipe)
                    if hasattr(value, "__await__"):
                        value = await value
                    results = await pipe.execute()
                    return value if value_from_callable else results
                except exceptions.WatchError:
                    if watch_delay is not None and watch_delay > 0:
                        import asyncio

                        await asyncio.sleep(watch_delay)

    def lock(
        self,
        name: Any,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        lock_class: Any = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
    ) -> Any:
        """A lock that tasks, threads and processes share, held in the key `name`."""
        return (lock_class or Lock)(
            self,
            name,
            timeout=timeout,
            sleep=sleep,
            blocking=blocking,
            blocking_timeout=blocking_timeout,
            thread_local=thread_local,
            raise_on_release_error=raise_on_release_error,
        )

    def _handle_in_db(self) -> _client.Ember[T]:
        """A handle that does not wait for the loop, in the database of this one."""
        handle = self._twin
        if handle is not None and handle._session.db == self._wire.db:
            return handle
        handle = self._twin = self._handle.__class__.__new__(self._handle.__class__)
        handle._shares_store = True
        handle._attach(
            self._handle._store,
            self._wire.db,
            self.decode_responses,
            self.encoding,
            self.encoding_errors,
        )
        return handle

    async def save(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        compress: bool = True,
        progress: Callable[[int], object] | None = None,
        **kwargs: Any,
    ) -> bool:
        """`emberkv.Ember.save`; with `file` in a thread, which also calls `progress`."""
        if file is None:
            return await self.execute_command("SAVE", **kwargs)
        from asyncio import to_thread

        return await to_thread(self._handle.save, file, compress=compress, progress=progress)

    async def fork(self: Self) -> Self:
        """An independent handle on a copy of this private store, made at once."""
        twin = self.__class__(self._handle.fork())
        twin._own_handle = True
        return twin

    async def aclose(self) -> None:
        """Let go of the store. What is private is gone; closing again does nothing."""
        self._let_go()

    close = aclose

    def _let_go(self) -> None:
        for wire in (*self._idle_wires, self._wire):
            wire.close()
        self._idle_wires.clear()
        if self._own_handle:
            self._handle.close()

    @property
    def closed(self) -> bool:
        """Whether the handle was closed."""
        return self._wire.closed or self._handle.closed

    @property
    def path(self) -> str | None:
        """Where the store is, None if it is private."""
        return self._handle.path

    async def initialize(self: Self) -> Self:
        """Nothing: a handle is ready when it is made. Itself."""
        return self

    def __await__(self: Self) -> Generator[Any, None, Self]:
        return self.initialize().__await__()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        try:
            self._let_go()
        except Exception:
            # It was never opened, or the interpreter shuts down.
            pass

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.path or 'in memory'} db={self._wire.db}"
        return f"<{type(self).__module__}.{type(self).__qualname__}({state})>"


def _at_once(name: str) -> Any:
    """A method of `Arrays` to be awaited: it runs in one go, as soon as the lock is free."""
    method = getattr(Arrays, name)

    @functools.wraps(method)
    async def call(self: Ember[Any], *args: Any, **kwargs: Any) -> Any:
        await _waiting.until_free(self._wire)
        return method(self._handle_in_db(), *args, **kwargs)

    return call


for _name in vars(Arrays):
    if not _name.startswith("_"):
        setattr(Ember, _name, _at_once(_name))

Redis = Ember
open = Ember
from_url = Ember.from_url
