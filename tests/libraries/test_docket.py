from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

docket = pytest.importorskip("docket")

pytestmark = pytest.mark.needs("EVALSHA", "XREADGROUP")


def test_tasks_are_done_by_a_worker(url, run):
    async def use():
        done = []

        async def note(n: int) -> None:
            done.append(n)

        async with docket.Docket(name="work", url=url) as tasks:
            for n in range(10):
                await tasks.add(note)(n)
            soon = datetime.now(timezone.utc) + timedelta(milliseconds=50)
            await tasks.add(note, when=soon)(99)
            async with docket.Worker(tasks) as worker:
                await worker.run_until_finished()
        assert sorted(done) == [*range(10), 99]

    run(use())
