"""RESP as the command line reads it: replies that keep their types, and commands as bytes.

A client library turns replies into its language's objects; here a status and a bulk string, a set
and an array must stay apart, because they are printed differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple


class ProtocolError(Exception):
    """What came is not RESP."""


class Reply(NamedTuple):
    """One RESP value: `kind` says which type, `value` is bytes, int, bool, None or a list.

    Kinds: status, error, int, bulk, nil, array, map (a list of pairs), set, push, double (its
    text), bool, bignum (its text), verbatim (without the mark of its format).
    """

    kind: str
    value: Any = None

    @property
    def is_error(self) -> bool:
        return self.kind == "error"

    @property
    def text(self) -> str:
        """A string, number or error as text."""
        if isinstance(self.value, bytes):
            return self.value.decode("utf-8", "replace")
        return str(self.value)

    def pairs(self) -> Iterator[tuple[Reply, Reply]]:
        """The pairs of a map, or of the flat array that stands for one in RESP2."""
        if self.kind == "map":
            return iter(self.value)
        items = iter(self.value or ())
        return zip(items, items, strict=False)


NIL = Reply("nil")
_LINES = {
    b"+": "status",
    b"-": "error",
    b",": "double",
    b"(": "bignum",
}
_AGGREGATES = {b"*": "array", b"~": "set", b">": "push"}
_BULKS = {b"$": "bulk", b"=": "verbatim", b"!": "error"}


class Reader:
    """Replies out of what `receive` gives: some bytes, or none at the end of the stream.

    When `receive` raises, the bytes of an unfinished reply are kept, and `read` begins it again.
    """

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._buffer = bytearray()
        self._at = 0

    def read(self) -> Reply:
        begin = self._at
        try:
            reply = self._read()
        except BaseException:
            self._at = begin
            raise
        if self._at > 1 << 16 or self._at == len(self._buffer):
            del self._buffer[: self._at]
            self._at = 0
        return reply

    @property
    def buffered(self) -> bool:
        """Whether bytes are left that no reply was made of yet."""
        return self._at < len(self._buffer)

    def _more(self) -> None:
        data = self._receive()
        if not data:
            raise ConnectionError("Server closed the connection")
        self._buffer += data

    def _line(self) -> bytes:
        searched = self._at
        while (end := self._buffer.find(b"\r\n", searched)) < 0:
            searched = max(self._at, len(self._buffer) - 1)
            self._more()
        line = bytes(self._buffer[self._at : end])
        self._at = end + 2
        return line

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < self._at + size + 2:
            self._more()
        data = bytes(self._buffer[self._at : self._at + size])
        self._at += size + 2
        return data

    def _read(self) -> Reply:
        line = self._line()
        mark, rest = line[:1], line[1:]
        if mark in _LINES:
            return Reply(_LINES[mark], rest)
        try:
            if mark == b":":
                return Reply("int", int(rest))
            if mark in _BULKS:
                size = int(rest)
                if size < 0:
                    return NIL
                data = self._take(size)
                return Reply(_BULKS[mark], data[4:] if mark == b"=" else data)
            if mark in _AGGREGATES:
                size = int(rest)
                if size < 0:
                    return NIL
                return Reply(_AGGREGATES[mark], [self._read() for _ in range(size)])
            if mark == b"%":
                return Reply("map", [(self._read(), self._read()) for _ in range(int(rest))])
            if mark == b"|":  # attributes of the reply that follows
                for _ in range(2 * int(rest)):
                    self._read()
                return self._read()
        except ValueError:
            raise ProtocolError(f"Protocol error, bad length {line!r}") from None
        if mark == b"_":
            return NIL
        if mark == b"#":
            return Reply("bool", rest == b"t")
        raise ProtocolError(f'Protocol error, got "{mark.decode("latin-1")}" as reply type byte')


def command_bytes(args: Iterable[bytes]) -> bytes:
    """A command as the array of bulk strings that is sent to a server."""
    parts = list(args)
    out = [b"*%d\r\n" % len(parts)]
    for part in parts:
        out.append(b"$%d\r\n%b\r\n" % (len(part), part))
    return b"".join(out)
