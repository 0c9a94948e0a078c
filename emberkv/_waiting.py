"""Waiting on an asyncio loop, for the store's lock and for what others send.

A loop has one waker for each store, whatever number of tasks wait: one descriptor that it watches.
When that is readable, the wires that tasks wait with are looked at, and the tasks go on whose wire
has something.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

from ._core import _ember

UNUSUAL = _ember.UNUSUAL
LOOK_AGAIN = 0.1  # seconds: the process that was to wake us may have died


class Sleepers(_ember.Waker):
    """The tasks of a loop that wait, each with a wire that has this for its waker."""

    def __init__(self, store: _ember.Store) -> None:
        super().__init__(store)
        self._loop = asyncio.get_running_loop()
        self._wires: dict[asyncio.Future[None], _ember.Wire] = {}
        self._tick: asyncio.TimerHandle | None = None

    def add(self, wire: _ember.Wire) -> asyncio.Future[None]:
        """A future that is done when it is time to look at the wire."""
        future = self._loop.create_future()
        if not self._wires:
            self._loop.add_reader(self.fileno(), self._woken)
            if wire.is_shared:
                self._tick = self._loop.call_later(LOOK_AGAIN, self._look_again)
        self._wires[future] = wire
        return future

    def remove(self, future: asyncio.Future[None]) -> None:
        del self._wires[future]
        if not self._wires:
            self._loop.remove_reader(self.fileno())
            if self._tick is not None:
                self._tick.cancel()
                self._tick = None

    def _woken(self) -> None:
        self.clear()
        self._look()

    def _look_again(self) -> None:
        self._tick = self._loop.call_later(LOOK_AGAIN, self._look_again)
        self._look()

    def _look(self) -> None:
        for future, wire in self._wires.items():
            if wire.due() and not future.done():
                future.set_result(None)


# By loop, then by store. A Sleepers lives as long as a wire has it.
_of_loops: weakref.WeakKeyDictionary[
    asyncio.AbstractEventLoop, weakref.WeakValueDictionary[int, Sleepers]
] = weakref.WeakKeyDictionary()


def waker_of(store: _ember.Store) -> Sleepers:
    """The waker of the running loop for a store: what wires are made with."""
    of_loop = _of_loops.setdefault(asyncio.get_running_loop(), weakref.WeakValueDictionary())
    found = of_loop.get(id(store))
    if found is None:
        found = of_loop[id(store)] = Sleepers(store)
    return found


async def lock_free(wire: _ember.Wire) -> None:
    """Wait, in a helper thread, until nobody else has the store's lock."""
    await asyncio.get_running_loop().run_in_executor(None, wire.lock_free)


async def until_free(wire: _ember.Wire) -> None:
    """Go on at once unless the store's lock is held; then as soon as it is not."""
    while wire.lock_held():
        await lock_free(wire)


async def send(wire: _ember.Wire, args: tuple[Any, ...]) -> None:
    """Run a command on the loop's thread, waiting elsewhere while the lock is held."""
    while not wire.try_send(args):
        await lock_free(wire)


async def until_due(wire: _ember.Wire, seconds: float | None = None) -> None:
    """Wait until it is worth while to look at `wire`, `seconds` or without end."""
    loop = asyncio.get_running_loop()
    sleepers = waker_of(wire.store)
    wire.use_waker(sleepers)
    left = wire.until
    if seconds is not None:
        left = seconds if left is None else min(left, seconds)
    future = sleepers.add(wire)
    alarm = None if left is None else loop.call_later(left, _done, future)
    try:
        if not wire.due():
            await future
    finally:
        sleepers.remove(future)
        if alarm is not None:
            alarm.cancel()


async def until_ready(wire: _ember.Wire, seconds: float | None = None) -> bool:
    """Wait until `wire` has something to read, `seconds` or without end; whether it has."""
    loop = asyncio.get_running_loop()
    end = None if seconds is None else loop.time() + seconds
    while not wire.ready():
        left = None if end is None else end - loop.time()
        if left is not None and left <= 0:
            return False
        if wire.due():
            # There is something, but the store's lock is held.
            await lock_free(wire)
        else:
            await until_due(wire, left)
    return True


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def read(wire: _ember.Wire, raw: bool = False) -> Any:
    """The next reply on the wire, waited for; an error as an exception that is not raised."""
    while True:
        reply = wire.read(raw)
        if reply is not UNUSUAL:
            return reply
        odd = wire.take_odd()
        if odd is None:
            await until_ready(wire)
        elif isinstance(odd, Exception):
            return odd
