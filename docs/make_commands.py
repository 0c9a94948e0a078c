"""Write docs/commands.md, the reference of commands, from the command table.

python docs/make_commands.py            writes it
python docs/make_commands.py --check    fails when it is not up to date
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import emberkv
from emberkv._core._ember import command_syntax

PAGE = Path(__file__).with_name("commands.md")
ELSEWHERE = Path(__file__).with_name("elsewhere.json")
SPELLED = {"redis": "Redis", "valkey": "Valkey"}
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
    "cluster": "Clusters",
}
HEAD = """\
# Commands

Every command that a store knows: by `db.execute_command(...)`, by the method of its name, and in
a pipeline. `since` is the version of Redis that brought it, whose replies it gives. This page is
written by `docs/make_commands.py` from the command table, as are `COMMAND DOCS` and `... HELP`.

*Also in* says where else the command is, by what servers of these versions answer to `COMMAND DOCS`
and what the other in-process stores have methods for (`tools/ask_servers.py` asks them):
{places}.
Options that a server does not know are named behind it, and with a plus those that it knows and we
do not.
"""


def pairs(value: Any) -> dict[str, Any]:
    """A map of the reply, which may come flat, with str keys."""
    if not isinstance(value, dict):
        value = dict(zip(value[::2], value[1::2], strict=True))
    return {k.decode() if isinstance(k, bytes) else k: v for k, v in value.items()}


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def places() -> dict[str, dict[str, list[str]] | list[str]]:
    """What each server and store knows, by its name and version."""
    found = {}
    for place, commands in json.loads(ELSEWHERE.read_text()).items():
        name, version = place.split()
        found[f"{SPELLED.get(name, name)} {version.rsplit('.', 1)[0]}"] = commands
    return found


def elsewhere(name: str, own: set[str]) -> str:
    """Where else the command is, and with which options fewer or more."""
    said = []
    for place, commands in places().items():
        if name not in commands:
            continue
        if isinstance(commands, list):
            said.append(place.split()[0])
            continue
        theirs = set(commands[name])
        differ = [*sorted(own - theirs), *(f"+{word}" for word in sorted(theirs - own))]
        less = "without " if own - theirs else ""
        said.append(place + (f" ({less}{', '.join(differ)})" if differ else ""))
    return f"*Also in* {'; '.join(said)}." if said else "*Nowhere else yet.*"


def tokens(arguments: Any) -> set[str]:
    """The words that the arguments may begin with, at any depth."""
    found = set()
    for argument in arguments or ():
        facts = pairs(argument)
        found |= {text(facts.get("token", "")).upper()} | tokens(facts.get("arguments"))
    return found - {""}


def entry(name: str, docs: dict[str, Any]) -> str:
    facts = f"{text(docs['complexity'])}. Since {text(docs['since'])}."
    if "replaced_by" in docs:
        facts += f" Better: {text(docs['replaced_by'])}."
    where = elsewhere(name, tokens(docs.get("arguments")))
    return f"- `{command_syntax(name)}`  \n  {text(docs['summary'])} {facts}  \n  {where}\n"


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
    return HEAD.format(places=", ".join(places())) + "".join(parts)


def main() -> int:
    wanted = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text() == wanted else 1
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
