"""All commands as methods, one module a group. See `_base` for how a method becomes a call."""

from __future__ import annotations

from ._base import T
from .acl import AclCommands
from .alone import AloneCommands
from .bitmaps import BitmapCommands
from .connection import ConnectionCommands
from .geo import GeoCommands
from .hashes import HashCommands
from .hyperloglog import HyperLogLogCommands
from .keys import KeyCommands
from .lists import ListCommands
from .pubsub import PubSubCommands
from .scan import ScanCommands
from .scripting import ScriptCommands
from .server import ServerCommands
from .sets import SetCommands
from .streams import StreamCommands
from .strings import StringCommands
from .zsets import ZsetCommands


class Commands(
    StringCommands[T],
    BitmapCommands[T],
    HyperLogLogCommands[T],
    GeoCommands[T],
    KeyCommands[T],
    ScanCommands[T],
    HashCommands[T],
    ListCommands[T],
    SetCommands[T],
    ZsetCommands[T],
    StreamCommands[T],
    PubSubCommands[T],
    ScriptCommands[T],
    ConnectionCommands[T],
    ServerCommands[T],
    AloneCommands[T],
    AclCommands[T],
):
    """Every command as a method; whoever inherits says what `execute_command` does."""


def compiled_methods(base: type) -> list[str]:
    """Names of the methods here that `base`, a class of the core, has in a compiled form."""
    return [name for name in vars(base) if not name.startswith("_") and hasattr(Commands, name)]


def keep_overrides(cls: type, base: type, *overridden: str) -> None:
    """See to it that a subclass which overrides one of `overridden` gets all calls.

    The compiled methods of `base` would not go through it, so those here take their place.
    """
    if any(name in vars(cls) for name in overridden):
        for name in compiled_methods(base):
            if name not in vars(cls):
                setattr(cls, name, getattr(Commands, name))
