"""Pipelines of the asyncio twin: queued as in `pipeline`, awaited where they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _waiting
from . import pipeline as _pipeline
from ._commands._base import EMPTY_RESPONSE, T
from ._core import _ember
from .exceptions import ConnectionError, DataError

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType
    from typing import TypeVar

    from .asyncio import Ember

    Self = TypeVar("Self", bound="Pipeline[Any]")


class Pipeline(_pipeline.Pipeline[T]):
    """Queues the commands that its methods name until `execute` is awaited.

    A method gives the pipeline back, so that calls can be chained. After ``await watch(...)``
    commands run when they are awaited, until `multi` begins to queue again. At the end of an
    ``async with`` block what is still queued is forgotten.
    """

    def __init__(self, db: Ember[T], transaction: bool, shard_hint: str | None = None) -> None:
        super().__init__(db, transaction, shard_hint)  # type: ignore[arg-type]
        self._wire: _ember.Wire | None = None

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.reset()

    def __await__(self: Self) -> Generator[Any, None, Self]:
        return self._itself().__await__()

    async def _itself(self: Self) -> Self:
        return self

    def __del__(self) -> None:
        wire = getattr(self, "_wire", None)
        if wire is not None:
            wire.close()

    async def reset(self) -> None:  # type: ignore[override]
        """Forget what is queued and what is watched."""
        self.command_stack = []
        self.explicit_transaction = False
        watching, self.watching = self.watching, False
        wire, self._wire = self._wire, None
        if wire is not None:
            try:
                if watching:
                    await _waiting.send(wire, ("UNWATCH",))
                    await _waiting.read(wire)
            except ConnectionError:
                # The handle was closed, and its watches with it.
                return
            self._db._return_wire(wire)  # type: ignore[attr-defined]

    async def aclose(self) -> None:
        """The same as `reset`."""
        await self.reset()

    close = aclose  # type: ignore[assignment]

    if not TYPE_CHECKING:
        # Leaving a block has to wait.
        __enter__ = __exit__ = None

    async def watch(self, *names: Any) -> bool:  # type: ignore[override]
        """Watch keys: `execute` raises WatchError if one changes before it. WATCH."""
        return await super().watch(*names)  # type: ignore[misc]

    async def unwatch(self) -> bool:  # type: ignore[override]
        """Watch nothing any more. UNWATCH."""
        return await self.execute_command("UNWATCH") if self.watching else True

    async def discard(self) -> None:  # type: ignore[override]
        """Send DISCARD as any other command; `reset` is what forgets the queue. DISCARD."""
        waiting = self.execute_command("DISCARD")
        if waiting is not self:
            await waiting

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command now; its result."""
        if EMPTY_RESPONSE in options:
            return options[EMPTY_RESPONSE]
        [reply] = await self._replies([_pipeline.split_name(args)])
        if isinstance(reply, Exception):
            raise reply
        return self._made_at_once(reply, args, options)

    async def execute(self, raise_on_error: bool = True) -> list[Any]:  # type: ignore[override]
        """Run what is queued; a list of results in order. See `emberkv.Pipeline.execute`."""
        commands = self.command_stack
        if not commands and not self.watching:
            return []
        try:
            replies = await self._replies(self._to_run(commands))
            return self._made_of(replies, commands, raise_on_error)
        finally:
            await self.reset()

    async def _replies(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        _ember.check_commands(commands, self._db.encoding, DataError)
        wire, self._wire = self._wire, None
        if wire is None:
            wire = await self._db._borrow_wire()  # type: ignore[attr-defined]
        try:
            for args in commands:
                await _waiting.send(wire, args)
            replies = [await _waiting.read(wire) for _ in commands]
        except BaseException:
            # Left in the middle of a MULTI, or of what nobody will read: nobody may get it.
            wire.close()
            raise
        self._wire = wire
        return replies
