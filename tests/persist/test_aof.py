"""The append-only directory: written by several processes, loaded again, damaged, interchanged."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import traceback
from pathlib import Path
from typing import Any

import pytest
from faults.scenes import BASE
from oracle import RawClient, RedisServer, parse, render

import emberkv

DIR = "appendonlydir"
MANIFEST = "appendonly.aof.manifest"
INCREMENT = "appendonly.aof.1.incr.aof"


def open_durable(path: Path, **options: Any) -> emberkv.Ember[bytes]:
    return emberkv.open(path, durable=True, **options)


def lose_memory(path: Path) -> None:
    """What a reboot does: the memory of the store is gone, its files are not."""
    link = path / "arena"
    with contextlib.suppress(FileNotFoundError):
        target = os.readlink(link)
        Path(target).unlink()
        link.unlink()


def in_child(path: Path, script: str) -> subprocess.Popen[bytes]:
    text = f"import emberkv, os, signal, sys\npath = {str(path)!r}\n" + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def killed_child(path: Path, script: str) -> None:
    child = in_child(path, script)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL


def increment(path: Path) -> Path:
    return path / DIR / INCREMENT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.ember"


def test_a_closed_store_is_there_again(path: Path) -> None:
    with open_durable(path) as db:
        db.set("a", 1)
        db.rpush("l", "x", "y")
        db.execute_command("SELECT", 3)
        db.set("in three", "z", ex=1000)
    assert not (path / "arena").is_symlink()
    with open_durable(path) as db:
        assert (db.get("a"), db.lrange("l", 0, -1)) == (b"1", [b"x", b"y"])
        db.execute_command("SELECT", 3)
        assert db.get("in three") == b"z"
        assert 990 < db.ttl("in three") <= 1000


def test_a_store_that_was_not_written_leaves_nothing(path: Path) -> None:
    open_durable(path).close()
    assert not path.exists()


def test_without_durable_there_is_no_file(path: Path) -> None:
    with emberkv.open(path, durable=False) as db:
        db.set("a", 1)
    assert not path.exists()


def test_each_opening_writes_on(path: Path) -> None:
    for i in range(5):
        with open_durable(path) as db:
            assert db.dbsize() == i
            db.set(f"key {i}", i)
    assert [f.name for f in (path / DIR).iterdir() if "incr" in f.name] == [INCREMENT]


def test_always_survives_a_reboot(path: Path) -> None:
    killed_child(
        path,
        """
        db = emberkv.open(path, durable=True, appendfsync="always")
        for i in range(50):
            db.set(i, i)
        db.multi = None
        with db.pipeline() as p:
            p.incr("n").incr("n").execute()
        with db.transaction():
            db.set("t", 1)
            db.set("u", 1)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    lose_memory(path)
    with open_durable(path) as db:
        assert db.dbsize() == 53
        assert db.get("n") == b"2"


