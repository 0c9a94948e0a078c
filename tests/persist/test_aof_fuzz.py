"""Damaged append-only directories: they are refused, and nothing is touched, or give sound values.

`make fuzz` runs more of it, from other seeds, under AddressSanitizer.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RawClient, RedisServer, render
from persist.test_aof import DIR, MANIFEST, lose_memory
from persist.test_rdb_fuzz import fill_little

import emberkv
from emberkv.check import check

FUZZ = int(os.environ.get("EMBERKV_FUZZ", "1"))
SEED = int(os.environ.get("EMBERKV_SEED", "0"))
NAMED = re.compile(rf"/{DIR}/[^/]*: ", re.DOTALL)
OPTIONS: dict[str, Any] = {"durable": True, "max_bytes": 64 << 20}

PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\0", b"*", b"$", b"#", b"-1", b"\x80\xff", b" ", b'"', b"\\x00"),
    *(b"*0\r\n", b"*1\r\n", b"*3\r\n", b"*1048576\r\n", b"*1048577\r\n", b"*-3\r\n", b"*+1\r\n"),
    *(
        b"$0\r\n\r\n",
        b"$-1\r\n",
        b"$4294967296\r\n",
        b"$4294967297\r\n",
        b"$9223372036854775807\r\n",
    ),
    *(
        b"$18446744073709551615\r\n",
        b"$00000000000000000000000000000000000000000000000000000001\r\n",
    ),
    *(b"#TS:1700000000\r\n", b"#TS:\r\n", b"#" + b"x" * 3000 + b"\r\n", b"REDIS0010\xff"),
    *(b"file x seq 1 type i\n", b" type b", b" seq 0", b" seq 99999999999999999999", b" type h"),
]
COMMANDS = [
    *(["MULTI"], ["EXEC"], ["DISCARD"], ["SELECT", 1], ["SELECT", 99], ["RESET"], ["QUIT"]),
    *(["SET", "k", "v"], ["DEL", "list"], ["FLUSHALL"], ["FLUSHDB"], ["SWAPDB", 0, 1]),
    *(["RPUSH", "string", "wrong type"], ["INCR", "string"], ["SET", "k", "v", "PX", -1]),
    *(["BLPOP", "nothing", 0], ["XREAD", "BLOCK", 0, "STREAMS", "nothing", "$"], ["WAIT", 1, 0]),
    *(["BRPOPLPUSH", "nothing", "other", 0], ["WATCH", "k"], ["UNWATCH"], ["CLIENT", "PAUSE", 9]),
    *(["SUBSCRIBE", "c"], ["PSUBSCRIBE", "*"], ["SSUBSCRIBE", "c"], ["MONITOR"], ["HELLO", 3]),
    *(["CLIENT", "TRACKING", "on"], ["CLIENT", "REPLY", "OFF"], ["CLIENT", "KILL", "ID", 1]),
    *(["BGSAVE"], ["BGREWRITEAOF"], ["LASTSAVE"], ["CONFIG", "SET", "appendonly", "no"]),
    *(
        ["EVAL", "return redis.call('SET', 'k', 'v')", 0],
        ["EVAL", "nonsense", 0],
        ["FCALL", "f", 0],
    ),
    *(["FUNCTION", "LOAD", "#!lua name=x\nnonsense"], ["SCRIPT", "FLUSH"], ["AUTH", "x"]),
    *(["ACL", "SETUSER", "default", "off"], ["RESTORE", "r", 0, b"\0\1x"], ["PFADD", "string", 1]),
]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Directories of ours and of a real server: RDB or commands as base, two increments or one."""
    folder = tmp_path_factory.mktemp("seeds")
    found = {"ours": folder / "ours", "ours, plain": folder / "plain"}
    for path in found.values():
        with emberkv.open(path, **OPTIONS) as db:
            fill_little(db, emberkv.redis_client(db))
            if path.name == "ours":
                write_more(emberkv.redis_client(db))
                db.bgrewriteaof()
                while db.info("persistence")["aof_rewrite_in_progress"]:
                    pass
            write_more(emberkv.redis_client(db))
    if shutil.which("redis-server"):
        for preamble in ("yes", "no"):
            path = folder / f"redis {preamble}"
            path.mkdir()
            fill_server(path, preamble)
            found[f"redis, preamble {preamble}"] = path
    return found


def write_more(db: Any) -> None:
    with db.pipeline() as p:
        p.set("in multi", 1).rpush("list", "a", "b").zadd("scores", {"c": 3}).execute()
    db.incrbyfloat("float", 1.5)
    db.spop("integers")
    db.set("later", "x", ex=10_000)
    db.execute_command("SELECT", 3)
    db.hset("hash", mapping={"f": "v" * 300})
    db.execute_command("SELECT", 0)
    db.eval("redis.call('SET', KEYS[1], 1) redis.call('INCR', KEYS[1])", 1, "by script")


