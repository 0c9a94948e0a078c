"""Streams: entries in order of their ids, and groups of consumers who share them.

An id is ``"milliseconds-sequence"``, as str or bytes; an entry is (id, {name: value}). A consumer
of a group is given each entry once; it stays pending until it is acknowledged, and may be claimed
by another consumer meanwhile.
"""

from __future__ import annotations

from ..exceptions import DataError
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from .._types import Encodable, Key, RefPolicy, StreamId

REF_POLICIES = ("KEEPREF", "DELREF", "ACKED")


_NONE = (None,) * 6  # of the options of XADD: the usual call


def _ref_policy(command: str, policy: str | None) -> list[Any]:
    if policy is None:
        return []
    if policy not in REF_POLICIES:
        raise DataError(f"{command} ref_policy must be one of: KEEPREF, DELREF, ACKED")
    return [policy]


def _is_negative(number: Any) -> bool:
    """Whether it is a number below zero; None is none."""
    try:
        return int(number) < 0
    except TypeError:
        return False


def _count(command: str, count: int | None) -> list[Any]:
    if count is None:
        return []
    if not isinstance(count, int) or count < 1:
        raise DataError(f"{command} count must be a positive integer")
    return ["COUNT", count]


def _cap(command: str, count: int | None, max_count: int | None, max_size: int | None) -> list[Any]:
    """COUNT, MAXCOUNT and MAXSIZE of the reading commands."""
    given = _count(command, count)
    if max_count is not None:
        if not isinstance(max_count, int) or max_count < 1:
            raise DataError(f"{command} max_count must be a positive integer")
        if count is not None and max_count < count:
            raise DataError(f"{command} max_count must be greater than or equal to count")
        given += ["MAXCOUNT", max_count]
    if max_size is not None:
        if not isinstance(max_size, int) or max_size < 1:
            raise DataError(f"{command} max_size must be a positive integer")
        given += ["MAXSIZE", max_size]
    return given


def _block(command: str, block: int | None) -> list[Any]:
    if block is None:
        return []
    if not isinstance(block, int) or block < 0:
        raise DataError(f"{command} block must be a non-negative integer")
    return ["BLOCK", block]


