"""Strings: values of bytes, and numbers held in them."""

from __future__ import annotations

from ..exceptions import DataError
from ._arguments import expiry, in_milliseconds, in_seconds, one_or_many, pairs
from ._base import EMPTY_RESPONSE, CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from .._types import AbsoluteExpiry, Encodable, Expiry, Key, Keys
    from ..options import DataPersistOptions


class StringCommands(CommandGroup[T]):
    def append(self, key: Key, value: Encodable) -> int:
        """Append `value` to the string at `key`, made if missing; its new length. APPEND."""
        return self.execute_command("APPEND", key, value)

    def decrby(self, name: Key, amount: int = 1) -> int:
        """Take `amount` from the integer at `name`, 0 if missing; the new value. DECRBY."""
        return self.execute_command("DECRBY", name, amount)

    decr = decrby

    def delex(
        self,
        name: Key,
        ifeq: Encodable | None = None,
        ifne: Encodable | None = None,
        ifdeq: str | None = None,
        ifdne: str | None = None,
    ) -> int:
        """Delete `name` if its value, or the digest of it, equals or differs. DELEX.

        1 if it was deleted, else 0. At most one condition may be given, else ValueError.
        """
        given = [
            (word, value)
            for word, value in (
                ("IFEQ", ifeq),
                ("IFNE", ifne),
                ("IFDEQ", ifdeq),
                ("IFDNE", ifdne),
            )
            if value is not None
        ]
        if len(given) > 1:
            raise ValueError("Only one of IFEQ/IFNE/IFDEQ/IFDNE may be specified")
        condition: tuple[Any, ...] = given[0] if given else ()
        return self.execute_command("DELEX", name, *condition)

    def digest(self, name: Key) -> T | None:
        """The hexadecimal XXH3 digest of the string at `name`, None if missing. DIGEST."""
        return self.execute_command("DIGEST", name)

    def digest_local(self, value: bytes | str) -> T:
        """What `digest` would give for `value`, computed here. Needs the package xxhash."""
        try:
            import xxhash
        except ImportError:
            raise NotImplementedError("digest_local needs the package xxhash") from None
        digest: Any = xxhash.xxh3_64(value).hexdigest()
        return digest if self.decode_responses else digest.encode()

    def get(self, name: Key) -> T | None:
        """The string at `name`, None if missing. O(1). GET."""
        return self.execute_command("GET", name)

    def getdel(self, name: Key) -> T | None:
        """The string at `name`, which is deleted; None if missing. GETDEL."""
        return self.execute_command("GETDEL", name)

    def getex(
        self,
        name: Key,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: AbsoluteExpiry | None = None,
        pxat: AbsoluteExpiry | None = None,
        persist: bool = False,
    ) -> T | None:
        """The string at `name`, whose expiry is set or removed on the way. GETEX.

        `ex` seconds or `px` milliseconds from now, `exat` seconds or `pxat` milliseconds
        since 1970, `persist` for none: at most one of them, else DataError.
        """
        options = expiry(ex, px, exat, pxat, persist, "persist")
        if persist:
            options.append("PERSIST")
        return self.execute_command("GETEX", name, *options)

    def getrange(self, key: Key, start: int, end: int) -> T:
        """Bytes `start` to `end`, both included, negative from the end. GETRANGE."""
        return self.execute_command("GETRANGE", key, start, end)

    def getset(self, name: Key, value: Encodable) -> T | None:
        """Set `name` to `value`; the string it held, None if it was missing. GETSET."""
        return self.execute_command("GETSET", name, value)

    def incrby(self, name: Key, amount: int = 1) -> int:
        """Add `amount` to the integer at `name`, 0 if missing; the new value. INCRBY."""
        return self.execute_command("INCRBY", name, amount)

    incr = incrby

    def incrbyfloat(self, name: Key, amount: float = 1.0) -> float:
        """Add `amount` to the number at `name`, 0 if missing; the new value. INCRBYFLOAT."""
        return self.execute_command("INCRBYFLOAT", name, amount)

    def increx(
        self,
        name: Key,
        *,
        byfloat: Encodable | None = None,
        byint: Encodable | None = None,
        lbound: Encodable | None = None,
        ubound: Encodable | None = None,
        saturate: bool = False,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: AbsoluteExpiry | None = None,
        pxat: AbsoluteExpiry | None = None,
        persist: bool = False,
        enx: bool = False,
    ) -> list[Any]:
        """Add to a number within bounds, setting its expiry on the way. INCREX."""
        if byfloat is not None and byint is not None:
            raise DataError("``byfloat`` and ``byint`` are mutually exclusive.")
        when = expiry(ex, px, exat, pxat, persist, "persist")
        if enx and not when:
            raise DataError("``enx`` requires one of ``ex``, ``px``, ``exat``, or ``pxat``.")
        pieces: list[Any] = []
        for word, value in (
            ("BYFLOAT", byfloat),
            ("BYINT", byint),
            ("LBOUND", lbound),
            ("UBOUND", ubound),
        ):
            if value is not None:
                pieces += (word, value)
        if saturate:
            pieces.append("SATURATE")
        pieces += when
        if persist:
            pieces.append("PERSIST")
        if enx:
            pieces.append("ENX")
        return self.execute_command("INCREX", name, *pieces)

    def lcs(
        self,
        key1: Key,
        key2: Key,
        len: bool | None = False,
        idx: bool | None = False,
        minmatchlen: int | None = 0,
        withmatchlen: bool | None = False,
    ) -> T | int | list[Any]:
        """The longest common subsequence of two strings. LCS.

        The subsequence; its length with `len`; with `idx` the flat list
        ``[b"matches", [...], b"len", length]``.
        """
        pieces: list[Any] = []
        if len:
            pieces.append("LEN")
        if idx:
            pieces.append("IDX")
        if minmatchlen:
            pieces += ("MINMATCHLEN", minmatchlen)
        if withmatchlen:
            pieces.append("WITHMATCHLEN")
        return self.execute_command("LCS", key1, key2, *pieces)

    def mget(self, keys: Keys, *args: Key) -> list[T | None]:
        """The strings at `keys`, one key or many, None where there is none. MGET."""
        names = one_or_many(keys, args)
        if not names:
            return self.execute_command("MGET", **{EMPTY_RESPONSE: []})
        return self.execute_command("MGET", *names)

    def mset(self, mapping: Mapping[Any, Encodable]) -> bool:
        """Set every key of `mapping` to its value, at once. True. MSET."""
        return self.execute_command("MSET", *pairs(mapping))

    def msetex(
        self,
        mapping: Mapping[Any, Encodable],
        data_persist_option: DataPersistOptions | None = None,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        exat: AbsoluteExpiry | None = None,
        pxat: AbsoluteExpiry | None = None,
        keepttl: bool = False,
    ) -> int:
        """Set every key of `mapping`, with an expiry, if none or all of them exist. MSETEX.

        1 if all were set, 0 if none was.
        """
        pieces = []
        if data_persist_option:
            pieces.append(data_persist_option.value)
        pieces += expiry(ex, px, exat, pxat, keepttl)
        if keepttl:
            pieces.append("KEEPTTL")
        return self.execute_command("MSETEX", len(mapping), *pairs(mapping), *pieces)

    def msetnx(self, mapping: Mapping[Any, Encodable]) -> bool:
        """Set every key of `mapping` unless one of them exists; whether they were. MSETNX."""
        return self.execute_command("MSETNX", *pairs(mapping))

    def psetex(self, name: Key, time_ms: Expiry, value: Encodable) -> bool:
        """Set `name` to `value` for `time_ms` milliseconds or a timedelta. PSETEX."""
        return self.execute_command("PSETEX", name, in_milliseconds(time_ms), value)

    def set(
        self,
        name: Key,
        value: Encodable,
        ex: Expiry | None = None,
        px: Expiry | None = None,
        nx: bool = False,
        xx: bool = False,
        keepttl: bool = False,
        get: bool = False,
        exat: AbsoluteExpiry | None = None,
        pxat: AbsoluteExpiry | None = None,
        ifeq: Encodable | None = None,
        ifne: Encodable | None = None,
        ifdeq: str | None = None,
        ifdne: str | None = None,
    ) -> Any:
        """Set `name` to `value`, whatever it held. O(1). SET.

        True, or None where a condition was not met; with `get`, what it held before.
        Expiry: `ex` seconds or `px` milliseconds from now, `exat` seconds or `pxat`
        milliseconds since 1970, or `keepttl` for the one it has; none of them removes it.
        Conditions: `nx` if missing, `xx` if present, `ifeq`/`ifne` if the value equals or
        differs, `ifdeq`/`ifdne` the same of its digest. One of each kind, else DataError.
        """
        if not (ex or px or exat or pxat or nx or xx or keepttl or get):
            if ex is px is exat is pxat is ifeq is ifne is ifdeq is ifdne is None:
                return self.execute_command("SET", name, value)
        pieces = expiry(ex, px, exat, pxat, keepttl)
        if keepttl:
            pieces.append("KEEPTTL")
        given = bool(nx) + bool(xx)
        if nx:
            pieces.append("NX")
        if xx:
            pieces.append("XX")
        for word, wanted in (("IFEQ", ifeq), ("IFNE", ifne), ("IFDEQ", ifdeq), ("IFDNE", ifdne)):
            if wanted is not None:
                pieces += (word, wanted)
                given += 1
        if given > 1:
            raise DataError(
                "``nx``, ``xx``, ``ifeq``, ``ifne``, ``ifdeq``, ``ifdne`` are mutually exclusive."
            )
        if get:
            return self.execute_command("SET", name, value, *pieces, "GET", get=True)
        return self.execute_command("SET", name, value, *pieces)

    def setex(self, name: Key, time: Expiry, value: Encodable) -> bool:
        """Set `name` to `value` for `time` seconds or a timedelta. SETEX."""
        return self.execute_command("SETEX", name, in_seconds(time), value)

    def setnx(self, name: Key, value: Encodable) -> bool:
        """Set `name` to `value` unless it exists; whether it was set. SETNX."""
        return self.execute_command("SETNX", name, value)

    def setrange(self, name: Key, offset: int, value: Encodable) -> int:
        """Overwrite from byte `offset`, after zeros if need be; the new length. SETRANGE."""
        return self.execute_command("SETRANGE", name, offset, value)

    def stralgo(
        self,
        algo: Literal["LCS"],
        value1: Key,
        value2: Key,
        specific_argument: Literal["strings", "keys"] = "strings",
        len: bool = False,
        idx: bool = False,
        minmatchlen: int | None = None,
        withmatchlen: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The longest common subsequence as Redis 6 spelled it; see `lcs`. STRALGO."""
        if algo != "LCS":
            raise DataError("The supported algorithms are: LCS")
        if specific_argument not in ("keys", "strings"):
            raise DataError("specific_argument can be only keys or strings")
        if len and idx:
            raise DataError("len and idx cannot be provided together.")
        pieces: list[Any] = [algo, specific_argument.upper(), value1, value2]
        if len:
            pieces.append("LEN")
        if idx:
            pieces.append("IDX")
        if minmatchlen is not None:
            pieces += ("MINMATCHLEN", int(minmatchlen))
        if withmatchlen:
            pieces.append("WITHMATCHLEN")
        return self.execute_command(
            "STRALGO",
            *pieces,
            len=len,
            idx=idx,
            minmatchlen=minmatchlen,
            withmatchlen=withmatchlen,
            **kwargs,
        )

    def strlen(self, name: Key) -> int:
        """The length of the string at `name` in bytes, 0 if missing. STRLEN."""
        return self.execute_command("STRLEN", name)

    def substr(self, name: Key, start: int, end: int = -1) -> T:
        """The old name of `getrange`. SUBSTR."""
        return self.execute_command("SUBSTR", name, start, end)

    def __getitem__(self, name: Key) -> T:
        """The string at `name`; KeyError if missing."""
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: Key, value: Encodable) -> None:
        self.set(name, value)
