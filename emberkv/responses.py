"""Replies of the store into the results that redis-py's users know.

A session gives a reply as RESP3 has it: maps as dicts, scores as floats, a pair of member and
score as a list. redis-py's default results are older than RESP3, and here is, command by
command, the way back to them. A callback is called with the reply and with the options that
the command's method gave to `execute_command`; commands that are not in `CALLBACKS` return
their reply as it is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def text(value: Any) -> Any:
    """`value` as str if it is bytes; bytes that are not UTF-8 are replaced."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _is_ok(reply: Any, **options: Any) -> bool:
    return text(reply) == "OK"


def _is_pong(reply: Any, **options: Any) -> bool:
    return text(reply) == "PONG"


def _true(reply: Any, **options: Any) -> bool:
    return True


def _bools(reply: Any, **options: Any) -> list[bool]:
    return [bool(item) for item in reply]


def _text(reply: Any, **options: Any) -> Any:
    return text(reply)


def _texts(reply: list[Any], **options: Any) -> list[Any]:
    return [text(item) for item in reply]


def _as_set(reply: Any, **options: Any) -> set[Any]:
    return set(reply) if reply else set()


def _as_tuple(reply: Any, **options: Any) -> tuple[Any, ...] | None:
    return tuple(reply) if reply else None


def _pairs(flat: Any) -> dict[Any, Any]:
    each = iter(flat)
    return dict(zip(each, each, strict=True))


def _flat(mapping: dict[Any, Any]) -> list[Any]:
    out: list[Any] = []
    for pair in mapping.items():
        out += pair
    return out


# Scores. RESP2 sent them as text, so that is what a score_cast_func expects.


def score_text(score: float) -> bytes:
    """A score as RESP2 sent it."""
    return b"%.17g" % score


def _caster(options: dict[str, Any]) -> Callable[[Any], Any]:
    cast = options.get("score_cast_func", float)
    if cast is float:
        return float

    def from_text(score: Any) -> Any:
        shown = score_text(score) if isinstance(score, float) else score
        try:
            return cast(shown)
        except (ValueError, TypeError):
            # int(b"1e+20") fails where int(1e+20) does not.
            return cast(float(shown))

    return from_text


def _scored(reply: Any, **options: Any) -> Any:
    """[[member, score], ...] into tuples, if scores were asked for."""
    if not reply or not options.get("withscores"):
        return reply
    cast = _caster(options)
    return [(member, cast(score)) for member, score in reply]


def _scored_flat(reply: Any, **options: Any) -> Any:
    """[[member, score], ...] into [member, score text, ...], if scores were asked for."""
    if not reply or not options.get("withscores"):
        return reply
    out: list[Any] = []
    for member, score in reply:
        out += (member, score_text(score))
    return out


def _popped(reply: Any, **options: Any) -> Any:
    """What ZPOPMIN gave: a pair without a count, a list of pairs with one."""
    if not reply:
        return reply
    cast = _caster(options)
    if isinstance(reply[0], list):
        return [(member, cast(score)) for member, score in reply]
    return [(reply[0], cast(reply[1]))]


def _popped_waiting(reply: Any, **options: Any) -> Any:
    return (reply[0], reply[1], float(reply[2])) if reply else None


def _popped_many(reply: Any, **options: Any) -> Any:
    if not reply:
        return reply
    return [reply[0], [[member, score_text(score)] for member, score in reply[1]]]


def _rank(reply: Any, **options: Any) -> Any:
    if not reply or not options.get("withscore"):
        return reply
    return [reply[0], _caster(options)(reply[1])]


def _set(reply: Any, **options: Any) -> Any:
    if options.get("get") or not reply:
        return reply
    return reply == b"OK" if isinstance(reply, bytes) else reply == "OK"


# Walks.


def _scan(reply: Any, **options: Any) -> tuple[int, Any]:
    cursor, found = reply
    return int(cursor), found


def _hscan(reply: Any, **options: Any) -> tuple[int, Any]:
    cursor, found = reply
    if options.get("no_values"):
        return int(cursor), found or []
    return int(cursor), _pairs(found) if found else {}


def _zscan(reply: Any, **options: Any) -> tuple[int, list[tuple[Any, Any]]]:
    cursor, found = reply
    cast = _caster(options)
    each = iter(found)
    return int(cursor), [(member, cast(score)) for member, score in zip(each, each, strict=True)]


# Other groups' own.


def _hrandfield(reply: Any, **options: Any) -> Any:
    if not reply or not options.get("withvalues") or not isinstance(reply[0], list):
        return reply
    return [item for pair in reply for item in pair]


def _lcs(reply: Any, **options: Any) -> Any:
    return _flat(reply) if isinstance(reply, dict) else reply


