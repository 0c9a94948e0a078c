"""The connection that a `redis.Redis` has in place of a socket; see `bridge`.

redis-py asks three things of a connection for each command: `send_command`, which here runs the
command, `read_response`, which makes an object of its reply, and before them `can_read`. What is
behind is a `Wire` of the core. It stands where redis-py keeps its socket, and has of one what
pollers and redis-py use of it: a descriptor, `close`, `shutdown`.
"""

from __future__ import annotations

from os import getpid
from typing import TYPE_CHECKING, Any

import redis
from redis import connection as _connection
from redis import exceptions
from redis._parsers import _RESP3Parser

from ._core import _ember
from .bridge import Source
from .bridge_resp import commands_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Redis = redis.Redis

UNUSUAL = _ember.UNUSUAL
CLOSED = "Connection closed by server."
UNSET: Any = object()

# About sockets and TLS: accepted, and without a meaning here.
OF_SOCKETS = (
    "host",
    "port",
    "socket_keepalive",
    "socket_keepalive_options",
    "socket_type",
    "socket_read_size",
    "parser_class",
    "command_packer",
    "ssl",
)


def without_sockets(kwargs: dict[str, Any]) -> dict[str, Any]:
    """`kwargs` of a connection but for those that are about sockets."""
    return {
        name: value
        for name, value in kwargs.items()
        if name not in OF_SOCKETS and not name.startswith("ssl_")
    }


class Parser(_RESP3Parser):
    """What a connection of redis-py has a parser for, other than parsing: handlers of pushes."""

    def __init__(self, socket_read_size: int = 0) -> None:
        self.encoder = None
        self._sock = None
        self._buffer = None
        self.pubsub_push_handler_func = self.handle_pubsub_push_response
        self.invalidation_push_handler_func = None

    def handle_pubsub_push_response(self, response: Any) -> Any:
        return response

    def on_connect(self, connection: Any) -> None:
        self.encoder = connection.encoder

    def on_disconnect(self) -> None:
        pass

    def pushed(self, response: list[Any]) -> Any:
        """Give a push to its handler; what that gives."""
        if response[0] in (b"invalidate", "invalidate"):
            if self.invalidation_push_handler_func is None:
                return response
            return self.invalidation_push_handler_func(response)
        return self.pubsub_push_handler_func(response)

    def set_pubsub_push_handler(self, pubsub_push_handler_func: Callable[..., Any]) -> None:
        self.pubsub_push_handler_func = pubsub_push_handler_func

    # redis-py 5.0's name.
    set_push_handler = set_pubsub_push_handler

    def set_invalidation_push_handler(self, invalidation_push_handler_func: Any) -> None:
        self.invalidation_push_handler_func = invalidation_push_handler_func


class ConnectionParts:
    """What the connections of both kinds do alike."""

    path: Any  # a Source
    encoder: Any
    _parser: Any
    _waker_of: Any = None

    def _make_wire(self) -> _ember.Wire:
        encoder = self.encoder
        codec = (encoder.encoding, encoder.encoding_errors)
        try:
            return _ember.Wire(
                self.path.open(),
                self._parser.parse_error,
                exceptions,
                codec,
                bool(encoder.decode_responses),
                waker_of=self._waker_of,
            )
        except (OSError, exceptions.RedisError):
            raise
        except Exception as error:
            raise exceptions.ConnectionError(*error.args) from error

    def pack_command(self, *args: Any) -> list[Any]:
        """A command as `send_packed_command` takes it: its arguments as they are."""
        return self.pack_commands([args])

    def pack_commands(self, commands: Iterable[Any]) -> list[Any]:
        """Commands as `send_packed_command` takes them. DataError for a bad argument."""
        packed = [tuple(args) for args in commands]
        _ember.check_commands(packed, self.encoder.encoding, exceptions.DataError)
        return packed

    def repr_pieces(self) -> list[tuple[str, Any]]:
        pieces = [("path", str(self.path)), ("db", self.db)]  # type: ignore[attr-defined]
        if self.client_name:  # type: ignore[attr-defined]
            pieces.append(("client_name", self.client_name))  # type: ignore[attr-defined]
        return pieces

    def _host_error(self) -> str:
        return str(self.path)


