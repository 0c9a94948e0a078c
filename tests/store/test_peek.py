"""Reads that do not take the lock: they give what the commands under it give, at any moment."""

import multiprocessing
import random
import threading
import time

import pytest

import emberkv

DIGITS = [b"0", b"-1", b"127", b"128", b"4095", b"-4097", b"65536", b"8388608", b"-2147483649"]
TEXTS = [b"", b"a", b"01", b"-0", b"x" * 63, b"x" * 64, b"\0\xff" * 20, b"1e3"]


def numbered(n, size=1):
    return {b"f%d" % i: b"%0*d" % (size, i) for i in range(n)}


HASHES = {
    b"hash": numbered(3),
    b"hash of digits": {d: d for d in DIGITS},
    b"hash of texts": {t: t for t in TEXTS},
    b"hash that just fits": numbered(512),
    b"hash that does not": numbered(513),
    b"hash with a long value": {**numbered(3), b"long": b"x" * 65},
    b"hash with a long field": {**numbered(3), b"f" * 65: b"v"},
    b"hash with lengths at the limits": {
        b"f" * n: b"v" * m for n in (1, 126, 127, 128, 1024, 1025) for m in (n, 254, 255, 256)
    },
    b"hash of large values": {b"f%d" % n: b"v" * n for n in (1023, 1024, 5000, (1 << 20) + 1)},
    b"k" * 254: numbered(3),
    b"k" * 255: numbered(30, 20),
    b"k" * 256: numbered(3, 70),
    b"k" * 1024: numbered(3),
    b"k" * 1025: numbered(3),
    b"": numbered(3),
}
SETS = {
    b"set of one": [b"1"],
    b"set of 16 bits": [b"%d" % (i * 3) for i in range(200)],
    b"set of 32 bits": [b"%d" % (i * 70000) for i in range(300)],
    b"set of 64 bits": [b"-9223372036854775808", b"9223372036854775807", b"0"],
    b"set that just fits": [b"%d" % i for i in range(512)],
    b"set that does not": [b"%d" % i for i in range(513)],
    b"set of texts": TEXTS,
    b"set of long members": [b"m" * n for n in (253, 254, 255, 256, 1024, 1025, 5000)],
    b"set of many": [b"member:%d" % i for i in range(20000)],
}
SCORES = [
    0,
    -0.0,
    1,
    -1,
    1.5,
    0.1,
    1e300,
    -1e-300,
    2**53,
    2.0**62,
    2.0**63,
    float("inf"),
    -float("inf"),
]
ZSETS = {
    b"zset": {b"a": 1, b"b": 2},
    b"zset of scores": {b"m%d" % i: score for i, score in enumerate(SCORES)},
    b"zset that just fits": {b"m%d" % i: i / 3 for i in range(128)},
    b"zset that does not": {b"m%d" % i: i / 3 for i in range(129)},
    b"big zset of scores": {b"m" * (i + 60): score for i, score in enumerate(SCORES)},
    b"zset of digits": {d: i for i, d in enumerate(DIGITS)},
    b"zset of long members": {
        b"m" * n: n for n in (0, 63, 64, 65, 253, 254, 255, 256, 1024, 1025, 4000)
    },
    b"zset of many": {b"member:%d" % i: i * 0.5 for i in range(20000)},
}
LISTS = {
    b"list": [b"a", b"b"],
    b"list of many": [b"%d" % i for i in range(5000)],
    b"list of texts": TEXTS,
    b"list of long elements": [b"e" * n for n in (5000, 9000, 4095, 4096, 0, (1 << 20) + 1)],
    b"list of many nodes": [b"%0*d" % (1000, i) for i in range(2000)],
}
STRINGS = {
    b"string": b"x",
    b"number": b"12",
    b"long string": b"x" * 5000,
    b"huge": b"x" * (3 << 20),
}


