"""MULTI, EXEC, DISCARD, WATCH, UNWATCH."""

SINGLES = {
    "arity and states": (
        "SET k v",
        """
        {MULTI|EXEC|DISCARD|WATCH|UNWATCH}
        {MULTI|EXEC|DISCARD|UNWATCH} x
        WATCH {k|missing|k k other|""}
        """,
    ),
}

SEQUENCES = {
    "a plain block": """
        MULTI
        SET a 1
        INCR a
        GET a
        RPUSH l x y
        LRANGE l 0 -1
        HSET h f v
        HGETALL h
        GET missing
        LPOP missing 1
        ZADD z 1.5 m
        ZSCORE z m
        SMEMBERS nothing
        EXEC
        GET a
        MULTI
        EXEC
        MULTI
        PING
        ECHO hi
        DISCARD
        EXEC
        DISCARD
    """,
    "errors while running do not undo": """
        SET s v
        MULTI
        INCR s
        SET t 1
        LPUSH s x
        INCR t
        HGET s f
        EXEC
        GET t
    """,
    "errors while queueing abort": """
        MULTI
        SET a 1
        NOSUCH command
        SET b 1
        EXEC
        EXISTS a b
        MULTI
        GET
        EXEC
        MULTI
        SET a 1
        MULTI
        SET b 2
        EXEC
        MGET a b
        MULTI
        WATCH a
        SET a 3
        EXEC
        GET a
        MULTI
        NOSUCH
        DISCARD
        SET a 4
        GET a
        MULTI
        EXEC x
        EXEC
        MULTI
        CLIENT NOSUCH
        EXEC
        MULTI
        OBJECT NOSUCH k
        EXEC
        MULTI
        HELLO 9
        EXEC
    """,
    "a watched key changes": """
        SET k 1
        WATCH k
        2> SET k 2
        MULTI
        SET k 3
        EXEC
        GET k
        MULTI
        SET k 4
        EXEC
        GET k
        WATCH k other
        2> SET unrelated x
        MULTI
        GET k
        EXEC
        WATCH k
        SET k 5
        MULTI
        GET k
        EXEC
        WATCH k
        2> GET k
        2> EXISTS k
        MULTI
        GET k
        EXEC
        WATCH k
        2> SET k 9
        UNWATCH
        MULTI
        GET k
        EXEC
        WATCH k
        2> SET k 10
        MULTI
        GET k
        DISCARD
        MULTI
        GET k
        EXEC
    """,
    "what counts as a change": """
        SET k 1
        RPUSH l a
        SADD s m
        HSET h f v
        ZADD z 1 m
        WATCH s
        2> SADD s m
        MULTI
        EXEC
        WATCH h
        2> HDEL h nope
        MULTI
        EXEC
        WATCH h
        2> HSET h f v
        MULTI
        EXEC
        WATCH z
        2> ZADD z 1 m
        MULTI
        EXEC
        WATCH k
        2> EXPIRE k 1000
        MULTI
        EXEC
        WATCH k
        2> EXPIRE k 1000 NX
        MULTI
        EXEC
        WATCH k
        2> PERSIST k
        MULTI
        EXEC
        WATCH k
        2> PERSIST k
        MULTI
        EXEC
        WATCH l
        2> LREM l 0 nope
        MULTI
        EXEC
        WATCH l
        2> LTRIM l 0 -1
        MULTI
        EXEC
        WATCH l
        2> LSET l 0 a
        MULTI
        EXEC
        WATCH missing
        2> DEL missing
        MULTI
        EXEC
        WATCH missing
        2> SET missing v
        MULTI
        EXEC
        WATCH k
        2> DEL k
        MULTI
        EXEC
        WATCH k
        2> SET k 1
        2> DEL k
        MULTI
        EXEC
        WATCH a b
        2> RENAME l b
        MULTI
        EXEC
        WATCH b
        2> RENAME b b
        MULTI
        EXEC
        WATCH b
        2> COPY b c
        MULTI
        EXEC
        WATCH c
        2> COPY b c REPLACE
        MULTI
        EXEC
        WATCH k
        2> SETNX k x
        MULTI
        EXEC
        WATCH k
        2> SETNX k x
        MULTI
        EXEC
        WATCH k
        2> APPEND k ""
        MULTI
        EXEC
        WATCH n
        2> SETRANGE n 0 ""
        MULTI
        EXEC
        WATCH k
        2> GETEX k
        MULTI
        EXEC
        WATCH k
        2> GETEX k EX 1000
        MULTI
        EXEC
        WATCH dest
        2> SINTERSTORE dest nothing
        MULTI
        EXEC
        WATCH dest
        2> SUNIONSTORE dest s
        MULTI
        EXEC
        WATCH s dest
        2> SMOVE s s m
        MULTI
        EXEC
        WATCH s
        2> SPOP s 0
        MULTI
        EXEC
        WATCH z
        2> ZADD z XX GT 0 m
        MULTI
        EXEC
        WATCH z
        2> ZINCRBY z 0 m
        MULTI
        EXEC
        WATCH h
        2> HINCRBYFLOAT h n 0
        MULTI
        EXEC
        WATCH k
        2> TOUCH k
        MULTI
        EXEC
        WATCH k
        2> SET k v NX
        MULTI
        EXEC
        WATCH k
        2> LPUSH k v
        MULTI
        EXEC
        WATCH srt
        2> SORT nothing STORE srt
        MULTI
        EXEC
    """,
    "flushes and swaps": """
        SET k 1
        WATCH k
        2> FLUSHALL
        MULTI
        PING
        EXEC
        WATCH k
        2> FLUSHALL
        MULTI
        PING
        EXEC
        SET k 1
        WATCH k
        2> SELECT 1
        2> FLUSHDB
        MULTI
        PING
        EXEC
        WATCH k
        2> SWAPDB 0 1
        MULTI
        PING
        EXEC
        WATCH nowhere
        2> SWAPDB 0 1
        MULTI
        PING
        EXEC
        WATCH k
        2> SWAPDB 2 3
        MULTI
        PING
        EXEC
        WATCH k
        2> MOVE nothing 5
        MULTI
        PING
        EXEC
        WATCH k
        2> SELECT 0
        2> MOVE k 7
        MULTI
        PING
        EXEC
    """,
    "watching across databases": """
        SET k 1
        SELECT 1
        WATCH k
        2> SET k 2
        MULTI
        GET k
        EXEC
        WATCH k
        2> SELECT 1
        2> SET k 3
        SELECT 0
        MULTI
        GET k
        EXEC
        MULTI
        SELECT 2
        SET here 1
        EXEC
        GET here
        DBSIZE
    """,
    "a watched key expires": """
        SET k v PXAT 1
        WATCH k
        MULTI
        PING
        EXEC
        SET k v
        WATCH k
        2> PEXPIREAT k 1
        MULTI
        PING
        EXEC
        SET k v EX 1000
        WATCH k
        2> EXPIRE k 0
        MULTI
        PING
        EXEC
        WATCH k
        2> SET k v PXAT 1
        MULTI
        PING
        EXEC
        WATCH k
        2> EXISTS k
        MULTI
        PING
        EXEC
        WATCH k
        2> SET k v PXAT 1
        2> DEL k
        MULTI
        PING
        EXEC
    """,
    "two blocks at once": """
        MULTI
        2> MULTI
        INCR n
        2> INCR n
        2> INCR n
        EXEC
        2> GET n
        2> EXEC
        GET n
        WATCH n
        2> WATCH n
        MULTI
        INCR n
        EXEC
        2> MULTI
        2> INCR n
        2> EXEC
        GET n
    """,
    "commands that change the connection": """
        MULTI
        SELECT 3
        SET k v
        SELECT 99
        SWAPDB 3 4
        DBSIZE
        FLUSHDB
        SELECT 4
        DBSIZE
        TYPE k
        EXEC
        DBSIZE
        MULTI
        UNWATCH
        PING hello
        TIME
        EXEC
    """,
    "RESET and QUIT": """
        MULTI
        SET k v
        RESET
        EXISTS k
        EXEC
        SELECT 5
        WATCH k
        RESET
        SET k v
        MULTI
        GET k
        EXEC
    """,
}
