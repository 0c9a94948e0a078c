"""Sorted sets."""

WORLD = r"""
ZADD z 1 a 2 b 2 bb 3 c 4.5 d
ZADD y 10 b 20 c 30 e
ZADD one 1 x
ZADD lex 0 a 0 b 0 c 0 d 0 e 0 ""
ZADD edges -inf low +inf high -0 zero 1.7976931348623157e308 big 5e-324 tiny 0.1 tenth
ZADD wide @1..300=m
ZADD ttl 1 x 2 y
EXPIRE ttl 1000
SADD set a b 3
SET s v
RPUSH list a
HSET hash f v
"""
ANY = "{z|one|edges|ttl|missing|set|s|list|hash}"
NUMBER = r"""{0|-1|1.5|-0|inf|+inf|-inf|infinity|nan|-nan|""|" 1"|"1 "|abc|1e400|-1e400|1e-400|0x10|1e5|.5|5.|9223372036854775807|9007199254740993|0.1|1e21|1e16|123456789012345678|3.0|100000000000000000000|1.7976931348623157e308|2.2250738585072014e-308}"""
INDEX = "{0|1|-1|-2|4|5|-5|-6|100|-100|9223372036854775807|-9223372036854775808}"
FEW = "{0|1|-1|-2|100|-100}"
BAD = """{x|""|1.5|9223372036854775808}"""
LOW = "{-inf|+inf|0|1|(1|2|(2|(4.5|3|100|-5|(-inf|(+inf}"
HIGH = "{-inf|inf|1|2|(2|3|(3|4.5|(4.5|100|(inf}"
BAD_BOUND = r"""{x|""|(|((1|(x|[1|nan|(nan|" 1"|1e400}"""
LEX_LOW = r"""{-|+|[|(|[a|(a|[b|(b|[z|(""|"[\x00"}"""
LEX_HIGH = r"""{-|+|[|[c|(c|[e|(e|[d|"[\xff"}"""
BAD_LEX = """{a|""|--|-a|+a|*|1}"""

