"""Writes emberkv/_commands/awaited.pyi: the methods of the asyncio twin as type checkers see them.

It inherits every command's method, and calling one gives what is to be awaited for the method's
result. Run this after changing a signature:

    python tools/stub_asyncio.py
"""

from __future__ import annotations

import ast
from pathlib import Path

COMMANDS = Path(__file__).parent.parent / "emberkv" / "_commands"
STUB = COMMANDS / "awaited.pyi"

# What a signature may name, and where that comes from. The stub imports what its text mentions.
NAMES = {
    "collections.abc": ("AsyncIterator", "Iterable", "Mapping", "Sequence"),
    "datetime": ("datetime",),
    "typing": ("Any", "Literal"),
    ".._types": (
        *("AbsoluteExpiry", "BitOffset", "Encodable", "Expiry", "Field", "Key", "Keys"),
        *("Pattern", "ScoreBound", "ScoreCast", "Timeout"),
    ),
    "..arrays": ("Array",),
    "..options": ("DataPersistOptions", "HashDataPersistOptions"),
    "._base": ("T", "Typed"),
}
# The twin has its own, or they cannot be awaited as they are written.
LEFT_OUT = {"digest_local"}


def imports_of(module: ast.Module) -> dict[str, str]:
    """Names that a module imports, and from where: for what NAMES does not know."""
    found = {}
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = "." * node.level + (node.module or "")
    return found


def methods(module: ast.Module):
    """(name, method) of the public methods of the module's command group, second names too."""
    for group in module.body:
        if not isinstance(group, ast.ClassDef):
            continue
        if not group.name.endswith("Commands") and group.name != "Arrays":
            continue
        found = {}
        for item in group.body:
            if isinstance(item, ast.FunctionDef):
                found[item.name] = item
            elif isinstance(item, ast.Assign) and isinstance(item.value, ast.Name):
                found[item.targets[0].id] = found[item.value.id]
        for name, method in found.items():
            if not name.startswith("_") and name not in LEFT_OUT:
                yield name, method


def line(name: str, method: ast.FunctionDef) -> str:
    returns = ast.unparse(method.returns)
    arguments = ast.unparse(method.args)
    if returns.startswith("Iterator["):
        return f"    def {name}({arguments}) -> Async{returns}: ..."
    if name == "bitfield":
        return f"    def {name}({arguments}) -> Any: ..."
    return f"    async def {name}({arguments}) -> {returns}: ..."


def stub() -> str:
    lines, imported = [], {}
    for path in [*sorted(COMMANDS.glob("[a-z]*.py")), COMMANDS.parent / "arrays.py"]:
        module = ast.parse(path.read_text())
        imported.update(imports_of(module))
        lines += [line(name, method) for name, method in methods(module)]
    words = {
        node.id
        for node in ast.walk(ast.parse("class C:\n" + "\n".join(lines)))
        if isinstance(node, ast.Name)
    } | {"Any", "T", "Typed"}
    wanted: dict[str, list[str]] = {}
    for origin, names in NAMES.items():
        wanted[origin] = [name for name in names if name in words]
        words.difference_update(names)
    for name in sorted(words & imported.keys()):
        wanted.setdefault(imported[name], []).append(name)
    head = "".join(
        f"from {origin} import {', '.join(sorted(names))}\n"
        for origin, names in wanted.items()
        if names
    )
    return (
        '"""Written by tools/stub_asyncio.py. Do not edit."""\n\n'
        "# fmt: off\n# ruff: noqa: B006, E501, I001\n\n"
        f"{head}\nclass AwaitedCommands(Typed[T]):\n"
        "    async def execute_command(self, *args: Any, **options: Any) -> Any: ...\n"
        + "\n".join(lines)
        + "\n"
    )


if __name__ == "__main__":
    STUB.write_text(stub())
