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
