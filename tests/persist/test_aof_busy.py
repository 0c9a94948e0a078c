"""The append-only file of a writer who is faster than the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import emberkv

FILE = Path("appendonlydir", "appendonly.aof.1.incr.aof")
SLOW_DISK = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <fcntl.h>
    #include <unistd.h>

    /* While the file `hold` is there, no sync ends; `held` tells that one has begun. */
    int fdatasync(int fd) {
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
        while (access("hold", F_OK) == 0) {
            close(open("held", O_CREAT | O_WRONLY, 0600));
            usleep(1000);
        }
        return real(fd);
    }
"""
BUSY = """
    import os, time
    import emberkv
    from pathlib import Path

    with emberkv.open("app.ember", durable=True, appendfsync="everysec") as db:
        db.set("first", 1)
        db.waitaof(1, 0, 0)  # the file is there
        Path("hold").touch()
        while not os.path.exists("held"):
            db.incr("waited")
            time.sleep(0.001)
        for i in range(400):
            db.set(f"key:{i}", "x" * 100_000)
        assert db.info("persistence")["aof_last_write_status"] == "ok"
        os.remove("hold")
"""


def test_a_writer_does_not_wait_while_the_disk_syncs(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    source, library = tmp_path / "slow.c", tmp_path / "slow.so"
    source.write_text(textwrap.dedent(SLOW_DISK))
    command = [compiler, "-shared", "-fPIC", str(source), "-o", str(library), "-ldl"]
    subprocess.run(command, check=True)
    preload = f"{os.environ.get('LD_PRELOAD', '')} {library}".strip()
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BUSY)],
        env={**os.environ, "LD_PRELOAD": preload},
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    with emberkv.open(tmp_path / "app.ember", durable=True) as db:
        assert db.exists("first", *(f"key:{i}" for i in range(400))) == 401


def test_the_house_keeper_comes_whenever_there_is_much_to_write(tmp_path: Path) -> None:
    path = tmp_path / "app.ember"
    with emberkv.open(path, durable=True) as db:
        db.set("first", 1)
        db.waitaof(1, 0, 0)  # the file is there
        began = time.monotonic()
        for i in range(20):
            for size in (1500 << 10, 300 << 10):
                db.set("key", str(i % 10) * size)
                written = db.info("persistence")["aof_current_size"]
                while (path / FILE).stat().st_size < written:
                    time.sleep(0.001)
        assert time.monotonic() - began < 20  # each second he comes anyway: 40
