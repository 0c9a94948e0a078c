"""`Monitor` of the asyncio twin: every command that anybody runs, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _waiting
from .asyncio_pubsub import _Listener
from .exceptions import ConnectionError
from .monitor import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType
    from typing import TypeVar

    from .asyncio import Ember

    Self = TypeVar("Self", bound="Monitor")


class Monitor:
    """As `emberkv.monitor.Monitor`, in an ``async with`` block and with its calls awaited."""

    def __init__(self, db: Ember[Any]) -> None:
        self._db = db
        self._listener = _Listener(db._new_wire(db._wire.db, ("utf-8", "replace"), True))
        self._lines: list[str] = []

    async def __aenter__(self: Self) -> Self:
        await _waiting.until_free(self._db._wire)
        self._lines = self._listener.execute_all(("MONITOR",))[1:]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()

    async def next_command(self) -> dict[str, Any]:
        """The next command, for which it waits."""
        while not self._lines:
            if self._listener.cut_off():
                raise ConnectionError("the store has cut this monitor off")
            self._lines = self._listener.take()
            if not self._lines:
                await _waiting.until_due(self._listener.wire, None)
        return told(self._lines.pop(0))

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """The commands as they come."""
        while True:
            yield await self.next_command()
