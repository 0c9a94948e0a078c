"""The little language of the case tables.

A line is a command as redis-cli takes it: words, "quoted words" with \\xHH escapes, 'plain ones'.

    SET k {v|"a b"|@x*45} {NX|XX|} {GET|}    every combination, each its own command
    @x*45                                     a word of 45 x
    @1..600   @f1..600                        600 words: 1 2 3 ..., f1 f2 f3 ...
    @f1..9=v                                  f1 v f2 v ...; @1..9=m gives 1 m1 2 m2 (score, member)
    2> GET k                                  sent by a second connection
    # a comment
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from differential.pair import Command

ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "a": b"\a", "b": b"\b"}
REPEAT = re.compile(r"@(.|\"\\x..\")\*(\d+)$")
RANGE = re.compile(r"@([^.=@]*?)(-?\d+)\.\.(-?\d+)(?:=(.*))?$")


def alternatives(line: str) -> Iterator[str]:
    """The line with each choice of its {a|b} groups."""
    parts: list[list[str]] = []
    at = 0
    while at < len(line):
        char = line[at]
        end = at + 1
        if char == "{":
            end = closing(line, at)
            parts.append(split_choices(line[at + 1 : end - 1]))
        else:
            if char in "\"'":
                end = quoted_end(line, at)
            parts.append([line[at:end]])
        at = end
    return ("".join(choice) for choice in itertools.product(*parts))


def quoted_end(line: str, at: int) -> int:
    end = at + 1
    while line[end] != line[at]:
        end += 2 if line[end] == "\\" and line[at] == '"' else 1
    return end + 1


def closing(line: str, at: int) -> int:
    end = at + 1
    while line[end] != "}":
        end = quoted_end(line, end) if line[end] in "\"'" else end + 1
    return end + 1


def split_choices(text: str) -> list[str]:
    choices, start, at = [], 0, 0
    while at < len(text):
        if text[at] in "\"'":
            at = quoted_end(text, at)
            continue
        if text[at] == "|":
            choices.append(text[start:at])
            start = at + 1
        at += 1
    return [*choices, text[start:]]


def words(line: str) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
        elif line[at] in "\"'":
            end = quoted_end(line, at)
            body = line[at + 1 : end - 1]
            found.append(unescape(body) if line[at] == '"' else body.encode())
            at = end
        else:
            end = at
            while end < len(line) and not line[end].isspace():
                end += 1
            found += expand(line[at:end])
            at = end
    return found


def unescape(body: str) -> bytes:
    out, at = b"", 0
    while at < len(body):
        if body[at] != "\\":
            out += body[at].encode()
            at += 1
        elif body[at + 1] == "x":
            out += bytes.fromhex(body[at + 2 : at + 4])
            at += 4
        else:
            out += ESCAPES.get(body[at + 1], body[at + 1].encode())
            at += 2
    return out


def expand(word: str) -> list[bytes]:
    repeated = REPEAT.match(word)
    if repeated:
        return [repeated[1].encode() * int(repeated[2])]
    ranged = RANGE.match(word)
    if not ranged:
        return [word.encode()]
    prefix, low, high, value = ranged[1], int(ranged[2]), int(ranged[3]), ranged[4]
    out = []
    for i in range(low, high + 1):
        out.append(f"{prefix}{i}".encode())
        if value is not None:
            out.append(f"{value}{i}".encode() if not prefix else value.encode())
    return out


def commands(text: str) -> list[Command]:
    """The commands of a script, choices expanded."""
    out = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        for chosen in alternatives(line):
            by = 0
            prefixed = re.match(r"(\d)> ", chosen)
            if prefixed:
                by, chosen = int(prefixed[1]), chosen[3:]
            out.append(Command(tuple(words(chosen)), by))
    return out
