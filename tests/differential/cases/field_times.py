"""Hashes whose fields have times of their own, as Redis has them since 7.4 and 8.0."""

WORLD = r"""
HSET h f v n 10 g w "" e
HSET timed f v n 10 g w plain p
HPEXPIRE timed 1000000 FIELDS 2 f n
HPEXPIREAT timed 9999999999999 FIELDS 1 g
HSET wide @f1..200=v
HEXPIRE wide 1000 FIELDS 3 f1 f2 f3
HSET keyttl f v
EXPIRE keyttl 1000
SET s v
"""
ANY = "{h|timed|wide|keyttl|missing|s}"
SOME = "FIELDS {1 f|1 nope|2 f n|3 f nope f|2 f f}"
BAD_FIELDS = r'{|FIELDS|FIELDS 1|FIELDS 0|FIELDS 0 f|FIELDS 2 f|FIELDS 1 f n|FIELDS x f|FIELDS -1 f|nope 1 f|FIELDS 1.5 f|fields 1 f|f|FIELDS "" f|FIELDS 99999999999999999999 f}'
BAD_NUMBER = r'{x|""|1.5|9223372036854775808|9223372036854775807|-1|-9223372036854775808|" 1"|70368744177664|281474976710656|281474976710}'

SINGLES = {
    "HEXPIRE family": (
        WORLD,
        rf"""
        {{HEXPIRE|HPEXPIRE}} {ANY} 50000 {SOME}
        {{HEXPIRE|HPEXPIRE}} timed {{500|2000000}} {{NX|XX|GT|LT|nx|Gt}} FIELDS {{1 f|1 plain|4 f n g plain}}
        {{HEXPIREAT|HPEXPIREAT}} {ANY} 9999999998 {{NX|XX|GT|LT|}} FIELDS {{1 f|3 f n nope}}
        {{HEXPIRE|HPEXPIRE|HEXPIREAT|HPEXPIREAT}} {{h|timed|missing|s}} 0 FIELDS {{1 f|2 f n|4 f n g nope}}
        {{HEXPIREAT|HPEXPIREAT}} {{h|timed}} 1 {{NX|XX|GT|LT|}} FIELDS 2 f n
        HEXPIREAT h 1 FIELDS 4 f n g ""
        {{HEXPIRE|HPEXPIRE|HEXPIREAT|HPEXPIREAT}} {{h|missing|s}} {BAD_NUMBER} FIELDS 1 f
        {{HEXPIRE|HPEXPIRE}} {{h|missing|s}} 50000 {BAD_FIELDS}
        HEXPIRE h 50000 {{NX|nope|NX XX|GT LT|FIELDS 1 f NX|NX NX}} {{FIELDS 1 f|}}
        {{HEXPIRE|HPEXPIRE|HEXPIREAT|HPEXPIREAT}} {{|h|h 1|h 1 FIELDS|h 1 FIELDS 1}}
        """,
    ),
    "reading times": (
        WORLD,
        rf"""
        {{HTTL|HPTTL|HEXPIRETIME|HPEXPIRETIME|HPERSIST}} {ANY} {SOME}
        {{HTTL|HPTTL|HEXPIRETIME|HPEXPIRETIME|HPERSIST}} timed FIELDS 5 f n g plain nope
        {{HTTL|HPTTL|HEXPIRETIME|HPEXPIRETIME|HPERSIST}} {{h|missing|s}} {BAD_FIELDS}
        {{HTTL|HPTTL|HEXPIRETIME|HPEXPIRETIME|HPERSIST}}
        """,
    ),
    "HGETDEL": (
        WORLD,
        rf"""
        HGETDEL {ANY} {SOME}
        HGETDEL {{h|timed}} FIELDS 4 f n g ""
        HGETDEL {{h|missing|s}} {BAD_FIELDS}
        HGETDEL
        """,
    ),
    "HGETEX": (
        WORLD,
        rf"""
        HGETEX {ANY} {{EX 500|PX 500000|EXAT 9999999998|PXAT 9999999999998|PERSIST|}} {SOME}
        HGETEX {{h|timed}} {{EX 0|PX 0|EXAT 1|PXAT 1|EX -1}} FIELDS 2 f nope
        HGETEX {{h|missing|s}} EX {BAD_NUMBER} FIELDS 1 f
        HGETEX {{h|missing|s}} {BAD_FIELDS}
        HGETEX h {{EX|EX 10 PX 10|PERSIST EX 10|EX 10 EX 10|KEEPTTL|NX|ex 500|persist}} FIELDS 1 f
        HGETEX h FIELDS 1 f {{EX 500|PERSIST|nope}}
        HGETEX h FIELDS 1 f FIELDS 1 n
        HGETEX h
        """,
    ),
    "HSETEX": (
        WORLD,
        rf"""
        HSETEX {ANY} {{FNX|FXX|}} {{EX 500|PX 500000|EXAT 9999999998|PXAT 9999999999998|KEEPTTL|}} FIELDS {{1 f new|1 new new|2 f a new b|2 f a f b}}
        HSETEX {{h|timed|missing}} {{EX 0|EX -1|EXAT 1|PXAT 1}} FIELDS 2 f a new b
        HSETEX {{h|missing|s}} EX {BAD_NUMBER} FIELDS 1 f v
        HSETEX {{h|missing|s}} {{FIELDS|FIELDS 1|FIELDS 1 f|FIELDS 2 f v|FIELDS 1 f v n|FIELDS 0 f v|FIELDS x f v|FIELDS -1 f v|nope 1 f v|fields 1 f v|f v}}
        HSETEX h {{EX|EX 10 PX 10|KEEPTTL EX 10|EX 10 EX 10|FNX FXX|FNX FNX|PERSIST|NX|ex 500|fnx|EX 500 FNX}} FIELDS 1 f v
        HSETEX h FIELDS 1 f v {{EX 500|FNX|nope}}
        HSETEX {{|h}}
        """,
    ),
    "other commands on timed fields": (
        WORLD,
        """
        HSET timed {f|plain} new
        HSETNX timed {f|new} new
        HINCRBY timed n 5
        HINCRBYFLOAT timed n 0.5
        HDEL timed {f|f n g|f n g plain}
        {HGETALL|HKEYS|HVALS|HLEN|TTL|TYPE|OBJECT ENCODING} timed
        {HGET|HSTRLEN|HEXISTS} timed f
        COPY {timed|wide} new
        RENAME {timed|wide} new
        MOVE {timed|wide} 1
        HRANDFIELD timed 10 WITHVALUES
        HSCAN timed 0
        {PERSIST|DEL} timed
        EXPIRE timed 1000
        HSET wide f1 x f2 y
        """,
    ),
}

