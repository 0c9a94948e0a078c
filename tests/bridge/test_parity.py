"""redis-py gives the same through the bridge as on a real server: values, types, exceptions.

The scripts are those of tests/python: expressions in which `db` is the client.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect

import pytest
import redis.asyncio
from python.parity_scripts import NAMES, NEWER, SCRIPTS
from python.test_parity import NOT_QUEUED, lines, outcome, show

import emberkv

pytestmark = pytest.mark.filterwarnings("ignore")

# With the address of the object in it, which is another one each time.
UNLIKE = ("debug_object",)

ALL = [pytest.param("7.0", script, id=name) for name, script in SCRIPTS.items()]
ALL += [pytest.param("newer", script, id=name) for name, script in NEWER.items()]
every_script = pytest.mark.parametrize("version, script", ALL)

OPTIONS = {
    "resp2": {"protocol": 2},
    "resp3": {"protocol": 3},
    "unsaid": {},
    "resp2 str": {"protocol": 2, "decode_responses": True},
    "resp3 str": {"protocol": 3, "decode_responses": True},
    "resp3 as it is": {"protocol": 3, "legacy_responses": False},
    "latin": {"protocol": 3, "encoding": "latin-1", "decode_responses": True},
}
every_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())


@every_script
@every_option
def test_results_are_those_of_a_server(both, version, script, options):
    ours, theirs = both(version, single_connection_client=True, **options)
    differing = []
    for line in lines(script):
        if any(word in line for word in UNLIKE):
            continue
        want, have = outcome(line, theirs), outcome(line, ours)
        if want != have:
            differing.append(f"{line}\n    a server {want}\n    emberkv  {have}")
    assert not differing, "\n" + "\n".join(differing)


@every_script
@pytest.mark.parametrize("transaction", [True, False], ids=["multi", "plain"])
@pytest.mark.parametrize("protocol", [2, 3])
def test_pipelined_results_are_those_of_a_server(both, version, script, transaction, protocol):
    ours, theirs = both(version, protocol=protocol)
    queued = [
        line
        for line in lines(script)
        if line.startswith("db.")
        and not line.endswith("]")
        and not any(word in line for word in NOT_QUEUED)
    ]
    results = []
    for db in (theirs, ours):
        pipe = db.pipeline(transaction=transaction)
        for line in queued:
            with contextlib.suppress(Exception):
                eval(line, {**NAMES, "db": pipe})
        results.append(outcome("db.execute(raise_on_error=False)", pipe))
        results.append(outcome("db.ping()", db))
    assert results[:2] == results[2:]


class Awaited(ast.NodeTransformer):
    """Calls of methods of `db`, as one writes them with redis.asyncio."""

    def visit_Call(self, call: ast.Call) -> ast.expr:
        self.generic_visit(call)
        function = call.func
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            return call
        if function.value.id != "db" or function.attr == "lock":
            return call
        if function.attr.endswith("_iter"):
            return ast.parse(f"[x async for x in {ast.unparse(call)}]", mode="eval").body
        return ast.Await(call)


def awaited(line: str):
    tree = ast.fix_missing_locations(Awaited().visit(ast.parse(line, mode="eval")))
    return compile(tree, line, "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def outcome_awaited(line, db):
    try:
        value = eval(awaited(line), {**NAMES, "db": db})
        return show(await value if inspect.isawaitable(value) else value)
    except Exception as error:
        return show(error)


@every_script
@every_option
def test_asyncio_results_are_those_of_a_server(server, run, version, script, options):
    async def compare():
        path = server(version)
        alone = {**options, "single_connection_client": True}
        theirs = redis.asyncio.Redis(unix_socket_path=path, **alone)
        ours = emberkv.redis_client(asyncio=True, **alone)
        await theirs.flushall()
        differing = []
        for line in lines(script):
            if any(word in line for word in ("bitfield(", *UNLIKE)):
                continue
            want, have = await outcome_awaited(line, theirs), await outcome_awaited(line, ours)
            if want != have:
                differing.append(f"{line}\n    a server {want}\n    emberkv  {have}")
        await asyncio.gather(theirs.aclose(), ours.aclose())
        return differing

    differing = run(compare())
    assert not differing, "\n" + "\n".join(differing)
