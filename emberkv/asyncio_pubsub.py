"""`PubSub` of the asyncio twin: the sync one, its waits on the loop and its calls awaited."""

from __future__ import annotations

import asyncio
import inspect
import os
from typing import TYPE_CHECKING, Any

from . import _waiting
from . import pubsub as _pubsub
from ._core import _ember
from .exceptions import ConnectionError, PubSubError, RedisError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import TracebackType
    from typing import TypeVar

    from .asyncio import Ember
    from .pubsub import Handler, Message

    Self = TypeVar("Self", bound="PubSub")


class _Listener:
    """A wire as the sync PubSub sees its session."""

    def __init__(self, wire: _ember.Wire) -> None:
        self.wire = wire
        self._pid = os.getpid()

    def execute_all(self, args: tuple[Any, ...]) -> list[Any]:
        self.wire.send(args)
        replies = self.take()
        if len(replies) == 1 and isinstance(replies[0], RedisError):
            raise replies[0]
        return replies

    def take(self) -> list[Any]:
        taken: list[Any] = []
        while True:
            reply = self.wire.read()
            if reply is _waiting.UNUSUAL:
                reply = self.wire.take_odd()
                if reply is None:
                    return taken
            taken.append(reply)

    def cut_off(self) -> int:
        if self._pid != os.getpid():
            return 1
        return 2 if self.wire.killed else 0

    def wake(self) -> None:
        """Nothing: nobody sleeps in another thread."""

    def close(self) -> None:
        self.wire.close()


class PubSub(_pubsub.PubSub):
    """Listens to channels and patterns of a store; made by `emberkv.asyncio.Ember.pubsub`.

    As `emberkv.pubsub.PubSub`, with its calls to be awaited. A handler may be a coroutine
    function. `run` takes the place of `run_in_thread`.
    """

    _db: Ember[Any]  # type: ignore[assignment]
    _called: Any = None

    def _connect(self) -> Any:
        codec = (self.encoder.encoding, self.encoder.encoding_errors)
        self.connection = _Listener(  # type: ignore[assignment]
            self._db._new_wire(self._db._wire.db, codec, self.encoder.decode_responses)
        )
        return self.connection

    async def connect(self) -> None:
        """Have a session; subscribing makes one too."""
        if self.connection is None:
            self._connect()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Subscribe to nothing any more, and forget what was not taken."""
        self._begin()

    close = aclose  # type: ignore[assignment]

    if not TYPE_CHECKING:
        reset = aclose
        __enter__ = __exit__ = run_in_thread = None

        def __del__(self):
            listener = getattr(self, "connection", None)
            if listener is not None:
                listener.close()

    async def _free(self) -> None:
        await _waiting.until_free(self._db._wire)

    async def execute_command(self, *args: Any) -> None:  # type: ignore[override]
        await self._free()
        self._execute(*args)

    async def subscribe(self, *args: Any, **kwargs: Handler) -> None:  # type: ignore[override]
        """Listen to channels: names, `Subscription` objects, or ``name=handler``. SUBSCRIBE."""
        await self._free()
        super().subscribe(*args, **kwargs)

    async def unsubscribe(self, *args: Any) -> None:  # type: ignore[override]
        """Listen to these channels no more, or to none. UNSUBSCRIBE."""
        await self._free()
        super().unsubscribe(*args)

    async def psubscribe(self, *args: Any, **kwargs: Handler) -> None:  # type: ignore[override]
        """Listen to the channels that match patterns. PSUBSCRIBE."""
        await self._free()
        super().psubscribe(*args, **kwargs)

    async def punsubscribe(self, *args: Any) -> None:  # type: ignore[override]
        """Listen by these patterns no more, or by none. PUNSUBSCRIBE."""
        await self._free()
        super().punsubscribe(*args)

    async def ssubscribe(  # type: ignore[override]
        self, *args: Any, target_node: Any = None, **kwargs: Handler
    ) -> None:
        """Listen to shard channels; `target_node` means nothing here. SSUBSCRIBE."""
        await self._free()
        super().ssubscribe(*args, target_node=target_node, **kwargs)

    async def sunsubscribe(  # type: ignore[override]
        self, *args: Any, target_node: Any = None
    ) -> None:
        """Listen to these shard channels no more, or to none. SUNSUBSCRIBE."""
        await self._free()
        super().sunsubscribe(*args, target_node=target_node)

    async def ping(self, message: Any = None) -> None:  # type: ignore[override]
        """Have a "pong" come with the messages. PING."""
        await self._free()
        super().ping(message)

    async def check_health(self) -> None:  # type: ignore[override]
        """Nothing: there is no connection that could be broken."""
        super().check_health()

    async def parse_response(self, block: bool = True, timeout: float = 0) -> Any:
        """The next reply as it came, a list; None if there is none. See the sync one."""
        if self.connection is None:
            raise RuntimeError(
                "pubsub connection not set: did you forget to call subscribe() or psubscribe()?"
            )
        loop = asyncio.get_running_loop()
        end = None if block else loop.time() + max(0.0, timeout or 0)
        while True:
            found, reply = self._next()
            if found:
                return self._shown(reply)
            listener: Any = self.connection
            if listener is None:
                if block:
                    raise ConnectionError("the PubSub was closed while it waited")
                return None
            left = None if end is None else end - loop.time()
            if left is not None and left <= 0:
                return None
            await _waiting.until_due(listener.wire, left)

    async def listen(self) -> AsyncIterator[Message]:  # type: ignore[override]
        """Messages as they come, without end, as long as it listens to anything."""
        while self.subscribed:
            message = await self.handle_message(await self.parse_response(block=True))
            if message is not None:
                yield message

    async def get_message(  # type: ignore[override]
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> Message | None:
        """The next message, a dict, or None. See the sync one."""
        response = await self.parse_response(block=timeout is None, timeout=timeout or 0)
        if response:
            return await self.handle_message(response, ignore_subscribe_messages)
        return None

    get_sharded_message = get_message  # type: ignore[assignment]

    async def handle_message(  # type: ignore[override]
        self, response: Any, ignore_subscribe_messages: bool = False
    ) -> Message | None:
        """Make a message of a reply; None if a handler took it, or it is to be ignored."""
        message = super().handle_message(response, ignore_subscribe_messages)
        called, self._called = self._called, None
        if inspect.isawaitable(called):
            await called
        return message

    def _hand_to(self, handler: Handler, message: Message) -> None:
        self._called = handler(message)

    async def run(
        self,
        *,
        exception_handler: Callable[[BaseException, Any], Any] | None = None,
        poll_timeout: float = 1.0,
        pubsub: Any = None,
    ) -> None:
        """Have handlers handle the messages, until it is cancelled.

        Everything subscribed to needs a handler. What one raises ends this, or is given to
        ``exception_handler(exception, pubsub)``.
        """
        for word, names in (("Channel", self.channels), ("Pattern", self.patterns)):
            for name, handler in names.items():
                if handler is None:
                    raise PubSubError(f"{word}: '{name}' has no handler registered")
        await self.connect()
        listening = self if pubsub is None else pubsub
        while True:
            try:
                await listening.get_message(ignore_subscribe_messages=True, timeout=poll_timeout)
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                if exception_handler is None:
                    raise
                called = exception_handler(error, self)
                if inspect.isawaitable(called):
                    await called
            # Messages that are there already would keep other tasks from running.
            await asyncio.sleep(0)
