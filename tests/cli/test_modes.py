"""--scan, --bigkeys and their like, --stat, --latency, --pipe beside the real redis-cli."""

from __future__ import annotations

import io
import re

import pytest

from emberkv.cli.pipe import CommandStream
from emberkv.cli.resp import ProtocolError, command_bytes


@pytest.fixture
def server(oracle):
    client = oracle.client()
    client.execute("FLUSHALL")
    for command in [
        ("MSET", "a", 1, "b c", 22, 'b"c', 333),
        ("RPUSH", "l", 1, 2, 3),
        ("HSET", "h", "a", 1, "b", 2),
        ("SADD", "s", 1, 2),
        ("ZADD", "z", 1, "a"),
        ("XADD", "st", "*", "a", 1),
    ]:
        client.execute(*command)
    yield oracle
    client.execute("CONFIG", "SET", "maxmemory-policy", "noeviction")
    client.close()


@pytest.mark.parametrize(
    "args",
    [
        ["--scan"],
        ["--no-raw", "--scan"],
        ["--csv", "--scan"],
        ["--scan", "--pattern", "b*"],
        ["--scan", "--quoted-pattern", '"b\\x20*"'],
        ["--bigkeys"],
        ["--bigkeys", "--pattern", "b*"],
        ["--bigkeys", "--pattern", "nothing"],
        ["--memkeys"],
        ["--memkeys-samples", "3"],
        ["--hotkeys"],
    ],
    ids=" ".join,
)
def test_walks_print_what_redis_cli_prints(server, ours, theirs, args):
    mine, real = ours("-s", server.path, *args), theirs("-s", server.path, *args)
    # The order of the summary's lines is that of a table in theirs.
    assert sorted(mine.stdout.splitlines()) == sorted(real.stdout.splitlines())
    assert (mine.status, mine.stderr) == (real.status, real.stderr)


def test_hot_keys_are_found_under_an_lfu_policy(server, ours, theirs):
    client = server.client()
    client.execute("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
    for key in ["a"] * 200 + ["h"] * 3:
        client.execute("TYPE", key)
    client.close()
    mine, real = (run("-s", server.path, "--hotkeys") for run in (ours, theirs))
    assert mine.status == real.status == 0
    hot = re.findall(rb'hot key found with counter: \d+\tkeyname: "a"\n', mine.stdout)
    assert hot == re.findall(rb'hot key found with counter: \d+\tkeyname: "a"\n', real.stdout)


def test_walks_over_a_store_here(ours, tmp_path):
    import emberkv

    path = str(tmp_path / "app.ember")
    with emberkv.open(path) as db:
        db.mset({f"key:{i}": "x" * i for i in range(300)})
        db.rpush("list", *range(5))
        keys = ours(path, "--scan", "--count", "7").stdout.split()
        assert sorted(keys) == sorted(db.keys())
        assert len(ours(path, "--scan", "--pattern", "key:1?").stdout.split()) == 10
        page = ours(path, "--bigkeys").stdout
        assert b"Sampled 301 keys" in page and b"Biggest string found '\"key:299\"' has 299" in page
        assert b"300 strings with 44850 bytes (99.67% of keys, avg size 149.50)" in page
        assert b"1 lists with 5 items" in page
        assert b"Biggest string found '\"key:2" in ours(path, "--memkeys").stdout


def test_stat_prints_a_line_each_time(server, ours):
    done = ours("-s", server.path, "--stat", "-r", "3", "-i", "0.01")
    heading, names, *lines = done.stdout.decode().splitlines()
    assert heading.startswith("------- data ------") and names.startswith("keys       mem")
    assert len(lines) == 3
    for line in lines:
        assert re.fullmatch(r"8 +[\d.]+[KMB] +\d+ +0 +\d+ \(\+\d+\) +\d+ *", line), line
    assert "(+0)" in lines[0] and "(+1)" in lines[1]


def test_stat_of_a_store_here(ours):
    done = ours("--stat", "-r", "2", "-i", "0.01")
    assert done.status == 0 and len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize("where", ["server", "here"])
def test_latency_is_sampled_for_a_while(request, ours, where):
    place = ["-s", request.getfixturevalue("server").path] if where == "server" else ["ember://"]
    done = ours(*place, "--latency", "-i", "0.05")
    assert re.fullmatch(rb"\d+ \d+ \d+\.\d\d \d+\n", done.stdout)
    done = ours(*place, "--csv", "--latency", "-i", "0.05")
    assert re.fullmatch(rb"\d+,\d+,\d+\.\d\d,\d+\n", done.stdout)
    done = ours(*place, "--no-raw", "--latency-history", "-i", "0.05", "-r", "2")
    assert len(re.findall(rb"min: .* samples\) -- 0\.\d\d seconds range\n", done.stdout)) == 2


STREAMS = {
    "lines and arrays": b"SET n 1\nGET n\nLPUSH n 1\nset b 'x y'\n" + command_bytes([b"GET", b"b"]),
    "nothing": b"",
    "no line's end": b"SET n 1",
    "empty lines": b"\n\r\nPING\r\n",
    "empty arrays": b"*0\r\n*-1\r\nPING\r\n",
    "many": b"INCR n\n" * 5000,
    "unknown command": b"NOSUCH\nPING\n",
}
BROKEN = {
    "quotes": b'PING\nfoo "bar\nPING\n',
    "length": b"PING\n*3\r\n$x\r\n",
    "mark": b"PING\n*1\r\nGET\r\n",
    "count": b"PING\n*x\r\n",
    "negative": b"PING\n*1\r\n$-1\r\n",
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_run_as_by_redis_cli(server, ours, theirs, name):
    real = theirs("-s", server.path, "--pipe", stdin=STREAMS[name])
    assert ours("-s", server.path, "--pipe", stdin=STREAMS[name]) == real
    assert ours("ember://", "--pipe", stdin=STREAMS[name]) == real


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_stream_ends_with_the_servers_words(server, ours, name):
    # redis-cli itself dies of a signal when the server hangs up early.
    remote = ours("-s", server.path, "--pipe", stdin=BROKEN[name])
    here = ours("ember://", "--pipe", stdin=BROKEN[name])
    assert remote.status == here.status == 1
    assert b"ERR Protocol error: " in here.stderr
    assert remote.stderr.startswith(here.stderr)


def test_a_stream_that_gets_no_answer_is_given_up(server, ours, theirs):
    args = ["-s", server.path, "--pipe", "--pipe-timeout", "1"]
    mine, real = ours(*args, stdin=b"blpop nokey 0\n"), theirs(*args, stdin=b"blpop nokey 0\n")
    assert mine == real
    assert mine.status == 1


def test_a_stream_that_ends_within_a_command_is_an_error():
    with pytest.raises(ProtocolError):
        list(CommandStream(io.BytesIO(b"*2\r\n$3\r\nGET\r\n$5\r\nab")))
