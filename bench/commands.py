"""One call of each command: how long it takes here, and at every peer that has the command."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.peers import Store
from bench.timing import Contender

VALUE = bytes(range(33, 97))
assert len(VALUE) == 64


def key(i: int) -> bytes:
    return b"key:%012d" % i


@dataclass(frozen=True)
class Row:
    """One command under one condition.

    `fill(store)` lays the data once; `arguments(n)` gives n argument tuples (single arguments when
    arity is 1); `before(store, arguments)` is run untimed ahead of each batch.
    """

    name: str
    condition: str
    method: str
    arity: int
    fill: Callable[[Store], None]
    arguments: Callable[[int], Sequence[Any]]
    before: Callable[[Store, Sequence[Any]], None] = lambda store, arguments: None
    at_most: int = 100_000


def contender(row: Row, store: Store) -> Contender | None:
    """The row at this store, or None where the store lacks the command."""
    call = store.method(row.method)
    if call is None:
        return None
    try:
        row.fill(store)
        one = row.arguments(1)
        row.before(store, one)
        store.loops[row.arity](call, one)
    except (AttributeError, NotImplementedError):
        return None
    return Contender(
        store.name,
        store.loops[row.arity],
        call,
        row.arguments,
        lambda arguments: row.before(store, arguments),
    )


def _cycle(items: Sequence[Any]) -> Callable[[int], list[Any]]:
    """n arguments out of `items`, from the start, going round as often as it takes."""

    def arguments(n: int) -> list[Any]:
        whole, rest = divmod(n, len(items))
        return [*(list(items) * whole), *items[:rest]]

    return arguments


def _shuffled(items: Sequence[Any]) -> list[Any]:
    items = list(items)
    random.Random(11).shuffle(items)
    return items


def _fill_strings(count: int) -> Callable[[Store], None]:
    def fill(store: Store) -> None:
        for i in range(count):
            store.do("set", key(i), VALUE)

    return fill


def _fill_counters(store: Store) -> None:
    for i in range(10_000):
        store.do("set", b"n:%d" % i, b"1")


def _fill_hashes(store: Store) -> None:
    for h in range(1_000):
        for f in range(10):
            store.do("hset", b"h:%d" % h, b"field:%d" % f, VALUE)


def _fill_wide_hash(store: Store) -> None:
    for f in range(100):
        store.do("hset", b"wide", b"field:%d" % f, VALUE)


def _fill_set(store: Store) -> None:
    for i in range(10_000):
        store.do("sadd", b"members", b"member:%08d" % i)


def _fill_zset(store: Store) -> None:
    for i in range(100_000):
        store.do("zadd", b"board", {b"member:%08d" % i: float(i)})


def _fill_list(store: Store) -> None:
    store.do("delete", b"items")
    for _ in range(1_000):
        store.do("rpush", b"items", VALUE)


def _fresh_list(store: Store, arguments: Sequence[Any]) -> None:
    store.do("delete", b"queue")
    store.do("lpush", b"queue", VALUE)


def _queue_to_pop(store: Store, arguments: Sequence[Any]) -> None:
    store.do("delete", b"queue")
    for _ in range(len(arguments) + 1):
        store.do("rpush", b"queue", VALUE)


def _fresh_set(store: Store, arguments: Sequence[Any]) -> None:
    store.do("delete", b"growing")
    store.do("sadd", b"growing", b"first")


def _nothing(store: Store) -> None:
    pass


_HOT = _shuffled([key(i) for i in range(1_000)])
_KEYS = _shuffled([key(i) for i in range(10_000)])
_FIELDS = _shuffled([(b"h:%d" % h, b"field:%d" % f) for h in range(1_000) for f in range(10)])
_MEMBERS = _shuffled([b"member:%08d" % i for i in range(100_000)])
_SET_MEMBERS = _shuffled([b"member:%08d" % i for i in range(10_000)])

ROWS: tuple[Row, ...] = (
    Row("GET", "1,000 hot keys", "get", 1, _fill_strings(1_000), _cycle(_HOT)),
    Row(
        "SET",
        "overwrite, 10,000 keys in random order",
        "set",
        2,
        _fill_strings(10_000),
        _cycle([(k, VALUE) for k in _KEYS]),
    ),
    Row(
        "INCR",
        "10,000 counters in random order",
        "incr",
        1,
        _fill_counters,
        _cycle(_shuffled([b"n:%d" % i for i in range(10_000)])),
    ),
    Row("HGET", "1,000 hashes of 10 fields", "hget", 2, _fill_hashes, _cycle(_FIELDS)),
    Row(
        "HSET",
        "overwrite, 1,000 hashes of 10 fields",
        "hset",
        3,
        _fill_hashes,
        _cycle([(h, f, VALUE) for h, f in _FIELDS]),
    ),
    Row(
        "LPUSH",
        "one growing list",
        "lpush",
        2,
        _nothing,
        _cycle([(b"queue", VALUE)]),
        _fresh_list,
    ),
    Row("RPOP", "one list, emptied", "rpop", 1, _nothing, _cycle([b"queue"]), _queue_to_pop, 20_000),
    Row(
        "SADD",
        "new members, one growing set",
        "sadd",
        2,
        _nothing,
        _cycle([(b"growing", m) for m in _MEMBERS]),
        _fresh_set,
    ),
    Row(
        "SISMEMBER",
        "10,000 members, all present",
        "sismember",
        2,
        _fill_set,
        _cycle([(b"members", m) for m in _SET_MEMBERS]),
    ),
    Row(
        "ZADD",
        "new score, 100,000 members",
        "zadd",
        2,
        _fill_zset,
        _cycle(
            [
                (b"board", {m: float(random.Random(i).randrange(100_000))})
                for i, m in enumerate(_MEMBERS)
            ]
        ),
    ),
    Row(
        "ZSCORE",
        "100,000 members",
        "zscore",
        2,
        _fill_zset,
        _cycle([(b"board", m) for m in _MEMBERS]),
    ),
    Row(
        "ZRANK", "100,000 members", "zrank", 2, _fill_zset, _cycle([(b"board", m) for m in _MEMBERS])
    ),
    Row("ZRANGE 0 9", "100,000 members", "zrange", 3, _fill_zset, _cycle([(b"board", 0, 9)])),
    Row("LRANGE 0 99", "list of 1,000", "lrange", 3, _fill_list, _cycle([(b"items", 0, 99)])),
    Row("HGETALL", "100 fields", "hgetall", 1, _fill_wide_hash, _cycle([b"wide"])),
)
