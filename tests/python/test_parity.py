"""The same calls through redis-py on a real server and through Ember give the same results.

A script is a list of expressions in which `db` is the client. Each is evaluated with both
clients, and value, types all the way down, and exceptions by class and text must agree. Every
script runs with bytes, with decode_responses, without the compiled methods, and in pipelines
with and without MULTI/EXEC.
"""

from __future__ import annotations

import contextlib

import pytest
from python.parity_scripts import NAMES, NEWER, SCRIPTS

# redis-py warns of what it calls deprecated or experimental; we have no opinion.
pytestmark = pytest.mark.filterwarnings("ignore")


def show(value):
    """A value with its types, so that 1, 1.0 and True differ, and "a" and b"a"."""
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [show(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return type(value).__name__, sorted(map(repr, map(show, value)))
    if isinstance(value, dict):
        return type(value).__name__, {repr(key): show(item) for key, item in value.items()}
    if isinstance(value, NotImplementedError):
        return "raises", type(value).__name__
    if isinstance(value, Exception):
        return "raises", type(value).__name__, str(value)
    return type(value).__name__, repr(value)


def outcome(expression, db):
    try:
        return show(eval(expression, {**NAMES, "db": db}))
    except Exception as error:
        return show(error)


def lines(script):
    return [line.strip() for line in script.strip().splitlines()]


@pytest.fixture
def clients(servers, open_db):
    """Opens an Ember and redis-py on the server that it has to equal, both empty."""
    with contextlib.ExitStack() as stack:

        def connect(version, **options):
            theirs = servers(version, single_connection_client=True, **options)
            return open_db(**options), stack.enter_context(theirs)

        yield connect


ALL = [pytest.param("7.0", script, id=name) for name, script in SCRIPTS.items()]
ALL += [pytest.param("newer", script, id=name) for name, script in NEWER.items()]
every_script = pytest.mark.parametrize("version, script", ALL)


@every_script
@pytest.mark.parametrize(
    "decode_responses, compiled",
    [(False, True), (True, True), (False, False), (True, False)],
    ids=["bytes", "str", "bytes, not compiled", "str, not compiled"],
)
def test_results_are_redis_pys(clients, version, script, decode_responses, compiled):
    ours, theirs = clients(version, decode_responses=decode_responses)
    if not compiled:
        ours._set_compiled_methods_aside()
    differing = []
    for line in lines(script):
        want, have = outcome(line, theirs), outcome(line, ours)
        if want != have:
            differing.append(f"{line}\n    redis-py {want}\n    emberkv  {have}")
    assert not differing, "\n" + "\n".join(differing)


# Blocking commands would wait, these change what later commands run in, and scan_iter cannot
# be queued.
NOT_QUEUED = (
    "auth(",
    "acl_log(",  # of all who came before, for it is not reset here
    "_iter",
    "SELECT",
    "MULTI",
    "EXEC",
    "DISCARD",
    "quit",
    "reset",
    "select",
    "execute()",
)


@every_script
@pytest.mark.parametrize("transaction", [True, False], ids=["multi", "plain"])
def test_pipelined_results_are_redis_pys(clients, version, script, transaction):
    ours, theirs = clients(version)
    queued = [
        line
        for line in lines(script)
        if line.startswith("db.")
        and not line.endswith("]")
        and not any(word in line for word in NOT_QUEUED)
    ]
    for line in queued:
        both = []
        for db in (theirs, ours):
            pipe = db.pipeline(transaction=transaction)
            pipe.echo("before")
            with contextlib.suppress(Exception):
                eval(line, {**NAMES, "db": pipe})
            pipe.echo("after")
            both.append([outcome("db.execute(raise_on_error=False)", pipe), len(pipe)])
        assert both[0] == both[1], f"{line}\n{both[0]}\n{both[1]}"
    both = []
    for db in (theirs, ours):
        pipe = db.pipeline(transaction=transaction)
        for line in queued:
            if "mget([])" in line:
                # When something else in the transaction fails, redis-py raises this empty list.
                continue
            with contextlib.suppress(Exception):
                eval(line, {**NAMES, "db": pipe})
        both.append(outcome("db.execute()", pipe))
    assert both[0] == both[1]
