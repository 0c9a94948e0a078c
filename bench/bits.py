"""Bitmaps at the speed of memory, and searches among 100,000 places beside redis-server's own time.

What a server spends on a search is what it says itself (`INFO commandstats`): no socket and no
client are in it. Ours is the whole call, with the Python objects of its result.
"""

from __future__ import annotations

import importlib
import itertools
import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from bench.peers import open_all
from bench.report import Result, Run

SIZE = 64 << 20
PLACES = 100_000
CENTERS = 100
ROUNDS = 7
SEARCHES = (
    ("BYRADIUS 50 km", {"radius": 50}),
    ("BYRADIUS 200 km", {"radius": 200}),
    ("BYRADIUS 1000 km", {"radius": 1000}),
    ("BYRADIUS 200 km, ten nearest", {"radius": 200, "sort": "ASC", "count": 10}),
    ("BYBOX 400 km", {"width": 400, "height": 400}),
)


def airports() -> list[tuple[float, float]]:
    """Of the PyPI package `airportsdata`; without it as many places around 2,000 random cities."""
    try:
        known = importlib.import_module("airportsdata").load("ICAO").values()
        return [(float(a["lon"]), float(a["lat"])) for a in known]
    except ImportError:
        rng = random.Random(3)
        return [(rng.uniform(-180, 180), rng.uniform(-60, 70)) for _ in range(2_000)]


def places(count: int) -> Iterator[tuple[float, float]]:
    """Airports, again and again, each time a little elsewhere."""
    rng, known = random.Random(4), airports()
    for i, (lon, lat) in enumerate(itertools.islice(itertools.cycle(known), count)):
        off = 0.0 if i < len(known) else 0.2
        lon, lat = lon + rng.gauss(0, off), lat + rng.gauss(0, off)
        yield min(max(lon, -180.0), 180.0), min(max(lat, -85.0), 85.0)


def measure(run: Run) -> None:
    run.progress("bitmaps")
    with ExitStack() as stack:
        (store,) = open_all(["emberkv"], stack, run.notes)
        _bitmaps(run, store.client)
    run.progress("places")
    with ExitStack() as stack:
        stores = open_all(["emberkv", "redis-server"], stack, run.notes)
        _searches(run, {store.name: store.client for store in stores})


def _best(run: Run, call: Any, *arguments: Any) -> float:
    """Seconds of the fastest of some calls."""
    found = []
    for _ in range(ROUNDS):
        start = run.clock()
        call(*arguments)
        found.append(run.clock() - start)
    return min(found) / 1e9


def _bitmaps(run: Run, db: Any) -> None:
    size = run.many(SIZE)
    rng = random.Random(5)
    for name in ("a", "b"):
        db.set(name, rng.randbytes(size))
    source = bytearray(db.get("a"))
    copy = size / _best(run, bytearray(size).__setitem__, slice(None), source) / 1e9
    counted = size / _best(run, db.bitcount, "a") / 1e9
    run.results.append(
        Result(
            f"BITCOUNT of {size >> 20} MB",
            "private",
            f"{counted:.1f} GB/s (copying the same bytes: {copy:.1f} GB/s)",
            "at least as fast as a copy",
            counted >= copy,
            reached=copy / counted,
        )
    )
    for operation in ("AND", "XOR"):  # three bytes are moved for one; copying moves two
        speed = size / _best(run, db.bitop, operation, "to", "a", "b") / 1e9
        run.results.append(
            Result(
                f"BITOP {operation} of two strings of {size >> 20} MB",
                "private",
                f"{speed:.1f} GB/s written, {3 * speed:.1f} moved (copying moves {2 * copy:.1f})",
                "at least 0.9 of what a copy moves",
                3 * speed >= 1.8 * copy,
                reached=1.8 * copy / (3 * speed),
            )
        )


def _server_microseconds(server: Any, centers: list[Any], options: dict[str, Any]) -> float:
    """The least that the server says it spent on a search, over some rounds."""
    found = []
    for _ in range(ROUNDS):
        server.config_resetstat()
        _search(server, centers, options)
        found.append(server.info("commandstats")["cmdstat_geosearch"]["usec_per_call"])
    return min(found)


def _search(client: Any, centers: list[Any], options: dict[str, Any]) -> None:
    for lon, lat in centers:
        client.geosearch("g", longitude=lon, latitude=lat, unit="km", **options)


def _searches(run: Run, clients: dict[str, Any]) -> None:
    everywhere = list(places(run.many(PLACES)))
    centers = random.Random(6).sample(everywhere, CENTERS)
    for client in clients.values():
        for start in range(0, len(everywhere), 500):
            flat = []
            for i, (lon, lat) in enumerate(everywhere[start : start + 500], start):
                flat += (lon, lat, f"airport:{i}")
            client.geoadd("g", flat)
    for what, options in SEARCHES:
        ours = _best(run, _search, clients["emberkv"], centers, options) / CENTERS * 1e6
        if "redis-server" not in clients:
            run.notes.append(f"GEOSEARCH {what}: {ours:.0f} us; no server to compare with")
            continue
        theirs = _server_microseconds(clients["redis-server"], centers, options)
        run.results.append(
            Result(
                f"GEOSEARCH {what} among {len(everywhere):,} places",
                "private",
                f"{theirs / ours:.1f}x of the server's own time ({ours:.0f} to {theirs:.0f} us)",
                "at least 3x",
                theirs >= 3 * ours,
                reached=3 * ours / theirs,
            )
        )
