"""Random commands of an unprivileged user never read or change what its rules forbid.

Of each type there are four keys: 1 is the user's, 2 it may only read, 3 only write, 4 is none of
its. What lies in 3 and 4 bears a mark, which must never come out; 2 and 4 must never change.
Commands are drawn from the differential fuzzer's templates, a third of them with an argument
replaced by a key or a number, and run alone, in MULTI, and from a script.

    EMBERKV_SEED=N       the seed (default 1)
    EMBERKV_COMMANDS=N   how many commands (default 6000)
"""

from __future__ import annotations

import os
import random

import pytest
from differential.generate import Generator
from oracle import parse, to_bytes

import emberkv
from emberkv._core import _ember

SEED = int(os.environ.get("EMBERKV_SEED", "1"))
COMMANDS = int(os.environ.get("EMBERKV_COMMANDS", "6000"))
MARK = b"SECRET"
KINDS = "shltzyrpo"
RULES = ["+@all", "-@dangerous", "-@admin", "-@blocking", "+sort", "+keys", "~?1", "%R~?2", "%W~?3"]
SCRIPT = b"local r = redis.pcall(unpack(ARGV)); return r"


class World:
    def __init__(self) -> None:
        self.store = _ember.Store()
        self.owner = _ember.Session(self.store)
        self.refill()
        self.owner.execute(("ACL", "SETUSER", "u", "on", ">p", "resetkeys", *RULES))
        self.user = _ember.Session(self.store)
        self.user.execute(("AUTH", "u", "p"))

    def refill(self) -> None:
        run = self.owner.execute
        run(("FLUSHALL",))
        for n in "1234":
            mark = MARK if n in "34" else b"open"
            run(("SET", f"s{n}", mark + b" text"))
            run(("HSET", f"h{n}", "f1", mark + b"a", mark + b"f", "v", "f2", mark + b"b"))
            run(("RPUSH", f"l{n}", mark + b"a", mark + b"b", "7"))
            run(("SADD", f"t{n}", mark + b"a", mark + b"b", "3"))
            for kind in "zyo":
                run(("ZADD", f"{kind}{n}", 0, mark + b"a", 0, mark + b"b"))
            run(("XADD", f"r{n}", "1-1", mark + b"f", mark + b"v"))
            run(("PFADD", f"p{n}", mark + b"a"))
            run(("PFCOUNT", f"p{n}"))  # keeps what it counted in the value
        self.before = self.digests()

    def digests(self) -> list[bytes]:
        kept = [f"{kind}{n}" for kind in KINDS for n in "24"]
        return self.owner.execute(("DEBUG", "DIGEST-VALUE", *kept))


def disturbed(rng: random.Random, args: list[bytes]) -> list[bytes]:
    """With an argument replaced, doubled or left out."""
    if len(args) > 1 and rng.random() < 0.35:
        at = rng.randrange(1, len(args))
        key = f"{rng.choice(KINDS)}{rng.randrange(1, 5)}".encode()
        word = rng.choice([key, key, key, b"0", b"1", b"2", b"3", b"-1", b"x", b"GET", b"STORE"])
        args[at : at + rng.choice([0, 1, 1, 1])] = [word] * rng.choice([1, 1, 1, 2, 0])
    return args


def test_nothing_forbidden_is_read_or_changed() -> None:
    rng = random.Random(SEED)
    world = World()
    drawn = Generator(rng, keys=4)
    skipped = {b"multi", b"exec", b"discard", b"quit", b"reset", b"auth", b"hello", b"select"}
    tried = 0
    while tried < COMMANDS:
        args = disturbed(rng, list(drawn.words(rng.choices(drawn.lines, drawn.weights)[0])))
        if args[0].lower() in skipped or b"block" in [a.lower() for a in args]:
            continue
        tried += 1
        how = rng.random()
        if how < 0.7:
            requests = [args]
        elif how < 0.85:
            requests = [[b"MULTI"], args, [b"EXEC"]]
        else:
            requests = [[b"EVAL", SCRIPT, b"0", *args]]
        for request in requests:
            reply = world.user.resp([to_bytes(a) for a in request], 3)
            if MARK in reply and not parse(reply)[0].kind == "error":
                pytest.fail(f"seed {SEED}: read by {request!r}: {reply[:300]!r}")
        if world.digests() != world.before:
            pytest.fail(f"seed {SEED}: changed by {requests!r}")
        if tried % 200 == 0:
            world.refill()
    assert world.store.check()


def test_the_fuzzer_sees_a_rule_too_many() -> None:
    world = World()
    world.owner.execute(("ACL", "SETUSER", "u", "~s4"))
    assert MARK in world.user.resp([b"GET", b"s4"], 3)
    world.user.execute(("SET", "s4", "x"))
    assert world.digests() != world.before


def test_the_user_of_the_fuzzer_may_do_what_is_its_own() -> None:
    world = World()
    assert world.user.execute(("GET", "s1")) == b"open text"
    assert world.user.execute(("COPY", "s2", "s3", "REPLACE")) == 1
    with pytest.raises(emberkv.exceptions.NoPermissionError):
        world.user.execute(("COPY", "s4", "s1", "REPLACE"))
