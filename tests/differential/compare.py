"""When do two replies to one command agree?

Most replies must be equal to the byte. The rest is listed here: replies without a defined order are
compared as multisets, clocks with a tolerance, and a few only by their kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from oracle import Reply

TTL_TOLERANCE_MS = 2_000
Args = Sequence[bytes]
Agree = Callable[[Args, Reply, Reply], bool]

AGGREGATES = ("array", "set", "push")


def exact(args: Args, ours: Reply, theirs: Reply) -> bool:
    return ours == theirs


def unordered(args: Args, ours: Reply, theirs: Reply) -> bool:
    if ours.kind != theirs.kind or ours.kind not in (*AGGREGATES, "map"):
        return ours == theirs
    return Counter(ours.value) == Counter(theirs.value)


def pairs_of(reply: Reply) -> list[tuple[Reply, Reply]]:
    """The pairs of a map, of a flat array of pairs, or of an array of two-element arrays."""
    if reply.kind == "map":
        return list(reply.value)
    if reply.value and reply.value[0].kind == "array":
        return [item.value for item in reply.value]
    return list(zip(reply.value[::2], reply.value[1::2], strict=True))


def unordered_pairs(args: Args, ours: Reply, theirs: Reply) -> bool:
    if ours.kind != theirs.kind or ours.kind not in ("array", "map"):
        return ours == theirs
    return len(ours.value) == len(theirs.value) and Counter(pairs_of(ours)) == Counter(
        pairs_of(theirs)
    )


def kind_only(args: Args, ours: Reply, theirs: Reply) -> bool:
    if ours.kind == theirs.kind == "error":
        return ours == theirs
    return ours.kind == theirs.kind


def near(tolerance: int) -> Agree:
    def agree(args: Args, ours: Reply, theirs: Reply) -> bool:
        if ours == theirs:
            return True
        if ours.kind == theirs.kind == "array":
            pairs = zip(ours.value, theirs.value, strict=False)
            return len(ours.value) == len(theirs.value) and all(agree(args, a, b) for a, b in pairs)
        if ours.kind != "int" or theirs.kind != "int" or ours.value < 0 or theirs.value < 0:
            return False
        return abs(ours.value - theirs.value) <= tolerance

    return agree


def clock(args: Args, ours: Reply, theirs: Reply) -> bool:
    if ours.kind != "array" or theirs.kind != "array":
        return ours == theirs
    a, b = ([int(x.value) for x in reply.value] for reply in (ours, theirs))
    return len(a) == 2 and abs((a[0] - b[0]) * 1_000_000 + a[1] - b[1]) < 2_000_000


def sort_reply(args: Args, ours: Reply, theirs: Reply) -> bool:
    """Without a sort the order is the container's own."""
    words = [a.lower() for a in args]
    by = words.index(b"by") + 1 if b"by" in words else 0
    if by and by < len(args) and b"*" not in args[by] and b"limit" not in words:
        return unordered(args, ours, theirs)
    return exact(args, ours, theirs)


def object_reply(args: Args, ours: Reply, theirs: Reply) -> bool:
    if len(args) == 3 and args[1].lower() in (b"idletime", b"refcount"):
        return kind_only(args, ours, theirs)
    return exact(args, ours, theirs)


def hello(args: Args, ours: Reply, theirs: Reply) -> bool:
    """The same keys in the same order; what names this very server may differ."""
    if ours.kind != theirs.kind or ours.kind not in ("array", "map"):
        return ours == theirs
    a, b = pairs_of(ours), pairs_of(theirs)
    own = (b"server", b"version", b"id", b"modules")
    return [k for k, _ in a] == [k for k, _ in b] and all(
        x == y if k.value not in own else x.kind == y.kind
        for (k, x), (_, y) in zip(a, b, strict=True)
    )


