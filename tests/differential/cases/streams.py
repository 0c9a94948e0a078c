"""Streams and consumer groups."""

WORLD = r"""
XADD s 1-1 a 1 b hello
XADD s 1-2 a 2 b ""
XADD s 2-0 a 3 c "\x00\xff"
XADD s 5-3 x 12345678901234567890 y -1 z 007
XADD s 5-4 a 300 b -5000
XADD s 7-0 a 4 b @v*300
XADD one 3-3 f v
XADD empty 9-9 f v
XTRIM empty MAXLEN 0
XADD holes 1-0 f 1
XADD holes 2-0 f 2
XADD holes 3-0 f 3
XADD holes 4-0 f 4
XDEL holes 2-0 4-0
XGROUP CREATE s g 0
XGROUP CREATE s h 2-0 ENTRIESREAD 3
XGROUP CREATE s end $
XGROUP CREATE holes g 0
XGROUP CREATE empty g $
XGROUP CREATE made g 0 MKSTREAM
XREADGROUP GROUP g alice COUNT 2 STREAMS s >
XREADGROUP GROUP g bob COUNT 3 STREAMS s >
XREADGROUP GROUP h carol NOACK COUNT 1 STREAMS s >
XGROUP CREATECONSUMER s g idle
XREADGROUP GROUP g dave STREAMS holes >
XDEL holes 3-0
XCLAIM s g alice 0 2-0 IDLE 100000 RETRYCOUNT 7
SET str v
RPUSH list a
XADD ttl 1-1 f v
EXPIRE ttl 1000
"""
ANY = "{s|one|empty|holes|made|missing|str|list|ttl}"
ID = "{0|1|1-1|1-2|2|2-0|5-3|5-4|7|7-0|8|18446744073709551615-18446744073709551615}"
FEW = "{0|1-1|5-3|7-0|99}"
BAD = r"""{x|""|1-|-1|1-x|1-1-1|" 1"|+1|01-01|1-+1|"1 "|18446744073709551616|"1\x002"|@0*127|@0*128|*|$|>}"""
BAD_NEW = BAD.replace("|*|", "|")  # that one is a new id

