"""`emberkv serve` and the command itself, as processes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import emberkv
from emberkv.cli.serve import OPTIONS

ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}


def emberkv_process(*args: str, **environ: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "emberkv", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRON | environ,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_path_is_served_until_a_signal(tmp_path: Path, theirs, number):
    path, socket = str(tmp_path / "app.ember"), str(tmp_path / "socket")
    options = ["--port", "0", "--unixsocket", socket, "--unixsocketperm", "700"]
    options += ["--maxclients", "77", "--maxmemory", "64mb", "--client-query-buffer-limit", "2mb"]
    options += ["--set", "hash-max-listpack-entries", "9", "--set", "set-max-intset-entries", "5"]
    options += ["--pidfile", str(tmp_path / "pid"), "--timeout", "100", "--protected-mode", "yes"]
    server = emberkv_process("serve", path, *options)
    try:
        log = [server.stdout.readline().decode().rstrip("\n") for _ in range(2)]
        assert log[0].endswith(f"bits=64, pid={server.pid}, serves {path}")
        assert log[1].endswith(f"* The server is now ready to accept connections at {socket}")
        with emberkv.open(path) as db:
            db.set("from", "python")
            assert theirs("-s", socket, "get", "from").stdout == b"python\n"
            assert theirs("-s", socket, "set", "to", "all").stdout == b"OK\n"
            assert db.get("to") == b"all"
        settings = {
            "maxclients": "77",
            "maxmemory": str(64 << 20),
            "client-query-buffer-limit": str(2 << 20),
            "hash-max-listpack-entries": "9",
            "set-max-intset-entries": "5",
            "timeout": "100",
        }
        for name, value in settings.items():
            assert theirs("-s", socket, "config", "get", name).stdout.decode().split()[1] == value
        assert (tmp_path / "pid").read_text() == f"{server.pid}\n"
        assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o700
        server.send_signal(number)
        assert server.wait(30) == 0
        assert not (tmp_path / "socket").exists() and not (tmp_path / "pid").exists()
        log = server.stdout.read().decode()
        assert f"# Received {number.name} scheduling shutdown..." in log
        assert log.endswith(" # emberkv is now ready to exit, bye bye...\n")
    finally:
        server.kill()
        server.communicate()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tls-port", "1"], "tls-cert-file"),
        (["--set", "nosuch", "1"], "no such setting"),
        (["--unixsocket", "/no/such/folder/socket"], "cannot listen"),
        (["--maxmemory", "much"], "is no size"),
        (["--port", "99999"], "not in the range"),
        (["--loglevel", "loud"], "'loud' is not one of"),
        (["--unixsocketperm", "999"], "'999' is no mode in octal digits"),
        (["--nosuch", "1"], "--nosuch 1: Bad directive or wrong number of arguments"),
        (["--hash-max-listpack-entries", "x"], "couldn't be parsed into an integer"),
        (["--save", "900"], "--save 900: "),
        (["--logfile", "/nonexist/log"], "Can't open the log file: No such file or directory"),
        ([], "Configured to not listen anywhere, exiting."),
    ],
)
def test_options_that_cannot_be_are_refused_in_a_line(command_line, options, words):
    done = command_line("serve", "--port", "0", *options)
    assert done.status != 0
    assert words in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_directives_of_a_configuration_are_options(theirs, tmp_path: Path):
    path, door = tmp_path / "app.ember", str(tmp_path / "socket")
    options = ["--bind", "127.0.0.1", "::1", "--port", "0", "--unixsocket", door, "--save", ""]
    options += ["--appendonly", "yes", "--dir", str(path), "--user", "ann", "on", "nopass", "+get"]
    options += ["--client-output-buffer-limit=pubsub 1mb 1mb 60", "--save", "900", "1", "300", "10"]
    options += ["--hz 20", '--latency-tracking-info-percentiles "9" 99', "--loglevel verbose"]
    server = emberkv_process("serve", *options)
    try:
        log = [server.stdout.readline().decode() for _ in range(2)]
        assert log[1].endswith(f"* The server is now ready to accept connections at {door}\n")

        def told(name: str) -> str:
            return theirs("-s", door, "config", "get", name).stdout.decode().splitlines()[1]

        assert (told("bind"), told("save")) == ("127.0.0.1 ::1", "900 1 300 10")
        assert (told("hz"), told("loglevel")) == ("20", "verbose")  # a line in one word
        assert told("latency-tracking-info-percentiles") == "9 99"
        assert "pubsub 1048576 1048576 60" in told("client-output-buffer-limit")
        assert b"user ann on nopass" in theirs("-s", door, "acl", "list").stdout
        theirs("-s", door, "set", "kept", "1")
    finally:
        server.terminate()
        server.communicate()
    with emberkv.open(path) as db:
        assert db.get("kept") == b"1"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_daemon_leaves_whoever_starts_it_and_is_ended_by_its_pid(theirs, tmp_path: Path):
    door, pidfile, log = (tmp_path / name for name in ("socket", "pid", "log"))
    listen = ["--port", "0", "--unixsocket", str(door), "--logfile", str(log)]
    started = emberkv_process("serve", *listen, "--daemonize", "yes", "--pidfile", str(pidfile))
    assert started.communicate(timeout=60) == (b"", b"") and started.returncode == 0
    wait_for(lambda: pidfile.exists() and pidfile.read_text().endswith("\n"))
    pid = int(pidfile.read_text())
    try:
        assert os.getsid(pid) == pid != os.getpid()
        assert theirs("-s", str(door), "set", "k", "v").stdout == b"OK\n"
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not pidfile.exists())
    wait_for(lambda: "ready to exit, bye bye" in log.read_text())


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_is_told_when_clients_can_connect(tmp_path: Path, kind: str) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@emberkv-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0"))
        systemd.settimeout(60)
        door = str(tmp_path / "socket")
        options = ["--port", "0", "--unixsocket", door, "--supervised", "systemd"]
        server = emberkv_process("serve", *options, "--daemonize", "yes", NOTIFY_SOCKET=name)
        try:
            told = [systemd.recv(100) for _ in range(3)]
            assert told[1:] == [b"STATUS=Ready to accept connections\n", b"READY=1\n"]
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(door)  # by the process that was started: supervised is no daemon
            server.terminate()
            assert systemd.recv(100) == b"STOPPING=1\n"
            assert server.wait(60) == 0
        finally:
            server.kill()
            server.communicate()


def test_a_pid_that_cannot_be_written_is_logged_and_no_more(theirs, tmp_path: Path) -> None:
    door = str(tmp_path / "socket")
    server = emberkv_process(
        *("serve", "--port", "0", "--unixsocket", door, "--pidfile", str(tmp_path / "no" / "pid"))
    )
    try:
        log = [server.stdout.readline().decode() for _ in range(3)]
        assert log[2].endswith("# Failed to write PID file: No such file or directory\n")
        assert theirs("-s", door, "ping").stdout == b"PONG\n"
    finally:
        server.terminate()
        server.communicate()


def test_two_names_of_a_store_are_refused(command_line, tmp_path: Path):
    done = command_line("serve", str(tmp_path / "a"), "--port", "0", "--dir", str(tmp_path / "b"))
    assert done.status == 1 and b"both name the store" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_taken_port_for_metrics_is_told_before_anybody_is_served(command_line, tmp_path):
    pytest.importorskip("prometheus_client")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listen = ["--port", "0", "--unixsocket", str(tmp_path / "socket")]
        done = command_line("serve", *listen, "--metrics-port", str(port))
    assert done.status == 1 and b"ready to accept" not in done.stdout
    assert f"cannot listen on port {port} for metrics".encode() in done.stderr


def test_a_configuration_that_is_not_there_is_no_store(command_line, tmp_path: Path):
    done = command_line("serve", str(tmp_path / "redis.conf"), "--port", "0")
    assert done.status == 1
    assert b"redis.conf: there is no such file" in done.stderr
    assert not list(tmp_path.iterdir())


def test_every_option_is_a_setting_of_the_server():
    from emberkv.cli.serve import OPTIONS

    with emberkv.open(decode_responses=True) as db:
        known = {*db.config_get("*"), "host", "pidfile", "metrics-port"}
    assert [name for name, _ in OPTIONS if name.removeprefix("--") not in known] == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("100", 100), ("1k", 1000), ("1KB", 1024), ("2mb", 2 << 20), ("1gb", 1 << 30), ("1g", 10**9)],
)
def test_sizes_have_the_units_of_redis(text, size):
    from emberkv.cli.serve import Size

    assert Size().convert(text, None, None) == size


def test_without_its_libraries_the_command_says_what_to_install(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u, sys\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name in ('click', 'rich') else found(name, *a)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "emberkv", "cli"],
        env={**ENVIRON, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ENVIRON['PYTHONPATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "needs click, rich: install them with  pip install 'emberkv[cli]'" in done.stderr


def test_the_library_imports_none_of_them():
    code = (
        "import sys, emberkv; emberkv.open().set('a', 1)\n"
        "print({'click', 'rich', 'prompt_toolkit', 'emberkv.cli'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRON, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_the_command_tells_its_version_and_commands(command_line):
    assert emberkv.__version__.encode() in command_line("--version").stdout
    page = command_line("--help").stdout
    for name in (b"cli", b"info", b"bench", b"serve"):
        assert b"\n  " + name + b" " in page
    for name in ("cli", "info", "bench", "serve"):
        assert command_line(name, "--help").status == 0
    assert command_line("nosuch").status == 2


def test_help_tells_the_values_that_apply_without_the_option() -> None:
    told = {n[2:]: re.search(r"\[(\w+)\]$", facts.get("help", "")) for n, facts in OPTIONS}
    of_handles = ("port", "client-query-buffer-limit")  # 0 without a server; told in bytes
    with emberkv.open() as db:
        for name, value in told.items():
            if value and name not in of_handles:
                assert db.config_get(name) == {name: value[1]}
