"""Looking on: --stat, --latency and --latency-history."""

from __future__ import annotations

import time

from .links import Link, LinkError
from .terminal import Terminal

STAT_HEADING = (
    "------- data ------ --------------------- load -------------------- - child -\n"
    "keys       mem      clients blocked requests            connections          \n"
)
LINES_PER_HEADING = 20
PING_EVERY_S = 0.01
HISTORY_S = 15.0


def info(link: Link) -> dict[str, str]:
    """The fields of INFO."""
    reply = link.execute("INFO")
    if reply.is_error:
        raise LinkError(f"Error: {reply.text}")
    lines = [line.partition(":") for line in reply.text.splitlines() if line[:1] not in ("", "#")]
    return {name: value for name, _, value in lines}


def _bytes_for_people(size: float) -> str:
    if size < 1024:
        return f"{size:.0f}B"
    for unit in "KMG":
        size /= 1024
        if size < 1024 or unit == "G":
            break
    return f"{size:.2f}{unit}"


def _number(fields: dict[str, str], name: str) -> int:
    text = fields.get(name, "0")
    return int(text) if text.isdigit() else 0


def stat(terminal: Terminal, interval: float, repeat: int) -> int:
    """A line of figures every `interval` seconds, `repeat` times or, -1, for ever."""
    before = lines = 0
    while repeat:
        fields = info(terminal.link)
        databases = [text for name, text in fields.items() if name[:2] == "db" and "=" in text]
        keys = sum(int(text.partition("=")[2].partition(",")[0]) for text in databases)
        requests = _number(fields, "total_commands_processed")
        more = requests - before if lines else 0
        if lines % LINES_PER_HEADING == 0:
            terminal.write(STAT_HEADING)
        children = []
        if fields.get("rdb_bgsave_in_progress") == "1":
            children.append("SAVE")
        if fields.get("aof_rewrite_in_progress") == "1":
            children.append("AOF")
        terminal.write(
            f"{keys:<11}{_bytes_for_people(_number(fields, 'used_memory')):<9}"
            f"{fields.get('connected_clients', '-'):<8}{fields.get('blocked_clients', '-'):<8}"
            f"{f'{requests} (+{more})':<20}{fields.get('total_connections_received', '-'):<12}"
            f"{'+'.join(children)}\n"
        )
        before = requests
        lines += 1
        repeat -= repeat > 0
        if repeat:
            time.sleep(interval)
    return 0


class _Pings:
    """Round trips of PING; in milliseconds, or for a store in this process microseconds."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.scale, self.unit = (1e3, "") if link.target.is_server else (1e6, " usec")
        self.reset()

    def reset(self) -> None:
        self.samples = 0
        self.least = self.most = self.total = 0.0

    def ping(self) -> None:
        began = time.perf_counter()
        self._link.execute("PING")
        took = (time.perf_counter() - began) * self.scale
        self.least = min(self.least, took) if self.samples else took
        self.most = max(self.most, took)
        self.total += took
        self.samples += 1

    @property
    def figures(self) -> tuple[int, int, str, int]:
        mean = self.total / self.samples
        return round(self.least), round(self.most), f"{mean:.2f}", self.samples


def latency(terminal: Terminal, interval: float | None, history: bool, repeat: int) -> int:
    """The times of PINGs, 100 a second.

    For people one line, rewritten until they stop it, and with `history` a new one every
    `interval` seconds. Else the figures after `interval` seconds: min, max, mean, samples.
    """
    pings = _Pings(terminal.link)
    for_people = terminal.form.name == "people"
    interval = interval or (HISTORY_S if history else 1.0)
    began = time.monotonic()
    try:
        while repeat:
            pings.ping()
            least, most, mean, samples = pings.figures
            if for_people:
                terminal.write(
                    f"\x1b[0G\x1b[2Kmin: {least}, max: {most}, avg: {mean}{pings.unit} "
                    f"({samples} samples)"
                )
            took = time.monotonic() - began
            if took >= interval and (history or not for_people):
                if for_people:
                    terminal.write(f" -- {took:.2f} seconds range\n")
                else:
                    between = "," if terminal.form.name == "csv" else " "
                    terminal.write(between.join(map(str, pings.figures)) + "\n")
                if not history:
                    return 0
                repeat -= repeat > 0
                pings.reset()
                began = time.monotonic()
            time.sleep(PING_EVERY_S)
    except KeyboardInterrupt:
        if for_people:
            terminal.write("\n")
    return 0
