"""Every kind of rule, tried through every door: what it lets through, and what it does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from access.doors import DENIED, DOORS, PASSWORD

import emberkv

# Rules; commands that they allow; commands that they deny.
RULES = [
    ("+@all ~*", ["GET a", "SET a 1", "FLUSHDB"], []),
    ("-@all ~*", [], ["GET a", "SET a 1", "CONFIG GET port"]),
    ("+get ~*", ["GET a"], ["SET a 1", "DEL a"]),
    ("+@all -del ~*", ["SET a 1"], ["DEL a"]),
    ("+@read ~*", ["GET a", "HGET h f", "LLEN l"], ["SET a 1", "LPUSH l 1"]),
    ("+@all -@dangerous ~*", ["SET a 1"], ["FLUSHALL", "KEYS *", "CONFIG GET port"]),
    ("+config|get ~*", ["CONFIG GET port"], ["CONFIG SET port 1"]),
    ("+@all -config|set ~*", ["CONFIG GET port"], ["CONFIG SET timeout 0"]),
    ("+object|encoding ~a", ["OBJECT ENCODING a"], ["OBJECT FREQ a", "OBJECT ENCODING b"]),
    ("+@all ~a*", ["GET a", "GET ab", "MGET a ab"], ["GET b", "MGET a b", "COPY b a", "COPY a b"]),
    ("+@all %R~a", ["GET a", "EXISTS a", "STRLEN a"], ["SET a 1", "DEL a", "APPEND a 1"]),
    ("+@all %W~a", ["SET a 1", "APPEND a 1", "EXISTS a"], ["GET a", "INCR a", "GETDEL a"]),
    ("+@all %R~a %W~b", ["COPY a b", "GET a"], ["COPY b a", "GET b", "RENAME a b"]),
    ("+@all ~a (+get ~b)", ["GET a", "SET a 1", "GET b"], ["SET b 1", "MGET a b"]),
    ("+get ~a (+set %W~b)", ["GET a", "SET b 1"], ["SET a 1", "SET b 1 GET"]),
    ("+@all ~h ~l ~s", ["HGET h f", "LLEN l", "SISMEMBER s x"], ["EXISTS a", "SISMEMBER t x"]),
    ("+@all &c*", ["PUBLISH c x", "PUBLISH cd x"], ["PUBLISH d x"]),
    ("+@all ~l ~w*", ["SORT l", "SORT l BY nosort"], ["SORT l BY w*", "SORT l GET w*"]),
    ("+@all allkeys resetkeys ~k", ["GET k"], ["GET a"]),
]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[emberkv.Ember[bytes]]:
    path: Path = tmp_path_factory.mktemp("access") / "store"
    with emberkv.open(path) as opened:
        yield opened


@pytest.mark.parametrize("door", DOORS)
def test_rules_hold_at_every_door(db: emberkv.Ember[bytes], door: str) -> None:
    wrong = []
    # What the doors themselves are made of is every user's.
    own = {"MULTI": ["+multi", "+exec"], "script": ["+eval"]}.get(door, [])
    for at, (rules, allowed, denied) in enumerate(RULES):
        user = f"{door.replace(' ', '-')}-{at}"
        db.execute_command("ACL", "SETUSER", user, "on", f">{PASSWORD}", *rules.split(), *own)
        for command, expected in [*((c, False) for c in allowed), *((c, True) for c in denied)]:
            refill(db)
            before = fingerprint(db)
            with DOORS[door](db, user) as run:
                got = run(*command.split())
            no_script = door == "script" and command.startswith("CONFIG")
            if (got == DENIED) != (expected or no_script):
                wrong.append(f"{rules}: {command}: {got!r}")
            if expected and fingerprint(db) != before:
                wrong.append(f"{rules}: {command} was refused and changed something")
        db.acl_deluser(user)
    assert not wrong, "\n".join(wrong)


def refill(db: emberkv.Ember[bytes]) -> None:
    db.flushall()
    db.mset({"a": 1, "b": 2, "ab": 3})
    db.hset("h", "f", "v")
    db.rpush("l", 3, 1, 2)
    db.sadd("s", "x")


def fingerprint(db: emberkv.Ember[bytes]) -> bytes:
    return db.execute_command("DEBUG", "DIGEST")


def test_default_that_may_not_do_everything_is_asked_too(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db, emberkv.open(tmp_path / "store") as other:
        db.set("a", 1)
        db.set("b", 1)
        assert other.get("b") == b"1"
        db.execute_command("ACL", "SETUSER", "admin", "on", f">{PASSWORD}", "+@all", "~*")
        db.execute_command("ACL", "SETUSER", "default", "resetkeys", "~a")
        # The lock-free reads of both handles, too.
        for handle in (db, other):
            assert handle.get("a") == b"1"
            with pytest.raises(emberkv.exceptions.NoPermissionError):
                handle.get("b")
            with pytest.raises(emberkv.exceptions.NoPermissionError):
                handle.view("b")
        with emberkv.open(tmp_path / "store", username="admin", password=PASSWORD) as admin:
            assert admin.get("b") == b"1"
            admin.execute_command("ACL", "SETUSER", "default", "allkeys")
        assert other.get("b") == b"1"


def test_a_view_is_a_read(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db:
        db.set("secret", b"x" * 10_000)
        db.execute_command("ACL", "SETUSER", "u", "on", f">{PASSWORD}", "+@all", "~open")
        with emberkv.open(tmp_path / "store", username="u", password=PASSWORD) as mine:
            with pytest.raises(emberkv.exceptions.NoPermissionError):
                mine.view("secret")


def test_what_a_handle_makes_for_itself_is_the_same_user(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db:
        db.execute_command("ACL", "SETUSER", "u", "on", f">{PASSWORD}", "+@all", "~a", "&c")
        with emberkv.open(tmp_path / "store", username="u", password=PASSWORD) as mine:
            with mine.pipeline() as pipe:
                assert pipe.acl_whoami().execute() == ["u"]
            assert mine.execute_command("BLPOP", "a", 0.01) is None
            with pytest.raises(emberkv.exceptions.NoPermissionError):
                mine.blpop("b", 0.01)
            listener = mine.pubsub()
            with pytest.raises(emberkv.exceptions.NoPermissionError):
                listener.subscribe("d")
            listener.close()
            mine.execute_command("RESET")
            assert mine.acl_whoami() == "u"
            import pickle

            with pickle.loads(pickle.dumps(mine)) as again:
                assert again.acl_whoami() == "u"


def test_wrong_passwords_do_not_open(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db:
        db.execute_command("ACL", "SETUSER", "u", "on", f">{PASSWORD}")
        for user, password in (("u", "x"), ("u", ""), ("nobody", PASSWORD)):
            with pytest.raises(emberkv.exceptions.AuthenticationError):
                emberkv.open(tmp_path / "store", username=user, password=password)
        url = f"ember://u:{PASSWORD.replace(' ', '%20')}@/{tmp_path / 'store'}"
        with emberkv.open(url) as mine:
            with pytest.raises(emberkv.exceptions.NoPermissionError):
                mine.get("a")


def test_passwords_are_kept_as_hashes(tmp_path: Path) -> None:
    with emberkv.open(tmp_path / "store") as db:
        db.execute_command("ACL", "SETUSER", "u", "on", ">a-very-plain-password")
        db.set("k", "something-else-plain")
        assert appears(tmp_path / "store" / "arena", b"something-else-plain")
        assert not appears(tmp_path / "store" / "arena", b"a-very-plain-password")
        assert db.execute_command("AUTH", "u", "a-very-plain-password")


def appears(path: Path, text: bytes) -> bool:
    """Whether a file, which is mostly holes, has the text in it."""
    with open(path, "rb") as f:
        end = 0
        while True:
            try:
                start = f.seek(end, os.SEEK_DATA)
            except OSError:
                return False
            end = f.seek(start, os.SEEK_HOLE)
            f.seek(start)
            if text in f.read(end - start):
                return True
