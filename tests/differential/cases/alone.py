"""What is asked of a server about replicas, clusters and modules."""

SINGLES = {
    "replicas": (
        "",
        r"""
        ROLE {|x}
        {REPLICAOF|SLAVEOF} {NO ONE|no one|NO TWO|a|a b|a 99999|a -1|a ""|NO ONE x}
        FAILOVER {|ABORT|TO a 1|TO a x|TO a|TO|TIMEOUT 5|TIMEOUT 0|TIMEOUT x|TIMEOUT|FORCE|nope}
        FAILOVER TO a 1 {FORCE|FORCE TIMEOUT 5|ABORT|TO b 2|FORCE FORCE}
        FAILOVER {ABORT ABORT|ABORT TIMEOUT 5|TIMEOUT 5 TIMEOUT 6}
        """,
    ),
    "clusters": (
        "",
        r"""
        {READONLY|READWRITE|ASKING} {|x}
        CLUSTER {|INFO|NODES|SLOTS|SHARDS|MYID|LINKS|KEYSLOT a|COUNTKEYSINSLOT 1|nope|KEYSLOT}
        CLUSTER GETKEYSINSLOT {1 1|1|x y}
        """,
    ),
    "modules": (
        "",
        r"""
        MODULE {|LIST|LIST x|LOAD /a|LOAD|LOADEX /a|UNLOAD a|UNLOAD|nope}
        """,
    ),
}
