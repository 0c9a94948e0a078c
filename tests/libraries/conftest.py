"""Libraries written for Redis, on a store: through the bridge, and through a server on it."""

from __future__ import annotations

import asyncio
import functools
import signal
from collections.abc import Iterator

import pytest

import emberkv


@functools.cache
def knows(command: str) -> bool:
    with emberkv.open() as db:
        return db.execute_command("COMMAND INFO", command)[0] is not None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(*commands): what the library calls; xfails while one is missing"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("needs"):
            missing = [command for command in marker.args if not knows(command)]
            if missing:
                reason = f"not in the core yet: {', '.join(missing)}"
                item.add_marker(pytest.mark.xfail(strict=True, reason=reason, **marker.kwargs))


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """A worker that runs in the tests' own process takes its signals, and keeps them."""
    taken = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD)
    handlers = [signal.getsignal(each) for each in taken]
    yield
    for each, handler in zip(taken, handlers, strict=True):
        signal.signal(each, handler)


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "app.ember")


@pytest.fixture(params=["bridge", "server"])
def url(request: pytest.FixtureRequest, path: str) -> Iterator[str]:
    """The URL of a store: ours, which redis-py is taught, or that of a server on it."""
    if request.param == "bridge":
        emberkv.install_url_scheme("kombu", "celery")
        yield f"ember://{path}"
        emberkv.uninstall_url_scheme()
    else:
        with emberkv.serve(path, port=0) as server:
            yield f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def client(url):
    """A redis-py client on the same store, as a library might be given one."""
    import redis

    with redis.Redis.from_url(url) as made:
        yield made


@pytest.fixture
def run():
    """Runs a coroutine to its end, and fails if it takes long."""

    def to_its_end(coroutine, seconds=60):
        return asyncio.run(asyncio.wait_for(coroutine, seconds))

    return to_its_end