class StreamCommands(CommandGroup[T]):
    def xack(self, name: Key, groupname: Encodable, *ids: StreamId) -> int:
        """Acknowledge entries; how many were pending. XACK."""
        return self.execute_command("XACK", name, groupname, *ids)

    def xackdel(
        self,
        name: Key,
        groupname: Encodable,
        *ids: StreamId,
        ref_policy: RefPolicy = "KEEPREF",
    ) -> list[int]:
        """Acknowledge entries and delete them, as `ref_policy` says; see `xdelex`. XACKDEL."""
        if not ids:
            raise DataError("XACKDEL requires at least one message ID")
        policy = _ref_policy("XACKDEL", ref_policy or "")
        return self.execute_command("XACKDEL", name, groupname, *policy, "IDS", len(ids), *ids)

    def xadd(
        self,
        name: Key,
        fields: dict[Any, Any],
        id: StreamId = "*",
        maxlen: int | None = None,
        approximate: bool = True,
        nomkstream: bool = False,
        minid: StreamId | None = None,
        limit: int | None = None,
        ref_policy: RefPolicy | None = None,
        idmpauto: str | None = None,
        idmp: tuple[str, bytes] | None = None,
    ) -> T | None:
        """Add an entry; its id, or None with `nomkstream` where there is no stream. XADD.

        The stream is then trimmed to `maxlen` entries, or to the ids from `minid` on, exactly
        or at whole blocks (`approximate`; at most `limit` entries go). O(1) but for what goes.
        `idmp` is a producer and its name for this entry: a second entry of that name is not
        added, and the id of the first returned; with `idmpauto` the contents are the name.
        """
        if not isinstance(fields, dict):
            fields = {}
        if fields and (maxlen, minid, limit, ref_policy, idmpauto, idmp) == _NONE:
            words: list[Any] = ["NOMKSTREAM", id] if nomkstream else [id]
            for pair in fields.items():
                words += pair
            return self.execute_command("XADD", name, *words)
        if maxlen is not None and minid is not None:
            raise DataError("Only one of ```maxlen``` or ```minid``` may be specified")
        if idmpauto is not None and idmp is not None:
            raise DataError("Only one of ```idmpauto``` or ```idmp``` may be specified")
        if (idmpauto is not None or idmp is not None) and id != "*":
            raise DataError("IDMPAUTO and IDMP can only be used with id='*'")
        options: list[Any] = _ref_policy("XADD", ref_policy)
        if nomkstream:
            options.insert(0, "NOMKSTREAM")
        if idmpauto is not None:
            options += ["IDMPAUTO", idmpauto]
        if idmp is not None:
            if not isinstance(idmp, tuple) or len(idmp) != 2:
                raise DataError("XADD idmp must be a tuple of (producer_id, idempotent_id)")
            options += ["IDMP", *idmp]
        if maxlen is not None:
            if not isinstance(maxlen, int) or maxlen < 0:
                raise DataError("XADD maxlen must be non-negative integer")
            options += ["MAXLEN", "~", maxlen] if approximate else ["MAXLEN", maxlen]
        if minid is not None:
            options += ["MINID", "~", minid] if approximate else ["MINID", minid]
        if limit is not None:
            options += ["LIMIT", limit]
        options.append(id)
        if not fields:
            raise DataError("XADD fields must be a non-empty dict")
        for pair in fields.items():
            options += pair
        return self.execute_command("XADD", name, *options)

    def xautoclaim(
        self,
        name: Key,
        groupname: Encodable,
        consumername: Encodable,
        min_idle_time: int,
        start_id: StreamId = "0-0",
        count: int | None = None,
        justid: bool = False,
    ) -> list[Any]:
        """Claim what has been pending for `min_idle_time` ms, from `start_id` on. XAUTOCLAIM.

        [where to go on, entries, ids of entries that were deleted]; with `justid` the ids alone.
        """
        if _is_negative(min_idle_time):
            raise DataError("XAUTOCLAIM min_idle_time must be a nonnegative integer")
        if _is_negative(count):
            raise DataError("XPENDING count must be a integer >= 0")
        words: list[Any] = [name, groupname, consumername, min_idle_time, start_id]
        if count is not None:
            words += ["COUNT", count]
        if justid:
            return self.execute_command("XAUTOCLAIM", *words, "JUSTID", parse_justid=True)
        return self.execute_command("XAUTOCLAIM", *words)

    def xcfgset(
        self, name: Key, idmp_duration: int | None = None, idmp_maxsize: int | None = None
    ) -> bytes | str:
        """How long, in seconds, and how many names of a producer `xadd` remembers. XCFGSET."""
        if idmp_duration is None and idmp_maxsize is None:
            raise DataError("XCFGSET requires at least one of idmp_duration or idmp_maxsize")
        words: list[Any] = []
        if idmp_duration is not None:
            if not isinstance(idmp_duration, int) or not 1 <= idmp_duration <= 300:
                raise DataError("XCFGSET idmp_duration must be an integer between 1 and 300")
            words += ["IDMP-DURATION", idmp_duration]
        if idmp_maxsize is not None:
            if not isinstance(idmp_maxsize, int) or not 1 <= idmp_maxsize <= 1_000_000:
                raise DataError("XCFGSET idmp_maxsize must be an integer between 1 and 1,000,000")
            words += ["IDMP-MAXSIZE", idmp_maxsize]
        return self.execute_command("XCFGSET", name, *words)

    def xclaim(
        self,
        name: Key,
        groupname: Encodable,
        consumername: Encodable,
        min_idle_time: int,
        message_ids: list[Any] | tuple[Any, ...],
        idle: int | None = None,
        time: int | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: bool = False,
    ) -> list[Any]:
        """Give a consumer entries that have been pending for `min_idle_time` ms. XCLAIM.

        `idle`, `time` (ms since 1970) and `retrycount` say when and how often they count as
        delivered; `force` claims what is not pending too. Entries, or with `justid` ids.
        """
        if not isinstance(min_idle_time, int) or min_idle_time < 0:
            raise DataError("XCLAIM min_idle_time must be a non negative integer")
        if not isinstance(message_ids, (list, tuple)) or not message_ids:
            raise DataError(
                "XCLAIM message_ids must be a non empty list or tuple of message IDs to claim"
            )
        words: list[Any] = [name, groupname, consumername, min_idle_time, *message_ids]
        for option, value in (("idle", idle), ("time", time), ("retrycount", retrycount)):
            if value is not None:
                if not isinstance(value, int):
                    raise DataError(f"XCLAIM {option} must be an integer")
                words += [option.upper(), value]
        for option, flag in (("force", force), ("justid", justid)):
            if flag:
                if not isinstance(flag, bool):
                    raise DataError(f"XCLAIM {option} must be a boolean")
                words.append(option.upper())
        if justid:
            return self.execute_command("XCLAIM", *words, parse_justid=True)
        return self.execute_command("XCLAIM", *words)

    def xdel(self, name: Key, *ids: StreamId) -> int:
        """Delete entries; how many there were. XDEL."""
        return self.execute_command("XDEL", name, *ids)

    def xdelex(self, name: Key, *ids: StreamId, ref_policy: RefPolicy = "KEEPREF") -> list[int]:
        """Delete entries, and with DELREF what groups have pending of them too. XDELEX.

        With ACKED only those that every group was given and has acknowledged. For each id 1:
        it was deleted, -1: there is none, 2: it is still wanted.
        """
        if not ids:
            raise DataError("XDELEX requires at least one message ID")
        policy = _ref_policy("XDELEX", ref_policy or "")
        return self.execute_command("XDELEX", name, *policy, "IDS", len(ids), *ids)

    def xgroup_create(
        self,
        name: Key,
        groupname: Encodable,
        id: StreamId = "$",
        mkstream: bool = False,
        entries_read: int | None = None,
    ) -> bool:
        """Make a group that is given what comes after `id` ("$": all there is). XGROUP CREATE."""
        options: list[Any] = ["MKSTREAM"] if mkstream else []
        if entries_read is not None:
            options += ["ENTRIESREAD", entries_read]
        return self.execute_command("XGROUP CREATE", name, groupname, id, *options)

    def xgroup_createconsumer(
        self, name: Key, groupname: Encodable, consumername: Encodable
    ) -> int:
        """Make a consumer; 0 if it was there. XGROUP CREATECONSUMER."""
        return self.execute_command("XGROUP CREATECONSUMER", name, groupname, consumername)

    def xgroup_delconsumer(self, name: Key, groupname: Encodable, consumername: Encodable) -> int:
        """Remove a consumer; how much was pending with it. XGROUP DELCONSUMER."""
        return self.execute_command("XGROUP DELCONSUMER", name, groupname, consumername)

    def xgroup_destroy(self, name: Key, groupname: Encodable) -> bool:
        """Remove a group, with all that is pending in it. XGROUP DESTROY."""
        return self.execute_command("XGROUP DESTROY", name, groupname)

    def xgroup_setid(
        self, name: Key, groupname: Encodable, id: StreamId, entries_read: int | None = None
    ) -> bool:
        """Have a group go on after `id`. XGROUP SETID."""
        options = [] if entries_read is None else ["ENTRIESREAD", entries_read]
        return self.execute_command("XGROUP SETID", name, groupname, id, *options)

    def xinfo_consumers(self, name: Key, groupname: Encodable) -> list[dict[str, Any]]:
        """A dict of each consumer of a group. XINFO CONSUMERS."""
        return self.execute_command("XINFO CONSUMERS", name, groupname)

    def xinfo_groups(self, name: Key) -> list[dict[str, Any]]:
        """A dict of each group of a stream. XINFO GROUPS."""
        return self.execute_command("XINFO GROUPS", name)

    def xinfo_stream(self, name: Key, full: bool = False) -> dict[str, Any]:
        """Facts about a stream; `full`: with its groups and what is pending. XINFO STREAM."""
        if full:
            return self.execute_command("XINFO STREAM", name, "FULL", full=full)
        return self.execute_command("XINFO STREAM", name)

    def xlen(self, name: Key) -> int:
        """How many entries a stream has. O(1). XLEN."""
        return self.execute_command("XLEN", name)

    def xnack(
        self,
        name: Key,
        groupname: Encodable,
        mode: Literal["SILENT", "FAIL", "FATAL"],
        *ids: StreamId,
        retrycount: int | None = None,
        force: bool = False,
    ) -> int:
        """Give pending entries back to the group; how many were. XNACK.

        SILENT: the delivery does not count; FAIL: it does; FATAL: it was the last. `retrycount`
        sets the count; with `force` what is not pending becomes so.
        """
        if not ids:
            raise DataError("XNACK requires at least one message ID")
        if mode not in ("SILENT", "FAIL", "FATAL"):
            raise DataError("XNACK mode must be one of: SILENT, FAIL, FATAL")
        words: list[Any] = [name, groupname, mode, "IDS", len(ids), *ids]
        if retrycount is not None:
            if retrycount < 0:
                raise DataError("XNACK retrycount must be >= 0")
            words += ["RETRYCOUNT", retrycount]
        if force:
            words.append("FORCE")
        return self.execute_command("XNACK", *words)

    def xpending(self, name: Key, groupname: Encodable) -> dict[str, Any]:
        """What is pending in a group: how much, from and to which id, with whom. XPENDING."""
        return self.execute_command("XPENDING", name, groupname)

    def xpending_range(
        self,
        name: Key,
        groupname: Encodable,
        min: StreamId | None,
        max: StreamId | None,
        count: int | None,
        consumername: Encodable | None = None,
        idle: int | None = None,
    ) -> list[dict[str, Any]]:
        """A dict of each pending entry in a range, idle for at least `idle` ms. XPENDING."""
        if min is None and max is None and count is None:
            if idle is not None or consumername is not None:
                raise DataError(
                    "if XPENDING is provided with idle time or consumername,"
                    " it must be provided with min, max and count parameters"
                )
            return self.xpending(name, groupname)  # type: ignore[return-value]
        if min is None or max is None or count is None:
            raise DataError(
                "XPENDING must be provided with min, max and count parameters, or none of them."
            )
        words: list[Any] = [name, groupname]
        if idle is not None:
            if _is_negative(idle):
                raise DataError("XPENDING idle must be a integer >= 0")
            words += ["IDLE", idle]
        if _is_negative(count):
            raise DataError("XPENDING count must be a integer >= 0")
        words += [min, max, count]
        if consumername:
            words.append(consumername)
        return self.execute_command("XPENDING", *words, parse_detail=True)

    def xrange(
        self, name: Key, min: StreamId = "-", max: StreamId = "+", count: int | None = None
    ) -> list[tuple[T, dict[T, T]]]:
        """Entries with ids in [min, max], at most `count`; "(id" leaves that one out. XRANGE."""
        return self.execute_command("XRANGE", name, min, max, *_count("XRANGE", count))

    def xread(
        self,
        streams: Mapping[Any, StreamId],
        count: int | None = None,
        block: int | None = None,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> Any:
        """Entries after the id of each stream, at most `count` of each. XREAD.

        [[stream, entries], ...]. With `block` it waits so many ms (0: for ever) for one; the id
        "$" is what is there when it begins to wait, "+" the last one. `max_count` and `max_size`
        (bytes of the reply, about) limit all of it.
        """
        options = _block("XREAD", block) + _cap("XREAD", count, max_count, max_size)
        if not isinstance(streams, dict) or not streams:
            raise DataError("XREAD streams must be a non empty dict")
        return self.execute_command("XREAD", *options, "STREAMS", *streams, *streams.values())

    def xreadgroup(
        self,
        groupname: str,
        consumername: str,
        streams: Mapping[Any, StreamId],
        count: int | None = None,
        block: int | None = None,
        noack: bool = False,
        claim_min_idle_time: int | None = None,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> Any:
        """Entries that the group was not given yet (id ">"), or what is pending here. XREADGROUP.

        As `xread`. With `noack` they do not become pending. With `claim_min_idle_time` what has
        been pending with others for so many ms comes first, and entries are (id, fields, ms
        idle, deliveries).
        """
        words: list[Any] = ["GROUP", groupname, consumername]
        words += _cap("XREADGROUP", count, max_count, max_size) + _block("XREADGROUP", block)
        options: dict[str, Any] = {}
        if noack:
            words.append("NOACK")
        if claim_min_idle_time is not None:
            if not isinstance(claim_min_idle_time, int) or claim_min_idle_time < 0:
                raise DataError("XREADGROUP claim_min_idle_time must be a non-negative integer")
            words += ["CLAIM", claim_min_idle_time]
            options["claim_min_idle_time"] = claim_min_idle_time
        if not isinstance(streams, dict) or not streams:
            raise DataError("XREADGROUP streams must be a non empty dict")
        words += ["STREAMS", *streams, *streams.values()]
        return self.execute_command("XREADGROUP", *words, **options)

    def xrevrange(
        self, name: Key, max: StreamId = "+", min: StreamId = "-", count: int | None = None
    ) -> list[tuple[T, dict[T, T]]]:
        """As `xrange`, the last entry first. XREVRANGE."""
        return self.execute_command("XREVRANGE", name, max, min, *_count("XREVRANGE", count))

    def xtrim(
        self,
        name: Key,
        maxlen: int | None = None,
        approximate: bool = True,
        minid: StreamId | None = None,
        limit: int | None = None,
        ref_policy: RefPolicy | None = None,
    ) -> int:
        """Delete the oldest entries, as `xadd` does; how many went. XTRIM."""
        if maxlen is not None and minid is not None:
            raise DataError("Only one of ``maxlen`` or ``minid`` may be specified")
        if maxlen is None and minid is None:
            raise DataError("One of ``maxlen`` or ``minid`` must be specified")
        policy = _ref_policy("XTRIM", ref_policy)
        words: list[Any] = ["MINID" if maxlen is None else "MAXLEN"]
        if approximate:
            words.append("~")
        words.append(minid if maxlen is None else maxlen)
        if limit is not None:
            words += ["LIMIT", limit]
        return self.execute_command("XTRIM", name, *words, *policy)
