"""Commands that wait: by one connection (SINGLES), and by several side by side (WAITS)."""

WORLD = """
RPUSH l a b c
RPUSH m x
SET s v
ZADD z 1 a 2 b 3 c
ZADD y 5 q
SADD set a
"""
TIMEOUT = """{0.01|0.001|-1|-0.5|x|""|nan|inf|-inf|1e300|9223372036854775807|" 1"|0x1p-10|1e-400}"""
ENDS = "{LEFT|RIGHT|left|x}"

SINGLES = {
    "arity": (
        WORLD,
        """
        {BLPOP|BRPOP|BZPOPMIN|BZPOPMAX|BLMPOP|BZMPOP|BLMOVE|BRPOPLPUSH|WAIT} {|l|1}
        {BLMPOP|BZMPOP} {1 1|1 1 l}
        {BLMOVE} {l m|l m LEFT|l m LEFT LEFT|l m LEFT LEFT 1 x}
        BRPOPLPUSH {l m|l m 1 x}
        WAIT 0 0 0
        CLIENT UNBLOCK
        CLIENT UNBLOCK 1 TIMEOUT x
        """,
    ),
    "at once": (
        WORLD,
        f"""
        {{BLPOP|BRPOP}} {{l|m|l m|m l|missing l|s l|l s|missing s|z}} {{0.01|0}}
        {{BLPOP|BRPOP}} missing 0.01
        {{BZPOPMIN|BZPOPMAX}} {{z|y|z y|missing y|s z|z s|l}} {{0.01|0}}
        {{BZPOPMIN|BZPOPMAX}} missing 0.01
        {{BLMOVE}} {{l|m|missing|s}} {{l|m|new|s|z}} {ENDS} {ENDS} 0.01
        BRPOPLPUSH {{l|m|missing|s}} {{l|m|new|s|z}} 0.01
        BLMPOP 0.01 {{1 l|2 missing l|2 s l|1 missing|2 l m}} {ENDS} {{|COUNT 2|COUNT 10}}
        BZMPOP 0.01 {{1 z|2 missing z|2 s z|1 missing|2 z y}} {{MIN|MAX|max|x}} {{|COUNT 2|COUNT 10}}
        """,
    ),
    "time-outs that are none": (
        WORLD,
        f"""
        {{BLPOP|BRPOP|BZPOPMIN|BZPOPMAX}} missing {TIMEOUT}
        {{BLPOP|BZPOPMIN}} {{s|l|z}} {{x|-1}}
        BLMOVE {{missing|l}} m {ENDS} LEFT {{0.01|x|-1}}
        BRPOPLPUSH {{missing|l|s}} m {{0.01|x|-1}}
        BLMPOP {{0.01|x|-1}} {{0|-1|x|1|2}} {{missing|l}} {ENDS} {{|COUNT|COUNT 0|COUNT x|COUNT 1}}
        BLMPOP {{0.01|x}} 1 l LEFT {{COUNT 1 COUNT 1|LIMIT 1|COUNT -1}}
        BZMPOP {{0.01|x|-1}} {{0|-1|x|1|2}} {{missing|z}} {{MIN|x}} {{|COUNT|COUNT 0|COUNT x|COUNT 1}}
        BZMPOP {{0.01|x}} 1 z MIN {{COUNT 1 COUNT 1|LIMIT 1|COUNT -1}}
        """,
    ),
    "replicas": (
        WORLD,
        """
        WAIT {0|-1|x|1.5|1|10} {10|1|-1|x|1.5|""}
        WAIT {0|-1} 0
        """,
    ),
    "CLIENT UNBLOCK of nobody": (
        WORLD,
        """
        CLIENT UNBLOCK {99999999|-1|0|x|""|99999999999999999999} {|TIMEOUT|ERROR|error|x}
        """,
    ),
}

# Commands later than 7.0, held against a later server.
LATER = {
    "append-only files": (
        WORLD,
        """
        WAITAOF {0|1|2|-1|x} {0|1|-1|x} {10|-1|x}
        WAITAOF {|0|0 0|0 0 0 0}
        """,
    ),
}

SEQUENCES = {
    "in MULTI nothing waits": """
        RPUSH l a b
        ZADD z 1 a
        MULTI
        BLPOP l missing 0
        BLPOP missing 0
        BRPOP l 0
        BRPOP l 0
        BLMOVE missing l LEFT RIGHT 0
        BRPOPLPUSH missing l 0
        BLMPOP 0 1 missing LEFT
        BZPOPMIN z 0
        BZPOPMIN z 0
        BZPOPMAX missing 0
        BZMPOP 0 1 missing MIN
        WAIT 1 0
        BLPOP missing x
        EXEC
    """,
}

