"""What the random sequences are made of: one command a line, drawn with the weight before it.

$s $h $l $t $z   a key that mostly holds a string, hash, list, set, sorted set; $k any key
$f $m $v $e      a field, a set member, a value, a list element;  $zm a member of a sorted set
$p               a HyperLogLog;  $o a sorted set of places
$y               a sorted set whose scores are all 0, for lexical ranges
$i $n $c         an index, a small count, an increment;  $x a score, $w a weight
$lo $hi          score bounds; $la $lb lexical bounds
$ttl $at         seconds from now, a fixed far moment in seconds;  $db a database
$f+ $m+ ...      one to four of them; $f* a few, and now and then enough to cross a threshold
$fv* $xm*        field value pairs, score member pairs
[A|B|]           one of the choices
"""

TEMPLATES = r"""
6 SET $s $v
2 SET $s $v [NX|XX|] [GET|] [EX $ttl|EXAT $at|KEEPTTL|]
1 SET $k $v
1 SET $k $v PXAT 1
2 SETNX $s $v
1 SETEX $s $ttl $v
1 PSETEX $s $ttl000 $v
1 GETSET $s $v
2 APPEND $s $v
1 GETDEL $s
1 GETEX $s [EX $ttl|EXAT $at|PERSIST|PXAT 1|]
3 GET $s
1 GET $k
1 MGET $s $k $s
1 MSET $s $v $s $v
1 MSETNX $s $v $s $v
2 [INCR|DECR] $s
2 [INCRBY|DECRBY] $s $c
2 INCRBYFLOAT $s $c
1 INCRBYFLOAT $s [0.5|-2.25|1e3|1e20|abc]
1 STRLEN $k
1 [GETRANGE|SUBSTR] $s $i $i
1 SETRANGE $s $n $v
1 LCS $s $s [LEN|IDX|IDX MINMATCHLEN $n WITHMATCHLEN|]

2 SETBIT $s [$n|35|2000|9000] [0|1]
1 GETBIT $k $n
1 BITCOUNT $s [$i $i [BIT|BYTE|]|]
1 BITPOS $s [0|1] [$i [$i [BIT|BYTE|]|]|]
2 BITOP [AND|OR|XOR] $s $s $s
1 BITOP NOT $s $s
2 BITFIELD $s [GET u8 0|OVERFLOW SAT|] [SET|INCRBY] [u4|i8|i64|u63] [$n|#2|40] $c GET i8 $n
1 BITFIELD $s INCRBY u3 $n $i OVERFLOW SAT INCRBY i5 3 $c SET u8 #1 $n
1 BITFIELD_RO $k GET i16 $n GET u1 $n

2 DEL $k+
1 UNLINK $k $k
1 [EXISTS|TOUCH] $k $k
2 TYPE $k
2 OBJECT ENCODING $k
1 OBJECT [REFCOUNT|IDLETIME|FREQ] $k
1 EXPIRE $k $ttl [NX|XX|GT|LT|]
1 PEXPIRE $k $ttl000 [NX|XX|GT|LT|]
1 EXPIREAT $k $at [NX|XX|GT|LT|]
1 PEXPIREAT $k $at000 [NX|XX|GT|LT|]
1 PEXPIREAT $k 1
1 [TTL|PTTL|EXPIRETIME|PEXPIRETIME] $k
1 PERSIST $k
2 RENAME $k $k
1 RENAMENX $k $k
2 COPY $k $k [REPLACE|]
1 COPY $k $k DB $db [REPLACE|]
1 MOVE $k $db
1 RANDOMKEY
1 KEYS [*|s*|*1|?2|[hl]*]
1 SCAN 0 [COUNT $n|MATCH *1|TYPE hash|]
1 SORT $l [ALPHA|] [DESC|] [LIMIT $i $n|] [STORE $k|]
1 SORT [$t|$z] ALPHA [DESC|]
1 SORT [$l|$t|$z] BY [$s*|$h*->f1] GET # GET $h*->f1
1 SORT_RO $l ALPHA

4 EVAL $lua 2 $k $k $v $v
4 EVAL $lua 2 $s $k $c $v
1 FUNCTION LOAD REPLACE $lib
2 FCALL [both|look|stumble|sneak|none] 1 $k $v

6 HSET $h $fv*
2 HSET $h $f $v
1 HMSET $h $f $v
1 HSETNX $h $f $v
2 HGET $h $f
1 HMGET $h $f+
2 HDEL $h $f*
1 HLEN $h
1 HSTRLEN $h $f
1 HEXISTS $h $f
1 [HKEYS|HVALS|HGETALL] $h
2 HINCRBY $h $f $c
1 HINCRBYFLOAT $h $f [$c|0.5|-1.25]
1 HRANDFIELD $h [$i [WITHVALUES|]|]
1 HSCAN $h 0 [COUNT $n|MATCH *1*|]
1 HGETALL $k

4 [LPUSH|RPUSH] $l $e*
1 [LPUSHX|RPUSHX] $l $e+
2 [LPOP|RPOP] $l [$n|]
1 LRANGE $l $i $i
1 LLEN $l
2 LINDEX $l $i
2 LSET $l $i $e
2 LINSERT $l [BEFORE|AFTER] $e $e
2 LREM $l $i $e
1 LTRIM $l $i $i
1 LPOS $l $e [RANK $i|] [COUNT $n|] [MAXLEN $n|]
2 RPOPLPUSH $l $l
2 LMOVE $l $l [LEFT|RIGHT] [LEFT|RIGHT]
1 LMPOP 2 $l $l [LEFT|RIGHT] [COUNT $n|]
1 [BLPOP|BRPOP] $l $l 0.001
1 BLMOVE $l $l [LEFT|RIGHT] [LEFT|RIGHT] 0.001
1 BRPOPLPUSH $l $l 0.001
1 BLMPOP 0.001 2 $l $l [LEFT|RIGHT] [COUNT $n|]
1 LRANGE $k 0 -1

5 SADD $t $m*
1 SADD $t $m
3 SREM $t $m*
1 SCARD $t
1 SISMEMBER $t $m
1 SMISMEMBER $t $m+
1 SMEMBERS $t
2 SMOVE $t $t $m
2 SPOP $t [$n|]
1 SRANDMEMBER $t [$i|]
1 [SINTER|SUNION|SDIFF] $t $t $t
2 [SINTERSTORE|SUNIONSTORE|SDIFFSTORE] $t $t $t
1 SINTERCARD 2 $t $t [LIMIT $n|]
1 SSCAN $t 0 [COUNT $n|MATCH *1*|]
1 SMEMBERS $k

6 ZADD $z $xm*
2 ZADD $z [NX|XX|] [GT|LT|] [CH|] $x $zm
1 ZADD $z [XX|NX|] [CH|] INCR $x $zm
2 ZINCRBY $z $x $zm
2 ZREM $z $zm*
1 [ZSCORE|ZRANK|ZREVRANK] $z $zm
1 ZMSCORE $z $zm+
1 ZCARD $z
1 ZCOUNT $z $lo $hi
2 ZADD $y [NX|XX|] 0 $zm
1 ZADD $y 0 f1 0 f2 0 f5 0 f7 0 $zm
1 ZREM $y $zm
1 ZLEXCOUNT $y $la $lb
1 [ZRANGE|ZREVRANGE] $z $i $i [WITHSCORES|]
1 ZRANGE $z $lo $hi BYSCORE [LIMIT $i $i|] [WITHSCORES|]
1 ZRANGE $z $hi $lo BYSCORE REV [WITHSCORES|]
1 ZRANGE $y $la $lb BYLEX [LIMIT $i $i|]
1 ZRANGEBYSCORE $z $lo $hi [WITHSCORES|] [LIMIT $i $i|]
1 ZREVRANGEBYSCORE $z $hi $lo [WITHSCORES|] [LIMIT $i $i|]
1 ZRANGEBYLEX $y $la $lb [LIMIT $i $i|]
1 ZREVRANGEBYLEX $y $lb $la
1 ZRANGESTORE $z $z $i $i [REV|]
1 ZRANGESTORE $z $z $lo $hi BYSCORE [LIMIT $i $i|]
1 ZREMRANGEBYSCORE $z $lo $hi
1 ZREMRANGEBYRANK $z $i $i
1 ZREMRANGEBYLEX $y $la $lb
1 [ZPOPMIN|ZPOPMAX] $z [$n|]
1 ZMPOP 2 $z $z [MIN|MAX] [COUNT $n|]
1 [BZPOPMIN|BZPOPMAX] $z $z 0.001
1 BZMPOP 0.001 2 $z $z [MIN|MAX] [COUNT $n|]
1 [ZUNION|ZINTER] 2 [$z|$t] $z [WEIGHTS $w $w|] [AGGREGATE [SUM|MIN|MAX]|] [WITHSCORES|]
2 [ZUNIONSTORE|ZINTERSTORE] $z 2 [$z|$t] $z [WEIGHTS $w $w|] [AGGREGATE [SUM|MIN|MAX]|]
1 ZDIFF 2 $z [$z|$t] [WITHSCORES|]
1 ZDIFFSTORE $z 2 $z [$z|$t]
1 ZINTERCARD 2 $z [$z|$t] [LIMIT $n|]
1 ZRANDMEMBER $z [$i [WITHSCORES|]|]
1 ZSCAN $z 0 [COUNT $n|MATCH *1*|]
1 ZRANGE $k 0 -1

6 GEOADD $o [NX|XX|CH|] 9.[1|2|3|4]$q 50.[1|2|3|4]$q $q
2 GEOADD $o 1[0|1|2].$q 5[0|1].$q $q -17[5|9].$q [-|]8[0|4].$q $q
1 GEOADD $o [179.$q -1.$q $q|190 0 $q|x 1 $q]
1 [GEOPOS|GEOHASH] $o $q $q
1 GEODIST $o $q $q [km|ft|]
2 GEOSEARCH $o [FROMMEMBER $q|FROMLONLAT 9.2$q 50.3$q] BYRADIUS $n[0|00|000] [m|km] [WITHDIST|]
2 GEOSEARCH $o [FROMMEMBER $q|FROMLONLAT -178.$q 8$q] BYBOX $n00 $n0 km [WITHHASH|]
1 GEOSEARCHSTORE $o $o FROMMEMBER $q BYRADIUS $n0 km
1 GEOSEARCHSTORE $z $o FROMLONLAT 9.2 50.3 BYBOX $n00 $n00 km STOREDIST
1 GEORADIUS $o 9.2 50.3 $n0 km [STORE $o|STOREDIST $z|]
1 GEORADIUS_RO $o 9.2 50.3 $n0 km WITHCOORD
1 GEORADIUSBYMEMBER $o $q $n0 km [STORE $o|]
1 GEORADIUSBYMEMBER_RO $o $q $n0 km [COUNT 1 ANY|]
1 [ZREM $o $q $q|DEL $o|ZRANGE $o 0 -1]

6 PFADD $p $e*
2 PFADD $p $f
1 PFADD $p
2 PFCOUNT $p
1 PFCOUNT $p+
2 PFMERGE $p $p $p
1 PFMERGE $p
1 PFDEBUG [ENCODING|DECODE] $p
1 [DEL|TYPE|OBJECT ENCODING|GET|STRLEN] $p
1 [COPY|RENAME] $p $p

8 XADD $r $nw $fv*
4 XADD $r $nw f1 $v f2 $v
2 XADD $r $nw f1 $v
1 XADD $r [NOMKSTREAM|] [MAXLEN|MINID] [~|=|] $n $nw $f $v
1 XADD $r MAXLEN ~ $n LIMIT $n $nw $f $v
1 XTRIM $r MAXLEN [~|=|] $n
1 XTRIM $r MINID [~|=|] $id
1 XTRIM $r MAXLEN ~ $n LIMIT $n
2 XLEN $r
2 XRANGE $r $fr $to [COUNT $n|]
2 XREVRANGE $r $to $fr [COUNT $n|]
4 XDEL $r $id $id
2 XDEL $r $id
1 XSETID $r $id [ENTRIESADDED 400|] [MAXDELETEDID $id|]
2 XREAD [COUNT $n|] STREAMS $r $r $id $id
1 XREAD STREAMS $r [$|$id]
3 XGROUP CREATE $r $gr [0|$|$id] [MKSTREAM|] [ENTRIESREAD $n|]
1 XGROUP SETID $r $gr [0|$|$id] [ENTRIESREAD $n|]
1 XGROUP DESTROY $r $gr
1 XGROUP CREATECONSUMER $r $gr $cn
1 XGROUP DELCONSUMER $r $gr $cn
6 XREADGROUP GROUP $gr $cn [COUNT $n|] [NOACK|] STREAMS $r >
2 XREADGROUP GROUP $gr $cn [COUNT $n|] STREAMS $r $id
1 XREADGROUP GROUP g1 $cn STREAMS $r $r > >
4 XACK $r $gr $id $id $id
2 XPENDING $r $gr
2 XPENDING $r $gr [IDLE 500000|] $fr $to $n [$cn|]
3 XCLAIM $r $gr $cn [0|0|500000] $id $id $id [FORCE|] [JUSTID|] [RETRYCOUNT $n|] [IDLE 600000|]
1 XCLAIM $r $gr $cn 0 $id LASTID $id
3 XAUTOCLAIM $r $gr $cn [0|0|500000] $fr [COUNT $n|] [JUSTID|]
2 XINFO STREAM $r [FULL|FULL COUNT $n|]
2 XINFO GROUPS $r
1 XINFO CONSUMERS $r $gr
1 XRANGE $k - +

1 ECHO $v
1 PING
1 SELECT $db
3 SELECT 0
1 SWAPDB $db $db
1 WATCH $k+
1 UNWATCH
1 MULTI
1 EXEC
1 DISCARD
"""

