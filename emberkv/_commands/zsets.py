"""Sorted sets: members ordered by score, and by their bytes where scores are equal.

Scores are floats. A bound of a score range is a number, ``"-inf"``, ``"+inf"``, or ``"(1.5"``
for one that is excluded; a bound of a lexical range is ``"[a"``, ``"(a"``, ``"-"`` or ``"+"``.
With `withscores` a list has (member, score) tuples, each score passed through
`score_cast_func` as the bytes that Redis would print.
"""

from __future__ import annotations

from ..exceptions import DataError
from ._arguments import blocking_timeout, limit, one_or_many
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from .._types import Encodable, Key, Keys, ScoreBound, ScoreCast, Timeout


class ZsetCommands(CommandGroup[T]):
    def bzmpop(
        self,
        timeout: float,
        numkeys: int,
        keys: Iterable[Key],
        min: bool | None = False,
        max: bool | None = False,
        count: int | None = 1,
    ) -> list[Any] | None:
        """`zmpop` that waits for a member, `timeout` seconds (0: for ever). BZMPOP."""
        if bool(min) == bool(max):
            raise DataError("Either min or max, but not both must be set")
        end = "MIN" if min else "MAX"
        return self.execute_command("BZMPOP", timeout, numkeys, *keys, end, "COUNT", count)

    def bzpopmax(self, keys: Keys, timeout: Timeout = 0) -> tuple[T, T, float] | None:
        """Pop the highest of the first sorted set that has a member, waiting for it. BZPOPMAX.

        (key, member, score), or None after `timeout` seconds; 0 and None wait for ever.
        """
        return self.execute_command("BZPOPMAX", *one_or_many(keys, None), blocking_timeout(timeout))

    def bzpopmin(self, keys: Keys, timeout: Timeout = 0) -> tuple[T, T, float] | None:
        """Pop the lowest of the first sorted set that has a member; see `bzpopmax`. BZPOPMIN."""
        return self.execute_command("BZPOPMIN", *one_or_many(keys, None), blocking_timeout(timeout))

    def zadd(
        self,
        name: Key,
        mapping: Mapping[Any, Encodable],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> Any:
        """Set the scores of members, {member: score}; how many are new. ZADD.

        `nx` new members only, `xx` old ones only, `gt`/`lt` only to a higher or lower score,
        `ch` counts changed ones too. `incr` adds to the score of a single member: its new
        score, None if a condition was not met. DataError for a contradiction.
        """
        if not mapping:
            raise DataError("ZADD requires at least one element/score pair")
        if nx and xx:
            raise DataError("ZADD allows either 'nx' or 'xx', not both")
        if gt and lt:
            raise DataError("ZADD allows either 'gt' or 'lt', not both")
        if incr and len(mapping) != 1:
            raise DataError(
                "ZADD option 'incr' only works when passing a single element/score pair"
            )
        if nx and (gt or lt):
            raise DataError("Only one of 'nx', 'lt', or 'gr' may be defined.")
        pieces: list[Any] = [name]
        for word, given in (("NX", nx), ("XX", xx), ("CH", ch), ("INCR", incr)):
            if given:
                pieces.append(word)
        if gt:
            pieces.append("GT")
        if lt:
            pieces.append("LT")
        for member, score in mapping.items():
            pieces += (score, member)
        return self.execute_command("ZADD", *pieces)

    def zcard(self, name: Key) -> int:
        """The number of members. O(1). ZCARD."""
        return self.execute_command("ZCARD", name)

    def zcount(self, name: Key, min: ScoreBound, max: ScoreBound) -> int:
        """How many scores are from `min` to `max`. ZCOUNT."""
        return self.execute_command("ZCOUNT", name, min, max)

    def zdiff(self, keys: Sequence[Key], withscores: bool = False) -> list[Any]:
        """The members of the first that are in none of the others. ZDIFF.

        With `withscores` a flat list: each member, then its score as bytes.
        """
        option = ("WITHSCORES",) if withscores else ()
        return self.execute_command("ZDIFF", len(keys), *keys, *option, withscores=withscores)

    def zdiffstore(self, dest: Key, keys: Sequence[Key]) -> int:
        """Store what `zdiff` gives at `dest`; how many members. ZDIFFSTORE."""
        return self.execute_command("ZDIFFSTORE", dest, len(keys), *keys)

    def zincrby(self, name: Key, amount: float, value: Encodable) -> float:
        """Add `amount` to the score of `value`, 0 if missing; the new score. ZINCRBY."""
        return self.execute_command("ZINCRBY", name, amount, value)

    def zinter(
        self,
        keys: Sequence[Key] | Mapping[Any, float],
        aggregate: str | None = None,
        withscores: bool = False,
    ) -> list[Any]:
        """The members that all have, {key: weight} multiplying scores. ZINTER.

        `aggregate` is how the scores of one member join: SUM, MIN or MAX.
        """
        return self._zaggregate("ZINTER", keys, aggregate, withscores)

    def zintercard(self, numkeys: int, keys: Iterable[Key], limit: int = 0) -> int:
        """How many members `zinter` would give, counting to `limit` if not 0. ZINTERCARD."""
        return self.execute_command("ZINTERCARD", numkeys, *keys, "LIMIT", limit)

    def zinterstore(
        self,
        dest: Key,
        keys: Sequence[Key] | Mapping[Any, float],
        aggregate: str | None = None,
    ) -> int:
        """Store what `zinter` gives at `dest`; how many members. ZINTERSTORE."""
        return self._zaggregate("ZINTERSTORE", keys, aggregate, dest=(dest,))

    def zlexcount(self, name: Key, min: Encodable, max: Encodable) -> int:
        """How many members are in the lexical range. ZLEXCOUNT."""
        return self.execute_command("ZLEXCOUNT", name, min, max)

    def zmpop(
        self,
        num_keys: int,
        keys: list[Any],
        min: bool | None = False,
        max: bool | None = False,
        count: int | None = 1,
    ) -> list[Any] | None:
        """Pop up to `count` of the lowest or highest of the first that has any. ZMPOP.

        ``[key, [[member, score as bytes], ...]]``, None if all are empty.
        """
        if bool(min) == bool(max):
            raise DataError
        options = () if count == 1 else ("COUNT", count)
        return self.execute_command("ZMPOP", num_keys, *keys, "MIN" if min else "MAX", *options)

    def zmscore(self, key: Key, members: Sequence[Encodable]) -> list[float | None]:
        """The scores of members, None where missing. ZMSCORE."""
        if not members:
            raise DataError("ZMSCORE members must be a non-empty list")
        return self.execute_command("ZMSCORE", key, *members)

    def zpopmax(self, name: Key, count: int | None = None) -> list[tuple[T, float]]:
        """Pop the member with the highest score, or `count` of them. ZPOPMAX."""
        pieces = () if count is None else (count,)
        return self.execute_command("ZPOPMAX", name, *pieces, withscores=True)

    def zpopmin(self, name: Key, count: int | None = None) -> list[tuple[T, float]]:
        """Pop the member with the lowest score, or `count` of them. ZPOPMIN."""
        pieces = () if count is None else (count,)
        return self.execute_command("ZPOPMIN", name, *pieces, withscores=True)

    def zrandmember(self, key: Key, count: int | None = None, withscores: bool = False) -> Any:
        """A random member, or with `count` a list: distinct, or if negative maybe not.

        With `withscores` the list has each member's score after it, as bytes. ZRANDMEMBER.
        """
        pieces: list[Any] = []
        if count is not None:
            pieces.append(count)
        if withscores:
            pieces.append("WITHSCORES")
        return self.execute_command("ZRANDMEMBER", key, *pieces, withscores=withscores)

    def zrange(
        self,
        name: Key,
        start: Encodable,
        end: Encodable,
        desc: bool = False,
        withscores: bool = False,
        score_cast_func: ScoreCast = float,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> list[Any]:
        """Members by rank `start` to `end`, or by score, or lexically. O(log n + m). ZRANGE.

        `desc` goes from high to low, and then ranges by score or lexical ones are given high
        end first; `offset` and `num` take a part of such a range.
        """
        if desc and not byscore and not bylex and offset is None and num is None:
            return self.zrevrange(name, start, end, withscores, score_cast_func)
        pieces = self._range_options(desc, byscore, bylex, withscores, offset, num)
        return self.execute_command(
            "ZRANGE",
            name,
            start,
            end,
            *pieces,
            withscores=withscores,
            score_cast_func=score_cast_func,
        )

    def zrangebylex(
        self,
        name: Key,
        min: Encodable,
        max: Encodable,
        start: int | None = None,
        num: int | None = None,
    ) -> list[T]:
        """The members of a lexical range, `num` of them after `start`. ZRANGEBYLEX."""
        return self.execute_command("ZRANGEBYLEX", name, min, max, *limit(start, num))

    def zrangebyscore(
        self,
        name: Key,
        min: ScoreBound,
        max: ScoreBound,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
        score_cast_func: ScoreCast = float,
    ) -> list[Any]:
        """The members with scores from `min` to `max`. ZRANGEBYSCORE."""
        pieces = limit(start, num)
        if withscores:
            pieces.append("WITHSCORES")
        return self.execute_command(
            "ZRANGEBYSCORE",
            name,
            min,
            max,
            *pieces,
            withscores=withscores,
            score_cast_func=score_cast_func,
        )

    def zrangestore(
        self,
        dest: Key,
        name: Key,
        start: Encodable,
        end: Encodable,
        byscore: bool = False,
        bylex: bool = False,
        desc: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> int:
        """Store what `zrange` gives at `dest`; how many members. ZRANGESTORE."""
        pieces = self._range_options(desc, byscore, bylex, False, offset, num)
        return self.execute_command("ZRANGESTORE", dest, name, start, end, *pieces)

    def zrank(
        self,
        name: Key,
        value: Encodable,
        withscore: bool = False,
        score_cast_func: ScoreCast = float,
    ) -> Any:
        """The rank of `value` from the lowest, None if missing. O(log n). ZRANK.

        With `withscore`, ``[rank, score]``.
        """
        pieces = ("WITHSCORE",) if withscore else ()
        return self.execute_command(
            "ZRANK", name, value, *pieces, withscore=withscore, score_cast_func=score_cast_func
        )

    def zrem(self, name: Key, *values: Encodable) -> int:
        """Remove members; how many were there. ZREM."""
        return self.execute_command("ZREM", name, *values)

    def zremrangebylex(self, name: Key, min: Encodable, max: Encodable) -> int:
        """Remove the members of a lexical range; how many. ZREMRANGEBYLEX."""
        return self.execute_command("ZREMRANGEBYLEX", name, min, max)

    def zremrangebyrank(self, name: Key, min: int, max: int) -> int:
        """Remove the members of ranks `min` to `max`; how many. ZREMRANGEBYRANK."""
        return self.execute_command("ZREMRANGEBYRANK", name, min, max)

    def zremrangebyscore(self, name: Key, min: ScoreBound, max: ScoreBound) -> int:
        """Remove the members with scores from `min` to `max`; how many. ZREMRANGEBYSCORE."""
        return self.execute_command("ZREMRANGEBYSCORE", name, min, max)

    def zrevrange(
        self,
        name: Key,
        start: Encodable,
        end: Encodable,
        withscores: bool = False,
        score_cast_func: ScoreCast = float,
    ) -> list[Any]:
        """Members by rank from the highest. ZREVRANGE."""
        pieces = ("WITHSCORES",) if withscores else ()
        return self.execute_command(
            "ZREVRANGE",
            name,
            start,
            end,
            *pieces,
            withscores=withscores,
            score_cast_func=score_cast_func,
        )

    def zrevrangebylex(
        self,
        name: Key,
        max: Encodable,
        min: Encodable,
        start: int | None = None,
        num: int | None = None,
    ) -> list[T]:
        """The members of a lexical range from its high end. ZREVRANGEBYLEX."""
        return self.execute_command("ZREVRANGEBYLEX", name, max, min, *limit(start, num))

    def zrevrangebyscore(
        self,
        name: Key,
        max: ScoreBound,
        min: ScoreBound,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
        score_cast_func: ScoreCast = float,
    ) -> list[Any]:
        """The members with scores from `max` down to `min`. ZREVRANGEBYSCORE."""
        pieces = limit(start, num)
        if withscores:
            pieces.append("WITHSCORES")
        return self.execute_command(
            "ZREVRANGEBYSCORE",
            name,
            max,
            min,
            *pieces,
            withscores=withscores,
            score_cast_func=score_cast_func,
        )

    def zrevrank(
        self,
        name: Key,
        value: Encodable,
        withscore: bool = False,
        score_cast_func: ScoreCast = float,
    ) -> Any:
        """The rank of `value` from the highest; see `zrank`. ZREVRANK."""
        pieces = ("WITHSCORE",) if withscore else ()
        return self.execute_command(
            "ZREVRANK",
            name,
            value,
            *pieces,
            withscore=withscore,
            score_cast_func=score_cast_func,
        )

    def zscore(self, name: Key, value: Encodable) -> float | None:
        """The score of `value`, None if missing. O(1). ZSCORE."""
        return self.execute_command("ZSCORE", name, value)

    def zunion(
        self,
        keys: Sequence[Key] | Mapping[Any, float],
        aggregate: str | None = None,
        withscores: bool = False,
        score_cast_func: ScoreCast = float,
    ) -> list[Any]:
        """The members that any has; see `zinter`. ZUNION."""
        return self._zaggregate(
            "ZUNION", keys, aggregate, withscores, score_cast_func=score_cast_func
        )

    def zunionstore(
        self,
        dest: Key,
        keys: Sequence[Key] | Mapping[Any, float],
        aggregate: str | None = None,
    ) -> int:
        """Store what `zunion` gives at `dest`; how many members. ZUNIONSTORE."""
        return self._zaggregate("ZUNIONSTORE", keys, aggregate, dest=(dest,))

    @staticmethod
    def _range_options(
        desc: bool,
        byscore: bool,
        bylex: bool,
        withscores: bool,
        offset: int | None,
        num: int | None,
    ) -> list[Any]:
        if byscore and bylex:
            raise DataError("``byscore`` and ``bylex`` can not be specified together.")
        part = limit(offset, num, "offset", ".")
        if bylex and withscores:
            raise DataError("``withscores`` not supported in combination with ``bylex``.")
        pieces: list[Any] = []
        if byscore:
            pieces.append("BYSCORE")
        if bylex:
            pieces.append("BYLEX")
        if desc:
            pieces.append("REV")
        pieces += part
        if withscores:
            pieces.append("WITHSCORES")
        return pieces

    def _zaggregate(
        self,
        command: str,
        keys: Sequence[Key] | Mapping[Any, float],
        aggregate: str | None,
        withscores: bool = False,
        dest: tuple[Any, ...] = (),
        **options: Any,
    ) -> Any:
        pieces: list[Any] = [*dest, len(keys), *keys]
        if isinstance(keys, dict) and keys:
            pieces.append("WEIGHTS")
            pieces += keys.values()
        if aggregate:
            if aggregate.upper() not in ("SUM", "MIN", "MAX", "COUNT"):
                raise DataError("aggregate can be sum, min, max or count.")
            pieces += ("AGGREGATE", aggregate)
        if withscores:
            pieces.append("WITHSCORES")
        return self.execute_command(command, *pieces, withscores=withscores, **options)