SINGLES = {
    "arity": (
        WORLD,
        """
        {ZADD|ZREM|ZSCORE|ZMSCORE|ZRANK|ZREVRANK|ZINCRBY|ZCOUNT|ZLEXCOUNT|ZSCAN} {|z}
        {ZRANGE|ZREVRANGE|ZRANGEBYSCORE|ZREVRANGEBYSCORE|ZRANGEBYLEX|ZREVRANGEBYLEX} {|z|z 1}
        {ZREMRANGEBYRANK|ZREMRANGEBYSCORE|ZREMRANGEBYLEX|ZRANGESTORE} {|z|z 1|z 1 2 3}
        {ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE|ZUNION|ZINTER|ZDIFF|ZINTERCARD|ZMPOP} {|z|1|z 1}
        ZCARD {|z x}
        {ZPOPMIN|ZPOPMAX} {|z 1 2}
        {ZSCORE|ZRANK|ZREVRANK} z a b
        ZINCRBY z 1
        ZINCRBY z 1 a b
        ZCOUNT z 1 2 3
        ZRANDMEMBER {|z 1 WITHSCORES x}
        """,
    ),
    "ZADD": (
        WORLD,
        rf"""
        ZADD {{z|missing|ttl|s}} {{NX|XX|}} {{GT|LT|}} {{CH|}} {{INCR|}} {{2|0|10|1}} {{b|new|x}}
        ZADD z {{NX XX|GT LT|NX GT|LT NX|XX NX CH|GT LT INCR|CH CH|INCR INCR|nx|xx|gt|lt|ch|incr}} 1 a
        ZADD z {{INCR|CH}} 1 a 2 b
        ZADD {ANY} 1 new 2 b 3 new
        ZADD {{z|missing|s}} {NUMBER} {{b|new}}
        ZADD {{z|missing}} INCR {NUMBER} {{b|new}}
        ZADD edges INCR {{inf|-inf|1|-1}} {{low|high|big|zero}}
        ZADD edges INCR 1.7976931348623157e308 big
        ZADD {{z|missing|s}} {{1|1 a 2|NX|NX 1|XX GT|1 a x b|x a 1 b|INCR}}
        ZADD z 1 ""
        ZADD z 1 "\x00\xff"
        ZADD z 7 NX 8 XX
        ZADD z XX CH 7 a 8 nope 2 b
        ZADD z GT CH 0 a 5 b
        ZADD z LT CH 0 a 5 b
        ZADD missing {{@1..128=m|@1..129=m}}
        ZADD missing 1 {{@x*64|@x*65}}
        ZADD missing {{XX|GT|LT|NX}} 1 {{a|@x*65}}
        """,
    ),
    "ZINCRBY": (
        WORLD,
        rf"""
        ZINCRBY {ANY} {{1|-1|0}} {{a|x|new}}
        ZINCRBY {{z|missing}} {NUMBER} {{a|new}}
        ZINCRBY edges {{inf|-inf|1}} {{low|high|big|zero|tiny|tenth}}
        """,
    ),
    "reads": (
        WORLD,
        rf"""
        ZCARD {ANY}
        {{ZSCORE|ZRANK|ZREVRANK}} {ANY} {{a|x|missing}}
        {{ZSCORE|ZRANK|ZREVRANK}} edges {{low|high|zero|big|tiny|tenth|""}}
        {{ZSCORE|ZRANK|ZREVRANK}} wide {{m1|m150|m300}}
        ZMSCORE {ANY} a missing b a
        ZMSCORE edges low high zero big tiny tenth
        """,
    ),
    "removals": (
        WORLD,
        rf"""
        ZREM {ANY} {{a|x|missing|a b a|a b bb c d}}
        ZREMRANGEBYRANK z {INDEX} {INDEX}
        ZREMRANGEBYRANK {{ANY}} 0 0
        ZREMRANGEBYRANK {{z|missing|s}} {BAD} 0
        ZREMRANGEBYRANK wide {{0|100|-50}} {{5|200|-1}}
        ZREMRANGEBYSCORE z {LOW} {HIGH}
        ZREMRANGEBYSCORE {{z|missing|s}} {BAD_BOUND} 1
        ZREMRANGEBYSCORE wide {{-inf|(100|150}} {{200|(201|inf}}
        ZREMRANGEBYLEX lex {LEX_LOW} {LEX_HIGH}
        ZREMRANGEBYLEX {{lex|missing|s}} {BAD_LEX} +
        {{ZPOPMIN|ZPOPMAX}} {ANY}
        {{ZPOPMIN|ZPOPMAX}} {ANY} {{0|1|2|100}}
        {{ZPOPMIN|ZPOPMAX}} {{z|missing|s}} {{-1|x|""|1.5|9223372036854775807|9223372036854775808}}
        {{ZPOPMIN|ZPOPMAX}} wide {{5|299|300}}
        """,
    ),
    "ZRANGE by rank": (
        WORLD,
        rf"""
        {{ZRANGE|ZREVRANGE}} z {INDEX} {INDEX}
        {{ZRANGE|ZREVRANGE}} {ANY} 0 -1 {{WITHSCORES|}}
        ZRANGE {{z|wide}} {FEW} {FEW} REV {{WITHSCORES|}}
        {{ZRANGE|ZREVRANGE}} {{z|missing|s}} {BAD} 0
        {{ZRANGE|ZREVRANGE}} {{z|missing|s}} 0 {BAD}
        {{ZRANGE|ZREVRANGE}} z 0 -1 {{withscores|nope|WITHSCORES WITHSCORES|REV|LIMIT 0 1|LIMIT|BYSCORE|BYLEX|""}}
        ZRANGE z 0 -1 {{LIMIT 0 1|WITHSCORES LIMIT 0 1|REV LIMIT 0 1|LIMIT 0|LIMIT 0 -1|LIMIT 1 -1}}
        """,
    ),
    "ZRANGE by score": (
        WORLD,
        rf"""
        ZCOUNT {{z|edges}} {LOW} {HIGH}
        ZCOUNT {ANY} -inf +inf
        {{ZCOUNT|ZRANGEBYSCORE}} {{z|missing|s}} {BAD_BOUND} 1
        {{ZCOUNT|ZRANGEBYSCORE}} {{z|missing|s}} 1 {BAD_BOUND}
        ZRANGE {{z|missing|s}} {BAD_BOUND} 1 BYSCORE
        ZRANGEBYSCORE z {LOW} {HIGH}
        ZREVRANGEBYSCORE z {HIGH} {LOW}
        ZRANGE z {LOW} {HIGH} BYSCORE
        ZRANGE z {HIGH} {LOW} BYSCORE REV
        {{ZRANGEBYSCORE|ZREVRANGEBYSCORE}} edges {{-inf|0|inf}} {{inf|0|-inf}} WITHSCORES
        {{ZRANGEBYSCORE|ZRANGE}} {ANY} -inf +inf {{WITHSCORES|}}
        ZRANGEBYSCORE z -inf +inf {{WITHSCORES|}} LIMIT {{0|1|3|100|-1}} {{0|1|2|100|-1|-5}}
        ZREVRANGEBYSCORE z +inf -inf LIMIT {{0|1|3|100|-1}} {{0|1|2|100|-1}} {{WITHSCORES|}}
        ZRANGE z -inf +inf BYSCORE LIMIT {{0|1|3|100|-1}} {{0|1|2|100|-1}} {{WITHSCORES|}}
        ZRANGE z +inf -inf BYSCORE REV LIMIT {{0|2|100|-1}} {{0|2|100|-1}} {{WITHSCORES|}}
        ZRANGEBYSCORE z 0 5 {{LIMIT|LIMIT 0|LIMIT x 1|LIMIT 0 x|nope|LIMIT 0 1 LIMIT 1 1|REV|BYSCORE}}
        {{ZRANGEBYSCORE|ZRANGE}} wide (100 200 {{BYSCORE|}} {{LIMIT 5 10|}} {{WITHSCORES|}}
        """,
    ),
    "ZRANGE by lex": (
        WORLD,
        rf"""
        {{ZLEXCOUNT|ZRANGEBYLEX}} lex {LEX_LOW} {LEX_HIGH}
        ZREVRANGEBYLEX lex {LEX_HIGH} {LEX_LOW}
        ZRANGE lex {LEX_LOW} {LEX_HIGH} BYLEX
        ZRANGE lex {LEX_HIGH} {LEX_LOW} BYLEX REV
        {{ZLEXCOUNT|ZRANGEBYLEX}} {{one|missing|set|s}} - +
        {{ZLEXCOUNT|ZRANGEBYLEX|ZREVRANGEBYLEX}} {{lex|missing|s}} {BAD_LEX} +
        {{ZLEXCOUNT|ZRANGEBYLEX|ZREVRANGEBYLEX}} {{lex|missing|s}} - {BAD_LEX}
        ZRANGE {{lex|missing|s}} {BAD_LEX} + BYLEX
        {{ZRANGEBYLEX|ZRANGE}} lex - + {{BYLEX|}} LIMIT {{0|2|100|-1}} {{0|2|100|-1}}
        ZREVRANGEBYLEX lex + - LIMIT {{0|2|100|-1}} {{0|2|100|-1}}
        ZRANGE lex + - BYLEX REV LIMIT {{1|-1}} {{2|-1}}
        {{ZRANGEBYLEX|ZREVRANGEBYLEX}} lex - + {{WITHSCORES|LIMIT|LIMIT 0|LIMIT x 1|BYLEX}}
        ZRANGE lex - + BYLEX {{WITHSCORES|BYSCORE|LIMIT 0 2 WITHSCORES}}
        """,
    ),
    "ZRANGESTORE": (
        WORLD,
        rf"""
        ZRANGESTORE {{dest|z|ttl|s}} {{z|wide|missing|s|set}} {FEW} {FEW} {{REV|}}
        ZRANGESTORE dest z {LOW} {HIGH} BYSCORE
        ZRANGESTORE dest z {{4|(4|inf}} {{1|-inf}} BYSCORE REV {{LIMIT 0 2|LIMIT 1 -1|LIMIT 9 9|}}
        ZRANGESTORE dest lex {{-|[b}} {{+|(d}} BYLEX {{LIMIT 1 2|}}
        ZRANGESTORE dest z 0 -1 {{WITHSCORES|LIMIT 0 1|nope|BYSCORE BYLEX|BYSCORE WITHSCORES}}
        ZRANGESTORE {{dest|s}} z {{x|1.5}} 1 {{BYLEX|}}
        """,
    ),
    "algebra": (
        WORLD,
        rf"""
        {{ZUNION|ZINTER}} {{1|2|3}} {{z|set|missing|s}} {{y|edges|set}} {{WITHSCORES|}}
        {{ZUNION|ZINTER}} 2 {{z|set|missing}} {{y|set}} {{WEIGHTS 2 3|WEIGHTS -1 0.5|WEIGHTS inf -inf|WEIGHTS 0 inf|}} {{AGGREGATE SUM|AGGREGATE MIN|AGGREGATE MAX|}} WITHSCORES
        {{ZUNION|ZINTER}} 2 z y AGGREGATE max WEIGHTS 1 2 WITHSCORES
        {{ZUNION|ZINTER}} 2 z y {{WEIGHTS|WEIGHTS 1|WEIGHTS 1 x|WEIGHTS 1 nan|WEIGHTS 1 2 3|AGGREGATE|AGGREGATE x|nope|withscores|WITHSCORES WITHSCORES}}
        {{ZUNION|ZINTER|ZDIFF|ZINTERCARD}} {{0|-1|x|3|1.5|9223372036854775807|""}} z y
        {{ZUNION|ZINTER|ZDIFF}} 2 edges edges WITHSCORES
        {{ZUNION|ZINTER}} 2 edges edges WEIGHTS {{1 0|0 1|0 0|-1 1}} AGGREGATE {{SUM|MIN|MAX}} WITHSCORES
        {{ZUNION|ZINTER|ZDIFF}} 2 {ANY} {ANY}
        ZDIFF {{1|2|3}} {{z|set|missing|s}} {{y|edges|set}} {{WITHSCORES|WEIGHTS 1|nope|}}
        ZDIFF 3 wide z y
        {{ZUNION|ZINTER}} 3 wide set z WITHSCORES
        ZINTERCARD {{1|2}} {{z|set|missing|s}} {{y|set}} {{LIMIT 0|LIMIT 1|LIMIT 5|}}
        ZINTERCARD 2 z y {{LIMIT|LIMIT -1|LIMIT x|WEIGHTS 1 2|WITHSCORES|limit 1|LIMIT 1 LIMIT 2}}
        """,
    ),
    "algebra that stores": (
        WORLD,
        r"""
        {ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE} {dest|z|ttl|s} {1|2} {z|set|missing|s} {y|set|list}
        {ZUNIONSTORE|ZINTERSTORE} dest 2 {z|set} {y|z} {WEIGHTS 2 3|WEIGHTS inf -inf|} {AGGREGATE MIN|AGGREGATE MAX|AGGREGATE SUM|}
        {ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE} dest 2 z y {WITHSCORES|nope|WEIGHTS 1|WEIGHTS 1 x|AGGREGATE x}
        {ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE} dest {0|-1|x|3|100} z y
        {ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE} {dest|wide|z} 2 wide z
        ZUNIONSTORE dest 2 edges edges WEIGHTS 1 -1
        """,
    ),
    "ZMPOP": (
        WORLD,
        rf"""
        ZMPOP 1 {ANY} {{MIN|MAX}} {{COUNT 1|COUNT 2|COUNT 100|}}
        ZMPOP 3 missing {{z|nope|s}} {{one|missing|set}} {{MIN|MAX}}
        ZMPOP {{0|-1|x|2|1.5|9223372036854775807|""}} z MIN
        ZMPOP 1 z {{MIN|UP|max}} {{COUNT 0|COUNT -1|COUNT x|COUNT|nope 1|COUNT 1 COUNT 1|}}
        """,
    ),
    "ZRANDMEMBER": (
        WORLD,
        rf"""
        ZRANDMEMBER {ANY}
        ZRANDMEMBER {{z|one|wide|missing|s}} {{0|1|3|-1|-3|100|-100|x|1.5|9223372036854775807}} {{WITHSCORES|}}
        ZRANDMEMBER z 2 {{withscores|WITHVALUES|""}}
        ZRANDMEMBER z {{-4611686018427387904|-9223372036854775807}} WITHSCORES
        """,
    ),
    "ZSCAN": (
        WORLD,
        """
        ZSCAN {z|one|edges|wide|lex|missing|s} 0 {COUNT 1|COUNT 1000|} {MATCH *1*|MATCH a|MATCH z*|}
        ZSCAN z 0 {COUNT 0|COUNT x|COUNT|MATCH|TYPE zset|nope x}
        ZSCAN {z|s|missing} {x|-1|""}
        """,
    ),
}

