"""Random command sequences over a small pool of keys, fields and values made to collide."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from differential.pair import MIRRORED, Command
from differential.script import expand
from differential.scripts_random import LIBRARY, NOT_WRAPPED, SCRIPTS, WRAPPED
from differential.templates import TEMPLATES

CHOICE = re.compile(r"\[([^\[\]]*)\]")
VARIABLE = re.compile(
    r"\$(fv|lua|lib|nw|id|fr|to|gr|cn|xm|zm|ttl|at|db|lo|hi|la|lb|[shltzyrkfmveincxwpoq])([+*]?)"
)

VALUES = [
    # No value begins with a zero byte: for SORT ALPHA it would tie with the empty one.
    *(b"", b"a", b"hello", b"hello world", b"\xff\x00\r\n", b"caf\xc3\xa9"),
    *(b"0", b"1", b"-1", b"7", b"100", b"12345", b"9223372036854775807", b"-9223372036854775808"),
    *(b"3.5", b"-0.25", b"1e10", b" 1", b"007", b"nan"),
    *(b"x" * 20, b"y" * 44, b"z" * 45, b"v" * 64, b"w" * 65, b"q" * 300),
]
SCORES = "0 1 2 3 -1 -5 0.5 2.5 10 100 1e17 -0 12345678".split()
FAR = 9_000_000_000  # seconds; a moment that no run reaches


def parse_templates(text: str) -> tuple[list[str], list[int]]:
    lines = [line.split(" ", 1) for line in text.splitlines() if line]
    return [line for _, line in lines], [int(weight) for weight, _ in lines]


def template_names() -> set[str]:
    """The commands that the templates can draw, in upper case."""
    names = set()
    for line in parse_templates(TEMPLATES)[0]:
        first = line.split(" ")[0].strip("[]")
        names |= set(first.split("|"))
    return names


class Generator:
    """Draws from `templates`.

    `keys` is how many keys there are of each type; `scale` multiplies the runs of neighbours that
    a command may bring.
    """

    def __init__(
        self, rng: random.Random, templates: str = TEMPLATES, keys: int = 3, scale: int = 1
    ) -> None:
        self.rng = rng
        self.keys = keys
        self.scale = scale
        self.lines, self.weights = parse_templates(templates)
        self.in_multi: set[int] = set()
        self.clock = 1  # of the ids of streams
        self.draw: dict[str, Callable[[], bytes]] = {
            **{kind: (lambda kind=kind: self.key(kind)) for kind in "shltzyrpo"},
            "k": lambda: self.key(rng.choice("shltzr")),
            "nw": self.new_id,
            "id": self.some_id,
            "fr": lambda: rng.choice([b"-", b"0", self.some_id(), b"(" + self.some_id()]),
            "to": lambda: rng.choice([b"+", b"99999", self.some_id(), b"(" + self.some_id()]),
            "gr": lambda: b"g%d" % rng.choice([1, 1, 2, 3]),
            "cn": lambda: b"c%d" % rng.randrange(1, 4),
            "q": self.place,
            "f": self.field,
            "m": self.member,
            "zm": self.field,
            "v": lambda: rng.choice(VALUES),
            "e": lambda: rng.choice(VALUES) if rng.random() < 0.5 else b"%d" % rng.randrange(12),
            "i": lambda: b"%d" % rng.choice([0, 1, 2, 3, -1, -2, -3, 5, 10, -10, 100, -100]),
            "n": lambda: b"%d" % rng.choice([0, 1, 2, 3, 5, 10, 100]),
            "c": lambda: b"%d" % rng.choice([1, -1, 5, -7, 1000, 9223372036854775807]),
            "x": self.score,
            "w": lambda: b"%d" % rng.choice([1, 2, -1, 0, 10]),
            "lo": lambda: rng.choice([b"-inf", b"0", b"(0", b"1", b"(1", b"-3", b"2.5"]),
            "hi": lambda: rng.choice([b"+inf", b"inf", b"3", b"(3", b"10", b"(100", b"200"]),
            "la": lambda: rng.choice([b"-", b"[f1", b"(f1", b"[", b"(f2", b"[f5"]),
            "lb": lambda: rng.choice([b"+", b"[f7", b"(f7", b"[f15", b"(z", b"-"]),
            "ttl": lambda: b"%d" % rng.randrange(200, 100_000),
            "at": lambda: b"%d" % (FAR + rng.randrange(3)),
            "db": lambda: b"%d" % rng.choice([0, 0, 1]),
            "lua": lambda: rng.choice(SCRIPTS),
            "lib": lambda: LIBRARY,
        }

    def key(self, kind: str) -> bytes:
        if kind != "y" and self.rng.random() < 0.03:
            kind = self.rng.choice("shltzr")
        return f"{kind}{self.rng.randrange(1, self.keys + 1)}".encode()

    def new_id(self) -> bytes:
        """An id above those before it, mostly; some without a sequence number."""
        self.clock += self.rng.choice([0, 1, 1, 2])
        form = self.rng.choice([b"%d-%d", b"%d-%d", b"%d-*", b"%d"])
        return form % ((self.clock, self.rng.randrange(3)) if form.count(b"%") > 1 else self.clock)

    def some_id(self) -> bytes:
        ms = self.rng.randrange(max(0, self.clock - 25), self.clock + 2)
        return b"%d-%d" % (ms, self.rng.randrange(3)) if self.rng.random() < 0.8 else b"%d" % ms

    def field(self) -> bytes:
        if self.rng.random() < 0.04:
            return self.rng.choice(VALUES)
        return b"f%d" % self.rng.randrange(16 if self.rng.random() < 0.7 else 300)

    def place(self) -> bytes:
        """A name that says where: no two of them lie in the same place."""
        return b"%d" % self.rng.randrange(200)

    def member(self) -> bytes:
        if self.rng.random() < 0.8:
            return b"%d" % self.rng.randrange(-4, 24)
        return self.field()

    def score(self) -> bytes:
        if self.rng.random() < 0.03:
            return self.rng.choice([b"inf", b"-inf", b"nan", b"x"])
        return self.rng.choice(SCORES).encode()

    def many(self, what: str) -> list[bytes]:
        """Mostly a few; sometimes a run of neighbours that crosses an encoding's threshold."""
        rng = self.rng
        if rng.random() < 0.9 or what == "e" and rng.random() < 0.7:
            drawn = rng.choice([1, 1, 2, 3, 5])
            return [part for _ in range(drawn) for part in self.one(what)]
        first, count = rng.randrange(100), rng.choice([20, 126, 128, 130])
        if what in ("fv", "f"):
            count = rng.choice([count, 400, 520])
        if what == "m":
            name = b"%d" if rng.random() < 0.8 else b"f%d"
            count = rng.choice([count, 400, 513])
        elif what == "e":
            name = rng.choice([b"%d", b"element %d", b"long " * 30 + b"%d"])
        else:
            name = b"f%d"
        names = [name % i for i in range(first, first + count * self.scale)]
        if what == "fv":
            value = rng.choice(VALUES)
            return [part for name in names for part in (name, value)]
        if what == "xm":
            return [part for i, name in enumerate(names) for part in (b"%d" % (i % 50), name)]
        return names

    def one(self, what: str) -> list[bytes]:
        if what == "fv":
            return [self.field(), self.draw["v"]()]
        if what == "xm":
            return [self.score(), self.field()]
        return [self.draw[what]()]

    def words(self, line: str) -> list[bytes]:
        while "[" in line:
            chosen, count = CHOICE.subn(lambda m: self.rng.choice(m[1].split("|")), line)
            if not count:
                break
            line = chosen
        out: list[bytes] = []
        for word in line.split():
            match = VARIABLE.match(word)
            if match is None:
                out += expand(word)
            elif match[2] == "*" and match.end() == len(word) and match[1] not in "sh":
                out += self.many(match[1])
            elif match[2] == "+":
                out += [self.draw[match[1]]() for _ in range(self.rng.randrange(1, 5))]
            else:
                # A pattern such as $s* or $h*->f1, or $ttl000 for milliseconds.
                tail = word[match.start(2) :].encode()
                drawn = self.draw[match[1]]()
                if tail.startswith(b"*"):
                    drawn = drawn[:1]
                out.append(drawn + tail)
        return out

    def command(self) -> Command:
        by = 1 if self.rng.random() < 0.08 else 0
        while True:
            args = tuple(self.words(self.rng.choices(self.lines, self.weights)[0]))
            name = args[0].lower()
            if by in self.in_multi and name in MIRRORED:
                continue
            break
        if name not in NOT_WRAPPED and name not in MIRRORED and self.rng.random() < 0.02:
            args = (b"EVAL", WRAPPED, b"0", *args)
        if name == b"multi":
            self.in_multi.add(by)
        elif name in (b"exec", b"discard"):
            self.in_multi.discard(by)
        elif by in self.in_multi and self.rng.random() < 0.1:
            self.in_multi.discard(by)
            args = (b"EXEC",)
        return Command(args, by)

    def sequence(self, length: int) -> list[Command]:
        return [self.command() for _ in range(length)]
