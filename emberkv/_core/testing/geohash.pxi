cdef extern from "data/geohash.h" nogil:
    enum: EK_GEO_HASH_CHARS
    enum: EK_GEO_CELLS
    ctypedef struct ek_geo_point:
        double lon
        double lat
    ctypedef struct ek_geo_area:
        ek_geo_point center
        bint is_box
        double radius
        double width
        double height
    ctypedef struct ek_geo_cell:
        double min
        double max
    ctypedef struct ek_geo_search:
        unsigned ncells
        ek_geo_cell *cells
    uint64_t ek_geo_encode(ek_geo_point p)
    ek_geo_point ek_geo_decode(uint64_t bits)
    uint64_t ek_geo_bits(double score)
    void ek_geo_hash(ek_geo_point p, char *out)
    double ek_geo_distance(ek_geo_point a, ek_geo_point b)
    void ek_geo_plan(ek_geo_search *s, const ek_geo_area *area, bint measures)
    ctypedef enum ek_geo_side:
        EK_GEO_OUTSIDE
        EK_GEO_INSIDE
    ek_geo_side ek_geo_look(const ek_geo_search *s, uint64_t bits)
    bint ek_geo_holds(const ek_geo_search *s, ek_geo_point p, double *distance)


cdef ek_geo_point geo_point(tuple place):
    cdef ek_geo_point p
    p.lon, p.lat = place
    return p


def geo_encode(tuple place):
    return ek_geo_encode(geo_point(place))


def geo_decode(uint64_t bits):
    cdef ek_geo_point p = ek_geo_decode(bits)
    return p.lon, p.lat


def geo_bits(double score):
    return ek_geo_bits(score)


def geo_hash(tuple place):
    cdef char out[EK_GEO_HASH_CHARS]
    ek_geo_hash(geo_point(place), out)
    return out[:EK_GEO_HASH_CHARS].decode()


def geo_distance(tuple a, tuple b):
    return ek_geo_distance(geo_point(a), geo_point(b))


def geo_search(tuple center, list scores, double radius=0, double width=-1, double height=0,
               bint measures=True):
    """(cells, [(may hold, must hold, distance or None) of each score])."""
    cdef ek_geo_search s
    cdef ek_geo_area area
    cdef double distance = 0
    cdef uint64_t bits
    area.center = geo_point(center)
    area.is_box = width >= 0
    area.radius, area.width, area.height = radius, width, height
    ek_geo_plan(&s, &area, measures)
    found = []
    for score in scores:
        bits = ek_geo_bits(score)
        holds = ek_geo_holds(&s, ek_geo_decode(bits), &distance)
        side = ek_geo_look(&s, bits)
        found.append((side != EK_GEO_OUTSIDE, side == EK_GEO_INSIDE, distance if holds else None))
    return [(s.cells[i].min, s.cells[i].max) for i in range(s.ncells)], found