def fill(db):
    for key, fields in HASHES.items():
        db.hset(key, mapping=fields)
    for key, members in SETS.items():
        db.sadd(key, *members)
    for key, scores in ZSETS.items():
        db.zadd(key, scores)
    for key, values in LISTS.items():
        db.rpush(key, *values)
    for key, value in STRINGS.items():
        db.set(key, value)


ELEMENTS = {**HASHES, **SETS, **ZSETS, **LISTS, **STRINGS, b"missing": []}
MISSES = [b"none", b"f", b"99999", b"f513", b"m", b"n" * 300, b"n" * 2000]
OF_ELEMENT = {
    name: name.upper() for name in ("hget", "hexists", "sismember", "zscore", "zrank", "zrevrank")
}
RANGES = [(0, 0), (0, 9), (0, -1), (-3, -1), (5, 2), (-9999, 3), (2, 9999), (9999, 99999)]
RANGES += [(2500, 2600), (4000, 4511), (4000, 4512), (-600, -300), (1 << 62, -(1 << 62))]
OF_KEY = {
    "get": "GET",
    "exists": "EXISTS",
    "llen": "LLEN",
    "hlen": "HLEN",
    "scard": "SCARD",
    "zcard": "ZCARD",
}


def said(call, *args):
    """The result and its type, or the error and its text."""
    try:
        result = call(*args)
    except emberkv.RedisError as error:
        return type(error), str(error)
    return type(result), result, str(result)


def assert_same(db, method, command, *args):
    assert said(getattr(db, method), *args) == said(db.execute_command, command, *args), args


def assert_all_same(db, keys=ELEMENTS):
    for key in keys:
        for method, command in OF_KEY.items():
            assert_same(db, method, command, key)
        assert_same(db, "hgetall", "HGETALL", key)
        for start, stop in RANGES:
            assert_same(db, "lrange", "LRANGE", key, start, stop)
            assert_same(db, "zrange", "ZRANGE", key, start, stop)
        elements = list(ELEMENTS.get(key, []))
        some = elements if len(elements) < 1000 else random.Random(1).sample(elements, 200)
        for element in [*some[:600], *MISSES]:
            for method, command in OF_ELEMENT.items():
                assert_same(db, method, command, key, element)


@pytest.fixture(params=["private", "shared"])
def path(request, tmp_path):
    return None if request.param == "private" else tmp_path / "app.ember"


@pytest.fixture
def db(path):
    with emberkv.open(path) as one:
        fill(one)
        yield one


def test_every_encoding_reads_as_under_the_lock(db):
    encodings = {db.object("encoding", key) for key in {**HASHES, **SETS, **ZSETS}}
    assert encodings == {b"listpack", b"hashtable", b"intset", b"skiplist"}
    assert_all_same(db)


def test_the_values_are_those_that_were_put(db):
    for key, fields in HASHES.items():
        assert all(db.hget(key, field) == value for field, value in fields.items())
    for key, members in SETS.items():
        assert all(db.sismember(key, member) == 1 for member in members)
    for key, scores in ZSETS.items():
        assert all(db.zscore(key, member) == score for member, score in scores.items())


WORDS = [b"1", b"-7", b"70000", b"a", b"bc", b"x" * 40, b"y" * 70, b"z" * 300, b"", b"w" * 5000]


