"""HGET and SISMEMBER read without the lock: the same answers as under it, whoever writes."""

import random
import subprocess
import sys

import pytest

import emberkv

WORDS = [b"1", b"-7", b"70000", b"a", b"bc", b"x" * 40, b"y" * 70, b"z" * 300, b"", b"w" * 5000]


@pytest.mark.parametrize("seed", range(10))
def test_peek_agrees_with_the_command(seed):
    choice = random.Random(seed)
    with emberkv.open() as db:
        db.set(b"string", b"s")
        db.hset(b"gone", b"a", b"1")
        db.pexpire(b"gone", 1)
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


WRITER = """
import sys, emberkv
db = emberkv.open(sys.argv[1])
print("ready", flush=True)
for i in range(1200):
    n = (1, 40, 300, 700)[i % 4]
    with db.pipeline() as p:
        p.delete("h", "t")
        p.hset("h", mapping={f"f{j}": f"f{j}:" + "v" * (i * 7 % 90) for j in range(n)})
        p.sadd("t", *(range(0, 2 * n, 2) if i % 8 < 4 else [f"m{j}" for j in range(0, n)]))
        p.execute()
db.close()
"""


def test_peek_while_another_process_writes(tmp_path):
    path = str(tmp_path / "shared.ember")
    with emberkv.open(path) as db:
        db.hset("h", "f0", "f0:")
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
        reads = 0
        while writer.poll() is None:
            for j in (0, 3, 39, 250, 699):
                value = db.hget("h", f"f{j}")
                assert value is None or value.rstrip(b"v") == b"f%d:" % j
                assert db.sismember("t", f"n{j}") == 0
                reads += 1
            assert db.hget("h", "f0") is not None
        assert writer.wait() == 0 and reads > 100
        writer.stdout.close()
        assert db.hget("h", "f0") is not None