def _stralgo(reply: Any, **options: Any) -> Any:
    if options.get("len"):
        return int(reply)
    if not options.get("idx"):
        return text(reply)
    if isinstance(reply, dict):
        reply = _flat(reply)
    found = []
    for match in reply[1]:
        if options.get("withmatchlen"):
            found.append([int(match[-1]), *map(tuple, match[:-1])])
        else:
            found.append([tuple(part) for part in match])
    return {text(reply[0]): found, text(reply[2]): int(reply[3])}


def _sort(reply: Any, **options: Any) -> Any:
    size = options.get("groups")
    if not reply or not size:
        return reply
    return list(zip(*(reply[i::size] for i in range(size)), strict=True))


# Places: a geohash is text, a position a pair.


def _geopos(reply: Any, **options: Any) -> list[Any]:
    return [place if place is None else (float(place[0]), float(place[1])) for place in reply]


def _geodist(reply: Any, **options: Any) -> float | None:
    return None if reply is None else float(reply)


def _geosearch(reply: Any, **options: Any) -> Any:
    if not (options.get("withdist") or options.get("withcoord")):
        return reply
    found = []
    for place in reply:
        if isinstance(place, list):
            if options["withdist"]:
                place[1] = float(place[1])
            if options["withcoord"]:
                place[-1] = (float(place[-1][0]), float(place[-1][1]))
        found.append(place)
    return found


def _time(reply: Any, **options: Any) -> tuple[int, int]:
    return int(reply[0]), int(reply[1])


def _datetime(reply: Any, **options: Any) -> Any:
    if not reply:
        return None
    from datetime import datetime

    return datetime.fromtimestamp(int(reply))


# Streams.


def _entries(reply: Any, **options: Any) -> Any:
    """[[id, [name, value, ...]], ...] into [(id, {name: value}), ...]."""
    if reply is None:
        return None
    found: list[tuple[Any, ...]] = []
    for entry in reply:
        if entry is None:
            found.append((None, None))
        elif "claim_min_idle_time" in options:
            found.append((entry[0], _pairs(entry[1] or ()), *entry[2:]))
        else:
            found.append((entry[0], _pairs(entry[1] or ())))
    return found


def _claimed(reply: Any, **options: Any) -> Any:
    return reply if options.get("parse_justid") else _entries(reply)


def _claimed_on(reply: Any, **options: Any) -> Any:
    """[cursor, entries, deleted]; the ids alone with JUSTID."""
    if options.get("parse_justid"):
        return reply[1]
    reply[1] = _entries(reply[1])
    return reply


def _streams(reply: Any, **options: Any) -> list[list[Any]]:
    if not reply:
        return []
    return [[stream, _entries(entries, **options)] for stream, entries in reply.items()]


def _facts(reply: Any, **options: Any) -> dict[str, Any]:
    return {text(name): value for name, value in reply.items()}


def _each_facts(reply: Any, **options: Any) -> list[dict[str, Any]]:
    return [_facts(one) for one in reply]


def _interleaved(pairs: Any) -> list[Any]:
    return [part for pair in pairs.items() for part in pair] if isinstance(pairs, dict) else pairs


def _libraries(reply: Any, **options: Any) -> Any:
    """Lists of names and values, also of each of the functions, as of old."""
    out = [_interleaved(library) for library in reply]
    for library in out:
        if isinstance(library, list):
            library[5] = [_interleaved(function) for function in library[5]]
    return out


def _entry(reply: Any) -> Any:
    return reply if reply is None or reply[0] is None else (reply[0], _pairs(reply[1]))


def _stream_facts(reply: Any, **options: Any) -> dict[str, Any]:
    facts = _facts(reply)
    if options.get("full"):
        facts["entries"] = {id: _pairs(fields) for id, fields in facts["entries"]}
        facts["groups"] = _each_facts(facts["groups"])
        return facts
    facts["first-entry"] = _entry(facts.get("first-entry"))
    facts["last-entry"] = _entry(facts["last-entry"])
    return facts


_PENDING = ("message_id", "consumer", "time_since_delivered", "times_delivered")


def _pending(reply: Any, **options: Any) -> Any:
    if options.get("parse_detail"):
        return [dict(zip(_PENDING, one, strict=False)) for one in reply]
    consumers = [{"name": name, "pending": int(n)} for name, n in reply[3] or ()]
    return {"pending": reply[0], "min": reply[1], "max": reply[2], "consumers": consumers}


# What the server says of itself.


def _config(reply: Any, **options: Any) -> dict[Any, Any]:
    return {text(name): text(value) for name, value in reply.items()} if reply else {}


