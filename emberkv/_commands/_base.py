"""What every group of commands stands on: one call that runs a command.

A group is a mixin that turns a method call into ``self.execute_command(name, *arguments)``.
The client runs that at once, a pipeline queues it: so each command is written once.

Groups are generic in what a bulk string becomes (`bytes`, or `str` with
``decode_responses=True``), but only for type checkers: importing `typing` would cost more
than importing the rest of the package.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, TypeVar

    T = TypeVar("T", bound="bytes | str")

    class Typed(Generic[T]):
        """A class that is generic in what bulk strings become."""

    class CommandGroup(Typed[T]):
        decode_responses: bool

        def execute_command(self, *args: Any, **options: Any) -> Any: ...

else:
    T = None

    class Typed:
        def __class_getitem__(cls, _item):
            return cls

    CommandGroup = Typed


# Options of execute_command that its caller acts on; they never reach a response callback.
EMPTY_RESPONSE = "EMPTY_RESPONSE"
NEVER_DECODE = "NEVER_DECODE"
