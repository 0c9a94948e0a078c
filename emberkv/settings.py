"""Settings by their names in redis.conf, given as keyword arguments."""

from __future__ import annotations

import os

from ._core import _ember

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NoSuchSetting(TypeError, ValueError):
    """A keyword argument that is no setting."""


def text_of(value: Any) -> str:
    """A value as the text that a configuration file has."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(text_of(item) for item in value)
    return os.fsdecode(value) if isinstance(value, (bytes, os.PathLike)) else str(value)


UNITS = {"": 1, "b": 1, "k": 1000, "kb": 1024, "m": 1000**2, "mb": 1024**2}
UNITS |= {"g": 1000**3, "gb": 1024**3}


def size_of(name: str, value: int | str) -> int:
    """Bytes, with a unit as Redis's settings have them: 100mb, 1gb; k is 1000 and kb 1024."""
    text = str(value).lower()
    digits = text.rstrip("bkmg")
    unit = UNITS.get(text[len(digits) :], 0)
    size = int(digits) * unit if unit and digits.isascii() and digits.isdecimal() else -1
    if not 0 <= size < 1 << 63:
        raise ValueError(f"{name}: {value!r} is no size; write 1000000, 100mb or 1gb")
    return size


def load_setting(store: _ember.Store, name: str, value: Any) -> None:
    """Set what ``name=value`` says: NoSuchSetting, or ValueError if it cannot have that value.

    `rename_command` is a dict, or pairs: names of commands, and what clients of servers are to call
    them; "" takes a command from them.
    """
    if name == "rename_command":
        for own, now in value.items() if isinstance(value, dict) else value:
            _ember.rename_command(store, own, now)
        return
    setting = name.replace("_", "-")
    if not _ember.is_setting(setting) and _ember.is_setting(name):
        setting = name
    if not _ember.is_setting(setting):
        raise NoSuchSetting(f"{name}: there is no such setting")
    _ember.load_setting(store, setting, text_of(value))
