"""Types of the compiled core.

The compiled methods of `Client` and `Queue` are left out: those of `emberkv._commands`, which
they stand in for, have the types.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, final

from ..responses import Callbacks

def parse_manifest(text: bytes) -> list[tuple[str, int, str]]:
    """The files that a manifest lists: (name, number, "b", "i" or "h")."""

def check_log(fd: int, into: Store | None = None) -> dict[str, Any]:
    """Read an append-only file and say how far it is whole."""

def memory_of(dir_fd: int) -> str | None:
    """The memory of the store in a directory, of which a lock is held: "left", "open" or None."""

def command_syntax(name: str) -> str: ...

class Clock:
    """A clock that stands still until it is set: `open(clock=...)` makes a store live by it.

    It begins at `now_ms`, milliseconds of Unix time, or at the present.
    """

    def __init__(self, now_ms: int | None = None) -> None: ...
    @property
    def now_ms(self) -> int:
        """The time in milliseconds since 1970, UTC."""

    @now_ms.setter
    def now_ms(self, value: int) -> None: ...
    def advance(self, seconds: float) -> None:
        """Let `seconds` (int or float) pass."""

class Store:
    """One process's handle on a store: private in memory (path None), or that of a path."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        databases: int = 16,
        max_bytes: int | str | None = None,
        clock: Clock | None = None,
        keep: bool = False,
        durable: bool = True,
        appendonly: bool = True,
        appendfsync: str = "everysec",
        progress: Callable[[int, int], object] | None = None,
    ) -> None: ...
    @property
    def path(self) -> str | None: ...
    @property
    def absolute(self) -> str | None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def blocked_clients(self) -> int: ...
    @property
    def recovered(self) -> int:
        """How often this handle undid what a dead process had left half done."""

    @property
    def writing(self) -> bool:
        """Whether somebody, in whatever process, is in the middle of a change at this moment."""

    def disk_faults(
        self, n: int = 0, kind: str = "fails", error: int = 5, on: bool = False
    ) -> bool:
        """Have the n-th step on disk from now go wrong; see the implementation. For tests."""

    @property
    def disk_steps(self) -> int:
        """How many steps on disk this process has taken; counted in the check build only."""

    def flush_log(self, sync: bool = True) -> None:
        """Write what was committed to the append-only file, and sync it."""

    @property
    def log_positions(self) -> tuple[int, int, int]:
        """How far the store is committed, written and synced, in bytes since it was made."""

    def close(self) -> None:
        """Let go of the store; what is private is gone. Closing again does nothing."""

    def fork(self) -> Store:
        """An independent copy of a private store, at once."""

    def stats(self) -> dict[str, int]:
        """Figures of the arena, in bytes unless said otherwise."""

    def processes(self) -> list[tuple[int, int]]:
        """Who has the store open: (process id, since when in milliseconds of Unix time) a handle.

        Each handle of a process is one; a private store has none to tell of.
        """

    def check(self) -> bool:
        """Walk every structure; True when all is sound. For tests: O(everything)."""

    def faults(
        self, fail_alloc_in: int = 0, die_at_touch_in: int = 0, forget_touch_in: int = 0
    ) -> bool:
        """Have the n-th allocation fail, journal write kill the process, or change go unannounced.

        0 calls it off. False: this build cannot; only the check build can.
        """

class Session:
    """What one connection to a server would be: a database, a protocol, a MULTI, watches."""

    def __init__(
        self,
        store: Store,
        db: int = 0,
        codec: tuple[str, str] = ("utf-8", "strict"),
        decode: bool = False,
    ) -> None: ...
    @property
    def store(self) -> Store: ...
    @property
    def db(self) -> int:
        """The number of the database it works in."""

    def trust(self) -> None:
        """Ask it for no rules from now on: what it does, the store's owner does."""

    def become(self, like: Session) -> None:
        """Be the user that `like`, of the same store, is logged in as."""

    def end(self) -> None:
        """Let go of the store, which may go on for others: every use raises from now on."""

    def close(self) -> None:
        """Let go of watches and of a transaction that was begun; the session stays usable."""

    def execute(self, args: Sequence[Any]) -> Any:
        """Run one command: its name and arguments. Gives its reply."""

    def execute_many(self, commands: Iterable[Sequence[Any]]) -> list[Any]:
        """Run commands one after another; an error reply is an exception in the list."""

    def resp(self, args: Sequence[Any], protocol: int) -> bytes:
        """Run one command and give the bytes that a server would send by RESP 2 or 3."""

    def begin(self) -> Block:
        """Begin a block. Gives what ends it."""

    def commit(self, block: Block) -> None:
        """End it and keep its changes."""

    def rollback(self, block: Block) -> None:
        """End it and undo its changes."""

