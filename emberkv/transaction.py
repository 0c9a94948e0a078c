"""`with db.transaction():` a block whose changes are undone when it raises.

The store keeps an undo journal for every command; a transaction only keeps it longer. Its
token marks how far the journal was when the block began, so a block within a block can be
undone by itself.
"""

from __future__ import annotations

from ._commands._base import T, Typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from ._core import _ember
    from .client import Ember


class Transaction(Typed[T]):
    """What `Ember.transaction` gives; the ``with`` statement does the rest.

    The block's name is the handle: ``with db.transaction() as db:``. The thread holds the
    store's lock from the beginning of the block to its end.
    """

    def __init__(self, db: Ember[T], session: _ember.Session) -> None:
        self._db = db
        self._session = session
        self._tokens: list[Any] = []

    def __enter__(self) -> Ember[T]:
        self._tokens.append(self._session.begin())
        return self._db

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        token = self._tokens.pop()
        if exc_type is None:
            self._session.commit(token)
        else:
            self._session.rollback(token)
