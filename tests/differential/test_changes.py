"""How many changes each command counts, which rules for saving go by, beside a real server."""

from __future__ import annotations

from oracle import RedisServer
from subjects import Client, Subject

SCRIPT = """
SET k v | SET k v EX 100 | SET k v NX | SET k v GET | SETEX k 1000 v | PSETEX k 1000000 v
SETNX k v | SETNX kk v | GETSET k v | GETEX k | GETEX k EX 100 | GETEX k PERSIST | GETDEL kk
APPEND k x | SETRANGE k 1 xx | INCR n | INCRBYFLOAT n 1.5 | DECRBY n2 3 | MSET a 1 b 2 c 3
MSETNX a 1 b 2 | MSETNX aa 1 bb 2 | DEL a b nosuch | UNLINK aa bb | COPY c d | COPY c d REPLACE
RENAME c e | RENAMENX e f | MOVE f 1 | EXPIRE k 100 | EXPIRE k 100 NX | EXPIRE k -1 | SET k v
PEXPIREAT k 9999999999999 | PERSIST k | PERSIST k | SETBIT bit 1 1 | SETBIT bit 1 1
BITFIELD bit SET u8 0 1 INCRBY u8 8 1 GET u8 0 | BITFIELD bit GET u8 0 | BITOP AND bd bit bit
BITOP AND bd nosuch | LPUSH l a b c | RPUSH l d e f | LPUSHX l a b | LPUSHX nol a
LINSERT l BEFORE a x | LINSERT l BEFORE nope x | LSET l 0 z | LREM l 0 a | LREM l 0 nope
LTRIM l 0 2 | LTRIM l 0 -1 | LPOP l | RPOP l 2 | LPUSH l 1 2 3 4 5 | LMPOP 1 l LEFT COUNT 2
LMOVE l l2 LEFT RIGHT | RPOPLPUSH l l | BLPOP l 0 | BLMOVE l l2 LEFT RIGHT 0 | LPUSH l 1 2 3
BRPOPLPUSH l l2 0 | SADD s a b c | SADD s a b d | SREM s a q | SMOVE s s2 b | SMOVE s s nope
SMOVE s s c | DEL s | SADD s 1 2 3 | SPOP s 3 | SADD s 1 2 3 | SADD s2 2 3 4 | SINTERSTORE d s s2
SUNIONSTORE d s s2 | SDIFFSTORE d s nosuch2 | SINTERSTORE d nosuch | SINTERSTORE d nosuch
ZADD z 1 a 2 b | ZADD z 1 a 3 b 4 c | ZADD z CH 1 a 5 b | ZADD z INCR 1 a | ZADD z NX INCR 1 a
ZADD z XX 9 nope | ZINCRBY z 1 a | ZINCRBY z 0 a | ZREM z a nope | ZADD z 1 a 2 b 3 c 4 d 5 e
ZREMRANGEBYRANK z 0 1 | ZREMRANGEBYSCORE z 9 10 | ZREMRANGEBYLEX z - +
ZADD z 1 a 2 b 3 c 4 d 5 e | ZPOPMIN z | ZPOPMAX z 2 | ZMPOP 1 z MIN COUNT 2
ZADD z 1 a 2 b 3 c 4 d 5 e | BZPOPMIN z 0 | BZMPOP 0 1 z MAX | ZUNIONSTORE zd 1 z
ZINTERSTORE zd 2 z z | ZDIFFSTORE zd 2 z z | ZRANGESTORE zd z 0 -1 | ZRANGESTORE zd z 5 9
HSET h a 1 b 2 | HSET h a 1 c 3 | HMSET h a 1 c 3 | HSETNX h a 1 | HSETNX h d 1 | HINCRBY h a 1
HINCRBYFLOAT h a 1 | HDEL h a nope | HDEL h b c d | PFADD p a b c | PFADD p a | PFADD pn
PFADD pn | PFCOUNT p | PFCOUNT p | PFMERGE p2 p pn | GEOADD g 1 1 a 2 2 b | GEOADD g 1 1 a
GEOSEARCHSTORE gd g FROMMEMBER a BYRADIUS 1000 km | GEORADIUS g 1 1 1000 km STORE gd
GEOSEARCHSTORE gd g FROMLONLAT 50 50 BYRADIUS 1 km | SORT l STORE sd | RPUSH nums 3 1 2
SORT nums STORE sd | SORT nosuch STORE sd | XADD x 1-1 a b | XADD x 1-2 a b
XADD x MAXLEN = 1 1-3 a b | XADD x MAXLEN = 1 1-4 a b | XTRIM x MAXLEN 10 | XTRIM x MAXLEN 0
XADD x 2-1 a b | XADD x 2-2 a b | XADD x 2-3 a b | XDEL x 2-1 9-9 | XGROUP CREATE x g 0
XGROUP CREATECONSUMER x g c | XGROUP CREATECONSUMER x g c | XREADGROUP GROUP g c STREAMS x >
XREADGROUP GROUP g c STREAMS x > | XREADGROUP GROUP g c STREAMS x 0
XREADGROUP GROUP g cnew STREAMS x > | XCLAIM x g c2 0 2-2 | XAUTOCLAIM x g c3 0 0
XAUTOCLAIM x g c3 10000 0 | XACK x g 2-2 9-9 | XACK x g 9-9 | XGROUP SETID x g 0
XGROUP DELCONSUMER x g c3 | XGROUP DELCONSUMER x g c33 | XGROUP DESTROY x g | XGROUP DESTROY x g
XSETID x 99-1 | SWAPDB 0 1 | SWAPDB 0 0 | SWAPDB 0 1 | FLUSHDB | FLUSHDB | SET k v | FLUSHALL
FLUSHALL | SET k v | FLUSHALL | BITFIELD b SET u8 0 1 SET u8 0 1 INCRBY u8 0 0
BITFIELD b SET u8 0 1 SET u8 8 1 OVERFLOW FAIL INCRBY u8 0 300
BITFIELD b INCRBY u8 100 1 INCRBY u8 100 1 | PFADD p a | PFADD p b c d | PFADD p b
PFADD q a b a b | LPUSH l 1 2 3 4 5 | LTRIM l 1 2 | LTRIM l 5 6 | LPUSH l 1 1 1 | LREM l 0 1
LPUSH l 1 2 3 | LREM l 0 1 | LPOP l 5 | LPUSH l 1 | LPOP l | LPUSH l 1 | LMOVE l l LEFT RIGHT
LMOVE l m LEFT RIGHT | LMPOP 1 m LEFT COUNT 3 | LPUSH m a b c | LMPOP 1 m LEFT COUNT 3
LPUSH m a b c | BLMPOP 0 1 m LEFT COUNT 3 | RPUSH nums 3 1 2 | SORT nums GET # GET # STORE s
SORT nums BY nosort STORE s | SADD s1 a b c | SREM s1 a b c | SADD s1 a | SREM s1 a | SADD s1 a
SMOVE s1 s2 a | SPOP s2 | SADD s2 a b c | SADD s2 a b | ZADD z 1 a 2 b 3 c | ZREM z a b c
ZADD z 1 a 2 b 3 c | ZPOPMIN z 2 | ZPOPMIN z 2 | ZADD z 1 a 2 b 3 c | ZMPOP 1 z MAX COUNT 2
BZMPOP 0 1 z MAX COUNT 2 | ZADD z 1 a 2 b 3 c | BZPOPMAX z 0 | ZREMRANGEBYSCORE z 1 1
ZREMRANGEBYLEX z - + | ZADD z 1 a 2 b 3 c | ZREMRANGEBYRANK z 0 -1 | ZADD z 1 a 2 b 3 c
ZRANGESTORE z2 z 0 1 | ZUNIONSTORE z2 1 z | ZUNIONSTORE z2 1 nosuch | HSET h a 1 b 2
HDEL h a b | HSET h a 1 | HDEL h a | GEOADD g 1 1 a 2 2 b | GEOADD g 3 3 a 4 4 c
GEOSEARCHSTORE gd g FROMLONLAT 2 2 BYRADIUS 1000 km
GEOSEARCHSTORE gd g FROMLONLAT 2 2 BYRADIUS 1000 km COUNT 1
GEOSEARCHSTORE gd g FROMLONLAT 50 50 BYRADIUS 1 km | GEORADIUSBYMEMBER g a 1000 km STORE gd
XADD x 1-1 a b | XADD x 1-2 a b | XADD x 1-3 a b | XADD x 1-4 a b | XTRIM x MAXLEN 2
XADD x MAXLEN 1 1-5 a b | XADD x 1-6 a b | XADD x 1-7 a b | XDEL x 1-6 1-7 | XADD x 1-8 a b
XADD x 1-9 a b | XGROUP CREATE x g 0 | XGROUP CREATE x g2 0 ENTRIESREAD 3
XREADGROUP GROUP g c COUNT 2 STREAMS x > | XREADGROUP GROUP g c COUNT 2 STREAMS x >
XREADGROUP GROUP g c NOACK STREAMS x > | XADD x 2-1 a b | XREADGROUP GROUP g c NOACK STREAMS x >
XADD x 2-2 a b | XREADGROUP GROUP g cc COUNT 2 STREAMS x > | XCLAIM x g c2 0 1-8 1-9
XCLAIM x g c3 0 1-8 1-9 2-2 | XCLAIM x g c3 0 7-7 | XCLAIM x g c3 0 7-7 FORCE | XDEL x 1-8
XAUTOCLAIM x g c4 0 0 | XAUTOCLAIM x g c4 0 0 COUNT 1 | XAUTOCLAIM x g c4 0 0 JUSTID
XACK x g 1-9 2-2 | XADD x 3-1 a b | XREADGROUP GROUP g c STREAMS x > | XGROUP DELCONSUMER x g c
XGROUP CREATECONSUMER x g new | SET k v | RENAME k k | RENAME k k2 | RENAMENX k2 k | MOVE k 2
MOVE nosuch 2 | SWAPDB 3 3 | SET k v PX 1000000 | GETEX k PERSIST | SET k v EXAT 1 | SET k v
GETEX k EXAT 1 | MSET a 1 b 2 | DEL a b | COPY nosuch x | SET a 1 | COPY a b | COPY a b REPLACE
EXPIRE a 100 | EXPIRE a 0 | SINTERSTORE d nosuch | SADD d a | SINTERSTORE d nosuch
"""


def changes(client: Client) -> int:
    lines = client.execute("INFO", "persistence").value.decode().split("\r\n")
    return next(int(x.split(":")[1]) for x in lines if x.startswith("rdb_changes_since"))


def counted(client: Client) -> list[tuple[str, int]]:
    client.execute("FLUSHALL")
    seen = []
    for command in SCRIPT.replace("\n", " | ").split(" | "):
        before = changes(client)
        if args := command.split():
            client.execute(*args)
            seen.append((command, changes(client) - before))
    client.execute("FLUSHALL")
    return seen


def test_commands_count_the_changes_that_the_server_counts(
    subject: Subject, oracle: RedisServer
) -> None:
    ours, theirs = subject.client(), oracle.client()
    both = list(zip(counted(ours), counted(theirs), strict=True))
    ours.close()
    theirs.close()
    assert sum(n for _, (_, n) in both) > 300
    assert [pair for pair in both if pair[0] != pair[1]] == []
