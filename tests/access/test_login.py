"""Logging in, and what becomes of those who are logged in when users change."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
import redis
from oracle import RawClient, Reply

import emberkv
from emberkv._core import _ember

PASSWORD = "correct horse"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[emberkv.Ember[bytes]]:
    with emberkv.open(tmp_path / "store") as opened:
        opened.execute_command("ACL", "SETUSER", "ann", "on", f">{PASSWORD}", "+@all", "~*", "&*")
        yield opened


@pytest.fixture
def server(db: emberkv.Ember[bytes], tmp_path: Path) -> Iterator[emberkv.Server]:
    with emberkv.serve(db, unixsocket=tmp_path / "socket") as started:
        yield started


def connection(server: emberkv.Server, username: str = "") -> RawClient:
    made = RawClient(str(server.unixsocket))
    if username:
        assert ask(made, "AUTH", username, PASSWORD) == b"OK"
    else:
        ask(made, "PING")  # now it has been let in
    return made


def ask(made: RawClient, *args: str) -> object:
    return plain(made.execute(*args))


def is_cut_off(made: RawClient, *last_words: bytes) -> bool:
    """Whether it is closed, soon; until then it hears nothing but `last_words`."""
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            assert ask(made, "PING") in last_words
    except (ConnectionError, BrokenPipeError):
        return True
    return False


def plain(reply: Reply) -> object:
    if isinstance(reply.value, tuple):
        return [plain(item) for item in reply.value]
    return reply.value


def test_requirepass_locks_who_comes_by_a_socket(
    db: emberkv.Ember[bytes], server: emberkv.Server
) -> None:
    early = connection(server)
    db.config_set("requirepass", "sesame")
    assert ask(early, "PING") == b"PONG"
    late = connection(server)
    assert ask(late, "PING") == b"NOAUTH Authentication required."
    assert ask(late, "AUTH", "sesame") == b"OK"
    assert ask(late, "PING") == b"PONG"
    assert db.get("a") is None, "within the process nobody is asked"
    waiting = connection(server)
    db.config_set("requirepass", "")
    assert ask(waiting, "PING") == b"PONG"
    for made in (early, late, waiting):
        made.close()


def test_who_is_deleted_is_cut_off(db: emberkv.Ember[bytes], server: emberkv.Server) -> None:
    ann = connection(server, "ann")
    other = connection(server)
    mine = emberkv.open(db.path, username="ann", password=PASSWORD)
    bridged = emberkv.redis_client(db, username="ann", password=PASSWORD)
    assert bridged.acl_whoami() == "ann"
    users = [c["user"] for c in db.client_list() if "socket" in c["addr"]]
    assert users == ["ann", "default"]
    assert db.acl_deluser("ann") == 1
    assert is_cut_off(ann, b"NOAUTH Authentication required.")
    assert ask(other, "PING") == b"PONG"
    for call in (lambda: mine.get("a"), lambda: bridged.get("a")):
        with pytest.raises((emberkv.exceptions.AuthenticationError, redis.AuthenticationError)):
            call()
    # One of the same name is another.
    db.execute_command("ACL", "SETUSER", "ann", "on", f">{PASSWORD}", "+@all", "~*")
    with pytest.raises(emberkv.exceptions.AuthenticationError):
        mine.get("a")
    assert mine.auth(PASSWORD, "ann")
    assert mine.get("a") is None
    mine.close()
    bridged.close()
    other.close()


def test_a_new_password_lets_who_is_in_stay(
    db: emberkv.Ember[bytes], server: emberkv.Server
) -> None:
    ann = connection(server, "ann")
    db.execute_command("ACL", "SETUSER", "ann", "resetpass", ">new", "off")
    assert ask(ann, "PING") == b"PONG"
    assert str(ask(ann, "AUTH", "ann", "new")).startswith("b'WRONGPASS")
    ann.close()


def test_who_listens_unlawfully_is_cut_off(
    db: emberkv.Ember[bytes], server: emberkv.Server
) -> None:
    one, two = (connection(server, "ann") for _ in range(2))
    assert ask(one, "SUBSCRIBE", "news") == [b"subscribe", b"news", 1]
    assert ask(two, "PSUBSCRIBE", "n*") == [b"psubscribe", b"n*", 1]
    db.execute_command("ACL", "SETUSER", "ann", "resetchannels", "&news")
    with pytest.raises(ConnectionError):
        two.read()
    assert db.publish("news", "x") == 1
    assert plain(one.read()) == [b"message", b"news", b"x"]
    db.execute_command("ACL", "SETUSER", "ann", "resetchannels")
    with pytest.raises(ConnectionError):
        one.read()


def test_client_kill_by_user(db: emberkv.Ember[bytes], server: emberkv.Server) -> None:
    ann = connection(server, "ann")
    with pytest.raises(emberkv.ResponseError, match="No such user 'bob'"):
        db.execute_command("CLIENT", "KILL", "USER", "bob")
    assert db.execute_command("CLIENT", "KILL", "USER", "ann") == 1
    assert is_cut_off(ann, b"PONG")


def test_users_are_every_process_s(db: emberkv.Ember[bytes]) -> None:
    code = f"""
