"""Snapshots: what is saved is the store of one moment, whatever happens to it meanwhile."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from persist.values import make, make_stream

import emberkv
from emberkv._core import _ember

KEYS = 200


def digest(db: Any) -> Any:
    return db.execute_command("DEBUG", "DIGEST")


def fill(db: Any) -> None:
    chance = random.Random(5)
    for seed in range(40):
        make(db, seed)
        db.rename("k", f"key:{seed}")
    make_stream(emberkv.redis_client(db), 5)
    for i in range(20_000):
        db.set(f"small:{i}", i)
    db.set("big", chance.randbytes(3_000_000))
    db.rpush("list", *(chance.randbytes(100) for _ in range(5000)))
    db.execute_command("SELECT", 1)
    db.set("other", "database")
    db.execute_command("SELECT", 0)


def change_everything(db: Any, step: int) -> None:
    """One of many changes, each of which moves, frees or overwrites what may not be saved yet."""
    chance = random.Random(step)
    changes: list[Callable[[], Any]] = [
        lambda: db.setrange("big", chance.randrange(2_900_000), b"x" * 50_000),
        lambda: db.delete(*(f"small:{chance.randrange(20_000)}" for _ in range(300))),
        lambda: [db.set(f"small:{chance.randrange(20_000)}", "y" * 100) for _ in range(300)],
        lambda: db.lpush("list", *("new" * 30 for _ in range(300))),
        lambda: db.ltrim("list", 300, -300),
        lambda: [db.rename(k, k + b"x") for k in db.scan(0, "key:*")[1]],
        lambda: db.execute_command("SWAPDB", 0, 1),
        lambda: db.append("big", b"z" * 1_000_000),
        lambda: [db.expire(f"small:{chance.randrange(20_000)}", 100) for _ in range(300)],
    ]
    if step == 25:
        db.flushall()
    elif step < 25 or step % 50 == 0:
        changes[step % len(changes)]()
    elif step % 10 == 0:
        db.set(f"after:{step}", "z" * 5000)


@pytest.fixture(params=["private", "shared"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[emberkv.Ember[bytes]]:
    path = tmp_path / "store" if request.param == "shared" else None
    with emberkv.open(path) as db:
        yield db
        assert db._store.check()


def test_changes_meanwhile_are_not_in_the_file(db: Any, tmp_path: Path) -> None:
    fill(db)
    before = digest(db)
    steps = iter(range(10**9))
    _ember.save_rdb(
        db._store,
        tmp_path / "a.rdb",
        progress=lambda keys: change_everything(db, next(steps)),
        every_ms=0,
    )
    assert next(steps) > 28 and digest(db) != before
    with emberkv.load(tmp_path / "a.rdb") as then:
        assert digest(then) == before


def test_another_handle_may_write_meanwhile(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db, emberkv.open(tmp_path / "store") as other:
        fill(db)
        before = digest(db)
        steps = iter(range(10**9))
        _ember.save_rdb(
            db._store,
            tmp_path / "a.rdb",
            progress=lambda keys: change_everything(other, next(steps)),
            every_ms=0,
        )
        with emberkv.load(tmp_path / "a.rdb") as then:
            assert digest(then) == before


def test_a_fork_meanwhile_has_a_snapshot_of_its_own(tmp_path: Path) -> None:
    """Copies of a private store are not concerned, and neither is what comes of a second save."""
    with emberkv.open() as db:
        fill(db)
        before = digest(db)
        copies = []

        def fork_and_change(keys: int) -> None:
            if len(copies) < 3:
                copies.append(db.fork())
                copies[-1].flushall()
            change_everything(db, 20 + len(copies))

        _ember.save_rdb(db._store, tmp_path / "a.rdb", progress=fork_and_change, every_ms=0)
        now = digest(db)
        db.save(tmp_path / "b.rdb")  # by now the store's memory is no more its file's
        with emberkv.load(tmp_path / "a.rdb") as then, emberkv.load(tmp_path / "b.rdb") as later:
            assert digest(then) == before and digest(later) == now
        for copy in copies:
            assert copy.dbsize() == 0 and copy._store.check()
            copy.close()


WRITER = """
import os, sys, emberkv
with emberkv.open(sys.argv[1]) as db:
    print("begun", flush=True)
    while os.getppid() == int(sys.argv[2]):
        with db.transaction():
            n = db.incr("serial")
            db.set(f"key:{n % 200}", n)
            db.hset("hash", f"f{n % 200}", n)
            db.zadd("zset", {f"m{n % 200}": n})
            db.rpush("list", n)
            if n % 1000 == 0:
                db.delete("list")
                db.rpush("list", n)
            db.setrange("string", n % 200 * 8, b"%08d" % n)
