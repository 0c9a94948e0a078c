"""`serve`: let clients of Redis, in any language, into a store.

A server speaks RESP2 and RESP3 on TCP and Unix sockets. It is one more user of the store: whoever
else has it open, in this process or another, sees the same keys at the same time. It runs in a
thread of its own that does not need the interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import struct

from ._core import _ember
from .client import Ember
from .settings import load_setting, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

__all__ = ["Server", "run", "serve"]

_running: set[Server] = set()
NOTICE, WARNING = 2, 3  # levels of the log


class Server:
    """A running server. It ends by `stop`, by a client's SHUTDOWN, when its store is closed, or
    with the process; as a context manager, at the end of the block.
    """

    def __init__(self, db: Ember[Any], owns_db: bool, core: Any, host: str, unixsocket: str | None):
        self.db = db
        self.host = host
        self.unixsocket = unixsocket
        self._owns_db = owns_db
        self._core = core
        self._pid = os.getpid()

    @property
    def port(self) -> int | None:
        """The TCP port it listens on, or None."""
        port: int = self._core.port
        return port if port >= 0 else None

    @property
    def tls_port(self) -> int | None:
        """The TCP port it listens on for TLS, or None."""
        port: int = self._core.tls_port
        return port if port >= 0 else None

    def is_alive(self) -> bool:
        """Whether it serves."""
        return self._pid == os.getpid() and not self._core.wait(0)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most `timeout` seconds. True: it has."""
        ended: bool = self._core.wait(-1 if timeout is None else max(0, int(timeout * 1000)))
        if ended:
            self._let_go()
        return ended

    def stop(self) -> None:
        """End it: commands that run are finished, connections closed. Again: nothing happens."""
        self._core.stop()
        self.join()

    def _let_go(self) -> None:
        _running.discard(self)
        if self._owns_db:
            self._owns_db = False
            self.db.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = [f"port={self.port}"] if self.port else []
        if self.tls_port:
            where.append(f"tls_port={self.tls_port}")
        if self.unixsocket:
            where.append(f"unixsocket={self.unixsocket!r}")
        return f"<emberkv.Server {' '.join(where)}>"


@atexit.register
def _stop_all() -> None:
    for server in list(_running):
        server.stop()


def _forget() -> None:
    _running.clear()  # they serve in the parent


os.register_at_fork(after_in_child=_forget)


def _octal(mode: int | str | None) -> int:
    try:
        bits = int(mode, 8) if isinstance(mode, str) else mode or 0
    except ValueError:
        bits = -1
    if not 0 <= bits <= 0o777:
        raise ValueError(f"unixsocketperm: {mode!r} is no mode in octal digits, such as 700")
    return bits


def _try_logfile(path: Any) -> None:
    """A log that cannot be written is told before there is anything to log."""
    try:
        with open(path, "ab"):
            pass
    except OSError as error:
        why = f"Can't open the log file: {error.strerror}"
        raise OSError(error.errno, why, os.fsdecode(path)) from None


def _make_users(store: _ember.Store, users: list[list[str]], aclfile: Any) -> None:
    session = _ember.Session(store)
    session.trust()  # the user default may be one of them, and may do nothing from then on
    for name, *rules in users:
        anew = ["reset"] if session.execute(("ACL", "GETUSER", name)) else []
        session.execute(("ACL", "SETUSER", name, *anew, *rules))
    if aclfile:
        session.execute(("ACL", "LOAD"))


def _hello(store: Ember[Any]) -> str:
    from . import __version__

    bits = 8 * struct.calcsize("P")
    where = os.path.abspath(store.path) if store.path else "a store in memory"
    return f"emberkv version={__version__}, bits={bits}, pid={os.getpid()}, serves {where}"


