"""Locks behave as redis-py's do."""

from __future__ import annotations

import logging
import threading

import pytest
from python.errors import named

from emberkv.exceptions import LockError, LockNotOwnedError


def test_lock_is_a_key_that_holds_a_token(client):
    lock = client.lock("l")
    assert not lock.locked() and not lock.owned()
    assert lock.acquire(blocking=False) is True
    assert lock.locked() and lock.owned()
    assert client.get("l") == lock.local.token
    assert client.ttl("l") == -1
    assert lock.release() is None
    assert not lock.locked() and not lock.owned()
    assert client.get("l") is None


def test_token_of_ones_own(client):
    lock = client.lock("l")
    lock.acquire(token="mine")
    assert client.get("l") == b"mine"
    assert lock.owned()


def test_lock_with_a_timeout(client):
    lock = client.lock("l", timeout=10)
    lock.acquire()
    assert 8 < client.ttl("l") <= 10
    lock.extend(10)
    assert 18 < client.ttl("l") <= 20
    lock.extend(5, replace_ttl=True)
    assert 3 < client.ttl("l") <= 5
    assert lock.reacquire() is True
    assert 8 < client.ttl("l") <= 10


def test_only_one_holds_it(client):
    one, two = client.lock("l"), client.lock("l", sleep=0.01)
    assert one.acquire()
    assert two.acquire(blocking=False) is False
    assert two.acquire(blocking_timeout=0.05) is False
    assert not two.owned()
    one.release()
    assert two.acquire(blocking_timeout=5) is True


def test_block_holds_it(client):
    with client.lock("l") as lock:
        assert lock.owned()
        with named(LockError) as caught:
            with client.lock("l", blocking_timeout=0.02, sleep=0.01):
                pass
        assert str(caught.value) == "Unable to acquire lock within the time specified"
        assert caught.value.lock_name == "l"
    assert client.get("l") is None


@pytest.mark.parametrize(
    "act, message",
    [
        (
            lambda lock: lock.release(),
            "Cannot release a lock that's not owned or is already unlocked.",
        ),
        (lambda lock: lock.extend(1), "Cannot extend an unlocked lock"),
        (lambda lock: lock.reacquire(), "Cannot reacquire an unlocked lock"),
    ],
)
def test_lock_that_is_not_held(client, act, message):
    with named(LockError) as caught:
        act(client.lock("l", timeout=1))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "act, message",
    [
        (lambda lock: lock.extend(1), "Cannot extend a lock with no timeout"),
        (lambda lock: lock.reacquire(), "Cannot reacquire a lock with no timeout"),
    ],
)
def test_lock_without_a_timeout(client, act, message):
    lock = client.lock("l")
    lock.acquire()
    with named(LockError) as caught:
        act(lock)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "act, verb",
    [
        (lambda lock: lock.release(), "release"),
        (lambda lock: lock.extend(1), "extend"),
        (lambda lock: lock.reacquire(), "reacquire"),
    ],
)
def test_lock_that_another_took_meanwhile(client, act, verb):
    lock = client.lock("l", timeout=10)
    lock.acquire()
    client.set("l", "another")
    with named(LockNotOwnedError) as caught:
        act(lock)
    assert str(caught.value) == f"Cannot {verb} a lock that's no longer owned"
    assert client.get("l") == b"another"


def test_block_may_outlive_its_lock(client, caplog):
    with named(LockNotOwnedError):
        with client.lock("l"):
            client.delete("l")
    with caplog.at_level(logging.WARNING):
        with client.lock("l", raise_on_release_error=False):
            client.delete("l")
    assert len(caplog.records) == 1


def test_lock_of_one_thread_is_not_anothers(db):
    lock = db.lock("l")
    lock.acquire()
    seen = []
    thread = threading.Thread(target=lambda: seen.append(lock.owned()))
    thread.start()
    thread.join()
    assert seen == [False]
    shared = db.lock("m", thread_local=False)
    shared.acquire()
    thread = threading.Thread(target=shared.release)
    thread.start()
    thread.join()
    assert not shared.locked()


def test_lock_with_decoded_strings(open_db):
    db = open_db(decode_responses=True)
    with db.lock("l", timeout=10) as lock:
        assert lock.owned()
        assert lock.extend(1) is True
    assert db.get("l") is None
