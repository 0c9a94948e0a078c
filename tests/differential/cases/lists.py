"""Lists."""

WORLD = r"""
RPUSH l a b c a b a
RPUSH one x
RPUSH ttl a b
EXPIRE ttl 1000
RPUSH ints 1 2 3 10 -5
RPUSH wide @e1..600
RPUSH odd "" "\x00\xff" @x*9000 "a b"
SET s v
HSET hash f v
SADD set a
ZADD zset 1 a
"""
ANY = "{l|one|ints|odd|ttl|missing|s|hash|set|zset}"
INDEX = "{0|1|2|5|6|-1|-6|-7|100|-100|9223372036854775807|-9223372036854775808}"
BAD = """{x|""|1.5|9223372036854775808|" 1"|-9223372036854775809}"""

SINGLES = {
    "arity": (
        WORLD,
        """
        {LPUSH|RPUSH|LPUSHX|RPUSHX|LRANGE|LTRIM|LINDEX|LSET|LREM|LINSERT|LPOS|LMOVE|RPOPLPUSH} {|l}
        {LPOP|RPOP} {|l 1 2}
        {LLEN} {|l x}
        {LRANGE|LTRIM|LSET|LREM|LINSERT|LMOVE} l 0
        {LRANGE|LTRIM|LSET|LREM} l 0 1 2
        {LINSERT|LMOVE} l BEFORE a
        {LINSERT|LMOVE} l l LEFT LEFT x
        {LMPOP} {|1|1 l|x}
        RPOPLPUSH l l l
        LINDEX l 0 1
        """,
    ),
    "pushes": (
        WORLD,
        rf"""
        {{LPUSH|RPUSH|LPUSHX|RPUSHX}} {ANY} {{x|x y z|""|"\x00"}}
        """,
    ),
    "pops": (
        WORLD,
        rf"""
        {{LPOP|RPOP}} {ANY}
        {{LPOP|RPOP}} {ANY} {{0|1|2|100|9223372036854775807}}
        {{LPOP|RPOP}} {{l|missing|s}} {{-1|-9223372036854775808|x|1.5|""|9223372036854775808}}
        """,
    ),
    "ranges and indexes": (
        WORLD,
        rf"""
        LLEN {ANY}
        LINDEX {ANY} {{0|-1|3}}
        LINDEX l {INDEX}
        LINDEX {{l|missing|s}} {BAD}
        {{LRANGE|LTRIM}} l {INDEX} {INDEX}
        {{LRANGE|LTRIM}} {ANY} 0 {{-1|0}}
        {{LRANGE|LTRIM}} {{l|missing|s}} {BAD} 0
        {{LRANGE|LTRIM}} {{l|missing|s}} 0 {BAD}
        {{LRANGE|LTRIM}} wide {{0|100|-50|599}} {{5|300|-1|-100|599}}
        LINDEX wide {{300|-300|599|-600|600}}
        """,
    ),
    "LSET, LINSERT, LREM": (
        WORLD,
        rf"""
        LSET {ANY} {{0|-1|1|100}} new
        LSET l {INDEX} ""
        LSET {{l|missing|s}} {BAD} x
        LSET wide {{300|-1|0}} @y*9000
        LINSERT {ANY} {{BEFORE|AFTER}} {{a|x|10|""}} new
        LINSERT {{l|missing}} {{before|aFTer|nope|""}} a new
        LREM {ANY} {{0|1|-1|2|-2}} {{a|x|1}}
        LREM l {{100|-100|9223372036854775807|-9223372036854775808}} a
        LREM {{l|missing|s}} {BAD} a
        LREM odd 0 {{""|"a b"|"\x00\xff"|@x*9000}}
        """,
    ),
    "LPOS": (
        WORLD,
        rf"""
        LPOS {ANY} a
        LPOS l {{a|b|z|""}} {{RANK 1|RANK 2|RANK -1|RANK -2|RANK 100|}} {{COUNT 0|COUNT 2|}} {{MAXLEN 0|MAXLEN 1|MAXLEN 4|}}
        LPOS {{l|missing|s}} a {{RANK 0|RANK x|RANK|COUNT -1|COUNT x|COUNT|MAXLEN -1|MAXLEN x|MAXLEN|nope 1}}
        LPOS l a RANK {{9223372036854775807|-9223372036854775807|-9223372036854775808}}
        LPOS l a COUNT 1 RANK -1 COUNT 0
        LPOS {{missing|s}} a COUNT 1
        LPOS wide e300 {{RANK -1|MAXLEN 299|MAXLEN 300|}}
        LPOS ints {{10|-5|010}}
        LPOS l a {{rank 2|count 2|maxlen 3}}
        """,
    ),
    "moves": (
        WORLD,
        rf"""
        RPOPLPUSH {ANY} {ANY}
        LMOVE {ANY} {{l|missing|s|ttl}} {{LEFT|RIGHT}} {{LEFT|RIGHT}}
        LMOVE {{l|one}} {{l|one}} {{LEFT|RIGHT}} {{LEFT|RIGHT}}
        LMOVE {{l|missing|s}} l {{left|UP|""}} {{right|DOWN}}
        """,
    ),
    "LMPOP": (
        WORLD,
        rf"""
        LMPOP 1 {ANY} {{LEFT|RIGHT}} {{COUNT 1|COUNT 2|COUNT 100|}}
        LMPOP 3 missing {{l|nope|s}} {{one|missing|set}} {{LEFT|RIGHT}}
        LMPOP {{0|-1|x|2|1.5|9223372036854775807|""}} l LEFT
        LMPOP 1 l {{LEFT|UP|left}} {{COUNT 0|COUNT -1|COUNT x|COUNT|nope 1|COUNT 1 COUNT 1|}}
        LMPOP 1 missing LEFT COUNT 0
        """,
    ),
}

