"""Connection and server: SELECT, FLUSH*, SWAPDB, PING, HELLO, COMMAND and the like."""

WORLD = """
SET k v
SET n 1
"""

SINGLES = {
    "connection": (
        WORLD,
        r"""
        PING {|hi|""|a b|"\x00\xff"}
        ECHO {|hi|""|a b}
        SELECT {0|1|15|16|-1|x|1.5|""|99999999999999999999|2147483648|4294967296|" 1"|01|}
        SELECT 1 2
        """,
    ),
    "HELLO": (
        WORLD,
        r"""
        HELLO {|2|3|1|4|x|""|-1|3x}
        HELLO 3 {SETNAME me|SETNAME|SETNAME "a b"|AUTH default pw|AUTH default|nope|SETNAME ""}
        HELLO 2 SETNAME me
        HELLO 3 AUTH nobody pw
        """,
    ),
    "databases": (
        WORLD,
        r"""
        {FLUSHALL|FLUSHDB} {|ASYNC|SYNC|async|nope|SYNC SYNC|""}
        SWAPDB {0 1|1 0|1 2|0 0|0 15|0 16|-1 0|x 0|0 x|x y|0|""}
        SWAPDB 0 1 2
        DBSIZE {|x}
        TIME {|x}
        """,
    ),
    "unknown commands": (
        WORLD,
        r"""
        NOSUCH {|a|a b c|"\x00\xff"|"a\r\nb"|@x*200|@a1..30}
        {""|@x*200|"bad\r\nname"|"\xff"} {|a}
        {OBJECT|MEMORY|COMMAND|CLIENT|CONFIG} {NOSUCH|""|@y*200|"a\r\nb"}
        {get|GeT|GET} k
        """,
    ),
    "COMMAND": (
        WORLD,
        """
        COMMAND COUNT x
        COMMAND INFO {get|GET|nosuch|get nosuch append|"config|get"}
        COMMAND INFO "object|encoding" "nosuch|x" "object|nosuch" "get|x" "OBJECT|Encoding"
        COMMAND DOCS nosuch
        COMMAND GETKEYS {|GET|GET k|GET k x|NOSUCH k|PING|MSET a 1 b 2|MSET a 1 b|SET k v EX 10}
        COMMAND GETKEYS {ZUNIONSTORE dest 2 a b|ZUNIONSTORE dest x a b|ZUNIONSTORE dest 5 a b|ZINTERCARD 2 a b LIMIT 1|LMPOP 1 a LEFT|SINTERCARD 0 a}
        COMMAND GETKEYS {SORT k|SORT k BY w_* GET # STORE dest|SORT k STORE a STORE b|OBJECT ENCODING k|OBJECT HELP|MEMORY USAGE k|COPY a b DB 1|RENAME a b|LMOVE a b LEFT LEFT|DEL a b c|EXEC|MULTI}
        COMMAND GETKEYSANDFLAGS {SET k v|SET k v GET|GET k|ZUNIONSTORE dest 2 a b|SORT k STORE dest|LMOVE a b LEFT LEFT|COPY a b|RENAME a b|DEL a b|GETEX k|SPOP k|HSET h f v|PING|ZMPOP 2 a b MIN|TOUCH a b|EXPIRE k 1|MSETNX a 1 b 2|SMOVE a b m|ZRANGESTORE a b 0 1|MOVE k 1}
        COMMAND {GETKEYS|GETKEYSANDFLAGS} MIGRATE h 1 {""|k} 0 9 {|COPY|KEYS|KEYS a b|COPY REPLACE KEYS a|AUTH KEYS KEYS a|AUTH2 KEYS KEYS KEYS a|AUTH2 x y|AUTH}
        COMMAND {LIST x|LIST FILTERBY|LIST FILTERBY nope x|LIST FILTERBY ACLCAT nope|LIST FILTERBY MODULE nope|LIST FILTERBY ACLCAT|LIST FILTERBY PATTERN nosuch*}
        COMMAND HELP
        COMMAND HELP x
        """,
    ),
    "CONFIG": (
        WORLD,
        r"""
        CONFIG GET {hash-max-listpack-entries|HASH-MAX-LISTPACK-VALUE|hash-max-ziplist-entries|databases|nosuch|""|hash-max-*|zset-max-listpack-* set-max-*|list-max-* databases databases|save|}
        CONFIG SET {|hash-max-listpack-entries|hash-max-listpack-entries x|hash-max-listpack-entries -1|hash-max-listpack-entries 99999999999999999999|nosuch 1|databases 4|hash-max-listpack-entries 512 nosuch 1|hash-max-listpack-entries 512 hash-max-listpack-entries 512|hash-max-listpack-entries 512 hash-max-ziplist-entries 512}
        CONFIG SET hash-max-listpack-entries 512 zset-max-listpack-value 64
        CONFIG {|GET|HELP|NOSUCH|HELP x|RESETSTAT|RESETSTAT x|REWRITE|REWRITE x}
        """,
    ),
    "saving": (WORLD, "{SAVE|BGSAVE|BGSAVE SCHEDULE|LASTSAVE} {x|SCHEDULE x}\nLASTSAVE"),
    "leaving": (WORLD, "{QUIT|RESET|AUTH} {|x}"),
    "AUTH": (WORLD, 'AUTH {pw|default pw|nobody pw|""|a b c}'),
    "INFO": (WORLD, "INFO {|server|keyspace|nosuch|everything|server memory}"),
    "CLIENT": (
        WORLD,
        """
        CLIENT {INFO|ID|HELP|INFO x}
        MEMORY HELP
        CLIENT {|GETNAME|GETNAME x|SETNAME|SETNAME me|SETNAME "a b"|SETNAME ""|NOSUCH|ID x}
        CLIENT LIST {|TYPE|TYPE normal|TYPE nope|TYPE master|TYPE slave|ID|ID 1 x|ID 0|NOPE|TYPE normal ID 3}
        CLIENT KILL {1.2.3.4:5|ID|ID x|ID 999999|ID -1|ID 0|TYPE nope|TYPE pubsub|TYPE master|TYPE replica|}
        CLIENT KILL {ADDR 1.2.3.4:1|LADDR x|USER nobody|USER default SKIPME x|SKIPME yes x|NOPE x|ID 1 NOPE x|ID 1 ADDR|ID 999999 SKIPME yes}
        CLIENT PAUSE {|x|-1|10 NOPE|0|1 WRITE|1 ALL|10 WRITE ALL|99999999999999999999}
        CLIENT UNPAUSE {|x}
        CLIENT REPLY {|x|ON|ON x}
        CLIENT NO-EVICT {|x|on|OFF|on x}
        CLIENT {GETREDIR|TRACKINGINFO} {|x}
        CLIENT CACHING {|yes|no|x|yes x}
        CLIENT TRACKING {|x|ON|OFF|OFF X|ON REDIRECT|ON REDIRECT x|ON REDIRECT 999999|ON REDIRECT 0|ON REDIRECT -1|ON PREFIX a|ON PREFIX|ON BCAST PREFIX a PREFIX b|ON BCAST OPTIN|ON BCAST OPTOUT|ON OPTIN OPTOUT|ON OPTIN|ON OPTOUT NOLOOP|ON BCAST PREFIX foo PREFIX foobar|ON BCAST PREFIX foobar PREFIX foo|OFF PREFIX a|ON NOPE}
        SHUTDOWN {NOPE|SAVE NOSAVE|ABORT|ABORT NOW|NOW NOW X}
        """,
    ),
}

