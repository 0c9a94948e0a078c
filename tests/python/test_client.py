"""Handles: opening, closing, what they show, blocks that are undone, and what import costs."""

from __future__ import annotations

import array
import ctypes
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import emberkv
from emberkv.exceptions import ConnectionError, DataError, ResponseError, WatchError


def test_open_gives_an_ember(db):
    assert type(db) is emberkv.Ember
    assert emberkv.Redis is emberkv.Ember
    assert db.path is None
    assert db.closed is False


def test_options_are_named():
    with pytest.raises(TypeError):
        emberkv.open(None, True)


def test_stores_begin_empty(open_db):
    open_db().set("a", 1)
    assert open_db().get("a") is None


def test_decoding(open_db):
    db = open_db(decode_responses=True)
    assert db.set("k", "é") is True
    assert db.get("k") == "é"
    assert db.type("k") == "string"
    assert db.hset("h", mapping={"f": "v"}) == 1
    assert db.hgetall("h") == {"f": "v"}
    assert db.execute_command("SET", "k", b"\xff") is True
    with pytest.raises(UnicodeDecodeError):
        db.get("k")


def test_decoding_with_errors_replaced(open_db):
    db = open_db(decode_responses=True, encoding_errors="replace")
    db.set("k", b"a\xff")
    assert db.get("k") == "a\ufffd"


def test_other_encodings(open_db):
    db = open_db(encoding="latin-1")
    db.set("é", "é")
    assert db.get(b"\xe9") == b"\xe9"
    db = open_db(decode_responses=True, encoding="latin-1")
    db.set("k", "é")
    assert db.strlen("k") == 1
    assert db.get("k") == "é"


def test_dump_is_never_decoded(open_db):
    db = open_db(decode_responses=True)
    db.set("k", "value")
    dumped = db.dump("k")
    assert type(dumped) is bytes
    db.delete("k")
    assert db.restore("k", 0, dumped) == "OK"
    assert db.get("k") == "value"


def test_database_to_begin_in(open_db):
    db = open_db(db=3)
    db.set("k", 1)
    db.select(0)
    assert db.get("k") is None
    db.select(3)
    assert db.get("k") == b"1"


@pytest.mark.parametrize(
    "call",
    [
        lambda db: db.get("k"),
        lambda db: db.set("k", 1),
        lambda db: db.execute_command("PING"),
        lambda db: db.pipeline().set("k", 1).execute(),
        lambda db: db.pipeline().watch("k"),
        lambda db: db.transaction().__enter__(),
    ],
)
def test_closed_handle_raises(open_db, call):
    db = open_db()
    db.set("k", 1)
    db.close()
    assert db.closed
    with pytest.raises(ConnectionError, match="closed"):
        call(db)


def test_closing_twice_is_fine(open_db):
    db = open_db()
    db.close()
    db.close()


def test_handle_closes_with_its_block(open_db):
    with open_db() as db:
        db.set("k", 1)
    assert db.closed


def test_handle_that_could_not_be_opened_can_be_collected():
    db = emberkv.Ember.__new__(emberkv.Ember)
    assert "not open" in repr(db)
    db.close()
    del db


def test_handle_shows_what_it_is(open_db):
    db = open_db()
    assert repr(db) == "<emberkv.client.Ember(in memory db=0)>"
    db.select(2)
    assert repr(db) == "<emberkv.client.Ember(in memory db=2)>"
    db.close()
    assert repr(db) == "<emberkv.client.Ember(closed)>"


def test_command_of_two_words(db):
    assert db.execute_command("CONFIG GET", "maxmemory-policy") == {
        "maxmemory-policy": "noeviction"
    }
    assert db.execute_command("CONFIG", "GET", "maxmemory-policy") == {
        b"maxmemory-policy": b"noeviction"
    }


def test_response_callback_of_ones_own(open_db):
    db, other = open_db(), open_db()
    db.set_response_callback("get", lambda reply, **options: ("mine", reply))
    db.set("k", 1)
    assert db.get("k") == ("mine", b"1")
    assert db.execute_command("GET", "k") == ("mine", b"1")
    assert other.get("k") == b"1" or other.get("k") is None


def test_overridden_execute_command_sees_every_call():
    class Loud(emberkv.Ember):
        def execute_command(self, *args, **options):
            seen.append(args[0])
            return super().execute_command(*args, **options)

    seen = []
    with Loud() as db:
        db.set("k", 1)
        assert db.get("k") == b"1"
        db.lpush("l", 1)
    assert seen == ["SET", "GET", "LPUSH"]