SEQUENCES = {
    "an emptied list is gone": """
        RPUSH l a b
        LPOP l 2
        EXISTS l
        RPUSH l a
        RPOPLPUSH l other
        EXISTS l
        LREM other 0 a
        EXISTS other
        RPUSH l a b c
        LTRIM l 5 10
        EXISTS l
        RPUSH l a
        LMPOP 1 l LEFT
        TYPE l
    """,
    "long lists": """
        RPUSH l @e1..2000
        OBJECT ENCODING l
        LINSERT l BEFORE e1000 here
        LINDEX l 999
        LINDEX l 1000
        LREM l 0 e1500
        LLEN l
        LSET l 1200 @x*20000
        LINDEX l 1200
        LRANGE l 1195 1205
        LTRIM l 100 -100
        LLEN l
        LPOP l 900
        RPOP l 300
        LRANGE l 0 -1
        LPOS l @x*20000
        LPUSH l @f1..500
        LPOS l f250
        LPOS l f250 RANK -1
        LRANGE l 495 505
    """,
    "large elements": """
        RPUSH l @a*5000 @b*5000 @c*8192 @d*8193
        LINSERT l AFTER @b*5000 small
        LRANGE l 0 -1
        LSET l 0 tiny
        LREM l 1 @c*8192
        LLEN l
        LMOVE l m RIGHT LEFT
        LRANGE m 0 -1
        OBJECT ENCODING m
    """,
    "TTL": """
        RPUSH l a b c
        EXPIRE l 1000
        RPUSH l d
        LSET l 0 x
        LTRIM l 0 2
        TTL l
        LMOVE l l LEFT RIGHT
        TTL l
        RPOPLPUSH l m
        TTL m
    """,
    "integers stay text": """
        RPUSH l 1 01 +1 -0 9223372036854775807 9223372036854775808 1.0
        LPOS l 1
        LPOS l 01
        LREM l 0 1
        LRANGE l 0 -1
        LINSERT l BEFORE 9223372036854775807 new
        LRANGE l 0 -1
    """,
}
