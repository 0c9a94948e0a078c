"""Sets: unordered collections of distinct members."""

from __future__ import annotations

from ._arguments import one_or_many
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .._types import Encodable, Key, Keys


class SetCommands(CommandGroup[T]):
    def sadd(self, name: Key, *values: Encodable) -> int:
        """Add `values`; how many were not there yet. SADD."""
        return self.execute_command("SADD", name, *values)

    def scard(self, name: Key) -> int:
        """The number of members. O(1). SCARD."""
        return self.execute_command("SCARD", name)

    def sdiff(self, keys: Keys, *args: Key) -> set[T]:
        """The members of the first set that are in none of the others. SDIFF."""
        return self.execute_command("SDIFF", *one_or_many(keys, args))

    def sdiffcard(self, numkeys: int, keys: Iterable[Key], limit: int = 0) -> int:
        """How many members `sdiff` would give, counting to `limit` if not 0. SDIFFCARD."""
        return self.execute_command("SDIFFCARD", numkeys, *keys, "LIMIT", limit)

    def sdiffstore(self, dest: Key, keys: Keys, *args: Key) -> int:
        """Store what `sdiff` gives at `dest`; how many members. SDIFFSTORE."""
        return self.execute_command("SDIFFSTORE", dest, *one_or_many(keys, args))

    def sinter(self, keys: Keys, *args: Key) -> set[T]:
        """The members that all sets have. SINTER."""
        return self.execute_command("SINTER", *one_or_many(keys, args))

    def sintercard(self, numkeys: int, keys: Iterable[Key], limit: int = 0) -> int:
        """How many members `sinter` would give, counting to `limit` if not 0. SINTERCARD."""
        return self.execute_command("SINTERCARD", numkeys, *keys, "LIMIT", limit)

    def sinterstore(self, dest: Key, keys: Keys, *args: Key) -> int:
        """Store what `sinter` gives at `dest`; how many members. SINTERSTORE."""
        return self.execute_command("SINTERSTORE", dest, *one_or_many(keys, args))

    def sismember(self, name: Key, value: Encodable) -> int:
        """1 if `value` is a member, else 0. O(1). SISMEMBER."""
        return self.execute_command("SISMEMBER", name, value)

    def smembers(self, name: Key) -> set[T]:
        """All members. SMEMBERS."""
        return self.execute_command("SMEMBERS", name)

    def smismember(self, name: Key, values: Keys, *args: Encodable) -> list[int]:
        """For each of `values`, 1 if it is a member, else 0. SMISMEMBER."""
        return self.execute_command("SMISMEMBER", name, *one_or_many(values, args))

    def smove(self, src: Key, dst: Key, value: Encodable) -> bool:
        """Move the member `value` from `src` to `dst`; whether it was there. SMOVE."""
        return self.execute_command("SMOVE", src, dst, value)

    def spop(self, name: Key, count: int | None = None) -> Any:
        """Remove and return a random member, or with `count` a list of up to that many. SPOP."""
        if count is None:
            return self.execute_command("SPOP", name)
        return self.execute_command("SPOP", name, count)

    def srandmember(self, name: Key, number: int | None = None) -> Any:
        """A random member, or with `number` a list: distinct, or if negative maybe not.

        SRANDMEMBER.
        """
        if number is None:
            return self.execute_command("SRANDMEMBER", name)
        return self.execute_command("SRANDMEMBER", name, number)

    def srem(self, name: Key, *values: Encodable) -> int:
        """Remove `values`; how many were members. SREM."""
        return self.execute_command("SREM", name, *values)

    def sunion(self, keys: Keys, *args: Key) -> set[T]:
        """The members that any of the sets has. SUNION."""
        return self.execute_command("SUNION", *one_or_many(keys, args))

    def sunioncard(
        self, numkeys: int, keys: Iterable[Key], limit: int = 0, approx: bool = False
    ) -> int:
        """How many members `sunion` would give, counting to `limit` if not 0. SUNIONCARD."""
        option = ("APPROX",) if approx else ()
        return self.execute_command("SUNIONCARD", numkeys, *keys, *option, "LIMIT", limit)

    def sunionstore(self, dest: Key, keys: Keys, *args: Key) -> int:
        """Store what `sunion` gives at `dest`; how many members. SUNIONSTORE."""
        return self.execute_command("SUNIONSTORE", dest, *one_or_many(keys, args))
