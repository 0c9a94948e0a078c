"""Lua scripts, each of which runs as one command."""

from __future__ import annotations

from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .._types import Encodable


class ScriptCommands(CommandGroup[T]):
    def eval(self, script: Encodable, numkeys: int, *keys_and_args: Encodable) -> Any:
        """Run a script with `numkeys` keys, and arguments behind them; what it returns. EVAL.

        Nobody sees it half done. What it changed before an error remains, unless that happens
        within ``with db.transaction():``. Needs the package lupa.
        """
        return self.execute_command("EVAL", script, numkeys, *keys_and_args)

    def eval_ro(self, script: Encodable, numkeys: int, *keys_and_args: Encodable) -> Any:
        """Run a script that may not change anything; see `eval`. EVAL_RO."""
        return self.execute_command("EVAL_RO", script, numkeys, *keys_and_args)

    def evalsha(self, sha: Encodable, numkeys: int, *keys_and_args: Encodable) -> Any:
        """Run the script with this SHA-1; NoScriptError if it is not known. See `eval`. EVALSHA."""
        return self.execute_command("EVALSHA", sha, numkeys, *keys_and_args)

    def evalsha_ro(self, sha: Encodable, numkeys: int, *keys_and_args: Encodable) -> Any:
        """Run the script with this SHA-1, which may not change anything. EVALSHA_RO."""
        return self.execute_command("EVALSHA_RO", sha, numkeys, *keys_and_args)

    def script_load(self, script: Encodable) -> str:
        """Make a script known to every process that has the store open; its SHA-1. SCRIPT LOAD."""
        return self.execute_command("SCRIPT LOAD", script)

    def script_exists(self, *args: Encodable) -> list[bool]:
        """For each SHA-1 whether its script is known. SCRIPT EXISTS."""
        return self.execute_command("SCRIPT EXISTS", *args)

    def script_flush(self, sync_type: Literal["SYNC", "ASYNC"] | None = None) -> bool:
        """Forget all scripts. True. SCRIPT FLUSH."""
        return self.execute_command("SCRIPT FLUSH", *([sync_type] if sync_type else []))

    def script_kill(self) -> bool:
        """End the script that runs. ResponseError if none does. SCRIPT KILL."""
        return self.execute_command("SCRIPT KILL")

    def script_debug(self, *args: Encodable) -> None:
        """Not available: the debugger is a connection's. NotImplementedError."""
        raise NotImplementedError("SCRIPT DEBUG is for a connection to a server")
