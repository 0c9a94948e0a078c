"""ACL: rules, what they print as, and what they let through.

Every table clears away its users: the servers are shared.
"""

WORLD = """
ACL DELUSER u v w
ACL LOG RESET
ACL SETUSER u reset on >p ~a* %R~r* %W~w* &ch* +get +set +mget +copy +select|1 +client|list +publish +subscribe +psubscribe (+del ~d* -@all) (+@list ~l)
SET a 1
"""

SINGLES = {
    "ACL": (
        WORLD,
        r"""
        ACL {|NOSUCH|HELP|HELP x|CAT x y|CAT nosuch|WHOAMI|WHOAMI x|USERS|USERS x|LIST|LIST x|LOG|LOG x|LOG 0|LOG -1|LOG RESET|LOG 1 2|LOAD|LOAD x|SAVE|SAVE x}
        ACL CAT {|read|READ|@read}
        ACL GENPASS {|1|5|256|4096|0|-1|4097|x|1 2}
        ACL GETUSER {|u|default|nosuch|u v}
        ACL DELUSER {|nosuch|default|u default|u nosuch u}
        ACL DRYRUN {|u|nosuch|nosuch get a|u nosuch|u get|u get a b}
        ACL DRYRUN u {get a|get b|GET ab|set w 1|set r 1|get r|get w|"set w 1 get"|"set a 1 get"|mget a|mget a b|mget b a|copy a a2|copy a b|copy b a|copy r w|copy w r}
        ACL DRYRUN u {client|client list|client kill x|client nosuch|select 1|select 2|select|lpush l 1|lpush a 1|llen l|llen m|del d|del a|del d x|eval x 0|ping|auth x|hello|quit|reset}
        ACL DRYRUN u {publish ch x|publish d x|subscribe ch1 ch2|subscribe ch d|psubscribe ch*|psubscribe ch|psubscribe *|unsubscribe|spublish ch x}
        ACL DELUSER u v w
        """,
    ),
    "ACL SETUSER": (
        WORLD,
        r"""
        ACL SETUSER {|v|"v v"|"v\x00v"|"v\tv"|v ""}
        ACL SETUSER v {on|off|ON|nopass|resetpass|reset|allkeys|resetkeys|allchannels|resetchannels|allcommands|nocommands|sanitize-payload|skip-sanitize-payload|clearselectors|foo|" on"|"on "}
        ACL SETUSER v {+get|-get|+GET|+nosuch|-nosuch|+|-|+@all|-@all|+@nosuch|+@|+@read|-@read|+@READ|"+config|get"|"+config|nosuch"|"-config|nosuch"|"+config|"|+config|"+select|1"|"-select|1"|"+get|"|"+config|get|x"|"+get|x|y"}
        ACL SETUSER v {~a|~|~*|"~a b"|"~a\tb"|"~a\x00b"|%R~a|%W~a|%RW~a|%WR~a|%rw~a|%RR~a|%~a|%X~a|%R|%|&a|&|&*|"&a b"}
        ACL SETUSER v {>p|>|<p|#zz|#|!zz|#ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD|#0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef|!0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}
        ACL SETUSER v {"()"|"(+get)"|"(+get"|"+get)"|"(foo)"|"(on)"|"((+get))"|"(>p)"|"(clearselectors)"|"(~* ~a)"|"(&* &a)"|"(+get ~a %R~b &c)"|"( +get )"|"(+nosuch)"}
        ACL SETUSER v "(+get" "~a" "+set)"
        ACL SETUSER v "(+get" "(+set)"
        ACL SETUSER v on ~a ~* ~b
        ACL SETUSER v on &a &* &b
        ACL SETUSER v on +get foo
        ACL DELUSER u v w
        """,
    ),
}

RULES = """
reset
reset on >p >q >p <p ~a ~b ~a
reset nopass >p
reset >p nopass
reset ~a ~* resetkeys ~b
reset %R~a %W~a %R~b
reset %RW~* ~x
reset &a &a &b
reset &a &* resetchannels &c
reset +@all -get
reset +@all -get +get
reset +get -get
reset +@all -@dangerous
reset +@read
reset +@read +@read
reset +@all -@all
reset -@all +@all -@read
reset +config -config|get
reset +config|get +config
reset +select|1 +select|2
reset +select|1 +select|1
reset +select|1 +select|2 -select
reset +get|Foo
reset +@all +select|1
reset ON >p ~* +@all
reset allkeys allchannels allcommands nopass on
reset (+get) (+set ~x)
reset (+get ~a %R~b &c) clearselectors (+set)
reset (+@all -get allkeys) ~x
reset sanitize-payload
reset skip-sanitize-payload
reset skip-sanitize-payload reset
""".strip().splitlines()


