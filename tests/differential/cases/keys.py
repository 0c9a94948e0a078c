"""Keys of any type: existence, expiry, moving, copying, SCAN, SORT, OBJECT."""

WORLD = r"""
SET s v
SET num 10
SET raw @x*50
SET ttl v EX 1000
SET "\x00\xff" binary
SET "" "empty key"
RPUSH list 3 1 2 10
HSET hash f v
HSET wide @f1..200=v
SADD set a b
SADD ints 3 1 2
ZADD zset 1 a 2 b
"""
ANY = r'{s|num|raw|ttl|list|hash|wide|set|ints|zset|missing|""|"\x00\xff"}'
FEW = "{s|ttl|list|zset|missing}"
BAD_NUMBER = r'{x|""|1.5|9223372036854775808|" 1"|nan}'

SINGLES = {
    "arity": (
        WORLD,
        """
        {DEL|UNLINK|EXISTS|TOUCH|SORT|SORT_RO|SCAN|EXPIRE|PEXPIRE|EXPIREAT|PEXPIREAT|OBJECT|COPY}
        {TYPE|TTL|PTTL|EXPIRETIME|PEXPIRETIME|PERSIST|KEYS} {|s x}
        {RENAME|RENAMENX|MOVE} {|s|s 1 x}
        {EXPIRE|PEXPIRE|EXPIREAT|PEXPIREAT|COPY} s
        RANDOMKEY x
        DBSIZE x
        """,
    ),
    "existence": (
        WORLD,
        rf"""
        {{DEL|UNLINK|EXISTS|TOUCH}} {ANY}
        {{DEL|UNLINK|EXISTS|TOUCH}} s s missing list ttl s
        {{TYPE|TTL|PERSIST|EXPIRETIME|PEXPIRETIME|PTTL}} {ANY}
        {{DEL|UNLINK}} s num raw ttl list hash wide set ints zset "" "\x00\xff"
        RANDOMKEY
        DBSIZE
        """,
    ),
    "expiry": (
        WORLD,
        rf"""
        {{EXPIRE|PEXPIRE}} {FEW} {{500000|2000000}} {{NX|XX|GT|LT|}}
        {{EXPIREAT|PEXPIREAT}} {FEW} {{9999999999|9999999999999}} {{NX|XX|GT|LT|}}
        {{EXPIRE|PEXPIRE}} {FEW} {{0|-1|-9999999999}} {{NX|XX|GT|LT|}}
        {{EXPIREAT|PEXPIREAT}} {FEW} {{0|1|-1}} {{NX|XX|GT|LT|}}
        {{EXPIRE|PEXPIRE|EXPIREAT|PEXPIREAT}} {{ttl|missing}} {BAD_NUMBER}
        {{EXPIRE|PEXPIRE|EXPIREAT|PEXPIREAT}} {{s|missing}} {{9223372036854775807|-9223372036854775808|9223372036854775|-9223372036854775|9223372036854776|9223370000000000000}}
        {{EXPIRE|PEXPIREAT}} ttl 9999999999999 {{NX XX|NX GT|NX LT|GT LT|XX GT|XX LT|GT XX|nope|nx|gt|""|XX XX|LT LT}}
        PEXPIREAT ttl 1000000 {{XX GT|XX LT|LT|GT}}
        """,
    ),
    "renaming": (
        WORLD,
        rf"""
        {{RENAME|RENAMENX}} {ANY} {{s|new|ttl|list|""}}
        {{RENAME|RENAMENX}} {{s|missing}} {{s|missing}}
        """,
    ),
    "COPY": (
        WORLD,
        rf"""
        COPY {ANY} {{new|s|zset}} {{REPLACE|}} {{DB 1|DB 0|}}
        COPY {{s|missing}} {{s|missing}} {{REPLACE|DB 0|DB 1|DB 1 REPLACE|}}
        COPY s new DB {{-1|16|15|x|1.5|""|9223372036854775807}}
        COPY s new {{DB|nope|REPLACE DB|replace|db 1|REPLACE REPLACE|DB 1 DB 2}}
        COPY s s DB 0
        """,
    ),
    "MOVE": (
        WORLD,
        rf"""
        MOVE {ANY} {{1|15}}
        MOVE {{s|missing}} {{0|-1|16|x|1.5|""|9223372036854775807|99999999999999999999}}
        """,
    ),
    "KEYS": (
        r"""
        MSET one 1 two 2 three 3 four 4 a*b x "a[b" y "a\\b" z "" e "\x00\xff" b "h-l" 1 hello 1 hallo 1 hllo 1 heeello 1
        """,
        r"""
        KEYS {*|**|?|???|t*|*o*|one|nope|""|[ot]*|[^ot]*|[a-f]*|[f-a]*|\\*|a\**|"a[b"|"a\\[b"|[|[^|"\\"|*\\|h?llo|h*llo|h[ae]llo|h[^e]llo|h[a-b]llo|"h[-]l"|h[a-]l|[]|[]a]|"*\xff"|"\x00*"|*[|a[]b|????*|*????}
        """,
    ),
    "SCAN": (
        WORLD,
        """
        SCAN 0 {TYPE string|TYPE hash|TYPE zset|TYPE list|TYPE set|TYPE stream|TYPE nope|TYPE HASH|} {COUNT 1|COUNT 1000|} {MATCH *s*|MATCH z|}
        SCAN 0 {COUNT 0|COUNT -1|COUNT x|COUNT|MATCH|TYPE|nope|COUNT 9223372036854775808}
        SCAN {x|-1|""|1.5|18446744073709551616|" 0"|"0 "|+0}
        """,
    ),
    "OBJECT": (
        WORLD,
        rf"""
        OBJECT {{ENCODING|encoding|REFCOUNT|IDLETIME|FREQ}} {ANY}
        OBJECT {{ENCODING|REFCOUNT|IDLETIME|FREQ}} {{|s x}}
        OBJECT {{nope|""|HELP|help|HELP x|nope s}}
        """,
    ),
    "MEMORY": (
        WORLD,
        rf"""
        MEMORY USAGE {ANY} {{SAMPLES 0|SAMPLES 5|SAMPLES -1|SAMPLES x|SAMPLES|nope|}}
        MEMORY {{|USAGE|nope|USAGE s SAMPLES 1 2}}
        """,
    ),
    "SORT": (
        r"""
        RPUSH nums 3 1 2 10 -5 2.5 1e2
        RPUSH words banana apple cherry Apple "" 10 9
        RPUSH mixed 1 x 2
        RPUSH ids 1 2 3
        RPUSH empty_el 1 "" 2 "0.5\x00x" " 1.5" 0x10
        RPUSH zero_first 1 "\x00x" 2 -1
        SADD set 3 1 2
        SADD names x z y
        ZADD zset 3 c 1 b 2 a
        ZADD znums 1 30 2 20 3 10
        MSET w_1 30 w_2 10 w_3 20 o_1 one o_3 three
        MSET bad_1 x bad_2 y bad_3 z
        HSET h_1 w 5 n first
        HSET h_2 w 6 n second
        HSET h_3 w 4
        SET s v
        HSET hash f v
        """,
        r"""
        {SORT|SORT_RO} {nums|words|mixed|set|names|zset|znums|missing|s|hash|empty_el} {ALPHA|} {DESC|ASC|}
        {SORT|SORT_RO} zero_first {DESC|ASC|}
        {SORT|SORT_RO} nums LIMIT {0|2|-1|100} {0|2|-1|100}
        SORT {nums|ids} LIMIT {x|1.5|""} 1
        SORT nums {LIMIT|LIMIT 0|BY|GET|STORE|nope|ALPHA DESC ASC|desc|limit 0 1|STORE dest STORE other}
        SORT ids BY {w_*|o_*|bad_*|h_*->w|h_*->nope|nosort|h_*->|*->w|w_**|missing_*|""|*} {DESC|} {ALPHA|}
        SORT ids BY {w_*|nosort|h_*->w} {GET #|GET o_*|GET h_*->n|GET # GET o_* GET h_*->n|GET nostar|GET *|GET s_*->|GET ""}
        SORT {zset|znums} BY nosort {DESC|ASC|} {LIMIT 0 2|LIMIT 1 1|LIMIT -1 2|LIMIT 0 -1|} {GET #|}
        SORT nums BY nosort {DESC|} {LIMIT 1 2|}
        SORT {ids|missing|s|set|zset|words} {BY w_*|ALPHA|BY nosort} STORE {dest|ids|s|w_1}
        SORT ids BY w_* GET # GET o_* STORE dest
        SORT ids GET h_*->n GET o_* STORE dest
        SORT_RO ids {STORE dest|BY w_* GET #}
        SORT words BY h_*->w {ALPHA|}
        """,
    ),
}

