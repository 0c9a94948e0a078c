"""Arguments as Python users write them, into arguments as commands take them."""

from __future__ import annotations

from ..exceptions import DataError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .._types import AbsoluteExpiry, Expiry


def one_or_many(first: Any, rest: Iterable[Any] | None) -> list[Any]:
    """A new list of `first`, which may be one value or an iterable of them, and `rest`."""
    if isinstance(first, (bytes, str, bytearray, memoryview)):
        found = [first]
    else:
        try:
            found = list(first)
        except TypeError:
            found = [first]
    if rest:
        found.extend(rest)
    return found


def pairs(mapping: Mapping[Any, Any]) -> list[Any]:
    """Keys and values of `mapping` in turn."""
    flat: list[Any] = []
    for pair in mapping.items():
        flat.extend(pair)
    return flat


# Times may be timedelta and datetime. They are known by their methods, so that a program
# which uses neither does not import datetime.


def in_seconds(time: Expiry) -> Any:
    """A duration in whole seconds; anything but a timedelta as it is."""
    if type(time) is not int and hasattr(time, "total_seconds"):
        return int(time.total_seconds())
    return time


def in_milliseconds(time: Expiry) -> Any:
    """A duration in whole milliseconds; anything but a timedelta as it is."""
    if type(time) is not int and hasattr(time, "total_seconds"):
        return int(time.total_seconds() * 1000)
    return time


def in_unix_seconds(when: AbsoluteExpiry) -> Any:
    """A point in time in whole seconds since 1970; anything but a datetime as it is."""
    if type(when) is not int and hasattr(when, "timestamp"):
        return int(when.timestamp())
    return when


def in_unix_milliseconds(when: AbsoluteExpiry) -> Any:
    """A point in time in whole milliseconds since 1970; anything but a datetime as it is."""
    if type(when) is not int and hasattr(when, "timestamp"):
        return int(when.timestamp() * 1000)
    return when


def expiry(
    ex: Expiry | None,
    px: Expiry | None,
    exat: AbsoluteExpiry | None,
    pxat: AbsoluteExpiry | None,
    last: bool = False,
    last_name: str = "keepttl",
) -> list[Any]:
    """The EX, PX, EXAT or PXAT option, of which at most one may be given.

    `last`, named `last_name` to the user, is a flag that excludes the other four; the
    caller appends it where its command wants it.
    """
    given = (ex is not None) + (px is not None) + (exat is not None) + (pxat is not None)
    if given == 0:
        return []
    if given + bool(last) > 1:
        raise DataError(
            f"``ex``, ``px``, ``exat``, ``pxat``, and ``{last_name}`` are mutually exclusive."
        )
    if ex is not None:
        value = in_seconds(ex)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        elif not isinstance(value, int):
            raise DataError("ex must be datetime.timedelta or int")
        return ["EX", value]
    if px is not None:
        value = in_milliseconds(px)
        if not isinstance(value, int):
            raise DataError("px must be datetime.timedelta or int")
        return ["PX", value]
    if exat is not None:
        return ["EXAT", in_unix_seconds(exat)]
    assert pxat is not None
    return ["PXAT", in_unix_milliseconds(pxat)]


def conditions(nx: bool, xx: bool, gt: bool, lt: bool) -> list[str]:
    """The conditions of the EXPIRE family."""
    given = []
    if nx:
        given.append("NX")
    if xx:
        given.append("XX")
    if gt:
        given.append("GT")
    if lt:
        given.append("LT")
    return given


def limit(
    offset: int | None, count: int | None, offset_name: str = "start", end: str = ""
) -> list[Any]:
    """The LIMIT option: both numbers or neither."""
    if offset is None and count is None:
        return []
    if offset is None or count is None:
        raise DataError(f"``{offset_name}`` and ``num`` must both be specified{end}")
    return ["LIMIT", offset, count]


def blocking_timeout(timeout: Any) -> Any:
    """Seconds to wait; None waits for ever, as 0 does."""
    return 0 if timeout is None else timeout
