"""DUMP payloads made by hand: their footer, and the parts that values are made of."""

from __future__ import annotations

JONES_REFLECTED = 0x95AC9329AC4BC9B5


def _table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (JONES_REFLECTED if crc & 1 else 0)
        table.append(crc)
    return table


TABLE = _table()


def crc64(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc


def payload(value: bytes, version: int = 10) -> bytes:
    """A value as DUMP would give it, checksum and all."""
    data = value + version.to_bytes(2, "little")
    return data + crc64(data).to_bytes(8, "little")


def text(s: bytes) -> bytes:
    """A string of fewer than 64 bytes, or of any length, uncompressed."""
    if len(s) < 64:
        return bytes([len(s)]) + s
    return b"\x80" + len(s).to_bytes(4, "big") + s
