"""Write docs/commands.md, the reference of commands, from the command table.

python docs/make_commands.py            writes it
python docs/make_commands.py --check    fails when it is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import emberkv
from emberkv._core._ember import command_syntax

PAGE = Path(__file__).with_name("commands.md")
GROUPS = {
    "string": "Strings",
    "generic": "Keys of any type",
    "hash": "Hashes",
    "list": "Lists",
    "set": "Sets",
    "sorted-set": "Sorted sets",
    "stream": "Streams",
    "bitmap": "Bitmaps",
    "hyperloglog": "HyperLogLog",
    "geo": "Geo",
    "pubsub": "Publish and subscribe",
    "transactions": "Transactions",
    "scripting": "Scripts",
    "connection": "Connection",
    "server": "Server",
}
HEAD = """\
# Commands

Every command that a store knows: by `db.execute_command(...)`, by the method of its name, and in
a pipeline. `since` is the version of Redis that brought it, whose replies it gives. This page is
written by `docs/make_commands.py` from the command table, as are `COMMAND DOCS` and `... HELP`.
"""


def pairs(value: Any) -> dict[str, Any]:
    """A map of the reply, which may come flat, with str keys."""
    if not isinstance(value, dict):
        value = dict(zip(value[::2], value[1::2], strict=True))
    return {k.decode() if isinstance(k, bytes) else k: v for k, v in value.items()}


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def entry(name: str, docs: dict[str, Any]) -> str:
    facts = f"{text(docs['complexity'])}. Since {text(docs['since'])}."
    if "replaced_by" in docs:
        facts += f" Better: {text(docs['replaced_by'])}."
    return f"- `{command_syntax(name)}`  \n  {text(docs['summary'])} {facts}\n"


def entries(name: str, docs: dict[str, Any]) -> list[str]:
    """Those of a command: of a container, those of its subcommands."""
    subcommands = pairs(docs.get("subcommands", {}))
    own = [] if subcommands and name != "command" else [entry(name, docs)]
    return own + [entry(sub, pairs(subcommands[sub])) for sub in sorted(subcommands)]


def page() -> str:
    with emberkv.open() as db:
        commands = pairs(db.execute_command("COMMAND DOCS"))
    by_group: dict[str, list[str]] = {title: [] for title in GROUPS.values()}
    for name in sorted(commands):
        docs = pairs(commands[name])
        by_group[GROUPS[text(docs["group"])]] += entries(name, docs)
    parts = [f"\n## {title}\n\n{''.join(rows)}" for title, rows in by_group.items() if rows]
    return HEAD + "".join(parts)


def main() -> int:
    wanted = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text() == wanted else 1
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
