"""HyperLogLog: counts, merges, and the very bytes that the keys hold."""

WORLD = r"""
PFADD one a
PFADD few @e1..40
PFADD some @e1..900
PFADD many @e1..4000
PFADD counted @c1..100
PFCOUNT counted
PFADD mcounted @m1..5000
PFCOUNT mcounted
PFADD empty
PFADD ttl x y
EXPIRE ttl 1000
SET s hello
SET num 12
SET nothing ""
SET magic HYLL
SET short "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
SET headonly "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
SET badencoding "HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
SET baddense "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
SET tooshort "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xfe"
SET toolong "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff\x00"
SET zeros "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x3f\x7f\xbf"
SET claimed "HYLL\x01\x00\x00\x00\x2a\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
SET unused "HYLL\x01abc\x2a\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
RPUSH list a
HSET hash f v
"""

GOOD = "{one|few|some|many|counted|mcounted|empty|ttl|missing|zeros|claimed|unused}"
BAD = "{s|num|nothing|magic|short|headonly|badencoding|baddense|tooshort|toolong|list|hash}"

SINGLES = {
    "PFADD": (
        WORLD,
        rf"""
        PFADD {GOOD}
        PFADD {GOOD} {{a|e5|new|""|"\x00"|@x*100|a b c new|e1 e2}}
        PFADD {BAD} {{a|a b c|new|}}
        PFADD {{one|missing|empty}} @1..300
        PFADD {{few|missing}} @1..3000
        PFADD {{1234567|12345678|123456789012345|1234567890123456}} a ab abc abcd abcde abcdef abcdefg abcdefgh abcdefghi
        PFADD
        """,
    ),
    "PFCOUNT": (
        WORLD,
        rf"""
        PFCOUNT {GOOD}
        PFCOUNT {BAD}
        PFCOUNT {GOOD} {{one|many|few|missing|list|tooshort|s}}
        PFCOUNT one few some many counted empty missing
        PFCOUNT {{tooshort|one|list}} {{toolong|s|one}} {{one|hash}}
        PFCOUNT
        """,
    ),
    "PFMERGE": (
        WORLD,
        rf"""
        PFMERGE {GOOD}
        PFMERGE {BAD}
        PFMERGE {{one|missing|many|ttl|s|list|tooshort}} {{one|few|some|many|counted|missing|s|list|toolong|empty}}
        PFMERGE {{one|some|new}} some counted few
        PFMERGE new {{one|many|missing}} {{few|mcounted|missing}} {{some|counted|s}}
        PFMERGE
        """,
    ),
    "PFDEBUG": (
        WORLD,
        r"""
        PFDEBUG {GETREG|DECODE|ENCODING|TODENSE|nope|""} {one|few|many|empty|missing|s|list|tooshort|toolong|headonly|zeros|claimed}
        PFDEBUG {getreg|decode} few
        PFDEBUG {|GETREG|GETREG few x}
        """,
    ),
    "PFSELFTEST": ("", "PFSELFTEST {|x}"),
}

SEQUENCES = {
    "the count is kept": r"""
        PFADD k a b c
        GETRANGE k 0 15
        PFCOUNT k
        GETRANGE k 0 15
        PFADD k a
        GETRANGE k 0 15
        PFADD k d
        GETRANGE k 0 15
        PFCOUNT k
        PFMERGE k
        GETRANGE k 0 15
        PFCOUNT k missing
        GETRANGE k 0 15
    """,
    "what counts as a change": r"""
        PFADD k a
        1> WATCH k
        PFADD k a
        PFCOUNT k missing
        1> MULTI
        1> PING
        1> EXEC
        1> WATCH k
        PFCOUNT k
        1> MULTI
        1> EXEC
        1> WATCH k
        PFCOUNT k
        1> MULTI
        1> PING
        1> EXEC
        1> WATCH k
        PFMERGE k
        1> MULTI
        1> EXEC
    """,
    "sparse until it is too long": r"""
        CONFIG GET hll-sparse-max-bytes
        CONFIG SET hll-sparse-max-bytes 40
        PFADD k 1 2 3
        PFADD k 4
        STRLEN k
        PFADD k 5
        STRLEN k
        PFADD k 6
        STRLEN k
        PFADD k 7 8 9 10 11 12
        PFDEBUG ENCODING k
        PFCOUNT k
        CONFIG SET hll-sparse-max-bytes 0
        PFADD zero
        PFDEBUG ENCODING zero
        PFADD zero a
        PFDEBUG ENCODING zero
        CONFIG SET hll-sparse-max-bytes 3000
        PFMERGE both k zero
        PFDEBUG ENCODING both
        PFADD a @a1..1000
        PFADD b @b1..1000
        PFMERGE c a b
        PFDEBUG ENCODING a
        PFDEBUG ENCODING c
        PFCOUNT c
        PFCOUNT a b
    """,
    "kept under a time and an encoding": r"""
        SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff" EX 1000
        OBJECT ENCODING k
        PFADD k
        OBJECT ENCODING k
        SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff" EX 1000
        PFCOUNT k
        OBJECT ENCODING k
        PFCOUNT k
        PFADD k a
        TTL k
        COPY k c
        PFADD c b
        PFCOUNT k
        PFCOUNT c
        APPEND c x
        PFCOUNT c
        PFADD c new
        SETRANGE k 16 "\x80\x80\x80\x80"
        PFADD k @n1..50
        PFCOUNT k
    """,
}
