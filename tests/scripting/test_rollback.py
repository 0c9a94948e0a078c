"""Scripts that change nothing when they fail: asked for by the caller, or by their first line."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import emberkv
import emberkv.asyncio

pytest.importorskip("lupa")

FAILS = "redis.call('set', KEYS[1], 1) redis.call('rpush', 'l', 1, 2) error('no')"
RETURNS_AN_ERROR = "redis.call('set', KEYS[1], 1) return redis.error_reply('NO more')"
CALLS_WRONGLY = "redis.call('set', KEYS[1], 1) return redis.call('lpush', KEYS[1], 1)"
CATCHES = "redis.call('set', KEYS[1], 1) redis.pcall('lpush', KEYS[1], 1) return 5"


@pytest.mark.parametrize("script", [FAILS, RETURNS_AN_ERROR, CALLS_WRONGLY])
def test_an_error_undoes_what_the_script_changed(db: Any, script: str) -> None:
    db.set("there", "before")
    with pytest.raises(emberkv.ResponseError):
        db.eval(script, 1, "there", rollback=True)
    with pytest.raises(emberkv.ResponseError):
        db.evalsha(db.script_load(script), 1, "there", rollback=True)
    with pytest.raises(emberkv.ResponseError):
        db.register_script(script, rollback=True)(keys=["there"])
    with pytest.raises(emberkv.ResponseError):
        db.eval(f"#!lua flags=rollback\n{script}", 1, "there")
    assert db.get("there") == b"before" and db.dbsize() == 1
    with pytest.raises(emberkv.ResponseError):
        db.eval(script, 1, "there")
    assert db.get("there") == b"1"  # as on any server


def test_a_function_is_undone_when_it_or_its_caller_says_so(db: Any) -> None:
    body = "function(KEYS) " + FAILS + " end"
    db.function_load(
        f"#!lua name=x\nredis.register_function('plain', {body}) "
        f"redis.register_function{{function_name='undone', callback={body}, flags={{'rollback'}}}}"
    )
    with pytest.raises(emberkv.ResponseError):
        db.fcall("plain", 1, "k", rollback=True)
    with pytest.raises(emberkv.ResponseError):
        db.fcall("undone", 1, "k")
    assert db.dbsize() == 0
    with pytest.raises(emberkv.ResponseError):
        db.fcall("plain", 1, "k")
    assert db.dbsize() == 2
    assert db.function_list()[0][5][1][5] == [b"rollback"] or "rollback" in str(db.function_list())


def test_what_ends_well_stays(db: Any) -> None:
    assert db.eval(CATCHES, 1, "k", rollback=True) == 5
    assert db.get("k") == b"1"


def test_only_the_script_is_undone_in_a_transaction(db: Any) -> None:
    with db.pipeline() as pipe:
        pipe.set("before", 1)
        pipe.eval(FAILS, 1, "k", rollback=True)
        pipe.set("after", 1)
        replies = pipe.execute(raise_on_error=False)
    assert replies[0] is True and replies[2] is True
    assert isinstance(replies[1], emberkv.ResponseError)
    assert sorted(db.keys()) == [b"after", b"before"]
    with db.transaction():
        db.set("inside", 1)
        with pytest.raises(emberkv.ResponseError):
            db.eval(FAILS, 1, "k", rollback=True)
    assert db.exists("inside", "k", "l") == 1


def test_nobody_is_told_of_what_was_undone(db: Any) -> None:
    db.config_set("notify-keyspace-events", "KEA")
    listener = db.pubsub()
    listener.psubscribe("*")
    assert listener.get_message(timeout=20)["type"] == "psubscribe"
    with pytest.raises(emberkv.ResponseError):
        db.eval("redis.call('publish', 'c', 'm') " + FAILS, 1, "k", rollback=True)
    db.publish("c", "the first that comes")
    message = listener.get_message(timeout=20)
    assert message and message["data"] == b"the first that comes"
    listener.close()


def test_waiters_do_not_get_what_was_undone(db: Any) -> None:
    with pytest.raises(emberkv.ResponseError):
        db.eval("redis.call('rpush', 'q', 1) error('no')", 0, rollback=True)
    assert db.blpop("q", 0.01) is None


def test_the_asyncio_twin_has_it_too() -> None:
    async def main() -> None:
        async with emberkv.asyncio.open() as db:
            with pytest.raises(emberkv.ResponseError):
                await db.eval(FAILS, 1, "k", rollback=True)
            with pytest.raises(emberkv.ResponseError):
                await db.register_script(FAILS, rollback=True)(keys=["k"])
            assert await db.dbsize() == 0

    asyncio.run(main())
