"""Pipelines behave as redis-py's: queueing, MULTI/EXEC, WATCH, errors, what is left behind."""

from __future__ import annotations

import pytest
from python.errors import named

import emberkv
from emberkv.exceptions import (
    DataError,
    ExecAbortError,
    RedisError,
    ResponseError,
    WatchError,
)


@pytest.mark.parametrize("transaction", [True, False])
def test_pipeline_runs_what_was_queued(client, transaction):
    with client.pipeline(transaction=transaction) as pipe:
        assert pipe.set("a", 1).incr("a").get("a") is pipe
        pipe.zadd("z", {"m": 1}).zrange("z", 0, -1, withscores=True)
        assert len(pipe) == 5
        assert pipe.execute() == [True, 2, b"2", 1, [(b"m", 1.0)]]
        assert len(pipe) == 0
        assert pipe.execute() == []


def test_pipeline_is_true_while_empty(client):
    pipe = client.pipeline()
    assert pipe
    assert len(pipe) == 0


def test_pipeline_does_nothing_before_execute(client):
    with client.pipeline() as pipe:
        pipe.set("a", 1)
        assert client.get("a") is None
    assert client.get("a") is None


def test_reset_forgets_the_queue(client):
    pipe = client.pipeline()
    pipe.set("a", 1)
    pipe.reset()
    assert pipe.execute() == []
    assert client.get("a") is None


@pytest.mark.parametrize("transaction", [True, False])
def test_error_is_raised_with_its_place(client, transaction):
    client.set("s", "text")
    with client.pipeline(transaction=transaction) as pipe:
        pipe.set("before", 1).lpush("s", 1).set("after", 1)
        with named(ResponseError) as caught:
            pipe.execute()
    assert str(caught.value) == (
        "Command # 2 (LPUSH s 1) of pipeline caused error: "
        "WRONGTYPE Operation against a key holding the wrong kind of value"
    )
    assert client.mget("before", "after") == [b"1", b"1"]
    assert len(pipe) == 0


def test_error_text_is_shortened(client):
    client.set("s", "text")
    with client.pipeline() as pipe:
        pipe.lpush("s", "many words " * 30)
        with named(ResponseError) as caught:
            pipe.execute()
    shown = str(caught.value)
    assert shown.startswith("Command # 1 (LPUSH s many words many")
    assert "words...) of pipeline caused error: " in shown or "many...)" in shown


@pytest.mark.parametrize("transaction", [True, False])
def test_errors_stand_in_the_results(client, transaction):
    client.set("s", "text")
    with client.pipeline(transaction=transaction) as pipe:
        pipe.set("a", 1).lpush("s", 1).get("a")
        first, error, last = pipe.execute(raise_on_error=False)
    assert (first, last) == (True, b"1")
    assert type(error).__name__ == "ResponseError"
    assert str(error) == "WRONGTYPE Operation against a key holding the wrong kind of value"


def test_command_that_cannot_be_queued_undoes_the_transaction(client):
    with client.pipeline() as pipe:
        pipe.set("a", 1).execute_command("SET", "b")
        with named(ResponseError) as caught:
            pipe.execute()
    assert str(caught.value) == (
        "Command # 2 (SET b) of pipeline caused error: wrong number of arguments for 'set' command"
    )
    assert client.get("a") is None


@pytest.mark.parametrize("transaction", [True, False])
def test_argument_that_cannot_be_sent_stops_everything(client, transaction):
    with client.pipeline(transaction=transaction) as pipe:
        pipe.set("a", 1).set("b", None)
        with named(DataError):
            pipe.execute()
        assert client.get("a") is None
        assert pipe.set("a", 1).execute() == [True]


def test_empty_mget_needs_no_command(client):
    with client.pipeline() as pipe:
        pipe.set("a", 1).mget([]).get("a")
        assert pipe.execute() == [True, [], b"1"]
    with client.pipeline(transaction=False) as pipe:
        pipe.mget([])
        assert pipe.execute() == [[]]


def test_watch_runs_commands_at_once(client):
    client.set("a", 1)
    with client.pipeline() as pipe:
        assert pipe.watch("a") is True
        assert pipe.watching
        assert pipe.get("a") == b"1"
        pipe.multi()
        assert pipe.set("a", 2) is pipe
        assert pipe.execute() == [True]
        assert not pipe.watching
    assert client.get("a") == b"2"


def test_watched_key_that_changes_stops_the_transaction(client):
    client.set("a", 1)
    with client.pipeline() as pipe:
        pipe.watch("a", "b")
        pipe.multi()
        pipe.set("a", 3)
        client.set("b", "changed")
        with named(WatchError) as caught:
            pipe.execute()
        assert str(caught.value) == "Watched variable changed."
        assert not pipe.watching
        assert len(pipe) == 0
    assert client.get("a") == b"1"


def test_watched_key_that_changes_stops_even_an_empty_transaction(client):
    client.set("a", 1)
    with client.pipeline() as pipe:
        pipe.watch("a")
        client.set("a", 2)
        pipe.multi()
        with named(WatchError):
            pipe.execute()


def test_unwatch(client):
    client.set("a", 1)
    with client.pipeline() as pipe:
        assert pipe.unwatch() is True
        pipe.watch("a")
        assert pipe.unwatch() is True
        assert not pipe.watching
        client.set("a", 2)
        pipe.get("a")
        assert pipe.execute() == [b"2"]


