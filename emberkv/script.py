"""Scripts as functions: what `register_script` gives."""

from __future__ import annotations

from .exceptions import NoScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from ._types import Encodable, Key


class Script:
    """A Lua script that is called like a function: by its SHA-1, loaded when that is unknown."""

    def __init__(self, registered_client: Any, script: str | bytes, rollback: bool = False) -> None:
        from hashlib import sha1

        self.registered_client = registered_client
        self._options = {"rollback": True} if rollback else {}
        self.script = script
        if isinstance(script, str):
            script = script.encode(registered_client.encoding, registered_client.encoding_errors)
        self.sha = sha1(script, usedforsecurity=False).hexdigest()

    def __call__(
        self,
        keys: Sequence[Key] | None = None,
        args: Iterable[Encodable] | None = None,
        client: Any = None,
    ) -> Any:
        """Run it with these keys and arguments, in `client` if that is another or a pipeline.

        What it returns; a pipeline queues it. ResponseError for an error in the script. EVALSHA.
        """
        client = self.registered_client if client is None else client
        arguments = (self.sha, len(keys or ()), *(keys or ()), *(args or ()))
        if hasattr(client, "command_stack"):  # what is queued must be known when it is run
            client._db.script_load(self.script)
            return client.evalsha(*arguments, **self._options)
        try:
            return client.evalsha(*arguments, **self._options)
        except NoScriptError:
            client.script_load(self.script)
            return client.evalsha(*arguments, **self._options)


class AsyncScript(Script):
    """The same for `emberkv.asyncio`: calling it gives something to be awaited."""

    async def __call__(
        self,
        keys: Sequence[Key] | None = None,
        args: Iterable[Encodable] | None = None,
        client: Any = None,
    ) -> Any:
        """Run it with these keys and arguments; see `Script`."""
        client = self.registered_client if client is None else client
        arguments = (self.sha, len(keys or ()), *(keys or ()), *(args or ()))
        if hasattr(client, "command_stack"):
            await client._db.script_load(self.script)
            return client.evalsha(*arguments, **self._options)
        try:
            return await client.evalsha(*arguments, **self._options)
        except NoScriptError:
            await client.script_load(self.script)
            return await client.evalsha(*arguments, **self._options)
