"""The command table says of each command what a real server says; only the prose is our own."""

from __future__ import annotations

import random
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import RedisServer, Reply
from subjects import Client, Subject

GROUPS = ("string", "generic", "hash", "list", "set", "sorted-set") + (
    *("bitmap", "hyperloglog", "geo"),
    "stream",
    "scripting",
    "transactions",
    "connection",
    "server",
)
OPERATED = {
    "bgrewriteaof",
    *("psync", "replconf", "sync"),
}
LATER = {
    *("hexpire", "hpexpire", "hexpireat", "hpexpireat", "httl", "hpttl", "hexpiretime"),
    *("hpexpiretime", "hpersist", "hgetdel", "hgetex", "hsetex", "client|setinfo"),
    *("client|no-touch", "xackdel", "xdelex", "xnack"),
    *("lmovem", "blmovem", "waitaof", "delex", "digest", "increx", "msetex"),
    *("xcfgset", "xidmprecord", "sdiffcard", "sunioncard"),
}
EXTENDED = {"zrank", "zrevrank"}  # by later options that change the arity
# By later options or replies that their documentation tells of.
DOCUMENTED_LATER = {
    "set",
    *("zunion", "zunionstore", "zinter", "zinterstore"),
    "hscan",
    "client",
    "client|kill",
    "xadd",
    "xtrim",
    "xread",
    "xreadgroup",
    "xinfo",
    "xinfo|consumers",
    "xinfo|stream",
}
PROSE = {"summary", "complexity", "notes", "replaced_by"}


def plain(reply: Reply) -> Any:
    """Python values of a RESP3 reply, with sets as sorted lists."""
    if reply.kind == "map":
        return {plain(k): plain(v) for k, v in reply.value}
    if reply.kind == "array":
        return tuple(plain(x) for x in reply.value)
    if reply.kind == "set":
        return sorted((facts(plain(x)) for x in reply.value), key=repr)
    return reply.value.decode() if isinstance(reply.value, bytes) else reply.value


def facts(value: Any) -> Any:
    """What is left when the prose is taken out; subcommands are compared one by one."""
    if isinstance(value, dict):
        return {k: facts(v) for k, v in value.items() if k not in PROSE | {"subcommands"}}
    if isinstance(value, tuple):
        return tuple(map(facts, value))
    return value


@pytest.fixture
def ours(subject: Subject) -> Iterator[Client]:
    client = subject.client(3)
    yield client
    client.close()


@pytest.fixture
def theirs(oracle: RedisServer) -> Iterator[Client]:
    client = oracle.client(3)
    yield client
    client.close()


def names(client: Client) -> set[str]:
    return set(plain(client.execute("COMMAND", "LIST")))


def docs(client: Client, name: str) -> dict[str, Any]:
    return plain(client.execute("COMMAND", "DOCS", name))[name]


def history_dates(reply: dict[str, Any]) -> dict[str, Any]:
    """The history without its prose: the versions in which something changed."""
    if "history" in reply:
        reply["history"] = [since for since, _ in reply["history"]]
    return reply


def test_table_has_every_command_of_its_groups(ours: Client, theirs: Client) -> None:
    known = {
        name for name in names(theirs) if "|" not in name and docs(theirs, name)["group"] in GROUPS
    }
    expected = known - OPERATED
    have = {name for name in names(ours) if "|" not in name}
    assert expected - have == set()
    assert (LATER - names(ours)) == set()


def test_info_agrees_with_the_server(ours: Client, theirs: Client) -> None:
    for name in sorted((names(ours) & names(theirs)) - EXTENDED):
        mine, real = (plain(c.execute("COMMAND", "INFO", name))[0] for c in (ours, theirs))
        assert facts(mine[:9]) == facts(real[:9]), name
        assert type(mine[9]) is type(real[9]), name


def test_docs_agree_with_the_server(ours: Client, theirs: Client) -> None:
    for name in sorted((names(ours) & names(theirs)) - EXTENDED - DOCUMENTED_LATER):
        mine, real = (history_dates(docs(c, name)) for c in (ours, theirs))
        assert facts(mine) == facts(real), name


def test_docs_are_in_words_of_our_own(ours: Client, theirs: Client) -> None:
    known = names(theirs)
    for name in sorted(names(ours)):
        summary = docs(ours, name)["summary"]
        assert summary.endswith(".") and len(summary) < 100, name
        if name in known:
            assert summary.rstrip(".").lower() != docs(theirs, name)["summary"].lower(), name


