"""Geo: members of a sorted set that have a longitude and a latitude."""

from __future__ import annotations

from ..exceptions import DataError
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._types import Encodable, Field, Key

UNITS = ("m", "km", "mi", "ft")


def _center(member: Any, longitude: float | None, latitude: float | None) -> list[Any]:
    if member is None and (longitude is None or latitude is None):
        raise DataError("GEOSEARCH must have member or longitude and latitude")
    pieces: list[Any] = []
    if member:
        if longitude or latitude:
            raise DataError("GEOSEARCH member and longitude or latitude can't be set together")
        pieces += ("FROMMEMBER", member)
    if longitude is not None and latitude is not None:
        pieces += ("FROMLONLAT", longitude, latitude)
    return pieces


def _area(
    radius: float | None, width: float | None, height: float | None, unit: str | None
) -> list[Any]:
    if radius is None and (width is None or height is None):
        raise DataError("GEOSEARCH must have radius or width and height")
    if unit is None:
        raise DataError("GEOSEARCH must have unit")
    if unit.lower() not in UNITS:
        raise DataError("GEOSEARCH invalid unit")
    pieces: list[Any] = []
    if radius:
        if width or height:
            raise DataError("GEOSEARCH radius and width or height can't be set together")
        pieces += ("BYRADIUS", radius, unit)
    if width and height:
        pieces += ("BYBOX", width, height, unit)
    return pieces


def _search(
    member: Any,
    longitude: float | None,
    latitude: float | None,
    unit: str | None,
    radius: float | None,
    width: float | None,
    height: float | None,
    sort: str | None,
    count: int | None,
    any: bool,
) -> list[Any]:
    """What GEOSEARCH and GEOSEARCHSTORE have in common."""
    pieces = _center(member, longitude, latitude)
    pieces += _area(radius, width, height, unit)
    if sort:
        if sort.upper() not in ("ASC", "DESC"):
            raise DataError("GEOSEARCH invalid sort")
        pieces.append(sort.upper())
    if count:
        pieces += ("COUNT", count)
        if any:
            pieces.append("ANY")
    elif any:
        raise DataError("GEOSEARCH ``any`` can't be provided without count")
    return pieces


def _wanted(withdist: bool, withcoord: bool, withhash: bool) -> list[Any]:
    given = (("WITHDIST", withdist), ("WITHCOORD", withcoord), ("WITHHASH", withhash))
    return [word for word, wanted in given if wanted]


def _radius(
    unit: str | None,
    withdist: bool,
    withcoord: bool,
    withhash: bool,
    count: int | None,
    sort: str | None,
    store: Any,
    store_dist: Any,
    any: bool,
) -> tuple[list[Any], dict[str, bool]]:
    """The arguments of GEORADIUS and GEORADIUSBYMEMBER behind the radius, and their options."""
    if unit and unit not in UNITS:
        raise DataError("GEORADIUS invalid unit")
    if any and count is None:
        raise DataError("``any`` can't be provided without ``count``")
    pieces = [unit or "m", *_wanted(withdist, withcoord, withhash)]
    if count is not None:
        pieces += ("COUNT", count)
        if any:
            pieces.append("ANY")
    if sort:
        if sort not in ("ASC", "DESC"):
            raise DataError("GEORADIUS invalid sort")
        pieces.append(sort)
    if store and store_dist:
        raise DataError("GEORADIUS store and store_dist can't be set together")
    if store:
        pieces += ("STORE", store)
    if store_dist:
        pieces += ("STOREDIST", store_dist)
    if store or store_dist:
        return pieces, {}
    return pieces, {"withdist": withdist, "withcoord": withcoord, "withhash": withhash}


