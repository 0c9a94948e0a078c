"""Hashes: fields with values under one key, each field with an expiry of its own if wanted."""

from __future__ import annotations

from ..exceptions import DataError
from ._arguments import (
    conditions,
    expiry,
    in_milliseconds,
    in_seconds,
    in_unix_milliseconds,
    in_unix_seconds,
    one_or_many,
    pairs,
)
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .._types import AbsoluteExpiry, Encodable, Expiry, Field, Key, Keys
    from ..options import HashDataPersistOptions


def _one_condition(nx: bool, xx: bool, gt: bool, lt: bool) -> list[str]:
    if sum((nx, xx, gt, lt)) > 1:
        raise ValueError("Only one of 'nx', 'xx', 'gt', 'lt' can be specified.")
    return conditions(nx, xx, gt, lt)


def _fields_and_values(
    command: str,
    key: Field | None,
    value: Encodable | None,
    mapping: Mapping[Any, Encodable] | None,
    items: Sequence[Encodable] | None,
) -> list[Any]:
    if key is None and not mapping and not items:
        raise DataError(f"'{command}' with no key value pairs")
    pieces: list[Any] = list(items) if items else []
    if key is not None:
        pieces += (key, value)
    if mapping:
        pieces += pairs(mapping)
    return pieces


class HashCommands(CommandGroup[T]):
    def hdel(self, name: Key, *keys: Field) -> int:
        """Delete fields; how many were there. HDEL."""
        return self.execute_command("HDEL", name, *keys)

    def hexists(self, name: Key, key: Field) -> bool:
        """Whether the field is there. O(1). HEXISTS."""
        return self.execute_command("HEXISTS", name, key)

    def hget(self, name: Key, key: Field) -> T | None:
        """The value of a field, None if missing. O(1). HGET."""
        return self.execute_command("HGET", name, key)

    def hgetall(self, name: Key) -> dict[T, T]:
        """All fields with their values. HGETALL."""
        return self.execute_command("HGETALL", name)

    def hgetdel(self, name: Key, *keys: Field) -> list[T | None]:
        """The values of fields, which are deleted; None where missing. HGETDEL."""
        if not keys:
            raise DataError("'hgetdel' should have at least one key provided")
        return self.execute_command("HGETDEL", name, "FIELDS", len(keys), *keys)

    def hgetex(
        self,
        name: Key,
        *keys: Field,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: AbsoluteExpiry | None = None,
        pxat: AbsoluteExpiry | None = None,
        persist: bool = False,
    ) -> list[T | None]:
        """The values of fields, whose expiry is set or removed on the way. HGETEX.

        Options as in `getex`.
        """
        if not keys:
            raise DataError("'hgetex' should have at least one key provided")
        options = expiry(ex, px, exat, pxat, persist, "persist")
        if persist:
            options.append("PERSIST")
        return self.execute_command("HGETEX", name, *options, "FIELDS", len(keys), *keys)

    def hincrby(self, name: Key, key: Field, amount: int = 1) -> int:
        """Add `amount` to the integer in a field, 0 if missing; the new value. HINCRBY."""
        return self.execute_command("HINCRBY", name, key, amount)

    def hincrbyfloat(self, name: Key, key: Field, amount: float = 1.0) -> float:
        """Add `amount` to the number in a field, 0 if missing; the new value. HINCRBYFLOAT."""
        return self.execute_command("HINCRBYFLOAT", name, key, amount)

    def hkeys(self, name: Key) -> list[T]:
        """All fields. HKEYS."""
        return self.execute_command("HKEYS", name)

    def hlen(self, name: Key) -> int:
        """The number of fields. O(1). HLEN."""
        return self.execute_command("HLEN", name)

    def hmget(self, name: Key, keys: Keys, *args: Field) -> list[T | None]:
        """The values of fields, None where missing. HMGET."""
        return self.execute_command("HMGET", name, *one_or_many(keys, args))

    def hmset(self, name: Key, mapping: Mapping[Any, Encodable]) -> bool:
        """Set fields; `hset` says how many are new. True. HMSET."""
        if not mapping:
            raise DataError("'hmset' with 'mapping' of length 0")
        return self.execute_command("HMSET", name, *pairs(mapping))

    def hrandfield(self, key: Key, count: int | None = None, withvalues: bool = False) -> Any:
        """A random field, or with `count` a list: distinct, or if negative maybe not.

        With `withvalues` the list has each field's value after it. HRANDFIELD.
        """
        pieces: list[Any] = []
        if count is not None:
            pieces.append(count)
        if withvalues:
            pieces.append("WITHVALUES")
        return self.execute_command("HRANDFIELD", key, *pieces, withvalues=withvalues)

    def hset(
        self,
        name: Key,
        key: Field | None = None,
        value: Encodable | None = None,
        mapping: Mapping[Any, Encodable] | None = None,
        items: Sequence[Encodable] | None = None,
    ) -> int:
        """Set fields; how many are new. HSET.

        From `key` and `value`, from `mapping`, and from `items`, a sequence of fields and
        values in turn; together if wanted, DataError if none is given.
        """
        if key is not None and not mapping and not items:
            return self.execute_command("HSET", name, key, value)
        pieces = _fields_and_values("hset", key, value, mapping, items)
        return self.execute_command("HSET", name, *pieces)

    def hsetex(
        self,
        name: Key,
        key: Field | None = None,
        value: Encodable | None = None,
        mapping: Mapping[Any, Encodable] | None = None,
        items: Sequence[Encodable] | None = None,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: AbsoluteExpiry | None = None,
        pxat: AbsoluteExpiry | None = None,
        data_persist_option: HashDataPersistOptions | None = None,
        keepttl: bool = False,
    ) -> int:
        """Set fields with an expiry, if none or all of them exist. HSETEX.

        1 if all were set, 0 if none was. Fields as in `hset`, expiry as in `set`.
        """
        if items and len(items) % 2:
            raise DataError(
                "'hsetex' with odd number of items. 'items' must contain a list of key/value pairs."
            )
        pieces = _fields_and_values("hsetex", key, value, mapping, items)
        options = expiry(ex, px, exat, pxat, keepttl)
        if data_persist_option:
            options.append(data_persist_option.value)
        if keepttl:
            options.append("KEEPTTL")
        return self.execute_command("HSETEX", name, *options, "FIELDS", len(pieces) // 2, *pieces)

    def hsetnx(self, name: Key, key: Field, value: Encodable) -> int:
        """Set a field unless it exists; 1 if it was set, else 0. HSETNX."""
        return self.execute_command("HSETNX", name, key, value)

    def hstrlen(self, name: Key, key: Field) -> int:
        """The length in bytes of the value of a field, 0 if missing. HSTRLEN."""
        return self.execute_command("HSTRLEN", name, key)

    def hvals(self, name: Key) -> list[T]:
        """All values. HVALS."""
        return self.execute_command("HVALS", name)

    def hexpire(
        self,
        name: Key,
        seconds: Expiry,
        *fields: Field,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Let fields expire in `seconds` or a timedelta. HEXPIRE.

        For each field: 1 set, 0 the condition was not met, 2 deleted as the time has
        passed, -2 no such field. Conditions: `nx` has no expiry, `xx` has one, `gt` it would
        be later, `lt` it would be sooner; ValueError for more than one.
        """
        options = _one_condition(nx, xx, gt, lt)
        return self.execute_command(
            "HEXPIRE", name, in_seconds(seconds), *options, "FIELDS", len(fields), *fields
        )

    def hpexpire(
        self,
        name: Key,
        milliseconds: Expiry,
        *fields: Field,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Let fields expire in `milliseconds` or a timedelta; see `hexpire`. HPEXPIRE."""
        options = _one_condition(nx, xx, gt, lt)
        when = in_milliseconds(milliseconds)
        return self.execute_command(
            "HPEXPIRE", name, when, *options, "FIELDS", len(fields), *fields
        )

    def hexpireat(
        self,
        name: Key,
        unix_time_seconds: AbsoluteExpiry,
        *fields: Field,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Let fields expire at a time in seconds since 1970 or a datetime. HEXPIREAT.

        Results and conditions as in `hexpire`.
        """
        options = _one_condition(nx, xx, gt, lt)
        when = in_unix_seconds(unix_time_seconds)
        return self.execute_command(
            "HEXPIREAT", name, when, *options, "FIELDS", len(fields), *fields
        )

    def hpexpireat(
        self,
        name: Key,
        unix_time_milliseconds: AbsoluteExpiry,
        *fields: Field,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> list[int]:
        """Let fields expire at a time in milliseconds since 1970 or a datetime. HPEXPIREAT.

        Results and conditions as in `hexpire`.
        """
        options = _one_condition(nx, xx, gt, lt)
        when = in_unix_milliseconds(unix_time_milliseconds)
        return self.execute_command(
            "HPEXPIREAT", name, when, *options, "FIELDS", len(fields), *fields
        )

    def hpersist(self, name: Key, *fields: Field) -> list[int]:
        """Remove the expiry of fields: 1 removed, -1 it had none, -2 no such field. HPERSIST."""
        return self.execute_command("HPERSIST", name, "FIELDS", len(fields), *fields)

    def hexpiretime(self, key: Key, *fields: Field) -> list[int]:
        """When fields expire, in seconds since 1970; -1 never, -2 no such field. HEXPIRETIME."""
        return self.execute_command("HEXPIRETIME", key, "FIELDS", len(fields), *fields)

    def hpexpiretime(self, key: Key, *fields: Field) -> list[int]:
        """`hexpiretime` in milliseconds. HPEXPIRETIME."""
        return self.execute_command("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)

    def httl(self, key: Key, *fields: Field) -> list[int]:
        """The seconds that fields have left; -1 no expiry, -2 no such field. HTTL."""
        return self.execute_command("HTTL", key, "FIELDS", len(fields), *fields)

    def hpttl(self, key: Key, *fields: Field) -> list[int]:
        """`httl` in milliseconds. HPTTL."""
        return self.execute_command("HPTTL", key, "FIELDS", len(fields), *fields)
