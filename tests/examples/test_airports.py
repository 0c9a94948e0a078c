"""The nearest airports, against distances worked out in plain Python."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest

import emberkv

SCRIPT = Path(__file__).parents[2] / "examples" / "airports.py"
FACTS = """
ZRH 8.5492 47.4647 Zurich CH
GVA 6.1092 46.2381 Geneva CH
BSL 7.5299 47.5896 Basel FR
MUC 11.7861 48.3538 Munich DE
MXP 8.7231 45.6301 Milan IT
LYS 5.0811 45.7263 Lyon FR
LHR -0.4619 51.4706 London GB
JFK -73.7789 40.6398 New-York US
SYD 151.1772 -33.9461 Sydney AU
NAN 177.4434 -17.7554 Nadi FJ
APW -172.0083 -13.8300 Apia WS
LYR 15.4656 78.2461 Longyearbyen NO
"""


def load_script():
    spec = importlib.util.spec_from_file_location("airports", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


airports = load_script()
ROWS = [
    {"iata": code, "lon": float(lon), "lat": float(lat), "name": name, "city": name, "country": at}
    for code, lon, lat, name, at in map(str.split, FACTS.strip().splitlines())
]


def distance_km(a, b):
    lon1, lat1, lon2, lat2 = map(math.radians, (a["lon"], a["lat"], b["lon"], b["lat"]))
    cosine = math.sin(lat1) * math.sin(lat2)
    cosine += math.cos(lat1) * math.cos(lat2) * math.cos(lon1 - lon2)
    return 6372.797560856 * math.acos(min(1.0, cosine))


@pytest.fixture
def db():
    with emberkv.open(decode_responses=True) as db:
        assert airports.load(db, ROWS) == len(ROWS)
        yield db


@pytest.mark.parametrize("row", ROWS, ids=[row["iata"] for row in ROWS])
def test_nearest_are_those_of_a_walk_through_all(db, row):
    others = sorted((distance_km(row, other), other["iata"]) for other in ROWS if other is not row)
    got = airports.nearest(db, row["iata"], 4)
    assert [found.code for found in got] == [code for _, code in others[:4]]
    for found, (km, _) in zip(got, others, strict=False):
        assert found.km == pytest.approx(km, abs=0.01)


def test_around_a_point(db):
    assert [found.code for found in airports.around(db, 8.54, 47.37, 100)] == ["ZRH", "BSL"]
    assert airports.around(db, 0, 0, 100) == []
    assert airports.around(db, 8.54, 47.37, 20)[0].name == "Zurich, Zurich"
    assert db.pfcount("seen:CH", "seen:FR") == 4


@pytest.mark.parametrize(
    "arguments, words",
    [(["XXX"], "no airport has the code XXX"), (["--at", "999", "47"], "invalid longitude")],
)
def test_what_is_nowhere_is_told(monkeypatch, capsys, arguments, words):
    monkeypatch.setattr(airports, "known_airports", lambda: ROWS)
    with pytest.raises(SystemExit):
        airports.main(arguments)
    assert words in capsys.readouterr().err
