"""emberkv.asyncio.Ember gives what redis.asyncio gives on a real server."""

from __future__ import annotations

import contextlib
import inspect

import pytest
import redis.asyncio
from bridge.test_parity import ALL, awaited, outcome_awaited
from python.parity_scripts import NAMES
from python.test_parity import NOT_QUEUED, lines, outcome

import emberkv
import emberkv.asyncio

pytestmark = pytest.mark.filterwarnings("ignore")

every_script = pytest.mark.parametrize("version, script", ALL)


@every_script
@pytest.mark.parametrize("decode_responses", [False, True], ids=["bytes", "str"])
def test_results_are_redis_pys(server, run, version, script, decode_responses):
    async def compare():
        path = server(version)
        theirs = redis.asyncio.Redis(
            unix_socket_path=path, single_connection_client=True, decode_responses=decode_responses
        )
        await theirs.flushall()
        differing = []
        async with theirs, emberkv.asyncio.open(decode_responses=decode_responses) as ours:
            for line in lines(script):
                if "bitfield(" in line or "db[" in line or " in db" in line or "item__" in line:
                    continue
                want, have = await outcome_awaited(line, theirs), await outcome_awaited(line, ours)
                if want != have:
                    differing.append(f"{line}\n    redis-py {want}\n    emberkv  {have}")
        return differing

    differing = run(compare())
    assert not differing, "\n" + "\n".join(differing)


@every_script
@pytest.mark.parametrize("transaction", [True, False], ids=["multi", "plain"])
def test_pipelined_results_are_those_of_ember(run, version, script, transaction):
    queued = [
        line
        for line in lines(script)
        if line.startswith("db.")
        and not line.endswith("]")
        and not any(word in line for word in (*NOT_QUEUED, "watch", "WATCH"))
    ]

    def fill(db):
        pipe = db.pipeline(transaction=transaction)
        for line in queued:
            with contextlib.suppress(Exception):
                assert eval(line, {**NAMES, "db": pipe}) is pipe, line
        return pipe

    async def theirs():
        async with emberkv.asyncio.open() as db:
            return await outcome_awaited("db.execute(raise_on_error=False)", fill(db))

    with emberkv.open() as db:
        assert run(theirs()) == outcome("db.execute(raise_on_error=False)", fill(db))


def test_every_method_of_ember_is_here():
    """Public names of the handle, but for what only makes sense without awaiting."""
    ours = set(dir(emberkv.asyncio.Ember))
    missing = {name for name in dir(emberkv.Ember) if not name.startswith("_")} - ours
    assert missing == {"response_callbacks"}  # an attribute of each handle


def test_helper_writes_awaits():
    """The scripts are really awaited: the helper turns calls of db into awaits."""
    names = awaited("list(db.scan_iter())").co_names
    assert "scan_iter" in names
    assert inspect.CO_COROUTINE & awaited("db.get('k')").co_flags