class Connection(ConnectionParts, _connection.UnixDomainSocketConnection):
    """A connection to the store that `path` says: a `Source`, or what one is made of."""

    host = ""
    port = 0
    # Older redis-py does not have them.
    _should_reconnect = False
    _re_auth_token = None
    _handshake_metadata: Any = None

    def __init__(
        self, path: Any = None, *, socket_timeout: float | None = None, **kwargs: Any
    ) -> None:
        source: Any = path if isinstance(path, Source) else Source(path)
        kwargs = without_sockets(kwargs)
        super().__init__(path=source, socket_timeout=socket_timeout, parser_class=Parser, **kwargs)

    def set_parser(self, parser_class: Any) -> None:
        self._parser = Parser()

    @property
    def handshake_metadata(self) -> Any:
        """What HELLO said. redis-py has a client-side cache for servers of 7.4 or later only."""
        said = self._handshake_metadata
        if not isinstance(said, dict):
            return said
        version = b"version" if b"version" in said else "version"
        return {**said, version: "7.4.0"}

    @handshake_metadata.setter
    def handshake_metadata(self, value: Any) -> None:
        self._handshake_metadata = value

    def _connect(self) -> Any:
        return self._make_wire()

    def connect(self) -> None:
        """Begin a session if there is none."""
        if self._sock is None:
            super().connect()

    def _connected(self) -> Any:
        """The wire, a new one if there is none."""
        if self._sock is None:
            # Without a health check, where redis-py can do so.
            without = getattr(self, "connect_check_health", None)
            if without is None:
                self.connect()
            else:
                without(check_health=False)
        return self._sock

    def send_command(self, *args: Any, **kwargs: Any) -> None:
        """Run a command; its reply waits for `read_response`."""
        wire = self._sock
        if wire is None:
            wire = self._connected()
        if self.health_check_interval and kwargs.get("check_health", True):
            self.check_health()
            wire = self._connected()
        try:
            wire.send(args)
        except exceptions.DataError:
            raise
        except BaseException:
            self.disconnect()
            raise

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Run what `pack_command` or `pack_commands` gave, or bytes of the protocol."""
        wire = self._connected()
        if self.health_check_interval and check_health:
            self.check_health()
            wire = self._connected()
        try:
            for args in commands_of(command):
                wire.send(args)
        except BaseException:
            self.disconnect()
            raise

    def can_read(self, timeout: float | None = 0) -> bool:
        """Whether a reply or message is there, or comes within `timeout` seconds."""
        wire: Any = self._sock
        if wire is None:
            self.connect()
            wire = self._sock
        return wire.ready() or (timeout != 0 and self._wait(wire, timeout))

    def _wait(self, wire: Any, timeout: float | None) -> bool:
        try:
            return wire.wait(timeout)
        except exceptions.ConnectionError:
            self.disconnect()
            raise

    def read_response(
        self,
        disable_decoding: bool = False,
        *,
        timeout: Any = UNSET,
        disconnect_on_error: bool = True,
        push_request: bool = False,
    ) -> Any:
        """The next reply, waited for until `timeout`; an error of the store is raised."""
        wire = self._sock
        if wire is None:
            raise exceptions.ConnectionError(CLOSED)
        try:
            reply = wire.read(disable_decoding)
            if reply is UNUSUAL:
                reply = self._unusual(wire, disable_decoding, timeout, push_request)
        except exceptions.ResponseError:
            raise
        except BaseException:
            if disconnect_on_error:
                self.disconnect()
            raise
        if self.health_check_interval:
            self._read_something()
        return reply

    def _read_something(self) -> None:
        import time

        self.next_health_check: Any = time.monotonic() + self.health_check_interval

    def _unusual(self, wire: Any, raw: bool, timeout: Any, push_request: bool) -> Any:
        """Go on where the wire had no plain reply: an error, a push, or nothing yet."""
        while True:
            odd = wire.take_odd()
            if odd is None:
                seconds = self.socket_timeout if timeout is UNSET else timeout
                if not wire.wait(seconds):
                    raise exceptions.TimeoutError(f"Timeout reading from {self._host_error()}")
            elif isinstance(odd, Exception):
                if self.health_check_interval:
                    self._read_something()
                raise odd
            else:
                answer = self._parser.pushed(odd)
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
        self._plain = getattr(self, "cache", None) is None

    def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """A connection that is ready for a command."""
        if self._plain and self.pid == getpid():
            with self._lock:
                idle = self._available_connections
                if idle:
                    connection = idle[-1]
                    wire = connection._sock
                    if wire is not None and wire.idle():
                        idle.pop()
                        self._in_use_connections.add(connection)
                        return connection
        if command_name is None:
            return super().get_connection()
        return super().get_connection(command_name, *keys, **options)

    def release(self, connection: Any) -> None:
        """Take a connection back."""
        if self._plain and self.pid == getpid():
            with self._lock:
                wire = connection._sock
                lent = self._in_use_connections
                if (
                    connection in lent
                    and wire is not None
                    and not connection._should_reconnect
                    and connection._re_auth_token is None
                ):
                    lent.remove(connection)
                    self._available_connections.append(connection)
                    return
        super().release(connection)
