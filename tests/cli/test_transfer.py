"""`emberkv import` and `emberkv export`, from and to real servers and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RedisServer
from persist.values import content, make

import emberkv

redis = pytest.importorskip("redis")

FAR_MS = 4_000_000_000_000


@pytest.fixture
def server() -> Iterator[Any]:
    with RedisServer() as started:
        client = redis.Redis(unix_socket_path=started.path)
        yield client
        client.close()


def url_of(client: Any) -> str:
    return f"unix://{client.connection_pool.connection_kwargs['path']}"


def fill(db: Any) -> None:
    for seed in range(30):
        make(db, seed)
        db.rename("k", f"key {seed}")
    db.set("later", 1, px=10_000_000)
    db.set("there", 3)
    db.move("there", 5)


def everything(db: Any) -> dict[bytes, Any]:
    return {k: (content(db, k), db.ttl(k) > 0) for k in db.scan_iter(count=1000)}


def test_from_a_server_and_back(
    command_line: Callable[..., Any], server: Any, tmp_path: Path
) -> None:
    fill(server)
    path = str(tmp_path / "store")
    done = command_line("import", url_of(server), path, "--keep")
    assert done == (0, f"32 keys copied to {path}\n".encode(), b"")
    with emberkv.open(path, keep=True) as db:
        assert everything(db) == everything(server)
        db.set("later", 2)
    done = command_line("import", url_of(server), path)
    assert done.status == 0 and done.stdout.startswith(b"0 keys copied")
    assert b"32 were there already and stay: --replace" in done.stderr
    done = command_line("export", path, url_of(server))
    assert done.status == 0 and server.get("later") == b"1"
    server.flushall()
    assert command_line("export", path, url_of(server)).status == 0
    assert server.get("later") == b"2"
    with emberkv.open(path) as db:
        assert everything(db) == everything(server)
        assert server.execute_command("SELECT", 5) and server.get("there") == b"3"


def test_to_a_file_and_from_it(command_line: Callable[..., Any], tmp_path: Path) -> None:
    path, file = str(tmp_path / "store"), str(tmp_path / "a.rdb")
    with emberkv.open(path) as db:
        fill(db)
        done = command_line("export", path, file)
        size = Path(file).stat().st_size
        assert done == (0, f"32 keys in {file}, {size:,} bytes, RDB 10\n".encode(), b"")
        before = everything(db)
    assert not Path(path).exists() or not Path(path, "arena").exists()
    other = str(tmp_path / "other")
    assert command_line("import", file, other, "--keep").status == 0
    with emberkv.open(other) as db:
        assert everything(db) == before


def test_what_a_server_cannot_hold_is_said(
    command_line: Callable[..., Any], server: Any, tmp_path: Path
) -> None:
    path, file = str(tmp_path / "store"), str(tmp_path / "a.rdb")
    with emberkv.open(path) as db:
        db.set("plain", 1)
        db.hset("timed", mapping={"a": 1, "b": 2})
        db.hpexpireat("timed", FAR_MS, "a")
        done = command_line("export", path, url_of(server))
        assert done.status == 1 and done.stdout.startswith(b"1 keys copied")
        assert b"1 keys cannot be held by unix://" in done.stderr
        assert b"db0 timed: ERR DUMP payload version or checksum are wrong" in done.stderr
        done = command_line("export", path, file)
        assert done.status == 0 and b"RDB 12" in done.stdout and b"Redis 7.0" in done.stderr
    assert server.keys() == [b"plain"]


def test_what_is_not_there_is_an_error(command_line: Callable[..., Any], tmp_path: Path) -> None:
    path = str(tmp_path / "store")
    (tmp_path / "bad.rdb").write_bytes(b"REDIS0010\xfe\x00\x00\x01a")
    (tmp_path / "text").write_bytes(b"hello")
    for source, expected in {
        "missing": b"there is no such file or store",
        "text": b"this is no RDB file",
        "bad.rdb": b"bad.rdb: at byte 14: the file ends within key 'a'",
        "unix:///nowhere/sock": b"Could not connect",
    }.items():
        name = source if ":" in source else str(tmp_path / source)
        done = command_line("import", name, path)
        assert done.status == 1 and expected in done.stderr, (source, done)
        assert not Path(path).exists()
    done = command_line("export", path, str(tmp_path / "a.rdb"))
    assert done.status == 1 and b"there is no such store" in done.stderr


def test_libraries_of_functions_are_replaced_or_stay(
    command_line: Callable[..., Any], server: Any, tmp_path: Path
) -> None:
    def library(name: str, result: int) -> str:
        return (
            f"#!lua name={name}\nredis.register_function('{name}', function() return {result} end)"
        )

    path = str(tmp_path / "store")
    server.function_load(library("a", 1))
    assert command_line("import", url_of(server), path).status == 0
    server.function_load(library("a", 2), replace=True)
    server.function_load(library("b", 3))
    done = command_line("import", url_of(server), path)
    assert done.status == 0 and b"1 libraries of functions were there already" in done.stderr
    with emberkv.open(path) as db:
        assert (db.fcall("a", 0), db.fcall("b", 0)) == (1, 3)
    assert command_line("import", "--replace", url_of(server), path).status == 0
    with emberkv.open(path) as db:
        assert (db.fcall("a", 0), db.fcall("b", 0)) == (2, 3)
        db.function_load(library("a", 4), replace=True)
    assert command_line("export", path, url_of(server)).status == 0
    assert server.fcall("a", 0) == 2
    assert command_line("export", "--replace", path, url_of(server)).status == 0
    assert server.fcall("a", 0) == 4


def test_to_standard_output_and_from_standard_input(
    command_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with emberkv.open("a.ember") as db:
        fill(db)
        before = everything(db)
    done = command_line("export", "a.ember", "-")
    assert done.status == 0 and done.stdout.startswith(b"REDIS")
    assert b"keys in standard output" in done.stderr
    assert not (tmp_path / "-").exists()
    assert command_line("import", "-", "b.ember", stdin=done.stdout).status == 0
    with emberkv.open("b.ember") as db:
        assert everything(db) == before
        assert db.select(5) and db.get("there") == b"3"
