"""How users write emberkv, checked by mypy and not run; see test_types.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from typing_extensions import assert_type

import emberkv

db = emberkv.open()
assert_type(db, emberkv.Ember[bytes])
assert_type(db.get("k"), bytes | None)
assert_type(emberkv.from_url("ember://"), emberkv.Ember[Any])
assert_type(db["k"], bytes)
assert_type(db.mget("a", b"b", 3), list[bytes | None])
assert_type(db.hgetall("h"), dict[bytes, bytes])
assert_type(db.smembers("s"), set[bytes])
assert_type(db.incr("n"), int)
assert_type(db.zscore("z", "m"), float | None)
assert_type(db.scan(), tuple[int, list[bytes]])
assert_type(db.time(), tuple[int, int])
assert_type(db.blpop("l", timeout=0.5), tuple[bytes, bytes] | None)

text = emberkv.open("app.ember", decode_responses=True, databases=4, max_bytes=2**30)
assert_type(text, emberkv.Ember[str])
assert_type(text.get("k"), str | None)
assert_type(text.hgetall("h"), dict[str, str])
assert_type(next(text.scan_iter("a*")), str)

db.set("k", "v", ex=timedelta(minutes=1), nx=True)
db.set(b"k", memoryview(b"v"), exat=datetime(2030, 1, 1))
db.set(bytearray(b"k"), 1.5)
db.expire("k", 10, gt=True)
db.zadd("z", {"m": 1, b"n": 2.5})
db.zrange("z", 0, -1, withscores=True, score_cast_func=int)
db.hset("h", mapping={"f": 1, b"g": "v"})
db.msetex({"a": 1}, data_persist_option=emberkv.DataPersistOptions.NX, ex=10)

with db.pipeline() as pipe:
    pipe.incr("n").expire("n", 10).zadd("z", {"m": 1})
    assert_type(pipe.execute(), list[Any])
    pipe.watch("n")
    count = int(pipe.get("n"))

with db.transaction() as inner:
    assert_type(inner, emberkv.Ember[bytes])

with text.transaction(), text:
    text.incr("n")


def add(pipe: emberkv.Pipeline[bytes]) -> str:
    pipe.multi()
    pipe.incr("n")
    return "added"


db.transaction(add, "n", value_from_callable=True)
clock = emberkv.Clock()
clock.now_ms = 1_000
clock.advance(1.5)
fake = emberkv.Redis(clock=clock)
assert_type(fake, emberkv.Ember[bytes])
copy = db.fork()
assert_type(copy, emberkv.Ember[bytes])

try:
    db.lpush("k", 1)
except emberkv.exceptions.ResponseError as error:
    assert_type(error.status_code, str | None)

# These are mistakes.
db.set("k", None)  # type: ignore[arg-type]
db.set("k", ["v"])  # type: ignore[arg-type]
db.get()  # type: ignore[call-arg]
db.expire("k", "soon")  # type: ignore[arg-type]
db.zadd("z", {"m": None})  # type: ignore[dict-item]
pipe.incr("n", amount="x")  # type: ignore[arg-type]
emberkv.open(decode_responses="yes")  # type: ignore[call-overload]
