"""`emberkv bench`: that it measures what it says, and its ways of telling."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import threading
import time

import pytest

import emberkv
from emberkv.cli import bench, bench_command, bench_server
from emberkv.cli.links import LinkError, Target
from emberkv.cli.scans import ProgressBar

pytestmark = pytest.mark.quick
NAMES = [test.name for test in bench.tests(3)]


def rows(stdout: bytes) -> dict[str, dict[str, float]]:
    found = csv.DictReader(io.StringIO(stdout.decode()))
    return {row.pop("test"): {k: float(v) for k, v in row.items()} for row in found}


def test_all_tests_run_in_process(command_line):
    done = command_line("bench", "-n", "200", "--csv")
    assert done.status == 0, done.stderr
    found = rows(done.stdout)
    assert list(found) == [name for name in NAMES if name != "PING_INLINE"]
    for figures in found.values():
        assert figures["rps"] > 0
        latencies = [figures[f"{p}_latency_ms"] for p in ("min", "p50", "p95", "p99", "max")]
        assert latencies == sorted(latencies)


def test_all_tests_run_on_a_server(command_line, oracle):
    client = oracle.client()
    client.execute("FLUSHALL")
    done = command_line("bench", "-s", oracle.path, "-n", "120", "-c", "7", "-P", "5", "--csv")
    assert done.status == 0, done.stderr
    assert list(rows(done.stdout)) == NAMES
    assert client.execute("GET", "counter:000000000000").value == b"120"
    assert client.execute("STRLEN", "key:000000000000").value == 3
    client.close()


@pytest.mark.parametrize("where", ["path", "server"])
def test_requests_are_made_as_often_as_said(command_line, oracle, tmp_path, where):
    with emberkv.open(tmp_path / "app.ember") as db:
        client = oracle.client()
        client.execute("FLUSHALL")
        place = db.path if where == "path" else f"unix://{oracle.path}"
        done = command_line("bench", "-n", "300", "-t", "lpush", "-d", "10", "-q", place)
        told = re.fullmatch(rb"LPUSH: [\d.]+ requests per second, p50=([\d.]+) msec\n", done.stdout)
        assert told and float(told[1]) > 0
        if where == "path":
            # The calls whose times are taken come on top.
            assert db.llen("mylist") == 600
            assert db.lindex("mylist", 0) == b"x" * 10
        else:
            assert client.execute("LLEN", "mylist").value == 300
        client.close()


def test_random_keys_are_spread(command_line, tmp_path):
    with emberkv.open(tmp_path / "app.ember") as db:
        done = command_line("bench", db.path, "-n", "500", "-r", "50", "-t", "set,sadd,zadd,mset")
        assert done.status == 0
        assert 45 <= len(db.keys("key:*")) <= 50
        assert 45 <= db.scard("myset") <= 50
        assert 45 <= db.zcard("myzset") <= 50 and db.zrange("myzset", -1, -1, withscores=True)[0][1]


def test_processes_share_a_path(command_line, tmp_path):
    with emberkv.open(tmp_path / "app.ember") as db:
        done = command_line("bench", db.path, "-c", "2", "-n", "400", "-t", "incr,get", "-q")
        assert done.status == 0, done.stderr
        assert done.stdout.startswith(b"GET: ") and b"\nINCR: " in done.stdout
        assert db.get("counter:000000000000") == b"800"
        failed = command_line("bench", "-c", "2", "-n", "10", db.path, "lpush", "a")
        assert failed.status == 1 and b"wrong number of arguments" in failed.stderr
    done = command_line("bench", "-c", "2", "-n", "10")
    assert done.status == 1 and b"by its path" in done.stderr


def test_a_command_of_ones_own(command_line, oracle):
    done = command_line(
        *("bench", "-n", "100", "-q", "-r", "1000", "ember://", "rpush", "list", "a:__rand_int__")
    )
    assert done.stdout.startswith(b"rpush list a:__rand_int__: ")
    client = oracle.client()
    client.execute("FLUSHALL")
    args = ["-s", oracle.path, "-n", "60", "-c", "3", "-r", "1000", "-q"]
    assert command_line("bench", *args, "sadd", "s", "__rand_int__").status == 0
    assert client.execute("SCARD", "s").value > 40
    stdin = command_line("bench", *args, "-x", "set", "k", stdin=b"from stdin")
    assert stdin.status == 0
    assert client.execute("GET", "k").value == b"from stdin"
    client.close()


def test_the_table_has_the_percentiles(command_line):
    done = command_line("bench", "-n", "50", "-t", "ping,set", "-d", "20", "-P", "5")
    page = done.stdout.decode()
    assert "50 requests a test, 1 process, values of 20 bytes, 5 in a pipeline" in page
    assert re.search(r"test +requests/s +p50 us +p95 us +p99 us +max us", page)
    assert re.search(r"SET +[\d,]+ +[\d.,]+ +[\d.,]+ +[\d.,]+ +[\d.,]+", page)


def test_what_goes_wrong_is_told(command_line, oracle):
    assert b"No such test: foo" in command_line("bench", "-t", "foo,set").stderr
    for place in ("ember://", f"unix://{oracle.path}"):
        done = command_line("bench", "-n", "10", place, "lpush", "a")
        assert done.status == 1 and b"wrong number of arguments for 'lpush'" in done.stderr
    assert command_line("bench", "-p", "1", "-n", "10").status == 1


def test_a_server_is_driven_from_several_processes(command_line, oracle):
    client = oracle.client()
    client.execute("FLUSHALL")
    args = ("bench", "-s", oracle.path, "--threads", "3", "-c", "7", "-n", "100", "-q")
    done = command_line(*args, "--precision", "1", "-t", "incr,lrange_100")
    assert done.status == 0, done.stderr
    assert re.search(rb"INCR: [\d.]+ requests per second, p50=\d+\.\d msec\n", done.stdout)
    assert client.execute("GET", "counter:000000000000").value == b"100"
    failed = command_line(*args, "lpush", "a")
    assert failed.status == 1 and b"Error from server: ERR wrong number" in failed.stderr
    client.close()


def test_each_request_has_a_connection_of_its_own(command_line, oracle):
    client = oracle.client()

    def connections() -> int:
        text = client.execute("INFO", "stats").value.decode()
        return int(re.search(r"total_connections_received:(\d+)", text)[1])

    before = connections()
    done = command_line("bench", "-s", oracle.path, "-k", "0", "-n", "40", "-c", "4", "-t", "get")
    assert done.status == 0 and connections() - before == 40
    for option in ("-I", "-k 0", "--threads 2"):
        refused = command_line("bench", *option.split(), "-n", "10")
        assert refused.status == 1 and b"is for a server" in refused.stderr
    client.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_a_server_is_reached_by_tls_and_by_the_name_of_its_certificate(command_line, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    make += ["-subj", "/CN=x", "-addext", "subjectAltName=DNS:ember.test"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    tls = {"tls_cert_file": certificate, "tls_key_file": key, "tls_ca_cert_file": certificate}
    with emberkv.serve(tls_port=0, tls_auth_clients="no", **tls) as server:
        place = ["-p", str(server.tls_port), "--tls", "--cacert", str(certificate)]
        named = [*place, "--sni", "ember.test"]
        # Replies that are more than a record of TLS.
        done = command_line("bench", *named, "-n", "60", "-t", "lrange_600", "-P", "20", "-q")
        assert done.status == 0 and done.stdout.startswith(b"LRANGE_600: ")
        assert command_line("cli", *named, "ping").stdout == b"PONG\n"
        unnamed = command_line("bench", *place, "-n", "1")
        assert unnamed.status == 1 and b"Could not connect" in unnamed.stderr


def test_idle_connections_stay_until_the_server_ends_them(oracle):
    client = oracle.client()
    before = client.execute("CLIENT", "LIST").value.count(b"\n")
    raised = []

    def stay() -> None:
        with pytest.raises(LinkError) as info:
            bench_server.stay_idle(Target(f"unix://{oracle.path}"), 5)
        raised.append(str(info.value))

    thread = threading.Thread(target=stay)
    thread.start()
    until = time.monotonic() + 30
    while client.execute("CLIENT", "LIST").value.count(b"\n") < before + 5:
        assert time.monotonic() < until
        time.sleep(0.02)
    ids = re.findall(rb"id=(\d+)", client.execute("CLIENT", "LIST").value)
    client.execute("CLIENT", "KILL", "ID", ids[-5])  # the last may not have been greeted yet
    thread.join(30)
    assert raised == ["Error: Server closed the connection"]
    client.close()


def test_replies_are_counted_without_hiredis(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "hiredis", None)
    count = bench_server._replies()
    assert count(b"+OK\r\n$3\r\nab") == (1, None)
    assert count(b"c\r\n*2\r\n:1\r\n") == (1, None)
    assert count(b":2\r\n-ERR no\r\n") == (2, "ERR no")


def test_percentiles_are_of_the_nearest_rank():
    result = bench.Result(bench.tests(3)[0], 100, 2.0, [float(n) for n in range(1, 101)])
    assert [result.percentile(p) for p in (0, 50, 95, 99, 100)] == [1, 50, 95, 99, 100]
    assert result.per_second == 50 and result.mean == 50.5


def test_several_clients_need_a_path():
    with pytest.raises(LinkError):
        list(bench_command.measure(Target(), bench.tests(3), bench.Plan(clients=2)))


def test_progress_is_shown_to_a_person_only(capfd):
    with ProgressBar("SET", 100, shown=False) as bar:
        bar.to(50)
    assert capfd.readouterr().err == ""
    with ProgressBar("SET", 100, shown=True) as bar:
        bar.to(50)
        bar.by(10)
    assert "SET" in capfd.readouterr().err


def test_a_test_is_not_taken_for_a_path(command_line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = command_line("bench", "-n", "10", "get")
    assert told.status == 1 and b"-t get names the test" in told.stderr
    assert list(tmp_path.iterdir()) == []
