"""Commands' syntax trees, and what may follow the words typed so far.

The trees are those of COMMAND DOCS. A matcher walks one along the words; where they end, what is
left of the tree is the hint, and the tokens that it may begin with are the completions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from .resp import Reply

NUMERIC = {"integer", "double", "unix-time"}


@dataclass(frozen=True)
class Argument:
    """A node of a command's syntax tree."""

    name: str
    type: str
    token: str = ""
    optional: bool = False
    multiple: bool = False
    multiple_token: bool = False
    again: bool = False  # one was given, more may follow
    children: tuple[Argument, ...] = ()

    def __str__(self) -> str:
        text = self.once()
        if self.again:
            return f"[{text} ...]"
        if self.multiple:
            repeated = self.once(self.multiple_token)
            bare = repeated if self.multiple_token or not self.token else self.once(False)
            text = f"{text} [{bare} ...]"
        return f"[{text}]" if self.optional else text

    def once(self, with_token: bool = True) -> str:
        if self.type == "pure-token":
            return self.token
        if self.type == "oneof":
            text = " | ".join(map(str, self.children))
            bracketed = (self.optional or self.again) and not self.token
            text = text if bracketed else f"<{text}>"
        elif self.type == "block":
            text = " ".join(map(str, self.children))
        else:
            text = self.name
        if self.token and with_token:
            return f"{self.token} {text}"
        return text

    @property
    def repeats(self) -> Argument:
        """What may follow one that was given."""
        token = self.token if self.multiple_token else ""
        return replace(self, token=token, again=True, optional=True)

    def first_tokens(self) -> set[str]:
        """Tokens that it may begin with."""
        if self.token:
            return {self.token}
        if self.type == "oneof":
            return set().union(*(child.first_tokens() for child in self.children))
        if self.type == "block":
            return first_tokens(self.children)
        return set()


def first_tokens(arguments: Sequence[Argument]) -> set[str]:
    """Tokens that may come next: those of optional arguments, up to the first required one."""
    out: set[str] = set()
    for argument in arguments:
        out |= argument.first_tokens()
        if not argument.optional:
            break
    return out


@dataclass
class Command:
    """What COMMAND DOCS says of a command or a subcommand; `name` as it is typed, in capitals."""

    name: str
    summary: str = ""
    since: str = ""
    group: str = ""
    complexity: str = ""
    deprecated: str = ""
    arguments: tuple[Argument, ...] = ()
    subcommands: dict[str, Command] = field(default_factory=dict)

    @property
    def syntax(self) -> str:
        return " ".join(map(str, self.arguments))


class Mismatch(Exception):
    """The words do not fit the syntax."""


