"""Replies as text, in the shapes of redis-cli: for people, raw, CSV and JSON.

Each printer gives bytes without what ends an answer (a line's end or the user's delimiter); the one
for people ends each line itself. Differential tests hold all of them to redis-cli's output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .resp import Reply
from .words import quote

# A style's name and the bytes it is for.
Fragment = tuple[str, bytes]

COLOURS: dict[str, bytes] = {
    "index": b"\x1b[90m",
    "int": b"\x1b[36m",
    "bulk": b"\x1b[32m",
    "nil": b"\x1b[90m",
    "error": b"\x1b[31m",
    "double": b"\x1b[36m",
    "bool": b"\x1b[35m",
    "bignum": b"\x1b[36m",
    "type": b"\x1b[90m",
}
_END_COLOUR = b"\x1b[0m"
_EMPTY = {"array": b"(empty array)", "map": b"(empty hash)", "set": b"(empty set)"}
_MARKS = {"array": b") ", "push": b") ", "map": b"# ", "set": b"~ "}


def _scalar(reply: Reply) -> list[Fragment]:
    kind, value = reply
    if kind == "bulk":
        return [("bulk", quote(value))]
    if kind == "int":
        return [("type", b"(integer) "), ("int", b"%d" % value)]
    if kind == "nil":
        return [("nil", b"(nil)")]
    if kind == "error":
        return [("error", b"(error) " + value)]
    if kind == "double":
        return [("type", b"(double) "), ("double", value)]
    if kind == "bool":
        return [("bool", b"(true)" if value else b"(false)")]
    if kind == "bignum":
        return [("type", b"(big number) "), ("bignum", value)]
    return [("", value)]  # status, verbatim


def for_people(reply: Reply, prefix: bytes = b"") -> list[Fragment]:
    """The reply as styled pieces, each line ended: `1) "a"`, nested ones indented."""
    kind, value = reply
    if kind not in _MARKS:
        return [*_scalar(reply), ("", b"\n")]
    if not value:
        return [("nil", _EMPTY.get(kind, b"(empty push)")), ("", b"\n")]
    out: list[Fragment] = []
    width = len(str(len(value)))
    deeper = prefix + b" " * (width + 2)
    for number, item in enumerate(value, 1):
        out.append(("index", (prefix if number > 1 else b"") + b"%*d" % (width, number)))
        out.append(("index", _MARKS[kind]))
        if kind == "map":
            key, item = item
            out += for_people(key, deeper)[:-1]  # without the line's end
            out.append(("index", b" => "))
            if _has_lines(item):
                out.append(("", b"\n" + deeper))
        out += for_people(item, deeper)
    return out


def _has_lines(reply: Reply) -> bool:
    """Whether it begins on a line of its own behind a map's key."""
    while reply.kind in _MARKS and reply.value:
        if len(reply.value) > 1:
            return True
        (item,) = reply.value
        reply = item[1] if reply.kind == "map" else item
    return False


def plain(fragments: list[Fragment]) -> bytes:
    return b"".join([text for _, text in fragments])


def coloured(fragments: list[Fragment]) -> bytes:
    """The pieces with ANSI colours around them."""
    out = []
    for style, text in fragments:
        colour = COLOURS.get(style)
        out.append(text if colour is None else colour + text + _END_COLOUR)
    return b"".join(out)


def raw(reply: Reply, delimiter: bytes = b"\n") -> bytes:
    """Strings as they are, elements one after another."""
    kind, value = reply
    if kind == "map":
        pairs = [raw(k, delimiter) + b" " + raw(v, delimiter) for k, v in value]
        return delimiter.join(pairs)
    if kind in _MARKS:
        return delimiter.join([raw(item, delimiter) for item in value])
    if kind == "nil":
        return b""
    if kind == "error":
        return bytes(value) + b"\n"
    if kind == "bool":
        return b"(true)" if value else b"(false)"
    return b"%d" % value if kind == "int" else bytes(value)