@pytest.mark.parametrize("seed", range(10))
def test_reads_between_random_changes_agree_with_the_commands(seed):
    choice = random.Random(seed)
    clock = emberkv.Clock(1_000_000)
    with emberkv.open(clock=clock) as db:
        db.set(b"string", b"s")
        db.hset(b"gone", b"a", b"1")
        db.pexpire(b"gone", 1)
        clock.advance(0.002)  # it is there still, and nobody is to see it
        for _ in range(400):
            word, other = choice.choice(WORDS), choice.choice(WORDS)
            many = [b"%d" % i for i in range(choice.choice([3, 600]))]
            db.execute_command(
                *choice.choice(
                    [
                        ("HSET", b"h", word, other),
                        ("HSET", b"h", *(x for m in many for x in (m, word))),
                        ("HDEL", b"h", word, *many),
                        ("HEXPIRE", b"h", 1000, "FIELDS", 1, word),
                        ("DEL", b"h"),
                        ("SADD", b"t", *many),
                        ("SADD", b"t", word),
                        ("SREM", b"t", word, *many),
                        ("EXPIRE", choice.choice([b"h", b"t"]), 1000),
                    ]
                )
            )
            probe = choice.choice([*WORDS, b"2", b"599"])
            for key in (b"h", b"missing", b"gone"):
                assert db.hget(key, probe) == db.execute_command("HGET", key, probe)
            for key in (b"t", b"missing"):
                assert db.sismember(key, probe) == db.execute_command("SISMEMBER", key, probe)
        for call in (db.hget, db.sismember):
            with pytest.raises(emberkv.exceptions.ResponseError, match="WRONGTYPE"):
                call(b"string", b"f")


def test_a_key_that_expires_reads_as_under_the_lock(path):
    clock = emberkv.Clock(1_000_000)
    with emberkv.open(path, clock=clock) as db:
        fill(db)
        keys = [k for k in ELEMENTS if len(k) < 300 and len(ELEMENTS[k]) < 600]
        for key in keys:
            db.pexpire(key, 1000)
        assert_all_same(db, keys)
        clock.advance(0.999)
        assert db.hget(b"hash", b"f1") == b"1"
        clock.advance(0.001)
        for key in keys:
            assert db.hget(key, b"f1") is None
            assert db.zscore(key, b"a") is None
            assert db.sismember(key, b"1") == db.exists(key) == db.hlen(key) == 0
        assert_all_same(db, keys)


@pytest.mark.parametrize("size", [3, 600])
def test_a_field_that_expires_reads_as_under_the_lock(path, size):
    clock = emberkv.Clock(1_000_000)
    with emberkv.open(path, clock=clock) as db:
        db.hset(b"h", mapping=numbered(size))
        db.hpexpire(b"h", 1000, b"f1")
        assert db.hget(b"h", b"f1") == b"1"
        clock.advance(1)
        assert db.hget(b"h", b"f1") is None
        assert db.hexists(b"h", b"f1") is False
        assert db.hget(b"h", b"f2") == b"2"
        assert db.hlen(b"h") == size - 1
        db.hpexpire(b"h", 1000, *[f for f in numbered(size) if f != b"f1"])
        clock.advance(1)
        assert db.hget(b"h", b"f2") is None
        assert db.hlen(b"h") == db.exists(b"h") == 0


def test_arguments_of_other_types(db):
    db.hset("7", mapping={"8": "v", "1.5": "w", "é": "é"})
    db.sadd("s", 8, 1.5, "é")
    db.zadd("z", {"8": 1, "é": 2})
    assert db.hget("7", "8") == db.hget(7, 8) == db.hget(bytearray(b"7"), memoryview(b"8")) == b"v"
    assert db.hget(7, 1.5) == b"w"
    assert db.hget("7", "é") == db.hget(name="7", key="é") == "é".encode()
    assert db.sismember("s", 8) == db.sismember("s", "é") == db.sismember("s", 1.5) == 1
    assert db.zscore("z", 8) == 1
    assert db.zscore("z", "é") == db.zscore(name="z", value="é") == 2
    assert db.hlen(7) == db.hlen("7") == 3
    assert db.exists(7, "7", "no") == 2
    with pytest.raises(emberkv.DataError):
        db.hget("7", None)
    with pytest.raises(TypeError):
        db.hget("7")


