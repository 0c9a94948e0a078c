"""The commands as a pipeline has them: the same at run time, told apart by type checkers."""

from __future__ import annotations

from . import Commands

QueuedCommands = Commands
