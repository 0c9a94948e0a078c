"""Which policy keeps what will be asked for? Each replayed over the same traces, counted by keys.

`python -m bench.policies` prints a table of hit ratios. The models say nothing of any store's
code: they are how the policy of `allkeys-tinylfu` was chosen, and how well it could do at best.
"""

from __future__ import annotations

import random
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator

KEYS, ROOM, REQUESTS = 20_000, 2_000, 200_000


def zipf(skew: float, n: int = REQUESTS, keys: int = KEYS, seed: int = 1) -> list[int]:
    """Requests for keys whose popularity falls with the power `skew` of their rank."""
    lots = random.Random(seed)
    names = list(range(keys))
    lots.shuffle(names)
    return lots.choices(names, [1 / (rank + 1) ** skew for rank in range(keys)], k=n)


def scanned(n: int = REQUESTS, seed: int = 1) -> list[int]:
    """Zipf 1.0, and after each 1,500 of its requests 1,500 keys that nobody asks for again."""
    out: list[int] = []
    fresh = iter(range(10 * KEYS, 100 * KEYS))
    for i, key in enumerate(zipf(1.0, n // 2, seed=seed)):
        out.append(key)
        if i % 1500 == 1499:
            out += [next(fresh) for _ in range(1500)]
    return out


def loop(n: int = REQUESTS) -> list[int]:
    """The same keys over and over, one and a half times as many as there is room for."""
    return [i % (ROOM * 3 // 2) for i in range(n)]


def shifting(n: int = REQUESTS, seed: int = 1) -> list[int]:
    """Zipf 1.0 whose favourites become others four times."""
    return [key for part in range(5) for key in zipf(1.0, n // 5, seed=5 * seed + part)]


# By a seed: another gives other lots. A loop has none: what is kept of it is the policies' chance.
TRACES: dict[str, Callable[[int], list[int]]] = {
    "zipf 0.6": lambda seed: zipf(0.6, seed=seed),
    "zipf 0.8": lambda seed: zipf(0.8, seed=seed),
    "zipf 1.0": lambda seed: zipf(1.0, seed=seed),
    "zipf 1.2": lambda seed: zipf(1.2, seed=seed),
    "with scans": lambda seed: scanned(seed=seed),
    "loop": lambda seed: loop(),
    "shifting": lambda seed: shifting(seed=seed),
}


class Residents:
    """Keys that are there, of which a random one can be had."""

    def __init__(self) -> None:
        self.at: dict[int, int] = {}
        self.all: list[int] = []
        self.lots = random.Random(7)

    def __contains__(self, key: int) -> bool:
        return key in self.at

    def add(self, key: int) -> None:
        self.at[key] = len(self.all)
        self.all.append(key)

    def remove(self, key: int) -> None:
        at, last = self.at.pop(key), self.all.pop()
        if last != key:
            self.all[at] = last
            self.at[last] = at

    def sample(self, n: int) -> Iterator[int]:
        for _ in range(n):
            yield self.all[int(self.lots.random() * len(self.all))]


def lru(trace: Iterable[int], room: int) -> int:
    there: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for key in trace:
        if key in there:
            hits += 1
            there.move_to_end(key)
            continue
        if len(there) == room:
            there.popitem(last=False)
        there[key] = None
    return hits


def sampled(
    trace: Iterable[int],
    room: int,
    rank: Callable[[int], float],
    seen: Callable[[int, int], None],
    forget: Callable[[int], object] = id,
    samples: int = 5,
) -> int:
    """The lowest rank among some keys goes, and the best of earlier samples are remembered."""
    there, hits = Residents(), 0
    pool: dict[int, float] = {}
    for now, key in enumerate(trace):
        if key in there:
            hits += 1
        else:
            if len(there.all) == room:
                for other in there.sample(samples):
                    pool[other] = rank(other)
                victim = min(pool, key=lambda k: pool[k])
                for other in sorted(pool, key=lambda k: pool[k])[16:]:
                    del pool[other]
                del pool[victim]
                there.remove(victim)
                forget(victim)
            there.add(key)
        seen(key, now)
    return hits


def sampled_lru(trace: Iterable[int], room: int) -> int:
    when: dict[int, int] = {}
    return sampled(trace, room, when.__getitem__, when.__setitem__)


def sampled_lfu(trace: Iterable[int], room: int) -> int:
    """By Redis's counter, and of equal ones the one that was used longer ago."""
    often: dict[int, int] = {}
    when: dict[int, int] = {}
    lots = random.Random(3)

    def seen(key: int, now: int) -> None:
        n = often.get(key, 5)
        if lots.random() * (max(n - 5, 0) * 10 + 1) < 1:
            n += 1
        often[key] = n
        when[key] = now

    return sampled(trace, room, lambda key: often[key] + when[key] / REQUESTS / 10, seen, often.pop)


def s3_fifo(trace: Iterable[int], room: int) -> int:
    small: deque[int] = deque()
    main: deque[int] = deque()
    ghosts: OrderedDict[int, None] = OrderedDict()
    often: dict[int, int] = {}
    hits = 0

    def evict() -> None:
        while True:
            if len(small) >= max(room // 10, 1) or not main:
                key = small.popleft()
                if often[key] > 1:
                    often[key] = 0
                    main.append(key)
                    continue
                del often[key]
                ghosts[key] = None
                if len(ghosts) > room:
                    ghosts.popitem(last=False)
                return
            key = main.popleft()
            if often[key] == 0:
                del often[key]
                return
            often[key] -= 1
            main.append(key)

    for key in trace:
        if key in often:
            hits += 1
            often[key] = min(often[key] + 1, 3)
            continue
        if len(often) == room:
            evict()
        (main if ghosts.pop(key, key) is None else small).append(key)
        often[key] = 0
    return hits


class CountMin:
    """About how often keys were asked for of late: rows of counters up to 15, halved in time."""

    def __init__(self, room: int) -> None:
        self.mask = (1 << (room * 4 - 1).bit_length()) - 1
        self.rows = [[0] * (self.mask + 1) for _ in range(2)]
        self.left = self.period = 10 * room

    def places(self, key: int) -> list[int]:
        h = key * 0x9E3779B97F4A7C15 & (1 << 64) - 1
        return [h >> 20 & self.mask, h >> 42 & self.mask]

    def add(self, key: int) -> None:
        places = self.places(key)
        low = min(row[at] for row, at in zip(self.rows, places, strict=True))
        if low < 15:
            for row, at in zip(self.rows, places, strict=True):
                if row[at] == low:
                    row[at] += 1
        self.left -= 1
        if not self.left:
            self.left = self.period
            self.rows = [[n >> 1 for n in row] for row in self.rows]

    def of(self, key: int) -> int:
        return min(row[at] for row, at in zip(self.rows, self.places(key), strict=True))


class Ghosts:
    """Counts of keys that went, as data/ghosts.h has them: of 8 in a bucket the least used goes.

    Time is uses of keys: `rounds` of 24 for each, in which all counts are halved.
    """

    def __init__(self, room: int) -> None:
        self.buckets: list[dict[int, int]] = [{} for _ in range((room + 7) // 8)]
        self.every, self.since = 24 * room // len(self.buckets), 0
        self.hand = self.rounds = 0

    def bucket(self, key: int) -> dict[int, int]:
        return self.buckets[(key * 0x9E3779B97F4A7C15 >> 20) % len(self.buckets)]

    def put(self, key: int, count: int) -> None:
        bucket = self.bucket(key)
        bucket.pop(key, None)
        if len(bucket) == 8:
            del bucket[min(bucket, key=lambda k: bucket[k])]
        if count:
            bucket[key] = count

    def of(self, key: int) -> int:
        return self.bucket(key).get(key, 0)

    def used(self) -> None:
        self.since += 1
        if self.since < self.every:
            return
        self.since = 0
        bucket = self.buckets[self.hand]
        self.buckets[self.hand] = {k: n >> 1 for k, n in bucket.items() if n > 1}
        self.hand += 1
        if self.hand == len(self.buckets):
            self.hand, self.rounds = 0, self.rounds + 1


def w_tinylfu(trace: Iterable[int], room: int) -> int:
    """As published: a window of 1% by LRU, and a main part in two segments."""
    window: OrderedDict[int, None] = OrderedDict()
    trial: OrderedDict[int, None] = OrderedDict()
    kept: OrderedDict[int, None] = OrderedDict()
    sketch, hits, first = CountMin(room), 0, max(room // 100, 1)
    for key in trace:
        sketch.add(key)
        if key in window:
            hits += 1
            window.move_to_end(key)
        elif key in kept:
            hits += 1
            kept.move_to_end(key)
        elif key in trial:
            hits += 1
            del trial[key]
            kept[key] = None
            if len(kept) > (room - first) * 4 // 5:
                trial[kept.popitem(last=False)[0]] = None
        else:
            window[key] = None
            if len(window) > first:
                candidate = window.popitem(last=False)[0]
                trial[candidate] = None
                if len(trial) + len(kept) > room - first:
                    victim = next(iter(trial))
                    if sketch.of(candidate) <= sketch.of(victim):
                        victim = candidate
                    del trial[victim]
    return hits


def sampled_tinylfu(trace: Iterable[int], room: int, samples: int = 5, share: int = 20) -> int:
    """As store/evict.h has it: who came last competes with the least asked-for of some others."""
    there, hits = Residents(), 0
    ghosts = Ghosts(room)
    window: deque[int] = deque()
    counts: dict[int, tuple[int, int, int]] = {}  # uses, in which round, when
    pool: dict[int, tuple[int, int]] = {}

    def rank(key: int) -> tuple[int, int]:
        uses, round_then, when = counts[key]
        return uses >> ghosts.rounds - round_then, when

    def use(key: int, uses: int, now: int) -> None:
        ghosts.used()
        counts[key] = min(uses + 1, 7), ghosts.rounds, now

    def victim() -> int:
        for other in there.sample(samples):
            pool[other] = rank(other)
        worst = min(pool, key=lambda k: pool[k])
        for other in sorted(pool, key=lambda k: pool[k])[16:]:
            del pool[other]
        candidate = -1
        while len(window) > max(room // share, 1):
            candidate = window.popleft()
        if candidate in there and rank(candidate)[0] <= pool[worst][0]:
            return candidate
        return worst

    for now, key in enumerate(trace):
        if key in there:
            hits += 1
            pool.pop(key, None)
            use(key, rank(key)[0], now)
            continue
        if len(there.all) == room:
            goes = victim()
            pool.pop(goes, None)
            there.remove(goes)
            ghosts.put(goes, rank(goes)[0])
        there.add(key)
        window.append(key)
        use(key, ghosts.of(key), now)
    return hits


POLICIES: dict[str, Callable[[list[int], int], int]] = {
    "LRU": lru,
    "LRU of 5": sampled_lru,
    "LFU of 5": sampled_lfu,
    "S3-FIFO": s3_fifo,
    "W-TinyLFU": w_tinylfu,
    "TinyLFU of 5": sampled_tinylfu,
}


def main() -> None:
    print(f"{'':12}" + "".join(f"{name:>15}" for name in POLICIES))
    for name, make in TRACES.items():
        trace = make(1)
        hits = [policy(trace, ROOM) for policy in POLICIES.values()]
        print(f"{name:12}" + "".join(f"{n / len(trace):15.3f}" for n in hits), flush=True)


if __name__ == "__main__":
    sys.exit(main())
