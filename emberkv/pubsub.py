"""`PubSub`: listening to channels, with redis-py's methods and results.

A PubSub has a session of its own. What others publish lies in the session's inbox in the store;
it is taken out in batches into a queue here, from which `get_message` and `listen` hand it out.
Waiting is a sleep that a publisher ends, in whatever process it is; nothing is polled.

A subscriber that does not take its messages holds nobody up: beyond the setting
client-output-buffer-limit its inbox is emptied and it is cut off. The next call subscribes to
everything again and raises ConnectionError once, for messages were lost.
"""

from __future__ import annotations

import _thread
import contextlib
import threading
import time
from collections import deque

from .exceptions import ConnectionError, DataError, PubSubError, ResponseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import Any, TypeVar

    from ._core import _ember
    from .client import Ember

    Message = dict[str, Any]
    Handler = Callable[[Message], Any]
    Self = TypeVar("Self", bound="PubSub")

LOOK_AGAIN_SECONDS = 0.1
CUT_OFF = 2  # of Listener.cut_off: and not only a child of the process that subscribed


class Subscription:
    """A channel or pattern and maybe what handles its messages, for `PubSub.subscribe`."""

    __slots__ = ("name", "handler")

    def __init__(self, name: Any, handler: Handler | None = None) -> None:
        self.name = name
        self.handler = handler

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Subscription):
            return NotImplemented
        return (self.name, self.handler) == (other.name, other.handler)

    def __hash__(self) -> int:
        return hash((self.name, self.handler))

    def __repr__(self) -> str:
        return f"Subscription(name={self.name!r}, handler={self.handler!r})"


