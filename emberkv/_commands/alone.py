"""Methods about clusters and modules, of which a store has none."""

from __future__ import annotations

from ._base import CommandGroup, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class AloneCommands(CommandGroup[T]):
    def cluster(self, cluster_arg: str, *args: Any, **kwargs: Any) -> Any:
        """Ask about a cluster, in which a store is not: raises ResponseError. CLUSTER."""
        return self.execute_command(f"CLUSTER {cluster_arg.upper()}", *args, **kwargs)

    def readonly(self, **kwargs: Any) -> bool:
        """Let a cluster's replica answer reads: raises ResponseError. READONLY."""
        return self.execute_command("READONLY", **kwargs)

    def readwrite(self, **kwargs: Any) -> bool:
        """Take `readonly` back: raises ResponseError. READWRITE."""
        return self.execute_command("READWRITE", **kwargs)

    def module_list(self) -> list[Any]:
        """The modules that are loaded: none. MODULE LIST."""
        return self.execute_command("MODULE LIST")