SEQUENCES = {
    "encodings": """
        ZADD z @1..128=m
        OBJECT ENCODING z
        ZADD z 5 m1
        OBJECT ENCODING z
        ZADD z 1 m129
        OBJECT ENCODING z
        ZREMRANGEBYRANK z 1 -1
        OBJECT ENCODING z
        ZADD y 1 @x*64
        OBJECT ENCODING y
        ZADD y 1 @x*65
        OBJECT ENCODING y
        ZUNIONSTORE u 2 z y
        OBJECT ENCODING u
        ZADD w @1..300=m
        ZRANGESTORE r w 0 127
        OBJECT ENCODING r
        ZRANGESTORE r w 0 128
        OBJECT ENCODING r
        ZINTERSTORE i 2 w z
        OBJECT ENCODING i
        ZDIFFSTORE d 2 w z
        OBJECT ENCODING d
        ZREM z m129
        ZREM z m2
        ZRANGE z 0 -1
        ZADD n XX 1 a
        EXISTS n
        ZINCRBY q 1 @y*65
        OBJECT ENCODING q
    """,
    "how scores are written": r"""
        ZADD z 0.1 a 1e21 b 1e20 c 123456789.123456789 d 1e-7 e -0 f 3 g 1e15 h 1e17 i 0.30000000000000004 j
        ZRANGE z 0 -1 WITHSCORES
        ZADD z 100000000000000000000 k 9007199254740993 l -1e-300 m 1.5e300 n 12345678901234567 o
        ZRANGE z 0 -1 WITHSCORES
        ZSCORE z f
        ZINCRBY z 0.2 a
        ZINCRBY z 1e-20 a
        ZINCRBY z -0 f
        ZMSCORE z a b c d e f
        ZPOPMIN z 3
        ZPOPMAX z
    """,
    "many equal scores": """
        ZADD z 0 @0..0
        ZADD z 0 e 0 d 0 c 0 b 0 a 0 "" 0 aa 0 ab
        ZRANGE z 0 -1
        ZRANK z b
        ZREVRANK z b
        ZADD w @1..200=m
        ZUNIONSTORE w 1 w WEIGHTS 0
        ZRANGE w 0 20
        ZREVRANGE w 0 20
        ZRANK w m7
        ZREVRANK w m7
        ZRANGEBYLEX w [m15 (m2
        ZREMRANGEBYLEX w (m1 [m150
        ZLEXCOUNT w - +
        ZCOUNT w 0 0
    """,
    "an emptied zset is gone": """
        ZADD z 1 a
        ZREM z a
        EXISTS z
        ZADD z 1 a
        ZPOPMIN z
        EXISTS z
        ZADD z 1 a
        ZREMRANGEBYSCORE z 0 5
        EXISTS z
        ZADD z 1 a
        ZMPOP 1 z MIN
        EXISTS z
        ZADD z 1 a
        ZDIFFSTORE z 2 z z
        EXISTS z
    """,
    "ranks in a large one": """
        ZADD z @1..1000=m
        ZRANK z m1
        ZRANK z m500
        ZREVRANK z m500
        ZRANGE z 400 410 WITHSCORES
        ZREVRANGE z 0 5
        ZINCRBY z 10000 m500
        ZRANK z m500
        ZRANK z m501
        ZREMRANGEBYRANK z 100 199
        ZRANK z m501
        ZCOUNT z 150 (400
        ZREMRANGEBYSCORE z 300 600
        ZCARD z
        ZRANGEBYSCORE z 250 700 LIMIT 10 20
        ZREVRANGEBYSCORE z 700 250 LIMIT 60 10
        ZSCAN z 0 COUNT 7
        ZRANDMEMBER z 400
        ZRANDMEMBER z -50 WITHSCORES
        ZPOPMAX z 3
        ZPOPMIN z 300
        ZRANGE z 0 -1
    """,
    "TTL": """
        ZADD z 1 a
        EXPIRE z 1000
        ZADD z 2 b
        ZREM z a
        TTL z
        ZUNIONSTORE z 1 z
        TTL z
    """,
}
