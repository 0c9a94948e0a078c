"""Strings: SET and its options, counters, ranges, LCS."""

WORLD = r"""
SET s hello
SET num 10
SET big 9223372036854775807
SET low -9223372036854775808
SET float 3.25
SET empty ""
SET bin "\x00\xff\r\n"
SET spaced " 10"
SET ttl v EX 1000
RPUSH list a b
HSET hash f v
SADD set a
ZADD zset 1 a
"""

KEY = "{s|num|missing|list|ttl}"
ANY = "{s|num|big|low|float|empty|bin|spaced|ttl|missing|list|hash|set|zset}"
NUMBER = r"""{1|007|+1|1e2|0|-1|-0|1.0|1.5|-1.5|1e400|nan|inf|-inf|""|" 1"|"1 "|abc|"\x00"|0x10"""
NUMBER += r"""|9223372036854775807|9223372036854775808|-9223372036854775808|-9223372036854775809"""
NUMBER += r"""|99999999999999999999|1.7976931348623157e308|5e-324|.5|5.|-|+}"""
NOT_SOON = NUMBER.replace("{1|007|+1|1e2|", "{")

SINGLES = {
    "plain reads": (
        WORLD,
        rf"""
        {{GET|STRLEN|GETDEL|INCR|DECR|GETEX|TYPE|EXISTS|PERSIST|OBJECT ENCODING}} {ANY}
        {{GET|STRLEN|GETDEL|INCR|DECR|GETEX|MGET}}
        {{GET|STRLEN|GETDEL|INCR|DECR}} s extra
        MGET s missing list num ttl s bin
        mGeT s
        """,
    ),
    "arity": (
        WORLD,
        r"""
        {SET|SETNX|SETEX|PSETEX|GETSET|APPEND|INCRBY|DECRBY|INCRBYFLOAT|GETRANGE|SUBSTR} {|s|s 1}
        {SETRANGE|MSET|MSETNX|LCS|SETEX|PSETEX} {|s|s 1}
        {SETNX|GETSET|APPEND|INCRBY|DECRBY|INCRBYFLOAT} s 1 2
        {GETRANGE|SUBSTR|SETRANGE|SETEX|PSETEX} s 1 2 3
        {MSET|MSETNX} {a|a 1 b|a 1 b 2 c}
        """,
    ),
    "SET options": (
        WORLD,
        rf"""
        SET {KEY} new {{NX|XX|}} {{GET|}} {{EX 100|PX 100000|EXAT 9999999999|KEEPTTL|PXAT 9999999999999|}}
        SET {KEY} new {{GET|}} {{EX 100|KEEPTTL|}} {{NX|XX|}}
        SET {KEY} new {{EX|PX|EXAT|PXAT|NX|XX|GET|KEEPTTL}} {{EX|PX|EXAT|PXAT|NX|XX|GET|KEEPTTL}}
        SET s new {{EX 10|PX 10000|EXAT 9999999999|KEEPTTL}} {{EX 10|PX 10000|PXAT 9999999999999|KEEPTTL}}
        SET s new {{ex 10|px 99999|nx|xx|get|keepttl|nope|EX|PX}}
        SET s new {{EX|EXAT|PXAT}} {NUMBER}
        SET s new PX {NOT_SOON}
        SET s new {{EX|EXAT}} {{9223372036854775|9223372036854776|9223372036854775807|10000000000}}
        SET {KEY} new {{EXAT|PXAT}} {{1|1000}} {{GET|}}
        SET {{s|new|""|"\x00\xff"}} {{""|12|012|-0|@x*44|@x*45|@x*100|"\x00\xff"|9223372036854775807}}
        SET s 9223372036854775808
        SET s -9223372036854775808
        SET s " 1"
        """,
    ),
    "the older setters": (
        WORLD,
        rf"""
        {{SETNX|GETSET|APPEND}} {ANY} {{new|12|""}}
        {{SETEX|PSETEX}} {ANY} 100000 new
        SETEX s {NUMBER} new
        PSETEX s {NOT_SOON} new
        SETEX s 9223372036854775 new
        SETEX s 10000000000 new
        MSET a 1 b 2 a 3 list x
        MSET "" "" "\x00" "\xff"
        MSETNX a 1 b 2 a 3
        MSETNX a 1 s 2
        MSETNX a 1 list 2
        APPEND num @9*30
        APPEND s @y*50
        """,
    ),
    "GETEX": (
        WORLD,
        rf"""
        GETEX {KEY} {{EX 100|PX 100000|EXAT 9999999999|PXAT 9999999999999|PERSIST|EXAT 1|PXAT 1}}
        GETEX ttl {{EX|EXAT|PXAT}} {NUMBER}
        GETEX ttl PX {NOT_SOON}
        GETEX ttl {{EX|PX|PERSIST|KEEPTTL|NX|XX|GET|nope|""}}
        GETEX ttl {{EX 10|PERSIST}} {{EX 10|PERSIST|PX 50000|KEEPTTL}}
        GETEX ttl {{ex 500|persist}}
        """,
    ),
    "counters": (
        WORLD,
        rf"""
        {{INCRBY|DECRBY|INCRBYFLOAT}} {ANY} {{1|-1|0|9223372036854775807}}
        {{INCRBY|DECRBY|INCRBYFLOAT}} num {NUMBER}
        {{INCRBY|DECRBY}} {{big|low}} {{1|-1|9223372036854775807|-9223372036854775807|-9223372036854775808}}
        {{DECRBY}} {{num|missing}} -9223372036854775808
        INCRBYFLOAT {{float|num|big|missing}} {{0.1|1e-17|-3.25|1e17|1e20|1.0e308|5.0e3|0.30000000000000004}}
        INCRBYFLOAT missing {{3.0|1e21|1e-5|123456789012345678|0.1e1|-0|1e18}}
        """,
    ),
    "counters on odd text": (
        r"""
        SET plus +1
        SET zeros 007
        SET minus -0
        SET real 1.0
        SET exp 5e3
        SET tail "1 "
        SET nul "1\x00"
        SET nan nan
        SET inf inf
        SET long @1*40
        SET hex 0x10
        SET huge 1.7976931348623157e308
        """,
        """
        {INCR|DECR|INCRBYFLOAT} {plus|zeros|minus|real|exp|tail|nul|nan|inf|long|hex|huge}
        INCRBYFLOAT {plus|zeros|minus|real|exp|tail|nul|nan|inf|long|hex|huge} {1|1.5|1.7976931348623157e308|inf}
        """,
    ),
    "ranges": (
        WORLD,
        rf"""
        {{GETRANGE|SUBSTR}} {{s|num|empty|missing|list|big}} {{0|1|-1|-3|100|-100}} {{0|2|-1|-2|100|-100}}
        GETRANGE s {NUMBER} -1
        GETRANGE s 0 {NUMBER}
        SETRANGE {{s|num|empty|missing|list|ttl}} {{0|2|5|10}} {{""|xyz|@z*60}}
        SETRANGE s {NUMBER} x
        SETRANGE s {{536870912|4294967295|-1}} {{""|x}}
        SETRANGE s 536870911 ""
        SETRANGE missing {{536870912|-1}} {{""|x}}
        """,
    ),
    "LCS": (
        r"""
        SET a ohmytext
        SET b mynewtext
        SET e ""
        SET bin "my\x00new"
        RPUSH list x
        """,
        r"""
        LCS {a|b|e|missing|list|bin} {a|b|e|missing|list|bin}
        LCS {a|missing|list} b {LEN|IDX|} {MINMATCHLEN 4|MINMATCHLEN -1|MINMATCHLEN 100|} {WITHMATCHLEN|}
        LCS a b {LEN IDX|IDX LEN|len|idx|nope|MINMATCHLEN|MINMATCHLEN x|IDX MINMATCHLEN x}
        LCS {a|e|missing} {e|missing} {LEN|IDX|IDX WITHMATCHLEN}
        LCS a a IDX WITHMATCHLEN
        LCS b a IDX WITHMATCHLEN MINMATCHLEN 1
        """,
    ),
}

