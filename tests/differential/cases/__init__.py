"""Edge cases by command group: `SINGLES` name -> (setup, lines), `SEQUENCES` name -> lines."""

from differential.cases import (
    acl,
    alone,
    bitmaps,
    blocking,
    geo,
    hashes,
    hyperloglog,
    keys,
    lists,
    operate,
    pubsub,
    server,
    sets,
    streams,
    strings,
    transactions,
    zsets,
)

GROUPS = {
    "acl": acl,
    "alone": alone,
    "bitmaps": bitmaps,
    "blocking": blocking,
    "strings": strings,
    "hyperloglog": hyperloglog,
    "keys": keys,
    "geo": geo,
    "hashes": hashes,
    "lists": lists,
    "sets": sets,
    "zsets": zsets,
    "pubsub": pubsub,
    "streams": streams,
    "transactions": transactions,
    "server": server,
    "operate": operate,
}

SINGLES: dict[str, tuple[str, str]] = {
    f"{group}: {name}": case
    for group, module in GROUPS.items()
    for name, case in getattr(module, "SINGLES", {}).items()
}
SEQUENCES: dict[str, str] = {
    f"{group}: {name}": lines
    for group, module in GROUPS.items()
    for name, lines in getattr(module, "SEQUENCES", {}).items()
}
