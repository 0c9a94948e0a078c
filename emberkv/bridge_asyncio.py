"""The connection that a `redis.asyncio.Redis` has in place of a stream; see `bridge`.

A command runs in the loop's thread when it is sent, so an ordinary call never waits. Where one has
to (a blocking command, a message), the loop watches the wire's descriptor. While another thread or
process has the store's lock for longer than a moment, a helper thread waits for it.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import redis.asyncio
from redis import exceptions
from redis._parsers import _AsyncRESP3Parser
from redis.asyncio import connection as _connection

from . import _waiting
from ._core import _ember
from .bridge import Source
from .bridge_connection import CLOSED, ConnectionParts, without_sockets
from .bridge_resp import commands_of

if TYPE_CHECKING:
    from collections.abc import Callable

Redis = redis.asyncio.Redis

UNUSUAL = _ember.UNUSUAL


class Parser(_AsyncRESP3Parser):
    """What a connection of redis-py has a parser for, other than parsing: handlers of pushes."""

    def __init__(self, socket_read_size: int = 0) -> None:
        super().__init__(socket_read_size)
        self.pubsub_push_handler_func = self.handle_pubsub_push_response
        self.invalidation_push_handler_func = None

    async def handle_pubsub_push_response(self, response: Any) -> Any:
        return response

    def on_connect(self, connection: Any) -> None:
        self.encoder = connection.encoder

    def on_disconnect(self) -> None:
        pass

    async def pushed(self, response: list[Any]) -> Any:
        """Give a push to its handler; what that gives."""
        if response[0] in (b"invalidate", "invalidate"):
            if self.invalidation_push_handler_func is None:
                return response
            return await self.invalidation_push_handler_func(response)
        answer = self.pubsub_push_handler_func(response)
        return await answer if hasattr(answer, "__await__") else answer

    def set_pubsub_push_handler(self, pubsub_push_handler_func: Callable[..., Any]) -> None:
        self.pubsub_push_handler_func = pubsub_push_handler_func

    # redis-py 5.0's name.
    set_push_handler = set_pubsub_push_handler

    def set_invalidation_push_handler(self, invalidation_push_handler_func: Any) -> None:
        self.invalidation_push_handler_func = invalidation_push_handler_func


class Connection(ConnectionParts, _connection.UnixDomainSocketConnection):
    """A connection to the store that `path` says: a `Source`, or what one is made of."""

    host = ""
    port = 0
    # Older redis-py does not have them.
    _should_reconnect = False
    _re_auth_token = None

    _wire: Any = None
    _waker_of = staticmethod(_waiting.waker_of)

    def __init__(
        self, *, path: Any = None, socket_timeout: float | None = None, **kwargs: Any
    ) -> None:
        source: Any = path if isinstance(path, Source) else Source(path)
        kwargs = without_sockets(kwargs)
        super().__init__(path=source, socket_timeout=socket_timeout, parser_class=Parser, **kwargs)

    def set_parser(self, parser_class: Any) -> None:
        self._parser = Parser()

    @property
    def is_connected(self) -> bool:
        return self._wire is not None

    async def connect(self) -> None:
        """Begin a session if there is none."""
        if self._wire is None:
            await super().connect()

    async def _connect(self) -> None:
        self._wire = self._make_wire()

    def __del__(self, _warnings: Any = None) -> None:
        self._close()

    def _close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    async def disconnect(self, nowait: bool = False, *args: Any, **kwargs: Any) -> None:
        """End the session, with what it watches, waits for and subscribes to."""
        self._parser.on_disconnect()
        self._should_reconnect = False
        reset = getattr(self, "_reset_himport_state", None)
        if reset is not None:
            reset()
        self._close()

    async def _connected(self) -> Any:
        """The wire, a new one if there is none."""
        if self._wire is None:
            # Without a health check, where redis-py can do so.
            without = getattr(self, "connect_check_health", None)
            if without is None:
                await self.connect()
            else:
                await without(check_health=False)
        return self._wire

    async def send_command(self, *args: Any, **kwargs: Any) -> None:
        """Run a command; its reply waits for `read_response`."""
        wire = self._wire
        if wire is None:
            wire = await self._connected()
        if self.health_check_interval and kwargs.get("check_health", True):
            await self.check_health()
            wire = await self._connected()
        try:
            if not wire.try_send(args):
                await _waiting.send(wire, args)
        except exceptions.DataError:
            raise
        except BaseException:
            self._close()
            raise

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Run what `pack_command` or `pack_commands` gave, or bytes of the protocol."""
        wire = await self._connected()
        if self.health_check_interval and check_health:
            await self.check_health()
            wire = await self._connected()
        try:
            for args in commands_of(command):
                await _waiting.send(wire, args)
        except BaseException:
            self._close()
            raise

    async def can_read(self) -> bool:
        """Whether a reply or message is there."""
        wire = self._wire
        if wire is None:
            return False
        try:
            return wire.ready()
        except exceptions.ConnectionError:
            self._close()
            raise

    can_read_destructive = can_read

    def _socket_is_empty(self) -> bool:
        return self._wire is None or not self._wire.ready()

    def getpeername(self) -> None:
        return None

    def update_current_socket_timeout(self, relaxed_timeout: float | None = None) -> None:
        """Nothing: there is no socket."""

    async def read_response(
        self,
        disable_decoding: bool = False,
        timeout: float | None = None,
        *,
        disconnect_on_error: bool = True,
        push_request: bool | None = False,
    ) -> Any:
        """The next reply; an error of the store is raised.

        None if none comes within `timeout` seconds; TimeoutError if none comes within
        `socket_timeout`, where `timeout` is not given.
        """
        wire = self._wire
        if wire is None:
            raise exceptions.ConnectionError(CLOSED)
        try:
            reply = wire.read(disable_decoding)
            if reply is UNUSUAL:
                reply = await self._unusual(wire, disable_decoding, timeout, push_request)
        except exceptions.ResponseError:
            raise
        except BaseException:
            if disconnect_on_error:
                await self.disconnect(nowait=True)
            raise
        if self.health_check_interval:
            self._read_something()
        return reply

    def _read_something(self) -> None:
        self.next_health_check = asyncio.get_running_loop().time() + self.health_check_interval

    async def _unusual(
        self, wire: Any, raw: bool, timeout: float | None, push_request: bool | None
    ) -> Any:
        """Go on where the wire had no plain reply: an error, a push, or nothing yet."""
        seconds = self.socket_timeout if timeout is None else timeout
        if seconds == math.inf:
            seconds = None
        while True:
            odd = wire.take_odd()
            if odd is None:
                if not await _waiting.until_ready(wire, seconds):
                    if timeout is not None:
                        return None
                    raise exceptions.TimeoutError(f"Timeout reading from {self._host_error()}")
            elif isinstance(odd, Exception):
                if self.health_check_interval:
                    self._read_something()
                raise odd
            else:
                answer = await self._parser.pushed(odd)
                if push_request:
                    return answer
            reply = wire.read(raw)
            if reply is not UNUSUAL:
                return reply


class ConnectionPool(_connection.ConnectionPool):
    """redis-py's pool, of our connections unless it is told otherwise.

    A connection that is idle and in order is lent and taken back by the shortest way; redis-py's
    own takes longer than most commands here. All else is left to it.
    """

    def __init__(self, connection_class: Any = Connection, **kwargs: Any) -> None:
        super().__init__(connection_class=connection_class, **kwargs)

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """A connection that is ready for a command."""
        idle: list[Any] = self._available_connections
        if idle:
            connection = idle[-1]
            wire = connection._wire
            if wire is not None and wire.idle():
                idle.pop()
                self._in_use_connections.add(connection)
                return connection
        if command_name is None:
            return await super().get_connection()
        return await super().get_connection(command_name, *keys, **options)

    async def release(self, connection: Any) -> None:
        """Take a connection back."""
        lent = self._in_use_connections
        if (
            connection in lent
            and not connection._should_reconnect
            and connection._re_auth_token is None
        ):
            lent.remove(connection)
            self._available_connections.append(connection)
            return
        await super().release(connection)