def fill_server(path: Path, preamble: str) -> None:
    redis = pytest.importorskip("redis")
    options = ("--appendonly", "yes", "--dir", str(path), "--aof-timestamp-enabled", "yes")
    server = RedisServer(*options, "--aof-use-rdb-preamble", preamble)
    try:
        client = redis.Redis(
            unix_socket_path=server.path, protocol=2, single_connection_client=True
        )
        fill_little(client, client)
        write_more(client)
        client.bgrewriteaof()
        raw = RawClient(server.path)
        while b"aof_rewrite_in_progress:1" in raw.execute("INFO", "persistence").value:
            pass
        write_more(client)
        raw.execute("CONFIG", "SET", "appendonly", "no")
    finally:
        server.stop()


def damage(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4])):
        at = chance.randrange(len(out) + 1)
        what = chance.random()
        if what < 0.3 and out:
            out[at % len(out)] = chance.choice([chance.randrange(256), 13, 10, 42, 36, 48, 57, 45])
        elif what < 0.45:
            del out[at : at + chance.choice([1, 2, 5, 40])]
        elif what < 0.6:
            out[at:at] = chance.choice(PIECES)
        elif what < 0.75:  # where a command begins, mostly
            begins = [m.start() for m in re.finditer(rb"\*\d+\r\n\$", out)] or [at]
            place = chance.choice(begins)
            out[place:place] = render(chance.choice(COMMANDS))
        elif what < 0.85:
            other = chance.randrange(len(out) + 1)
            out[at:at] = out[other : other + chance.choice([4, 30, 200])]
        elif what < 0.95:
            lines = [m.end() for m in re.finditer(rb"\n", out)] or [at]
            a, b = sorted(chance.choices(lines, k=2))
            del out[a:b]
        else:
            del out[at:]
    return bytes(out)


def contents(path: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted((path / DIR).iterdir())}


@pytest.fixture
def memory_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Where the memory of stores lies, in this test: nothing is to be left in it."""
    place = tmp_path / "memory"
    place.mkdir()
    monkeypatch.setenv("EMBERKV_ARENA_DIR", str(place))
    yield place
    assert not list(place.iterdir())


@pytest.mark.parametrize(
    "kind", ["ours", "ours, plain", "redis, preamble yes", "redis, preamble no"]
)
def test_damaged_directories_are_refused_or_give_sound_values(
    kind: str, seeds: dict[str, Path], place: Path, memory_of: Path
) -> None:
    if kind not in seeds:
        pytest.skip("redis-server is not installed")
    chance = random.Random(f"{kind} {SEED}")
    whole = contents(seeds[kind])
    refused = 0
    for i in range(40 * FUZZ):
        files = dict(whole)
        for name in chance.sample(sorted(files), chance.choice([1, 1, 1, 2])):
            files[name] = damage(files[name], chance)
        path = place / f"{i}.ember"
        (path / DIR).mkdir(parents=True)
        for name, data in files.items():
            (path / DIR / name).write_bytes(data)
        refused += is_refused(path, files)
        shutil.rmtree(path)
    assert refused > 5 * FUZZ


def is_refused(path: Path, files: dict[str, bytes]) -> bool:
    """Checks either."""
    found = check(path)
    assert contents(path) == files
    try:
        db = emberkv.open(path, **OPTIONS)
    except emberkv.RedisError as error:
        assert NAMED.search(str(error)), error
        assert contents(path) == files
        assert not (path / "arena").is_symlink()
        assert not all(f.whole for f in found) or "memory" in str(error) or RUN.search(str(error))
        return True
    with db:
        assert db._store.check()
        before = db.execute_command("DEBUG", "DIGEST")
        db.execute_command("SELECT", 9)
        db.set("after", 1)
        now = db.execute_command("DEBUG", "DIGEST")
    assert now != before
    with emberkv.open(path, **OPTIONS) as again:
        assert again.execute_command("DEBUG", "DIGEST") == now
        assert again._store.check()
    return False


RUN = re.compile("is not known here|has no place in it")


def test_every_cut_of_the_last_file_gives_a_beginning(
    seeds: dict[str, Path], place: Path, memory_of: Path
) -> None:
    path = place / "app.ember"
    shutil.copytree(seeds["ours"], path)
    last = max((path / DIR).glob("*.incr.aof"))
    whole = last.read_bytes()
    step = max(1, len(whole) // (40 * FUZZ))
    kept = set()
    for end in range(0, len(whole), step):
        last.write_bytes(whole[:end])
        with emberkv.open(path, **OPTIONS) as db:
            assert db._store.check()
            assert db.exists("in multi") == 1  # of the base, and of the increment together
            kept.add(db.llen("list"))
        now = last.read_bytes()
        assert whole.startswith(now) and len(now) <= end
    assert kept == {32, 34}


def test_the_seeds_are_whole(seeds: dict[str, Path], place: Path, memory_of: Path) -> None:
    digests = set()
    for kind, seed in seeds.items():
        path = place / kind
        shutil.copytree(seed / DIR, path / DIR)
        assert all(found.whole for found in check(path)), kind
        with emberkv.open(path, **OPTIONS) as db:
            assert db.dbsize() > 20 and db.get("by script") == b"2", kind
            digests.add(db.llen("list"))
        lose_memory(path)
        assert (path / DIR / MANIFEST).exists()
    assert digests <= {32, 34}
