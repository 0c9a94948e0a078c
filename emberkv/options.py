"""Named options of commands, apart because `enum` is not needed to open a store."""

from __future__ import annotations

from enum import Enum


class DataPersistOptions(Enum):
    """When `msetex` sets its keys: NX if none of them exists, XX if all do."""

    NX = "NX"
    XX = "XX"


class HashDataPersistOptions(Enum):
    """When `hsetex` sets its fields: FNX if none of them exists, FXX if all do."""

    FNX = "FNX"
    FXX = "FXX"