SINGLES = {
    "arity": (
        WORLD,
        """
        {XADD|XLEN|XRANGE|XREVRANGE|XDEL|XTRIM|XREAD|XREADGROUP|XACK|XPENDING|XCLAIM|XAUTOCLAIM|XSETID} {|s}
        {XGROUP|XINFO} {|s|CREATE|CREATE s|STREAM|GROUPS|CONSUMERS|CONSUMERS s|nope s|HELP x}
        {XGROUP|XINFO} HELP
        XGROUP {CREATE|SETID|DESTROY|DELCONSUMER|CREATECONSUMER} {s|s g|s g 1|s g 1 2 3}
        XINFO {GROUPS|CONSUMERS} {s|s g|s g x}
        XLEN s s
        XADD s 10-0 {a|a b c}
        XADD s {MAXLEN 5|NOMKSTREAM|MAXLEN|LIMIT|MINID ~ 5 LIMIT 0} 10-0
        {XRANGE|XREVRANGE} s - + {COUNT|COUNT 1 COUNT|FOO 1|COUNT x}
        XACK s g
        XCLAIM s g c 0
        XAUTOCLAIM s g c 0
        """,
    ),
    "XADD": (
        WORLD,
        rf"""
        XADD {ANY} {{1-1|5-4|7-0|7-1|8|9-9|10-0|10-*|7-*|5-*|0-*|0-0|0|0-1}} f v
        XADD {{s|missing}} {BAD_NEW} f v
        XADD {{s|missing}} {{1-**|*-1|*-*|-*|"1\x00-*"|" 8-*"|+8-*|8-}} f v
        XADD {{s|missing|str}} NOMKSTREAM {{8-0|bad}} f v
        XADD {{s|missing}} {{MAXLEN|MINID}} {{|=|~}} {{0|1|3|5-3|100|-1|x|1.5}} 8-0 f v
        XADD s {{MAXLEN|MINID}} ~ {{0|3}} LIMIT {{0|1|100|-1|x}} 8-0 f v
        XADD s {{MAXLEN = 3 LIMIT 1|MAXLEN 3 LIMIT 0|LIMIT 3|MAXLEN 3 MAXLEN 4|MINID 3 MAXLEN 4|MINID 3 MINID 3}} 8-0 f v
        XADD s {{maxlen 2 nomkstream|nomkstream MAXLEN ~ 2 limit 5|NOMKSTREAM NOMKSTREAM}} 8-0 f v
        XADD missing 1-0 {{"" ""|a 1 a 2|a "\x00\xff"|-9223372036854775808 9223372036854775807|a @x*63|a @x*64|a @x*4095|a @x*4096|a @x*70000}}
        XADD missing 1-0 @f1..40=v
        XADD missing 1-0 @f1..1000=v
        XADD {{s|missing}} 18446744073709551615-{{18446744073709551615|18446744073709551614|*}} f v
        XADD {{s|missing}} 8-18446744073709551615 f v
        """,
    ),
    "XTRIM": (
        WORLD,
        rf"""
        XTRIM {ANY} MAXLEN {{|=|~}} {{0|1|2|5|6|100}}
        XTRIM {ANY} MINID {{|=|~}} {ID}
        XTRIM s {{MAXLEN|MINID}} {{-1|x|1.5|""}}
        XTRIM s {{MAXLEN|MINID}} ~ {{0|1|7|9}} LIMIT {{0|1|6|100|-1|x}}
        XTRIM s {{FOO 1|MAXLEN 1 2|MAXLEN ~|MAXLEN = 1 LIMIT 1|LIMIT 1 MAXLEN|LIMIT 1|LIMIT 0|LIMIT 1 LIMIT 0|NOMKSTREAM MAXLEN 1|MAXLEN 1 MINID 1}}
        XTRIM missing MAXLEN x
        """,
    ),
    "reads": (
        WORLD,
        rf"""
        XLEN {ANY}
        TYPE {ANY}
        OBJECT ENCODING {ANY}
        XRANGE {ANY} - +
        XRANGE s {ID} {ID}
        XREVRANGE s {ID} {ID}
        XRANGE holes {ID} + COUNT {{1|2}}
        XREVRANGE holes + {ID} COUNT {{1|2}}
        {{XRANGE|XREVRANGE}} s {{+ -|- +|- -|+ +}}
        XRANGE s ({ID} ({ID}
        XREVRANGE s ({ID} ({ID}
        {{XRANGE|XREVRANGE}} {{s|missing|str}} {{- +|+ -}} COUNT {{0|1|3|100|-1|x}}
        XRANGE {{s|missing}} {BAD} +
        XRANGE s - {BAD}
        XRANGE s {{(x|(1-|(-1|(1-x|(1-1-1|(+1|(01-01}} +
        XRANGE s {{(-|(+|(|((1|(0-0|(18446744073709551615-18446744073709551615}} +
        XRANGE s - {{(-|(+|(|((1|(0-0|(0-1}}
        XRANGE s - + COUNT 1 COUNT 3
        """,
    ),
    "XREAD": (
        WORLD,
        rf"""
        XREAD STREAMS {ANY} {ID}
        XREAD {{COUNT 1|COUNT 2|COUNT 0|COUNT -1|count 3}} STREAMS {ANY} {FEW}
        XREAD STREAMS {ANY} $
        XREAD STREAMS s {BAD}
        XREAD STREAMS str {BAD}
        XREAD STREAMS {{s one|s missing|missing s|s str|s s|empty holes}} {{0 0|1-1 3-3|$ $|0 $|x 0|0 x}}
        XREAD {{COUNT x|COUNT|BLOCK x|BLOCK -1|BLOCK 1.5|NOACK|GROUP g c|FOO|COUNT 1 FOO}} STREAMS s 0
        XREAD {{COUNT 1 STREAMS s|STREAMS s 0 1|STREAMS|COUNT 1 BLOCK|STREAMS s s 0}}
        XREAD BLOCK {{0|100}} STREAMS s 0
        XREAD BLOCK 1 STREAMS {{s|missing|empty}} $
        XREAD BLOCK 1 COUNT 5 STREAMS {{s missing|missing missing}} $ 0
        """,
    ),
    "XREADGROUP": (
        WORLD,
        rf"""
        XREADGROUP GROUP {{g|h|end|nope}} {{alice|bob|new|""}} STREAMS {ANY} {{>|0|1-1|5-3|99}}
        XREADGROUP GROUP {{g|h}} {{alice|bob|new}} COUNT {{1|2|0|-1}} STREAMS {{s|holes}} {{>|0}}
        XREADGROUP GROUP {{g|h}} {{alice|new}} NOACK STREAMS {{s|holes}} {{>|0}}
        XREADGROUP GROUP g alice STREAMS {{s|missing|str}} {BAD}
        XREADGROUP GROUP g alice STREAMS {{s holes|s missing|s one|s str|s s}} {{> >|0 0|> 0|0 >|x >}}
        XREADGROUP {{GROUP g|NOACK|COUNT 1|GROUP g c FOO|GROUP g c COUNT x|GROUP g c BLOCK x|GROUP g c BLOCK -1|BLOCK 0 NOACK}} STREAMS s >
        XREADGROUP {{STREAMS s > GROUP g c|GROUP g c STREAMS s|GROUP g c STREAMS s > >|GROUP g c COUNT 1 NOACK}}
        XREADGROUP COUNT 1 GROUP g c NOACK GROUP h d STREAMS s >
        XREADGROUP GROUP end c BLOCK 0 STREAMS s 0
        XREADGROUP GROUP g c BLOCK 1 STREAMS {{empty|made|s}} >
        XREADGROUP GROUP end c BLOCK 1 STREAMS s >
        """,
    ),
    "XDEL": (
        WORLD,
        rf"""
        XDEL {ANY} {ID}
        XDEL {{s|holes|one}} 1-1 1-1 7-0 3-3 9
        XDEL s 1-1 1-2 2-0 5-3 5-4 7-0
        XDEL {{s|missing|str}} {BAD}
        XDEL s 1-1 x
        """,
    ),
    "XSETID": (
        WORLD,
        rf"""
        XSETID {ANY} {{0|3-3|7-0|8-1|9-9|x}}
        XSETID s 8-0 ENTRIESADDED {{0|5|6|100|-1|x}} MAXDELETEDID {{0|3|8-0|8-1|x}}
        XSETID {{s|missing}} 8-0 {{ENTRIESADDED|ENTRIESADDED 5|ENTRIESADDED 9|MAXDELETEDID 3|MAXDELETEDID|FOO 1|FOO}}
        XSETID empty {{0|1-0}} ENTRIESADDED 3 MAXDELETEDID 1-0
        XSETID holes {{1-0|2-0|3-0|4-0}}
        """,
    ),
    "XGROUP": (
        WORLD,
        rf"""
        XGROUP CREATE {ANY} {{g|new|""}} {{0|$|5-3|99|x|-|+|*}}
        XGROUP CREATE {{s|missing|str|made}} new {{0|$|x}} MKSTREAM
        XGROUP CREATE {{s|missing}} {{g|new}} 0 {{ENTRIESREAD 0|ENTRIESREAD 5|ENTRIESREAD -1|ENTRIESREAD -2|ENTRIESREAD x|ENTRIESREAD|FOO|MKSTREAM ENTRIESREAD 3|ENTRIESREAD 3 mkstream}}
        XGROUP SETID {ANY} {{g|h|nope}} {{0|$|5-3|99|x}}
        XGROUP SETID s g {{0|2-0}} {{ENTRIESREAD 0|ENTRIESREAD 100|ENTRIESREAD -1|ENTRIESREAD -2|ENTRIESREAD|MKSTREAM}}
        XGROUP DESTROY {ANY} {{g|h|nope}}
        XGROUP CREATECONSUMER {ANY} {{g|nope}} {{alice|new|""}}
        XGROUP DELCONSUMER {ANY} {{g|nope}} {{alice|bob|dave|idle|nope}}
        """,
    ),
    "XACK": (
        WORLD,
        rf"""
        XACK {ANY} {{g|h|nope}} {ID}
        XACK s g 1-1 1-1 2-0 99 5-4
        XACK holes g 1-0 2-0 3-0 4-0
        XACK {{s|missing|str}} {{g|nope}} {{x|1-1 x}}
        """,
    ),
    "XPENDING": (
        WORLD,
        rf"""
        XPENDING {ANY} {{g|h|nope}}
        XPENDING {ANY} g - + 10
        XPENDING {{s|holes}} g {{- +|1-2 5-3|(1-1 (5-4|2 2|+ -|99 +}} {{1|2|100|0|-1}} {{|alice|bob|nope|idle}}
        XPENDING s g IDLE {{0|50000|1000000|-1}} - + 10 {{|alice|bob}}
        XPENDING {{s|missing|str}} {{g|nope}} {{-|- +|- + x|x + 1|- x 1|( + 1|IDLE 1|IDLE x - + 1|IDLE 1 - + x|IDLE 1 - +|IDLE 1 - + 1 alice x|- + 1 alice x|- + 1 alice x y}}
        """,
    ),
    "XCLAIM": (
        WORLD,
        rf"""
        XCLAIM {ANY} {{g|nope}} {{alice|bob|new}} 0 1-1 2-0 5-4 99
        XCLAIM s g {{bob|new}} {{0|50000|1000000|-1}} {{1-1|2-0|1-2 2-0|7-0}} {{|JUSTID}}
        XCLAIM s g new 0 {{1-1|7-0|99}} {{FORCE|FORCE JUSTID|FORCE IDLE 1000|IDLE 5000|IDLE -5000|TIME 1|TIME 99999999999999|TIME -1|RETRYCOUNT 5|RETRYCOUNT 0|RETRYCOUNT -1|RETRYCOUNT 5 JUSTID|LASTID 6-0|LASTID 1-0 FORCE}}
        XCLAIM s g new {{x|1.5|""}} 1-1
        XCLAIM {{s|missing|str}} {{g|nope}} new {{0|x}} {{x|1-1 x|x 1-1|1-1 IDLE|1-1 IDLE x|1-1 TIME x|1-1 RETRYCOUNT x|1-1 LASTID x|1-1 FORCE FOO|1-1 FORCE 2-0}}
        XCLAIM holes g {{dave|new}} 0 1-0 3-0 2-0 {{|FORCE|JUSTID}}
        XCLAIM s g new 1000000 1-1 LASTID 6-0
        XCLAIM s h new 0 1-1 FORCE
        """,
    ),
    "XAUTOCLAIM": (
        WORLD,
        rf"""
        XAUTOCLAIM {ANY} {{g|h|nope}} {{alice|new}} 0 0
        XAUTOCLAIM s g {{alice|new}} {{0|50000|1000000|-1}} {{0|1-1|(1-1|2|99|-|+|(-}} {{|COUNT 1|COUNT 2|COUNT 100|JUSTID|COUNT 1 JUSTID|JUSTID COUNT 2}}
        XAUTOCLAIM holes g {{dave|new}} 0 0 {{|COUNT 1|COUNT 2|JUSTID}}
        XAUTOCLAIM {{s|missing|str}} {{g|nope}} new {{0|x}} {{0|x}} {{|COUNT 0|COUNT -1|COUNT x|COUNT|FOO|COUNT 9223372036854775807|COUNT 4611686018427387904|COUNT 1000000000}}
        """,
    ),
    "XINFO": (
        WORLD,
        rf"""
        XINFO STREAM {ANY}
        XINFO STREAM {ANY} FULL
        XINFO STREAM {{s|missing}} FULL COUNT {{0|1|2|100|-1|x}}
        XINFO STREAM {{s|missing}} {{FOO|FULL COUNT|FULL FOO 1|COUNT 1|FULL COUNT 1 2|full count 1}}
        XINFO GROUPS {ANY}
        XINFO CONSUMERS {ANY} {{g|h|nope}}
        """,
    ),
    "keys": (
        WORLD,
        """
        COPY s {new|one|str REPLACE|one REPLACE|s}
        COPY holes new
        COPY ttl new
        RENAME s {new|one|s}
        MOVE s 1
        DEL s holes made
        UNLINK s holes
        SET s v
        SET s v GET
        EXPIRE s 100
        OBJECT {ENCODING|REFCOUNT} s
        {SORT|GET|LLEN|HGETALL|SMEMBERS|ZCARD|INCR|APPEND} s
        {RPUSH s a|SADD s a|ZADD s 1 a|HSET s f v|ZUNIONSTORE d 1 s|SUNIONSTORE d s}
        SCAN 0 TYPE stream
        FLUSHALL
        """,
    ),
}

