r"""Quoting, as users of redis-cli know it.

Input lines are split at blanks. Within double quotes ``\n \r \t \b \a \\ \" \xHH`` are escapes and
a backslash before anything else is dropped; within single quotes only ``\'`` is one. A closing
quote is followed by a blank or the end of the line.
"""

from __future__ import annotations

BLANKS = b" \n\r\t\0\v\f"
_ESCAPES = {
    ord("n"): b"\n",
    ord("r"): b"\r",
    ord("t"): b"\t",
    ord("b"): b"\b",
    ord("a"): b"\a",
}
_HEX = b"0123456789abcdefABCDEF"
_QUOTED = {
    ord("\\"): b"\\\\",
    ord('"'): b'\\"',
    ord("\n"): b"\\n",
    ord("\r"): b"\\r",
    ord("\t"): b"\\t",
    ord("\a"): b"\\a",
    ord("\b"): b"\\b",
}
_REPR = [
    _QUOTED.get(c, bytes([c]) if 32 <= c < 127 else b"\\x%02x" % c)  # printable ASCII as it is
    for c in range(256)
]


class UnbalancedQuotes(ValueError):
    """A quote that does not end, or that something follows without a blank."""


def quote(data: bytes) -> bytes:
    """`data` within double quotes, everything but printable ASCII escaped."""
    return b'"' + b"".join([_REPR[c] for c in data]) + b'"'


def _double_quoted(line: bytes, at: int) -> tuple[bytes, int]:
    out = bytearray()
    while at < len(line):
        c = line[at]
        if c == ord('"'):
            return bytes(out), at + 1
        if c == ord("\\") and at + 1 < len(line):
            digits = line[at + 2 : at + 4]
            if line[at + 1] == ord("x") and len(digits) == 2 and all(d in _HEX for d in digits):
                out.append(int(digits, 16))
                at += 4
                continue
            out += _ESCAPES.get(line[at + 1], line[at + 1 : at + 2])
            at += 2
            continue
        out.append(c)
        at += 1
    raise UnbalancedQuotes


def _single_quoted(line: bytes, at: int) -> tuple[bytes, int]:
    out = bytearray()
    while at < len(line):
        if line[at : at + 2] == b"\\'":
            out += b"'"
            at += 2
        elif line[at] == ord("'"):
            return bytes(out), at + 1
        else:
            out.append(line[at])
            at += 1
    raise UnbalancedQuotes


def split_line(line: bytes) -> list[bytes]:
    """The words of an input line."""
    words: list[bytes] = []
    at = 0
    while True:
        while at < len(line) and line[at] in BLANKS:
            at += 1
        if at == len(line):
            return words
        word = bytearray()
        while at < len(line) and line[at] not in BLANKS:
            if line[at] in b"\"'":
                read = _double_quoted if line[at] == ord('"') else _single_quoted
                part, at = read(line, at + 1)
                word += part
                if at < len(line) and line[at] not in BLANKS:
                    raise UnbalancedQuotes
                break
            word.append(line[at])
            at += 1
        words.append(bytes(word))
