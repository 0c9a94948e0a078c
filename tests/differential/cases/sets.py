"""Sets."""

WORLD = r"""
SADD a x y z 1 2
SADD b y z w 2 3
SADD one x
SADD ints 1 2 3 10 -5
SADD more 2 3 4 70000 5000000000
SADD wide @m1..600
SADD odd "" "\x00\xff" @x*100
SADD ttl x y
EXPIRE ttl 1000
SET s v
RPUSH list a
HSET hash f v
ZADD zset 1 x
"""
ANY = "{a|one|ints|wide|odd|ttl|missing|s|list|hash|zset}"
KEYS = "{a|ints|missing|s}"
MEMBER = r'{x|1|01|missing|""|"\x00\xff"|70000}'

SINGLES = {
    "arity": (
        WORLD,
        """
        {SADD|SREM|SISMEMBER|SMISMEMBER|SMOVE|SSCAN|SINTERSTORE|SUNIONSTORE|SDIFFSTORE} {|a}
        {SCARD|SMEMBERS} {|a x}
        {SPOP|SRANDMEMBER} {|a 1 2}
        {SISMEMBER|SMOVE} a b c d
        {SINTER|SUNION|SDIFF|SINTERCARD} {|}
        """,
    ),
    "members": (
        WORLD,
        rf"""
        {{SADD|SREM|SISMEMBER|SMISMEMBER}} {ANY} {MEMBER}
        {{SADD|SREM|SMISMEMBER}} {ANY} x new x 1 ""
        {{SCARD|SMEMBERS}} {ANY}
        SMOVE {ANY} {{a|one|missing|s}} {{x|missing|1}}
        SMOVE a a {{x|missing}}
        SADD missing {{@1..512|@1..513|@m1..3}}
        SADD ints {{x|1.5|01|9223372036854775807|9223372036854775808|-9223372036854775808|" 1"|-0}}
        SREM wide @m1..600
        """,
    ),
    "SPOP and SRANDMEMBER": (
        WORLD,
        rf"""
        {{SPOP|SRANDMEMBER}} {ANY}
        {{SPOP|SRANDMEMBER}} {{a|one|ints|wide|ttl|missing|s}} {{0|1|3|100|1000|-1|-3|-100|x|1.5|""}}
        {{SPOP|SRANDMEMBER}} a {{9223372036854775807|9223372036854775808}}
        SPOP {{a|missing|s}} {{-9223372036854775808|-1}}
        """,
    ),
    "algebra": (
        WORLD,
        rf"""
        {{SINTER|SUNION|SDIFF}} {ANY}
        {{SINTER|SUNION|SDIFF}} {ANY} {{a|b|ints|missing|s}}
        {{SINTER|SUNION|SDIFF}} {KEYS} {KEYS} {{b|more|missing|list}}
        {{SINTER|SUNION|SDIFF}} {{a a|a b ints more wide|ints more|more ints|ints ints missing}}
        """,
    ),
    "stores": (
        WORLD,
        rf"""
        {{SINTERSTORE|SUNIONSTORE|SDIFFSTORE}} {{dest|a|ttl|s|list}} {KEYS} {{b|missing|s|}}
        {{SINTERSTORE|SUNIONSTORE|SDIFFSTORE}} dest {{ints more|more ints|wide a|wide wide|a b more}}
        {{SINTERSTORE|SUNIONSTORE|SDIFFSTORE}} ints ints {{more|a|ints}}
        """,
    ),
    "SINTERCARD": (
        WORLD,
        rf"""
        SINTERCARD {{1|2|3}} {KEYS} {{b|missing|s}} {{LIMIT 0|LIMIT 1|LIMIT 2|LIMIT 100|}}
        SINTERCARD 2 a {ANY}
        SINTERCARD {{0|-1|x|3|1.5|9223372036854775807}} a b
        SINTERCARD 2 a b {{LIMIT|LIMIT -1|LIMIT x|LIMIT 1 LIMIT 2|nope 1|limit 1|nope}}
        """,
    ),
    "SSCAN": (
        WORLD,
        """
        SSCAN {a|one|ints|wide|odd|missing|s} 0 {COUNT 1|COUNT 1000|} {MATCH *1*|MATCH x|MATCH "[xy]"|}
        SSCAN a 0 {COUNT 0|COUNT -1|COUNT x|COUNT|MATCH|TYPE set|nope x}
        SSCAN {a|s|missing} {x|-1|""|1.5|18446744073709551616}
        """,
    ),
}

SEQUENCES = {
    "encodings": """
        SADD i @1..512
        OBJECT ENCODING i
        SADD i 513
        OBJECT ENCODING i
        SADD j 1 2
        OBJECT ENCODING j
        SADD j x
        OBJECT ENCODING j
        SREM j x
        OBJECT ENCODING j
        SADD k 1 70000 5000000000 -5000000000
        OBJECT ENCODING k
        SMEMBERS k
        SADD l @1..511
        SADD l x
        OBJECT ENCODING l
        SUNIONSTORE u j k
        OBJECT ENCODING u
        SINTERSTORE v k k
        OBJECT ENCODING v
        SDIFFSTORE w i k
        OBJECT ENCODING w
        SADD m 1
        SMOVE l m x
        OBJECT ENCODING m
        SADD n 9223372036854775807 -9223372036854775808
        OBJECT ENCODING n
        SMEMBERS n
        SADD n 9223372036854775808
        OBJECT ENCODING n
    """,
    "an emptied set is gone": """
        SADD s a
        SREM s a
        EXISTS s
        SADD s a
        SPOP s
        EXISTS s
        SADD s a b
        SPOP s 5
        EXISTS s
        SADD s a
        SMOVE s t a
        EXISTS s
        SADD s a
        SDIFFSTORE t s s
        EXISTS t
    """,
    "a thousand members": """
        SADD s @m1..1000
        SCARD s
        SREM s @m1..400
        SPOP s 100
        SPOP s 450
        SCARD s
        SRANDMEMBER s 30
        SRANDMEMBER s -300
        SSCAN s 0
        SADD i @1..3000
        SSCAN i 0 COUNT 5
        SREM i @1..2500
        SSCAN i 0 MATCH *9
    """,
    "TTL": """
        SADD s a b
        EXPIRE s 1000
        SADD s c
        SREM s a
        TTL s
        SUNIONSTORE s s
        TTL s
    """,
}