# Several connections; FINISH waits until every time-out has come.
WAITS = {
    "one is served": """
        1> BLPOP k 0
        RPUSH k a
        LLEN k
    """,
    "in order of arrival": """
        1> BLPOP k 0
        2> BLPOP k 0
        3> BRPOP k 0
        RPUSH k a
        RPUSH k b c d
        LRANGE k 0 -1
    """,
    "several elements at once, each end": """
        1> BRPOP k 0
        2> BLPOP k 0
        RPUSH k a b c
        LRANGE k 0 -1
    """,
    "LPUSH of several": """
        1> BLPOP k 0
        2> BLPOP k 0
        LPUSH k a b c
        LRANGE k 0 -1
    """,
    "many keys, the first that comes": """
        1> BLPOP a b c 0
        2> BLPOP c a 0
        RPUSH c 1
        RPUSH a 2
        RPUSH b 3
    """,
    "a key given twice": """
        1> BLPOP k k k 0
        2> BLPOP k k 0
        RPUSH k 1
        RPUSH k 2
        RPUSH k 3
        LRANGE k 0 -1
    """,
    "both keys in one transaction": """
        1> BLPOP a b 0
        2> BLPOP b a 0
        MULTI
        RPUSH b 1
        RPUSH a 2
        EXEC
    """,
    "push and pop within MULTI": """
        1> BLPOP k 0
        MULTI
        RPUSH k 1
        LPOP k
        EXEC
        RPUSH k 2
    """,
    "push, delete, push within MULTI": """
        1> BLPOP k 0
        2> BLPOP k 0
        MULTI
        RPUSH k 1 2 3
        DEL k
        RPUSH k 4
        EXEC
        RPUSH k 5
    """,
    "another type, then a list": """
        1> BLPOP k 0
        2> BZPOPMIN k 0
        SET k v
        DEL k
        SADD k a
        DEL k
        ZADD k 1 m
        RPUSH k x
    """,
    "types wait side by side": """
        1> BLPOP k 0
        2> BZPOPMAX k 0
        3> BLPOP k 0
        MULTI
        ZADD k 1 m
        ZREM k m
        RPUSH k x
        EXEC
        ZADD k 2 n
        RPUSH k y
    """,
    "sorted sets": """
        1> BZPOPMIN z 0
        2> BZPOPMAX z 0
        3> BZMPOP 0 2 y z MAX COUNT 2
        ZADD z 1 a 2 b 3 c 4 d 5 e
        ZRANGE z 0 -1 WITHSCORES
    """,
    "sorted sets, several keys": """
        1> BZPOPMIN y z 0
        2> BZPOPMIN z y 0
        ZADD z 1.5 a
        ZINCRBY y 2 m
    """,
    "BLMPOP": """
        1> BLMPOP 0 2 a b LEFT COUNT 2
        2> BLMPOP 0 2 b a RIGHT COUNT 10
        RPUSH b 1 2 3 4 5
        LRANGE b 0 -1
    """,
    "BLMOVE": """
        1> BLMOVE src dst LEFT RIGHT 0
        2> BLMOVE src dst RIGHT LEFT 0
        RPUSH src a b c
        LRANGE src 0 -1
        LRANGE dst 0 -1
    """,
    "BLMOVE in a chain": """
        1> BLMOVE a b LEFT LEFT 0
        2> BLMOVE b c LEFT LEFT 0
        3> BLPOP c 0
        RPUSH a x
        EXISTS a b c
    """,
    "BLMOVE in a chain, waited for from the end": """
        1> BLPOP c 0
        2> BLMOVE b c LEFT LEFT 0
        3> BRPOPLPUSH a b 0
        RPUSH a x y
        LRANGE a 0 -1
    """,
    "BLMOVE round a ring": """
        1> BLMOVE a b LEFT RIGHT 0
        2> BLMOVE b a LEFT RIGHT 0
        RPUSH a 1 2 3
        LRANGE a 0 -1
        LRANGE b 0 -1
    """,
    "BLMOVE onto itself": """
        1> BLMOVE k k LEFT RIGHT 0
        2> BLMOVE k k LEFT RIGHT 0
        RPUSH k 1 2 3
        LRANGE k 0 -1
    """,
    "BLMOVE to a wrong type": """
        SET dst v
        1> BLMOVE src dst LEFT RIGHT 0
        2> BLPOP src 0
        RPUSH src a
        RPUSH src b
        LRANGE src 0 -1
    """,
    "BLMOVE to what becomes a wrong type": """
        1> BLMOVE src dst LEFT RIGHT 0
        SET dst v
        RPUSH src a
        LRANGE src 0 -1
    """,
    "BRPOPLPUSH and a pop": """
        1> BRPOPLPUSH src dst 0
        2> BLPOP dst 0
        RPUSH src a
    """,
    "RENAME": """
        1> BLPOP k 0
        RPUSH other a
        RENAME other k
        2> BZPOPMIN z 0
        ZADD y 1 m
        RENAMENX y z
    """,
    "COPY": """
        RPUSH src a b
        1> BLPOP k 0
        2> BLPOP k 0
        COPY src k
    """,
    "COPY over another type": """
        RPUSH src a b
        1> BLPOP k 0
        SET k v
        COPY src k REPLACE
    """,
    "MOVE": """
        2> SELECT 1
        2> BLPOP k 0
        RPUSH k a
        MOVE k 1
    """,
    "SORT STORE": """
        1> BLPOP k 0
        SADD set 3 1 2
        SORT set STORE k
        LRANGE k 0 -1
    """,
    "stores of sorted sets": """
        ZADD a 1 x 2 y
        ZADD b 3 y 4 z
        1> BZPOPMIN u 0
        2> BZPOPMAX i 0
        3> BZPOPMIN d 0
        4> BZPOPMIN r 0
        ZUNIONSTORE u 2 a b
        ZINTERSTORE i 2 a b
        ZDIFFSTORE d 2 a b
        ZRANGESTORE r a 0 -1
        ZINCRBY u 1 n
    """,
    "SWAPDB": """
        2> SELECT 1
        2> BLPOP k 0
        1> BLPOP other 0
        RPUSH k a
        SWAPDB 0 1
        RPUSH other b
    """,
    "a key that has expired": """
        1> BLPOP k 0
        MULTI
        RPUSH k a
        PEXPIRE k 0
        EXEC
        RPUSH k b
    """,
    "a key that expires later": """
        1> BLPOP k 0
        MULTI
        RPUSH k a b
        PEXPIRE k 100000
        EXEC
        TTL k
    """,
    "databases are apart": """
        1> BLPOP k 0
        2> SELECT 1
        2> RPUSH k a
        RPUSH k b
    """,
    "LINSERT, LSET and LPUSHX make nothing": """
        1> BLPOP k 0
        LPUSHX k a
        LINSERT k BEFORE a b
        RPUSHX k c
        RPUSH k d
    """,
    "LMOVE and RPOPLPUSH bring something": """
        1> BLPOP k 0
        2> BLPOP k 0
        RPUSH src a b
        LMOVE src k LEFT RIGHT
        RPOPLPUSH src k
    """,
    "time-outs": """
        1> BLPOP k 0.6
        2> BLMOVE k m LEFT LEFT 0.6
        3> BZPOPMIN z 0.6
        4> BLMPOP 0.6 1 k LEFT
        5> WAIT 1 600
        6> BRPOPLPUSH k m 0.6
        7> BZMPOP 0.6 1 z MIN
        FINISH
        RPUSH k a
        LLEN k
    """,
    "one goes, the others stay in order": """
        1> BLPOP k 0
        2> BLPOP k 0
        3> BLPOP k 0
        CLIENT UNBLOCK @id2
        RPUSH k a
        RPUSH k b
    """,
    "CLIENT UNBLOCK": """
        1> BLPOP k 0
        2> BLMOVE k m LEFT LEFT 0
        3> BZPOPMIN z 0
        4> WAIT 1 0
        CLIENT UNBLOCK @id1
        CLIENT UNBLOCK @id1
        CLIENT UNBLOCK @id2 TIMEOUT
        CLIENT UNBLOCK @id3 ERROR
        CLIENT UNBLOCK @id4
        CLIENT UNBLOCK @id4 ERROR
        5> BLPOP k 0
        CLIENT UNBLOCK @id5 error
    """,
    "WATCH is broken by a served pop": """
        1> BLPOP k 0
        2> WATCH k
        RPUSH k a
        2> MULTI
        2> PING
        2> EXEC
    """,
    "FLUSHALL lets nobody go": """
        1> BLPOP k 0
        SET other v
        FLUSHALL
        RPUSH k a
    """,
    "served, and waiting again": """
        1> BLPOP k 0
        RPUSH k a
        1> BLPOP k 0
        2> BLPOP k 0
        RPUSH k b
        RPUSH k c
    """,
    "a list too short": """
        1> BLPOP k 0
        2> BLMPOP 0 1 k LEFT COUNT 5
        3> BLPOP k 0
        RPUSH k a b c
        RPUSH k d
    """,
}