SEQUENCES = {
    "blocks of entries": """
    XADD s 1-0 f v
    XINFO STREAM s
    XADD s 255-0 f v
    XINFO STREAM s
    XTRIM s MAXLEN 0
    CONFIG SET stream-node-max-entries 3
    XADD s 256-0 f v g w
    XADD s 257-0 f v
    XADD s 258-0 f v g w
    XADD s 259-0 f v g x
    XADD s 65536-5 g v f w
    XADD s 65537-5 g 1
    XADD s 16777216-0 g 1
    XADD s 16777216-1 g 1
    XADD s 16777216-256 h 1
    XADD s 16777217-0 g 1
    XADD s 4294967296-0 g 1
    XADD s 1099511627776-0 g 1
    XINFO STREAM s
    XRANGE s - +
    XREVRANGE s + -
    XDEL s 257-0 258-0
    XINFO STREAM s
    XDEL s 256-0
    XINFO STREAM s
    XTRIM s MAXLEN ~ 6
    XINFO STREAM s
    XTRIM s MAXLEN ~ 6 LIMIT 2
    XTRIM s MAXLEN ~ 5 LIMIT 3
    XINFO STREAM s
    XTRIM s MINID ~ 16777216-300
    XINFO STREAM s
    XTRIM s MINID 16777217
    XINFO STREAM s
    XTRIM s MAXLEN 1
    XINFO STREAM s
    CONFIG SET stream-node-max-entries 0
    XTRIM s MAXLEN ~ 0
    CONFIG SET stream-node-max-entries 100
    CONFIG SET stream-node-max-bytes 200
    XADD b 1-0 f @v*60
    XADD b 2-0 f @v*60
    XADD b 3-0 f @v*60
    XADD b 4-0 f @v*500
    XADD b 5-0 f v
    XADD b 6-0 f v
    XINFO STREAM b
    CONFIG SET stream-node-max-bytes 0
    XADD b 7-0 f @v*6000
    XADD b 8-0 f @v*6000
    XADD b 9-0 f @v*6000
    XINFO STREAM b
    XRANGE b - +
    CONFIG SET stream-node-max-bytes 4096
    XADD b 10-0 f v
    XINFO STREAM b
    """,
    "a block whose count outgrows a byte": "\n".join(
        [
            "CONFIG SET stream-node-max-entries 0",
            *(f"XADD s {i}-{i % 3} f {i}" for i in range(1, 127)),
            *(f"XADD s {i}-0 f v{i}" for i in range(127, 131)),
            "XDEL s 3-0 128-0",
            "XADD s 131-0 other fields",
            "XINFO STREAM s",
            "CONFIG SET stream-node-max-entries 100",
            "XADD s 132-0 f v",
            "XINFO STREAM s",
            "XRANGE s 125 +",
        ]
    ),
    "a group and its lag": """
    XADD s 1-0 f 1
    XADD s 2-0 f 2
    XADD s 3-0 f 3
    XADD s 4-0 f 4
    XADD s 5-0 f 5
    XGROUP CREATE s g 0
    XGROUP CREATE s mid 3-0
    XINFO GROUPS s
    XREADGROUP GROUP g c COUNT 1 STREAMS s >
    XINFO GROUPS s
    XREADGROUP GROUP mid c COUNT 1 STREAMS s >
    XINFO GROUPS s
    XDEL s 3-0
    XINFO GROUPS s
    XREADGROUP GROUP g c COUNT 1 STREAMS s >
    XINFO GROUPS s
    XREADGROUP GROUP g c COUNT 1 STREAMS s >
    XINFO GROUPS s
    XREADGROUP GROUP g c COUNT 1 STREAMS s >
    XINFO GROUPS s
    XREADGROUP GROUP g c COUNT 1 STREAMS s >
    XINFO GROUPS s
    XADD s 6-0 f 6
    XDEL s 1-0
    XINFO GROUPS s
    XTRIM s MINID 5-0
    XINFO GROUPS s
    XGROUP SETID s g 5-0
    XINFO GROUPS s
    XGROUP SETID s g 4-0 ENTRIESREAD 4
    XINFO GROUPS s
    XDEL s 6-0
    XINFO GROUPS s
    XTRIM s MAXLEN 0
    XINFO GROUPS s
    XINFO STREAM s
    XADD s 7-0 f 7
    XINFO GROUPS s
    XREADGROUP GROUP g c STREAMS s >
    XINFO GROUPS s
    XREADGROUP GROUP g c STREAMS s 0
    XACK s g 7-0 1-0
    XINFO STREAM s FULL
    """,
    "claims go round": """
    XADD s 1-0 f 1
    XADD s 2-0 f 2
    XADD s 3-0 f 3
    XADD s 4-0 f 4
    XGROUP CREATE s g 0
    XREADGROUP GROUP g a COUNT 3 STREAMS s >
    XCLAIM s g b 0 2-0
    XPENDING s g - + 10
    XPENDING s g
    XCLAIM s g c 0 4-0
    XCLAIM s g c 0 4-0 FORCE
    XPENDING s g
    XREADGROUP GROUP g b STREAMS s >
    XPENDING s g - + 10
    XINFO GROUPS s
    XDEL s 2-0
    XREADGROUP GROUP g b STREAMS s 0
    XREADGROUP GROUP g b STREAMS s 0
    XPENDING s g - + 10
    XAUTOCLAIM s g d 0 0 COUNT 1
    XAUTOCLAIM s g d 0 2-0 COUNT 1
    XPENDING s g - + 10
    XAUTOCLAIM s g d 0 0
    XGROUP DELCONSUMER s g d
    XPENDING s g
    XGROUP SETID s g 0
    XREADGROUP GROUP g e STREAMS s >
    XGROUP SETID s g 0
    XREADGROUP GROUP g f STREAMS s >
    XINFO STREAM s FULL
    XGROUP DESTROY s g
    XINFO STREAM s FULL
    """,
    "transactions": """
    WATCH s
    XADD s 1-0 f v
    MULTI
    XLEN s
    EXEC
    XGROUP CREATE s g 0
    WATCH s
    2> XREADGROUP GROUP g c STREAMS s >
    2> XACK s g 1-0
    2> XSETID s 5-0
    2> XGROUP CREATECONSUMER s g d
    MULTI
    XADD s 6-0 f v
    XREAD BLOCK 0 STREAMS s $
    XREADGROUP GROUP g c BLOCK 0 STREAMS s >
    XREADGROUP GROUP g c BLOCK 0 STREAMS s >
    XTRIM s MAXLEN 1
    XINFO GROUPS s
    EXEC
    WATCH s
    2> XDEL s 6-0
    MULTI
    EXEC
    WATCH new
    2> XGROUP CREATE new g 0 MKSTREAM
    MULTI
    EXEC
    WATCH s
    2> XTRIM s MAXLEN 0
    MULTI
    EXEC
    XADD s 7-0 f v
    WATCH s
    2> XTRIM s MAXLEN 0
    MULTI
    EXEC
    """,
}

