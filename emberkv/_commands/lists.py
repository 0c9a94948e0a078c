"""Lists: sequences with two ends. Indexes count from 0, negative ones from the end."""

from __future__ import annotations

from ..exceptions import DataError
from ._arguments import blocking_timeout, one_or_many
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .._types import Encodable, Key, Keys, Timeout


def _count_options(count: int | None, mode: str | None, ordering: str | None) -> list[Any]:
    """How many elements LMOVEM takes, and in which order it puts them."""
    if count is None:
        if mode is not None or ordering is not None:
            raise DataError("``count`` is required when ``mode`` or ``ordering`` is set")
        return []
    if ordering is None:
        raise DataError("``ordering`` (OBO or BULK) is required when ``count`` is set")
    return [mode or "COUNT", count, ordering]


class ListCommands(CommandGroup[T]):
    def blmove(
        self,
        first_list: Key,
        second_list: Key,
        timeout: int,
        src: str = "LEFT",
        dest: str = "RIGHT",
    ) -> T | None:
        """`lmove` that waits for an element, `timeout` seconds (0: for ever). BLMOVE."""
        return self.execute_command("BLMOVE", first_list, second_list, src, dest, timeout)

    def blmovem(
        self,
        first_list: Key,
        second_list: Key,
        timeout: float,
        src: str = "LEFT",
        dest: str = "RIGHT",
        count: int | None = None,
        mode: Literal["COUNT", "EXACTLY"] | None = None,
        ordering: Literal["OBO", "BULK"] | None = None,
    ) -> list[T] | None:
        """`lmovem` that waits for elements, `timeout` seconds (0: for ever). BLMOVEM."""
        options = _count_options(count, mode, ordering)
        return self.execute_command(
            "BLMOVEM", first_list, second_list, src, dest, timeout, *options
        )

    def blmpop(
        self, timeout: float, numkeys: int, *args: Key, direction: str, count: int | None = 1
    ) -> list[Any] | None:
        """`lmpop` that waits for an element, `timeout` seconds (0: for ever). BLMPOP."""
        return self.execute_command("BLMPOP", timeout, numkeys, *args, direction, "COUNT", count)

    def blpop(self, keys: Keys, timeout: Timeout = 0) -> tuple[T, T] | None:
        """Pop from the left of the first list that has an element, waiting if need be. BLPOP.

        (key, element), or None after `timeout` seconds; 0 and None wait for ever.
        """
        return self.execute_command("BLPOP", *one_or_many(keys, None), blocking_timeout(timeout))

    def brpop(self, keys: Keys, timeout: Timeout = 0) -> tuple[T, T] | None:
        """Pop from the right of the first list that has an element; see `blpop`. BRPOP."""
        return self.execute_command("BRPOP", *one_or_many(keys, None), blocking_timeout(timeout))

    def brpoplpush(self, src: Key, dst: Key, timeout: Timeout = 0) -> T | None:
        """`rpoplpush` that waits for an element. BRPOPLPUSH."""
        return self.execute_command("BRPOPLPUSH", src, dst, blocking_timeout(timeout))

    def lindex(self, name: Key, index: int) -> T | None:
        """The element at `index`, None if there is none. LINDEX."""
        return self.execute_command("LINDEX", name, index)

    def linsert(self, name: Key, where: str, refvalue: Encodable, value: Encodable) -> int:
        """Insert `value` BEFORE or AFTER the first `refvalue`. LINSERT.

        The new length, -1 if `refvalue` is not there, 0 if the list is not.
        """
        return self.execute_command("LINSERT", name, where, refvalue, value)

    def llen(self, name: Key) -> int:
        """The number of elements. O(1). LLEN."""
        return self.execute_command("LLEN", name)

    def lmove(
        self, first_list: Key, second_list: Key, src: str = "LEFT", dest: str = "RIGHT"
    ) -> T | None:
        """Move the element at the `src` end of one list to the `dest` end of another. LMOVE."""
        return self.execute_command("LMOVE", first_list, second_list, src, dest)

    def lmovem(
        self,
        first_list: Key,
        second_list: Key,
        src: str = "LEFT",
        dest: str = "RIGHT",
        count: int | None = None,
        mode: Literal["COUNT", "EXACTLY"] | None = None,
        ordering: Literal["OBO", "BULK"] | None = None,
    ) -> list[T] | None:
        """Move several elements from one list to another; the elements moved. LMOVEM."""
        options = _count_options(count, mode, ordering)
        return self.execute_command("LMOVEM", first_list, second_list, src, dest, *options)

    def lmpop(
        self, num_keys: int, *args: Key, direction: str, count: int | None = 1
    ) -> list[Any] | None:
        """Pop up to `count` from the LEFT or RIGHT of the first list that has any. LMPOP.

        ``[key, [element, ...]]``, None if all are empty.
        """
        options = () if count == 1 else ("COUNT", count)
        return self.execute_command("LMPOP", num_keys, *args, direction, *options)

    def lpop(self, name: Key, count: int | None = None) -> Any:
        """Pop from the left: an element, or with `count` a list of up to that many. LPOP.

        None if the list is missing.
        """
        if count is None:
            return self.execute_command("LPOP", name)
        return self.execute_command("LPOP", name, count)

    def lpos(
        self,
        name: Key,
        value: Encodable,
        rank: int | None = None,
        count: int | None = None,
        maxlen: int | None = None,
    ) -> Any:
        """The index of `value`, None if it is not there; with `count` a list of them. LPOS.

        `rank` picks the n-th match (negative: from the right), `maxlen` bounds the search.
        """
        pieces: list[Any] = []
        if rank is not None:
            pieces += ("RANK", rank)
        if count is not None:
            pieces += ("COUNT", count)
        if maxlen is not None:
            pieces += ("MAXLEN", maxlen)
        return self.execute_command("LPOS", name, value, *pieces)

    def lpush(self, name: Key, *values: Encodable) -> int:
        """Push `values` one by one to the left; the new length. LPUSH."""
        return self.execute_command("LPUSH", name, *values)

    def lpushx(self, name: Key, *values: Encodable) -> int:
        """`lpush` only if the list exists; the new length, 0 if it does not. LPUSHX."""
        return self.execute_command("LPUSHX", name, *values)

    def lrange(self, name: Key, start: int, end: int) -> list[T]:
        """Elements `start` to `end`, both included. LRANGE."""
        return self.execute_command("LRANGE", name, start, end)

    def lrem(self, name: Key, count: int, value: Encodable) -> int:
        """Remove `count` times `value`, negative from the right, 0 all; how many went. LREM."""
        return self.execute_command("LREM", name, count, value)

    def lset(self, name: Key, index: int, value: Encodable) -> bool:
        """Set the element at `index`, which must exist. True. LSET."""
        return self.execute_command("LSET", name, index, value)

    def ltrim(self, name: Key, start: int, end: int) -> bool:
        """Keep elements `start` to `end` only. True. LTRIM."""
        return self.execute_command("LTRIM", name, start, end)

    def rpop(self, name: Key, count: int | None = None) -> Any:
        """Pop from the right; see `lpop`. RPOP."""
        if count is None:
            return self.execute_command("RPOP", name)
        return self.execute_command("RPOP", name, count)

    def rpoplpush(self, src: Key, dst: Key) -> T | None:
        """Move an element from the right of `src` to the left of `dst`. RPOPLPUSH."""
        return self.execute_command("RPOPLPUSH", src, dst)

    def rpush(self, name: Key, *values: Encodable) -> int:
        """Push `values` one by one to the right; the new length. RPUSH."""
        return self.execute_command("RPUSH", name, *values)

    def rpushx(self, name: Key, *values: Encodable) -> int:
        """`rpush` only if the list exists; the new length, 0 if it does not. RPUSHX."""
        return self.execute_command("RPUSHX", name, *values)
