"""All commands as methods, one module a group. See `_base` for how a method becomes a call."""

from __future__ import annotations

from ._base import T
from .bitmaps import BitmapCommands
from .connection import ConnectionCommands
from .hashes import HashCommands
from .keys import KeyCommands
from .lists import ListCommands
from .scan import ScanCommands
from .server import ServerCommands
from .sets import SetCommands
from .strings import StringCommands
from .zsets import ZsetCommands


class Commands(
    StringCommands[T],
    BitmapCommands[T],
    KeyCommands[T],
    ScanCommands[T],
    HashCommands[T],
    ListCommands[T],
    SetCommands[T],
    ZsetCommands[T],
    ConnectionCommands[T],
    ServerCommands[T],
):
    """Every command as a method; whoever inherits says what `execute_command` does."""