def test_decoded_results(path):
    with emberkv.open(path, decode_responses=True) as db:
        db.hset("h", mapping={"f": "é", "n": 12, "long": "ü" * 100})
        db.zadd("z", {"é": 1.5})
        assert (db.hget("h", "f"), db.hget("h", "n")) == ("é", "12")
        assert db.hget("h", "long") == "ü" * 100
        assert db.hget("h", "no") is None
        assert db.zscore("z", "é") == 1.5
        db.hset("h", "f", b"\xff")
        db.set("k", b"\xff")
        for read in (lambda: db.hget("h", "f"), lambda: db.get("k")):
            with pytest.raises(UnicodeDecodeError):
                read()


def test_calls_inside_multi_wait_for_exec(db):
    db.execute_command("MULTI")
    queued = [
        db.hget(b"hash", b"f1"),
        db.sismember(b"set of one", b"1"),
        db.zscore(b"zset", b"b"),
    ]
    db.llen(b"list")
    assert [bytes(q) for q in queued] == [b"QUEUED"] * 3
    assert db.execute_command("EXEC") == [b"1", 1, 2.0, 2]
    assert db.hget(b"hash", b"f1") == b"1"


def test_a_transaction_reads_what_it_wrote(db):
    with pytest.raises(ZeroDivisionError), db.transaction():
        assert db.hget(b"hash", b"f1") == b"1"
        db.hset(b"hash", b"f1", b"new")
        db.sadd(b"set of one", b"2")
        db.zadd(b"zset", {b"a": 7})
        db.rpush(b"list", b"c")
        assert db.hget(b"hash", b"f1") == b"new"
        assert db.sismember(b"set of one", b"2") == 1
        assert db.zscore(b"zset", b"a") == 7
        assert (db.llen(b"list"), db.scard(b"set of one")) == (3, 2)
        raise ZeroDivisionError
    assert db.hget(b"hash", b"f1") == b"1"
    assert db.sismember(b"set of one", b"2") == 0
    assert db.zscore(b"zset", b"a") == 1
    assert (db.llen(b"list"), db.scard(b"set of one")) == (2, 1)


def test_another_database_and_a_closed_store(path):
    with emberkv.open(path) as db:
        db.hset("h", "f", "0")
        db.execute_command("SELECT", 1)
        assert db.hget("h", "f") is None
        db.hset("h", "f", "1")
        assert db.hget("h", "f") == b"1"
        db.swapdb(0, 1)
        assert db.hget("h", "f") == b"0"
    with pytest.raises(emberkv.ConnectionError):
        db.hget("h", "f")


def test_reads_do_not_wait_for_who_holds_the_lock(db):
    """A block that has written nothing yet keeps nobody from reading."""
    ready, done = threading.Event(), threading.Event()

    def hold():
        with db.transaction():
            ready.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert ready.wait(30)
    results = []

    def read():
        for key in HASHES:
            if len(key) <= 255:
                results.extend([db.hexists(key, b"f1"), db.hget(key, b"f2"), db.hlen(key)])
        for key, members in SETS.items():
            assert db.sismember(key, members[0]) == 1
        for key, scores in ZSETS.items():
            member = next(iter(scores))
            assert db.zscore(key, member) == scores[member]
        results.append([db.llen(b"list"), db.scard(b"set of one"), db.zcard(b"zset")])
        results.append([db.exists(b"list"), db.exists(b"no"), db.get(b"string")])

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(20)
    waited = reader.is_alive()
    done.set()
    holder.join()
    reader.join()
    assert not waited
    assert results[-2:] == [[2, 1, 2], [1, 0, b"x"]]


# One process changes a store while others read it. Every value says which version it is of, all
# that a key holds is replaced at once, and versions only rise: whoever sees parts of two versions,
# something missing, or a version older than one it saw, has read what never was.

SIZES = [4, 9, 40, 64, 100, 300, 1500, 5000]
KEYS = [b"h%d" % i for i in range(4)]


