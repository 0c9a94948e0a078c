"""The library of stepper.c: compiled once a session, with the compiler that builds the core."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).with_name("stepper.c")
CORE = Path(__file__).resolve().parents[2] / "emberkv" / "_core"
LIMIT = 200_000


class Steps(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("before", "within", "commit")]


def compile_stepper(directory: Path) -> ctypes.PyDLL:
    compiler = os.environ.get("CC") or (sysconfig.get_config_var("CC") or "cc")
    command = compiler.split()
    if shutil.which(command[0]) is None:
        command = ["cc"]
    out = directory / "stepper.so"
    options = ["-std=gnu11", "-O1", "-shared", "-fPIC", f"-I{CORE}", "-o", str(out), str(SOURCE)]
    subprocess.run([*command, *options], check=True)
    library = ctypes.PyDLL(str(out))
    library.journal_of.restype = ctypes.c_void_p
    library.stop_and_call.argtypes = [ctypes.py_object, ctypes.py_object]
    library.step_and_kill.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_long,
        ctypes.c_long,
        ctypes.POINTER(Steps),
    ]
    return library


class Stepper:
    """Runs a call in a child on the store of a path, up to one of its instructions."""

    def __init__(self, library: ctypes.PyDLL, path: Path) -> None:
        self._library = library
        self._journal = library.journal_of(os.fsencode(path / "arena"))
        assert self._journal

    def run(
        self, prepare: Callable[[], Any], call: Callable[..., Any], args: Any, within: int
    ) -> tuple[bool, Steps]:
        """Whether it was killed in the call (else the call had ended), and the steps it took."""
        pid = os.fork()
        if pid == 0:
            try:
                prepare()
                self._library.stop_and_call(call, args)
            finally:
                os._exit(1)
        steps = Steps()
        result = self._library.step_and_kill(pid, self._journal, within, LIMIT, ctypes.byref(steps))
        if result == -1:
            pytest.skip("processes cannot be traced here")
        assert result >= 0, "the call ended the child"
        return result == 1, steps
