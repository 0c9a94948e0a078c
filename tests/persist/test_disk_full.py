"""A disk that takes nothing more: writes are refused, reads go on, and it recovers by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import emberkv

SCRIPT = """
import resource, signal, sys
import emberkv
from emberkv.exceptions import ResponseError

path, policy = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
db = emberkv.open(path, durable=True, appendfsync=policy)
acknowledged = 0

def write():
    global acknowledged
    db.set(f"key {acknowledged}", b"x" * 1000)
    acknowledged += 1

for _ in range(20):
    write()
db._store.flush_log()
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, limit[1]))
refused = None
for _ in range(20_000):
    try:
        write()
    except ResponseError as error:
        refused = str(error)
        break
    if policy != "always":
        try:
            db._store.flush_log()
        except ResponseError:
            pass
assert refused and refused.startswith("MISCONF Errors writing to the AOF file"), refused
assert db.get("key 0") == b"x" * 1000 and len(db.keys("key *")) >= acknowledged
try:
    db.delete("key 0")
except ResponseError:
    pass
else:
    raise AssertionError("a write went through")
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
for _ in range(2_000):  # the next try to write clears it; who writes then is let through
    try:
        write()
        break
    except ResponseError:
        try:
            db._store.flush_log()
        except ResponseError:
            pass
else:
    raise AssertionError("it did not recover")
db.close()
print(acknowledged)
"""


@pytest.mark.parametrize("policy", ["always", "everysec"])
def test_writes_are_refused_until_there_is_room(tmp_path: Path, policy: str) -> None:
    path = tmp_path / "app.ember"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), policy],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with emberkv.open(path, durable=True) as db:
        for i in range(int(done.stdout)):
            assert db.get(f"key {i}") == b"x" * 1000, i
