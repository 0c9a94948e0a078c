"""The interactive shell: a line editor with history, completion and hints while typing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from .links import LinkError
from .syntax import Commands
from .terminal import Quit, Terminal
from .words import UnbalancedQuotes, split_line

STYLE = Style.from_dict({"prompt": "bold", "hint": "ansibrightblack", "problem": "ansired"})
OWN_WORDS = {
    "HELP": "what a command does",
    "QUIT": "leave",
    "EXIT": "leave",
    "CLEAR": "an empty screen",
    "CONNECT": "another store or server",
}


def history_path() -> Path:
    named = os.environ.get("EMBERKV_HISTORY")
    return Path(named) if named else Path.home() / ".emberkv_history"


def tells_a_secret(words: list[str]) -> bool:
    """Whether a line has a password in it, and is not to be kept."""
    name, *rest = [word.upper() for word in words] or [""]
    if name in ("AUTH", "HELLO"):
        return name == "AUTH" or "AUTH" in rest
    if name == "ACL":
        return rest[:1] == ["SETUSER"]
    if name == "MIGRATE":
        return "AUTH" in rest or "AUTH2" in rest
    if name == "CONFIG" and rest[:1] == ["SET"]:
        return any(word in ("REQUIREPASS", "MASTERAUTH", "MASTERUSER") for word in rest)
    return False


class DiscreetHistory(FileHistory):
    """A history file that only its owner reads, without lines that hold passwords."""

    def store_string(self, string: str) -> None:
        if tells_a_secret(_words(string)):
            return
        descriptor = os.open(self.filename, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        os.close(descriptor)
        super().store_string(string)


def _history() -> History:
    path = history_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab"):
            pass
        path.chmod(0o600)
    except OSError:
        return InMemoryHistory()
    return DiscreetHistory(str(path))


def _words(text: str) -> list[str]:
    """The words typed so far, an open quote taken as closed."""
    for ending in ("", '"', "'"):
        try:
            words = split_line((text + ending).encode("utf-8", "surrogateescape"))
        except UnbalancedQuotes:
            continue
        return [word.decode("utf-8", "replace") for word in words]
    return []


class Typed:
    """What stands on the line: complete words, and the one that is being typed."""

    def __init__(self, text: str) -> None:
        words = _words(text)
        self.begun = ""
        if words and not text[-1:].isspace():
            self.begun = words.pop()
        if len(words) > 0 and words[0].isdigit():
            del words[0]  # a repeat count
        self.words = words
        self.for_help = bool(words) and words[0].upper() in ("HELP", "?")


class CommandCompleter(Completer):
    """Completes commands, subcommands and the tokens of their arguments."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        typed = Typed(document.text_before_cursor)
        commands = self._terminal.commands
        words = typed.words[1:] if typed.for_help else typed.words
        found = list(commands.completions(words, typed.begun)) if not _after(typed) else []
        if not words:
            begun = typed.begun.upper()
            if typed.for_help:
                found += [(f"@{group}", "a group") for group in commands.groups()]
                found = [pair for pair in found if pair[0].upper().startswith(begun)]
            else:
                found += [pair for pair in OWN_WORDS.items() if pair[0].startswith(begun)]
        lower = typed.begun.islower()
        for word, remark in found:
            text = word.lower() if lower else word
            yield Completion(text, start_position=-len(typed.begun), display_meta=remark)


def _after(typed: Typed) -> bool:
    """Whether help was given all it takes."""
    return typed.for_help and any(word.startswith("@") for word in typed.words[1:])


class Hints(Processor):
    """The rest of the command's syntax, dim, behind what is typed; it cannot be edited."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        document = transformation_input.document
        last = document.line_count - 1
        fragments = transformation_input.fragments
        # What was entered stays on the screen without them.
        wanted = document.is_cursor_at_the_end and not get_app().is_done
        if transformation_input.lineno != last or not wanted:
            return Transformation(fragments)
        text = self.hint(document.text)
        return Transformation([*fragments, ("class:hint", text)] if text else fragments)

    def hint(self, text: str) -> str:
        if not self._terminal.hints or not text.strip():
            return ""
        typed = Typed(text)
        if typed.for_help:
            return ""
        words = [*typed.words, typed.begun] if typed.begun else typed.words
        hint = self._terminal.commands.hint(words)
        return hint if not hint or text[-1:].isspace() else f" {hint}"


class Shell:
    """Reads lines and runs them until the user leaves."""

    def __init__(
        self,
        terminal: Terminal,
        *,
        history: History | None = None,
        input: Input | None = None,
        output: Output | None = None,
    ) -> None:
        self.terminal = terminal
        self.session: PromptSession[str] = PromptSession(
            history=history or _history(),
            completer=CommandCompleter(terminal),
            complete_while_typing=False,
            input_processors=[Hints(terminal)],
            style=STYLE,
            input=input,
            output=output,
        )

    @property
    def commands(self) -> Commands:
        return self.terminal.commands

    def run(self) -> int:
        terminal = self.terminal
        try:
            terminal.link  # noqa: B018 - opens it, and may say why not
        except LinkError as error:
            terminal.complain(str(error))
            if not terminal.target.is_server:
                return 1
        broken_off = False
        while True:
            # Ctrl-C may come at any place, several times.
            try:
                if broken_off:
                    terminal.break_off()
                    broken_off = False
                status = self._turn()
            except KeyboardInterrupt:
                broken_off = True
                continue
            if status is not None:
                return status

    def _turn(self) -> int | None:
        """Read a line and run it; the exit status if it was the last."""
        terminal = self.terminal
        try:
            line = self.session.prompt(self._prompt())
        except KeyboardInterrupt:
            return None  # drops the line, and nothing else
        except EOFError:
            return 0
        try:
            terminal.run_line(line.encode("utf-8", "surrogateescape"))
        except Quit:
            return 0
        except LinkError as error:
            terminal.complain(str(error))
        return None

    def _prompt(self) -> Any:
        return FormattedText([("class:prompt", self.terminal.prompt)])
