"""Types of arguments. For type checkers: nothing imports this at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from typing_extensions import Buffer

# What can be stored or sent: bytes, or something that has bytes.
Encodable: TypeAlias = str | int | float | Buffer
Key: TypeAlias = Encodable
Field: TypeAlias = Encodable
Pattern: TypeAlias = str | Buffer
Keys: TypeAlias = Key | Iterable[Key]

Expiry: TypeAlias = int | timedelta
AbsoluteExpiry: TypeAlias = int | datetime
Timeout: TypeAlias = int | float | None

# A score, or a bound such as "(1.5", "-inf".
ScoreBound: TypeAlias = float | str | bytes
ScoreCast: TypeAlias = Callable[[Any], Any]
BitOffset: TypeAlias = int | str

# The id of a stream's entry; what becomes of references to entries that are deleted.
StreamId: TypeAlias = Encodable
RefPolicy: TypeAlias = Literal["KEEPREF", "DELREF", "ACKED"]
