"""The airports nearest to an airport or a point, out of those of the PyPI package `airportsdata`.

    python examples/airports.py ZRH
    python examples/airports.py --at 8.54 47.37 --within 100

What lies in the store:

    airports      sorted set  IATA codes by place (GEOADD)
    names         hash        names by code
    seen:CH       HyperLogLog codes of a country: how many there are, about
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import emberkv

BATCH = 500
Airport = Mapping[str, Any]


class Found(NamedTuple):
    code: str
    name: str
    km: float


def known_airports() -> Iterable[Airport]:
    try:
        import airportsdata
    except ImportError:
        raise SystemExit("this example wants the airports of: pip install airportsdata") from None
    return airportsdata.load("IATA").values()


def load(db: emberkv.Ember[str], airports: Iterable[Airport]) -> int:
    """Store the airports; how many there are."""
    places: list[Any] = []
    names = {}
    for airport in airports:
        code = airport["iata"]
        places += (airport["lon"], airport["lat"], code)
        names[code] = ", ".join(filter(None, (airport["name"], airport["city"])))
        db.pfadd(f"seen:{airport['country']}", code)
    for start in range(0, len(places), 3 * BATCH):
        db.geoadd("airports", places[start : start + 3 * BATCH])
    if names:
        db.hset("names", mapping=names)
    return db.zcard("airports")


def found(db: emberkv.Ember[str], rows: Iterable[tuple[str, float]]) -> list[Found]:
    rows = list(rows)
    names = db.hmget("names", [code for code, _ in rows]) if rows else []
    return [Found(code, name or "?", km) for (code, km), name in zip(rows, names, strict=True)]


def nearest(db: emberkv.Ember[str], code: str, count: int = 10) -> list[Found]:
    """The `count` airports nearest to one of them, which is not among them."""
    rows = db.geosearch(
        "airports",
        member=code,
        radius=20_100,
        unit="km",
        sort="ASC",
        count=count + 1,
        withdist=True,
    )
    return found(db, [(other, km) for other, km in rows if other != code][:count])


def around(db: emberkv.Ember[str], lon: float, lat: float, km: float) -> list[Found]:
    """The airports within so many kilometres of a point, the nearest first."""
    rows = db.geosearch(
        "airports", longitude=lon, latitude=lat, radius=km, unit="km", sort="ASC", withdist=True
    )
    return found(db, [(code, distance) for code, distance in rows])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="The airports nearest to an airport or a point.")
    parser.add_argument("airport", nargs="?", default="ZRH", help="an IATA code")
    parser.add_argument("--at", nargs=2, type=float, metavar=("LON", "LAT"), help="a point instead")
    parser.add_argument("--within", type=float, default=100, metavar="KM", help="of the point")
    options = parser.parse_args(arguments)
    with emberkv.open(decode_responses=True) as db:
        print(f"{load(db, known_airports()):,} airports")
        try:
            if options.at:
                shown = around(db, *options.at, options.within)
            elif db.zscore("airports", options.airport.upper()) is None:
                parser.error(f"no airport has the code {options.airport}")
            else:
                shown = nearest(db, options.airport.upper())
        except emberkv.ResponseError as error:  # a point that is not on the globe
            parser.error(str(error))
        for airport in shown:
            print(f"{airport.km:8.1f} km  {airport.code}  {airport.name}")


if __name__ == "__main__":
    main()