def printed() -> str:
    """Each row of RULES, then what it prints as."""
    lines = ["ACL DELUSER u v w"]
    for rules in RULES:
        words = " ".join(f'"{word}"' if "|" in word else word for word in rules.split(" "))
        lines += [f"ACL SETUSER v {words}", "ACL GETUSER v", "ACL LIST"]
    return "\n".join([*lines, "ACL DELUSER v"])


def tried() -> str:
    """Each row of RULES, and commands that it may let through."""
    asked = [
        *("get a", "get b", "set a 1", "set x 1", "mset a 1 b 2", "select 1", "select 2"),
        *("config get x", "config set x y", "flushall", "publish a x", "publish c x", "get foo"),
        *("psubscribe a", "keys *", "exists a", "ttl b", "append b x", "zunionstore a 2 b c"),
    ]
    lines = ["ACL DELUSER u v w"]
    for rules in RULES:
        words = " ".join(f'"{word}"' if "|" in word else word for word in rules.split(" "))
        lines += [f"ACL SETUSER v {words}", *(f"ACL DRYRUN v {line}" for line in asked)]
    return "\n".join([*lines, "ACL DELUSER v"])


SEQUENCES = {
    "rules as they print": printed(),
    "rules as they are applied": tried(),
    "permissions to read and to write": """
        ACL DELUSER u v w
        ACL SETUSER u reset on nopass +@all %R~r %W~w
        ACL DRYRUN u {exists|type|ttl|get|strlen|dump|persist|incr|lpop|llen|spop|smembers|zcard|hgetall|pfcount|hlen|xlen|touch|unlink|getdel|getex|scard|lpop|rpop|watch|randomkey} {r|w|x}
        ACL DRYRUN u {append|setnx|getset|expire|lpush|rpush|sadd|srem|sismember|hget|hdel|hexists|zscore|zrank|getbit|lindex|pfadd|smismember|hstrlen|zrem} {r|w|x} 1
        ACL DRYRUN u {setex|psetex|setrange|getrange|hset|hincrby|zadd|zincrby|zcount|linsert|lrem|lset|ltrim|lrange|setbit|zrange} {r|w|x} 1 2
        ACL DRYRUN u {rename|renamenx|copy|rpoplpush|sinterstore|sunionstore|sdiffstore|pfmerge|bitop not|sdiff|sunion|sinter|mget|del|lcs} {r|w|x} {r|w|x}
        ACL DRYRUN u {smove|lmove} {r|w} {r|w} left left
        ACL DRYRUN u bitfield {r|w|x} {get u1 0|set u1 0 1|incrby u1 0 1}
        ACL DRYRUN u bitfield_ro {r|w|x} get u1 0
        ACL DRYRUN u set {r|w|x} v {get|ex 10|nx|xx get}
        ACL DRYRUN u sort {r|w|x} {|store r|store w|by x|get x}
        ACL DRYRUN u {zunionstore|zinterstore|zdiffstore} {r|w} 2 {r|w} {r|w}
        ACL DRYRUN u {zunionstore|zinterstore} w {0|1|2|5|-1|x} x
        ACL DRYRUN u {zunion|zinter|zdiff|sintercard} {0|1|2|5|-1|x} {r|w|x}
        ACL DRYRUN u {lmpop|zmpop} {0|1|2|x} {r|w} left
        ACL DRYRUN u {blmpop|bzmpop} 0 {0|1|2|x} {r|w} left
        ACL DRYRUN u {blpop|brpop|bzpopmin} {r|w} {r|w} 0
        ACL DRYRUN u {eval|eval_ro|evalsha} x {0|1|2|3|-1|x} {r|w|x} y
        ACL DRYRUN u xread {streams r 0|streams w 0|count 1 streams r 0|streams r w 0 0|streams r}
        ACL DRYRUN u xreadgroup group g c {streams r 0|streams w 0|streams r w 0 0}
        ACL DRYRUN u {xadd w * a 1|xadd r * a 1|xdel w 1-1|xdel r 1-1|xtrim r maxlen 1|xrange r - +|xrange w - +|xgroup create r g 0|xgroup create w g 0|xinfo stream r|xinfo stream w|xack r g 1-1|xack w g 1-1|xclaim r g c 0 1-1|xautoclaim w g c 0 0|xpending r g|xpending w g}
        ACL DRYRUN u {georadius r 1 1 1 m|georadius r 1 1 1 m store w|georadius r 1 1 1 m store r|georadius w 1 1 1 m|geosearchstore w r frommember a byradius 1 m|geosearchstore r w frommember a byradius 1 m}
        ACL DRYRUN u {object encoding r|object encoding w|object freq x|object help|memory usage w|memory usage x|debug object x|restore w 0 x|restore r 0 x|move r 1|move w 1|flushall|dbsize|scan 0|keys *}
        ACL DRYRUN u {mset w 1 r 2|mset w 1 w 2|msetnx w 1 x 2}
        ACL DELUSER u
        """,
    "commands of a user": """
        ACL DELUSER u v w
        ACL LOG RESET
        ACL SETUSER u reset on >p +get +set +multi +exec +eval +ping +mget ~a* &ch* +publish +subscribe
        1> AUTH u x
        1> AUTH u p
        1> ACL WHOAMI
        1> GET a
        1> GET b
        1> GET b
        1> MGET a b
        1> SET a 1
        1> SET b 1
        1> DEL a
        1> del a
        1> DEL
        1> NOSUCH a
        1> CONFIG GET x
        1> CONFIG NOSUCH
        1> PUBLISH ch x
        1> PUBLISH d x
        1> SUBSCRIBE d
        1> PSUBSCRIBE ch*
        1> MULTI
        1> GET a
        1> GET b
        1> EXEC
        1> MULTI
        1> GET a
        1> EXEC
        1> MULTI
        1> DISCARD
        1> EXEC
        1> EVAL "return redis.call('get', 'a')" 0
        1> EVAL "return redis.pcall('get', 'b')" 0
        1> EVAL "return redis.pcall('del', 'a')" 0
        1> EVAL "return redis.pcall('publish', 'd', 'x')" 0
        1> EVAL "return 1" 1 b
        1> EVAL "return redis.acl_check_cmd('get', 'a')" 0
        1> EVAL "return redis.acl_check_cmd('get', 'b')" 0
        1> EVAL "return redis.acl_check_cmd('del', 'a')" 0
        ACL LOG
        ACL LOG 2
        ACL SETUSER u -multi -exec
        1> MULTI
        1> EXEC
        ACL LOG 1
        ACL SETUSER u +@all
        1> ACL WHOAMI
        1> DEL a
        1> DEL b
        1> AUTH default x
        1> ACL WHOAMI
        1> DEL b
        ACL LOG RESET
        ACL LOG
        ACL DELUSER u
        """,
    "rules that change within a MULTI": """
        ACL DELUSER u v w
        ACL LOG RESET
        ACL SETUSER u reset on >p +get +multi +exec +publish ~a &c
        1> AUTH u p
        1> MULTI
        1> GET a
        ACL SETUSER u resetkeys
        1> EXEC
        ACL SETUSER u ~a
        1> MULTI
        1> GET a
        1> PUBLISH c x
        ACL SETUSER u -get
        1> EXEC
        ACL SETUSER u +get
        1> MULTI
        1> PUBLISH c x
        ACL SETUSER u resetchannels
        1> EXEC
        ACL LOG
        ACL LOG RESET
        ACL DELUSER u
        """,
    "SORT by what other keys hold": """
        ACL DELUSER u v w
        RPUSH l a b
        ACL SETUSER u reset on >p +sort ~l ~w_*
        1> AUTH u p
        1> SORT l ALPHA
        1> SORT l BY w_* ALPHA
        1> SORT l GET w_* ALPHA
        1> SORT l BY nosort
        1> SORT l GET # ALPHA
        ACL SETUSER u %R~*
        1> SORT l BY w_* ALPHA
        1> SORT l GET w_* ALPHA
        1> AUTH default x
        ACL DELUSER u
        """,
    "passwords": """
        ACL DELUSER u v w
        ACL LOG RESET
        ACL SETUSER u on >one >two
        1> AUTH u one
        1> AUTH u two
        1> AUTH u three
        1> AUTH u ""
        1> AUTH nobody x
        1> auth u bad
        1> HELLO 2 AUTH u bad
        1> HELLO 2 AUTH u one
        ACL SETUSER u <one
        1> AUTH u one
        1> AUTH u two
        ACL SETUSER u off
        1> AUTH u two
        ACL SETUSER u on nopass
        1> AUTH u anything
        ACL SETUSER u resetpass
        1> AUTH u anything
        1> AUTH default x
        1> AUTH x
        ACL LOG
        ACL LOG RESET
        ACL DELUSER u
        """,
}
