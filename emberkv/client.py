"""`Ember`, the one client class, and `open`, which gives one.

A handle has one session, as a connection to a server has: the database it works in, a name, a
MULTI that was begun by hand. Threads may share a handle; what they do is done one command at a
time. A pipeline has a session of its own, so that its MULTI and its watches are nobody
else's.
"""

from __future__ import annotations

from ._commands import Commands, compiled_methods, keep_overrides
from ._commands._base import T
from ._core import _ember
from .arrays import Arrays
from .exceptions import DataError, WatchError
from .pipeline import Pipeline
from .responses import CALLBACKS, Callbacks
from .settings import load_setting, text_of
from .transaction import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Literal, TypeVar, overload

    from .monitor import Monitor
    from .pubsub import PubSub
    from .script import Script
    from .snapshots import Source

    Self = TypeVar("Self", bound="Ember[Any]")
    AppendFsync = Literal["everysec", "always", "no"]


class Ember(_ember.Client, Commands[T], Arrays):
    """A handle on a store: redis-py's methods, arguments and results, without a server.

    `path` names a store that every process which opens it shares, or is a URL (`emberkv.url`);
    None makes a private one in memory. Bulk strings come back as bytes, or with
    `decode_responses` as str, decoded from `encoding` with `encoding_errors`. `databases` is how
    many numbered databases a new store has, `db` the one this handle begins in. `max_bytes` (as a
    number or as "100mb") bounds the memory of a new store: what does not fit raises
    OutOfMemoryError and leaves no trace. `clock`, a `Clock`, replaces the system's for everything
    that expires. The memory of a path goes when the last handle on it is closed, unless that handle
    was opened with `keep`.
    `snapshot`, an RDB file, is what a private store begins with: see `emberkv.load`.

    A path holds Redis's append-only directory, which is loaded when the store is not in memory,
    and to which every change is written. `appendfsync` says when it is synced: "everysec", each
    second (a machine that stops loses no more than that); "always", before the call returns;
    "no", when the system likes. Without `durable` what is on disk is neither read nor written,
    and the store ends with its last handle. Both hold for a store whose memory is made by this
    call: who joins one takes it as it is. `progress` is called now and then while files are
    loaded, with the bytes read so far and of how many. With the setting ``appendonly="no"`` the
    path holds an RDB file alone, which is loaded, and written by the rules of `save`, by SAVE, and
    when the last handle is closed.

    With `username` and `password` the handle is that user's, and may do what its rules say
    (``ACL SETUSER``); without, it is the user default's, and asked for no password: whoever can
    map the store owns it. Other keywords are settings by their names in redis.conf, with
    underscores: ``maxmemory="100mb"``, ``slowlog_max_len=10``; those of a shared store are
    everybody's.

    A handle is closed by `close`, by the end of a ``with`` block, or when it is collected.
    After that every call raises ConnectionError. In a child of `os.fork` the handle of a
    shared store goes on as a handle of the child's own; that of a private store holds a copy.
    """

    _shares_store = False

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
            snapshot: Source | None = None,
            durable: bool = True,
            appendfsync: AppendFsync = "everysec",
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
            snapshot: Source | None = None,
            durable: bool = True,
            appendfsync: AppendFsync = "everysec",
            progress: Callable[[int, int], object] | None = None,
            encoding: str = "utf-8",
            encoding_errors: str = "strict",
            username: str | None = None,
            password: str | None = None,
            **settings: Any,
        ) -> None: ...

        @overload
        def __init__(
            self: Ember[Any],
            path: str | os.PathLike[str] | None = None,
            *,
            decode_responses: bool,
            db: int = 0,
            databases: int = 16,
            max_bytes: int | str | None = None,
            clock: _ember.Clock | None = None,
            keep: bool = False,
            snapshot: Source | None = None,
            durable: bool = True,
            appendfsync: AppendFsync = "everysec",
            progress: Callable[[int, int], object] | None = None,
            encoding: str = "utf-8",
            encoding_errors: str = "strict",
            username: str | None = None,
            password: str | None = None,
            **settings: Any,
        ) -> None: ...

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        decode_responses: bool = False,
        db: int = 0,
        databases: int = 16,
        max_bytes: int | str | None = None,
        clock: _ember.Clock | None = None,
        keep: bool = False,
        snapshot: Source | None = None,
        durable: bool = True,
        appendfsync: AppendFsync = "everysec",
        progress: Callable[[int, int], object] | None = None,
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        username: str | None = None,
        password: str | None = None,
        **settings: Any,
    ) -> None:
        if snapshot is not None and path is not None:
            raise DataError(
                "a snapshot begins a private store: one with a path has files of its own"
            )
        appendonly = text_of(settings.get("appendonly", True)).lower() != "no"
        if isinstance(path, str) and path[:6].lower() == "ember:":
            self._open_url(
                path,
                decode_responses=decode_responses,
                db=db,
                databases=databases,
                max_bytes=max_bytes,
                clock=clock,
                keep=keep,
                durable=durable,
                appendonly=appendonly,
                appendfsync=appendfsync,
                progress=progress,
                encoding=encoding,
                encoding_errors=encoding_errors,
                username=username,
                password=password,
                settings=settings,
            )
            return
        store = _ember.Store(
            path,
            appendonly=appendonly,
            databases=databases,
            max_bytes=max_bytes,
            clock=clock,
            keep=keep,
            durable=durable,
            appendfsync=appendfsync,
            progress=progress,
        )
        if snapshot is not None:
            from .snapshots import read_into

            read_into(store, snapshot)
        self._attach(
            store, db, decode_responses, encoding, encoding_errors, username, password, settings
        )

    def _open_url(self, url: str, **options: Any) -> None:
        from . import url as urls

        store, options, self._shares_store = urls.open_url(url, options)
        self._attach(store, **options)

    @classmethod
    def from_url(cls: type[Self], url: str, **options: Any) -> Self:
        """Open the store that a URL names: ``ember:///path``, ``ember://``. See `emberkv.url`.

        `options` are those of the class; where the URL says otherwise, it wins.
        """
        from . import url as urls

        if not urls.is_url(url):
            raise ValueError(f"not a URL of a store: {url!r}; they begin with ember:")
        return cls(url, **options)

    def _attach(
        self,
        store: _ember.Store,
        db: int,
        decode_responses: bool,
        encoding: str,
        encoding_errors: str,
        username: str | None = None,
        password: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self._store = store
        self.decode_responses = decode_responses
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.response_callbacks = Callbacks(CALLBACKS)
        self._own_callbacks = False
        self._idle_sessions: list[_ember.Session] = []
        self._login = (username, password)
        codec = (encoding, encoding_errors)
        super().__init__(_ember.Session(store, db, codec, decode_responses))
        try:
            for name, value in (settings or {}).items():
                load_setting(store, name, value)
            self._log_in(username, password)
        except BaseException:
            self.close()
            raise

    def _log_in(self, username: str | None, password: str | None) -> None:
        if username is not None or password is not None:
            self._session.execute(("AUTH", username or "default", password or ""))

    def _new_session(self, db: int, decode: bool = True) -> _ember.Session:
        codec = (self.encoding, self.encoding_errors)
        session = _ember.Session(self._store, db, codec, decode and self.decode_responses)
        session.become(self._session)
        return session

    # A pipeline borrows a session and gives it back clean.

    def _borrow_session(self) -> _ember.Session:
        db = self._session.db
        try:
            session = self._idle_sessions.pop()
        except IndexError:
            return self._new_session(db)
        session.become(self._session)
        if session.db != db:
            session.execute(("SELECT", db))
        return session

    def _return_session(self, session: _ember.Session) -> None:
        self._idle_sessions.append(session)

    def _undecoded(self, args: tuple[Any, ...]) -> Any:
        """The reply of a command as bytes, whatever this handle makes of strings."""
        if not self.decode_responses:
            return self._session.execute(args)
        return self._new_session(self._session.db, decode=False).execute(args)

    def set_response_callback(self, command: str, callback: Callable[..., Any]) -> None:
        """Have `callback(reply, **options)` make the result of `command` in this handle."""
        self.response_callbacks.replace(command, callback)
        self._set_compiled_methods_aside()

    def _set_compiled_methods_aside(self) -> None:
        # They make their results without asking for a callback.
        self._own_callbacks = True
        for name in compiled_methods(_ember.Client):
            setattr(self, name, getattr(Commands, name).__get__(self))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        keep_overrides(cls, _ember.Client, "execute_command")
        super().__init_subclass__(**kwargs)

    def register_script(self, script: str | bytes, *, rollback: bool = False) -> Script:
        """A Lua script as a function: ``double = db.register_script("return ARGV[1] * 2")``.

        ``double(keys=[...], args=[...])`` runs it as one command; see `Script`. With `rollback` an
        error in it undoes what it changed.
        """
        from .script import Script

        return Script(self, script, rollback)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline[T]:
        """A pipeline: commands queued by their methods, and run by its `execute`.

        With `transaction` they run as one MULTI/EXEC: nobody sees only some of them.
        `shard_hint` is accepted and means nothing.
        """
        return Pipeline(self, transaction, shard_hint)

    def pubsub(self, **kwargs: Any) -> PubSub:
        """A `PubSub`: listens to channels of this store. The arguments are `PubSub`'s."""
        from .pubsub import PubSub

        return PubSub(self, **kwargs)

    def keyspace_notifications(
        self, key_prefix: str | bytes | None = None, ignore_subscribe_messages: bool = True
    ) -> Any:
        """redis-py's `KeyspaceNotifications` on this store, which needs redis-py installed.

        Events of keys are told as far as ``config_set("notify-keyspace-events", ...)`` says.
        """
        from redis.keyspace_notifications import KeyspaceNotifications

        return KeyspaceNotifications(
            self,  # type: ignore[arg-type]
            key_prefix=key_prefix,
            ignore_subscribe_messages=ignore_subscribe_messages,
        )

    def monitor(self) -> Monitor:
        """A `Monitor`: tells, in a ``with`` block, every command that anybody runs. MONITOR."""
        from .monitor import Monitor

        return Monitor(self)

    def _session_for_messages(self, codec: tuple[str, str], decode: bool) -> _ember.Listener:
        listener = _ember.Listener(self._store, self._session.db, codec, decode)
        listener.become(self._session)
        return listener

    if TYPE_CHECKING:

        @overload
        def transaction(self) -> Transaction[T]: ...

        @overload
        def transaction(
            self,
            func: Callable[[Pipeline[T]], Any],
            *watches: Any,
            shard_hint: str | None = None,
            value_from_callable: bool = False,
            watch_delay: float | None = None,
        ) -> Any: ...

    def transaction(
        self,
        func: Callable[[Pipeline[T]], Any] | None = None,
        *watches: Any,
        shard_hint: str | None = None,
        value_from_callable: bool = False,
        watch_delay: float | None = None,
    ) -> Any:
        """A block that is undone when it raises, or a function run as a transaction.

        ``with db.transaction():`` runs its calls at once, as always, and takes back every
        change they made if the block ends in an exception, `select` too. Blocks nest: an inner
        one that raises is undone by itself. The thread holds the store's lock while the block
        is open, so everybody else waits: keep it short, and wait for nothing in it.

        ``db.transaction(func, *watches)`` is redis-py's: watch the keys, call
        ``func(pipeline)``, execute, and do it again as long as a watched key changed
        meanwhile, after `watch_delay` seconds. Gives what `execute` gave, or with
        `value_from_callable` what `func` gave.
        """
        if func is None:
            return Transaction(self, self._session)
        with self.pipeline(True, shard_hint) as pipe:
            while True:
                try:
                    if watches:
                        pipe.watch(*watches)
                    value = func(pipe)
                    results = pipe.execute()
                    return value if value_from_callable else results
                except WatchError:
                    if watch_delay is not None and watch_delay > 0:
                        import time

                        time.sleep(watch_delay)

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
        """A lock that threads and processes share, held in the key `name`; see `Lock`.

        `lock_class` is used in place of `Lock`.
        """
        if lock_class is None:
            from .lock import Lock

            lock_class = Lock
        return lock_class(
            self,
            name,
            timeout=timeout,
            sleep=sleep,
            blocking=blocking,
            blocking_timeout=blocking_timeout,
            thread_local=thread_local,
            raise_on_release_error=raise_on_release_error,
        )

    def save(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        compress: bool = True,
        progress: Callable[[int], object] | None = None,
        **kwargs: Any,
    ) -> bool:
        """Write the whole store as it is at this moment to an RDB file. True.

        Real servers read it, and `emberkv.load`. Others go on writing meanwhile; the file appears
        under its name when all of it is on disk. Without `compress` long strings stay as they are.
        `progress` is called now and then with the number of keys written. Without `file`: SAVE,
        which writes the store's own file and holds the store meanwhile. O(bytes).
        """
        if file is None:
            return self.execute_command("SAVE", **kwargs)
        _ember.ask_rules(self._session, b"save")
        _ember.save_rdb(self._store, file, compress=compress, progress=progress)
        return True

    def fork(self: Self) -> Self:
        """An independent handle on a copy of this private store, made at once.

        Nothing is walked: the copy shares memory with the original until either writes.
        """
        twin = self.__class__.__new__(self.__class__)
        twin._attach(
            self._store.fork(),
            self._session.db,
            self.decode_responses,
            self.encoding,
            self.encoding_errors,
        )
        twin._session.become(self._session)
        twin._login = self._login
        if self._own_callbacks:
            twin.response_callbacks = Callbacks(self.response_callbacks)
            twin._set_compiled_methods_aside()
        return twin

    def close(self) -> None:
        """Let go of the store. What is private is gone; closing again does nothing."""
        store = getattr(self, "_store", None)
        if store is None:
            return
        self._idle_sessions.clear()
        if self._shares_store:
            # Others in this process may have it by the same URL.
            self._session.end()
            self._store = self._session.store
        else:
            store.close()

    @property
    def closed(self) -> bool:
        """Whether the handle was closed."""
        return self._store.closed

    @property
    def path(self) -> str | None:
        """Where the store is, None if it is private."""
        return self._store.path

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:
            # While the interpreter shuts down anything may already be gone.
            pass

    def __reduce__(self) -> Any:
        """A handle on a path can be sent to another process, which opens the path for itself."""
        if self.path is None:
            raise TypeError("a private store cannot be sent to another process: open a path")
        options = {
            "decode_responses": self.decode_responses,
            "db": self._session.db,
            "encoding": self.encoding,
            "encoding_errors": self.encoding_errors,
            "username": self._login[0],
            "password": self._login[1],
        }
        return _open_again, (type(self), self._store.absolute, options)

    def __repr__(self) -> str:
        store = getattr(self, "_store", None)
        if store is None:
            state = "not open"
        elif store.closed:
            state = "closed"
        else:
            state = f"{store.path or 'in memory'} db={self._session.db}"
        return f"<{type(self).__module__}.{type(self).__qualname__}({state})>"


def _open_again(kind: type[Ember[Any]], path: str, options: dict[str, Any]) -> Ember[Any]:
    return kind(path, **options)


if TYPE_CHECKING:
    open = Ember
else:

    def open(  # noqa: A001 - emberkv.open() reads as what it is
        path: str | os.PathLike[str] | None = None,
        *,
        decode_responses: bool = False,
        db: int = 0,
        databases: int = 16,
        max_bytes: int | str | None = None,
        clock: _ember.Clock | None = None,
        keep: bool = False,
        snapshot: Source | None = None,
        durable: bool = True,
        appendfsync: AppendFsync = "everysec",
        progress: Callable[[int, int], object] | None = None,
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        username: str | None = None,
        password: str | None = None,
        **settings: Any,
    ) -> Ember[Any]:
        """Open the store at `path`, or a private one in memory. The arguments are `Ember`'s."""
        return Ember(
            path,
            decode_responses=decode_responses,
            db=db,
            databases=databases,
            max_bytes=max_bytes,
            clock=clock,
            keep=keep,
            snapshot=snapshot,
            durable=durable,
            appendfsync=appendfsync,
            progress=progress,
            encoding=encoding,
            encoding_errors=encoding_errors,
            username=username,
            password=password,
            **settings,
        )