def test_subclass_keeps_its_methods():
    class Mine(emberkv.Ember):
        def get(self, name):
            return "mine"

    with Mine() as db:
        assert db.get("k") == "mine"
        assert type(db.pipeline().get("k")) is emberkv.Pipeline


def test_watch_without_a_pipeline_warns(db):
    with pytest.warns(DeprecationWarning):
        db.watch("k")
    with pytest.warns(DeprecationWarning):
        db.unwatch()


def test_digest_computed_here_needs_its_package(db, monkeypatch):
    monkeypatch.setitem(sys.modules, "xxhash", None)
    with pytest.raises(NotImplementedError, match="xxhash"):
        db.digest_local("v")


# Arguments.


@pytest.mark.parametrize(
    "value",
    [
        bytearray(b"ab"),
        memoryview(b"ab"),
        memoryview(b"a.b.")[::2],
        array.array("B", b"ab"),
        (ctypes.c_char * 2)(b"a", b"b"),
        type("Text", (str,), {})("ab"),
        type("Bytes", (bytes,), {})(b"ab"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_has_bytes_can_be_stored(db, value):
    db.set("k", value)
    assert db.get("k") == b"ab"
    db.delete("k")
    db.sadd("k", value)
    assert db.sismember("k", b"ab") == 1


@pytest.mark.parametrize(
    "value",
    [None, True, ctypes.c_int(5), object(), [b"ab"], {"a": 1}, 1j],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize(
    "call",
    [
        lambda db, value: db.set("k", value),
        lambda db, value: db.get(value),
        lambda db, value: db.sadd("k", b"x", value),
        lambda db, value: db.hset("k", "f", value),
        lambda db, value: db.zadd("k", {"m": value}),
        lambda db, value: db.mset({"k": value}),
        lambda db, value: db.append("k", value),
        lambda db, value: db.execute_command("SET", "k", value),
        lambda db, value: db.pipeline().set("k", 1).set("k", value).execute(),
    ],
    ids="set get sadd hset zadd mset append execute_command pipeline".split(),
)
def test_whatever_has_none_is_refused(db, value, call):
    with pytest.raises(DataError) as caught:
        call(db, value)
    assert str(caught.value) == (
        f"Invalid input of type: '{type(value).__name__}'. "
        "Convert to a bytes, string, int or float first."
    )
    assert db.dbsize() == 0


# Blocks that are undone.


def test_block_that_ends_well_keeps_its_changes(db):
    with db.transaction() as same:
        assert same is db
        db.set("a", 1)
        assert db.incr("a") == 2
    assert db.get("a") == b"2"


def test_block_that_raises_is_undone(db):
    db.set("a", "before")
    db.rpush("l", 1, 2)
    with pytest.raises(ZeroDivisionError):
        with db.transaction():
            db.set("a", "inside")
            db.lpop("l")
            db.set("new", 1, ex=100)
            db.flushdb()
            raise ZeroDivisionError
    assert db.get("a") == b"before"
    assert db.lrange("l", 0, -1) == [b"1", b"2"]
    assert db.exists("new") == 0


def test_error_that_is_caught_inside_undoes_nothing(db):
    with db.transaction():
        db.set("a", 1)
        with pytest.raises(ResponseError):
            db.lpush("a", 1)
        db.set("b", 2)
    assert db.mget("a", "b") == [b"1", b"2"]


def test_inner_block_is_undone_by_itself(db):
    with db.transaction():
        db.set("outer", 1)
        with pytest.raises(ZeroDivisionError):
            with db.transaction():
                db.set("inner", 1)
                db.set("outer", 2)
                raise ZeroDivisionError
        assert db.get("outer") == b"1"
        db.set("after", 1)
    assert db.mget("outer", "inner", "after") == [b"1", None, b"1"]


def test_outer_block_undoes_the_inner_one_too(db):
    with pytest.raises(ZeroDivisionError):
        with db.transaction():
            with db.transaction():
                db.set("inner", 1)
            raise ZeroDivisionError
    assert db.get("inner") is None


def test_keyboard_interrupt_undoes_the_block(db):
    with pytest.raises(KeyboardInterrupt):
        with db.transaction():
            db.set("a", 1)
            raise KeyboardInterrupt
    assert db.get("a") is None


def test_pipeline_inside_a_block_is_undone_with_it(db):
    with pytest.raises(ZeroDivisionError):
        with db.transaction():
            db.pipeline().set("a", 1).execute()
            assert db.get("a") == b"1"
            raise ZeroDivisionError
    assert db.get("a") is None


def test_threads_share_a_handle(db):
    def count():
        for _ in range(100):
            db.incr("n")
            with db.pipeline() as pipe:
                pipe.incr("m").incr("m").execute()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.mget("n", "m") == [b"400", b"800"]


def test_very_many_keys_are_watched_at_once(db):
    """Each is compared with those that somebody watches, and not with all: that took minutes."""
    began = time.monotonic()
    with db.pipeline() as pipe:
        pipe.watch(*range(200_000), *range(100))
        assert db.set(199_999, "changed")
        pipe.multi()
        pipe.set("done", 1)
        with pytest.raises(WatchError):
            pipe.execute()
    assert not db.exists("done")
    assert time.monotonic() - began < 30


# What import costs.


def test_import_takes_nothing_heavy_with_it():
    code = (
        "import sys; before = set(sys.modules); import emberkv; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {
        "typing",
        "datetime",
        "enum",
        "re",
        "inspect",
        "dataclasses",
        "asyncio",
        "numpy",
        "lupa",
        "msgpack",
        "redis",
        "textwrap",
        "functools",
    }


def test_everything_that_is_exported_is_there():
    for name in emberkv.__all__:
        assert hasattr(emberkv, name)
    with pytest.raises(AttributeError):
        emberkv.nothing  # noqa: B018


def test_version_is_the_projects():
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'\nversion = "{emberkv.__version__}"\n' in project


WRITES = {
    "mset": lambda db, items: db.mset(items),
    "hset": lambda db, items: db.hset("key", mapping=items),
    "zadd": lambda db, items: db.zadd("key", dict.fromkeys(items, 1)),
    "xadd": lambda db, items: db.xadd("key", items),
}
READS = {
    "mset": lambda db, items: dict(zip(items, db.mget(list(items)), strict=True)),
    "hset": lambda db, items: db.hgetall("key"),
    "zadd": lambda db, items: dict.fromkeys(db.zrange("key", 0, -1)),
    "xadd": lambda db, items: db.xrange("key")[0][1],
}


@pytest.mark.parametrize("name", WRITES)
def test_arguments_stand_while_a_call_waits_for_the_lock(open_db, tmp_path, name):
    """Another thread empties the mapping meanwhile."""
    db, other = open_db(tmp_path / "app.ember"), open_db(tmp_path / "app.ember")
    expected = {b"name %d" % i: b"value %d" % i + b"x" * 600 for i in range(5)}
    mapping = {bytes(bytearray(k)): bytes(bytearray(v)) for k, v in expected.items()}
    with other.transaction():
        writer = threading.Thread(target=WRITES[name], args=(db, mapping))
        writer.start()
        writer.join(0.05)  # it waits for the block's end
        mapping.clear()
        assert len([bytes(bytearray(b"y" * n)) for n in range(700) for _ in range(9)]) == 6300
    writer.join(20)
    read = READS[name](db, expected)
    assert read == (dict.fromkeys(expected) if name == "zadd" else expected)


def test_items_that_nobody_keeps_are_kept(open_db):
    class Made(dict):
        def items(self):
            return ((b"k%d" % i, b"v%d" % i + b"x" * 600) for i in range(500))

    db = open_db()
    assert db.mset(Made(a=b"1"))
    names = [b"k%d" % i for i in range(500)]
    assert db.mget(names) == [b"v%d" % i + b"x" * 600 for i in range(500)]


def test_select_in_a_block_that_is_undone_is_undone(db):
    db.client_setname("it")
    with pytest.raises(KeyError), db.transaction():
        db.select(3)
        db.set("k", 1)
        raise KeyError
    db.set("here", 1)
    assert db.client_info()["db"] == 0
    assert db.get("here") == b"1" and db.exists("here")
    with db.transaction():
        db.select(3)
        with pytest.raises(KeyError), db.transaction():
            db.select(5)
            raise KeyError
        assert db.client_info()["db"] == 3
    assert db.client_info()["db"] == 3 and db.get("here") is None


def test_submodules_that_import_leaves_out_are_there_when_they_are_asked_for():
    script = "import emberkv; print(emberkv.asyncio.Ember.__name__, emberkv.metrics.__name__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "Ember emberkv.metrics\n", done.stderr
