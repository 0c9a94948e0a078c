"""One keyspace with values of every type and encoding, and commands that change it.

Each command begins at the same `base`, so that a fault in it can be looked for in everything around
it too. The results do not depend on chance: where a command draws lots, it draws all there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from payload import payload, text

Command = tuple[Any, ...]

NOW_MS = 1_800_000_000_000
LATER_MS = NOW_MS + 3_600_000


def words(text: str) -> Command:
    return tuple(word.encode() for word in text.split())


def numbered(prefix: str, n: int) -> list[bytes]:
    return [b"%s-%06d" % (prefix.encode(), i) for i in range(n)]


def pairs(prefix: str, n: int) -> list[bytes]:
    return [x for i in range(n) for x in (b"%s-%d" % (prefix.encode(), i), b"value %d" % i)]


def scored(prefix: str, n: int, score: int | None = None) -> list[bytes]:
    scores = (i * 10 if score is None else score for i in range(n))
    return [x for i, s in enumerate(scores) for x in (b"%d" % s, b"%s-%d" % (prefix.encode(), i))]


HASH_OF_600 = b"\x04\x42\x58" + b"".join(text(word) for word in pairs("field", 600))
ZSET_OF_TWO = b"\x05\x02" + text(b"a") + bytes(8) + text(b"b") + bytes(8)

BASE: list[Command] = [
    words("SET s hello"),
    words("SET n 41"),
    words("SET f 3.5"),
    (b"SET", b"big", b"b" * 1000),
    (b"SET", b"huge", b"h" * 40_000),
    words(f"SET sx soon PXAT {LATER_MS}"),
    words("RPUSH l a b c d e"),
    (b"RPUSH", b"L", *numbered("a rather long element of a list", 700)),
    words("RPUSH li 1 -5 300 70000 5000000000"),
    (b"RPUSH", b"lh", b"small", b"x" * 9000, b"small too"),
    words("SADD i 1 2 3 40 500"),
    (b"SADD", b"I", *range(512)),
    words("SADD t one two three"),
    (b"SADD", b"T", *numbered("member", 600)),
    words("HSET h f1 v1 f2 v2 n 5 x 1.5"),
    (b"HSET", b"H", *pairs("field", 600)),
    (b"HSET", b"h512", *pairs("f", 512)),
    words("ZADD z 1 one 2 two 3 three"),
    (b"ZADD", b"Z", *scored("member", 400)),
    (b"ZADD", b"z128", *scored("m", 128)),
    (b"ZADD", b"zl", *scored("lex", 20, score=0)),
    (b"ZADD", b"ZL", *scored("lex", 200, score=0)),
    words("XADD r 1-0 f v g w"),
    words("XADD r 2-0 f v g w"),
    words("XADD r 3-0 other names f 7"),
    words("XGROUP CREATE r g 0"),
    words("XREADGROUP GROUP g c COUNT 2 STREAMS r >"),
    *((b"XADD", b"R", b"%d-0" % i, b"f", b"value %d" % i, b"n", b"%d" % i) for i in range(1, 131)),
    words("XGROUP CREATE R g 0"),
    words("XGROUP CREATE R other $"),
    words("XREADGROUP GROUP g c COUNT 60 STREAMS R >"),
    words("XREADGROUP GROUP g d COUNT 40 STREAMS R >"),
    words("XDEL R 5-0 80-0"),
    *((b"XADD", b"full", b"%d-0" % i, b"f", b"v") for i in range(1, 101)),
    words("XADD sent IDMP p one * f v"),
    words("XADD sent IDMP p two * f v"),
    words("XADD sent IDMPAUTO q * f v"),
    words(f"PEXPIREAT xl {LATER_MS}"),
    words("RPUSH xl a b"),
    words(f"PEXPIREAT xl {LATER_MS}"),
    words("GEOADD g 13.361389 38.115556 Palermo 12.496366 41.902782 Rome"),
    (b"GEOADD", b"G", *(x for i in range(400) for x in (i % 20, 40 + i % 17, b"place-%d" % i))),
    words("PFADD p a b c"),
    (b"PFADD", b"P", *numbered("seen", 3000)),
    words("SELECT 1"),
    words("SET other 1"),
    words("SADD t elsewhere"),
    words("SELECT 0"),
]
# A server that does not know these has the keys as plain hashes.
BASE_FIELD_EXPIRY: list[Command] = [
    words("HSET hx a 1 b 2 c 3"),
    words(f"HPEXPIREAT hx {LATER_MS} FIELDS 2 a b"),
    (b"HSET", b"HX", *pairs("field", 600)),
    words(f"HPEXPIREAT HX {LATER_MS} FIELDS 2 field-1 field-500"),
]

BASE_LIBRARY = b"""#!lua name=base
redis.register_function('append', function(keys, args)
    return redis.call('RPUSH', keys[1], args[1])
end)
"""
OTHER_LIBRARY = b"""#!lua name=other
redis.register_function{function_name='one', callback=function() return 1 end, description='one'}
redis.register_function{function_name='two', callback=function() return 2 end, flags={'no-writes'}}
"""
MANY_CHANGES = b"""
redis.call('SET', KEYS[1], ARGV[1]) redis.call('DEL', 'H') redis.call('HSET', 'h', 'new', 1)
redis.call('RPUSH', 'L', 1, 2, 3) redis.call('ZADD', 'Z', 5, 'new')
return redis.call('GET', KEYS[1])
"""

STRINGS = """
SET s changed
SET new value
SET l string-over-a-list
SET L string-over-a-long-list
SET T string-over-a-large-set
SET s v EX 100
SET sx v KEEPTTL
SET sx v
SET s v NX GET
SETEX s 10 v
PSETEX new 10000 v
SETNX new v
GETSET s v
GETDEL s
GETDEL huge
GETEX s EX 100
GETEX sx PERSIST
APPEND s world
APPEND new world
APPEND big more
APPEND n 5
INCR n
INCR new
INCRBY n 1000000000000
DECR n
INCRBYFLOAT f 0.25
INCRBYFLOAT n 0.5
SETRANGE s 2 XX
SETRANGE s 300 far
SETRANGE new 9000 far
SETRANGE huge 20000 middle
MSET s 1 new 2 l 3 other 4
MSETNX new1 1 new2 2
LCS s big
SET s changed IFEQ hello
SET big changed IFNE hello
DELEX huge IFNE x
MSETEX 3 s 1 new 2 L 3 EX 100
INCREX n BYINT 5 EX 100
INCREX new BYFLOAT 0.5
INCREX n PERSIST
SETBIT s 2 1
SETBIT n 2 1
SETBIT new 9000 1
SETBIT new 3 0
SETBIT big 9000 1
SETBIT huge 160000 1
SETBIT huge 400000 1
BITOP NOT s s
BITOP AND new s n big
BITOP XOR huge big huge
BITOP OR l big s
BITOP AND s absent
BITFIELD s SET u16 3 65535 INCRBY i8 40 -1
BITFIELD n OVERFLOW FAIL INCRBY u2 0 100
BITFIELD huge INCRBY u63 #1000 7 SET i64 399990 5
BITFIELD new SET u8 #5000 1
"""

LISTS = """
RPUSH l f
LPUSH l z
LPUSH new a b c
RPUSH L one two three
LPUSH L one two three
LPUSHX l z
RPOP l
LPOP l 5
LPOP L 300
RPOP L
LSET l 2 changed
LSET L 350 changed
LSET li 0 12345678901234
LSET lh 1 small-now
LINSERT l BEFORE c new
LINSERT L AFTER a-rather-absent new
LINSERT li BEFORE 300 299
LREM l 1 c
LREM L 0 absent
LTRIM l 1 3
LTRIM L 100 600
LTRIM L 5 4
LMOVE l L LEFT RIGHT
LMOVE L new RIGHT LEFT
LMOVE l l LEFT RIGHT
RPOPLPUSH L l
LMPOP 2 absent L LEFT COUNT 200
LMOVEM L l LEFT RIGHT COUNT 300 BULK
LMOVEM l new RIGHT LEFT EXACTLY 5 OBO
LMOVEM L L LEFT RIGHT COUNT 300 OBO
BLPOP l 1
BRPOP absent L 1
BLMOVE L l LEFT RIGHT 1
BRPOPLPUSH l new 1
BLMPOP 1 2 absent L LEFT COUNT 200
BLMOVEM L l RIGHT LEFT 1 COUNT 300 BULK
LRANGE L 0 -1
LPOS l c
"""

SETS = """
SADD i 7
SADD i 70000
SADD i not-a-number
SADD I 1000
SADD I not-a-number
SADD t four
SADD T four five six
SADD new 1 2 3
SADD new a b c
SREM i 3
SREM I 3 4 5
SREM t one two three
SREM T member-000001 member-000599
SMOVE t T one
SMOVE i new 3
SPOP i 5
SPOP t 3
SPOP T 600
SINTERSTORE new T t
SINTERSTORE i I i
SUNIONSTORE new T t i
SUNIONSTORE T t i
SDIFFSTORE new T t
SDIFFSTORE t I i
SINTER I i
"""

HASHES = """
HSET h f1 changed
HSET h new value
HSET H field-7 changed
HSET H new value
HSET h512 one-more value
HSET new a 1 b 2
HSETNX h new value
HMSET h a 1 b 2
HDEL h f1
HDEL h f1 f2 n x
HDEL H field-1 field-2
HINCRBY h n 10
HINCRBY H new 10
HINCRBYFLOAT h x 0.25
HGETALL H
HGETDEL h FIELDS 2 f1 f2
HGETEX h EX 100 FIELDS 1 f1
HSETEX h EX 100 FIELDS 1 f1 v
HEXPIRE h 100 FIELDS 2 f1 f2
HPEXPIRE H 100000 FIELDS 2 field-1 field-2
HPERSIST hx FIELDS 1 a
HPERSIST hx FIELDS 2 a b
HPERSIST HX FIELDS 2 field-1 field-500
HSET hx a plain
HDEL hx a b
HDEL HX field-1 field-500
HEXPIRE hx 0 FIELDS 1 c
"""

HYPERLOGLOGS = """
PFADD p d
PFADD p a
PFADD p d e f g h i j k l m n o
PFADD P one two three four
PFADD new
PFADD new a b
PFCOUNT p
PFCOUNT P
PFCOUNT p P
PFMERGE new p
PFMERGE p P
PFMERGE P p
PFMERGE p
PFDEBUG TODENSE p
PFDEBUG GETREG p
"""

GEO = """
GEOADD g 13.5 38.1 Palermo 1 2 new
GEOADD new 13.361389 38.115556 Palermo
GEOADD Z 13.361389 38.115556 Palermo
GEOSEARCHSTORE new g FROMLONLAT 15 37 BYRADIUS 5000 km
GEOSEARCHSTORE g g FROMMEMBER Rome BYBOX 1000 900 km STOREDIST
GEOSEARCHSTORE T G FROMLONLAT 10 45 BYRADIUS 2000 km
GEOSEARCHSTORE G G FROMLONLAT 10 45 BYRADIUS 200 km ASC
GEOSEARCHSTORE g absent FROMLONLAT 10 45 BYRADIUS 200 km
GEORADIUS G 10 45 100 km STORE g
GEOSEARCH G FROMLONLAT 10 45 BYRADIUS 100 km ASC COUNT 5
"""

ZSETS = """
ZADD z 1.5 between
ZADD z 9 one
ZADD Z 5 between
ZADD Z 9 member-399
ZADD Z GT CH 9 member-1 1000000 member-2
ZADD Z 9.1 member-399
ZINCRBY Z 0.1 member-200
ZADD z128 5 one-more
ZADD new 1 a 2 b
ZADD z INCR 5 one
ZINCRBY z 10 one
ZINCRBY Z 10 member-200
ZREM z one
ZREM z one two three
ZREM Z member-0 member-200 member-399
ZPOPMIN z
ZPOPMIN Z 100
ZPOPMAX Z 400
ZMPOP 2 absent Z MAX COUNT 10
BZPOPMIN absent z 1
BZPOPMAX Z 1
BZMPOP 1 2 absent Z MIN COUNT 100
ZREMRANGEBYRANK z 0 1
ZREMRANGEBYRANK Z 100 300
ZREMRANGEBYSCORE Z 100 2000
ZREMRANGEBYLEX zl [lex-1 [lex-15
ZREMRANGEBYLEX ZL [lex-1 [lex-15
ZRANGESTORE new Z 0 200
ZRANGESTORE z Z 0 5
ZUNIONSTORE new 2 Z z WEIGHTS 2 3
ZINTERSTORE new 2 Z z128
ZDIFFSTORE new 2 Z z
ZUNIONSTORE Z 2 z T
"""

STREAMS = """
XADD r 4-0 f v g w
XADD r 4-0 a b
XADD R 300-0 f v n 1
XADD R 300-0 f another-value-that-is-a-bit-longer-than-those-before-it n 1
XADD full 300-0 f v
XADD new 1-0 f v
XADD new MAXLEN 0 1-0 f v
XADD r MAXLEN 2 4-0 f v
XADD R MAXLEN ~ 30 300-0 f v
XADD R MINID 90 300-0 f v
XTRIM r MAXLEN 1
XTRIM r MAXLEN 0
XTRIM R MAXLEN 20
XTRIM R MAXLEN ~ 20
XTRIM R MINID = 110
XDEL r 2-0
XDEL r 1-0 2-0 3-0
XDEL R 1-0 100-0 101-0 129-0 130-0
XSETID r 9-0 ENTRIESADDED 9 MAXDELETEDID 5-0
XGROUP CREATE r new $
XGROUP CREATE new g 0 MKSTREAM
XGROUP SETID R g 0
XGROUP DESTROY r g
XGROUP DESTROY R g
XGROUP DESTROY R other
XGROUP CREATECONSUMER R g new
XGROUP DELCONSUMER r g c
XGROUP DELCONSUMER R g c
XREADGROUP GROUP g c STREAMS r >
XREADGROUP GROUP g new STREAMS r >
XREADGROUP GROUP g new STREAMS R >
XREADGROUP GROUP g new NOACK STREAMS R >
XREADGROUP GROUP g d STREAMS R 0
XREADGROUP GROUP other new COUNT 5 STREAMS R >
XACK r g 1-0 2-0
XACK R g 1-0 5-0 30-0 60-0 61-0 100-0
XCLAIM r g new 0 1-0
XCLAIM R g d 0 1-0 2-0 5-0 60-0 JUSTID
XCLAIM R g new 0 1-0 120-0 FORCE RETRYCOUNT 3
XAUTOCLAIM r g new 0 0
XAUTOCLAIM R g new 0 0 COUNT 60
XAUTOCLAIM R g d 0 0 COUNT 200 JUSTID
XRANGE R - +
XREAD STREAMS R 100
XDELEX R DELREF IDS 3 1-0 60-0 120-0
XDELEX r ACKED IDS 2 1-0 3-0
XACKDEL R g DELREF IDS 3 1-0 60-0 120-0
XACKDEL r g ACKED IDS 2 1-0 2-0
XTRIM R MAXLEN 40 DELREF
XTRIM R MAXLEN ~ 20 ACKED
XNACK R g FAIL IDS 3 1-0 60-0 120-0 FORCE
XNACK r g SILENT IDS 1 1-0
XREADGROUP GROUP g new COUNT 50 CLAIM 0 STREAMS R >
XADD sent IDMP p one * f v
XADD sent IDMP p three * f v
XADD r IDMPAUTO new-producer MAXLEN 1 * f v g w
XCFGSET sent IDMP-DURATION 7 IDMP-MAXSIZE 1
XCFGSET r IDMP-MAXSIZE 3
XIDMPRECORD r p one 2-0
COPY sent new
DEL sent
COPY R new
COPY r R REPLACE
RENAME R r
DEL R
DEL r R
UNLINK R
SET R string-over-a-stream
"""

KEYS = f"""
DEL s
DEL l L li absent
DEL s n f big huge sx l L li lh i I t T h H z Z
UNLINK L T H Z huge
EXPIRE s 100
EXPIRE L 100
PEXPIREAT sx {LATER_MS + 5}
PEXPIREAT L 1
EXPIREAT T 1
PERSIST sx
PERSIST xl
RENAME s s2
RENAME L l
RENAME l new
RENAME H T
RENAME sx s
RENAME hx H
RENAMENX Z new
COPY s new
COPY L new
COPY H new
COPY HX new
COPY I new
COPY T L REPLACE
COPY Z z REPLACE
COPY xl other DB 1
MOVE L 1
MOVE hx 1
MOVE sx 1
SORT li STORE new
SORT L ALPHA DESC STORE l
SORT T ALPHA LIMIT 0 50 STORE T
FLUSHDB
FLUSHALL
FLUSHALL ASYNC
SWAPDB 0 1
SWAPDB 1 5
"""

SETTINGS = """
CONFIG SET requirepass secret timeout 5 maxmemory-policy allkeys-lru
ACL SETUSER ann on >secret +@all -@dangerous ~ann:* &news
ACL SETUSER ann resetkeys ~a
ACL DELUSER ann nobody
AUTH nobody secret
ACL LOG RESET
CONFIG SET hash-max-listpack-entries 3 notify-keyspace-events KEA
CONFIG RESETSTAT
DEBUG POPULATE 20 populated 100
DEBUG CHANGE-REPL-ID
MEMORY PURGE
SLOWLOG RESET
"""

WITH_BLANKS: list[Command] = [
    (b"ZADD", b"Z", *scored("other", 1200)),  # so many that the order is made anew
    (b"SET", b"s", b"y" * 100),
    (b"SET", b"big", b"y" * 999),
    (b"SET", b"big", b"y" * 1100),
    (b"SET", b"s", b"y" * 100_000),
    (b"SET", b"huge", b"y" * 40_001),
    (b"SET", b"k" * 300, b"v"),
    (b"APPEND", b"huge", b"y" * 40_000),
    (b"RPUSH", b"l", b"y" * 9000),
    (b"LSET", b"l", 2, b"y" * 9000),
    (b"RPUSH", b"l", *numbered("a rather long element of a list", 300)),
    (b"LREM", b"L", 0, b"a rather long element of a list-000350"),
    (b"LINSERT", b"L", b"BEFORE", b"a rather long element of a list-000350", b"new"),
    (b"SADD", b"t", *numbered("member", 600)),
    (b"SADD", b"new", *range(600)),
    (b"SADD", b"t", b"y" * 100),
    (b"HSET", b"h", b"f1", b"y" * 100),
    (b"HSET", b"h", *pairs("field", 600)),
    (b"HDEL", b"H", *(b"field-%d" % i for i in range(600))),
    (b"ZADD", b"z", 1, b"y" * 100),
    (b"ZADD", b"z", *scored("m", 200)),
    (b"ZREM", b"Z", *(b"member-%d" % i for i in range(400))),
    (b"SREM", b"T", *numbered("member", 600)),
    (b"SREM", b"I", *range(512)),
    (b"RESTORE", b"new", 0, payload(b"\0" + text(b"hello"))),
    (b"RESTORE", b"L", 100, payload(b"\0" + text(b"hello")), b"REPLACE"),
    (b"RESTORE", b"s", 100, payload(HASH_OF_600), b"REPLACE"),
    (b"RESTORE", b"new", LATER_MS, payload(HASH_OF_600[:-1] + b"\x63"), b"ABSTTL"),
    (b"RESTORE", b"H", 0, payload(ZSET_OF_TWO), b"REPLACE"),
    (b"RESTORE", b"T", 0, payload(ZSET_OF_TWO[:-1]), b"REPLACE"),  # refused
    (b"PFADD", b"p", *numbered("seen", 400)),
    (b"PFADD", b"p", *numbered("seen", 3000)),
]


# What a script changes before one of its commands fails remains: so those that change more undo it.
ONE_CHANGE = b"return redis.call('RPUSH', KEYS[1], ARGV[1])"
BASE_SCRIPTS = [ONE_CHANGE, MANY_CHANGES, MANY_CHANGES + b" .. nil"]
SCRIPTS: list[Command] = [
    (b"EVAL", ONE_CHANGE, 1, b"L", b"y" * 5000),
    (b"EVAL_ROLLBACK", MANY_CHANGES, 1, b"s", b"y" * 5000),
    (b"EVAL_ROLLBACK", MANY_CHANGES + b" .. nil", 1, b"s", b"y" * 5000),
    (b"SCRIPT", b"LOAD", b"return 'one that is not known'"),
    (b"SCRIPT", b"FLUSH"),
    (b"FCALL", b"append", 1, b"l", b"y" * 300),
    (b"FUNCTION", b"LOAD", OTHER_LIBRARY),
    (b"FUNCTION", b"LOAD", OTHER_LIBRARY.replace(b"'one'", b"'append'", 1)),  # refused
    (b"FUNCTION", b"LOAD", b"REPLACE", BASE_LIBRARY + b"-- changed" * 400),
    (b"FUNCTION", b"DELETE", b"base"),
    (b"FUNCTION", b"FLUSH"),
    (b"FUNCTION", b"RESTORE", payload(b"\xf5" + text(OTHER_LIBRARY))),
    (b"FUNCTION", b"RESTORE", payload(b"\xf5" + text(OTHER_LIBRARY)), b"FLUSH"),
    (b"FUNCTION", b"RESTORE", payload(b"\xf5" + text(BASE_LIBRARY) * 2), b"REPLACE"),  # refused
]


def commands() -> list[Command]:
    groups = (STRINGS, LISTS, SETS, HASHES, ZSETS, STREAMS, GEO, HYPERLOGLOGS, KEYS, SETTINGS)
    lines = [words(line) for group in groups for line in group.strip().splitlines()]
    return lines + WITH_BLANKS + SCRIPTS


COMMANDS = commands()


def name_of(command: Command) -> str:
    def short(word: Any) -> str:
        text = word.decode(errors="backslashreplace") if isinstance(word, bytes) else str(word)
        return text if len(text) <= 16 else f"{text[:8]}~{len(text)}"

    shown = [short(word) for word in command[:8]]
    return " ".join(shown + ["..."] * (len(command) > 8))


def known(commands: Iterable[Command], session: Any) -> list[Command]:
    """Those that the store has."""
    infos = session.execute((b"COMMAND", b"INFO", *(c[0] for c in commands)))
    return [c for c, info in zip(commands, infos, strict=True) if info is not None]
