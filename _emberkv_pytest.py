"""pytest plugin: stores for tests, without a server.

    def test_visits(ember):               # a fresh private store
        ember.incr("visits")
        assert ember.get("visits") == b"1"

Fixtures: `ember`, `ember_redis`, `ember_clock`, `ember_prepare`, `ember_prepared`; marks: ``ember``
and ``ember_redis``. `docs/pytest.md` tells of each.

It is a module of its own, beside the package, because importing anything of a package imports the
package: pytest loads this whether a project's tests use it or not, so it costs nothing until a
fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import redis

    import emberkv

    Prepare = Callable[[emberkv.Ember[Any]], object]
    Prepared = Callable[..., emberkv.Ember[Any]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "ember(**options): options of emberkv.open for the store of the fixture `ember`"
    )
    config.addinivalue_line(
        "markers", "ember_redis(**options): options of redis.Redis for the fixture `ember_redis`"
    )


def _options(request: pytest.FixtureRequest, mark: str) -> dict[str, Any]:
    """Those of the marks of that name; the closest to the test wins."""
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers(mark))):
        options.update(marker.kwargs)
    return options


@pytest.fixture(scope="session")
def _ember_session_clock() -> Any:
    """The clock, and the moment that it shows when a test begins."""
    import emberkv

    clock = emberkv.Clock()
    return clock, clock.now_ms


@pytest.fixture
def ember_clock(_ember_session_clock: Any) -> emberkv.Clock:
    """A clock that stands still until the test sets it; `ember` lives by it in this test.

    ``ember_clock.advance(3600)`` lets an hour pass, ``ember_clock.now_ms = ...`` sets it. Every
    test begins at the same moment, so what `ember_prepare` gave a time to live has all of it.
    """
    clock, beginning = _ember_session_clock
    clock.now_ms = beginning
    return clock


@pytest.fixture(scope="session")
def ember_prepared() -> Iterator[Prepared]:
    """``ember_prepared(prepare, **options)``: a store that ``prepare(db)`` filled, once a session.

    Take ``.fork()`` of it for each test: a copy made at once, however big it is. Options are those
    of `emberkv.open`.
    """
    import emberkv

    stores: dict[Any, emberkv.Ember[Any]] = {}

    def prepared(prepare: Prepare, **options: Any) -> emberkv.Ember[Any]:
        known = (prepare, *sorted(options.items()))
        if known not in stores:
            db = emberkv.open(**options)
            try:
                prepare(db)
            except BaseException:
                db.close()
                raise
            stores[known] = db
        return stores[known]

    yield prepared
    for db in stores.values():
        db.close()


@pytest.fixture(scope="session")
def ember_prepare() -> Prepare | None:
    """Override it in conftest.py with a function: what it does to a store, `ember` begins with."""
    return None


@pytest.fixture
def ember(request: pytest.FixtureRequest, ember_prepare: Prepare | None) -> Iterator[Any]:
    """A fresh private store, closed after the test: an `emberkv.Ember`.

    ``@pytest.mark.ember(decode_responses=True)`` gives options of `emberkv.open`. A test that asks
    for `ember_clock` as well sets the time.
    """
    import emberkv

    options = _options(request, "ember")
    if "ember_clock" in request.fixturenames:
        options.setdefault("clock", request.getfixturevalue("ember_clock"))
    if ember_prepare is None:
        db = emberkv.open(**options)
    else:
        prepared: Prepared = request.getfixturevalue("ember_prepared")
        db = prepared(ember_prepare, **options).fork()
    yield db
    db.close()


@pytest.fixture
def ember_redis(request: pytest.FixtureRequest, ember: Any) -> Iterator[redis.Redis]:
    """A genuine `redis.Redis` on the store of `ember`, whose connections end in this process.

    ``@pytest.mark.ember_redis(decode_responses=True)`` gives options of `redis.Redis`. The test is
    skipped where redis-py is not installed.
    """
    pytest.importorskip("redis", reason="ember_redis needs redis-py: pip install 'emberkv[redis]'")
    import emberkv

    client = emberkv.redis_client(ember, **_options(request, "ember_redis"))
    yield client
    client.close()