def _command(reply: Any, **options: Any) -> dict[str, dict[str, Any]]:
    commands = {}
    for entry in reply:
        name = text(entry[0])
        facts = {
            "name": name,
            "arity": int(entry[1]),
            "flags": [text(flag) for flag in entry[2]],
            "first_key_pos": entry[3],
            "last_key_pos": entry[4],
            "step_count": entry[5],
        }
        if len(entry) > 6:
            facts["acl_categories"] = [text(category) for category in entry[6]]
        if len(entry) > 7:
            facts["tips"] = entry[7]
            facts["key_specifications"] = entry[8]
            facts["subcommands"] = entry[9]
        commands[name] = facts
    return commands


_CLIENT_NUMBERS = (
    "id age idle db sub psub multi qbuf qbuf-free obl argv-mem oll omem tot-mem".split()
)


def _acl_user(reply: Any, **options: Any) -> Any:
    from .responses_acl import user_of

    return user_of(reply)


def _acl_log(reply: Any, **options: Any) -> Any:
    from .responses_acl import log_of

    return log_of(reply)


def client_info(reply: Any, **options: Any) -> dict[str, Any]:
    """A line of CLIENT LIST as a dict, with numbers where redis-py has them."""
    facts: dict[str, Any] = dict(item.split("=") for item in text(reply).split())
    for name in _CLIENT_NUMBERS:
        if name in facts:
            facts[name] = int(facts[name])
    return facts


def _client_list(reply: Any, **options: Any) -> list[dict[str, str]]:
    clients = []
    for line in text(reply).splitlines():
        facts: dict[str, str] = {}
        name = ""
        for item in line.split(" "):
            if "=" in item:
                name, _, facts[name] = item.partition("=")
            else:
                # A value with spaces in it, such as the path of a socket.
                facts[name] += " " + item
        if facts:
            clients.append(facts)
    return clients


def _client_kill(reply: Any, **options: Any) -> Any:
    return reply if isinstance(reply, int) else _is_ok(reply)


def _client_trackinginfo(reply: Any, **options: Any) -> list[Any]:
    if not isinstance(reply, dict):
        return _texts(reply)
    return [text(item) if i % 2 == 0 else item for i, item in enumerate(_flat(reply))]