def value_of(version, field):
    word = b"%010d" % version
    return word * (SIZES[(version + field) % len(SIZES)] // 10 + 1)


def version_in(value, field):
    version = int(value[:10])
    assert value == value_of(version, field), value[:200]
    return version


def rewrite(db, key, version):
    choice = random.Random(version)
    fields = {b"%d" % i: value_of(version, i) for i in range(4)}
    if choice.random() < 0.3:  # all in a listpack
        fields = {f: b"%010d" % version for f in fields}
    fill_up = range(choice.choice([0, 0, 3, 30, 700]))
    with db.pipeline() as pipe:
        if choice.random() < 0.7:
            pipe.delete(b"z" + key, b"s" + key, key)
        pipe.hset(key, mapping=fields)
        pipe.zadd(b"z" + key, {b"anchor": version})
        pipe.sadd(b"s" + key, 123456)
        pipe.delete(b"l" + key)
        pipe.rpush(b"l" + key, *[b"%0*d" % (choice.choice([10, 60]), version)] * 60)
        if fill_up:
            pipe.hset(key, mapping={b"more%d" % i: b"%d" % i for i in fill_up})
            pipe.zadd(b"z" + key, {b"more%d" % i: version + i for i in fill_up})
            pipe.sadd(b"s" + key, *[i * choice.choice([1, 1000, 10**12]) for i in fill_up])
        if choice.random() < 0.3:
            pipe.sadd(b"s" + key, b"text")
        if choice.random() < 0.2:
            pipe.set(b"other%d" % choice.randrange(50), b"x" * choice.randrange(5000))
            pipe.delete(b"other%d" % choice.randrange(50))
        pipe.execute()


def write_until(path, seconds, first):
    db = emberkv.open(path)
    end, version = time.monotonic() + seconds, first
    while time.monotonic() < end:
        version += 1
        rewrite(db, random.choice(KEYS), version)
    return version - first


def read_until(path, seconds):
    db = emberkv.open(path)
    seen = dict.fromkeys([*KEYS, *(b"z" + k for k in KEYS)], 0)
    end, reads = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for _ in range(100):
            key, field = random.choice(KEYS), random.randrange(4)
            value = db.hget(key, b"%d" % field)
            assert value is not None
            plain = len(value) == 10
            version = int(value) if plain else version_in(value, field)
            assert version >= seen[key]
            seen[key] = version
            assert db.hget(key, b"never") is None
            score = db.zscore(b"z" + key, b"anchor")
            assert score is not None and score == int(score) and score >= seen[b"z" + key]
            assert db.zrank(b"z" + key, b"anchor") is not None
            seen[b"z" + key] = score
            assert db.sismember(b"s" + key, 123456) == 1
            assert db.sismember(b"s" + key, 123457) == 0
            assert db.sismember(b"s" + key, b"never") == 0
            assert db.exists(key) == 1
            fields = db.hgetall(key)
            assert len({fields[b"%d" % i][:10] for i in range(4)}) == 1
            elements = db.lrange(b"l" + key, -50, -10)
            assert len(elements) == 41 and len(set(elements)) == 1
            first = db.zrange(b"z" + key, 0, 99)
            assert first and len(set(first)) == len(first)
            assert db.hlen(key) >= 4 and db.zcard(b"z" + key) >= 1 and db.scard(b"s" + key) >= 1
            reads += 1
    return reads


def in_process(results, function, *args):
    try:
        results.put((function.__name__, function(*args), None))
    except BaseException as error:
        results.put((function.__name__, 0, f"{type(error).__name__}: {error}"))


def test_readers_never_see_what_was_not_there(tmp_path):
    path, seconds = tmp_path / "app.ember", 3
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    with emberkv.open(path) as db:
        for version, key in enumerate(KEYS, 1):
            rewrite(db, key, version)
        works = [(write_until, path, seconds, len(KEYS))] + [(read_until, path, seconds)] * 2
        processes = [fork.Process(target=in_process, args=(results, *work)) for work in works]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * len(processes)
        told = [results.get() for _ in processes]
        assert [error for _, _, error in told if error] == []
        assert all(count > 100 for _, count, _ in told), told
        assert db._store.check()
