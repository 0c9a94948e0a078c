"""Timing of one call, repeated, on several stores in turn.

Every store runs the same Python loop over the same arguments, so the loop's own cost is in every
figure alike (`empty` tells how much it is). Stores take turns within a round, in an order that is
shuffled for each round, so that a slow moment of the machine falls on all of them. What is reported
is the median over the rounds, with the quartiles as the spread.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Loop = Callable[[Callable[..., Any], Sequence[Any]], Any]


def loop_0(call, args):
    for _ in args:
        call()


def loop_1(call, args):
    for a in args:
        call(a)


def loop_2(call, args):
    for a, b in args:
        call(a, b)


def loop_3(call, args):
    for a, b, c in args:
        call(a, b, c)


def loop_4(call, args):
    for a, b, c, d in args:
        call(a, b, c, d)


async def _await_0(call, args):
    for _ in args:
        await call()


async def _await_1(call, args):
    for a in args:
        await call(a)


async def _await_2(call, args):
    for a, b in args:
        await call(a, b)


async def _await_3(call, args):
    for a, b, c in args:
        await call(a, b, c)


async def _await_4(call, args):
    for a, b, c, d in args:
        await call(a, b, c, d)


def _driven(coroutine_function):
    """A peer whose awaitables are always ready needs no event loop: one `send` runs it through."""

    def loop(call, args):
        coroutine = coroutine_function(call, args)
        try:
            coroutine.send(None)
        except StopIteration:
            return
        raise RuntimeError("the peer really waited; it needs an event loop")

    return loop


SYNC: tuple[Loop, ...] = (loop_0, loop_1, loop_2, loop_3, loop_4)
AWAIT: tuple[Loop, ...] = tuple(map(_driven, (_await_0, _await_1, _await_2, _await_3, _await_4)))


@dataclass
class Figure:
    """Samples of one store at one row, in nanoseconds a call (or the row's own unit)."""

    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.samples) < 2:
            return self.samples[0], self.samples[0]
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return low, high


@dataclass
class Contender:
    """One store at one row: what to call, with which loop, on how many arguments at a time.

    `arguments(n)` gives n arguments for the loop; `before(arguments)` puts the store into the state
    that the row asks for and is not timed.
    """

    name: str
    loop: Loop
    call: Callable[..., Any]
    arguments: Callable[[int], Sequence[Any]]
    before: Callable[[Sequence[Any]], None] = lambda arguments: None
    calls_in_one: int = 1
    count: int = 0
    waits: bool = False  # for another process, so that its own processor time says little


Clock = Callable[[], int]


def timed(contender: Contender, count: int, clock: Clock = time.perf_counter_ns) -> float:
    """Nanoseconds for one call, from one pass over `count` arguments."""
    if contender.waits:
        clock = time.perf_counter_ns
    arguments = contender.arguments(count)
    contender.before(arguments)
    loop, call = contender.loop, contender.call
    was_on = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        loop(call, arguments)
        elapsed = clock() - start
    finally:
        if was_on:
            gc.enable()
    return elapsed / len(arguments) / contender.calls_in_one


def calibrate(contender: Contender, batch_seconds: float, at_most: int) -> int:
    """How many calls fill a batch, found by a few growing passes (which also warm things up)."""
    count = min(8, at_most)
    while True:
        ns = timed(contender, count) * contender.calls_in_one
        wanted = int(batch_seconds * 1e9 / max(ns, 1.0))
        if count >= min(wanted, at_most) or count == at_most:
            return max(1, min(wanted, at_most))
        count = min(at_most, max(count * 2, min(wanted, count * 20)))


def race(
    contenders: Sequence[Contender],
    *,
    rounds: int,
    batch_seconds: float,
    at_most: int,
    clock: Clock = time.perf_counter_ns,
) -> dict[str, Figure]:
    """Time every contender once a round, in a shuffled order, and gather the samples."""
    order = list(contenders)
    for contender in order:
        contender.count = contender.count or calibrate(contender, batch_seconds, at_most)
    figures = {contender.name: Figure() for contender in contenders}
    shuffler = random.Random(7)
    for _ in range(rounds):
        shuffler.shuffle(order)
        for contender in order:
            figures[contender.name].samples.append(timed(contender, contender.count, clock))
    return figures