# Hashes whose fields have times, for an oracle that knows them.
LATER = r"""
6 HSET $h $fv*
3 HSET $h $f $v
2 HSETNX $h $f $v
4 HDEL $h $f*
2 HINCRBY $h $f $c
1 HINCRBYFLOAT $h $f [$c|0.5|-1.25]
1 [HLEN|HGETALL|HKEYS|HVALS] $h
1 HMGET $h $f $f $f
1 HRANDFIELD $h [$i [WITHVALUES|]|]
1 HSCAN $h 0 [COUNT $n|MATCH *1*|]
1 COPY $h $h [REPLACE|]
1 RENAME $h $h
1 DEL $h
1 SET $h $v
1 [MULTI|EXEC|DISCARD|WATCH $h]
6 HEXPIRE $h $ttl [NX|XX|GT|LT|] FIELDS 3 $f $f $f
3 HPEXPIRE $h $ttl000 [NX|XX|GT|LT|] FIELDS 1 $f
2 HEXPIREAT $h $at [NX|XX|GT|LT|] FIELDS 2 $f $f
3 [HPEXPIREAT|HEXPIREAT] $h 1 FIELDS 2 $f $f
2 HEXPIRE $h $ttl FIELDS 60 @f1..60
3 HPERSIST $h FIELDS 3 $f $f $f
3 [HTTL|HPTTL|HEXPIRETIME|HPEXPIRETIME] $h FIELDS 3 $f $f $f
3 HGETDEL $h FIELDS 2 $f $f
3 HGETEX $h [EX $ttl|PXAT $at000|PERSIST|EXAT 1|] FIELDS 2 $f $f
4 HSETEX $h [FNX|FXX|] [EX $ttl|PXAT $at000|KEEPTTL|] FIELDS 2 $f $v $f $v
1 HSETEX $h PXAT 1 FIELDS 1 $f $v
1 EXPIRE $h $ttl
"""
