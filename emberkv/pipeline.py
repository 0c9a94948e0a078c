"""Pipelines: commands queued by their methods and run together, with redis-py's behaviour."""

from __future__ import annotations

from ._commands import keep_overrides
from ._commands._base import EMPTY_RESPONSE, NEVER_DECODE, T
from ._commands.queued import QueuedCommands
from ._core import _ember
from .exceptions import (
    ConnectionError,
    ExecAbortError,
    RedisError,
    ResponseError,
    WatchError,
)
from .responses import OK_CALLBACKS, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypeVar

    from .client import Ember

    Self = TypeVar("Self", bound="Pipeline[Any]")
    Queued = tuple[tuple[Any, ...], dict[str, Any]]


_ABOUT_WATCHES = frozenset(("WATCH", "UNWATCH", "EXEC", "DISCARD"))


# Options that say how a command is run, not what becomes of its reply.
_NOT_OF_THE_CALLBACK = ("keys", NEVER_DECODE)


class Pipeline(_ember.Queue, QueuedCommands[T]):
    """Queues the commands that its methods name until `execute` runs them.

    A method gives the pipeline back, so that calls can be chained. After `watch` commands
    run at once and give their results, until `multi` begins to queue again; then `execute`
    does nothing and raises WatchError if a watched key changed. One thread at a time may use
    a pipeline. At the end of a ``with`` block what is still queued is forgotten.
    """

    def __init__(self, db: Ember[T], transaction: bool, shard_hint: str | None = None) -> None:
        self._db = db
        self._session: _ember.Session | None = None
        self.decode_responses = db.decode_responses
        self.response_callbacks = db.response_callbacks
        self.transaction = transaction
        self.shard_hint = shard_hint
        self.watching = False
        self.explicit_transaction = False
        self.command_stack: list[Queued] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        keep_overrides(cls, _ember.Queue, "execute_command", "pipeline_execute_command")
        super().__init_subclass__(**kwargs)

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

    def __len__(self) -> int:
        """How many commands are queued."""
        return len(self.command_stack)

    def __bool__(self) -> bool:
        """True, also while nothing is queued."""
        return True

    def __repr__(self) -> str:
        kind = "MULTI/EXEC" if self.transaction or self.explicit_transaction else "plain"
        return f"<{type(self).__module__}.{type(self).__qualname__}({kind}, {len(self)} queued)>"

    def reset(self) -> None:  # type: ignore[override]
        """Forget what is queued and what is watched."""
        self.command_stack = []
        self.explicit_transaction = False
        watching, self.watching = self.watching, False
        session, self._session = self._session, None
        if session is not None:
            try:
                if watching:
                    session.execute(("UNWATCH",))
            except ConnectionError:
                # The handle was closed, and its watches with it.
                return
            self._db._return_session(session)

    def close(self) -> None:
        """The same as `reset`."""
        self.reset()

    def watch(self, *names: Any) -> bool:  # type: ignore[override]
        """Watch keys: `execute` raises WatchError if one changes before it. WATCH."""
        if self.explicit_transaction:
            raise RedisError("Cannot issue a WATCH after a MULTI")
        return self.execute_command("WATCH", *names)

    def unwatch(self) -> bool:  # type: ignore[override]
        """Watch nothing any more. UNWATCH."""
        return self.watching and self.execute_command("UNWATCH") or True

    def multi(self) -> None:
        """Queue again, after `watch` made commands run at once. MULTI."""
        if self.explicit_transaction:
            raise RedisError("Cannot issue nested calls to MULTI")
        if self.command_stack:
            raise RedisError("Commands without an initial WATCH have already been issued")
        self.explicit_transaction = True

    def discard(self) -> None:
        """Send DISCARD as any other command; `reset` is what forgets the queue. DISCARD."""
        self.execute_command("DISCARD")

    def set_response_callback(self, command: str, callback: Callable[..., Any]) -> None:
        """Have `callback(reply, **options)` make the result of `command` in the handle too."""
        self._db.set_response_callback(command, callback)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Queue a command, or run it if this pipeline watches and `multi` was not called."""
        if (self.watching or args[0] == "WATCH") and not self.explicit_transaction:
            return self.immediate_execute_command(*args, **options)
        return self.pipeline_execute_command(*args, **options)

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command now; its result."""
        if EMPTY_RESPONSE in options:
            return options[EMPTY_RESPONSE]
        return self._made_at_once(self._own_session().execute(split_name(args)), args, options)

    def _made_at_once(self, reply: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        self._follow_watch(args[0])
        callback = self.response_callbacks[args[0]]
        for name in _NOT_OF_THE_CALLBACK:
            options.pop(name, None)
        return reply if callback is None else callback(reply, **options)

    def pipeline_execute_command(self: Self, *args: Any, **options: Any) -> Self:
        """Queue a command."""
        if options:
            for name in _NOT_OF_THE_CALLBACK:
                options.pop(name, None)
        self.command_stack.append((args, options))
        return self

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Run what is queued; a list of results in order. The pipeline is empty afterwards.

        The first error is raised, its text naming the command, unless `raise_on_error` is
        false: then it stands in the list in place of a result. The other commands have run
        either way. In a transaction a command that cannot even be queued undoes all, and
        WatchError says that nothing was done because a watched key changed.
        """
        commands = self.command_stack
        if not commands and not self.watching:
            return []
        try:
            return self._made_of(self._run(self._to_run(commands)), commands, raise_on_error)
        finally:
            self.reset()

    def _is_transaction(self) -> bool:
        return self.transaction or self.explicit_transaction

    def _to_run(self, commands: list[Queued]) -> list[tuple[Any, ...]]:
        """What is run for the queued commands."""
        sent = _as_sent(_without_empty(commands))
        return [("MULTI",), *sent, ("EXEC",)] if self._is_transaction() else sent

    def _made_of(
        self, replies: list[Any], commands: list[Queued], raise_on_error: bool
    ) -> list[Any]:
        """The results of the queued commands, of the replies to what was run for them."""
        sent = _without_empty(commands)
        if self._is_transaction():
            replies = self._of_transaction(replies, sent, commands)
        elif not _ABOUT_WATCHES.isdisjoint({args[0] for args, _ in sent}):
            for args, _ in sent:
                self._follow_watch(args[0])
        return self._results(replies, sent, commands, raise_on_error)

    def _of_transaction(
        self, replies: list[Any], sent: list[Queued], commands: list[Queued]
    ) -> list[Any]:
        _, *queued, results = replies
        self.watching = False
        if isinstance(results, ExecAbortError):
            for reply, command in zip(queued, sent, strict=True):
                if isinstance(reply, Exception):
                    raise _annotated(reply, command, commands)
        if isinstance(results, Exception):
            raise results
        if results is None:
            raise WatchError("Watched variable changed.")
        if len(results) != len(sent):
            raise ResponseError("Wrong number of response items from pipeline execution")
        return results

    def _run(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        session = self._own_session()
        # Should it be left in the middle of a MULTI nobody may get it.
        self._session = None
        replies = session.execute_many(commands)
        self._session = session
        return replies

    def _results(
        self,
        replies: list[Any],
        sent: list[Queued],
        commands: list[Queued],
        raise_on_error: bool,
    ) -> list[Any]:
        if any(issubclass(kind, Exception) for kind in set(map(type, replies))):
            for reply, command in zip(replies, sent, strict=True):
                if raise_on_error and isinstance(reply, ResponseError):
                    raise _annotated(reply, command, commands)
        results = _ember.pipeline_results(replies, sent, self.response_callbacks, OK_CALLBACKS)
        if sent is not commands:
            for i, (_, options) in enumerate(commands):
                if EMPTY_RESPONSE in options:
                    results.insert(i, options[EMPTY_RESPONSE])
        return results

    def _own_session(self) -> _ember.Session:
        if self._session is None:
            self._session = self._db._borrow_session()
        return self._session

    def _follow_watch(self, name: Any) -> None:
        if name in _ABOUT_WATCHES:
            self.watching = name == "WATCH"


def _without_empty(commands: list[Queued]) -> list[Queued]:
    """The commands that need to be run; all of them, unless one asks for nothing."""
    for _, options in commands:
        if options and EMPTY_RESPONSE in options:
            return [queued for queued in commands if EMPTY_RESPONSE not in queued[1]]
    return commands


def _as_sent(commands: list[Queued]) -> list[tuple[Any, ...]]:
    plain = [args for args, _ in commands]
    if any(_is_two_words(name) for name in {args[0] for args in plain}):
        return [split_name(args) for args in plain]
    return plain


def _annotated(error: Exception, command: Queued, commands: list[Queued]) -> Exception:
    """`error`, its text saying which command of the pipeline it comes from."""
    import textwrap

    number = next(i for i, queued in enumerate(commands, 1) if queued is command)
    words = " ".join(str(text(word)) for word in command[0])
    shown = textwrap.shorten(words, width=100, placeholder="...")
    message = f"Command # {number} ({shown}) of pipeline caused error: {error.args[0]}"
    error.args = (message, *error.args[1:])
    return error


def _is_two_words(name: Any) -> bool:
    return (b" " if isinstance(name, bytes) else " ") in name


def split_name(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """``("CONFIG GET", ...)`` as the two words that it is."""
    return (*args[0].split(), *args[1:]) if _is_two_words(args[0]) else args
