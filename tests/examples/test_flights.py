"""The demo's answers, against the same questions asked of the file in plain Python."""

import csv
import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import emberkv

DATA = Path(__file__).parent / "data"
SCRIPT = Path(__file__).parents[2] / "examples" / "flights.py"


def load_script():
    spec = importlib.util.spec_from_file_location("flights", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


flights = load_script()


@pytest.fixture(scope="module")
def rows():
    with open(DATA / "flights.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def airlines():
    with open(DATA / "airlines.csv", newline="") as file:
        return {row["carrier"]: row["name"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def db():
    with emberkv.open(decode_responses=True) as db:
        flights.load_airlines(db, DATA)
        flights.load(db, flights.parse(flights.read_flights(DATA)))
        yield db


def test_every_flight_is_stored_and_counted(db, rows):
    assert int(db.get("flights")) == len(rows)
    assert len(list(db.scan_iter(match="flight:*", count=1_000))) == len(rows)
    for month in range(1, 13):
        expected = sum(int(row["month"]) == month for row in rows)
        assert int(db.get(f"flights:{month:02d}") or 0) == expected


def test_worst_average_delays_are_those_of_the_file(db, rows, airlines):
    late = defaultdict(list)
    for row in rows:
        if row["arr_delay"] != "NA":
            late[row["carrier"]].append(int(row["arr_delay"]))
    averages = {airlines[c]: round(sum(m) / len(m), 1) for c, m in late.items()}
    answer = flights.worst_average_delays(db, airlines)
    assert [row[1] for row in answer.rows] == sorted(averages.values(), reverse=True)[:5]
    assert all(averages[name] == minutes for name, minutes, *_ in answer.rows)
    cancelled = Counter(airlines[r["carrier"]] for r in rows if r["dep_time"] == "NA")
    assert all(gone == cancelled[name] for name, _, _, gone in answer.rows)


def test_busiest_routes_are_those_of_the_file(db, rows):
    routes = Counter(f"{row['origin']}-{row['dest']}" for row in rows)
    answer = flights.busiest_routes(db)
    assert [n for _, n in answer.rows] == [n for _, n in routes.most_common(5)]
    assert all(routes[route] == n for route, n in answer.rows)


def test_carriers_in_common_are_those_of_the_file(db, rows, airlines):
    def carriers(airport):
        return {row["carrier"] for row in rows if airport in (row["origin"], row["dest"])}

    answer = flights.carriers_in_common(db, airlines, "SFO", "LAX")
    assert [code for code, _ in answer.rows] == sorted(carriers("SFO") & carriers("LAX"))
    assert answer.rows, "the slice holds carriers that serve both"


def test_shared_aircraft_are_those_of_the_file(db, rows, airlines):
    tails = defaultdict(set)
    for row in rows:
        if row["tailnum"] != "NA":
            tails[airlines[row["carrier"]]].add(row["tailnum"])
    for one, other, n in flights.shared_aircraft(db, airlines).rows:
        assert len(tails[one] & tails[other]) == n


def test_latest_departures_come_newest_first(db, rows):
    latest = max((int(r["month"]), int(r["day"])) for r in rows if r["dep_time"] != "NA")
    answer = flights.latest_departures(db)
    assert answer.rows[0][0] == "2013-{:02d}-{:02d}".format(*latest)
    assert [row[0] for row in answer.rows] == sorted((r[0] for r in answer.rows), reverse=True)


def test_most_delayed_flight_has_its_full_record(db, rows, airlines):
    worst = max((r for r in rows if r["arr_delay"] != "NA"), key=lambda r: int(r["arr_delay"]))
    record = dict(flights.most_delayed_flight(db, airlines).rows)
    for field, column in {
        "arrival_delay": "arr_delay",
        "carrier": "carrier",
        "number": "flight",
        "tail": "tailnum",
        "origin": "origin",
        "destination": "dest",
        "miles": "distance",
    }.items():
        assert record[field] == worst[column]
    assert record["place among its carrier's delays"] == 0


def test_aircraft_expire_within_the_hour(db, rows):
    ((aircraft, first, last),) = flights.aircraft_aloft(db).rows
    assert aircraft == len({row["tailnum"] for row in rows} - {"NA"})
    assert 0 < first <= last <= 3_600


def test_the_demo_runs_with_its_second_process(tmp_path, rows):
    path = str(tmp_path / "flights.ember")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--data", str(DATA), "--path", path],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert "saw half a batch 0 times" in done.stdout
    assert f"{len(rows)} flights in" in done.stdout
    assert re.search(r"bytes a key", done.stdout)
