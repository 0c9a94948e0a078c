"""What Redis 8 added to streams, held against one."""

WORLD = r"""
XADD s 1-0 f 1
XADD s 2-0 f 2
XADD s 3-0 f 3
XADD s 4-0 f 4
XADD s 5-0 f 5
XADD s 6-0 f 6
XGROUP CREATE s g 0
XGROUP CREATE s h 0
XREADGROUP GROUP g c COUNT 4 STREAMS s >
XREADGROUP GROUP h c COUNT 3 STREAMS s >
XACK s g 1-0 3-0
XACK s h 1-0
XADD alone 1-0 f 1
XADD alone 2-0 f 2
XADD alone 3-0 f 3
XADD empty 7-0 f v
XTRIM empty MAXLEN 0
SET str v
"""
REFS = "{|KEEPREF|DELREF|ACKED}"

SINGLES = {
    "deleting with an eye on the groups": (
        WORLD,
        rf"""
        XDELEX {{s|alone|missing|str}} {REFS} IDS 3 1-0 2-0 9-0
        XDELEX s {REFS} IDS 6 1-0 2-0 3-0 4-0 5-0 6-0
        XDELEX s {REFS} IDS 2 2-0 2-0
        XDELEX s {{IDS 0 1-0|IDS -1 1-0|IDS x 1-0|IDS 2 1-0|IDS 1 1-0 2-0|IDS 1 bad|FOO IDS 1 1-0|KEEPREF DELREF IDS 1 1-0|IDS 1 1-0 DELREF|IDS 1 1-0 IDS 1 2-0|ids 1 1-0 acked|1-0|KEEPREF|IDS}}
        XDELEX {{missing|str}} IDS 1 bad
        XACKDEL {{s|alone|missing|str}} {{g|h|nope}} {REFS} IDS 3 1-0 2-0 9-0
        XACKDEL s g {REFS} IDS 6 1-0 2-0 3-0 4-0 5-0 6-0
        XACKDEL s g {REFS} IDS 2 2-0 2-0
        XACKDEL s {{g|nope}} {{IDS 0 1-0|IDS 2 1-0|IDS 1 bad|FOO IDS 1 1-0|IDS 1 2-0 DELREF|1-0|KEEPREF}}
        """,
    ),
    "trimming with an eye on the groups": (
        WORLD,
        """
        XTRIM {s|alone|missing} MAXLEN {|=} {0|1|3|5|6} {|KEEPREF|DELREF|ACKED}
        XTRIM {s|alone} MINID {2|4|6|9} {KEEPREF|DELREF|ACKED}
        XTRIM s {KEEPREF|DELREF|ACKED} MAXLEN 1
        XTRIM s {DELREF ACKED MAXLEN 1|MAXLEN 1 FOO|DELREF}
        XADD {s|alone|missing} {KEEPREF|DELREF|ACKED} MAXLEN {1|3} 9-0 f v
        XADD s MAXLEN 2 {KEEPREF|DELREF|ACKED} 9-0 f v
        XADD s {DELREF KEEPREF 9-0 f v|ACKED 9-0 f v|DELREF NOMKSTREAM 9-0 f v}
        """,
    ),
    "the last entry": (
        WORLD,
        """
        XREAD STREAMS {s|alone|missing|empty} +
        XREAD COUNT 5 STREAMS s alone + +
        XREAD STREAMS s alone + 2-0
        """,
    ),
}
