"""Lines on stdin and commands in argv: what the real redis-cli makes of them, we make of them.

Each script runs three times: through redis-cli, through ours on the same server, and on a store in
this process.
"""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import emberkv
from emberkv.cli.words import UnbalancedQuotes, quote, split_line

SCRIPTS = {
    "quotes": [
        'set a "b c\\x41\\n"',
        "get a",
        'set a "b',
        "get a",
        "",
        "   ",
        "SET q 'it\\'s \\x41'",
        "get q",
        '"a"b',
        "set x ''",
        "get x",
        "set x 'a\"b'",
        'set x "a\'b\\q\\xzz\\x4\\b\\a\\r\\t\\\\"',
        "get x",
        "set x a\\nb",
        "get x",
        "'ping'",
        "\tping\r",
        "get 'x'y",
        'get "x\\',
    ],
    "repeats": ["3 ping", "3ping", "2 set r x", "3", "2 3 ping", "2 incr n", "get n"],
    "replies": [
        "get",
        "nosuch a b",
        "rpush l a b c",
        "lrange l 0 -1",
        "hset h f v g w",
        "hgetall h",
        "sadd s one",
        "smembers s",
        "zadd z 1.5 a 2 b",
        "zrange z 0 -1 withscores",
        "zscore z a",
        "get l",
        "config get maxmemory",
    ],
    "transactions": [
        "multi",
        "set a 1",
        "lpush a b",
        "get a",
        "exec",
        "select 3",
        "get a",
        "exec",
        "multi",
        "nosuch",
        "exec",
        "discard",
    ],
    "protocol": ["hello 3", "hgetall no", "smembers no", "get no", "zadd z 1.5 a", "zscore z a"],
    "the end": ["ping", "quit now", "ping"],
    "exit": ["exit", "ping"],
}
MODES = ["", "--no-raw", "--csv", "--json", "-3 --no-raw", "-e", "-r 2"]


@pytest.fixture
def server(oracle):
    client = oracle.client()
    client.execute("FLUSHALL")
    client.execute("SCRIPT", "FLUSH")
    yield oracle
    client.close()


def both(server, ours, theirs, args, lines=()):
    """What came of it: theirs, ours on the same server, ours in process. The store is empty."""
    stdin = "".join(line + "\n" for line in lines).encode()
    empty = server.client()
    out = [theirs("-s", server.path, *args, stdin=stdin)]
    empty.execute("FLUSHALL")
    out.append(ours("-s", server.path, *args, stdin=stdin))
    empty.execute("FLUSHALL")
    out.append(ours("ember://", *args, stdin=stdin))
    empty.close()
    return out


def without_what_differs(text: bytes) -> bytes:
    """Client ids and versions of a greeting are everybody's own."""
    return re.sub(rb'("id"(?:,| => \(integer\) |:)|\bid[ \n])\d+', rb"\1N", text)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SCRIPTS)
def test_lines_on_stdin_do_as_in_redis_cli(server, ours, theirs, name, mode):
    if name == "protocol" and "-3" in mode:
        mode = mode.replace("-3", "-2")
    real, remote, local = both(server, ours, theirs, mode.split(), SCRIPTS[name])
    for mine in (remote, local):
        assert without_what_differs(mine.stdout) == without_what_differs(real.stdout)
        assert (mine.status, mine.stderr) == (real.status, real.stderr)


COMMANDS = [
    ["PING"],
    ["PING", ""],
    ["set", "a", "b c"],
    ["get", "a"],
    ["3", "ping"],
    [""],
    ["set", "a"],
    ["exit"],
    ["-r", "3", "incr", "n"],
    ["-r", "0", "ping"],
    ["-r", "2", "-i", "0.01", "--no-raw", "ping"],
    ["-n", "77", "ping"],
    ["-n", "9", "set", "a", "1"],
    ["--quoted-input", "set", '"a\\x41"', "'b c'"],
    ["--quoted-input", "set", '"unterminated', "x"],
    ["-e", "get"],
    ["-e", "--json", "get"],
    ["--no-auth-warning", "-a", "secret", "ping"],
    ["--no-auth-warning", "--user", "default", "--pass", "secret", "ping"],
    ["auth", "a"],
    ["quit"],
    ["-D", "", "--raw", "rpush", "l", "a", "b"],
]


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_commands_of_argv_do_as_in_redis_cli(server, ours, theirs, args):
    real, remote, local = both(server, ours, theirs, args)
    assert remote == real
    if "quit" not in args:
        assert local == real


def test_arguments_come_from_stdin(server, ours, theirs):
    for args, data in [
        (["-x", "set", "k"], b"two\nlines\n"),
        (["-X", "TAG", "set", "k", "TAG"], b"bytes \xff\0"),
        (["-x"], b"ping"),
    ]:
        results = []
        for run in (theirs, ours):
            done = run("-s", server.path, *args, stdin=data)
            results.append((done, run("-s", server.path, "get", "k")))
        assert results[0] == results[1]


