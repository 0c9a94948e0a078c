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
        COMMAND {LIST x|LIST FILTERBY|LIST FILTERBY nope x|LIST FILTERBY ACLCAT nope|LIST FILTERBY MODULE nope|LIST FILTERBY ACLCAT|LIST FILTERBY PATTERN nosuch*}
        COMMAND HELP
        COMMAND HELP x
        """,
    ),
    "CLIENT": (
        WORLD,
        """
        CLIENT {|GETNAME|GETNAME x|SETNAME|SETNAME me|SETNAME "a b"|SETNAME ""|NOSUCH|ID x}
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
    "a name": """
        CLIENT GETNAME
        CLIENT SETNAME me
        CLIENT GETNAME
        CLIENT SETNAME ""
        CLIENT GETNAME
    """,
}
