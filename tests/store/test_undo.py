"""Transactions that are undone leave everything as it was, whatever was changed twice in them."""

import random

import pytest

import emberkv


class Undo(Exception):
    pass


READ = {
    b"string": ("GET",),
    b"hash": ("HGETALL",),
    b"set": ("SMEMBERS",),
    b"list": ("LRANGE", 0, -1),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
}


def dump(db):
    out = {}
    for key in db.keys():
        kind = db.execute_command("TYPE", key)
        kind = kind.encode() if isinstance(kind, str) else kind
        name, *rest = READ[kind]
        out[key] = (
            kind,
            db.execute_command("OBJECT", "ENCODING", key),
            db.execute_command(name, key, *rest),
            db.execute_command("PEXPIRETIME", key),
        )
        if kind == b"hash" and out[key][2]:
            fields = list(out[key][2])
            out[key] += (db.execute_command("HPEXPIRETIME", key, "FIELDS", len(fields), *fields),)
    return out


def undone(db, *commands):
    with pytest.raises(Undo), db.transaction():
        for command in commands:
            db.execute_command(*command)
        raise Undo


def test_undo_of_a_string_that_shrank_and_grew():
    with emberkv.open() as db:
        db.set("k", b"a" * 60)
        undone(db, ("SET", "k", b"b" * 20), ("SET", "k", b"c" * 60))
        assert db.get("k") == b"a" * 60


def test_undo_of_a_field_that_shrank_and_grew():
    with emberkv.open() as db:
        db.hset("h", "f", b"a" * 200)
        undone(db, ("HSET", "h", "f", b"b" * 150), ("HSET", "h", "f", b"c" * 200))
        assert db.hget("h", "f") == b"a" * 200


def test_undo_of_a_block_gives_back_what_it_took_from_where_the_one_around_it_took_some():
    with emberkv.open() as db:
        db.set("key 0", b"a" * 30)
        with db.transaction():  # one size: one page's descriptor, announced by the block around
            db.set("key 1", b"a" * 30)
            undone(db, ("SET", "key 2", b"b" * 30), ("SADD", "s", "x"), ("DEL", "key 1"))
            db.set("key 3", b"c" * 30)
        assert sorted(db.keys()) == [b"key 0", b"key 1", b"key 3"]
        assert db._store.check()
        undone(db, ("SET", "key 2", b"b" * 30))
        assert db._store.check()


WORDS = ["1", "-7", "300", "70000", str(2**40), "a", "bc", "x" * 40, "y" * 70, "z" * 300]


def a_change(choice):
    word = choice.choice(WORDS)
    some = [choice.choice(WORDS) for _ in range(choice.randint(1, 4))]
    many = [str(i) for i in range(choice.choice([5, 40, 200, 600]))]
    return choice.choice(
        [
            ("SET", "s", word * choice.randint(1, 4)),
            ("APPEND", "s", word),
            ("HSET", "h", word, choice.choice(WORDS)),
            ("HSET", "h", *(x for m in many for x in (m, word))),
            ("HDEL", "h", *some),
            ("HDEL", "h", *many),
            ("HEXPIRE", "h", choice.randint(1000, 2000), "FIELDS", len(some), *some),
            ("HPERSIST", "h", "FIELDS", len(some), *some),
            ("HSETEX", "h", "EX", 5000, "FIELDS", 1, word, word),
            ("SADD", "t", *some),
            ("SADD", "t", *many),
            ("SREM", "t", *some),
            ("SREM", "t", *many),
            ("SPOP", "t", 3),
            ("SADD", "u", *(w for w in some if w.lstrip("-").isdigit()), "5"),
            ("SREM", "u", *some),
            ("SUNIONSTORE", "u", "t", "u"),
            ("SDIFFSTORE", "t", "t", "u"),
            ("COPY", "h", "g", "REPLACE"),
            ("MOVE", "g", 1),
            ("EXPIRE", choice.choice("hstug"), choice.randint(100, 200)),
            ("PERSIST", choice.choice("hstug")),
            ("DEL", choice.choice("hstug")),
        ]
    )


@pytest.mark.parametrize("seed", range(30))
def test_undo_of_random_changes(seed):
    choice = random.Random(seed)
    with emberkv.open() as db:
        for _ in range(20):
            for _ in range(choice.randint(0, 12)):
                db.execute_command(*a_change(choice))
            before = dump(db)
            undone(db, *(a_change(choice) for _ in range(choice.randint(1, 12))))
            assert dump(db) == before
            assert db._session.store.check()
