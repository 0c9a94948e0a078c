"""Publishing, subscribing, and who is subscribed; what is delivered is in test_pubsub.py."""

SINGLES = {
    "publishing to nobody": (
        "",
        """
        PUBLISH channel message
        PUBLISH "" ""
        PUBLISH "\\xff\\x00" "\\x00"
        PUBLISH
        PUBLISH channel
        PUBLISH channel message more
        SPUBLISH channel message
        SPUBLISH channel
        SPUBLISH channel message more
        """,
    ),
    "asking who listens": (
        "",
        """
        PUBSUB
        PUBSUB CHANNELS {|*|c?}
        PUBSUB CHANNELS a b
        PUBSUB channels a b c
        PUBSUB NUMSUB {|a|a b a}
        PUBSUB NUMPAT {|a}
        PUBSUB SHARDCHANNELS {|*}
        PUBSUB SHARDCHANNELS a b
        PUBSUB SHARDNUMSUB {|a|a b a}
        PUBSUB HELP
        PUBSUB HELP me
        PUBSUB NOSUCH
        PUBSUB NUMSUBS a
        """,
    ),
    "subscribing": (
        "",
        """
        {SUBSCRIBE|PSUBSCRIBE|SSUBSCRIBE}
        {UNSUBSCRIBE|PUNSUBSCRIBE|SUNSUBSCRIBE} {|a|""}
        """,
    ),
}

SEQUENCES = {
    "channels, patterns and shard channels": """
        1> SUBSCRIBE a
        1> SUBSCRIBE a
        1> PSUBSCRIBE a*
        1> SSUBSCRIBE a
        1> SUBSCRIBE b
        2> PSUBSCRIBE a*
        2> SUBSCRIBE a
        PUBSUB NUMSUB a b c
        PUBSUB SHARDNUMSUB a b c
        PUBSUB NUMPAT
        PUBSUB CHANNELS a
        PUBSUB CHANNELS [b-z]
        PUBSUB SHARDCHANNELS
        1> UNSUBSCRIBE c
        1> UNSUBSCRIBE a
        1> UNSUBSCRIBE a
        1> PUNSUBSCRIBE
        1> UNSUBSCRIBE
        1> SUNSUBSCRIBE a
        1> SUNSUBSCRIBE
        PUBSUB NUMSUB a b c
        PUBSUB NUMPAT
        1> PING
        1> GET x
    """,
    "what a subscriber may do": """
        1> SUBSCRIBE a
        1> GET k
        1> get
        1> NOSUCH
        1> SET k v
        1> PUBLISH b m
        1> SPUBLISH a m
        1> PING
        1> PING "hello you"
        1> PING a b
        1> CONFIG GET maxmemory
        1> CLIENT ID
        1> ECHO x
        1> SELECT 1
        1> SELECT 0
        1> WATCH k
        1> MULTI
        1> GET k
        1> EXEC
        1> SUBSCRIBE
        1> SUBSCRIBE b
        1> UNSUBSCRIBE b
        1> RESET
        1> PING
        1> GET k
        PUBSUB CHANNELS
    """,
    "shard channels alone": """
        1> SSUBSCRIBE a
        1> GET k
        1> PING
        1> SSUBSCRIBE b
        1> SUNSUBSCRIBE a
        1> SUNSUBSCRIBE
        1> GET k
    """,
    "inside a transaction": """
        1> MULTI
        1> SUBSCRIBE a
        1> GET k
        1> PING
        1> PUBSUB NUMSUB a
        1> UNSUBSCRIBE a
        1> EXEC
        1> PING
        1> MULTI
        1> SUBSCRIBE
        1> EXEC
        1> MULTI
        1> PSUBSCRIBE a*
        1> DISCARD
        PUBSUB NUMPAT
        1> MULTI
        1> PSUBSCRIBE a*
        1> EXEC
        1> PING
        1> GET k
        1> EXEC
        1> PUNSUBSCRIBE
        1> GET k
    """,
    "the setting of keyspace events": """
        CONFIG SET notify-keyspace-events {KEA|AKE|g|Ez|mnKE|Kd|Kgg|g$lshzxet|Ag$lshzxeKEtmdn}
        CONFIG GET notify-keyspace-events
        CONFIG SET notify-keyspace-events {Q|ka|KEA,}
        CONFIG GET notify-keyspace-events
        CONFIG SET notify-keyspace-events ""
        CONFIG GET notify-keyspace-events
    """,
}
