"""How users write emberkv.asyncio, checked by mypy and not run; see test_types.py."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

import emberkv
import emberkv.asyncio


async def use() -> None:
    db = emberkv.asyncio.open()
    assert_type(db, emberkv.asyncio.Ember[bytes])
    assert_type(await db.get("k"), bytes | None)
    assert_type(await db.incr("n"), int)
    assert_type(await db.hgetall("h"), dict[bytes, bytes])
    assert_type([key async for key in db.scan_iter()], list[bytes])
    async with emberkv.asyncio.open("app.ember", decode_responses=True) as text:
        assert_type(await text.mget("a", "b"), list[str | None])
    assert_type(emberkv.asyncio.Ember(emberkv.open()), emberkv.asyncio.Ember[bytes])
    async with db.pipeline() as pipe:
        await pipe.watch("n")
        pipe.multi()
        pipe.incr("n").expire("n", 10)
        assert_type(await pipe.execute(), list[Any])
    async with db.lock("l"):
        pass