def test_reset_ends_the_watch(client):
    client.set("a", 1)
    pipe = client.pipeline()
    pipe.watch("a")
    pipe.reset()
    assert not pipe.watching
    client.set("a", 2)
    pipe.watch("b")
    pipe.multi()
    pipe.get("a")
    assert pipe.execute() == [b"2"]


def test_leaving_the_block_ends_the_watch(client):
    with client.pipeline() as pipe:
        pipe.watch("a")
    client.set("a", 1)
    with client.pipeline() as pipe:
        assert pipe.get("a").execute() == [b"1"]


def test_error_while_watching_keeps_the_watch(client):
    client.set("s", "text")
    with client.pipeline() as pipe:
        pipe.watch("s")
        with named(ResponseError) as caught:
            pipe.lpush("s", 1)
        assert str(caught.value).startswith("WRONGTYPE")
        assert pipe.watching


def test_watch_and_multi_in_the_wrong_order(client):
    with client.pipeline() as pipe:
        pipe.set("a", 1)
        with named(RedisError) as caught:
            pipe.multi()
        assert str(caught.value) == "Commands without an initial WATCH have already been issued"
        pipe.reset()
        pipe.multi()
        with named(RedisError) as caught:
            pipe.multi()
        assert str(caught.value) == "Cannot issue nested calls to MULTI"
        with named(RedisError) as caught:
            pipe.watch("a")
        assert str(caught.value) == "Cannot issue a WATCH after a MULTI"


def test_discard_is_a_command_like_others(client):
    with client.pipeline() as pipe:
        pipe.set("a", 1)
        pipe.discard()
        with named(ResponseError) as caught:
            pipe.execute()
    assert str(caught.value) == "EXEC without MULTI"
    assert client.get("a") is None
    assert client.pipeline().set("a", 1).execute() == [True]


def test_explicit_transaction_in_a_plain_pipeline(client):
    with client.pipeline(transaction=False) as pipe:
        pipe.watch("a")
        assert pipe.get("a") is None
        pipe.multi()
        pipe.set("a", 1).get("a")
        assert pipe.execute() == [True, b"1"]


def test_names_of_two_words_are_queued(client):
    with client.pipeline() as pipe:
        pipe.client_setname("me").client_getname().config_get("maxmemory-policy")
        assert pipe.execute() == [True, "me", {"maxmemory-policy": "noeviction"}]


def test_pipelines_do_not_disturb_each_other(client):
    one, two = client.pipeline(), client.pipeline()
    one.watch("a")
    two.set("a", 1).execute()
    assert one.get("a") == b"1"
    one.multi()
    one.set("a", 2)
    with named(WatchError):
        one.execute()


def test_transaction_calls_again_when_a_watched_key_changed(client):
    client.mset({"a": 1, "b": 2})
    tries = []

    def add(pipe):
        a, b = int(pipe.get("a")), int(pipe.get("b"))
        if not tries:
            client.set("a", 10)
        tries.append((a, b))
        pipe.multi()
        pipe.set("c", a + b)

    assert client.transaction(add, "a", "b") == [True]
    assert tries == [(1, 2), (10, 2)]
    assert client.get("c") == b"12"


def test_transaction_gives_the_value_of_the_callable(client):
    def add(pipe):
        pipe.multi()
        pipe.incr("n")
        return "mine"

    assert client.transaction(add, "n", value_from_callable=True) == "mine"
    assert client.transaction(add) == [2]


def test_transaction_lets_exceptions_through(client):
    def fail(pipe):
        pipe.incr("n")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        client.transaction(fail)
    assert client.get("n") is None


def test_response_callback_is_used_in_pipelines(client):
    client.set("a", "text")
    client.set_response_callback("get", lambda reply, **options: ("mine", reply))
    assert client.get("a") == ("mine", b"text")
    assert client.pipeline().get("a").execute() == [("mine", b"text")]


# What redis-py has no say in.


def test_pipeline_works_in_the_database_of_its_handle(db):
    db.select(3)
    db.pipeline().set("a", 1).execute()
    assert db.get("a") == b"1"
    db.select(0)
    assert db.pipeline().get("a").execute() == [None]


def test_exceptions_are_our_own(db):
    db.set("s", 1)
    with pytest.raises(emberkv.ResponseError):
        db.pipeline().lpush("s", 1).execute()
    with pytest.raises(ExecAbortError):
        db.execute_command("MULTI")
        try:
            db.execute_command("NOSUCH")
        except emberkv.ResponseError:
            pass
        db.execute_command("EXEC")


@pytest.mark.parametrize("overridden", ["execute_command", "pipeline_execute_command"])
def test_overridden_method_sees_every_call(db, overridden):
    seen = []

    def override(self, *args, **options):
        seen.append(args[0])
        return getattr(emberkv.Pipeline, overridden)(self, *args, **options)

    loud = type("Loud", (emberkv.Pipeline,), {overridden: override})
    pipe = loud(db, True)
    assert pipe.set("k", 1).get("k").lpush("l", 1).llen("l").execute() == [True, b"1", 1, 1]
    assert seen == ["SET", "GET", "LPUSH", "LLEN"]


def test_pipeline_may_outlive_its_handle(db):
    with db.pipeline() as pipe:
        pipe.watch("a")
        db.close()
    assert not pipe.watching


def test_pipeline_shows_what_it_is(db):
    pipe = db.pipeline().set("a", 1)
    assert repr(pipe) == "<emberkv.pipeline.Pipeline(MULTI/EXEC, 1 queued)>"
