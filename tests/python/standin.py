"""A stand-in for `emberkv._core._ember`: sessions that are connections to a real server.

It lets the Python API be tested where the core has not been built. Every store that is opened
is the same server, emptied.
"""

from __future__ import annotations

import threading

import redis
from redis.connection import UnixDomainSocketConnection

SOCKET: str | None = None


class Clock:
    def __init__(self, now_ms: int = 0) -> None:
        self.now_ms = now_ms

    def advance(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)


class Store:
    def __init__(self, path=None, *, databases=16, max_bytes=None, clock=None):
        self.path = path
        self.closed = False
        assert SOCKET is not None
        with redis.Redis(unix_socket_path=SOCKET) as server:
            server.flushall()

    def fork(self):
        raise NotImplementedError

    def close(self):
        self.closed = True


class Session:
    def __init__(self, store, db, codec, decode):
        self.store = store
        self.db = db
        self._codec = codec
        self._lock = threading.Lock()
        self._connection = UnixDomainSocketConnection(
            path=SOCKET,
            db=db,
            protocol=3,
            encoding=codec[0],
            encoding_errors=codec[1],
            decode_responses=decode,
        )

    def _check_open(self):
        if self.store.closed:
            from emberkv.exceptions import ConnectionError

            raise ConnectionError("the store is closed")

    def _send(self, args):
        self._check_open()
        try:
            self._connection.send_command(
                *(arg.encode(*self._codec) if isinstance(arg, str) else arg for arg in args)
            )
        except redis.exceptions.DataError as error:
            raise _data_error(error) from None

    def _receive(self):
        try:
            return _translate(self._connection.read_response())
        except redis.exceptions.RedisError as error:
            raise _translate(error) from None

    def execute(self, args):
        with self._lock:
            self._send(args)
            reply = self._receive()
        if args[0] == "SELECT":
            self.db = int(args[1])
        return reply

    def execute_many(self, commands):
        pack = self._connection.pack_commands
        try:
            pack(commands)
        except redis.exceptions.DataError as error:
            raise _data_error(error) from None
        replies = []
        for args in commands:
            try:
                replies.append(self.execute(args))
            except Exception as error:
                replies.append(error)
        return replies

    def begin(self):
        self._check_open()
        values = {}
        server = redis.Redis(unix_socket_path=SOCKET)
        for key in server.keys():
            values[key] = server.dump(key), max(server.pttl(key), 0)
        return values

    def commit(self, token):
        pass

    def rollback(self, token):
        server = redis.Redis(unix_socket_path=SOCKET)
        server.flushdb()
        for key, (value, ttl) in token.items():
            server.restore(key, ttl, value)


class Client:
    def __init__(self, session):
        self._session = session


def _data_error(error):
    from emberkv.exceptions import DataError

    return DataError(*error.args)


def _translate(reply):
    from emberkv.exceptions import exception_for

    if isinstance(reply, redis.exceptions.RedisError):
        text = str(reply)
        return exception_for(f"{reply.status_code} {text}" if reply.status_code else text)
    if isinstance(reply, list):
        return [_translate(item) for item in reply]
    return reply