@pytest.mark.parametrize("seed", range(4))
def test_quoting_at_random_is_read_as_redis_cli_reads_it(server, ours, theirs, seed):
    chance = random.Random(seed)
    alphabet = ['"', "'", "\\", " ", "x", "4", "1", "n", "a", "\t", "\\x41", '\\"', "\\'"]
    lines = ["echo " + "".join(chance.choices(alphabet, k=chance.randrange(9))) for _ in range(150)]
    stdin = "".join(line + "\n" for line in lines).encode()
    args = ("-s", server.path, "--no-raw")
    assert ours(*args, stdin=stdin) == theirs(*args, stdin=stdin)


def test_what_is_quoted_is_read_back():
    every_byte = bytes(range(256))
    assert split_line(b"set " + quote(every_byte) + b" x") == [b"set", every_byte, b"x"]
    with pytest.raises(UnbalancedQuotes):
        split_line(b"'a'b")


def test_repeat_counts_that_make_no_sense_are_refused(ours):
    done = ours("--no-raw", stdin=b"0 set a 1\n-1 set a 1\nget a\n")
    assert done.stdout.splitlines()[2] == b"(nil)"
    assert done.stdout.count(b"Invalid repeat count") == 2


def test_a_server_that_is_not_there_is_named(ours, theirs):
    for args in (["-s", "/no/such/socket", "ping"], ["-p", "1", "ping"]):
        mine = ours(*args)
        assert mine == theirs(*args)
        assert mine.status == 1 and b"Could not connect" in mine.stderr


def test_a_path_is_shared_with_whoever_has_it_open(ours, tmp_path):
    with emberkv.open(tmp_path / "app.ember") as db:
        db.select(2)
        db.set("a", "from here")
        path = str(tmp_path / "app.ember")
        assert ours(path, "-n", "2", "get", "a").stdout == b"from here\n"
        assert ours("--json", f"ember://{path}?db=2", "get", "a").stdout == b'"from here"\n'
        assert ours(path, stdin=b"select 2\nset a there\n").stdout == b"OK\nOK\n"
        assert db.get("a") == b"there"


def test_a_command_without_a_store_is_told_so(ours, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = ours("SET", "a", "1")
    assert done.status == 1 and b"'SET' is a command" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_url_of_nobody_is_refused(ours):
    done = ours("http://example.com", "ping")
    assert done.status == 1 and b"ember://" in done.stderr


def test_without_redis_py_a_server_is_out_of_reach(ours, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    done = ours("-p", "1", "ping")
    assert done.status == 1 and b"emberkv[redis]" in done.stderr


def test_help_tells_of_commands_and_groups(ours):
    page = ours(
        "--no-raw", stdin=b"help set\nhelp @hash\nhelp config get\nhelp nosuch\n? \n"
    ).stdout
    assert b"SET key value [NX | XX | IFEQ ifeq-value | IFNE" in page
    assert b"HGETALL key" in page and b"CONFIG GET parameter [parameter ...]" in page
    assert b"No such command: nosuch" in page and b"help @GROUP" in page
    assert b"\x1b" not in page


def test_help_asks_the_server_what_it_knows(server, ours):
    assert b"XAUTOCLAIM key group consumer" in ours("-s", server.path, "help", "xautoclaim").stdout


def test_connect_goes_elsewhere(server, ours, tmp_path):
    lines = f"set a 1\nconnect unix://{server.path}\nset a 2\nconnect {tmp_path}/x.ember\nget a\n"
    done = ours("--no-raw", stdin=lines.encode())
    assert done.stdout == b"OK\nOK\n(nil)\n"
    client = server.client()
    assert client.execute("GET", "a").value == b"2"
    client.close()


def test_clear_and_preferences_are_ours(ours):
    done = ours("--no-raw", stdin=b"clear\n:set nohints\n:set foo\nping\n")
    assert done.stdout.startswith(b"\x1b[H\x1b[2J")
    assert done.stdout.count(b"unknown preference") == 1 and done.stdout.endswith(b"PONG\n")


def test_scripts_are_sent_with_their_keys_and_arguments(server, ours, theirs, tmp_path):
    script = tmp_path / "script.lua"
    script.write_text("return {#KEYS, KEYS[1], ARGV[1], ARGV[2]}")
    for words in (["k1", ",", "a", "b"], ["k1", "k2"], [",", "a"], []):
        args = ["--no-raw", "--eval", str(script), *words]
        real = theirs("-s", server.path, *args)
        assert ours("-s", server.path, *args) == real
        assert ours("ember://", *args) == real
    missing = ours("-s", server.path, "--eval", str(tmp_path / "no.lua"))
    assert missing.status == 1 and b"Can't open file" in missing.stderr


def test_an_interval_passes_between_repetitions(ours):
    began = time.monotonic()
    ours("ember://", "-r", "3", "-i", "0.05", "ping")
    assert time.monotonic() - began >= 0.1


def test_a_command_that_waits_is_served_in_this_process(ours, tmp_path):
    assert ours("ember://", "--no-raw", "blpop", "list", "0.01").stdout == b"(nil)\n"
    with emberkv.open(tmp_path / "app.ember") as db:
        with ThreadPoolExecutor(1) as pool:
            waits = pool.submit(
                ours, "--no-raw", db.path, stdin=b"set ready 1\nblpop list 0\nping\n"
            )
            while not db.exists("ready"):
                time.sleep(0.01)
            db.rpush("list", "a")
            assert waits.result(30).stdout == b'OK\n1) "list"\n2) "a"\nPONG\n'