SEQUENCES = {
    "encodings follow the value": r"""
        SET k 12345
        APPEND k 6
        OBJECT ENCODING k
        SET k @x*44
        APPEND k y
        OBJECT ENCODING k
        SETRANGE k 0 z
        OBJECT ENCODING k
        SET k 1
        INCRBYFLOAT k 1
        OBJECT ENCODING k
        INCR k
        OBJECT ENCODING k
        GETSET k 99
        OBJECT ENCODING k
        SET k short
        SETRANGE k 1 X
        OBJECT ENCODING k
        MSET a 1 b @y*45
        OBJECT ENCODING a
        OBJECT ENCODING b
        GETSET a @y*44
        OBJECT ENCODING a
        SETRANGE fresh 3 x
        OBJECT ENCODING fresh
        APPEND appended 12
        OBJECT ENCODING appended
        APPEND appended 3
        OBJECT ENCODING appended
        INCRBYFLOAT f 0.5
        OBJECT ENCODING f
        SET i 20
        DECRBY i 5
        OBJECT ENCODING i
    """,
    "TTL lives and dies with the right commands": r"""
        SET k v EX 1000
        APPEND k x
        TTL k
        SETRANGE k 0 y
        TTL k
        GETSET k v
        TTL k
        SET k 1 EX 1000
        INCR k
        TTL k
        INCRBYFLOAT k 1
        TTL k
        SET k 2 KEEPTTL
        TTL k
        SET k 2
        TTL k
        SET k 2 PX 500000
        MSET k 3
        PTTL k
        SETEX k 500 1
        GETEX k
        TTL k
        GETEX k PERSIST
        TTL k
        SET k v EXAT 9999999999
        EXPIRETIME k
        SETNX k v
        EXPIRETIME k
        SET k v XX GET PX 100000
        TTL k
    """,
    "a big value": r"""
        SETRANGE big 1000000 end
        STRLEN big
        GETRANGE big 999998 -1
        APPEND big @x*70000
        STRLEN big
        GETRANGE big -5 -1
        SET big small
        GET big
    """,
}