def client_reply(args: Args, ours: Reply, theirs: Reply) -> bool:
    own = (b"list",) if len(args) > 2 else (b"id", b"info", b"list")
    if len(args) > 1 and args[1].lower() in own:
        return kind_only(args, ours, theirs)
    if args[1:2] and args[1].lower() == b"trackinginfo" and ours.kind == theirs.kind == "map":
        a, b = dict(ours.value), dict(theirs.value)
        flags = Reply("bulk", b"flags")
        return {**a, flags: set(a[flags].value)} == {**b, flags: set(b[flags].value)}
    return exact(args, ours, theirs)


def config_reply(args: Args, ours: Reply, theirs: Reply) -> bool:
    """The parameters of both have the same values; a pattern may match more of theirs."""
    if args[1:2] and args[1].lower() == b"get" and ours.kind == theirs.kind != "error":
        a, b = dict(pairs_of(ours)), dict(pairs_of(theirs))
        if any(c in word for word in args[2:] for c in b"*?["):
            return bool(a) and a.items() <= b.items()
        return a == b
    return exact(args, ours, theirs)


def shapes(args: Args, ours: Reply, theirs: Reply) -> bool:
    """Errors are equal; of the rest the kinds, in arrays too, and the names of maps."""
    if ours.kind != theirs.kind or ours.kind == "error":
        return ours == theirs
    if ours.kind in AGGREGATES:
        pairs = zip(ours.value, theirs.value, strict=False)
        return len(ours.value) == len(theirs.value) and all(shapes(args, a, b) for a, b in pairs)
    if ours.kind == "map":
        return [k for k, _ in ours.value] == [k for k, _ in theirs.value]
    return True


def without_place_and_time(reply: Reply) -> Reply:
    """What DEBUG OBJECT says of a value, but for its address and its last access."""
    if reply.kind != "status":
        return reply
    words = [word for word in reply.value.split() if not word.startswith((b"at:", b"lru"))]
    return Reply("status", b" ".join(words))


def debug(args: Args, ours: Reply, theirs: Reply) -> bool:
    """Digests, sizes and tables are each side's own; replies of every kind are not."""
    if args[1:2] and args[1].lower() == b"object":
        return without_place_and_time(ours) == without_place_and_time(theirs)
    own = (b"sdslen", b"htstats", b"htstats-key", b"digest", b"digest-value")
    return (shapes if args[1:2] and args[1].lower() in own else exact)(args, ours, theirs)


def operators(args: Args, ours: Reply, theirs: Reply) -> bool:
    """What they say of themselves is in words of their own."""
    own = (b"doctor", b"stats", b"malloc-stats", b"usage", b"graph")
    return (shapes if args[1:2] and args[1].lower() in own else exact)(args, ours, theirs)


LATER_FACTS = (b"active-time", b"inactive")
CLOCKS = (b"seen-time", b"active-time", b"idle", b"inactive")


def facts_of(reply: Reply) -> list[tuple[Reply, Reply]] | None:
    """The pairs of what XINFO tells of one thing, if the reply is that."""
    if reply.kind == "map":
        return list(reply.value)
    if reply.kind == "array" and len(reply.value) >= 6 and len(reply.value) % 2 == 0:
        first = reply.value[0]
        if first.kind == "bulk" and first.value in (b"length", b"name"):
            return pairs_of(reply)
    return None


def stream_facts(reply: Reply, later: bool) -> Reply:
    """What XINFO tells, clocks blurred, as pairs; `later`: with what 7.0 does not tell."""
    facts = facts_of(reply)
    if facts is None:
        if reply.kind != "array":
            return reply
        return Reply("array", tuple(stream_facts(item, later) for item in reply.value))
    out = []
    for name, value in facts:
        if name.value in LATER_FACTS and not later:
            continue
        if name.value in CLOCKS:
            value = Reply("clock", value.value == -1)
        elif name.value == b"pending" and value.kind == "array":
            value = Reply(
                "array",
                tuple(
                    Reply("array", (*p.value[:-2], Reply("clock"), p.value[-1]))
                    for p in value.value
                ),
            )
        out.append((name, stream_facts(value, later)))
    return Reply(reply.kind, tuple(out))