class Block:
    """What the ``with`` statement enters and leaves. The same one may be entered within itself."""

    def __init__(self, db: Any, session: Session) -> None: ...
    def __enter__(self) -> Any: ...
    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None: ...

class Listener(Session):
    """A session whose messages are taken out one batch after another: what a PubSub listens with.

    One thread at a time may `wait`, while others run commands and `wake` it.
    """

    def execute_all(self, args: Sequence[Any]) -> list[Any]:
        """Run one command. Gives all values of its reply, behind the messages that came before."""

    def take(self) -> list[Any]:
        """The messages that have come, about a mebibyte of them at most; each is a list."""

    def take_resp(self, protocol: int) -> bytes:
        """The same as the bytes that a server would send by RESP 2 or 3."""

    def waiting(self) -> bool:
        """Whether there is something to take."""

    def cut_off(self) -> int:
        """1 if this is not the process that subscribed, 2 if the store has cut it off, else 0."""

    def wait(self, timeout: float | None = None) -> None:
        """Sleep until there may be something to take, at most `timeout` seconds."""

    def wake(self) -> None:
        """Have a thread that waits, or is about to, look again."""

class Client:
    """The base of `Ember`: one session, and the compiled methods on it."""

    # Makes results of replies, by the command's name; None for what is left as it is.
    response_callbacks: Callbacks

    def __init__(self, session: Session) -> None: ...
    @property
    def _session(self) -> Session: ...
    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run any command: ``execute_command("LPUSH", "key", 1, 2)``.

        Gives what the command's method gives: `options` are those that the method would pass
        on to turn the reply into its result.
        """

class Queue:
    """The base of `Pipeline`: the queue, and the compiled methods that add to it."""

    command_stack: list[tuple[tuple[Any, ...], dict[str, Any]]]
    watching: bool
    explicit_transaction: bool

def pipeline_results(
    replies: list[Any],
    commands: list[tuple[tuple[Any, ...], dict[str, Any]]],
    callbacks: Mapping[Any, Callable[..., Any] | None],
    ok_callbacks: Collection[Callable[..., Any]],
) -> list[Any]:
    """Results of `replies`, an exception as it is, by the callbacks of the commands' names."""

UNUSUAL: Any

class Waker:
    """What wires sleep on, with a descriptor that is readable when something is due.

    Several wires of a store may share one, if whoever it wakes looks at all of them.
    """

    def __init__(self, store: Store) -> None: ...
    def fileno(self) -> int:
        """The descriptor."""

    def clear(self) -> None:
        """Sleep again; look at what is due after this."""

class Wire:
    """The end of a redis-py connection in this process: a session, and replies not yet read."""

    def __init__(
        self,
        store: Store,
        error_for: Callable[[str], Exception],
        errors: Any,
        codec: tuple[str, str] = ("utf-8", "strict"),
        decode: bool = False,
        db: int = 0,
        resp: int = 2,
        waker_of: Callable[[Store], Waker] | None = None,
    ) -> None: ...
    def become(self, like: Wire | Session) -> None:
        """Be the user that `like`, of the same store, is logged in as."""

    @property
    def store(self) -> Store: ...
    @property
    def closed(self) -> bool: ...
    @property
    def db(self) -> int:
        """The number of the database it works in."""

    @property
    def client_id(self) -> int:
        """What CLIENT ID says."""

    @property
    def killed(self) -> bool:
        """Whether the store has cut it off: CLIENT KILL, or more waited for it than may."""

    @property
    def resp(self) -> int:
        """The protocol whose shapes replies have: 2, or 3 after HELLO 3."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may have the store."""

    @property
    def until(self) -> float | None:
        """Seconds until the command that waits gives up; None: none waits, or it never does."""

    def send(self, args: tuple[Any, ...]) -> None:
        """Run a command; its reply waits to be read."""

    def try_send(self, args: tuple[Any, ...]) -> bool:
        """`send`, but False if it would have to wait for the store's lock."""

    def may_wait(self, args: tuple[Any, ...]) -> bool:
        """Whether it is a command that may wait for others."""

    def read(self, raw: bool = False) -> Any:
        """The next reply. UNUSUAL: there is none yet, or `take_odd` gives an error or a push."""

    def take_odd(self) -> Any:
        """What `read` had UNUSUAL stand for: an exception, a push (a list), None for nothing."""

    def ready(self) -> bool:
        """Whether something can be read at once."""

    def due(self) -> bool:
        """Whether to look, by `ready` or `read`, is worth while. Takes no lock."""

    def idle(self) -> bool:
        """Whether it is open, and nothing can be read."""

    def wait(self, timeout: float | None) -> bool:
        """Wait until something can be read, `timeout` seconds or without end; whether it can."""

    def lock_held(self) -> bool:
        """Whether somebody else has the store's lock."""

    def lock_free(self) -> None:
        """Wait until nobody else has the store's lock."""

    def use_waker(self, waker: Waker) -> None:
        """Sleep on this one from now on."""

    def fileno(self) -> int:
        """A descriptor that can be read while a reply or a message is due, and at time-outs."""

    def close(self) -> None:
        """Let go of what the session watches, waits for and is subscribed to."""

    def shutdown(self, how: int = 0) -> None: ...
    def settimeout(self, timeout: float | None) -> None: ...
    def gettimeout(self) -> None: ...

