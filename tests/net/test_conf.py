"""`emberkv serve CONF`: files as redis-server's, and the errors of those that are none."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

import emberkv
from emberkv.conf import ConfError, Configuration, read, split

CONF = """
# a comment
port 0
unixsocket {socket}
maxmemory 100mb
save 900 1
save 300 10
client-output-buffer-limit pubsub 1mb 2mb 60
client-output-buffer-limit normal 1mb 1mb 1
requirepass "a b"
include {folder}/more-*.conf
user ann on >pw ~a* +get (+set ~b)
HASH-MAX-ZIPLIST-ENTRIES 99
notify-keyspace-events "KEA"
daemonize no
"""


def test_a_server_is_what_its_file_says(tmp_path: Path) -> None:
    (tmp_path / "more-1.conf").write_text("timeout 17\nslowlog-max-len 5\n")
    conf = tmp_path / "redis.conf"
    conf.write_text(CONF.format(socket=tmp_path / "socket", folder=tmp_path))
    command = [sys.executable, "-m", "emberkv", "serve", str(conf), "--set", "hz", "20"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 300)
        client = redis.Redis(
            unix_socket_path=str(tmp_path / "socket"),
            password="a b",
            decode_responses=True,
            retry=retry,
            retry_on_error=[redis.ConnectionError],
        )
        got = client.config_get(
            *("maxmemory", "save", "timeout", "slowlog-max-len", "hash-max-listpack-entries"),
            *("notify-keyspace-events", "client-output-buffer-limit", "hz"),
        )
        assert got == {
            "maxmemory": "104857600",
            "save": "900 1 300 10",
            "timeout": "17",
            "slowlog-max-len": "5",
            "hash-max-listpack-entries": "99",
            "notify-keyspace-events": "AKE",
            "client-output-buffer-limit": "normal 1048576 1048576 1 slave 268435456 67108864 60 "
            "pubsub 1048576 2097152 60",
            "hz": "20",
        }
        assert client.acl_getuser("ann")["commands"] == ["+get"]
        assert client.acl_users() == ["ann", "default"]
        client.close()
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


@pytest.mark.quick
@pytest.mark.parametrize(
    "line, why",
    [
        ("foo bar", "Bad directive or wrong number of arguments"),
        ("port", "wrong number of arguments"),
        ("port 1 2", "wrong number of arguments"),
        ('requirepass "a', "Unbalanced quotes in configuration line"),
        ("rename-command NIX GOT", "No such command in rename-command"),
        ("port abc", "argument couldn't be parsed into an integer"),
        ("databases 0", "argument must be a positive number"),
        ("save abc", "Invalid save parameters"),
        ("appendonly maybe", "argument must be 'yes' or 'no'"),
        ("unixsocketperm 999", "argument couldn't be parsed as an octal number"),
        ("user bob on badrule", "Error in ACL SETUSER modifier 'badrule': Syntax error"),
        ("include /nonexist", "/nonexist: No such file or directory"),
        ("aclfile /nonexist", "the file cannot be read"),
        ("dir /nonexist/x", "there is no folder for it to be in"),
        ("cluster-enabled yes", "this server is no part of a cluster"),
        ("replicaof 127.0.0.1 2", "this server follows no other"),
        ("slaveof 127.0.0.1 2", "this server follows no other"),
        ("dbfilename a/b", "dbfilename can't be a path, just a filename"),
        ("appendfilename ../b", "appendfilename can't be a path, just a filename"),
        ("appenddirname a/b", "appenddirname can't be a path, just a dirname"),
        ('appenddirname ""', "appenddirname can't be empty"),
        ("list-max-ziplist-entries", "Bad directive or wrong number of arguments"),
        ("lua-enable-deprecated-api maybe", "argument must be 'yes' or 'no'"),
    ],
)
def test_a_wrong_line_is_told(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "redis.conf"
    path.write_text(f"timeout 1\n{line}\n")
    with pytest.raises(ConfError) as error:
        read(path)
    assert str(error.value) == f"{path}, line 2: '{line}': {why}"


@pytest.mark.quick
def test_what_files_of_old_servers_say_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "redis.conf"
    path.write_text(
        "list-max-ziplist-entries 512\nlist-max-ziplist-value 64\nlua-replicate-commands yes\n"
        "lua-enable-deprecated-api yes\nlatency-tracking-info-percentiles\nbind\n"
    )
    assert read(path).settings == {
        "lua-enable-deprecated-api": "yes",
        "latency-tracking-info-percentiles": "",
        "bind": "",
    }


@pytest.mark.quick
def test_the_user_default_may_be_off_and_others_follow(tmp_path: Path) -> None:
    path = tmp_path / "redis.conf"
    path.write_text("user default off -@all\nuser bob on >pw ~* +@all\nuser bob2 on nopass +get\n")
    conf = read(path)
    with emberkv.serve(unixsocket=tmp_path / "socket", users=conf.users) as server:
        assert server.unixsocket is not None
        bob = redis.Redis(unix_socket_path=server.unixsocket, username="bob", password="pw")
        assert bob.acl_users() == ["bob", "bob2", "default"]
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(unix_socket_path=server.unixsocket).ping()


@pytest.mark.quick
def test_what_is_to_be_kept_is_where_the_server_is_started(tmp_path: Path) -> None:
    conf = tmp_path / "redis.conf"
    conf.write_text(f"port 0\nunixsocket {tmp_path / 'socket'}\nappendonly yes\n")
    command = [sys.executable, "-m", "emberkv", "serve", str(conf)]
    home = tmp_path / "home"
    home.mkdir()
    for count in (1, 2):
        with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE) as process:
            try:
                retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.1), 300)
                with redis.Redis(unix_socket_path=str(tmp_path / "socket"), retry=retry) as client:
                    assert client.incr("starts") == count
                    assert client.config_get("appendonly") == {"appendonly": "yes"}
            finally:
                process.send_signal(signal.SIGTERM)
    assert (home / "appendonlydir").is_dir()


def test_users_are_in_one_place(tmp_path: Path) -> None:
    path = tmp_path / "redis.conf"
    (tmp_path / "acl").touch()
    path.write_text(f"aclfile {tmp_path / 'acl'}\nuser a on\n")
    with pytest.raises(ValueError, match="not in both"):
        read(path)


@pytest.mark.quick
def test_an_empty_save_forgets_those_before(tmp_path: Path) -> None:
    path = tmp_path / "redis.conf"
    path.write_text('save 1 1\nsave ""\n')
    assert read(path) == Configuration({"save": ""}, [])


@pytest.mark.quick
def test_words_are_split_as_redis_server_does() -> None:
    assert split('a "b c" "\\x41\\n" \'d e\'') == ["a", "b c", "A\n", "d e"]
    assert split('a "b"c') is None
    assert split("a 'b") is None
    assert split("  ") == []


@pytest.mark.quick
def test_settings_are_keyword_arguments_of_open() -> None:
    with emberkv.open(maxmemory="100mb", notify_keyspace_events="KEA", timeout=3) as db:
        got = db.config_get("maxmemory", "notify-keyspace-events", "timeout")
        assert got == {
            "maxmemory": "104857600",
            "notify-keyspace-events": "AKE",
            "timeout": "3",
        }
    with pytest.raises(TypeError, match="no such setting"):
        emberkv.open(nonsense=1)
    with pytest.raises(ValueError, match="must be a memory value"):
        emberkv.open(maxmemory="lots")
