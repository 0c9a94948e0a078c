"""The pytest plugin, in projects of its users."""

from __future__ import annotations

import os
import sys

import pytest

pytest_plugins = "pytester"
PLUGIN = ("-p", "_emberkv_pytest")
QUIET = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch):
    """A project whose tests are written and run."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(tests: str, conftest: str = "", *args: str, **outcomes: int) -> pytest.RunResult:
        if conftest:
            pytester.makeconftest(conftest)
        pytester.makepyfile(tests)
        result = pytester.runpytest_inprocess(*PLUGIN, *QUIET, "--strict-markers", *args)
        result.assert_outcomes(**outcomes)
        return result

    return run


def test_each_test_has_a_fresh_store(project):
    project(
        """
        import emberkv, pytest
        kept = []

        @pytest.mark.parametrize("turn", [1, 2])
        def test_fresh(ember, turn):
            assert isinstance(ember, emberkv.Ember) and ember.path is None
            assert ember.keys() == []
            ember.set("a", turn)
            assert ember.get("a") == b"%d" % turn
            kept.append(ember)

        def test_they_were_closed():
            assert [db.closed for db in kept] == [True, True]
        """,
        passed=3,
    )


def test_marks_give_options(project):
    project(
        """
        import pytest

        pytestmark = pytest.mark.ember(decode_responses=True)

        def test_of_the_module(ember):
            ember.set("a", "é")
            assert ember.get("a") == "é"

        @pytest.mark.ember(decode_responses=False, databases=3)
        def test_of_the_test(ember):
            ember.set("a", "b")
            assert ember.get("a") == b"b"
            with pytest.raises(Exception, match="out of range"):
                ember.select(3)

        @pytest.mark.ember_redis(decode_responses=True)
        def test_of_redis(ember_redis):
            ember_redis.set("a", "b")
            assert ember_redis.get("a") == "b"
        """,
        passed=3,
    )


def test_the_clock_is_the_tests_own(project):
    project(
        """
        import pytest, time

        @pytest.mark.parametrize("turn", [1, 2])
        def test_time_passes_when_told(ember, ember_clock, turn):
            beginning = ember_clock.now_ms
            ember.set("a", 1, ex=3600)
            assert ember.ttl("a") == 3600
            ember_clock.advance(3599)
            assert ember.exists("a")
            ember_clock.advance(2)
            assert not ember.exists("a")
            ember_clock.now_ms = beginning + 86_400_000
            assert ember.time()[0] == ember_clock.now_ms // 1000

        def test_both_clients_live_by_it(ember_redis, ember, ember_clock):
            ember_redis.set("a", 1, ex=10)
            ember_clock.advance(11)
            assert ember_redis.get("a") is None and ember.get("a") is None

        def test_otherwise_time_is_the_systems(ember):
            assert abs(ember.time()[0] - time.time()) < 60
        """,
        passed=4,
    )


def test_redis_py_ends_in_the_same_store(project):
    project(
        """
        import redis

        def test_shared(ember, ember_redis):
            assert isinstance(ember_redis, redis.Redis)
            ember_redis.hset("h", mapping={"a": 1})
            assert ember.hgetall("h") == {b"a": b"1"}
        """,
        passed=1,
    )


def test_without_redis_py_it_is_skipped(project, monkeypatch):
    tests = "def test_it(ember_redis): assert False"
    for name in [name for name in sys.modules if name.partition(".")[0] == "redis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    result = project(tests, "", "-rs", skipped=1)
    result.stdout.fnmatch_lines("*ember_redis needs redis-py: pip install 'emberkv*redis*'*")


PREPARED = """
import pytest
calls = []

@pytest.fixture(scope="session")
def ember_prepare():
    def fill(db):
        calls.append(db)
        db.mset({"a": 1, "b": 2})
        db.set("session", "x", ex=60)
    return fill
"""


def test_a_store_is_prepared_once_and_copied_for_each_test(project):
    project(
        """
        import pytest
        from conftest import calls

        @pytest.mark.parametrize("turn", [1, 2, 3])
        def test_prepared(ember, turn):
            assert ember.mget("a", "b") == [b"1", b"2"]
            assert ember.delete("a") == 1
            assert len(calls) == 1 and calls[0].get("a") == b"1"

        @pytest.mark.parametrize("turn", [1, 2])
        def test_times_to_live_begin_anew(ember, ember_clock, turn):
            assert ember.ttl("session") == 60
            ember_clock.advance(61)
            assert not ember.exists("session")

        @pytest.mark.ember(decode_responses=True)
        def test_other_options(ember):
            assert ember.get("a") == "1"

        def test_through_redis_py(ember_redis):
            assert ember_redis.get("b") == b"2"
        """,
        PREPARED,
        passed=7,
    )


def test_several_stores_are_prepared_by_functions(project):
    project(
        """
        import pytest

        def few(db):
            db.set("n", 1)

        def many(db):
            db.mset({str(i): i for i in range(1000)})

        @pytest.fixture(params=[few, many])
        def db(ember_prepared, request):
            with ember_prepared(request.param).fork() as db:
                yield db

        def test_copies(db):
            size = db.dbsize()
            assert size in (1, 1000)
            db.flushall()

        def test_they_are_kept(ember_prepared):
            assert ember_prepared(many) is ember_prepared(many)
            assert ember_prepared(many).dbsize() == 1000
            assert ember_prepared(few, decode_responses=True).get("n") == "1"
        """,
        passed=3,
    )


def test_a_preparation_that_fails_is_an_error_of_the_test(project):
    conftest = """
        import pytest

        @pytest.fixture(scope="session")
        def ember_prepare():
            return lambda db: db.lpush("a")
    """
    project("def test_it(ember): pass", conftest, errors=1)


def test_nothing_is_imported_until_a_fixture_is_used(pytester: pytest.Pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(os.path.abspath, sys.path)))
    pytester.makepyfile(
        """
        import sys

        def test_before():
            assert not [name for name in sys.modules if name.split(".")[0] == "emberkv"]

        def test_then(ember):
            assert "emberkv._core._ember" in sys.modules
        """
    )
    result = pytester.runpytest_subprocess(*PLUGIN, *QUIET, "-v")
    result.assert_outcomes(passed=2)


def test_the_fixtures_are_listed_with_their_first_lines(pytester: pytest.Pytester):
    result = pytester.runpytest_inprocess(*PLUGIN, *QUIET, "--fixtures", "-q")
    for name in ("ember ", "ember_redis", "ember_clock", "ember_prepared", "ember_prepare "):
        result.stdout.fnmatch_lines(f"{name}*")
    result = pytester.runpytest_inprocess(*PLUGIN, *QUIET, "--markers")
    result.stdout.fnmatch_lines("@pytest.mark.ember(*")
