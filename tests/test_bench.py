"""The benchmark harness: that it sees a difference, and says truly what was reached."""

import statistics
from contextlib import ExitStack

import pytest

from bench import child, commands, lookups, peers, report, timing
from bench.timing import Contender, Figure


def work(n):
    def call(_):
        return sum(range(n))

    return call


def test_a_slower_contender_is_seen_as_slower():
    field = [
        Contender("quick", timing.loop_1, work(10), lambda n: [0] * n),
        Contender("slow", timing.loop_1, work(1_000), lambda n: [0] * n),
    ]
    figures = timing.race(field, rounds=5, batch_seconds=0.002, at_most=10_000)
    assert figures["slow"].median > 5 * figures["quick"].median
    low, high = figures["slow"].quartiles
    assert low <= figures["slow"].median <= high


def test_each_round_times_every_contender_once():
    calls = []
    field = [
        Contender(name, timing.loop_1, calls.append, lambda n, name=name: [name] * n, count=2)
        for name in "abc"
    ]
    timing.race(field, rounds=3, batch_seconds=0, at_most=0)
    rounds = [sorted(calls[i : i + 6]) for i in range(0, len(calls), 6)]
    assert rounds == [["a", "a", "b", "b", "c", "c"]] * 3


def test_a_ready_awaitable_needs_no_event_loop():
    seen = []

    async def call(a, b):
        seen.append((a, b))

    timing.AWAIT[2](call, [(1, 2), (3, 4)])
    assert seen == [(1, 2), (3, 4)]


def test_arguments_go_on_where_they_ended():
    source = commands.cycled("abc")()
    assert source(2) == ["a", "b"]
    assert source(5) == ["c", "a", "b", "c", "a"]


@pytest.mark.parametrize(("mine", "passed"), [(99.0, True), (101.0, False)])
def test_a_verdict_needs_a_fifth_of_the_fastest_and_a_two_hundredth_of_the_server(mine, passed):
    row = next(row for row in commands.rows(quick=True) if row.name == "SET")
    figures = {"emberkv": Figure([mine]), "fakeredis": Figure([10_000.0])}
    figures |= {"credish": Figure([600.0]), "redis-server": Figure([20_000.0])}
    result = commands.judge(row, figures, "emberkv")
    assert result.passed is passed
    assert result.target == "at most 100 ns"


def test_what_is_not_installed_leaves_a_note(monkeypatch):
    def missing():
        raise ImportError("no such store")

    monkeypatch.setitem(peers.OPENERS, "credish", missing)
    notes = []
    assert peers.open_all(["credish"], ExitStack(), notes) == []
    assert notes == ["credish: left out (ImportError: no such store)"]


def test_a_fresh_interpreter_hands_back_what_it_measured():
    bytes_taken = child.call("bench.memory:plain", "strings", 10_000)["resident"]
    assert 100 * 10_000 < bytes_taken < 400 * 10_000


def test_lookups_are_held_to_dict(monkeypatch):
    run = report.Run(quick=True, verbose=False)
    lookups._get_beside_dict(run, 1_000, {"emberkv": 1_000.0, "emberkv shared": 0.001})
    verdicts = {result.condition: result.passed for result in run.results}
    assert verdicts == {"private": True, "shared": False}
    page = report.markdown(run)
    assert "at most 1000.0x | yes" in page and "at most 0.001x | **no**" in page
    (figures,) = run.figures.values()
    assert statistics.median(figures["dict"].samples) > 0


def test_parts_measured_again_replace_their_own_results_only(tmp_path):
    def part(name, passed):
        run = report.Run()
        run.results.append(report.Result(name, "", "1 ns", "at most 2 ns", passed))
        run.figures[name] = {"dict": Figure([1.0, 2.0])}
        return run

    report.write({"memory": part("memory", False), "loading": part("loading", True)}, tmp_path)
    kept = report.read(tmp_path)
    kept["memory"] = part("memory", True)
    report.write(kept, tmp_path)
    assert [r.passed for r in report.joined(report.read(tmp_path).values()).results] == [True] * 2
    assert "**no**" not in (tmp_path / "results.md").read_text()