def check_commands(commands: Iterable[tuple[Any, ...]], encoding: str, error_class: type) -> None:
    """Raise `error_class` if an argument of the commands cannot be sent."""

def ask_rules(session: Session, name: bytes) -> None:
    """NoPermissionError if the session's user may not run the command `name`, of which no argument
    matters: for what does the same in another way."""

def save_rdb(
    store: Store,
    path: str | os.PathLike[str],
    *,
    compress: bool = True,
    checksum: bool = True,
    progress: Callable[[int], object] | None = None,
    every_ms: int = 100,
) -> dict[str, int]:
    """Write the store as it is at this moment to an RDB file, while others go on writing.

    The file appears under its name when all of it is on disk. `progress` is called every so many
    milliseconds, at a write, with the number of keys written. Gives a dict: keys, bytes, version.
    """

def load_rdb(
    store: Store,
    fd: int,
    name: str,
    *,
    progress: Callable[[int], object] | None = None,
    every_ms: int = 100,
) -> dict[str, Any]:
    """Read an RDB file from a descriptor into a store that nobody else has met yet.

    `name` is what errors call it. `progress` is called every so many milliseconds with the
    number of bytes read. Gives a dict: keys, expired (and left out), bytes, version, valkey.
    """

def is_setting(name: str) -> bool:
    """Whether there is a setting of that name."""

def why_not(store: Store, name: str, value: str) -> str | None:
    """What `load_setting` would say against a value, or None."""

def is_command(name: str) -> bool:
    """Whether there is a command of that name."""

def rename_command(store: Store, name: str, now: str) -> None:
    """Have clients of servers on this handle call a command by another name, or by none."""

def set_config_file(store: Store, path: bytes) -> None:
    """What CONFIG REWRITE writes to: bytes, absolute."""

def load_setting(store: Store, name: str, value: str) -> None:
    """Set a setting as it is set at the start of a server, immutable ones too."""

def allow_log(store: Store) -> None:
    """A private store may be told to keep an append-only file, in its setting `dir`."""

def log_to_stdout(store: Store) -> None:
    """Have the log on stdout while there is no logfile."""

def log(store: Store, level: int, text: str) -> None:
    """A line for the log: level 2 is a notice, 3 a warning."""

class ServerCore:
    def __init__(
        self,
        store: Store,
        bind: str,
        port: int,
        tls_port: int,
        unixsocket: str | None,
        unixsocketperm: int,
        backlog: int,
    ) -> None: ...
    @property
    def store(self) -> Store: ...
    @property
    def port(self) -> int: ...
    @property
    def tls_port(self) -> int: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def wait(self, timeout_ms: int) -> bool: ...

class Column:
    """Elements of one width in contiguous memory. `kind`: numpy's letter, one of S V i u f b."""

    def __init__(self, data: Any, kind: str, width: int, writable: bool = False) -> None: ...
    @property
    def count(self) -> int: ...

@final
class Tape:
    """A reply that has not become objects yet: rows of an array, of pairs, or of a map."""

    def value(self) -> Any:
        """The reply as objects; an error is raised."""

    def rows(self, columns: int) -> int:
        """How many rows there are; what is no array is raised, or TypeError."""

    def width(self, columns: int, column: int) -> int:
        """The length of the longest string in a column."""

    def read(
        self, columns: list[Column], present: bytearray | None = None, whole_rows: bool = False
    ) -> None:
        """Fill the columns; a null clears its element and the byte in `present`."""

def run_columns(session: Session, head: tuple[Any, ...], columns: list[Column]) -> Tape:
    """Run one command: `head`, then the columns row by row."""

def read_strings(session: Session, keys: Column, out: Column, present: bytearray) -> bool:
    """MGET straight into a column, without the lock; False: not so, or not all of one moment."""

def read_members(session: Session, name: Any, members: Column, out: Column) -> bool:
    """SMISMEMBER into bools, or ZMSCORE into doubles; False: as `read_strings`."""

def read_range(
    session: Session, name: Any, start: Any, end: Any, make: Callable[[int], Column]
) -> bool:
    """LRANGE straight into a column, without the lock; False: not so, or not all of one moment."""

def view_of(session: Session, key: Any) -> memoryview | None:
    """The string at `key` as a read-only memoryview, in place if it is long; None if missing."""
