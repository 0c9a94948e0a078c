"""The commands as the asyncio twin has them: the same at run time, told apart by type checkers."""

from __future__ import annotations

from . import Commands

AwaitedCommands = Commands