class _Matcher:
    """Walks a tree along words. What is left is a list of arguments, or Mismatch is raised."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.at = 0
        self.number = 0  # the last integer, which may say how many arguments follow
        self.counted = ""  # ... and the name of its argument

    @property
    def done(self) -> bool:
        return self.at >= len(self.words)

    def arguments(self, nodes: Sequence[Argument], stop: set[str]) -> list[Argument] | None:
        """Match a sequence. None: all of it, else what is left when the words end."""
        k = 0
        while k < len(nodes):
            if self.done:
                return list(nodes[k:])
            if not nodes[k].optional:
                left = self.argument(nodes[k], stop | first_tokens(nodes[k + 1 :]))
                if left is not None:
                    return [*left, *nodes[k + 1 :]]
                k += 1
                continue
            end = next((m for m in range(k, len(nodes)) if not nodes[m].optional), len(nodes))
            left = self._options(list(nodes[k:end]), nodes[end:], stop)
            if left is not None:
                return [*left, *nodes[end:]]
            k = end
        return None

    def _options(
        self, nodes: list[Argument], after: Sequence[Argument], stop: set[str]
    ) -> list[Argument] | None:
        """Optional arguments, those with tokens in any order. What is left when the words end."""
        while nodes:
            if self.done:
                return nodes
            for node in nodes:
                others = stop | first_tokens([n for n in nodes if n is not node])
                others |= first_tokens(after)
                begin = self.at
                try:
                    left = self.argument(node, others)
                except Mismatch:
                    self.at = begin
                    continue
                nodes.remove(node)
                if left is not None:
                    return [*left, *nodes]
                break
            else:
                return None
        return nodes if self.done else None

    def argument(self, node: Argument, stop: set[str]) -> list[Argument] | None:
        counted = self.number if self.counted in ("numkeys", "numfields", "count-of") else 0
        left = self._once(node, stop)
        if not node.multiple:
            return left
        if left is not None:
            return [*left, node.repeats]
        if counted:
            for given in range(1, counted):
                if self.done:
                    rest = replace(node, token="", multiple=False, optional=False)
                    return [rest] * (counted - given)
                self._once(replace(node, token=""), stop)
            return None
        again = node.repeats
        while not self.done:
            if self.words[self.at].upper() in stop:
                return None
            begin = self.at
            try:
                left = self._once(again, stop)
            except Mismatch:
                self.at = begin
                return None
            if left is not None:
                return [*left, again]
        return [again]

    def _once(self, node: Argument, stop: set[str]) -> list[Argument] | None:
        if node.token:
            if self.words[self.at].upper() != node.token.upper():
                raise Mismatch
            self.at += 1
            if node.type == "pure-token":
                return None
            bare = replace(node, token="", optional=False, multiple=False, again=False)
            if self.done:
                return [bare]
            return self._once(bare, stop)
        if node.type == "oneof":
            return self._one_of(node, stop)
        if node.type == "block":
            return self.arguments(node.children, stop)
        word = self.words[self.at]
        if word.upper() in stop or (node.type in NUMERIC and not _is_number(word)):
            raise Mismatch
        if node.type == "integer" and word.isdecimal():
            self.number, self.counted = int(word), node.name
        else:
            self.counted = ""
        self.at += 1
        return None

    def _one_of(self, node: Argument, stop: set[str]) -> list[Argument] | None:
        begin = self.at
        word = self.words[begin].upper()
        # What is known by its token goes before what may be any word.
        tokens_first = sorted(node.children, key=lambda c: word not in c.first_tokens())
        for child in tokens_first:
            try:
                return self.argument(child, stop)
            except Mismatch:
                self.at = begin
        raise Mismatch


def _is_number(word: str) -> bool:
    try:
        float(word.lstrip("("))
    except ValueError:
        return False
    return True


def rest_of(arguments: Sequence[Argument], words: Sequence[str]) -> list[Argument] | None:
    """What may follow `words`; None if they do not fit."""
    matcher = _Matcher(words)
    try:
        left = matcher.arguments(arguments, set())
    except Mismatch:
        return None
    if left is None:
        return [] if matcher.done else None
    return left


class Commands:
    """All commands of a store or server, by their names in capitals."""

    def __init__(self, docs: Reply) -> None:
        self._commands: dict[str, Command] = {}
        for name, facts in docs.pairs():
            command = _command(name.text.upper(), facts)
            self._commands[command.name] = command

    def __iter__(self) -> Iterator[Command]:
        return iter(sorted(self._commands.values(), key=lambda command: command.name))

    def __len__(self) -> int:
        return len(self._commands)

    def find(self, words: Sequence[str]) -> tuple[Command, int] | None:
        """The command that `words` begin with, and how many of them are its name."""
        if not words or (command := self._commands.get(words[0].upper())) is None:
            return None
        if len(words) > 1 and words[1].upper() in command.subcommands:
            return command.subcommands[words[1].upper()], 2
        return command, 1

    def groups(self) -> list[str]:
        return sorted({command.group for command in self._commands.values()})

    def hint(self, words: Sequence[str]) -> str:
        """The rest of the syntax after `words`; empty when they fit no command."""
        found = self.find(words)
        if found is None:
            return ""
        command, used = found
        if command.subcommands:
            return "subcommand ..." if used == len(words) else ""
        return " ".join(map(str, rest_of(command.arguments, words[used:]) or ()))

    def completions(self, words: Sequence[str], begun: str) -> list[tuple[str, str]]:
        """Words that may stand after `words` and begin with `begun`, each with a remark."""
        begun = begun.upper()
        if not words:
            all_of_them = [(c.name, c.summary) for c in self]
            return [pair for pair in all_of_them if pair[0].startswith(begun)]
        found = self.find(words)
        if found is None:
            return []
        command, used = found
        if command.subcommands:
            if used != len(words):
                return []
            names = sorted(command.subcommands.items())
            return [(name, sub.summary) for name, sub in names if name.startswith(begun)]
        left = rest_of(command.arguments, words[used:])
        if left is None:
            return []
        remarks: dict[str, str] = {}
        for argument in left:
            for token in sorted(argument.first_tokens()):
                remarks.setdefault(token, str(argument))
            if not argument.optional:
                break
        return [(token, said) for token, said in remarks.items() if token.startswith(begun)]


def _command(name: str, facts: Reply) -> Command:
    command = Command(name)
    for key, value in facts.pairs():
        if key.text == "arguments":
            command.arguments = tuple(map(_argument, value.value))
        elif key.text == "subcommands":
            for full, sub in value.pairs():
                child = full.text.partition("|")[2].upper()
                command.subcommands[child] = _command(f"{name} {child}", sub)
        elif key.text in ("summary", "since", "group", "complexity"):
            setattr(command, key.text, value.text)
        elif key.text == "deprecated_since":
            command.deprecated = value.text
    return command


def _argument(facts: Reply) -> Argument:
    told = {key.text: value for key, value in facts.pairs()}
    flags = {flag.text for flag in told["flags"].value} if "flags" in told else set()
    return Argument(
        name=(told.get("display_text") or told["name"]).text,
        type=told["type"].text,
        token=told["token"].text if "token" in told else "",
        optional="optional" in flags,
        multiple="multiple" in flags,
        multiple_token="multiple_token" in flags,
        children=tuple(map(_argument, told["arguments"].value)) if "arguments" in told else (),
    )
