"""Every command that emberkv has is held against the oracle, or is excused here with the reason."""

from __future__ import annotations

import pytest
from differential.cases import SEQUENCES, SINGLES
from differential.generate import template_names
from differential.script import commands
from oracle import RedisServer
from subjects import Subject

# Reason -> commands; a subcommand as "container|sub".
EXCUSED = {
    "redis-server 7.0 does not know it": """
        hexpire hpexpire hexpireat hpexpireat httl hpttl hexpiretime hpexpiretime hpersist
        hgetdel hgetex hsetex client|setinfo client|no-touch lmovem blmovem waitaof
        xackdel xdelex xnack
    """,
    "compared by what comes out, in tests/persist": "dump migrate restore restore-asking",
    "held against it over sockets in tests/net/test_monitor.py": "monitor",
    "no server that can be had by name knows it; tests/store/test_strings_later.py": """
        delex digest increx msetex
    """,
    "nor these; tests/store/test_stream_producers.py": "xcfgset xidmprecord",
    "nor these; tests/python/test_later.py": "sdiffcard sunioncard",
    "a picture, drawn by lot": "lolwut",
    "compared script by script in tests/scripting": """
        eval_ro evalsha evalsha_ro script|debug script|exists script|flush script|help
        script|kill script|load script|show fcall_ro function|delete function|dump function|flush
        function|help function|kill function|list function|load function|restore function|stats
    """,
    "no server knows it; tests/scripting/test_rollback.py": """
        eval_rollback evalsha_rollback fcall_rollback
    """,
    "prose of our own": "cluster|help module|help",
    "of files, in tests/persist/test_rewrite.py": "bgrewriteaof",
    "compared fact by fact in tests/engine/test_command_table.py": "command",
}


def exercised() -> set[str]:
    """What tables and templates send, in lower case, with container|sub for the second word."""
    names = {name.lower() for name in template_names()}
    for text in [*(lines for _, lines in SINGLES.values()), *SEQUENCES.values()]:
        for command in commands(text):
            words = [w.decode(errors="replace").lower() for w in command.args[:2]]
            names |= {*words[:1], "|".join(words)}
    return names


@pytest.mark.quick
def test_every_command_is_compared(subject: Subject, oracle: RedisServer) -> None:
    client = subject.client(3)
    ours = set(declared(client))
    client.close()
    excused = {name for names in EXCUSED.values() for name in names.split()}
    if isinstance(subject, RedisServer):
        pytest.skip("the oracle has commands of groups that are not compared")
    assert sorted(ours - exercised() - excused) == []


@pytest.mark.quick
def test_nothing_is_excused_that_needs_no_excuse() -> None:
    excused = {name for names in EXCUSED.values() for name in names.split()}
    assert sorted((excused & exercised()) - {"command"}) == []


def declared(client) -> list[str]:
    names = []
    for command in client.execute("COMMAND").value:
        subcommands = command.value[9].value
        names += [s.value[0].value.decode() for s in subcommands] or [
            command.value[0].value.decode()
        ]
    return names