SEQUENCES = {
    "databases are apart": """
        SET k zero
        SELECT 1
        GET k
        SET k one
        DBSIZE
        SELECT 0
        GET k
        SWAPDB 0 1
        GET k
        2> GET k
        2> SELECT 1
        2> GET k
        FLUSHDB
        DBSIZE
        2> DBSIZE
        SELECT 15
        SET k fifteen
        FLUSHALL ASYNC
        2> DBSIZE
        DBSIZE
        SELECT 16
        DBSIZE
    """,
    "RESP version of a connection": """
        HELLO
        SET k v
        RESET
    """,
    "modes of tracking": """
        CLIENT TRACKING ON BCAST PREFIX a PREFIX b
        CLIENT TRACKINGINFO
        CLIENT TRACKING ON BCAST PREFIX ab
        CLIENT TRACKING ON BCAST PREFIX c NOLOOP
        CLIENT TRACKINGINFO
        CLIENT TRACKING ON
        CLIENT TRACKING ON OPTIN
        CLIENT TRACKING ON BCAST OPTIN
        CLIENT GETREDIR
        CLIENT TRACKING OFF
        CLIENT TRACKING OFF
        CLIENT GETREDIR
        CLIENT TRACKING ON OPTIN
        CLIENT TRACKING ON OPTOUT
        CLIENT TRACKING ON BCAST
        CLIENT TRACKINGINFO
        CLIENT CACHING NO
        CLIENT CACHING YES
        CLIENT TRACKINGINFO
        PING
        CLIENT TRACKINGINFO
        CLIENT TRACKING OFF
        CLIENT CACHING YES
        CLIENT CACHING NO
        CLIENT TRACKING ON OPTOUT NOLOOP
        CLIENT CACHING YES
        CLIENT CACHING NO
        CLIENT TRACKINGINFO
        CLIENT TRACKING ON
        CLIENT TRACKINGINFO
        CLIENT CACHING YES
        CLIENT CACHING NO
        CLIENT TRACKING OFF
        CLIENT TRACKING ON BCAST
        CLIENT TRACKINGINFO
        CLIENT TRACKING ON BCAST PREFIX foo
    """,
    "a name": """
        CLIENT GETNAME
        CLIENT SETNAME me
        CLIENT GETNAME
        CLIENT SETNAME ""
        CLIENT GETNAME
    """,
}

SEQUENCES["other thresholds"] = """
    CONFIG SET hash-max-listpack-entries 2 hash-max-listpack-value 5
    CONFIG GET hash-max-listpack-*
    HSET h a 1 b 2
    OBJECT ENCODING h
    HSET h c 3
    OBJECT ENCODING h
    HSET g a 12345
    OBJECT ENCODING g
    HSET g a 123456
    OBJECT ENCODING g
    CONFIG SET set-max-intset-entries 3 zset-max-listpack-entries 2 zset-max-ziplist-value 4
    CONFIG GET zset-max-listpack-value
    SADD s 1 2 3
    OBJECT ENCODING s
    SADD s 4
    OBJECT ENCODING s
    ZADD z 1 a 2 b
    OBJECT ENCODING z
    ZADD z 3 c
    OBJECT ENCODING z
    ZADD y 1 abcd
    OBJECT ENCODING y
    ZADD y 1 abcde
    OBJECT ENCODING y
    CONFIG SET hash-max-listpack-entries 512 hash-max-listpack-value 64
    CONFIG SET set-max-intset-entries 512 zset-max-listpack-entries 128 zset-max-listpack-value 64
    HSET g b 1
    OBJECT ENCODING g
"""
