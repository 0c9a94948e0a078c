"""ZRANK and ZREVRANK with the option that Redis has since 7.2."""

SINGLES = {
    "WITHSCORE": (
        r"""
        ZADD z 1 a 2.5 b 3 c -inf low 1e20 high
        ZADD big 7 @m1..300
        SET s v
        """.replace("7 @m1..300", " ".join(f"{i % 7} m{i}" for i in range(300))),
        r"""
        {ZRANK|ZREVRANK} z {a|b|c|low|high|missing} {WITHSCORE|withscore}
        {ZRANK|ZREVRANK} big {m0|m7|m299|missing} {WITHSCORE|}
        {ZRANK|ZREVRANK} {missing|s} a {WITHSCORE|}
        """,
    ),
}
