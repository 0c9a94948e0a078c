"""Blocking commands beside the real server: who is served with what, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from differential.cases import blocking, streams
from differential.pair import Pair
from differential.waiting import Ours, Side, Theirs, blocked_on, run_script
from oracle import RedisServer
from subjects import EmberSubject, SharedSubject

from emberkv._core import _ember

WAITS = blocking.WAITS | streams.WAITS


@pytest.fixture(params=["one handle", "two handles on a path"])
def subject_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[EmberSubject | SharedSubject, _ember.Store]]:
    if request.param == "one handle":
        store = _ember.Store()
        subject: EmberSubject | SharedSubject = EmberSubject(store)
    else:
        store = _ember.Store(tmp_path / "waiting.ember")
        subject = SharedSubject(tmp_path / "waiting.ember")
    yield subject, store
    assert store.check()
    assert store.blocked_clients == 0
    subject.stop()
    store.close()


@pytest.mark.parametrize("protocol", [2, 3], ids=["resp2", "resp3"])
@pytest.mark.parametrize("name", WAITS)
def test_waiting_agrees(
    name: str,
    protocol: int,
    oracle: RedisServer,
    subject_store: tuple[EmberSubject | SharedSubject, _ember.Store],
) -> None:
    subject, store = subject_store
    watch = oracle.client()
    pair = Pair(subject, oracle, protocol)
    pair.reset()
    ours = Side("emberkv", lambda: Ours(subject.client(protocol)), lambda: store.blocked_clients)
    theirs = Side(
        "redis-server", lambda: Theirs(oracle.client(protocol)), lambda: blocked_on(watch)
    )
    differences = run_script(WAITS[name], ours, theirs, pair)
    pair.close()
    watch.close()
    if differences:
        pytest.fail("\n".join(differences), pytrace=False)