def serve(
    db: Ember[Any] | str | os.PathLike[str] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    unixsocket: str | os.PathLike[str] | None = None,
    unixsocketperm: int | str | None = None,
    tls_port: int | None = None,
    databases: int = 16,
    keep: bool = False,
    log_to_stdout: bool = False,
    users: list[list[str]] | None = None,
    config_file: str | os.PathLike[str] | None = None,
    durable: bool = True,
    progress: Callable[[int, int], object] | None = None,
    **settings: Any,
) -> Server:
    """Start a server on a store: an open `Ember`, a path, or None for a new private one.

    It listens on `port` of each address in `host` (separated by spaces; "*": all), or on any free
    port when that is 0 or nothing else is asked for; for TLS on `tls_port`; on a Unix socket
    `unixsocket`, whose mode is `unixsocketperm` (octal, as in "700"). Other keywords are settings
    by their names in redis.conf: ``requirepass="secret"``, ``maxclients=100``, ``timeout=60``.
    `users` are made before anybody can connect: lists of a name and rules, as for ACL SETUSER;
    those of an `aclfile` are loaded. ``rename_command={"FLUSHALL": "", "CONFIG": "settings"}`` has
    clients call commands by other names, or not at all. `config_file` is what CONFIG REWRITE
    writes. `databases`, `keep` and `durable` (or the setting `appendonly`) and `progress` are those
    of a store that is opened for it. Its log goes to the file `logfile`, or to stdout if
    `log_to_stdout` says so; `loglevel` is debug, verbose, notice or warning. Returns when clients
    can connect.
    """
    if port is None:
        port = 0 if unixsocket is None and tls_port is None else -1
    path = None if unixsocket is None else os.fspath(unixsocket)
    mode = _octal(unixsocketperm)
    if settings.get("logfile"):
        _try_logfile(settings["logfile"])
    owns_db = not isinstance(db, Ember)
    if owns_db and db is None:  # there is no file to begin with
        settings.pop("appendonly", None)
    options: dict[str, Any] = {"databases": databases, "keep": keep, "durable": durable}
    if progress is not None:
        options["progress"] = progress
    for name in ("appendonly", "appendfsync"):
        if owns_db and name in settings:
            options[name] = text_of(settings.pop(name))
    store = db if isinstance(db, Ember) else Ember(db, **options)
    try:
        if owns_db and db is None:
            _ember.allow_log(store._store)
        backlog = int(settings.get("tcp_backlog", 511))
        for name, value in settings.items():
            load_setting(store._store, name, value)
        _make_users(store._store, users or [], settings.get("aclfile"))
        if config_file is not None:
            _ember.set_config_file(store._store, os.fsencode(os.path.abspath(config_file)))
        if log_to_stdout:
            _ember.log_to_stdout(store._store)
        _ember.log(store._store, WARNING, _hello(store))
        if port < 0 and path is None and (tls_port is None or tls_port < 0):
            raise ValueError("Configured to not listen anywhere, exiting.")
        core = _ember.ServerCore(
            store._store,
            host,
            port,
            -1 if tls_port is None else tls_port,
            path,
            mode,
            backlog,
        )
        listens = {"bind": host, "port": max(core.port, 0), "tls-port": max(core.tls_port, 0)}
        if path is not None:
            listens |= {"unixsocket": path, "unixsocketperm": f"{mode:o}"}
        for name, value in listens.items():
            _ember.load_setting(store._store, name, str(value))
        core.start()
    except BaseException as error:
        if "logfile" in settings:
            _ember.log(store._store, WARNING, f"Failed to start: {error}")
        if owns_db:
            store.close()
        raise
    server = Server(store, owns_db, core, host, path)
    _running.add(server)
    return server


def _write_pid(pidfile: str, server: Server) -> None:
    """Who cannot write it serves all the same, as redis-server does."""
    try:
        with open(pidfile, "w") as f:
            f.write(f"{os.getpid()}\n")
    except OSError as error:
        _ember.log(server.db._store, WARNING, f"Failed to write PID file: {error.strerror}")


def run(
    path: str | os.PathLike[str] | None = None,
    *,
    config: dict[str, Any] | None = None,
    pidfile: str | None = None,
    metrics_port: int | None = None,
    started: Callable[[Server], object] | None = None,
    **options: Any,
) -> int:
    """Serve `path` until SHUTDOWN, SIGTERM or SIGINT: what `emberkv serve` does. Gives the exit
    code. Options are those of `serve`, with the log on stdout; a `port` of 0 means no TCP, as it
    does to Redis; `config` holds further settings by their names; on `metrics_port` Prometheus is
    answered (`emberkv.metrics`); `started` is called when clients
    can connect.
    """
    import signal

    from .supervise import supervisor, tell

    options = {"port": 6379, "log_to_stdout": True, **options, **(config or {})}
    for name in ("port", "tls_port"):
        if name in options and int(options[name]) == 0:
            options[name] = -1
    servers: list[Server] = []
    exporters: list[Any] = []
    asked: list[int] = []
    systemd = supervisor(options)

    def end(number: int, frame: Any) -> None:
        asked.append(number)
        for server in servers:
            name = signal.Signals(number).name
            _ember.log(server.db._store, WARNING, f"Received {name} scheduling shutdown...")
            server._core.stop()

    before = {s: signal.signal(s, end) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        if metrics_port is not None:
            from .metrics import Exporter

            exporters.append(Exporter(None, metrics_port))
        tell(systemd, "STATUS=emberkv is loading...")
        servers.append(serve(path, **options))
        if asked:
            servers[0].stop()
        for exporter in exporters:
            servers[0].db._session.trust()  # the figures are told, whatever the user default may do
            exporter.export(servers[0].db)
        if pidfile:
            _write_pid(pidfile, servers[0])
        tell(systemd, "STATUS=Ready to accept connections", "READY=1")
        if started is not None:
            started(servers[0])
        servers[0].join()
    finally:
        tell(systemd, "STOPPING=1")
        for exporter in exporters:
            exporter.close()
        if pidfile:
            with contextlib.suppress(OSError):
                os.unlink(pidfile)
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0
