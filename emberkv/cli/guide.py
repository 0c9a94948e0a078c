"""The pages of `help`: a command, a group of commands, or how to ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .replies import Format
from .syntax import Command, Commands

INTRODUCTION = """\
help COMMAND     what a command does, and its arguments
help @GROUP      the commands of a group
3 COMMAND ...    a number before a command repeats it
connect PATH     another store: a path, a URL, or HOST PORT of a server
:set nohints     no hints while typing; :set hints brings them back
clear            an empty screen
quit             or Ctrl-D
"""


def _styled(text: str, code: str, form: Format) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if form.colour else text


def _entry(command: Command, form: Format, with_group: bool) -> Iterable[str]:
    name = _styled(command.name, "1", form)
    syntax = _styled(command.syntax, "90", form)
    yield f"  {name} {syntax}".rstrip()
    facts = [("summary", command.summary), ("since", command.since)]
    if with_group:
        facts += [("complexity", command.complexity), ("group", command.group)]
    if command.deprecated:
        facts.append(("deprecated", f"since {command.deprecated}"))
    for label, text in facts:
        if text:
            yield f"  {_styled(label + ':', '33', form)} {text}"
    yield ""


def page(commands: Commands, words: Sequence[str], form: Format) -> str:
    """What `help` and the words after it print."""
    if not words:
        groups = " ".join("@" + group for group in commands.groups())
        return f"{INTRODUCTION}\ngroups: {groups}\n"
    lines = [""]
    if words[0].startswith("@"):
        group = words[0][1:].lower()
        members = [command for command in commands if command.group == group]
        if not members:
            return f"No such group: {group}. There are {', '.join(commands.groups())}.\n"
        for command in members:
            for one in [command, *command.subcommands.values()]:
                if not one.subcommands:
                    lines += _entry(one, form, with_group=False)
        return "\n".join(lines) + "\n"
    found = commands.find(words)
    if found is None or (found[1] < len(words) and found[0].subcommands):
        return f"No such command: {' '.join(words)}\n"
    command = found[0]
    for one in [command, *command.subcommands.values()]:
        lines += _entry(one, form, with_group=True)
    return "\n".join(lines) + "\n"