WAITS = {
    "XREAD is served": """
        XADD k 1-0 f v
        1> XREAD BLOCK 0 STREAMS k $
        2> XREAD BLOCK 0 COUNT 1 STREAMS other k 0 1-0
        3> XREAD BLOCK 0 STREAMS k 0
        XADD k 2-0 f w
        XADD k 3-0 f x
        1> XREAD BLOCK 100 STREAMS k $
    """,
    "XREAD does not mind other types, nor what is below": """
        1> XREAD BLOCK 0 STREAMS k 5-0
        SET k v
        DEL k
        XADD k 4-0 f v
        XADD k 5-1 f v
    """,
    "streams in one transaction": """
        1> XREAD BLOCK 0 STREAMS a b $ $
        2> XREAD BLOCK 0 STREAMS b a 0 0
        MULTI
        XADD b 1-0 f v
        XADD a 1-0 f v
        EXEC
    """,
    "an entry that goes at once": """
        1> XREAD BLOCK 0 STREAMS k 0
        MULTI
        XADD k 1-0 f v
        XDEL k 1-0
        XADD k 2-0 f v
        EXEC
    """,
    "consumers in order of arrival": """
        XGROUP CREATE k g $ MKSTREAM
        1> XREADGROUP GROUP g c1 BLOCK 0 STREAMS k >
        2> XREADGROUP GROUP g c2 BLOCK 0 COUNT 1 STREAMS k >
        3> XREADGROUP GROUP g c3 BLOCK 0 NOACK STREAMS k >
        XADD k 1-0 f v
        XADD k 2-0 f v
        XADD k 3-0 f v
        XPENDING k g
        XINFO GROUPS k
    """,
    "several entries for several consumers": """
        XGROUP CREATE k g $ MKSTREAM
        1> XREADGROUP GROUP g c1 BLOCK 0 COUNT 1 STREAMS k >
        2> XREADGROUP GROUP g c2 BLOCK 0 COUNT 2 STREAMS k >
        3> XREADGROUP GROUP g c3 BLOCK 0 STREAMS k >
        MULTI
        XADD k 1-0 f v
        XADD k 2-0 f v
        XADD k 3-0 f v
        XADD k 4-0 f v
        EXEC
        XPENDING k g
    """,
    "the key goes": """
        XGROUP CREATE k g $ MKSTREAM
        1> XREADGROUP GROUP g c BLOCK 0 STREAMS k >
        DEL k
    """,
    "the key becomes something else": """
        XGROUP CREATE k g $ MKSTREAM
        1> XREADGROUP GROUP g c BLOCK 0 STREAMS k >
        SET k v
    """,
    "the key is renamed, expires, is flushed": """
        XGROUP CREATE k g $ MKSTREAM
        1> XREADGROUP GROUP g c BLOCK 0 STREAMS k >
        RENAME k other
        XGROUP CREATE k g $ MKSTREAM
        1> XREADGROUP GROUP g c BLOCK 0 STREAMS k >
        EXPIRE k -1
        XGROUP CREATE k g $ MKSTREAM
        1> XREADGROUP GROUP g c BLOCK 0 STREAMS k >
        FLUSHALL
    """,
    "the group goes": """
        XGROUP CREATE k g $ MKSTREAM
        XGROUP CREATE k h $
        1> XREADGROUP GROUP g c BLOCK 0 STREAMS k >
        2> XREADGROUP GROUP h c BLOCK 0 STREAMS k >
        XGROUP DESTROY k g
        XADD k 1-0 f v
    """,
    "the group goes and comes back": """
        XGROUP CREATE k g $ MKSTREAM
        1> XREADGROUP GROUP g c BLOCK 0 STREAMS k >
        MULTI
        XGROUP DESTROY k g
        XGROUP CREATE k g $
        EXEC
        XADD k 1-0 f v
    """,
    "what is set back is not told": """
        XADD k 1-0 f v
        XGROUP CREATE k g $
        1> XREADGROUP GROUP g c BLOCK 0 STREAMS k >
        XGROUP SETID k g 0
        XADD k 2-0 f v
    """,
}
