"""`Monitor`: every command that anybody runs on a store, as it is run.

While somebody monitors, every read takes the store's lock, or it would not be seen: for looking at
what an application does, not for leaving it on.
"""

from __future__ import annotations

import re

from .exceptions import ConnectionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any, TypeVar

    from .client import Ember

    Self = TypeVar("Self", bound="Monitor")

LINE = re.compile(r"(\d+\.\d+) \[(\d+) (.*?)\] (.*)", re.DOTALL)
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


class Monitor:
    """Tells of the commands of all handles, processes and connections, in a ``with`` block.

    `next_command` waits for one; `listen` yields them without end. Each is a dict of `time`,
    `db`, `client_address`, `client_port`, `client_type` ("process", "tcp", "unix" or "lua") and
    `command`, its words with spaces between them. What administers is not told, passwords are
    hidden.
    """

    def __init__(self, db: Ember[Any]) -> None:
        self._session = db._session_for_messages(("utf-8", "replace"), True)
        self._lines: list[str] = []

    def __enter__(self: Self) -> Self:
        self._session.execute(("MONITOR",))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.close()

    def next_command(self) -> dict[str, Any]:
        """The next command, for which it waits."""
        while not self._lines:
            if self._session.cut_off():
                raise ConnectionError("the store has cut this monitor off")
            self._lines = self._session.take()
            if not self._lines:
                self._session.wait()
        return told(self._lines.pop(0))

    def listen(self) -> Iterator[dict[str, Any]]:
        """The commands as they come."""
        while True:
            yield self.next_command()


def told(line: str) -> dict[str, Any]:
    found = LINE.match(line)
    assert found is not None, line
    when, db, client, words = found.groups()
    address, _, port = client.rpartition(":")
    kind = "tcp"
    if client == "lua":
        kind, address, port = "lua", "lua", ""
    elif client.startswith("unix:"):
        kind, address, port = "unix", "unix", client[5:]
    elif address == "pid":
        kind = "process"
    return {
        "time": float(when),
        "db": int(db),
        "client_address": address,
        "client_port": port,
        "client_type": kind,
        "command": " ".join(WORD.findall(words)).replace('\\"', '"'),
    }
