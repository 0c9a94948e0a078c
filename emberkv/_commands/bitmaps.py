"""Bitmaps: strings seen as arrays of bits and of small integers."""

from __future__ import annotations

from ..exceptions import DataError
from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._types import BitOffset, Key


class BitFieldOperation:
    """Collects operations on the integers within one string; `execute` runs them in one.

    `fmt` names an integer (``"u8"``, ``"i16"``), `offset` its place in bits, or, as
    ``"#3"``, in integers of that width.
    """

    def __init__(self, client: Any, key: Key, default_overflow: str | None = None) -> None:
        self.client = client
        self.key = key
        self._default_overflow = default_overflow
        self.reset()

    def reset(self) -> None:
        """Forget the operations collected."""
        self.operations: list[tuple[Any, ...]] = []
        self._last_overflow = "WRAP"
        self.overflow(self._default_overflow or self._last_overflow)

    def overflow(self, overflow: str) -> BitFieldOperation:
        """What the increments that follow do on overflow: WRAP, SAT or FAIL."""
        overflow = overflow.upper()
        if overflow != self._last_overflow:
            self._last_overflow = overflow
            self.operations.append(("OVERFLOW", overflow))
        return self

    def incrby(
        self, fmt: str, offset: BitOffset, increment: int, overflow: str | None = None
    ) -> BitFieldOperation:
        """Add `increment`; the result is the new value."""
        if overflow is not None:
            self.overflow(overflow)
        self.operations.append(("INCRBY", fmt, offset, increment))
        return self

    def get(self, fmt: str, offset: BitOffset) -> BitFieldOperation:
        """Read; the result is the value."""
        self.operations.append(("GET", fmt, offset))
        return self

    def set(self, fmt: str, offset: BitOffset, value: int) -> BitFieldOperation:
        """Write; the result is the value before."""
        self.operations.append(("SET", fmt, offset, value))
        return self

    @property
    def command(self) -> list[Any]:
        """The command as it would be sent."""
        flat: list[Any] = ["BITFIELD", self.key]
        for operation in self.operations:
            flat += operation
        return flat

    def execute(self) -> Any:
        """Run what was collected and forget it; a list of results in order. BITFIELD."""
        command = self.command
        self.reset()
        return self.client.execute_command(*command)


class BitmapCommands(CommandGroup[T]):
    def bitcount(
        self, key: Key, start: int | None = None, end: int | None = None, mode: str | None = None
    ) -> int:
        """The number of bits set, from byte (or ``mode="BIT"``) `start` to `end`. BITCOUNT."""
        pieces: list[Any] = []
        if start is not None and end is not None:
            pieces = [start, end]
        elif start is not None or end is not None:
            raise DataError("Both start and end must be specified")
        if mode is not None:
            pieces.append(mode)
        return self.execute_command("BITCOUNT", key, *pieces)

    def bitfield(self, key: Key, default_overflow: str | None = None) -> BitFieldOperation:
        """Begin to collect operations on integers within the string at `key`."""
        return BitFieldOperation(self, key, default_overflow)

    def bitfield_ro(
        self,
        key: Key,
        encoding: str,
        offset: BitOffset,
        items: list[tuple[str, BitOffset]] | None = None,
    ) -> list[int]:
        """Read integers within the string at `key`. BITFIELD_RO."""
        pieces: list[Any] = ["GET", encoding, offset]
        for fmt, place in items or ():
            pieces += ("GET", fmt, place)
        return self.execute_command("BITFIELD_RO", key, *pieces)

    def bitop(self, operation: str, dest: Key, *keys: Key) -> int:
        """Store AND, OR, XOR or NOT of `keys` at `dest`; its length in bytes. BITOP."""
        return self.execute_command("BITOP", operation, dest, *keys)

    def bitpos(
        self,
        key: Key,
        bit: int,
        start: int | None = None,
        end: int | None = None,
        mode: str | None = None,
    ) -> int:
        """The place of the first bit that is `bit`, -1 if there is none. BITPOS."""
        if bit not in (0, 1):
            raise DataError("bit must be 0 or 1")
        if start is None and end is not None:
            raise DataError("start argument is not set, when end is specified")
        pieces: list[Any] = [piece for piece in (start, end, mode) if piece is not None]
        return self.execute_command("BITPOS", key, bit, *pieces)

    def getbit(self, name: Key, offset: int) -> int:
        """The bit at `offset`, 0 past the end. GETBIT."""
        return self.execute_command("GETBIT", name, offset)

    def setbit(self, name: Key, offset: int, value: int) -> int:
        """Set the bit at `offset` to whether `value` is true; the bit before. SETBIT."""
        return self.execute_command("SETBIT", name, offset, 1 if value else 0)
