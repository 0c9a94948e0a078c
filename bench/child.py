"""Runs one measuring function in a fresh interpreter, and hands its result back as JSON.

    python bench/child.py PATHS MODULE:FUNCTION ARGUMENTS

PATHS (joined by the path separator) go to the head of `sys.path`, so that one build of emberkv can
be measured against another. This file is run as a script and not with `-m`, which would put the
working directory, and with it the build in place, first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def start(function: str, *arguments: Any, build: Path | None = None) -> subprocess.Popen[str]:
    paths = [str(build)] if build else []
    command = [sys.executable, __file__, os.pathsep.join([*paths, str(ROOT)]), function]
    return subprocess.Popen(
        [*command, json.dumps(arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def result(process: subprocess.Popen[str]) -> Any:
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a measuring process ended with {process.returncode}")
    return json.loads(out.splitlines()[-1])


def call(function: str, *arguments: Any, build: Path | None = None) -> Any:
    return result(start(function, *arguments, build=build))


def main() -> None:
    paths, function, arguments = sys.argv[1:]
    sys.path[0:1] = paths.split(os.pathsep)
    module, name = function.split(":")
    import importlib

    measured = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