SEQUENCES = {
    "expired keys are not there": """
        SET gone v
        PEXPIREAT gone 1
        EXISTS gone
        GET gone
        SET gone v PXAT 1
        EXISTS gone
        GET gone
        TYPE gone
        TTL gone
        SETNX gone new
        GET gone
        RPUSH l a
        EXPIRE l -1
        TYPE l
        LPUSHX l b
        SET gone v PXAT 1
        APPEND gone x
        TTL gone
        SET gone v PXAT 1
        INCR gone
        SET gone v PXAT 1
        RENAME gone other
        SET gone v PXAT 1
        COPY gone other
        SET gone v PXAT 1
        PERSIST gone
        SET gone v PXAT 1
        DEL gone
        SET gone v PXAT 1
        EXPIRE gone 100
        SET gone v PXAT 1
        KEYS *
        SCAN 0
        SET gone v PXAT 1
        RANDOMKEY
        SET gone v PXAT 1
        MOVE gone 1
        SET gone v PXAT 1
        SET gone new XX
        SET gone v PXAT 1
        SET gone new GET
        GETEX gone PXAT 1
        EXISTS gone
    """,
    "TTL travels": """
        SET a v EX 1000
        RENAME a b
        TTL b
        SET c v
        RENAME b c
        TTL c
        COPY c d
        TTL d
        SET e v EX 5000
        RENAME e d
        TTL d
        MOVE d 1
        SELECT 1
        TTL d
        PERSIST d
        TTL d
        PERSIST d
        EXPIREAT d 9999999999
        EXPIRETIME d
        PEXPIRETIME d
        SELECT 0
        COPY c d DB 1
        COPY c d DB 1 REPLACE
        SELECT 1
        TTL d
    """,
    "copies are independent": """
        RPUSH l a b c
        COPY l m
        RPUSH m d
        LRANGE l 0 -1
        HSET h @f1..200=v
        COPY h g
        HDEL g f1
        HLEN h
        HGET h f1
        SADD s @1..600
        COPY s t
        SREM t 5
        SISMEMBER s 5
        ZADD z @1..200=m
        COPY z y
        ZADD y 1000 m1
        ZSCORE z m1
        ZRANK y m1
        RPUSH big @e1..900
        COPY big huge
        LSET huge 450 other
        LINDEX big 450
        OBJECT ENCODING g
        OBJECT ENCODING t
        OBJECT ENCODING y
        SET n 5
        COPY n o
        INCR o
        GET n
    """,
    "a thousand keys": """
        MSET @k1..1000=v
        DBSIZE
        SCAN 0
        SCAN 0 COUNT 3 MATCH *7
        KEYS k9*
        DEL @k1..600
        DBSIZE
        SCAN 0
        UNLINK @k601..990
        KEYS *
        TOUCH @k985..1000
    """,
    "large values go": """
        ZADD z @1..3000=m
        RPUSH l @e1..3000
        HSET h @f1..3000=v
        SADD s @m1..3000
        UNLINK z l
        EXISTS z l h s
        DEL h s
        DBSIZE
        ZADD z 1 a
        ZRANGE z 0 -1
        RENAME z s
        TYPE s
    """,
}
