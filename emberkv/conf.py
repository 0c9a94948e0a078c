"""redis.conf: read for `emberkv serve CONF`, and its directives on the command line.

A directive that is no setting is an error with its line, as it is to redis-server. Directives mean
what they mean there, but for these:

- ``dir`` names the store: its path. Without it the server's store is in memory.
- ``loadmodule`` is an error, and so are ``cluster-enabled yes`` and ``replicaof``: who wants part
  of a cluster or a replica does not want a server that stands alone and takes every write.
- What means nothing here (``proc-title-template``, further settings of replicas, ...) is
  accepted, kept and told by CONFIG GET.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ._core import _ember
from .exceptions import RedisError

__all__ = ["ConfError", "Configuration", "read", "split"]

# These may be given again, each time for something else; their words are joined.
REPEATED = {"save", "client-output-buffer-limit"}
# Of several words in one line.
LISTS = {
    *("bind", "replicaof", "slaveof", "oom-score-adj-values", "tls-protocols"),
    *("latency-tracking-info-percentiles", "shutdown-on-sigint", "shutdown-on-sigterm"),
}
# Those that may have no words at all.
MAYBE_EMPTY = {"bind", "latency-tracking-info-percentiles"}
# Once of redis-server, which still takes them, with one word, and does nothing about it.
OBSOLETE = {"list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"}
NOT_HERE = {
    "loadmodule": "modules are shared objects for another program",
}
MOST_INCLUDES = 16
WRONG = "Bad directive or wrong number of arguments"

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "a": "\a"}
WORD = re.compile(
    r"""\s*(?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>(?:[^'\\]|\\.)*)'
    | (?P<plain>[^\s"']\S*) )(?=\s|$)""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)


class ConfError(ValueError):
    """A line of a configuration file that cannot be."""

    def __init__(self, path: str, number: int, line: str, why: str) -> None:
        super().__init__(f"{path}, line {number}: '{line}': {why}")


@dataclass
class Configuration:
    """What a file says: settings by their names, users as words of ACL SETUSER, commands by their
    names before and after."""

    settings: dict[str, str] = field(default_factory=dict)
    users: list[list[str]] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)

    def rename(self, name: str, to: str) -> str | None:
        """Give a command another name; why that cannot be, if it cannot."""
        if not self._is_command(name):
            return "No such command in rename-command"
        if self._is_command(to) and name.lower() != to.lower():
            return "Target command name already exists"
        self.renames.append((name, to))
        return None

    def _is_command(self, name: str) -> bool:
        for before, after in reversed(self.renames):
            if name.lower() == after.lower():
                return name != ""
            if name.lower() == before.lower():
                return False
        return "|" not in name and _ember.is_command(name)


def split(line: str) -> list[str] | None:
    """The words of a line, quotes undone as redis-server does; None if they are not balanced."""
    words = []
    at = 0
    while line[at:].strip():
        match = WORD.match(line, at)
        if match is None:
            return None
        at = match.end()
        if match["double"] is not None:
            text = ESCAPE.sub(_unescaped, match["double"])
            words.append(text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"))
        elif match["single"] is not None:
            words.append(match["single"].replace("\\'", "'"))
        else:
            words.append(match["plain"])
    return words


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return bytes([int(match[1], 16)]).decode("utf-8", "surrogateescape")
    return ESCAPES.get(match[2], match[2])


def read(
    path: str | os.PathLike[str] | None, further: Sequence[Sequence[str]] = ()
) -> Configuration:
    """Read a file and those that it includes, if there is one, and then `further` directives, in
    words. ConfError if a line of a file is wrong, ValueError if one of those is."""
    conf = Configuration()
    with contextlib.closing(_ember.Store()) as scratch:
        if path is not None:
            _read(os.fspath(path), conf, scratch, 0)
        fresh: set[str] = set()
        for words in further:
            if why := _take(words, conf, scratch, 0, fresh):
                raise ValueError(f"--{' '.join(words)}: {why}")
    if conf.users and conf.settings.get("aclfile"):
        where = "emberkv serve" if path is None else os.fspath(path)
        raise ValueError(f"{where}: users are either in this file or in an ACL file, not in both")
    return conf


def _why_not(scratch: _ember.Store, name: str, value: str) -> str | None:
    """What is wrong with the value of a setting, if anything is."""
    if name == "databases":
        return None if value.isdecimal() and int(value) else "argument must be a positive number"
    if name == "cluster-enabled" and value.lower() == "yes":
        return "this server is no part of a cluster"
    if name in ("replicaof", "slaveof") and value.lower() not in ("", "no one"):
        return "this server follows no other"
    if name == "appendonly" and value.lower() in ("yes", "no"):
        return None  # the store at `dir` can have a file of commands, the one to try with cannot
    if name == "aclfile" and value and not os.access(value, os.R_OK):
        return "the file cannot be read"
    if name == "dir" and not os.path.isdir(os.path.dirname(os.path.abspath(value))):
        return "there is no folder for it to be in"
    return _ember.why_not(scratch, name, value)


def _why_no_user(scratch: _ember.Store, rules: list[str]) -> str | None:
    """What is wrong with a user's rules. A user made for it takes them from the user default."""
    session = _ember.Session(scratch)
    try:
        session.execute(("ACL", "SETUSER", "tried", "reset", *rules))
    except RedisError as error:
        return str(error)
    return None


def _include(pattern: str, conf: Configuration, scratch: _ember.Store, depth: int) -> str | None:
    """Read the files that it stands for; what is wrong with it, if anything is."""
    if depth == MOST_INCLUDES:
        return "files include each other"
    for included in sorted(glob.glob(pattern)) or [pattern]:
        try:
            _read(included, conf, scratch, depth + 1)
        except OSError as error:
            return f"{included}: {error.strerror}"
    return None


def _read(path: str, conf: Configuration, scratch: _ember.Store, depth: int) -> None:
    fresh: set[str] = set()
    with open(path, encoding="utf-8", errors="surrogateescape") as lines:
        for number, raw in enumerate(lines, 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            words = split(line)
            if words is None:
                raise ConfError(path, number, line, "Unbalanced quotes in configuration line")
            if why := _take(words, conf, scratch, depth, fresh):
                raise ConfError(path, number, line, why)


def _take(
    words: Sequence[str], conf: Configuration, scratch: _ember.Store, depth: int, fresh: set[str]
) -> str | None:
    """One directive; what is wrong with it, if anything is. `fresh`: the repeated settings that the
    place where it stands has begun."""
    name, values = words[0].lower(), list(words[1:])
    why: str | None = None
    if name == "include" and len(values) == 1:
        why = _include(values[0], conf, scratch, depth)
    elif name == "user" and values:
        why = _why_no_user(scratch, values[1:])
        conf.users.append(values)
    elif name == "rename-command" and len(values) == 2:
        why = conf.rename(values[0], values[1])
    elif name in NOT_HERE:
        why = NOT_HERE[name]
    elif name in OBSOLETE and len(values) == 1:
        pass
    elif not _ember.is_setting(name):
        why = WRONG
    elif (not values and name not in MAYBE_EMPTY) or (
        len(values) > 1 and name not in LISTS | REPEATED
    ):
        why = "wrong number of arguments"
    else:
        value = " ".join(values)
        why = _why_not(scratch, name, value)
        again = name in REPEATED and name in fresh and values != [""]
        conf.settings[name] = f"{conf.settings[name]} {value}".lstrip() if again else value
        fresh.add(name)
    return why
