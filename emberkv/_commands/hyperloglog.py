"""HyperLogLogs: how many distinct elements were seen, in 12 KB at most."""

from __future__ import annotations

from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._types import Field, Key


class HyperLogLogCommands(CommandGroup[T]):
    def pfadd(self, name: Key, *values: Field) -> int:
        """Add `values` to the HyperLogLog at `name`; 1 if that changed it. O(values). PFADD."""
        return self.execute_command("PFADD", name, *values)

    def pfcount(self, *sources: Key) -> int:
        """About how many distinct elements `sources` have seen together. PFCOUNT."""
        return self.execute_command("PFCOUNT", *sources)

    def pfmerge(self, dest: Key, *sources: Key) -> bool:
        """Add to `dest` all that `sources` have seen. True. PFMERGE."""
        return self.execute_command("PFMERGE", dest, *sources)