SEQUENCES = {
    "fields that are past their time": """
        HSET h a 1 b 2 c 3
        HPEXPIREAT h 1 FIELDS 1 a
        HGETALL h
        HLEN h
        HPEXPIREAT h 1 FIELDS 2 b c
        EXISTS h
        HSETEX h PXAT 1 FIELDS 1 a 1
        EXISTS h
        HSET h a 1
        HGETEX h PXAT 1 FIELDS 1 a
        EXISTS h
    """,
    "encodings": """
        HSET h a 1
        OBJECT ENCODING h
        HEXPIRE h 1000 FIELDS 1 a
        OBJECT ENCODING h
        HPERSIST h FIELDS 1 a
        OBJECT ENCODING h
        HSET h @f1..600=v
        OBJECT ENCODING h
        HEXPIRE h 1000 FIELDS 2 a f1
        OBJECT ENCODING h
        HTTL h FIELDS 2 a f2
        HSET g @f1..100=v
        HEXPIRE g 1000 FIELDS 2 f1 f50
        HSET g @f101..600=v
        OBJECT ENCODING g
        HTTL g FIELDS 3 f1 f50 f51
    """,
    "watching": """
        HSET h a 1 b 2
        WATCH h
        2> HEXPIRE h 1000 FIELDS 1 a
        MULTI
        EXEC
        WATCH h
        2> HPERSIST h FIELDS 1 b
        MULTI
        EXEC
        WATCH h
        2> HPERSIST h FIELDS 1 a
        MULTI
        EXEC
        WATCH h
        2> HGETEX h FIELDS 1 a
        MULTI
        EXEC
        WATCH h
        2> HGETEX h EX 1000 FIELDS 1 a
        MULTI
        EXEC
        WATCH h
        2> HGETDEL h FIELDS 1 nope
        MULTI
        EXEC
        WATCH h
        2> HTTL h FIELDS 1 a
        MULTI
        EXEC
        WATCH h
        2> HSETEX h FNX FIELDS 1 a 5
        MULTI
        EXEC
        WATCH h
        2> HSETEX h EX 1000 FIELDS 1 a 5
        MULTI
        EXEC
    """,
}
