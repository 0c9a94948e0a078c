"""Hashes."""

WORLD = r"""
HSET h f v n 10 big 9223372036854775807 float 3.25 empty "" "" nothing
HSET one f 1
HSET ttl f v
EXPIRE ttl 1000
HSET wide @f1..520=v
HSET bin "\x00\xff" "\r\n" long @x*65
SET s v
RPUSH list a
SADD set a
ZADD zset 1 a
"""
ANY = "{h|one|wide|bin|ttl|missing|s|list|set|zset}"
FIELD = '{f|n|missing|""|float}'
NUMBER = r"""{0|1|-1|007|+1|-0|1.5|1e400|nan|inf|""|" 1"|"1 "|abc|9223372036854775807"""
NUMBER += "|9223372036854775808|-9223372036854775808|-9223372036854775809|1e17|0x10}"
COUNT = "{0|1|3|-1|-3|100|-100|9223372036854775807|-9223372036854775808|x|1.5}"

SINGLES = {
    "reads": (
        WORLD,
        rf"""
        {{HGETALL|HKEYS|HVALS|HLEN}} {ANY}
        {{HGET|HEXISTS|HSTRLEN}} {ANY} {FIELD}
        HMGET {ANY} f missing f "" n
        {{HGET|HSTRLEN}} bin {{"\x00\xff"|long}}
        HSTRLEN h big
        """,
    ),
    "arity": (
        WORLD,
        """
        {HGETALL|HKEYS|HVALS|HLEN} {|h x}
        {HGET|HEXISTS|HSTRLEN} {|h|h f x}
        {HMGET|HDEL|HSET|HMSET|HSETNX|HINCRBY|HINCRBYFLOAT|HSCAN|HRANDFIELD} {|h}
        {HSET|HMSET|HSETNX|HINCRBY|HINCRBYFLOAT} h f
        {HSET|HMSET} {h|s|missing} {f 1 g|f 1 g 2 x}
        {HSETNX|HINCRBY|HINCRBYFLOAT} h f 1 x
        """,
    ),
    "writes": (
        WORLD,
        rf"""
        {{HSET|HMSET|HSETNX}} {ANY} {FIELD} {{new|""|12}}
        {{HSET|HMSET}} {ANY} f a f b g c
        {{HSET|HMSET}} h "\x00" "\xff"
        HSET missing f {{@x*64|@x*65}}
        HSET missing {{@x*64|@x*65}} v
        HSET missing {{@f1..512=v|@f1..513=v}}
        HDEL {ANY} {FIELD}
        HDEL {ANY} f f n missing
        HDEL wide @f1..519
        HDEL wide @f1..520
        """,
    ),
    "HINCRBY": (
        WORLD,
        rf"""
        HINCRBY {ANY} {FIELD} {{1|-1|0}}
        HINCRBY h {{n|big|missing}} {NUMBER}
        HINCRBY h big {{1|-1}}
        HINCRBY h n -9223372036854775808
        HINCRBYFLOAT {ANY} {FIELD} {{1|-0.25|0}}
        HINCRBYFLOAT h {{n|float|missing}} {NUMBER}
        HINCRBYFLOAT h missing {{3.0|1e21|1e-5|0.1|1e17|5e-324}}
        HINCRBYFLOAT h float 0.1
        """,
    ),
    "HRANDFIELD": (
        WORLD,
        rf"""
        HRANDFIELD {ANY}
        HRANDFIELD {{h|one|wide|missing|s}} {COUNT} {{WITHVALUES|}}
        HRANDFIELD h 2 {{withvalues|WITHSCORES|""|WITHVALUES x}}
        HRANDFIELD h {{-4611686018427387904|-9223372036854775807}} WITHVALUES
        """.replace("-9223372036854775808|", ""),
    ),
    "HSCAN": (
        WORLD,
        """
        HSCAN {h|one|wide|bin|missing|s} 0 {COUNT 1|COUNT 1000|} {MATCH *1*|MATCH f|MATCH z*|}
        HSCAN h 0 {COUNT 0|COUNT -1|COUNT x|COUNT|MATCH|TYPE hash|nope x}
        HSCAN {h|s|missing} {x|-1|""|1.5|18446744073709551615|18446744073709551616|" 0"}
        HSCAN h 0 COUNT 10 COUNT 20 MATCH a MATCH f
        """,
    ),
}

SEQUENCES = {
    "an encoding grows and never shrinks": """
        HSET h @f1..512=v
        OBJECT ENCODING h
        HSET h f1 other
        OBJECT ENCODING h
        HSET h f513 v
        OBJECT ENCODING h
        HDEL h @f2..513
        OBJECT ENCODING h
        HGETALL h
        HDEL h f1
        EXISTS h
        HSET h f @x*64
        OBJECT ENCODING h
        HSET h f @x*65
        OBJECT ENCODING h
        HSET g f v
        HINCRBY g n 1
        OBJECT ENCODING g
        HSETNX g @y*65 v
        OBJECT ENCODING g
        HSET i f 1
        HINCRBYFLOAT i f 0.5
        OBJECT ENCODING i
    """,
    "order of a listpack": """
        HSET h a 1 b 2 c 3
        HSET h a 4
        HKEYS h
        HVALS h
        HDEL h b
        HSET h b 5
        HGETALL h
        HMSET h d 6 a 7 e 8
        HGETALL h
    """,
    "TTL": """
        HSET h f v
        EXPIRE h 1000
        HSET h f w g x
        TTL h
        HDEL h f g
        TTL h
        HSET h f v
        TTL h
    """,
    "a thousand fields": """
        HSET h @f1..1000=v
        HLEN h
        HMGET h f1 f500 f1000 f1001
        HDEL h @f1..500
        HLEN h
        HKEYS h
        HSCAN h 0
        HINCRBY h n 5
        HRANDFIELD h 700
        HRANDFIELD h -700 WITHVALUES
    """,
}
