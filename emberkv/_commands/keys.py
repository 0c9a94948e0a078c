"""Keys of any type: existence, expiry, names, copies, order."""

from __future__ import annotations

from ..exceptions import DataError
from ._arguments import (
    conditions,
    in_milliseconds,
    in_seconds,
    in_unix_milliseconds,
    in_unix_seconds,
    limit,
)
from ._base import NEVER_DECODE, CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._types import AbsoluteExpiry, Encodable, Expiry, Key, Pattern


class KeyCommands(CommandGroup[T]):
    def copy(
        self,
        source: Key,
        destination: Key,
        destination_db: int | str | None = None,
        replace: bool = False,
    ) -> bool:
        """Copy a key, to another database if wanted; whether it was copied. COPY.

        Nothing is copied over a key that exists unless `replace`.
        """
        pieces: list[Any] = []
        if destination_db is not None:
            pieces += ("DB", destination_db)
        if replace:
            pieces.append("REPLACE")
        return self.execute_command("COPY", source, destination, *pieces)

    def delete(self, *names: Key) -> int:
        """Delete keys; how many were there. DEL."""
        return self.execute_command("DEL", *names)

    def __delitem__(self, name: Key) -> None:
        self.delete(name)

    def dump(self, name: Key) -> bytes | None:
        """The value in the form that `restore` takes, always bytes; None if missing. DUMP."""
        return self.execute_command("DUMP", name, **{NEVER_DECODE: True})

    def exists(self, *names: Key) -> int:
        """How many of `names` exist, counting repeated ones again. EXISTS."""
        return self.execute_command("EXISTS", *names)

    __contains__ = exists

    def expire(
        self,
        name: Key,
        time: Expiry,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let a key expire in `time` seconds or a timedelta; whether that was set. EXPIRE.

        Conditions: `nx` has no expiry, `xx` has one, `gt` it would be later, `lt` it would be
        sooner.
        """
        return self.execute_command("EXPIRE", name, in_seconds(time), *conditions(nx, xx, gt, lt))

    def expireat(
        self,
        name: Key,
        when: AbsoluteExpiry,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """Let a key expire at a time in seconds since 1970 or a datetime. EXPIREAT."""
        return self.execute_command(
            "EXPIREAT", name, in_unix_seconds(when), *conditions(nx, xx, gt, lt)
        )

    def expiretime(self, key: Key) -> int:
        """When a key expires, in seconds since 1970; -1 never, -2 no such key. EXPIRETIME."""
        return self.execute_command("EXPIRETIME", key)

    def keys(self, pattern: Pattern = "*", **kwargs: Any) -> list[T]:
        """All keys that match a glob pattern; `scan_iter` does it in steps. O(n). KEYS."""
        return self.execute_command("KEYS", pattern, **kwargs)

    def move(self, name: Key, db: int) -> bool:
        """Move a key to another database; whether it was moved. MOVE."""
        return self.execute_command("MOVE", name, db)

    def object(self, infotype: str, key: Key, **kwargs: Any) -> Any:
        """ENCODING, IDLETIME, FREQ or REFCOUNT of the value at a key. OBJECT."""
        return self.execute_command("OBJECT", infotype, key, infotype=infotype, **kwargs)

    def persist(self, name: Key) -> bool:
        """Remove the expiry of a key; whether it had one. PERSIST."""
        return self.execute_command("PERSIST", name)

    def pexpire(
        self,
        name: Key,
        time: Expiry,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """`expire` in milliseconds. PEXPIRE."""
        return self.execute_command(
            "PEXPIRE", name, in_milliseconds(time), *conditions(nx, xx, gt, lt)
        )

    def pexpireat(
        self,
        name: Key,
        when: AbsoluteExpiry,
        nx: bool = False,
        xx: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> bool:
        """`expireat` in milliseconds. PEXPIREAT."""
        return self.execute_command(
            "PEXPIREAT", name, in_unix_milliseconds(when), *conditions(nx, xx, gt, lt)
        )

    def pexpiretime(self, key: Key) -> int:
        """`expiretime` in milliseconds. PEXPIRETIME."""
        return self.execute_command("PEXPIRETIME", key)

    def pttl(self, name: Key) -> int:
        """`ttl` in milliseconds. PTTL."""
        return self.execute_command("PTTL", name)

    def randomkey(self, **kwargs: Any) -> T | None:
        """A key picked at random, None if there is none. RANDOMKEY."""
        return self.execute_command("RANDOMKEY", **kwargs)

    def rename(self, src: Key, dst: Key) -> bool:
        """Rename a key, over another if need be; ResponseError if missing. True. RENAME."""
        return self.execute_command("RENAME", src, dst)

    def renamenx(self, src: Key, dst: Key) -> bool:
        """Rename a key unless `dst` exists; whether it was renamed. RENAMENX."""
        return self.execute_command("RENAMENX", src, dst)

    def restore(
        self,
        name: Key,
        ttl: float,
        value: Encodable,
        replace: bool = False,
        absttl: bool = False,
        idletime: int | None = None,
        frequency: int | None = None,
    ) -> T:
        """Make a key of what `dump` gave, to live `ttl` milliseconds (0: for ever). RESTORE.

        `absttl` takes `ttl` as milliseconds since 1970. ``b"OK"``.
        """
        pieces: list[Any] = []
        if replace:
            pieces.append("REPLACE")
        if absttl:
            pieces.append("ABSTTL")
        if idletime is not None:
            try:
                pieces += ("IDLETIME", int(idletime))
            except ValueError:
                raise DataError("idletimemust be an integer") from None
        if frequency is not None:
            try:
                pieces += ("FREQ", int(frequency))
            except ValueError:
                raise DataError("frequency must be an integer") from None
        return self.execute_command("RESTORE", name, ttl, value, *pieces)

    def sort(
        self,
        name: Key,
        start: int | None = None,
        num: int | None = None,
        by: Pattern | None = None,
        get: Any = None,
        desc: bool = False,
        alpha: bool = False,
        store: Key | None = None,
        groups: bool | None = False,
    ) -> Any:
        """The elements of a list, set or sorted set in order. SORT.

        As numbers, or with `alpha` as text; `start` and `num` take a part. `by` and `get` are
        patterns of other keys: ``"weight_*"``, ``"hash_*->field"``, ``"#"`` for the element;
        `get` may be a list of them, and then `groups` gives a tuple for each element.
        `store` stores the result and gives its length.
        """
        pieces: list[Any] = []
        part = limit(start, num)
        if by is not None:
            pieces += ("BY", by)
        pieces += part
        single = isinstance(get, (bytes, str))
        if single:
            pieces += ("GET", get)
        elif get is not None:
            for pattern in get:
                pieces += ("GET", pattern)
        if desc:
            pieces.append("DESC")
        if alpha:
            pieces.append("ALPHA")
        if store is not None:
            pieces += ("STORE", store)
        if groups and (not get or single or len(get) < 2):
            raise DataError(
                'when using "groups" the "get" argument '
                "must be specified and contain at least "
                "two keys"
            )
        return self.execute_command("SORT", name, *pieces, groups=len(get) if groups else None)

    def sort_ro(
        self,
        key: Key,
        start: int | None = None,
        num: int | None = None,
        by: Pattern | None = None,
        get: Any = None,
        desc: bool = False,
        alpha: bool = False,
    ) -> list[Any]:
        """`sort` that cannot store."""
        return self.sort(key, start, num, by, get, desc, alpha)

    def touch(self, *args: Key) -> int:
        """Count keys as used now; how many exist. TOUCH."""
        return self.execute_command("TOUCH", *args)

    def ttl(self, name: Key) -> int:
        """The seconds a key has left; -1 no expiry, -2 no such key. TTL."""
        return self.execute_command("TTL", name)

    def type(self, name: Key) -> T:
        """The type of the value at a key, ``b"none"`` if missing. TYPE."""
        return self.execute_command("TYPE", name)

    def unlink(self, *names: Key) -> int:
        """Delete keys, freeing large values later; how many were there. UNLINK."""
        return self.execute_command("UNLINK", *names)

    def watch(self, *names: Key) -> None:
        """Does nothing but warn: a pipeline watches, see `Pipeline.watch`."""
        _warn("Call WATCH from a Pipeline object")

    def unwatch(self) -> None:
        """Does nothing but warn: a pipeline watches, see `Pipeline.unwatch`."""
        _warn("Call UNWATCH from a Pipeline object")


def _warn(text: str) -> None:
    import warnings

    warnings.warn(text, DeprecationWarning, stacklevel=3)