def test_subcommands_are_listed_with_their_container(ours: Client) -> None:
    listed = names(ours)
    for reply in plain(ours.execute("COMMAND")):
        subcommands = {sub[0] for sub in reply[9]}
        assert subcommands == {n for n in listed if n.startswith(f"{reply[0]}|")}
    assert set(docs(ours, "object")["subcommands"]) == {n for n in listed if "object|" in n}


def test_count_is_of_commands_without_subcommands(ours: Client) -> None:
    count = ours.execute("COMMAND", "COUNT").value
    assert count == len([n for n in names(ours) if "|" not in n])
    assert count == len(plain(ours.execute("COMMAND")))
    assert count == len(plain(ours.execute("COMMAND", "DOCS")))


@pytest.mark.parametrize(
    "filters",
    [("PATTERN", "z*"), ("PATTERN", "*|HELP"), ("PATTERN", "GET"), ("PATTERN", "")]
    + [("ACLCAT", c) for c in ("string", "FAST", "keyspace", "dangerous", "@string", "nosuch")]
    + [("MODULE", "nosuch")],
)
def test_list_filters_as_the_server(ours: Client, theirs: Client, filters: tuple[str, str]) -> None:
    mine, real = (
        set(plain(c.execute("COMMAND", "LIST", "FILTERBY", *filters))) for c in (ours, theirs)
    )
    assert mine - LATER == real & names(ours)


@pytest.mark.parametrize(
    "args",
    ["LIST FOO", "LIST FILTERBY", "LIST FILTERBY ACLCAT", "LIST FILTERBY NAME x", "COUNT x", "FOO"]
    + ["GETKEYS", "GETKEYS GET", "GETKEYS NOSUCH a", "GETKEYS PING a", "GETKEYS GET a b", "HELP x"]
    + ["GETKEYS ZUNIONSTORE d 2 a", "GETKEYS OBJECT NOSUCH a", "INFO nosuch", "DOCS nosuch"]
    + ["INFO nosuch GET Object|Encoding", "GETKEYSANDFLAGS SET k v GET", "GETKEYS CONFIG GET x"],
)
def test_edge_cases_agree_with_the_server(ours: Client, theirs: Client, args: str) -> None:
    mine, real = (plain(c.execute("COMMAND", *args.split())) for c in (ours, theirs))
    assert facts(mine) == facts(real)


def test_keys_agree_with_the_server_on_random_requests(ours: Client, theirs: Client) -> None:
    rng = random.Random(1)
    shared = sorted((names(ours) & names(theirs)) - EXTENDED)
    partial = ("client", "config", "memory")  # containers of which the server has more
    words = ["a", "b", "0", "1", "2", "3", "-1", "get", "overflow", "STORE", "storedist", "by"]
    words += ["LIMIT", "weights", "nx", "STREAMS", "streams", "count", "BLOCK", "group", "NOACK"]
    for _ in range(3_000):
        request = rng.choice(shared).split("|")
        request += rng.choices(words, k=rng.randrange(9))
        for what in ("GETKEYS", "GETKEYSANDFLAGS"):
            mine, real = (plain(c.execute("COMMAND", what, *request)) for c in (ours, theirs))
            if request[0] not in partial or "|".join(request[:2]) in shared:
                assert mine == real, request


def test_names_are_found_in_any_case_and_only_whole(ours: Client) -> None:
    assert ours.execute("eChO", "x") == Reply("bulk", b"x")
    assert ours.execute("object", "eNCODING", "nosuch") == Reply("null")
    for name in ("", "ech", "echoo", "sort\x7fro", "object|encoding", "echo\x00", "e" * 100):
        reply = ours.execute(name, "x")
        assert reply.kind == "error" and reply.value.startswith(b"ERR unknown command"), name
    reply = ours.execute("OBJECT", "nosuch", "k")
    assert reply.value == b"ERR unknown subcommand 'nosuch'. Try OBJECT HELP."


def test_help_tells_each_subcommand(ours: Client) -> None:
    for container in ("object", "memory", "config", "client", "command"):
        lines = plain(ours.execute(container, "HELP"))
        assert lines[0].startswith(f"{container.upper()} <subcommand>")
        assert lines[-2] == "HELP"
        told = {line.split()[0].lower() for line in lines[1::2]}
        assert {n.split("|")[1] for n in names(ours) if n.startswith(f"{container}|")} <= told


def test_reference_page_is_written_from_the_table() -> None:
    docs = Path(__file__).parents[2] / "docs"
    script = runpy.run_path(str(docs / "make_commands.py"))
    assert (docs / "commands.md").read_text() == script["page"](), "run docs/make_commands.py"