def csv(reply: Reply) -> bytes:
    """One line of values, nested ones flattened."""
    kind, value = reply
    if kind == "map":
        return b",".join([csv(k) + b"," + csv(v) for k, v in value])
    if kind in _MARKS:
        return b",".join([csv(item) for item in value])
    if kind == "nil":
        return b"NULL"
    if kind == "error":
        return b"ERROR," + quote(value)
    if kind == "bool":
        return b"true" if value else b"false"
    if kind == "int":
        return b"%d" % value
    return bytes(value) if kind in ("double", "bignum") else quote(value)


_JSON_ESCAPES = {
    c: {8: b"\\b", 9: b"\\t", 10: b"\\n", 12: b"\\f", 13: b"\\r"}.get(c, b"\\u%04x" % c)
    for c in range(32)
} | {ord('"'): b'\\"', ord("\\"): b"\\\\"}
_JSON = [_JSON_ESCAPES.get(c, bytes([c])) for c in range(256)]


def _json_string(data: bytes) -> bytes:
    return b'"' + b"".join([_JSON[c] for c in data]) + b'"'


def _json_ascii_string(data: bytes) -> bytes:
    """What a quoted string would look like, as a JSON string: ASCII, whatever the bytes are."""
    return _json_string(quote(data)[1:-1])


def json(reply: Reply, string: Callable[[bytes], bytes] = _json_string) -> bytes:
    """JSON, without caring whether strings are UTF-8; errors are ``error:"..."``, as in redis-cli.

    A map's key that is no string becomes one that holds its JSON.
    """
    kind, value = reply
    if kind == "map":
        pairs = [_json_key(k, string) + b":" + json(v, string) for k, v in value]
        return b"{" + b",".join(pairs) + b"}"
    if kind in _MARKS:
        return b"[" + b",".join([json(item, string) for item in value]) + b"]"
    if kind == "nil":
        return b"null"
    if kind == "error":
        return b"error:" + string(value)
    if kind == "bool":
        return b"true" if value else b"false"
    if kind == "int":
        return b"%d" % value
    return bytes(value) if kind in ("double", "bignum") else string(value)


def _json_key(key: Reply, string: Callable[[bytes], bytes]) -> bytes:
    text = json(key, string)
    return text if key.kind in ("bulk", "status", "verbatim", "error") else b'"' + text + b'"'


def quoted_json(reply: Reply) -> bytes:
    return json(reply, _json_ascii_string)


# Their replies are pages for people, and are printed as they are in every format.
_PAGES: Mapping[bytes, frozenset[bytes]] = {
    b"info": frozenset(),
    b"lolwut": frozenset(),
    b"debug": frozenset({b"htstats", b"htstats-key", b"client-eviction"}),
    b"memory": frozenset({b"malloc-stats", b"doctor"}),
    b"cluster": frozenset({b"nodes", b"info"}),
    b"client": frozenset({b"list", b"info"}),
    b"latency": frozenset({b"graph", b"doctor"}),
    b"proxy": frozenset({b"info"}),
}


def is_page(args: list[bytes]) -> bool:
    """Whether the reply of this command is printed as it is, whatever the format."""
    subcommands = _PAGES.get(args[0].lower()) if args else None
    if subcommands is None:
        return False
    return not subcommands or (len(args) > 1 and args[1].lower() in subcommands)


class Format(NamedTuple):
    """How answers are written: `name` is people, raw, csv, json or quoted-json."""

    name: str = "people"
    colour: bool = False
    delimiter: bytes = b"\n"  # between the elements of a raw answer
    end: bytes = b"\n"  # after a raw answer

    def render(self, reply: Reply, page: bool = False) -> bytes:
        """All bytes that are printed for one answer; `page`: see `is_page`."""
        if page:
            return raw(reply, self.delimiter)
        if self.name == "people":
            fragments = for_people(reply)
            return coloured(fragments) if self.colour else plain(fragments)
        if self.name == "raw":
            return raw(reply, self.delimiter) + self.end
        printer = {"csv": csv, "json": json, "quoted-json": quoted_json}[self.name]
        return printer(reply) + b"\n"
