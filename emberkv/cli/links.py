"""Where commands go: a store in this process, or a server through redis-py's connections.

Both speak RESP, so everything above this module is the same for both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .resp import Reader, Reply, command_bytes

if TYPE_CHECKING:
    import emberkv

LISTENING = {b"subscribe", b"psubscribe", b"ssubscribe", b"monitor"}
SERVER_SCHEMES = ("redis", "rediss", "unix")


class LinkError(Exception):
    """A store that cannot be opened, a server that cannot be reached; the text is for the user."""


class Target:
    """What the user named: a path, a store in memory, or a server, and how to talk to it."""

    def __init__(
        self,
        name: str | None = None,
        *,
        username: str | None = None,
        password: str | None = None,
        db: int = 0,
        protocol: int = 2,
        tls: dict[str, Any] | None = None,
        keep: bool = False,
    ) -> None:
        self.name = name
        self.username = username
        self.password = password
        self.db = db
        self.protocol = protocol
        self.tls = tls or {}
        self.keep = keep
        self.path: str | None = None
        scheme, colon, rest = (name or "").partition(":")
        self.is_server = bool(colon) and scheme.lower() in SERVER_SCHEMES
        if self.is_server or name is None:
            return
        if colon and scheme.lower() == "ember":
            self._read_url(name)
        elif colon and rest.startswith("//"):
            raise LinkError(
                f"{name}: a URL begins with ember://, redis://, rediss:// or unix://, "
                "and what has no scheme is a path"
            )
        else:
            self.path = name

    def _read_url(self, url: str) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        try:
            self.db = int(options.get("db", self.db))
            if parts.netloc and parts.path.strip("/"):
                self.db = int(parts.path.strip("/"))
        except ValueError:
            raise LinkError(f"{url}: a path follows three slashes, ember:///{parts.path}") from None
        if not parts.netloc and parts.path.strip("/"):
            self.path = unquote(parts.path)

    @property
    def in_memory(self) -> bool:
        return self.path is None and not self.is_server

    def __str__(self) -> str:
        """As it stands in a prompt."""
        if self.in_memory:
            return "ember"
        if self.path is not None:
            return os.path.basename(self.path.rstrip("/")) or self.path
        return self.address

    @property
    def address(self) -> str:
        """Host and port, or the socket, of a server."""
        parts = urlsplit(self.name or "")
        if parts.scheme.lower() == "unix":
            return unquote(parts.path)
        host = parts.hostname or "localhost"
        return f"{f'[{host}]' if ':' in host else host}:{parts.port or 6379}"

    def open(self) -> Link:
        """A link that is ready for commands. LinkError if there is none to be had."""
        return ServerLink(self) if self.is_server else StoreLink(self)

    @property
    def has_memory(self) -> bool:
        """Whether the store at the path is in memory: somebody has it open, or left it there."""
        return self.path is not None and os.path.exists(os.path.join(self.path, "arena"))

    @property
    def has_files(self) -> bool:
        """Whether the store at the path is on disk, where opening finds it."""
        names = ("appendonlydir", "dump.rdb")
        return self.path is not None and any(
            os.path.exists(os.path.join(self.path, name)) for name in names
        )

    def must_exist(self) -> None:
        """LinkError if the path is that of no store: who only looks makes none."""
        if self.path is not None and not self.has_memory and not self.has_files:
            try:
                os.stat(os.path.join(self.path, "arena"))
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError as error:  # who may not look knows of no store, nor of none
                raise LinkError(f"Could not open {self.path}: {error.strerror}") from None
            raise LinkError(
                f"No store at {self.path}: nobody has it open, "
                "nothing is left in memory or on disk."
            )

    def open_store(self) -> emberkv.Ember[bytes]:
        """The store, when it is one that this process can open.

        A visitor takes nothing away: what was left without a process stays when we go.
        """
        import emberkv

        from .scans import LoadingBar

        found = self.has_memory
        bar = LoadingBar()
        try:
            db = emberkv.open(self.path, keep=found or self.keep, progress=bar)
            if found and not self.keep and len(db._store.processes()) > 1:
                # Others have it open, and may leave before we do: then we are the last.
                with db:
                    db = emberkv.open(self.path)
            return db
        except (emberkv.RedisError, OSError) as error:
            raise LinkError(f"Could not open {self.path}: {error}") from None
        finally:
            bar.end()


class Link:
    """A conversation: commands one way, replies in their order and pushes the other."""

    target: Target
    protocol = 2

    def send(self, commands: Iterable[Sequence[bytes]]) -> None:
        """Send commands; each has its reply to be read."""
        raise NotImplementedError

    def send_bytes(self, data: bytes) -> None:
        """Send what is already RESP, or inline commands."""
        raise NotImplementedError

    def read(self) -> Reply:
        """The next reply or push, waited for."""
        raise NotImplementedError

    def fileno(self) -> int | None:
        """A descriptor that becomes readable with something to read, if there is one."""
        return None

    def break_off(self) -> bool:
        """Forget the conversation and what is subscribed to. False: by closing the link."""
        self.close()
        return False

    def close(self) -> None:
        raise NotImplementedError

    def execute(self, *args: bytes | str | int) -> Reply:
        """Run one command. Pushes that come before its reply are left out."""
        words = [word if isinstance(word, bytes) else str(word).encode() for word in args]
        return self.execute_many([words])[0]

    def execute_many(self, commands: Sequence[Sequence[bytes]]) -> list[Reply]:
        """Run commands at one go, and give their replies."""
        self.send(commands)
        replies: list[Reply] = []
        while len(replies) < len(commands):
            reply = self.read()
            if reply.kind != "push":
                replies.append(reply)
        return replies

    def begin(self) -> list[str]:
        """Sign in, select the database, agree on the protocol. Gives what went wrong."""
        problems = []
        if self.target.password is not None:
            user = [] if self.target.username is None else [self.target.username]
            reply = self.execute("AUTH", *user, self.target.password)
            if reply.is_error:
                problems.append(f"AUTH failed: {reply.text}")
        if self.target.db:
            reply = self.execute("SELECT", self.target.db)
            if reply.is_error:
                problems.append(f"SELECT {self.target.db} failed: {reply.text}")
        if self.target.protocol == 3:
            reply = self.execute("HELLO", 3)
            if reply.is_error:
                problems.append(f"HELLO 3 failed: {reply.text}")
            else:
                self.protocol = 3
        return problems


class StoreLink(Link):
    """Commands run in this process, by a session that answers in RESP."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._db = target.open_store()
        self._converse(0)

    @property
    def db(self) -> emberkv.Ember[bytes]:
        """The store that it opened."""
        return self._db

    def _converse(self, db: int) -> None:
        from .._core._ember import Listener

        self._session = Listener(self._db._store, db)
        self._reader = Reader(self._receive)
        self._replies: list[bytes] = []
        self._listens = False

    def break_off(self) -> bool:
        # The store stays open: one in memory would be gone.
        db = self._session.db
        self._session.end()
        self._converse(db)
        return True

    def _receive(self) -> bytes:
        """Replies that are there; when all were read, messages, which are waited for."""
        if not self._replies and self._listens:
            while not self._session.waiting():
                if self._session.cut_off():
                    raise ConnectionError("Server closed the connection")
                self._session.wait()
            return self._session.take_resp(self.protocol)
        data = b"".join(self._replies)
        self._replies.clear()
        return data

    def send(self, commands: Iterable[Sequence[bytes]]) -> None:
        for command in commands:
            answer = self._session.resp(command, self.protocol)
            self._replies.append(answer)
            name = command[0].lower()
            if name == b"hello" and answer[:1] in b"%*" and len(command) > 1:
                self.protocol = int(command[1])
            elif name == b"reset":
                self.protocol = 2
            elif name in LISTENING:
                self._listens = True

    def send_bytes(self, data: bytes) -> None:
        raise NotImplementedError("bytes of the protocol go to a server")

    def read(self) -> Reply:
        return self._reader.read()

    def close(self) -> None:
        self._db.close()