"""


def is_of_one_moment(db: Any) -> int:
    """Every value tells the number of the transaction that wrote it: all go up to the same one."""
    serial = int(db.get("serial"))
    last = {n % KEYS: n for n in range(max(1, serial - KEYS + 1), serial + 1)}
    assert {int(k[4:]): int(db.get(k)) for k in db.scan_iter("key:*")} == last
    assert {int(f[1:]): int(v) for f, v in db.hgetall("hash").items()} == last
    assert {int(m[1:]): int(s) for m, s in db.zrange("zset", 0, -1, withscores=True)} == last
    items = [int(x) for x in db.lrange("list", 0, -1)]
    assert items == list(range(max(1, serial // 1000 * 1000), serial + 1))
    text = db.get("string")
    assert {slot: int(text[slot * 8 : slot * 8 + 8]) for slot in last} == last
    return serial


def test_a_snapshot_under_load_is_of_one_moment(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db:
        for i in range(30_000):
            db.set(f"filling:{i}", "x" * 20)
        command = [sys.executable, "-c", WRITER, str(tmp_path / "store"), str(os.getpid())]
        writers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
        try:
            for writer in writers:
                assert writer.stdout is not None and writer.stdout.readline() == b"begun\n"
            deadline = time.monotonic() + 20
            while int(db.get("serial") or 0) < 2 * KEYS:
                assert time.monotonic() < deadline
            serials = []
            for _ in range(int(os.environ.get("EMBERKV_SNAPSHOTS", "5"))):
                _ember.save_rdb(db._store, tmp_path / "a.rdb")
                with emberkv.load(tmp_path / "a.rdb") as then:
                    serials.append(is_of_one_moment(then))
            assert serials == sorted(set(serials))
        finally:
            for writer in writers:
                writer.kill()
                writer.communicate()
        assert db._store.check()


SAVER = """
import os, signal, sys, emberkv
from emberkv._core import _ember
with emberkv.open(sys.argv[1]) as db:
    def stop(keys):
        if keys > 10_000:
            os.kill(os.getpid(), signal.SIGKILL)
    _ember.save_rdb(db._store, sys.argv[2], progress=stop, every_ms=0)
"""


def test_who_dies_while_it_saves_leaves_nothing_behind(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db:
        fill(db)
        command = [sys.executable, "-c", SAVER, str(tmp_path / "store"), str(tmp_path / "a.rdb")]
        assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
        change_everything(db, 2)
        assert sorted(os.listdir(tmp_path)) == ["store"]
        before = digest(db)
        steps = iter(range(10**9))
        _ember.save_rdb(
            db._store,
            tmp_path / "a.rdb",
            progress=lambda keys: change_everything(db, next(steps)),
            every_ms=0,
        )
        with emberkv.load(tmp_path / "a.rdb") as then:
            assert digest(then) == before
        memory = Path(os.readlink(tmp_path / "store" / "arena"))
    assert not list(memory.parent.glob(memory.name + "*"))


WAITER = """
import sys, emberkv
with emberkv.open(sys.argv[1]) as db:
    print("begun", flush=True)
    sys.stdin.readline()
    db.set("waited", 1)
    print("done", flush=True)
