"""Geohash: against arithmetic on whole numbers, known places, and a look at every place."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

core = pytest.importorskip("emberkv._core._containers")

LAT = 85.05112878
RADIUS = 6372797.560856
places = st.tuples(st.floats(-180, 180), st.floats(-LAT, LAT))


def interleaved(lon, lat, steps=26):
    x = int((lon + 180) / 360 * (1 << steps))
    y = int((lat + LAT) / (2 * LAT) * (1 << steps))
    bits = 0
    for i in range(steps + 1):
        bits |= (y >> i & 1) << (2 * i) | (x >> i & 1) << (2 * i + 1)
    return bits


@given(places)
def test_encoding_interleaves_both_coordinates(place):
    bits = core.geo_encode(place)
    assert bits == interleaved(*place)
    lon, lat = core.geo_decode(bits)
    assert abs(lon - place[0]) <= 360 / 2**26 and abs(lat - place[1]) <= 2 * LAT / 2**26


def test_known_places():
    palermo, catania = (13.361389, 38.115556), (15.087269, 37.502669)
    assert core.geo_encode(palermo) == 3479099956230698
    assert core.geo_encode(catania) == 3479447370796909
    assert core.geo_hash(core.geo_decode(3479099956230698)) == "sqc8b49rny0"
    assert core.geo_hash((-5.6, 42.6)).startswith("ezs42")
    apart = core.geo_distance(*map(core.geo_decode, (3479099956230698, 3479447370796909)))
    assert f"{apart:.4f}" == "166274.1516"


@given(st.floats(allow_nan=False))
def test_any_score_is_read_as_a_place(score):
    lon, lat = core.geo_decode(core.geo_bits(score))
    assert -180 <= lon <= 180 and -LAT <= lat <= LAT


def haversine(a, b):
    lon1, lat1, lon2, lat2 = map(math.radians, (*a, *b))
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * RADIUS * math.asin(min(1, math.sqrt(h)))


@given(places, places)
def test_distance_is_along_the_surface(a, b):
    assert core.geo_distance(a, b) == pytest.approx(haversine(a, b), rel=1e-12, abs=1e-6)
    assert core.geo_distance(a, a) == 0


centers = st.one_of(
    places,
    st.tuples(st.sampled_from([-180.0, 180.0, 179.99, -179.99, 0.0]), st.floats(-80, 80)),
    st.tuples(st.floats(-180, 180), st.sampled_from([LAT, -LAT, 0.0, 66.1, -80.1])),
)
sizes = st.one_of(st.floats(0, 1e3), st.floats(1e3, 1e6), st.floats(1e6, 2.1e7))


def around(center, reach, rng):
    """Places near and far: most about as far as the area reaches."""
    lon, lat = center
    out = []
    for _ in range(150):
        d = reach * rng.uniform(0, 1.6) / 111_000
        angle = rng.uniform(0, 2 * math.pi)
        y = min(max(lat + d * math.sin(angle), -LAT), LAT)
        x = lon + d * math.cos(angle) / max(0.02, math.cos(math.radians(lat)))
        out.append(((x + 180) % 360 - 180, y))
    return out


@given(centers, sizes, st.booleans(), st.floats(0.05, 20), st.integers(0, 9))
def test_what_the_first_look_tells_is_so(center, size, is_box, shape, seed):
    scores = [float(core.geo_encode(p)) for p in around(center, size, random.Random(seed))]
    options = {"width": 2 * size, "height": 2 * size / shape} if is_box else {"radius": size}
    _, found = core.geo_search(center, scores, **options)
    for score, (may_hold, must_hold, distance) in zip(scores, found, strict=True):
        assert may_hold or distance is None, (core.geo_decode(int(score)), distance)
        assert not must_hold  # for nobody would measure it
    _, unmeasured = core.geo_search(center, scores, **options, measures=False)
    assert [d is None for *_, d in unmeasured] == [d is None for *_, d in found]
    for score, (_, must_hold, distance) in zip(scores, unmeasured, strict=True):
        assert not must_hold or distance is not None, core.geo_decode(int(score))


@pytest.mark.parametrize("is_box", [False, True])
def test_the_first_look_tells_of_most(is_box):
    center = (10.0, 50.0)
    scores = [float(core.geo_encode(p)) for p in around(center, 300_000, random.Random(1))]
    options = {"width": 600_000, "height": 600_000} if is_box else {"radius": 300_000}
    _, found = core.geo_search(center, scores, **options, measures=False)
    inside = [must_hold for _, must_hold, distance in found if distance is not None]
    assert sum(inside) > 0.6 * len(inside) > 30


@given(
    st.tuples(st.floats(-170, 170), st.floats(-60, 60)),
    st.floats(1, 300_000),
    st.booleans(),
    st.integers(0, 9),
)
def test_the_cells_have_all_that_the_area_holds(center, size, is_box, seed):
    scores = [float(core.geo_encode(p)) for p in around(center, size, random.Random(seed))]
    options = {"width": 2 * size, "height": 2 * size} if is_box else {"radius": size}
    cells, found = core.geo_search(center, scores, **options)
    assert 1 <= len(cells) <= 9
    for score, (*_, distance) in zip(scores, found, strict=True):
        if distance is not None:
            assert sum(low <= score < high for low, high in cells) == 1


def test_a_box_is_measured_along_its_sides():
    inside, beside, above = (10.4, 50.0), (10.6, 50.0), (10.0, 50.3)
    scores = [float(core.geo_encode(p)) for p in (inside, beside, above)]
    _, found = core.geo_search((10.0, 50.0), scores, width=70_000, height=60_000)
    assert [distance is not None for *_, distance in found] == [True, False, False]
