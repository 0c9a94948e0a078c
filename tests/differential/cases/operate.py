"""What operators and tests look with: DEBUG, LATENCY, SLOWLOG, MEMORY and INFO."""

WORLD = """
SET s hello
SET n 12
HSET h a 1
RPUSH l a b c
SADD i 1 2
SADD t a
ZADD z 1 a
HSET H @1..600=v
ZADD Z @1..200=m
"""

SINGLES = {
    "DEBUG": (
        WORLD,
        r"""
        DEBUG PROTOCOL {string|integer|double|bignum|null|array|set|map|attrib|verbatim|true|false|nope|}
        DEBUG {OBJECT|LISTPACK|QUICKLIST|SDSLEN|HTSTATS-KEY} {s|n|h|l|i|t|z|H|Z|nosuch|}
        DEBUG {HTSTATS 0|HTSTATS 1|HTSTATS 99|HTSTATS -1|HTSTATS x|HTSTATS|HTSTATS 0 full}
        DEBUG {SLEEP 0|SLEEP x|SLEEP|SLEEP 0.01|SLEEP 1 2|QUICKLIST l 1}
        DEBUG {SET-ACTIVE-EXPIRE|PAUSE-CRON} {0|1|x|0 1|0|}
        DEBUG {DIGEST|DIGEST x|DIGEST-VALUE|DIGEST-VALUE nosuch|DIGEST-VALUE s h nosuch}
        DEBUG REPLYBUFFER {PEAK-RESET-TIME|PEAK-RESET-TIME 100|PEAK-RESET-TIME NEVER|PEAK-RESET-TIME x|PEAK-RESET-TIME RESET|RESIZING 0|RESIZING 1|RESIZING x|NOPE 1|}
        DEBUG QUICKLIST-PACKED-THRESHOLD {100|x|5gb|-1|0|}
        DEBUG {SET-SKIP-CHECKSUM-VALIDATION 0|CHANGE-REPL-ID|CHANGE-REPL-ID x|REPLICATE x}
        DEBUG {ERROR foo|ERROR "CODE a text"|ERROR|ERROR a b|LOG x|LOG|NOSUCH|""|RELOAD NOPE}
        DEBUG {AOF-FLUSH-SLEEP|LEAK} {0|x|}
        DEBUG POPULATE {3|3 p|3 q 20|2 r 3|0|-1|x|2 w x|2 w 1 1|}
        DEBUG
        """,
    ),
    "LATENCY": (
        WORLD,
        """
        LATENCY {LATEST|LATEST x|HISTORY|HISTORY x|HISTORY command|RESET|RESET a b|DOCTOR|DOCTOR x}
        LATENCY {GRAPH|GRAPH x|GRAPH a b|HISTOGRAM nosuch|HISTOGRAM save|NOSUCH|HELP|}
        """,
    ),
    "SLOWLOG": (
        WORLD,
        """
        SLOWLOG RESET
        SLOWLOG {GET|GET 1|GET -1|GET -2|GET x|GET 0|GET 1 2|LEN|LEN x|RESET|RESET x|NOSUCH|HELP|}
        """,
    ),
    "MEMORY": (WORLD, "MEMORY {DOCTOR|PURGE|STATS|MALLOC-STATS} {|x}"),
}

SEQUENCES = {
    "populating": """
        DEBUG POPULATE 5
        GET key:3
        SET p:1 mine
        DEBUG POPULATE 3 p
        DEBUG POPULATE 3 q 20
        DEBUG POPULATE 3 r 3
        DBSIZE
    """,
    "what scripts may call is for tests to say": """
        EVAL "return redis.call('config', 'get', 'timeout')" 0
        DEBUG SET-DISABLE-DENY-SCRIPTS 1
        EVAL "return redis.call('config', 'get', 'timeout')" 0
        EVAL "return redis.call('debug', 'sleep', '0')" 0
        EVAL "return redis.call('acl', 'whoami')" 0
        EVAL "return redis.call('blpop', 'nosuch', '0')" 0
        EVAL "redis.call('rpush', 'list', 'a') return redis.call('blpop', 'list', '0')" 0
        DEBUG SET-DISABLE-DENY-SCRIPTS 0
        EVAL "return redis.call('debug', 'sleep', '0')" 0
    """,
    "expiring is stopped, and goes on": """
        DEBUG SET-ACTIVE-EXPIRE 0
        SET k v PX 1
        DEBUG SLEEP 0.01
        DBSIZE
        EXISTS k
        DBSIZE
        DEBUG SET-ACTIVE-EXPIRE 1
    """,
    "a watched key that had run out is not there to be removed": """
        DEBUG SET-ACTIVE-EXPIRE 0
        SET k v PX 1
        DEBUG SLEEP 0.01
        WATCH k
        2> FLUSHDB
        MULTI
        EXEC
        SET k v PX 1
        DEBUG SLEEP 0.01
        WATCH k
        2> SWAPDB 0 1
        MULTI
        EXEC
        WATCH k
        2> SWAPDB 0 1
        2> DEL k
        MULTI
        EXEC
        SET k v PX 200
        WATCH k
        DEBUG SLEEP 0.3
        2> FLUSHALL
        MULTI
        EXEC
        DEBUG SET-ACTIVE-EXPIRE 1
    """,
}