def without_lag(facts: Reply) -> Reply:
    """What `stream_facts` gave, without how far groups are behind: Redis 8 counts otherwise."""
    if facts.kind not in ("array", "map"):
        return facts
    out = []
    for item in facts.value:
        if not isinstance(item, Reply) and len(item) == 2 and item[0].value == b"lag":
            continue
        out.append(
            without_lag(item) if isinstance(item, Reply) else (item[0], without_lag(item[1]))
        )
    return Reply(facts.kind, tuple(out))


def stream_info(args: Args, ours: Reply, theirs: Reply) -> bool:
    later = b"active" in repr(theirs).encode() or b"inactive" in repr(theirs).encode()
    return stream_facts(ours, later) == stream_facts(theirs, later)


def pending(args: Args, ours: Reply, theirs: Reply) -> bool:
    """Idle times may differ by what the second call came later."""
    if len(args) == 3 or ours.kind != "array" or theirs.kind != "array":
        return ours == theirs
    if len(ours.value) != len(theirs.value):
        return False
    return all(
        (a.value[0], a.value[1], a.value[3]) == (b.value[0], b.value[1], b.value[3])
        and abs(a.value[2].value - b.value[2].value) < TTL_TOLERANCE_MS
        for a, b in zip(ours.value, theirs.value, strict=True)
    )


def acl_reply(args: Args, ours: Reply, theirs: Reply) -> bool:
    """7.0 works rules about commands out anew, in an order of its own; ours are in the user's."""
    sub = args[1].lower() if len(args) > 1 else b""
    if sub == b"genpass" or (sub == b"cat" and len(args) == 3):
        return kind_only(args, ours, theirs)
    if sub == b"log" and ours.kind == theirs.kind == "array":
        told = (b"count", b"reason", b"context", b"object", b"username")
        return [[p for p in pairs_of(e) if p[0].value in told] for e in ours.value] == [
            [p for p in pairs_of(e) if p[0].value in told] for e in theirs.value
        ]
    return commands_sorted(ours) == commands_sorted(theirs)


def commands_sorted(reply: Reply) -> Reply:
    if reply.kind == "map":
        pairs = tuple((name, commands_sorted(value)) for name, value in reply.value)
        return Reply("map", pairs)
    if reply.kind in AGGREGATES:
        return Reply(reply.kind, tuple(commands_sorted(item) for item in reply.value))
    if reply.kind == "bulk" and b"@all" in reply.value:
        return Reply("bulk", b" ".join(sorted(reply.value.split())))
    return reply


RULES: dict[bytes, Agree] = {
    b"acl": acl_reply,
    b"xinfo": stream_info,
    b"xpending": pending,
    **dict.fromkeys(
        [b"smembers", b"sinter", b"sunion", b"sdiff", b"hkeys", b"hvals", b"keys"], unordered
    ),
    b"hgetall": unordered_pairs,
    **dict.fromkeys([b"ttl", b"expiretime", b"httl", b"hexpiretime"], near(2)),
    **dict.fromkeys([b"pttl", b"pexpiretime", b"hpttl", b"hpexpiretime"], near(TTL_TOLERANCE_MS)),
    b"time": clock,
    b"info": kind_only,
    b"client": client_reply,
    b"config": config_reply,
    b"lastsave": kind_only,
    b"sort": sort_reply,
    b"sort_ro": sort_reply,
    b"object": object_reply,
    b"hello": hello,
    b"memory": operators,
    b"latency": operators,
    b"debug": debug,
}


def agree(args: Args, ours: Reply, theirs: Reply) -> bool:
    if len(args) == 2 and args[1].lower() == b"help":
        return kind_only(args, ours, theirs)  # the help is in words of our own
    rule = RULES.get(args[0].lower(), exact) if args else exact
    return rule(args, ours, theirs)