"""


def wait_for(process: subprocess.Popen[bytes], said: bytes) -> None:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 20)[0]
    assert process.stdout.readline() == said


def wait_until_asleep(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    deadline = time.monotonic() + 20
    stat = Path(f"/proc/{process.pid}/stat")
    asleep = 0
    while asleep < 20:
        assert time.monotonic() < deadline
        time.sleep(0.005)
        asleep = asleep + 1 if stat.read_text().rpartition(")")[2].split()[0] == "S" else 0


def test_who_is_killed_while_he_waits_for_his_turn_keeps_nobody_back(tmp_path: Path) -> None:
    """While a snapshot runs the lock is waited for in turn, under a second lock."""
    command = [sys.executable, "-c", WAITER, str(tmp_path / "store")]
    waiters: list[subprocess.Popen[bytes]] = []

    def meanwhile(keys: int) -> None:
        if waiters:
            return
        for _ in range(3):
            waiters.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            wait_for(waiters[-1], b"begun\n")
        with db.transaction():
            for waiter in waiters:
                wait_until_asleep(waiter)
            for waiter in waiters[:2]:
                waiter.kill()
                waiter.wait()
        wait_for(waiters[2], b"done\n")

    with emberkv.open(tmp_path / "store") as db:
        fill(db)
        try:
            _ember.save_rdb(db._store, tmp_path / "a.rdb", progress=meanwhile, every_ms=0)
        finally:
            for waiter in waiters:
                waiter.kill()
                waiter.communicate()
        assert waiters and db.get("waited") == b"1"
        assert db._store.check()


def test_two_at_a_time_wait_for_one_another(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db, emberkv.open(tmp_path / "store") as other:
        fill(db)
        before = digest(db)
        done: list[Path] = []

        def save(handle: Any, name: str) -> None:
            handle.save(tmp_path / name)
            done.append(tmp_path / name)

        threads = [
            threading.Thread(target=save, args=(handle, f"{i}.rdb"))
            for i, handle in enumerate([db, other, db])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(done) == 3
        for path in done:
            with emberkv.load(path) as then:
                assert digest(then) == before


def test_an_error_of_the_progress_ends_the_save(db: Any, tmp_path: Path) -> None:
    fill(db)

    def fail(keys: int) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.rdb").write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        _ember.save_rdb(db._store, tmp_path / "a.rdb", progress=fail, every_ms=0)
    assert (tmp_path / "a.rdb").read_bytes() == b"before"
    assert not list(tmp_path.glob("temp-*"))
    db.set("a", 1)
    db.save(tmp_path / "a.rdb")
    with emberkv.load(tmp_path / "a.rdb") as then:
        assert digest(then) == digest(db)


FULL = """
import resource, sys, emberkv
from emberkv._core import _ember
with emberkv.open(sys.argv[1], durable=False) as db:
    for i in range(20_000):
        db.set(f"key:{i}", f"{i:01000d}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))
    def change(keys):
        for i in range(20_000):
            db.setrange(f"key:{i}", 0, "x")
    try:
        _ember.save_rdb(db._store, sys.argv[2], progress=change, every_ms=0)
    except emberkv.ConnectionError as error:
        print(error)
    assert all(db.getrange(f"key:{i}", 0, 0) == b"x" for i in range(20_000)) and db._store.check()
    db.save(sys.argv[2])
"""


def test_without_room_for_what_changes_the_snapshot_fails_and_the_writer_goes_on(
    tmp_path: Path,
) -> None:
    """A limit on the size of files stands for a full /dev/shm."""
    command = [sys.executable, "-c", FULL, str(tmp_path / "store"), str(tmp_path / "a.rdb")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    assert "there was no room to keep what changed meanwhile" in run.stdout
    with emberkv.load(tmp_path / "a.rdb") as then:
        assert then.dbsize() == 20_000
    assert sorted(os.listdir(tmp_path)) == ["a.rdb"]