def _info_value(value: str) -> Any:
    if "=" in value:
        parts: dict[str, Any] = {}
        for item in value.split(","):
            name, sign, content = item.rpartition("=")
            if sign:
                parts[name] = _info_value(content)
            elif item:
                parts[item] = True
        return parts
    if "," in value:
        return [_info_value(item) for item in value.split(",") if item]
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _info(reply: Any, **options: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for line in text(reply).splitlines():
        if not line or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon:
            facts.setdefault("__raw__", []).append(line)
        elif name == "module":
            facts.setdefault("modules", []).append(_info_value(value))
        else:
            if name == "cmdstat_host":
                # The one name that has a colon in it: "cmdstat_host:".
                name, _, value = line.rpartition(":")
            facts[name] = _info_value(value)
    return facts


def _memory_stats(reply: Any, **options: Any) -> dict[str, Any]:
    stats = {text(name): value for name, value in reply.items()}
    for name, value in stats.items():
        if name.startswith("db.") and isinstance(value, dict):
            stats[name] = {text(inner): content for inner, content in value.items()}
    return stats


def _debug_object(reply: Any, **options: Any) -> dict[str, Any]:
    # The type comes first and is the one fact without a name.
    facts: dict[str, Any] = dict(item.split(":") for item in f"type:{text(reply)}".split())
    for name in ("refcount", "serializedlength", "lru", "lru_seconds_idle"):
        if name in facts:
            facts[name] = int(facts[name])
    return facts


def _numsub(reply: Any, **options: Any) -> list[tuple[Any, int]]:
    return list(zip(reply[::2], reply[1::2], strict=True))


def _slowlog(reply: Any, **options: Any) -> list[dict[str, Any]]:
    entries = []
    for number, start, duration, *rest in reply:
        entry = {"id": number, "start_time": int(start), "duration": int(duration)}
        words, *client = rest
        entry["command"] = b" ".join(words)
        if len(client) >= 2:
            entry["client_address"], entry["client_name"] = client[:2]
        entries.append(entry)
    return entries


_TABLE: dict[Callable[..., Any], str] = {
    bool: "AUTH COPY EXPIRE EXPIREAT HEXISTS HMSET MOVE MSETNX PERSIST PEXPIRE PEXPIREAT "
    "PSETEX RENAMENX SETEX SETNX SMOVE",
    float: "HINCRBYFLOAT INCRBYFLOAT",
    _is_ok: "FLUSHALL FLUSHDB LSET LTRIM MSET PFMERGE QUIT RENAME SAVE SELECT SHUTDOWN SLAVEOF "
    "SWAPDB UNWATCH WATCH",
    _is_pong: "PING",
    _true: "BGREWRITEAOF BGSAVE",
    _text: "RESET",
    _as_set: "SDIFF SINTER SMEMBERS SUNION",
    _as_tuple: "BLPOP BRPOP",
    _scored: "ZINTER ZRANGE ZRANGEBYSCORE ZREVRANGE ZREVRANGEBYSCORE ZUNION",
    _scored_flat: "ZDIFF ZRANDMEMBER",
    _popped: "ZPOPMAX ZPOPMIN",
    _popped_waiting: "BZPOPMAX BZPOPMIN",
    _popped_many: "BZMPOP ZMPOP",
    _rank: "ZRANK ZREVRANK",
    _set: "SET",
    _scan: "SCAN SSCAN",
    _hscan: "HSCAN",
    _zscan: "ZSCAN",
    _hrandfield: "HRANDFIELD",
    _lcs: "LCS",
    _stralgo: "STRALGO",
    _sort: "SORT",
    _entries: "XRANGE XREVRANGE",
    _claimed: "XCLAIM",
    _claimed_on: "XAUTOCLAIM",
    _streams: "XREAD XREADGROUP",
    _pending: "XPENDING",
    _time: "TIME",
    _datetime: "LASTSAVE",
    _texts: "GEOHASH",
    _geopos: "GEOPOS",
    _geodist: "GEODIST",
    _geosearch: "GEORADIUS GEORADIUSBYMEMBER GEOSEARCH",
    _command: "COMMAND",
    _info: "INFO",
}


class Callbacks(dict):  # type: ignore[type-arg]
    """Callbacks by the names of commands, which may be looked up in any case.

    A name that has none gives None. What was looked up is remembered, so that it costs one
    look the next time.
    """

    def __missing__(self, name: Any) -> Any:
        upper = name.upper()
        found = self[name] = None if upper == name else self[upper]
        return found

    def replace(self, name: str, callback: Callable[..., Any]) -> None:
        """Have `callback` for a name in any case."""
        upper = name.upper()
        for known in [known for known in self if known.upper() == upper]:
            del self[known]
        self[upper] = callback


CALLBACKS = Callbacks(
    {name: callback for callback, names in _TABLE.items() for name in names.split()}
)
CALLBACKS |= {
    "ACL CAT": _texts,
    "ACL GENPASS": _text,
    "ACL GETUSER": _acl_user,
    "ACL HELP": _texts,
    "ACL LIST": _texts,
    "ACL LOAD": _is_ok,
    "ACL LOG": _acl_log,
    "ACL SAVE": _is_ok,
    "ACL SETUSER": _is_ok,
    "ACL USERS": _texts,
    "ACL WHOAMI": _text,
    "CLIENT GETNAME": _text,
    "CLIENT INFO": client_info,
    "CLIENT KILL": _client_kill,
    "CLIENT LIST": _client_list,
    "CLIENT PAUSE": _is_ok,
    "CLIENT SETINFO": _is_ok,
    "CLIENT SETNAME": _is_ok,
    "CLIENT TRACKINGINFO": _client_trackinginfo,
    "CLIENT UNBLOCK": bool,
    "COMMAND GETKEYS": _texts,
    "CONFIG GET": _config,
    "CONFIG RESETSTAT": _is_ok,
    "CONFIG SET": _is_ok,
    "DEBUG OBJECT": _debug_object,
    "FUNCTION DELETE": _is_ok,
    "FUNCTION FLUSH": _is_ok,
    "FUNCTION LIST": _libraries,
    "FUNCTION RESTORE": _is_ok,
    "MEMORY PURGE": _is_ok,
    "MEMORY STATS": _memory_stats,
    "PUBSUB NUMSUB": _numsub,
    "PUBSUB SHARDNUMSUB": _numsub,
    "XGROUP CREATE": _is_ok,
    "XGROUP DESTROY": bool,
    "XGROUP SETID": _is_ok,
    "XINFO CONSUMERS": _each_facts,
    "XINFO GROUPS": _each_facts,
    "XINFO STREAM": _stream_facts,
    "SCRIPT EXISTS": _bools,
    "SCRIPT FLUSH": _is_ok,
    "SCRIPT KILL": _is_ok,
    "SCRIPT LOAD": _text,
    "SLOWLOG GET": _slowlog,
    "SLOWLOG RESET": _is_ok,
}

# Those that make True of OK, and have nothing else to do where there are no options.
OK_CALLBACKS = frozenset((_is_ok, _set))
