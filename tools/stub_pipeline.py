"""Writes emberkv/_commands/queued.pyi: the methods of a pipeline as type checkers see them.

A pipeline inherits every command's method, but calling one gives the pipeline back, or while
it watches the result; so in the stub each returns Any. Run this after changing a signature (it
writes the asyncio twin's stub as well):

    python tools/stub_pipeline.py
"""

from __future__ import annotations

import ast
from pathlib import Path

COMMANDS = Path(__file__).parent.parent / "emberkv" / "_commands"
STUB = COMMANDS / "queued.pyi"

HEAD = '''"""Written by tools/stub_pipeline.py. Do not edit."""

# fmt: off
# ruff: noqa: B006, E501

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from .._types import (
    AbsoluteExpiry,
    BitOffset,
    Encodable,
    Expiry,
    Field,
    Key,
    Keys,
    Pattern,
    RefPolicy,
    ScoreBound,
    ScoreCast,
    StreamId,
    Timeout,
)
from ..options import DataPersistOptions, HashDataPersistOptions
from . import Commands
from ._base import T

class QueuedCommands(Commands[T]):
'''

# A pipeline has its own, or calling them does not queue anything.
LEFT_OUT = {"bitfield", "digest_local", "watch", "unwatch", "reset"}


def methods(tree: ast.Module):
    """The public methods of the module's command group, also under their second names."""
    for group in tree.body:
        if not isinstance(group, ast.ClassDef) or not group.name.endswith("Commands"):
            continue
        found = {}
        for item in group.body:
            if isinstance(item, ast.FunctionDef):
                found[item.name] = item
            elif isinstance(item, ast.Assign) and isinstance(item.value, ast.Name):
                found[item.targets[0].id] = found[item.value.id]
        for name, method in found.items():
            returns = ast.unparse(method.returns) if method.returns else ""
            queues = "None" != returns and "Iterator" not in returns
            if not name.startswith("_") and name not in LEFT_OUT and queues:
                yield name, method


def stub() -> str:
    lines = []
    for path in sorted(COMMANDS.glob("[a-z]*.py")):
        for name, method in methods(ast.parse(path.read_text())):
            lines.append(f"    def {name}({ast.unparse(method.args)}) -> Any: ...")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    import stub_asyncio

    STUB.write_text(stub())
    stub_asyncio.STUB.write_text(stub_asyncio.stub())
