"""Commands in whatever form `send_packed_command` gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands_of(packed: Any) -> Iterator[tuple[Any, ...]]:
    """The commands: tuples from our `pack_command`, or whole ones in bytes of the protocol."""
    if isinstance(packed, (bytes, str)):
        packed = [packed]
    wire = b""
    for item in packed:
        if type(item) is tuple:
            yield item
        else:
            wire += item.encode() if isinstance(item, str) else bytes(item)
    at = 0
    while at < len(wire):
        count, at = _number(wire, at, b"*")
        args = []
        for _ in range(count):
            size, at = _number(wire, at, b"$")
            args.append(wire[at : at + size])
            at += size + 2
        yield tuple(args)


def _number(wire: bytes, at: int, mark: bytes) -> tuple[int, int]:
    end = wire.find(b"\r\n", at)
    if end < 0 or wire[at : at + 1] != mark:
        raise ValueError("not a command as redis-py packs it")
    return int(wire[at + 1 : end]), end + 2
