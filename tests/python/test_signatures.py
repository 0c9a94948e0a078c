"""Every method of redis-py's client that belongs to our groups is here, with its signature."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
import redis
from redis.commands import core

import emberkv

GROUPS = [
    core.ACLCommands,
    core.BasicKeyCommands,
    core.ScanCommands,
    core.HashCommands,
    core.ListCommands,
    core.SetCommands,
    core.SortedSetCommands,
    core.HyperlogCommands,
    core.StreamCommands,
    core.GeoCommands,
    core.ManagementCommands,
    core.PubSubCommands,
    core.ModuleCommands,
    core.ClusterCommands,
    core.ScriptCommands,
    core.FunctionCommands,
]

# Methods that are not here, or are here with another signature, and why.
MISSING = {
    "himport_prepare_internal": "client-side state of HIMPORT, not in any released server",
    "himport_set": "client-side state of HIMPORT, not in any released server",
    "himport_discard_internal": "client-side state of HIMPORT, not in any released server",
    "himport_discard_all_internal": "client-side state of HIMPORT, not in any released server",
    "hotkeys_start": "HOTKEYS samples a server's CPU and network time",
    "hotkeys_stop": "HOTKEYS samples a server's CPU and network time",
    "hotkeys_reset": "HOTKEYS samples a server's CPU and network time",
    "hotkeys_get": "HOTKEYS samples a server's CPU and network time",
    "module_load": "modules are shared objects for another program",
    "module_loadex": "modules are shared objects for another program",
    "module_unload": "modules are shared objects for another program",
}
DIFFERENT = {
    "save": "a file may be named, in the place of the store's own",
    "eval": "rollback",
    "evalsha": "rollback",
    "fcall": "rollback",
    "register_script": "rollback",
    "transaction": "func may be left out for a with block, and options are spelled out",
}

# What redis-py's pipeline inherits from its client without use, and what it redefines.
NOT_OF_A_PIPELINE = {
    *("transaction", "pipeline", "lock", "monitor", "pubsub", "keyspace_notifications"),
    *("watch", "unwatch"),
}

CLIENT_METHODS = [
    "close",
    "execute_command",
    "keyspace_notifications",
    "lock",
    "monitor",
    "pipeline",
    "pubsub",
    "set_response_callback",
    "transaction",
    "__enter__",
    "__exit__",
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__contains__",
]
PIPELINE_METHODS = [
    "__bool__",
    "__enter__",
    "__exit__",
    "__len__",
    "close",
    "discard",
    "execute",
    "execute_command",
    "immediate_execute_command",
    "multi",
    "pipeline_execute_command",
    "reset",
    "unwatch",
    "watch",
]

names = sorted(
    {
        name
        for group in GROUPS
        for name in vars(group)
        if callable(getattr(group, name)) and not name.startswith("_")
    }
)


def shape(method):
    """Names, kinds and defaults of a method's parameters after self, in order.

    Not the name of a * or ** parameter, which no caller sees.
    """
    return [
        (
            "*" if parameter.kind.name.startswith("VAR") else parameter.name,
            parameter.kind.name,
            parameter.default,
        )
        for parameter in list(inspect.signature(method).parameters.values())[1:]
    ]


def test_the_groups_are_what_we_think():
    assert len(names) > 240
    assert not set(MISSING) - set(names)


@pytest.mark.parametrize("name", names + CLIENT_METHODS)
@pytest.mark.parametrize("ours", [emberkv.Ember, emberkv.Pipeline])
def test_method_has_redis_pys_signature(name, ours):
    if name in MISSING:
        assert not hasattr(ours, name), f"{name} exists now: take it off the list"
        return
    if ours is emberkv.Pipeline and name in NOT_OF_A_PIPELINE:
        return
    if name in DIFFERENT:
        return
    theirs = getattr(redis.Redis, name)
    assert shape(getattr(ours, name)) == shape(theirs)


@pytest.mark.parametrize("name", PIPELINE_METHODS)
def test_pipeline_method_has_redis_pys_signature(name):
    theirs = getattr(redis.client.Pipeline, name)
    assert shape(getattr(emberkv.Pipeline, name)) == shape(theirs)


def test_public_docstrings():
    for ours in (emberkv.Ember, emberkv.Pipeline):
        for name in dir(ours):
            if not name.startswith("_") and callable(getattr(ours, name)):
                assert inspect.getdoc(getattr(ours, name)), f"{ours.__name__}.{name}"


# Commands without a method, and why.
WITHOUT_METHOD = {
    "xsetid": "not in redis-py: for replication",
    "xidmprecord": "not in redis-py: for logs that are replayed",
    "multi": "the pipeline begins it",
    "exec": "the pipeline ends it",
    "hello": "there is no protocol to agree on",
    "incr": "incr() sends INCRBY",
    "decr": "decr() sends DECRBY",
    "sort_ro": "sort_ro() sends SORT",
    **dict.fromkeys(
        "subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe".split(),
        "a PubSub sends it",
    ),
    "bitfield": "what bitfield() gives sends it",
    "georadius_ro": "georadius() sends GEORADIUS",
    "georadiusbymember_ro": "georadiusbymember() sends GEORADIUSBYMEMBER",
    "pfdebug": "as in redis-py; execute_command runs it",
    "pfselftest": "as in redis-py; execute_command runs it",
    **dict.fromkeys(
        ["client caching", "debug", "latency doctor", "latency graph", "latency histogram"]
        + ["memory doctor"],
        "as in redis-py; execute_command runs it",
    ),
    **dict.fromkeys(
        ["asking", "failover", "restore-asking", "module load", "module loadex", "module unload"],
        "never of any use on a store",
    ),
    "monitor": "a Monitor sends it",
    "script debug": "the debugger is a connection's",
    "command docs": "as in redis-py; execute_command runs it",
    "command info": "as in redis-py; execute_command runs it",
}


def sent_by_methods() -> set[str]:
    """The names of commands that the source of the methods has as first argument."""
    package = Path(emberkv.__file__).parent
    found = {"object", "cluster"}
    for path in [*(package / "_commands").glob("*.py"), package / "pipeline.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ("execute_command", "_zaggregate") and node.args:
                    found |= {
                        name.value.lower()
                        for name in ast.walk(node.args[0])
                        if isinstance(name, ast.Constant) and isinstance(name.value, str)
                    }
    return found


def test_every_command_of_the_core_has_a_method(open_db):
    known = set()
    for name, facts in open_db(decode_responses=True).command().items():
        inner = [entry[0].replace("|", " ") for entry in facts["subcommands"]]
        known.update(inner or [name])
    known = {name for name in known if not name.endswith(" help")}
    for container in ("object", "cluster"):
        known = {container if name.startswith(f"{container} ") else name for name in known}
    assert known - sent_by_methods() - set(WITHOUT_METHOD) == set()