def _named(connection: Any, name: str) -> Callable[[Any], Any]:
    """redis-py's greeting by TLS, with a name that is not the address."""
    wrap = connection._wrap_socket_with_ssl

    def greet(sock: Any) -> Any:
        connection.host = name
        return wrap(sock)

    return greet


class ServerLink(Link):
    """A connection of redis-py's, of which only the socket is used: it knows addresses and TLS."""

    def __init__(self, target: Target) -> None:
        try:
            import redis
        except ImportError:
            raise LinkError(
                "Talking to a server needs redis-py: install it with  pip install 'emberkv[redis]'"
            ) from None
        self.target = target
        url = target.name or ""
        try:
            pool = redis.ConnectionPool.from_url(url)
            kwargs = dict(pool.connection_kwargs)
        except ValueError as error:
            raise LinkError(f"{url}: {error}") from None
        # Signing in is part of the conversation, so that it can go wrong as redis-cli has it.
        target.username = kwargs.pop("username", None) or target.username
        password = kwargs.pop("password", None)
        target.password = target.password if password is None else password
        target.db = int(kwargs.pop("db", 0) or 0) or target.db
        kwargs.update(target.tls)
        sni = kwargs.pop("sni", None)
        connection: Any = pool.connection_class(**kwargs)
        if sni is not None:
            connection._wrap_socket_with_ssl = _named(connection, sni)
        try:
            self._socket = connection._connect()  # without redis-py's greeting: ours follows
        except (redis.RedisError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LinkError(f"Could not connect to Redis at {target.address}: {reason}") from None
        self._socket.settimeout(None)
        self._reader = Reader(lambda: self._socket.recv(1 << 16))

    def send(self, commands: Iterable[Sequence[bytes]]) -> None:
        commands = list(commands)
        self.send_bytes(b"".join(map(command_bytes, commands)))

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self) -> Reply:
        return self._reader.read()

    def fileno(self) -> int | None:
        return int(self._socket.fileno())

    def close(self) -> None:
        self._socket.close()
