"""`with db.transaction():` a block whose changes are undone when it raises.

The store keeps an undo journal for every command; a transaction only keeps it longer. Its
mark tells how far the journal was when the block began, so a block within a block can be
undone by itself.
"""

from __future__ import annotations

from ._commands._base import T, Typed
from ._core import _ember

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import Ember


class Transaction(_ember.Block, Typed[T]):
    """What `Ember.transaction` gives; the ``with`` statement does the rest.

    The block's name is the handle: ``with db.transaction() as db:``. The thread holds the
    store's lock from the beginning of the block to its end. Blocks end in the reverse order of
    their beginning: one that would be kept while a block within it is open (two generators can
    bring that about) is undone with that, and RuntimeError says so.
    """

    if TYPE_CHECKING:

        def __enter__(self) -> Ember[T]: ...
