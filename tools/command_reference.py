"""Writes docs/commands.md: every command, as its declaration says, by group.

It asks the built library (COMMAND DOCS, COMMAND INFO), so nothing is written down twice. Run this
after declaring a command; a test fails until it has been:

    python tools/command_reference.py
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"

TITLES = {
    "string": "Strings",
    "generic": "Keys of any type",
    "hash": "Hashes",
    "list": "Lists",
    "set": "Sets",
    "sorted-set": "Sorted sets",
    "transactions": "Transactions",
    "connection": "Connection",
    "server": "Server",
}

HEAD = """# Commands

Written by `tools/command_reference.py` from the declarations of the commands. "Since" is the first
version of Redis that has the command. Call it by the method of redis-py's name where there is one,
or by `db.execute_command(...)` in any case. Words in capitals are typed as they stand.
"""


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def table(reply: Any) -> dict[str, Any]:
    """A map of RESP3, or the flat list that it is in RESP2, with its keys as str."""
    if isinstance(reply, dict):
        return {text(k): v for k, v in reply.items()}
    return {text(reply[i]): reply[i + 1] for i in range(0, len(reply), 2)}


def words(argument: Any) -> str:
    """One argument as it is written: `[EX seconds]`, `field value [field value ...]`."""
    a = table(argument)
    kind, flags = text(a["type"]), {text(flag) for flag in a.get("flags", [])}
    token = text(a["token"]) if "token" in a else ""
    if kind == "pure-token":
        written = token
    elif kind == "oneof":
        written = " | ".join(map(words, a["arguments"]))
        if "optional" not in flags or token:
            written = f"<{written}>"
    elif kind == "block":
        written = " ".join(map(words, a["arguments"]))
    else:
        written = text(a.get("display_text", a["name"]))
    if token and kind != "pure-token":
        written = f"{token} {written}"
    if "multiple" in flags:
        again = written
        if token and "multiple_token" not in flags:
            again = written.removeprefix(token + " ")
        written = f"{written} [{again} ...]"
    return f"[{written}]" if "optional" in flags else written


def entries(name: str, docs: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """(group, syntax, summary, since, complexity) of a command, or of each of its subcommands."""
    if "subcommands" in docs:
        return [
            entry
            for sub, its in table(docs["subcommands"]).items()
            for entry in entries(sub.replace("|", " "), table(its))
        ]
    syntax = " ".join([name.upper(), *map(words, docs.get("arguments", []))])
    facts = (text(docs.get(fact, "")) for fact in ("summary", "since", "complexity"))
    return [(text(docs["group"]), syntax, *facts)]


def page(command_docs: Any) -> str:
    groups: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    for name, docs in table(command_docs).items():
        for group, *rest in entries(name, table(docs)):
            groups[group].append(tuple(rest))
    lines = [HEAD]
    for group in sorted(groups, key=lambda g: (list(TITLES).index(g) if g in TITLES else 99, g)):
        lines += [f"## {TITLES.get(group, group.title())}", ""]
        lines += ["| command | what it does | since | cost |", "|---|---|---|---|"]
        for row in sorted(groups[group]):
            syntax, *facts = (cell.replace("|", "\\|") for cell in row)
            lines.append("| " + " | ".join([f"`{syntax}`", *facts]) + " |")
        lines.append("")
    return "\n".join(lines)


def ask() -> Any:
    import emberkv

    with emberkv.open() as db:
        return db.execute_command("COMMAND DOCS")


if __name__ == "__main__":
    PAGE.write_text(page(ask()))
    print(PAGE.relative_to(Path.cwd()))
