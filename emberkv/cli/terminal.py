"""Runs commands over a link and prints their answers: for argv, for piped lines, for the shell."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import BinaryIO

from . import guide
from .links import Link, LinkError, Target
from .replies import Format, is_page
from .resp import ProtocolError, Reply
from .syntax import Commands
from .words import UnbalancedQuotes, split_line

SUBSCRIBING = {b"subscribe", b"psubscribe", b"ssubscribe"}
BAD_REPEAT = "Invalid repeat count: it is a number above zero.\n"
SLOW_S = 0.5


class Quit(Exception):
    """The user wants to leave."""


class Terminal:
    """One conversation: a link, and where and how its answers are printed."""

    def __init__(
        self,
        target: Target,
        form: Format,
        *,
        output: BinaryIO | None = None,
        show_pushes: bool = False,
        errors_end: bool = False,
        people_watch: bool = False,
    ) -> None:
        self.target = target
        self.form = form
        self.output = sys.stdout.buffer if output is None else output
        self.show_pushes = show_pushes
        self.errors_end = errors_end  # print errors on stderr, and fail
        self.people_watch = people_watch  # times and colours are welcome
        self.hints = True
        self.in_multi = False
        self.db = target.db
        self._link: Link | None = None
        self._commands: Commands | None = None

    # The link

    @property
    def link(self) -> Link:
        """The link, opened when first asked for or after it broke. LinkError if that fails."""
        if self._link is None:
            link = self.target.open()
            try:
                for problem in link.begin():
                    self.complain(problem)
            except (OSError, ProtocolError) as error:
                link.close()
                raise LinkError(f"Error: {error}") from None
            self._link = link
            self.in_multi = False
        return self._link

    @property
    def connected(self) -> bool:
        return self._link is not None

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def break_off(self) -> None:
        """After an interruption: what is still to come must not be taken for another answer."""
        if self._link is not None and not self._link.break_off():
            self._link = None
        self.in_multi = False

    @property
    def commands(self) -> Commands:
        """The command table of the other side; our own where it does not tell."""
        if self._commands is None:
            try:
                docs = self.link.execute("COMMAND", "DOCS")
            except (LinkError, OSError, ProtocolError):
                docs = Reply("error", b"")
            if docs.kind not in ("array", "map") or not docs.value:
                own = Target().open()
                docs = own.execute("COMMAND", "DOCS")
                own.close()
            self._commands = Commands(docs)
        return self._commands

    @property
    def prompt(self) -> str:
        if self._link is None and self.target.is_server:
            return "not connected> "
        db = f"[{self.db}]" if self.db else ""
        return f"{self.target}{db}{'(TX)' if self.in_multi else ''}> "

    # Printing

    def write(self, data: bytes | str) -> None:
        self.output.write(data.encode() if isinstance(data, str) else data)
        self.output.flush()

    def complain(self, text: str) -> None:
        self.output.flush()
        sys.stderr.write(text if text.endswith("\n") else text + "\n")
        sys.stderr.flush()

    # Running

    def run(self, args: Sequence[bytes], repeat: int = 1, interval: float = 0.0) -> int:
        """Run a command `repeat` times (-1: for ever) and print its answers. Gives the status."""
        args = list(args)
        if args[0].lower() in (b"help", b"?"):
            self.write(guide.page(self.commands, [word.decode() for word in args[1:]], self.form))
            return 0
        while repeat != 0:
            try:
                status = self._run_once(args)
            except (ConnectionError, ProtocolError, OSError) as error:
                self.close()
                self.complain(f"Error: {error}")
                return 1
            if status:
                return status
            repeat -= repeat > 0
            if interval and repeat:
                time.sleep(interval)
        return 0

    def _run_once(self, args: list[bytes]) -> int:
        began = time.monotonic()
        name = args[0].lower()
        subscribing = name in SUBSCRIBING
        self.link.send([args])
        if subscribing and self.form.name != "raw":
            self.write("Reading messages... (press Ctrl-C to quit)\n")
        reply = self.link.read()
        while reply.kind == "push" and not subscribing:
            if self.show_pushes:
                self.write(self.form.render(reply))
            reply = self.link.read()
        if reply.is_error and self.errors_end:
            self.complain(reply.text)
            return 1
        self.write(self.form.render(reply, is_page(args)))
        took = time.monotonic() - began
        if self.people_watch and took >= SLOW_S:
            self.write(f"({took:.2f}s)\n")
        self._note(name, args, reply)
        if (subscribing or name == b"monitor") and not reply.is_error:
            self._listen()
        return 0

    def _note(self, name: bytes, args: list[bytes], reply: Reply) -> None:
        """Keep what the prompt shows, and what the link must know."""
        if reply.is_error:
            if name == b"exec":
                self.in_multi = False
            return
        if name == b"select" and len(args) == 2 and reply.text == "OK":
            self.db = int(args[1])
        elif name == b"multi":
            self.in_multi = True
        elif name in (b"exec", b"discard"):
            self.in_multi = False
        elif name == b"reset":
            self.db, self.in_multi, self.link.protocol = 0, False, 2
        elif name == b"hello" and len(args) > 1 and not self.in_multi:
            self.link.protocol = int(args[1])

    def _listen(self) -> None:
        """Print what arrives until the user or the other side ends it."""
        try:
            while True:
                self.write(self.form.render(self.link.read()))
        except KeyboardInterrupt:
            if not self.people_watch:
                raise
            self.write("\n")
            self.break_off()

    def run_line(self, line: bytes) -> int:
        """Run an input line: a command, perhaps with a repeat count before it, or a word to us.

        Quit is raised when that is what the line says.
        """
        try:
            words = split_line(line)
        except UnbalancedQuotes:
            self.write("Invalid argument(s)\n")
            return 0
        if not words:
            return 0
        first = words[0].lower()
        if first in (b"quit", b"exit"):
            raise Quit
        if first == b"clear" and len(words) == 1:
            self.write("\x1b[H\x1b[2J")
            return 0
        if first == b":set":
            self._set(words[1:])
            return 0
        if first == b"connect" and len(words) in (2, 3):
            self._connect([word.decode() for word in words[1:]])
            return 0
        repeat = 1
        if len(words) > 1 and _is_count(words[0]):
            repeat = int(words.pop(0))
            if repeat <= 0:
                self.write(BAD_REPEAT)
                return 0
        return self.run(words, repeat)

    def _set(self, words: list[bytes]) -> None:
        if words == [b"hints"]:
            self.hints = True
        elif words == [b"nohints"]:
            self.hints = False
        else:
            asked = b" ".join(words).decode("utf-8", "replace")
            self.write(f"unknown preference '{asked}': there are hints and nohints\n")

    def _connect(self, words: list[str]) -> None:
        """``connect PATH``, ``connect URL``, or ``connect HOST PORT`` as in redis-cli."""
        name = words[0] if len(words) == 1 else f"redis://{words[0]}:{words[1]}"
        try:
            target = Target(name, protocol=self.target.protocol)
        except LinkError as error:
            self.write(f"{error}\n")
            return
        self.close()
        self.target, self.db, self._commands = target, 0, None
        try:
            self.link  # noqa: B018 - opens it
        except LinkError as error:
            self.write(f"{error}\n")


def _is_count(word: bytes) -> bool:
    return word.isdigit() or (word[:1] == b"-" and word[1:].isdigit())