def test_everysec_loses_no_more_than_a_second(path: Path) -> None:
    killed_child(
        path,
        """
        import time
        db = emberkv.open(path, durable=True)
        db.set("early", 1)
        deadline = time.monotonic() + 30
        while db._store.log_positions[2] < db._store.log_positions[0]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        db.set("late", 1)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    lose_memory(path)
    with open_durable(path) as db:
        assert db.get("early") == b"1"


def test_memory_of_the_killed_is_attached_and_written(path: Path) -> None:
    """Nothing is loaded, and what had not reached the file reaches it."""
    killed_child(
        path,
        """
        db = emberkv.open(path, durable=True, appendfsync="no")
        for i in range(100):
            db.set(i, i)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    with open_durable(path) as db:
        assert db.dbsize() == 100
    lose_memory(path)
    with open_durable(path) as db:
        assert db.dbsize() == 100


def test_another_process_keeps_house_when_the_first_dies(path: Path) -> None:
    child = in_child(
        path,
        """
        db = emberkv.open(path, durable=True)
        db.set("a", 1)
        print("up", flush=True)
        sys.stdin.read()
        """,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    with open_durable(path) as db:
        child.kill()
        child.communicate(timeout=20)
        db.set("b", 2)
        deadline = time.monotonic() + 30
        while True:
            told, _, synced = db._store.log_positions
            if told == synced:
                break
            assert time.monotonic() < deadline
            time.sleep(0.02)
        # Killed while it began a file, the first leaves that empty.
        text = b"".join(f.read_bytes() for f in (path / DIR).glob("*.incr.aof"))
        assert text.count(b"$1\r\na\r\n") == 1
        assert text.count(b"$1\r\nb\r\n") == 1


def test_the_file_has_the_order_of_the_commits(path: Path) -> None:
    """Four processes append to one list; the file gives the same list, every element once."""
    script = """
        db = emberkv.open(path, durable=True)
        for i in range(3000):
            db.rpush("l", f"{sys.argv[0]}{os.getpid()}:{i}")
        """
    with open_durable(path) as db:
        children = [in_child(path, script) for _ in range(4)]
        for child in children:
            child.communicate(timeout=120)
            assert child.returncode == 0
        expected = db.lrange("l", 0, -1)
    assert len(expected) == 12_000
    with open_durable(path) as db:
        assert db.lrange("l", 0, -1) == expected


def test_a_fork_writes_on(path: Path) -> None:
    with open_durable(path) as db:
        db.set("parent", 1)
        pid = os.fork()
        if pid == 0:
            try:
                db.set("child", 1)
                db._store.flush_log()
                os._exit(0)
            except BaseException:
                path.with_suffix(".why").write_text(traceback.format_exc())
            finally:
                os._exit(1)
        status = os.waitpid(pid, 0)[1]
        assert status == 0, path.with_suffix(".why").read_text()
        db.set("parent", 2)
    with open_durable(path) as db:
        assert (db.get("parent"), db.get("child")) == (b"2", b"1")


def test_a_large_value_goes_through(path: Path) -> None:
    value = os.urandom(20 << 20)
    with open_durable(path) as db:
        db.set("big", value)
        db.set("small", 1)
        with db.transaction():
            db.set("big too", value[::-1])
            db.set("small too", 1)
    with open_durable(path) as db:
        assert db.get("big") == value
        assert db.get("big too") == value[::-1]
        assert db.exists("small", "small too") == 2


def test_what_was_undone_is_not_written(path: Path) -> None:
    with open_durable(path) as db:
        with contextlib.suppress(ZeroDivisionError), db.transaction():
            db.set("a", 1)
            raise ZeroDivisionError
        with db.transaction():
            db.set("b", 1)
            with contextlib.suppress(ZeroDivisionError), db.transaction():
                db.set("c", 1)
                raise ZeroDivisionError
            db.set("d", 1)
    text = increment(path).read_bytes()
    assert b"\r\na\r\n" not in text
    assert b"\r\nc\r\n" not in text
    assert text.count(b"MULTI") == text.count(b"EXEC") == 1


def test_a_push_and_whom_it_serves_are_one_unit(path: Path) -> None:
    with open_durable(path) as db:
        child = in_child(
            path, "db = emberkv.open(path)\nprint('up', flush=True)\nprint(db.blpop('q', 30))"
        )
        assert child.stdout is not None
        child.stdout.readline()
        deadline = time.monotonic() + 30
        while db._store.blocked_clients == 0:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        db.rpush("q", "one", "two")
        assert b"one" in child.communicate(timeout=30)[0]
    unit = render(["MULTI"]) + render(["SELECT", "0"]) + render(["rpush", "q", "one", "two"])
    assert unit + render(["LPOP", "q"]) + render(["EXEC"]) in increment(path).read_bytes()
    with open_durable(path) as db:
        assert db.lrange("q", 0, -1) == [b"two"]


# Damage


def written(path: Path, commands: list[list[Any]]) -> bytes:
    """A file of a few commands, and its bytes."""
    with open_durable(path) as db:
        db.set("a", 1)
    data = render(["SELECT", 0]) + b"".join(map(render, commands))
    increment(path).write_bytes(data)
    return data


def test_a_tail_that_is_cut_is_cut_off(path: Path) -> None:
    whole = written(path, [["SET", "a", 1], ["SET", "b", 2]])
    tail = render(["SET", "c", "a longer value"])
    for n in (1, 2, 5, 14, len(tail) - 1):
        increment(path).write_bytes(whole + tail[:n])
        with open_durable(path) as db:
            assert sorted(db.keys()) == [b"a", b"b"]
            assert increment(path).read_bytes() == whole
            db.set("after", 1)
            db.delete("after")
        increment(path).write_bytes(whole)


def test_a_transaction_that_is_cut_goes_as_a_whole(path: Path) -> None:
    whole = written(path, [["SET", "a", 1]])
    unit = b"".join(map(render, [["MULTI"], ["SET", "b", 1], ["SET", "c", 1], ["EXEC"]]))
    for n in (15, 30, 60, len(unit) - 1):
        increment(path).write_bytes(whole + unit[:n])
        with open_durable(path) as db:
            assert db.keys() == [b"a"]
            assert increment(path).read_bytes() == whole


DAMAGES = [
    (b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2", "*2\r\n", "an argument is longer or shorter"),
    (b"garbage\r\n", "", "no command begins here"),
    (b"*99999999999999999999\r\n", "", "a length is impossible"),
    (b"*-1\r\n", "", "a length is impossible"),
    (b"*1\r\n$-5\r\nabcde\r\n", "", "a length is impossible"),
    (b"*1\r\n+PING\r\n", "", "no argument begins here"),
    (b"*1\r\n$7\r\nNOTHING\r\n", "", "the command 'NOTHING' is not known here"),
    (b"*2\r\n$3\r\nSET\r\n$1\r\na\r\n", "", "wrong number of arguments"),
    (b"*1\r\n$4\r\nEXEC\r\n", "", "EXEC without MULTI"),
    (b"*1\r\n$5\r\nMULTI\r\n*1\r\n$5\r\nMULTI\r\n", "", "MULTI within MULTI"),
    (bytes(100), "", "no command begins here"),
    (render(["MONITOR"]), "", "the command 'MONITOR' has no place in it"),
    (render(["CONFIG", "SET", "appendonly", "no"]), "", "the command 'CONFIG' has no place in it"),
]


@pytest.mark.parametrize(("middle", "more", "why"), DAMAGES, ids=lambda x: repr(x)[:24])
def test_damage_is_told_with_its_place(path: Path, middle: bytes, more: str, why: str) -> None:
    whole = written(path, [["SET", "a", 1]])
    data = whole + middle + more.encode() + render(["SET", "z", 1])
    increment(path).write_bytes(data)
    with pytest.raises(emberkv.RedisError) as caught:
        open_durable(path)
    text = str(caught.value)
    assert f"{DIR}/{INCREMENT}: " in text
    assert why in text
    place = int(text.split("damaged at byte ")[1].split(":")[0])
    assert len(whole) <= place <= len(whole + middle)
    assert increment(path).read_bytes() == data
    assert not (path / "arena").is_symlink()


def test_what_debug_populates_is_kept(path: Path) -> None:
    with open_durable(path) as db:
        db.execute_command("DEBUG", "POPULATE", 20, "populated", 100)
        db.set("after", 1)
    with open_durable(path) as db:
        assert db.dbsize() == 21
        assert db.strlen("populated:7") == 100


def test_nothing_waits_while_a_file_is_loaded(path: Path) -> None:
    whole = written(path, [["SET", "a", 1]])
    increment(path).write_bytes(whole + render(["BLPOP", "nothing", 0]) + render(["INCR", "a"]))
    with open_durable(path) as db:
        assert db.get("a") == b"2"


def test_a_file_that_is_missing_is_told(path: Path) -> None:
    written(path, [["SET", "a", 1]])
    increment(path).unlink()
    with pytest.raises(emberkv.RedisError, match=f"{INCREMENT}: .* missing"):
        open_durable(path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("file x seq 1\n", "line 1 lacks"),
        ("file x seq 1 type i", "line 1 is cut short"),
        ("file x seq one type i\n", "line 1 has a seq"),
        ("file x seq 1 type q\n", "line 1 has a type"),
        ("file ../x seq 1 type i\n", "another directory"),
        ("# remark\nfile a seq 2 type i\nfile b seq 1 type i\n", "line 3 is out of order"),
        ("file a seq 1 type b\nfile b seq 2 type b\n", "line 2 names a second base"),
    ],
)
def test_a_manifest_that_is_wrong_is_told(path: Path, text: str, why: str) -> None:
    written(path, [["SET", "a", 1]])
    (path / DIR / MANIFEST).write_text(text)
    with pytest.raises(emberkv.RedisError, match=why):
        open_durable(path)
    assert (path / DIR / MANIFEST).read_text() == text


def test_only_the_last_file_may_be_cut(path: Path) -> None:
    whole = written(path, [["SET", "a", 1]])
    increment(path).write_bytes(whole[:-3])
    second = "appendonly.aof.2.incr.aof"
    (path / DIR / second).write_bytes(render(["SET", "b", 1]))
    manifest = path / DIR / MANIFEST
    manifest.write_text(manifest.read_text() + f"file {second} seq 2 type i\n")
    with pytest.raises(emberkv.RedisError, match="ends within the command"):
        open_durable(path)


# Other servers


def stop(client: RawClient) -> None:
    with contextlib.suppress(ConnectionError):
        client.execute("SHUTDOWN", "NOSAVE")


class Asked:
    """Either side, asked raw."""

    def __init__(self, side: RawClient | emberkv.Ember[bytes]) -> None:
        self.side = side

    def __call__(self, *args: Any) -> Any:
        if isinstance(self.side, RawClient):
            reply = self.side.execute(*args)
        else:
            reply = parse(self.side._session.resp(args, 2))[0]
        assert reply.kind != "error", (args, reply)
        return reply

    def fill(self) -> None:
        """A value of every type and encoding."""
        for command in BASE:
            if not any(isinstance(x, bytes) and b"IDMP" in x.upper() for x in command):
                self(*command)

    def everything(self) -> dict[bytes, Any]:
        out = {}
        for key in sorted(k.value for k in self("KEYS", "*").value):
            kind = self("TYPE", key).value
            read = {
                b"string": [("GET", key)],
                b"list": [("LRANGE", key, 0, -1)],
                b"set": [("SORT", key, "ALPHA", "LIMIT", 0, 100_000)],
                b"zset": [("ZRANGE", key, 0, -1, "WITHSCORES")],
                b"hash": [("HLEN", key)],
                b"stream": [("XRANGE", key, "-", "+"), ("XINFO", "GROUPS", key)],
            }[kind]
            out[key] = [kind, self("PEXPIRETIME", key), *(self(*command) for command in read)]
            if kind == b"hash":
                flat = [x.value for x in self("HGETALL", key).value]
                out[key].append(dict(zip(flat[::2], flat[1::2], strict=True)))
        return out


def test_a_server_boots_from_our_directory(path: Path, redis_server: Any) -> None:
    with open_durable(path) as db:
        Asked(db).fill()
        db.setex("soon", 1000, "x")
        expected = Asked(db).everything()
    client = redis_server(path)
    assert Asked(client).everything() == expected
    client.execute("SET", "theirs", 1)
    stop(client)
    with open_durable(path) as db:
        assert db.getdel("theirs") == b"1"
        assert Asked(db).everything() == expected


def test_a_directory_of_a_server_opens(path: Path, redis_server: Any) -> None:
    path.mkdir()
    client = redis_server(path)
    theirs = Asked(client)
    theirs.fill()
    theirs("BGREWRITEAOF")
    deadline = time.monotonic() + 30
    while b"aof_rewrite_in_progress:0" not in theirs("INFO", "persistence").value or not list(
        (path / DIR).glob("*.2.base.rdb")
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    theirs("SET", "after", 1)
    expected = theirs.everything()
    stop(client)
    with open_durable(path) as db:
        assert Asked(db).everything() == expected
        db.set("ours", 1)
        expected = Asked(db).everything()
    assert Asked(redis_server(path)).everything() == expected


def test_redis_check_aof_accepts_it(path: Path) -> None:
    program = shutil.which("redis-check-aof")
    if program is None:
        pytest.skip("redis-check-aof is not installed")
    with open_durable(path) as db:
        Asked(db).fill()
    said = subprocess.run([program, path / DIR / MANIFEST], capture_output=True, check=False)
    assert said.returncode == 0, said.stdout.decode()


def test_a_snapshot_alone_is_loaded_and_gone_on_from(path: Path, redis_server: Any) -> None:
    path.mkdir()
    with RedisServer("--dir", str(path)) as server:
        theirs = Asked(server.client())
        theirs.fill()
        theirs("SAVE")
        expected = theirs.everything()
    with open_durable(path) as db:
        assert Asked(db).everything() == expected
        db.set("ours", 1)
        expected = Asked(db).everything()
    with open_durable(path) as db:
        assert Asked(db).everything() == expected
    assert Asked(redis_server(path)).everything() == expected
