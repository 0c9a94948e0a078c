"""`emberkv info`: a page about a store."""

from __future__ import annotations

import json as json_module
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..exceptions import RedisError
from .links import LinkError, Target
from .scans import ProgressBar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    import emberkv

BATCH = 1000


class Process(NamedTuple):
    """A process that has the store open."""

    pid: int
    handles: int
    since_ms: int
    command: str


class Kind(NamedTuple):
    """The keys of a type in a database."""

    keys: int
    memory_bytes: int


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", metavar="PATH")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option("--fast", is_flag=True, help="Leave out what takes a walk over all keys.")
def info(path: str, as_json: bool, fast: bool) -> int:
    """What is in the store at PATH, what it takes, and who has it open.

    The types of keys and their memory are counted key by key; everybody else goes on meanwhile.
    """
    target = Target(path)
    if target.path is None:
        raise LinkError(f"{path} is no path. Of a server, `emberkv cli {path} info` tells.")
    target.must_exist()
    with target.open_store() as db:
        try:
            facts = gather(db, fast)
        except RedisError as error:
            raise LinkError(f"Error: {error}{_elsewhere(db)}") from None
    if as_json:
        click.echo(json_module.dumps(facts, indent=2))
    else:
        _print(facts)
    return 0


def gather(db: emberkv.Ember[bytes], fast: bool = False) -> dict[str, Any]:
    """Everything that the page shows."""
    stats = db._store.stats()
    settings = _settings(db)
    keyspace: dict[str, Any] = db.info("keyspace")
    databases: dict[str, Any] = {}
    with ProgressBar("keys", sum(facts["keys"] for facts in keyspace.values())) as bar:
        for name, facts in keyspace.items():
            number = int(name.removeprefix("db"))
            databases[str(number)] = {"keys": facts["keys"], "expiring": facts["expires"]}
            if not fast:
                types = {kind: found._asdict() for kind, found in _by_type(db, number, bar).items()}
                databases[str(number)]["types"] = types
    return {
        "path": db.path,
        "memory": stats,
        "databases": databases,
        "attached": [process._asdict() for process in _attached(db)],
        "settings": settings,
    }


def _by_type(db: emberkv.Ember[bytes], number: int, bar: ProgressBar) -> dict[str, Kind]:
    """Keys and memory by type, in the order of memory."""
    found: dict[str, Kind] = {}
    execute = db._new_session(number).execute_many
    cursor = b"0"
    while True:
        (reply,) = execute([("SCAN", cursor, "COUNT", BATCH)])
        if isinstance(reply, Exception):
            raise LinkError(str(reply))
        cursor, keys = reply
        types = execute([("TYPE", key) for key in keys])
        sizes = execute([("MEMORY", "USAGE", key) for key in keys])
        for kind, size in zip(types, sizes, strict=True):
            name = kind.decode() if isinstance(kind, bytes) else str(kind)
            if name == "none":
                continue  # it went meanwhile
            before = found.get(name, Kind(0, 0))
            size = size if isinstance(size, int) else 0
            found[name] = Kind(before.keys + 1, before.memory_bytes + size)
        bar.by(len(keys))
        if cursor in (b"0", 0):
            return dict(sorted(found.items(), key=lambda pair: -pair[1].memory_bytes))


def _attached(db: emberkv.Ember[bytes]) -> list[Process]:
    """Other processes that have the store open, the longest first."""
    by_pid: dict[int, list[int]] = {}
    for pid, since_ms in db._store.processes():
        if pid != os.getpid():
            by_pid.setdefault(pid, []).append(since_ms)
    found = [Process(pid, len(since), min(since), _command(pid)) for pid, since in by_pid.items()]
    return sorted(found, key=lambda process: process.since_ms)


def _elsewhere(db: emberkv.Ember[bytes]) -> str:
    """The same in words, for who wonders whose script it is that keeps the store busy."""
    others = ", ".join(
        f"process {each.pid} ({' '.join(each.command.split())[:80]})" for each in _attached(db)
    )
    return f"\nIt is open in {others}." if others else ""


def _command(pid: int) -> str:
    """The command line of a process, as far as we may know it."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().rstrip(b"\0").split(b"\0")
    except OSError:
        return ""
    return b" ".join(words).decode("utf-8", "replace")


def _settings(db: emberkv.Ember[bytes]) -> dict[str, dict[str, str]]:
    """Settings of the store that are not what a new one has."""
    import emberkv

    given: dict[str, str] = _text(db.config_get("*"))
    with emberkv.open() as fresh:
        default: dict[str, str] = _text(fresh.config_get("*"))
    return {
        name: {"value": value, "default": default.get(name, "")}
        for name, value in sorted(given.items())
        if value != default.get(name) and "pass" not in name and name != "dir"
    }


def _text(settings: Any) -> dict[str, str]:
    def text(value: Any) -> str:
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    return {text(name): text(value) for name, value in settings.items()}


# The page


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _ago(since_ms: int) -> str:
    seconds = max(0, int(time.time() - since_ms / 1000))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _print(facts: dict[str, Any]) -> None:
    from rich.console import Console

    # Paths and values are no markup, whatever brackets they hold.
    console = Console(file=sys.stdout, markup=False, highlight=False)
    memory = facts["memory"]
    console.print(facts["path"], style="bold")
    console.print(
        f"{_size(memory['used_bytes'])} used of {_size(memory['arena_bytes'])} taken, "
        f"at most {_size(memory['max_bytes'])}; {memory['blocks']:,} blocks\n"
    )
    _print_keys(console, facts["databases"])
    _print_attached(console, facts["attached"])
    _print_settings(console, facts["settings"])


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        left = column in ("database", "type", "command", "setting", "value", "default")
        table.add_column(column, justify="left" if left else "right", overflow="fold")
    return table


def _print_keys(console: Console, databases: dict[str, Any]) -> None:
    if not databases:
        console.print("No keys.\n")
        return
    table = _table("Keys", "database", "type", "keys", "memory", "expiring")
    for number, facts in databases.items():
        first = [number, "", f"{facts['keys']:,}", "", f"{facts['expiring']:,}"]
        kinds = facts.get("types", {})
        if len(kinds) == 1:  # one line says it all
            ((first[1], kind),) = kinds.items()
            first[3] = _size(kind["memory_bytes"])
            kinds = {}
        elif kinds:
            first[3] = _size(sum(kind["memory_bytes"] for kind in kinds.values()))
        table.add_row(*first)
        for name, kind in kinds.items():
            table.add_row("", name, f"{kind['keys']:,}", _size(kind["memory_bytes"]), "")
    console.print(table)


def _print_attached(console: Console, attached: list[dict[str, Any]]) -> None:
    if not attached:
        console.print("Nobody else has it open.\n")
        return
    table = _table("Open in", "process", "handles", "for", "command")
    for process in attached:
        table.add_row(
            str(process["pid"]),
            str(process["handles"]),
            _ago(process["since_ms"]),
            process["command"],
        )
    console.print(table)


def _print_settings(console: Console, settings: dict[str, Any]) -> None:
    if not settings:
        console.print("All settings are as in a new store.")
        return
    table = _table("Settings that were changed", "setting", "value", "default")
    for name, setting in settings.items():
        table.add_row(name, setting["value"] or '""', setting["default"] or '""')
    console.print(table)
