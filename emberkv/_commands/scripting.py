"""Lua scripts and functions, each call of which runs as one command."""

from __future__ import annotations

from ._base import NEVER_DECODE, CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from .._types import Encodable


class ScriptCommands(CommandGroup[T]):
    def eval(
        self, script: Encodable, numkeys: int, *keys_and_args: Encodable, rollback: bool = False
    ) -> Any:
        """Run a script with `numkeys` keys, and arguments behind them; what it returns. EVAL.

        Nobody sees it half done. What it changed before an error remains; with `rollback`, or when
        its first line is ``#!lua flags=rollback``, an error undoes it all. Needs the package lupa.
        """
        return self.execute_command(
            "EVAL_ROLLBACK" if rollback else "EVAL", script, numkeys, *keys_and_args
        )

    def eval_ro(self, script: Encodable, numkeys: int, *keys_and_args: Encodable) -> Any:
        """Run a script that may not change anything; see `eval`. EVAL_RO."""
        return self.execute_command("EVAL_RO", script, numkeys, *keys_and_args)

    def evalsha(
        self, sha: Encodable, numkeys: int, *keys_and_args: Encodable, rollback: bool = False
    ) -> Any:
        """Run the script with this SHA-1; NoScriptError if it is not known. See `eval`. EVALSHA."""
        return self.execute_command(
            "EVALSHA_ROLLBACK" if rollback else "EVALSHA", sha, numkeys, *keys_and_args
        )

    def evalsha_ro(self, sha: Encodable, numkeys: int, *keys_and_args: Encodable) -> Any:
        """Run the script with this SHA-1, which may not change anything. EVALSHA_RO."""
        return self.execute_command("EVALSHA_RO", sha, numkeys, *keys_and_args)

    def script_load(self, script: Encodable) -> str:
        """Make a script known to every process that has the store open; its SHA-1. SCRIPT LOAD."""
        return self.execute_command("SCRIPT LOAD", script)

    def script_exists(self, *args: Encodable) -> list[bool]:
        """For each SHA-1 whether its script is known. SCRIPT EXISTS."""
        return self.execute_command("SCRIPT EXISTS", *args)

    def script_show(self, sha: Encodable) -> Any:
        """The script with this SHA-1; NoScriptError if it is not known. SCRIPT SHOW."""
        return self.execute_command("SCRIPT SHOW", sha)

    def script_flush(self, sync_type: Literal["SYNC", "ASYNC"] | None = None) -> bool:
        """Forget all scripts. True. SCRIPT FLUSH."""
        return self.execute_command("SCRIPT FLUSH", *([sync_type] if sync_type else []))

    def script_kill(self) -> bool:
        """End the script that runs, in whatever process or thread. True. SCRIPT KILL.

        ResponseError if none runs, or if it has changed something already.
        """
        return self.execute_command("SCRIPT KILL")

    def script_debug(self, *args: Encodable) -> None:
        """Not available: the debugger is a connection's. NotImplementedError."""
        raise NotImplementedError("SCRIPT DEBUG is for a connection to a server")

    def function_load(self, code: Encodable, replace: bool | None = False) -> Any:
        """Make a library of functions of its code; its name. FUNCTION LOAD.

        The code begins with ``#!lua name=...`` and calls ``redis.register_function``. Every process
        that has the store open can call them. With `replace` one of that name may be there.
        """
        return self.execute_command("FUNCTION LOAD", *(["REPLACE"] if replace else []), code)

    def function_delete(self, library: Encodable) -> bool:
        """Delete a library. True. ResponseError if it is not there. FUNCTION DELETE."""
        return self.execute_command("FUNCTION DELETE", library)

    def function_flush(self, mode: str = "SYNC") -> bool:
        """Delete all libraries. True. `mode`, SYNC or ASYNC, means nothing here. FUNCTION FLUSH."""
        return self.execute_command("FUNCTION FLUSH", mode)

    def function_list(self, library: Encodable | None = "*", withcode: bool | None = False) -> Any:
        """The libraries whose names match the pattern: lists of names and values. FUNCTION LIST."""
        options = ["WITHCODE"] if withcode else []
        return self.execute_command("FUNCTION LIST", "LIBRARYNAME", library, *options)

    def fcall(
        self, function: Encodable, numkeys: int, *keys_and_args: Encodable, rollback: bool = False
    ) -> Any:
        """Call a function with `numkeys` keys, and arguments behind them; what it returns. FCALL.

        What it changed before an error remains, unless `rollback` is asked for, or is one of the
        flags that it was registered with.
        """
        return self.execute_command(
            "FCALL_ROLLBACK" if rollback else "FCALL", function, numkeys, *keys_and_args
        )

    def fcall_ro(self, function: Encodable, numkeys: int, *keys_and_args: Encodable) -> Any:
        """Call a function that has the flag no-writes; see `fcall`. FCALL_RO."""
        return self.execute_command("FCALL_RO", function, numkeys, *keys_and_args)

    def function_dump(self) -> bytes:
        """All libraries as one payload, which a server takes as well. FUNCTION DUMP."""
        return self.execute_command("FUNCTION DUMP", **{NEVER_DECODE: True})

    def function_restore(self, payload: Encodable, policy: str | None = "APPEND") -> bool:
        """Make the libraries of a payload. True. FUNCTION RESTORE.

        `policy`: APPEND refuses those that are there, REPLACE replaces them, FLUSH deletes all.
        """
        return self.execute_command("FUNCTION RESTORE", payload, *([policy] if policy else []))

    def function_kill(self) -> Any:
        """End the function that runs, in whatever process; see `script_kill`. FUNCTION KILL."""
        return self.execute_command("FUNCTION KILL")

    def function_stats(self) -> Any:
        """The function that runs, if one does, and how many there are. FUNCTION STATS."""
        return self.execute_command("FUNCTION STATS")