import emberkv
db = emberkv.open({str(db.path)!r}, username="ann", password={PASSWORD!r})
db.execute_command("ACL", "SETUSER", "bob", "on", ">b", "+get", "~b")
db.execute_command("ACL", "SETUSER", "ann", "-set")
try:
    db.set("a", 1)
except emberkv.exceptions.NoPermissionError:
    print("refused")
"""
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert out.stdout == "refused\n"
    assert db.acl_users() == ["ann", "bob", "default"]
    assert [e["username"] for e in db.acl_log()] == ["ann"]
    with emberkv.open(db.path, username="bob", password="b") as bob:
        assert bob.get("b") is None
        with pytest.raises(emberkv.exceptions.NoPermissionError):
            bob.get("a")
    assert db._store.check()


def test_what_is_rolled_back_was_never_allowed(db: emberkv.Ember[bytes]) -> None:
    db.execute_command("ACL", "SETUSER", "u", "on", ">p", "+get", "~a")
    session = _ember.Session(db._store)
    session.execute(("AUTH", "u", "p"))
    with pytest.raises(ZeroDivisionError), db.transaction():
        db.execute_command("ACL", "SETUSER", "u", "~b")
        assert session.execute(("GET", "b")) is None
        raise ZeroDivisionError
    with pytest.raises(emberkv.exceptions.NoPermissionError):
        session.execute(("GET", "b"))
    assert db._store.check()


def test_who_may_not_save_writes_no_file(db: emberkv.Ember[bytes], tmp_path: Path) -> None:
    db.set("secret", 1)
    db.execute_command("ACL", "SETUSER", "bob", "on", f">{PASSWORD}", "+@read", "+acl|log", "~a*")
    file = tmp_path / "all.rdb"
    with emberkv.open(str(db.path), username="bob", password=PASSWORD) as bob:
        with pytest.raises(emberkv.exceptions.NoPermissionError, match="'save'"):
            bob.save(file)
        assert not file.exists()
        assert db.acl_log()[0]["object"] == "save"
        db.execute_command("ACL", "SETUSER", "bob", "+save")
        assert bob.save(file) and emberkv.load(file).get("secret") == b"1"


def test_a_file_of_users(tmp_path: Path) -> None:
    path = tmp_path / "users.acl"
    path.write_text("user ann on >pw ~a* (+set ~b) +get\n\n# nobody else\n")
    with emberkv.open(aclfile=path) as db:
        assert db.acl_users() == ["default"]
        assert db.acl_load()
        assert db.acl_users() == ["ann", "default"]
        db.execute_command("ACL", "SETUSER", "bob", "+get|a b", "&c")
        before = db.acl_list()
        assert db.acl_save()
        saved = path.read_text()
        assert saved.splitlines() == before
        assert oct(path.stat().st_mode & 0o777) == "0o600"
        assert [p.name for p in tmp_path.iterdir()] == ["users.acl"]
        path.write_text("user carl on\nuser carl off\nuser x foo\nuser y +nosuch\nhello\n")
        with pytest.raises(emberkv.ResponseError) as error:
            db.acl_load()
        assert str(error.value) == (
            f"WARNING: Duplicate user 'carl' found on line 2. {path}:3: Syntax error. "
            f"{path}:4: Error in applying operation '+nosuch': Unknown command or category name "
            f"in ACL. {path}:5 should start with user keyword followed by the username. "
            "WARNING: ACL errors detected, no change to the previously active ACL rules was "
            "performed"
        )
        assert db.acl_list() == before
        path.write_text("user carl on\n")
        assert db.acl_load()
        assert db.acl_users() == ["carl", "default"]
        path.write_text("user carl on (+get\n")
        with pytest.raises(emberkv.ResponseError, match="Unmatched parenthesis"):
            db.acl_load()


def test_failed_logins_take_the_same_time() -> None:
    """A user that there is not, one that is, near and far misses: none stands out.

    Counted by the processor, smallest of many: whoever measures from outside knows less.
    """
    store = _ember.Store()
    owner = _ember.Session(store)
    for i in range(50):
        owner.execute(("ACL", "SETUSER", f"user{i:02}", "on", f">{PASSWORD}{i}"))
    owner.execute(("CONFIG", "SET", "acllog-max-len", 0))
    session = _ember.Session(store)
    right = f"{PASSWORD}7"
    attempts = {
        "no such user": ("nobody", right),
        "another's password": ("user08", right),
        "one letter off": ("user07", right[:-1] + "8"),
        "all letters off": ("user07", "x" * len(right)),
    }
    times: dict[str, list[int]] = {name: [] for name in attempts}
    for _ in range(1500):
        for name, (user, password) in attempts.items():
            began = time.thread_time_ns()
            reply = session.resp((b"AUTH", user.encode(), password.encode()), 2)
            times[name].append(time.thread_time_ns() - began)
            assert reply.startswith(b"-WRONGPASS")
    typical = {name: median(sorted(t)[:500]) for name, t in times.items()}
    assert max(typical.values()) < 1.5 * min(typical.values()), typical