class GeoCommands(CommandGroup[T]):
    def geoadd(
        self,
        name: Key,
        values: Sequence[Encodable],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
    ) -> int:
        """Add places: `values` are longitude, latitude and name in turn. GEOADD.

        `nx` only adds, `xx` only moves. The number of places added; with `ch`, of those
        added or moved. O(log(size)) for each.
        """
        if nx and xx:
            raise DataError("GEOADD allows either 'nx' or 'xx', not both")
        if len(values) % 3 != 0:
            raise DataError("GEOADD requires places with lon, lat and name values")
        pieces: list[Any] = []
        if nx:
            pieces.append("NX")
        if xx:
            pieces.append("XX")
        if ch:
            pieces.append("CH")
        return self.execute_command("GEOADD", name, *pieces, *values)

    def geodist(
        self, name: Key, place1: Field, place2: Field, unit: str | None = None
    ) -> float | None:
        """The distance between two places in `unit`: m, km, mi or ft. GEODIST.

        None if one of them is missing.
        """
        if unit and unit not in UNITS:
            raise DataError("GEODIST invalid unit")
        pieces = [unit] if unit else []
        return self.execute_command("GEODIST", name, place1, place2, *pieces)

    def geohash(self, name: Key, *values: Field) -> list[str | None]:
        """The geohash of each place, 11 letters, None for the missing. GEOHASH."""
        return self.execute_command("GEOHASH", name, *values)

    def geopos(self, name: Key, *values: Field) -> list[tuple[float, float] | None]:
        """The (longitude, latitude) of each place, None for the missing. GEOPOS."""
        return self.execute_command("GEOPOS", name, *values)

    def georadius(
        self,
        name: Key,
        longitude: float,
        latitude: float,
        radius: float,
        unit: str | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: str | None = None,
        store: Key | None = None,
        store_dist: Key | None = None,
        any: bool = False,
    ) -> list[Any] | int:
        """The places within `radius` of a point; see `geosearch`. GEORADIUS.

        With `store` or `store_dist` they are stored there, and the result is their number.
        """
        pieces, options = _radius(
            *(unit, withdist, withcoord, withhash, count, sort, store, store_dist, any)
        )
        return self.execute_command(
            "GEORADIUS", name, longitude, latitude, radius, *pieces, **options
        )

    def georadiusbymember(
        self,
        name: Key,
        member: Field,
        radius: float,
        unit: str | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: str | None = None,
        store: Key | None = None,
        store_dist: Key | None = None,
        any: bool = False,
    ) -> list[Any] | int:
        """The places within `radius` of one of them; see `geosearch`. GEORADIUSBYMEMBER."""
        pieces, options = _radius(
            *(unit, withdist, withcoord, withhash, count, sort, store, store_dist, any)
        )
        return self.execute_command("GEORADIUSBYMEMBER", name, member, radius, *pieces, **options)

    def geosearch(
        self,
        name: Key,
        member: Field | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
    ) -> list[Any]:
        """The places in a circle or a box around a place or a point. GEOSEARCH.

        From `member`, or from `longitude` and `latitude`; within `radius`, or in a box of
        `width` and `height`, all in `unit`: m, km, mi or ft. `sort` is "ASC", nearest first,
        or "DESC"; `count` bounds their number, with `any` to the first found. A list of
        names; with `withdist`, `withhash` or `withcoord` of [name, distance, hash,
        (longitude, latitude)], as far as asked for.
        """
        pieces = _search(
            *(member, longitude, latitude, unit, radius, width, height, sort, count, any)
        )
        pieces += _wanted(withdist, withcoord, withhash)
        options = {"withdist": withdist, "withcoord": withcoord, "withhash": withhash}
        return self.execute_command("GEOSEARCH", name, *pieces, **options)

    def geosearchstore(
        self,
        dest: Key,
        name: Key,
        member: Field | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        storedist: bool = False,
    ) -> int:
        """Store what `geosearch` finds at `dest`; how many there are. GEOSEARCHSTORE.

        With `storedist` their scores are the distances.
        """
        pieces = _search(
            *(member, longitude, latitude, unit, radius, width, height, sort, count, any)
        )
        if storedist:
            pieces.append("STOREDIST")
        return self.execute_command("GEOSEARCHSTORE", dest, name, *pieces)
