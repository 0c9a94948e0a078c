"""`emberkv top`: a live page about a store or a server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from .info import _ago, _attached, _size, _table
from .links import Link, LinkError, StoreLink, Target
from .resp import Reply

if TYPE_CHECKING:
    from rich.console import Group

SHOWN = 12  # commands, and keys of each kind
DRAWN = 64  # keys looked at for each page
PERCENTILES = ("p50", "p99", "p99.9")


class Sample:
    """The figures of one moment: INFO taken apart."""

    def __init__(self, text: str) -> None:
        self.at = time.monotonic()
        self.fields: dict[str, str] = {}
        for line in text.splitlines():
            name, colon, value = line.partition(":")
            if colon and name[:1] != "#":
                self.fields[name] = value

    def number(self, name: str) -> float:
        try:
            return float(self.fields.get(name, 0))
        except ValueError:
            return 0.0

    def parts(self, prefix: str) -> dict[str, dict[str, str]]:
        """The fields that begin so, by what follows; their parts by name."""
        return {
            name.removeprefix(prefix): dict(part.split("=", 1) for part in value.split(","))
            for name, value in self.fields.items()
            if name.startswith(prefix) and "=" in value
        }


class Watch:
    """What is known of the store: the last two samples, and the keys that were met."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.big: dict[bytes, int] = {}
        self.hot: dict[bytes, int] = {}
        self.before = self.now = self._sample()

    def _sample(self) -> Sample:
        reply = self.link.execute("INFO", "everything")
        if reply.is_error:
            raise LinkError(f"Error: {reply.text}")
        return Sample(reply.text)

    def look(self) -> None:
        """Take another sample, and look at a few keys more."""
        self.before, self.now = self.now, self._sample()
        self._draw_keys()

    def _draw_keys(self) -> None:
        drawn = self.link.execute_many([[b"RANDOMKEY"]] * DRAWN)
        keys = {reply.value for reply in drawn if isinstance(reply.value, bytes)}
        keys |= self.big.keys() | self.hot.keys()
        self.big = self._greatest(sorted(keys), b"MEMORY", b"USAGE")
        policy = self.now.fields.get("maxmemory_policy", "")
        counts = policy.endswith("lfu")
        self.hot = self._greatest(sorted(keys), b"OBJECT", b"FREQ") if counts else {}

    def _greatest(self, keys: list[bytes], *command: bytes) -> dict[bytes, int]:
        replies = self.link.execute_many([[*command, key] for key in keys]) if keys else []
        found = [(n, key) for key, reply in zip(keys, replies, strict=True) if (n := _int(reply))]
        return {key: n for n, key in sorted(found, reverse=True)[:SHOWN]}

    def rate(self, name: str) -> float:
        """How much a counter grows in a second."""
        return self._per_second(self.now.number(name) - self.before.number(name))

    def _per_second(self, more: float) -> float:
        past = self.now.at - self.before.at
        return max(more, 0.0) / past if past > 0 else 0.0

    def commands(self) -> list[tuple[str, float, float, dict[str, str]]]:
        """Commands by their rate: name, calls a second, mean time in us, percentiles."""
        before, now = self.before.parts("cmdstat_"), self.now.parts("cmdstat_")
        times = self.now.parts("latency_percentiles_usec_")
        rows = []
        for name, facts in now.items():
            calls = int(facts["calls"]) - int(before.get(name, {}).get("calls", 0))
            mean = float(facts["usec_per_call"])
            rows.append((name, self._per_second(calls), mean, times.get(name, {})))
        return sorted(rows, key=lambda row: (-row[1], row[0]))[:SHOWN]

    def keys(self) -> int:
        databases = self.now.parts("db")
        return sum(int(facts["keys"]) for facts in databases.values() if "keys" in facts)


def _int(reply: Reply) -> int:
    return reply.value if isinstance(reply.value, int) else 0


def _shown(key: bytes) -> str:
    text = key.decode("utf-8", "backslashreplace")
    return text if len(text) <= 48 else text[:47] + "…"


def page(watch: Watch) -> Group:
    """The page as rich draws it."""
    from rich.columns import Columns
    from rich.console import Group
    from rich.text import Text

    now, rate = watch.now, watch.rate
    hits, misses = rate("keyspace_hits"), rate("keyspace_misses")
    limit = now.number("maxmemory")
    head = Text(f"{watch.link.target}", style="bold")
    head.append(
        f"   {rate('total_commands_processed'):,.0f} commands/s   "
        f"{hits + misses:,.0f} look-ups/s"
        + (f" ({100 * hits / (hits + misses):.1f}% hits)" if hits + misses else "")
        + f"   {watch.keys():,} keys\n",
        style="not bold",
    )
    head.append(
        f"{_size(now.number('used_memory'))} used"
        + (f" of {_size(limit)} ({now.fields.get('maxmemory_policy')})" if limit else "")
        + f", {_size(now.number('used_memory_rss'))} resident   "
        f"{rate('evicted_keys'):,.0f} evicted/s, {rate('expired_keys'):,.0f} expired/s   "
        f"{now.number('connected_clients'):,.0f} clients, "
        f"{now.number('blocked_clients'):,.0f} waiting",
        style="not bold",
    )
    commands = _table("Commands", "command", "a second", "us", *PERCENTILES)
    for name, calls, mean, times in watch.commands():
        cells = [times.get(p, "").partition(".")[0] for p in PERCENTILES]
        commands.add_row(name, f"{calls:,.0f}", f"{mean:,.1f}" if mean else "", *cells)
    tables = [commands]
    for title, found, column in (("Big keys", watch.big, "bytes"), ("Hot keys", watch.hot, "used")):
        if found:
            table = _table(title, column, "key")
            for key, n in found.items():
                table.add_row(f"{n:,}", _shown(key))
            tables.append(table)
    parts: list[Any] = [head, Columns(tables)]
    if isinstance(watch.link, StoreLink):
        attached = _table("Open in", "process", "for", "command")
        for process in _attached(watch.link.db):
            attached.add_row(str(process.pid), _ago(process.since_ms), process.command)
        if attached.row_count:
            parts.append(attached)
    return Group(*parts)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target", metavar="PATH|URL")
@click.option("-i", "--interval", type=click.FloatRange(0.05), default=1.0, help="Seconds.  [1]")
@click.option("-n", "--pages", type=click.IntRange(1), help="End after so many pages.")
def top(target: str, interval: float, pages: int | None) -> int:
    """Commands a second, their times, memory, big and hot keys, and who has the store open.

    Of the store at PATH or the server at URL, drawn anew each second. Big and hot keys are found by
    drawing some at each turn; hot ones only if maxmemory-policy counts uses (LFU, TinyLFU). Ctrl-C
    ends it.
    """
    from rich.console import Console
    from rich.live import Live

    what = Target(target)
    what.must_exist()
    link = what.open()
    try:
        for problem in link.begin():
            raise LinkError(problem)
        watch = Watch(link)
        console = Console(markup=False, highlight=False)
        if not console.is_terminal:
            for _ in range(pages or 1):
                time.sleep(interval)
                watch.look()
                console.print(page(watch))
            return 0
        with Live(page(watch), console=console, screen=True, auto_refresh=False) as live:
            while pages is None or pages > 0:
                time.sleep(interval)
                watch.look()
                live.update(page(watch), refresh=True)
                pages = None if pages is None else pages - 1
    except KeyboardInterrupt:
        pass
    finally:
        link.close()
    return 0