class Encoder:
    """Makes bytes of what users give, and of bytes what users get."""

    def __init__(self, encoding: str, encoding_errors: str, decode_responses: bool) -> None:
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.decode_responses = decode_responses

    def encode(self, value: Any) -> Any:
        """`value` as it is sent: bytes and their like, str encoded, numbers as text."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            return value
        if isinstance(value, str):
            return value.encode(self.encoding, self.encoding_errors)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return repr(value).encode()
        raise DataError(
            f"Invalid input of type: '{type(value).__name__}'. "
            f"Convert to a bytes, string, int or float first."
        )

    def decode(self, value: Any, force: bool = False) -> Any:
        """`value` as str if it is bytes and this decodes, or `force` is given."""
        if self.decode_responses or force:
            if isinstance(value, memoryview):
                value = value.tobytes()
            if isinstance(value, bytes):
                return value.decode(self.encoding, self.encoding_errors)
        return value


def _flat(args: tuple[Any, ...]) -> list[Any]:
    """The names given, the first of which may be a collection of some."""
    if not args:
        return []
    first = args[0]
    if isinstance(first, (str, bytes, bytearray, memoryview)):
        return list(args)
    try:
        return [*first, *args[1:]]
    except TypeError:
        return list(args)


def _subscriptions(args: tuple[Any, ...], handlers: Mapping[str, Handler]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for arg in _flat(args):
        if hasattr(arg, "handler") and hasattr(arg, "name"):
            found[arg.name] = arg.handler
        else:
            found[arg] = None
    found.update(handlers)
    return found


def _left(session: _ember.Listener) -> bool:
    """Have a session subscribe to nothing; False: a script keeps the store busy."""
    try:
        session.wake()
        session.close()
    except ResponseError:
        return False
    return True


def _leave(session: _ember.Listener) -> None:
    """The same, as soon as it can be done, or the store is closed."""
    with contextlib.suppress(ConnectionError):
        while not _left(session):
            time.sleep(LOOK_AGAIN_SECONDS)


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class PubSub:
    """Listens to channels and patterns of a store; made by `Ember.pubsub`.

    Give `subscribe` and its kin names, or names with functions that handle their messages. Then
    take messages by `get_message`, `listen` or `run_in_thread`. One thread may take them while
    others subscribe and unsubscribe. `ignore_subscribe_messages` leaves out the news that a
    subscription began or ended. `push_handler_func` is given each reply as a list first, and
    what it returns is taken for the reply. `shard_hint` and `event_dispatcher` are accepted and
    mean nothing.
    """

    PUBLISH_MESSAGE_TYPES = ("message", "pmessage", "smessage")
    UNSUBSCRIBE_MESSAGE_TYPES = ("unsubscribe", "punsubscribe", "sunsubscribe")
    HEALTH_CHECK_MESSAGE = "redis-py-health-check"

    def __init__(
        self,
        db: Ember[Any],
        shard_hint: str | None = None,
        ignore_subscribe_messages: bool = False,
        encoder: Any = None,
        push_handler_func: Callable[[Any], Any] | None = None,
        event_dispatcher: Any = None,
    ) -> None:
        self._db = db
        self.shard_hint = shard_hint
        self.ignore_subscribe_messages = ignore_subscribe_messages
        self.encoder = encoder or Encoder(db.encoding, db.encoding_errors, db.decode_responses)
        self.push_handler_func = push_handler_func
        self.connection: _ember.Listener | None = None
        self.subscribed_event = threading.Event()
        self._lock = threading.RLock()
        self._queue: deque[Any] = deque()
        self._begin()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.reset()

    def __del__(self) -> None:
        try:
            self.reset()
        except Exception:
            # While the interpreter shuts down anything may already be gone.
            pass

    def reset(self) -> None:
        """Subscribe to nothing any more, and forget what was not taken."""
        self._begin()

    def _begin(self) -> None:
        with self._lock:
            session, self.connection = self.connection, None
            self._queue.clear()
            self.health_check_response_counter = 0
            self.channels: dict[Any, Handler | None] = {}
            self.pending_unsubscribe_channels: set[Any] = set()
            self.shard_channels: dict[Any, Handler | None] = {}
            self.pending_unsubscribe_shard_channels: set[Any] = set()
            self.patterns: dict[Any, Handler | None] = {}
            self.pending_unsubscribe_patterns: set[Any] = set()
            self.subscribed_event.clear()
        if session is not None and not _left(session):
            # A script has the store for who knows how long. No thread of `threading`: what is
            # collected may be collected while that module holds its locks.
            _thread.start_new_thread(_leave, (session,))

    def close(self) -> None:
        """The same as `reset`."""
        self.reset()

    @property
    def subscribed(self) -> bool:
        """Whether it listens to anything."""
        return self.subscribed_event.is_set()

    # Commands

    def execute_command(self, *args: Any) -> None:
        """Run a command; what it replies comes with the messages, in their order."""
        self._execute(*args)

    def _execute(self, *args: Any) -> None:
        with self._lock:
            self._run(self._session(), args)

    def _session(self) -> _ember.Listener:
        session = self.connection
        if session is None:
            session = self._connect()
        elif session.cut_off():
            session = self._reconnect()
        return session

    def _connect(self) -> _ember.Listener:
        codec = (self.encoder.encoding, self.encoder.encoding_errors)
        db = self._db
        session = db._session_for_messages(codec, self.encoder.decode_responses)
        self.connection = session
        return session

    def _reconnect(self) -> _ember.Listener:
        """A new session, subscribed to all that the old one was."""
        old = self.connection
        session = self._connect()
        if old is not None:
            old.close()
        self.on_connect(session)
        return session

    def _run(self, session: _ember.Listener, args: tuple[Any, ...]) -> None:
        self._queue.extend(session.execute_all(args))
        session.wake()

    def on_connect(self, connection: Any) -> None:
        """Subscribe again to all that it listened to."""
        self.pending_unsubscribe_channels.clear()
        self.pending_unsubscribe_patterns.clear()
        self.pending_unsubscribe_shard_channels.clear()
        for name, names in (
            ("SUBSCRIBE", self.channels),
            ("PSUBSCRIBE", self.patterns),
            ("SSUBSCRIBE", self.shard_channels),
        ):
            if names:
                self._run(connection, (name, *names))

    def _normalize_keys(self, names: Iterable[Any]) -> dict[Any, Any]:
        given = names if isinstance(names, dict) else dict.fromkeys(names)
        encoder = self.encoder
        normal = {}
        for name, handler in given.items():
            name = encoder.encode(name)
            if not isinstance(name, bytes):
                name = bytes(name)
            normal[encoder.decode(name)] = handler
        return normal

    def _subscribe(
        self,
        command: str,
        args: tuple[Any, ...],
        handlers: Mapping[str, Handler],
        subscribed: dict[Any, Handler | None],
        pending: set[Any],
    ) -> None:
        new = _subscriptions(args, handlers)
        with self._lock:
            self._execute(command, *new)
            normal = self._normalize_keys(new)
            subscribed.update(normal)
            if not self.subscribed:
                self.subscribed_event.set()
                self.health_check_response_counter = 0
            pending.difference_update(normal)

    def _unsubscribe(
        self,
        command: str,
        args: tuple[Any, ...],
        subscribed: dict[Any, Handler | None],
        pending: set[Any],
    ) -> None:
        names = _flat(args)
        with self._lock:
            pending.update(self._normalize_keys(names) if args else subscribed)
            self._execute(command, *names)

    def subscribe(self, *args: Any, **kwargs: Handler) -> None:
        """Listen to channels: names, `Subscription` objects, or ``name=handler``. SUBSCRIBE."""
        self._subscribe("SUBSCRIBE", args, kwargs, self.channels, self.pending_unsubscribe_channels)

    def unsubscribe(self, *args: Any) -> None:
        """Listen to these channels no more, or to none. UNSUBSCRIBE."""
        self._unsubscribe("UNSUBSCRIBE", args, self.channels, self.pending_unsubscribe_channels)

    def psubscribe(self, *args: Any, **kwargs: Handler) -> None:
        """Listen to the channels that match patterns. PSUBSCRIBE."""
        self._subscribe(
            "PSUBSCRIBE", args, kwargs, self.patterns, self.pending_unsubscribe_patterns
        )

    def punsubscribe(self, *args: Any) -> None:
        """Listen by these patterns no more, or by none. PUNSUBSCRIBE."""
        self._unsubscribe("PUNSUBSCRIBE", args, self.patterns, self.pending_unsubscribe_patterns)

    def ssubscribe(self, *args: Any, target_node: Any = None, **kwargs: Handler) -> None:
        """Listen to shard channels; `target_node` means nothing here. SSUBSCRIBE."""
        self._subscribe(
            "SSUBSCRIBE",
            args,
            kwargs,
            self.shard_channels,
            self.pending_unsubscribe_shard_channels,
        )

    def sunsubscribe(self, *args: Any, target_node: Any = None) -> None:
        """Listen to these shard channels no more, or to none. SUNSUBSCRIBE."""
        self._unsubscribe(
            "SUNSUBSCRIBE", args, self.shard_channels, self.pending_unsubscribe_shard_channels
        )

    def ping(self, message: Any = None) -> None:
        """Have a "pong" come with the messages. PING."""
        self._execute("PING", *(() if message is None else (message,)))

    # Messages

    def parse_response(self, block: bool = True, timeout: float = 0) -> Any:
        """The next reply as it came, a list; None if there is none.

        Waits until there is one with `block`, else at most `timeout` seconds.
        """
        session = self.connection
        if session is None:
            raise RuntimeError(
                "pubsub connection not set: did you forget to call subscribe() or psubscribe()?"
            )
        end = None if block else time.monotonic() + max(0.0, timeout or 0)
        while True:
            found, reply = self._next()
            if found:
                break
            session = self.connection
            if session is None:
                if block:
                    raise ConnectionError("the PubSub was closed while it waited")
                return None
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return None
            session.wait(left)
        return self._shown(reply)

    def _shown(self, reply: Any) -> Any:
        if isinstance(reply, Exception):
            raise reply
        if self.is_health_check_response(reply):
            self.health_check_response_counter -= 1
            return None
        if self.push_handler_func is not None and isinstance(reply, list):
            return self.push_handler_func(reply)
        return reply

    def _next(self) -> tuple[bool, Any]:
        queue = self._queue
        try:
            return True, queue.popleft()
        except IndexError:
            pass
        with self._lock:
            session = self.connection
            if session is None:
                return False, None
            why = session.cut_off()
            if why:
                session = self._reconnect()
            if why == CUT_OFF:
                raise ConnectionError(
                    "this PubSub was cut off, and messages were lost: more of them waited for it "
                    "than client-output-buffer-limit allows, or CLIENT KILL named it"
                )
            queue.extend(session.take())
            return (True, queue.popleft()) if queue else (False, None)

    def is_health_check_response(self, response: Any) -> bool:
        """Whether a reply answers a `check_health`; there are none in a process."""
        word = self.HEALTH_CHECK_MESSAGE
        text = word if self.encoder.decode_responses else word.encode()
        pong = "pong" if self.encoder.decode_responses else b"pong"
        return bool(response == [pong, text] or response == text)

    def check_health(self) -> None:
        """Nothing: there is no connection that could be broken."""
        if self.connection is None:
            raise RuntimeError(
                "pubsub connection not set: did you forget to call subscribe() or psubscribe()?"
            )

    def clean_health_check_responses(self) -> None:
        """Nothing: there are none."""

    def listen(self) -> Iterator[Message]:
        """Messages as they come, without end, as long as it listens to anything."""
        while self.subscribed:
            message = self.handle_message(self.parse_response(block=True))
            if message is not None:
                yield message

    def get_message(
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> Message | None:
        """The next message, a dict with `type`, `pattern`, `channel` and `data`, or None.

        None too if a handler took the message, or it was one to ignore. Waits at most
        `timeout` seconds, with None without end; also for the first subscription.
        """
        if not self.subscribed:
            start = time.monotonic()
            if not self.subscribed_event.wait(timeout):
                return None
            if timeout is not None:
                timeout = max(0.0, timeout - (time.monotonic() - start))
        response = self.parse_response(block=timeout is None, timeout=timeout or 0)
        if response:
            return self.handle_message(response, ignore_subscribe_messages)
        return None

    get_sharded_message = get_message

    def handle_message(
        self, response: Any, ignore_subscribe_messages: bool = False
    ) -> Message | None:
        """Make a message of a reply; None if a handler took it, or it is to be ignored."""
        if response is None:
            return None
        if isinstance(response, (bytes, str)):
            empty = b"" if isinstance(response, bytes) else ""
            response = ["pong", empty if _text(response) == "PONG" else response]
        kind = _text(response[0])
        message: Message = {"type": kind, "pattern": None, "channel": None, "data": response[-1]}
        if kind == "pmessage":
            message["pattern"], message["channel"] = response[1], response[2]
        elif kind != "pong":
            message["channel"], message["data"] = response[1], response[2]
        if kind in self.UNSUBSCRIBE_MESSAGE_TYPES:
            self._forget(kind, response[1])
        if kind in self.PUBLISH_MESSAGE_TYPES:
            handler = self._handler_of(kind, message)
            if handler:
                self._hand_to(handler, message)
                return None
        elif kind != "pong" and (ignore_subscribe_messages or self.ignore_subscribe_messages):
            return None
        return message

    def _hand_to(self, handler: Handler, message: Message) -> None:
        handler(message)

    def _handler_of(self, kind: str, message: Message) -> Handler | None:
        if kind == "pmessage":
            return self.patterns.get(message["pattern"])
        if kind == "smessage":
            return self.shard_channels.get(message["channel"])
        return self.channels.get(message["channel"])

    def _forget(self, kind: str, name: Any) -> None:
        with self._lock:
            subscribed, pending = {
                "unsubscribe": (self.channels, self.pending_unsubscribe_channels),
                "punsubscribe": (self.patterns, self.pending_unsubscribe_patterns),
                "sunsubscribe": (self.shard_channels, self.pending_unsubscribe_shard_channels),
            }[kind]
            if name in pending:
                pending.remove(name)
                subscribed.pop(name, None)
            if not self.channels and not self.patterns and not self.shard_channels:
                self.subscribed_event.clear()

    def run_in_thread(
        self,
        sleep_time: float = 0.0,
        daemon: bool = False,
        exception_handler: Callable[[BaseException, Any, Any], None] | None = None,
        pubsub: Any = None,
        sharded_pubsub: bool = False,
    ) -> PubSubWorkerThread:
        """A thread that has handlers handle the messages; end it by its `stop`.

        Everything subscribed to needs a handler. `sleep_time` is how long it waits at a time, in
        seconds, and how late it may notice `stop`; 0 is a tenth. What a handler raises ends the
        thread, or is given to ``exception_handler(exception, pubsub, thread)``.
        """
        for word, names in (
            ("Channel", self.channels),
            ("Pattern", self.patterns),
            ("Shard Channel", self.shard_channels),
        ):
            for name, handler in names.items():
                if handler is None:
                    raise PubSubError(f"{word}: '{name}' has no handler registered")
        thread = PubSubWorkerThread(
            self if pubsub is None else pubsub,
            sleep_time,
            daemon=daemon,
            exception_handler=exception_handler,
            sharded_pubsub=sharded_pubsub,
        )
        thread.start()
        return thread


class PubSubWorkerThread(threading.Thread):
    """The thread of `PubSub.run_in_thread`."""

    def __init__(
        self,
        pubsub: Any,
        sleep_time: float,
        daemon: bool = False,
        exception_handler: Callable[[BaseException, Any, Any], None] | None = None,
        sharded_pubsub: bool = False,
    ) -> None:
        super().__init__()
        self.daemon = daemon
        self.pubsub = pubsub
        self.sleep_time = sleep_time
        self.exception_handler = exception_handler
        self.sharded_pubsub = sharded_pubsub
        self._running = threading.Event()

    def run(self) -> None:
        """Handle messages until `stop`, then close the PubSub."""
        if self._running.is_set():
            return
        self._running.set()
        pubsub = self.pubsub
        get = pubsub.get_sharded_message if self.sharded_pubsub else pubsub.get_message
        timeout = self.sleep_time if self.sleep_time > 0 else LOOK_AGAIN_SECONDS
        while self._running.is_set():
            try:
                get(ignore_subscribe_messages=True, timeout=timeout)
            except BaseException as error:
                if self.exception_handler is None:
                    raise
                self.exception_handler(error, pubsub, self)
        pubsub.close()

    def stop(self) -> None:
        """Have the thread end, after the wait that it is in."""
        self._running.clear()
