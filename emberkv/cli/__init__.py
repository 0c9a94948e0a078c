"""The command line: `emberkv cli`, `info`, `check`, `bench` and `serve`.

What it rests on (click, rich, prompt_toolkit) comes with the extra ``emberkv[cli]`` and is imported
here and nowhere else in the package.
"""

from __future__ import annotations

import sys

REQUIRED = ("click", "rich", "prompt_toolkit")


def main(args: list[str] | None = None) -> int:
    """Run the command line with `args`, or those of the process. Gives the exit status."""
    from importlib.util import find_spec

    missing = [name for name in REQUIRED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"The command line of emberkv needs {', '.join(missing)}: "
            "install them with  pip install 'emberkv[cli]'\n"
        )
        return 1
    from .app import run

    return run(args)
