#include "data/geohash.h"

#include <math.h>

#define EARTH_RADIUS 6372797.560856 /* metres */
#define MERCATOR_MAX 20037726.37    /* metres: half of the map's width */
#define UNITS (1u << EK_GEO_STEPS)

static double radians(double degrees) { return degrees * (M_PI / 180.0); }
static double degrees(double radians) { return radians / (M_PI / 180.0); }

/* --- bits --- */

/* Every second bit apart: bit i of v goes to 2i. */
static uint64_t spread(uint32_t v) {
    uint64_t x = v;
    x = (x | x << 16) & UINT64_C(0x0000FFFF0000FFFF);
    x = (x | x << 8) & UINT64_C(0x00FF00FF00FF00FF);
    x = (x | x << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    x = (x | x << 2) & UINT64_C(0x3333333333333333);
    return (x | x << 1) & UINT64_C(0x5555555555555555);
}

EK_INLINE uint32_t gather(uint64_t x) {
    x &= UINT64_C(0x5555555555555555);
    x = (x | x >> 1) & UINT64_C(0x3333333333333333);
    x = (x | x >> 2) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    x = (x | x >> 4) & UINT64_C(0x00FF00FF00FF00FF);
    x = (x | x >> 8) & UINT64_C(0x0000FFFF0000FFFF);
    return (uint32_t)(x | x >> 16);
}

EK_INLINE uint32_t lat_of(uint64_t bits) { return gather(bits); }
EK_INLINE uint32_t lon_of(uint64_t bits) { return gather(bits >> 1); }

typedef struct range {
    double min, max;
} range;

static const range lon_range = {-EK_GEO_LON_MAX, EK_GEO_LON_MAX};
static const range lat_range = {-EK_GEO_LAT_MAX, EK_GEO_LAT_MAX};
static const range lat_public = {-90, 90};

static uint32_t scaled(double v, range r, unsigned step) {
    double offset = (v - r.min) / (r.max - r.min);
    return (uint32_t)(offset * (double)(UINT64_C(1) << step));
}

static uint64_t encode(ek_geo_point p, range lat, unsigned step) {
    return spread(scaled(p.lat, lat, step)) | spread(scaled(p.lon, lon_range, step)) << 1;
}

uint64_t ek_geo_encode(ek_geo_point p) { return encode(p, lat_range, EK_GEO_STEPS); }

uint64_t ek_geo_bits(double score) {
    if (score >= 0x1p64) return 0;
    if (score >= 0) return (uint64_t)score;
    return score >= -0x1p63 ? (uint64_t)(int64_t)score : UINT64_C(1) << 63;
}

/* From where to where the i-th of 2^step parts of a range goes. */
static range part(uint32_t i, range r, unsigned step) {
    double parts = (double)(UINT64_C(1) << step), scale = r.max - r.min;
    return (range){r.min + i / parts * scale, r.min + (i + 1.0) / parts * scale};
}

static double middle(range part, range whole) {
    double v = (part.min + part.max) / 2;
    return v > whole.max ? whole.max : v < whole.min ? whole.min : v;
}

ek_geo_point ek_geo_decode(uint64_t bits) {
    return (ek_geo_point){middle(part(lon_of(bits), lon_range, EK_GEO_STEPS), lon_range),
                          middle(part(lat_of(bits), lat_range, EK_GEO_STEPS), lat_range)};
}

void ek_geo_hash(ek_geo_point p, char out[EK_GEO_HASH_CHARS]) {
    static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t bits = encode(p, lat_public, EK_GEO_STEPS);
    for (unsigned i = 0; i < EK_GEO_HASH_CHARS; i++) /* two bits are left over, and not told */
        out[i] = letters[i < 10 ? bits >> (52 - (i + 1) * 5) & 31 : 0];
}

/* --- distances --- */

static double along_meridian(double lat1, double lat2) {
    return EARTH_RADIUS * fabs(radians(lat2) - radians(lat1));
}

/* From the squares of the sines of half the differences; exactly as the servers do it, which is why
 * a place on the same meridian is apart. */
static double along_surface(double haversine) { return 2 * EARTH_RADIUS * asin(sqrt(haversine)); }

double ek_geo_distance(ek_geo_point a, ek_geo_point b) {
    double v = sin((radians(b.lon) - radians(a.lon)) / 2);
    if (v == 0) return along_meridian(a.lat, b.lat);
    double lat1 = radians(a.lat), lat2 = radians(b.lat);
    double u = sin((lat2 - lat1) / 2);
    return along_surface(u * u + cos(lat1) * cos(lat2) * v * v);
}

static bool circle_holds(const ek_geo_search *s, ek_geo_point p, double *distance) {
    double lat = radians(p.lat);
    double v = sin((radians(p.lon) - s->rad_lon) / 2), u = sin((lat - s->rad_lat) / 2);
    double haversine = u * u + s->cos_lat * cos(lat) * v * v;
    if (haversine > s->outside) return false;
    if (haversine < s->inside && !s->measures) return true;
    *distance = v == 0 ? along_meridian(s->area.center.lat, p.lat) : along_surface(haversine);
    return !(*distance > s->area.radius);
}

static bool box_holds(const ek_geo_search *s, ek_geo_point p, double *distance) {
    const ek_geo_area *area = &s->area;
    if (along_meridian(area->center.lat, p.lat) > area->height / 2) return false;
    double v = sin((s->rad_lon - radians(p.lon)) / 2), cos_lat = cos(radians(p.lat));
    if (v != 0 && along_surface(cos_lat * cos_lat * v * v) > area->width / 2) return false;
    if (s->measures) *distance = ek_geo_distance(area->center, p);
    return true;
}

bool ek_geo_holds(const ek_geo_search *s, ek_geo_point p, double *distance) {
    return s->area.is_box ? box_holds(s, p, distance) : circle_holds(s, p, distance);
}

/* --- cells --- */

typedef struct box {
    range lon, lat;
} box;

/* The box around the area, in degrees; beyond the poles and the date line too. */
static box bounds_of(const ek_geo_area *area) {
    ek_geo_point c = area->center;
    double height = area->is_box ? area->height / 2 : area->radius;
    double width = area->is_box ? area->width / 2 : area->radius;
    double lat_delta = degrees(height / EARTH_RADIUS);
    /* A degree is shortest at the edge that is further from the equator. */
    double edge = c.lat < 0 ? c.lat - lat_delta : c.lat + lat_delta;
    double lon_delta = degrees(width / EARTH_RADIUS / cos(radians(edge)));
    return (box){{c.lon - lon_delta, c.lon + lon_delta}, {c.lat - lat_delta, c.lat + lat_delta}};
}

static unsigned step_for(double radius, double lat) {
    if (radius == 0) return EK_GEO_STEPS;
    int step = 1;
    for (; radius < MERCATOR_MAX; radius *= 2) step++;
    step -= 2; /* so that the area is in the nine cells wherever it lies in the middle one */
    if (lat > 66 || lat < -66) step--;
    if (lat > 80 || lat < -80) step--;
    return step < 1 ? 1 : step > (int)EK_GEO_STEPS ? EK_GEO_STEPS : (unsigned)step;
}

/* Where in the grid of 2^step by 2^step cells a point is. */
typedef struct grid {
    unsigned step;
    uint32_t lon, lat;
} grid;

static grid grid_of(ek_geo_point p, unsigned step) {
    return (grid){step, scaled(p.lon, lon_range, step), scaled(p.lat, lat_range, step)};
}

/* The cell that many to the east and the north; the grid is closed in both directions. */
static box cell_box(grid g, int east, int north) {
    uint32_t mask = (uint32_t)((UINT64_C(1) << g.step) - 1);
    if (!east && !north)
        return (box){part(g.lon, lon_range, g.step), part(g.lat, lat_range, g.step)};
    return (box){part((g.lon + (uint32_t)east) & mask, lon_range, g.step),
                 part((g.lat + (uint32_t)north) & mask, lat_range, g.step)};
}

static ek_geo_cell cell_scores(grid g, int east, int north) {
    uint32_t mask = (uint32_t)((UINT64_C(1) << g.step) - 1);
    /* At the very rim the middle cell is one beyond the grid. */
    uint32_t lat = north ? (g.lat + (uint32_t)north) & mask : g.lat;
    uint32_t lon = east ? (g.lon + (uint32_t)east) & mask : g.lon;
    uint64_t bits = spread(lat) | spread(lon) << 1;
    unsigned shift = 52 - 2 * g.step;
    return (ek_geo_cell){(double)(bits << shift), (double)((bits + 1) << shift)};
}

/* Does the area reach beyond the neighbours? Across the date line and the poles it always does. */
static bool reaches_beyond(grid g, box bounds) {
    return cell_box(g, 0, 1).lat.max < bounds.lat.max ||
           cell_box(g, 0, -1).lat.min > bounds.lat.min ||
           cell_box(g, 1, 0).lon.max < bounds.lon.max ||
           cell_box(g, -1, 0).lon.min > bounds.lon.min;
}

static void plan_cells(ek_geo_search *s, box bounds) {
    static const struct {
        int east, north;
    } order[EK_GEO_CELLS] = {{0, 0}, {0, 1},  {0, -1}, {1, 0}, {-1, 0},
                             {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
    ek_geo_point c = s->area.center;
    grid g = grid_of(c, step_for(s->area.radius, c.lat));
    if (g.step > 1 && reaches_beyond(g, bounds)) g = grid_of(c, g.step - 1);
    box own = cell_box(g, 0, 0);
    bool no_south = own.lat.min < bounds.lat.min, no_north = own.lat.max > bounds.lat.max;
    bool no_west = own.lon.min < bounds.lon.min, no_east = own.lon.max > bounds.lon.max;
    s->ncells = 0;
    for (unsigned i = 0; i < EK_GEO_CELLS; i++) {
        int east = order[i].east, north = order[i].north;
        if (g.step >= 2 && ((north < 0 && no_south) || (north > 0 && no_north) ||
                            (east < 0 && no_west) || (east > 0 && no_east)))
            continue;
        ek_geo_cell cell = cell_scores(g, east, north);
        /* With few large cells, those to either side may be one and the same. */
        if (s->ncells && s->cells[s->ncells - 1].min == cell.min) continue;
        s->cells[s->ncells++] = cell;
    }
}

/* --- the first look --- */

#define MARGIN 4.0 /* units beyond the box that are looked at: far more than doubles err */

static void plan_box(ek_geo_search *s) {
    const ek_geo_area *area = &s->area;
    s->first_lat = s->first_lon = 0;
    s->span_lat = s->span_lon = UINT32_MAX;
    if (!(area->radius <= MERCATOR_MAX)) return; /* all the world, or more */
    double height = (area->is_box ? area->height / 2 : area->radius) / EARTH_RADIUS; /* radians */
    double lat = s->rad_lat, low = lat - height, high = lat + height;
    double unit = (lat_range.max - lat_range.min) / UNITS;
    double first = floor((degrees(low) - lat_range.min) / unit) - MARGIN;
    double last = ceil((degrees(high) - lat_range.min) / unit) + MARGIN;
    first = first < 0 ? 0 : first;
    last = last > UINT32_MAX ? UINT32_MAX : last;
    s->first_lat = (uint32_t)first;
    s->span_lat = (uint32_t)(last - first);
    /* How far east and west: all round, if a pole is near. */
    double widest = fmax(fabs(low), fabs(high));
    if (widest >= M_PI / 2) return;
    double reach = area->is_box ? sin(area->width / 4 / EARTH_RADIUS) / cos(widest)
                                : sin(area->radius / EARTH_RADIUS) / cos(lat);
    if (reach >= 1 || area->radius / EARTH_RADIUS >= M_PI / 2) return;
    double delta = degrees(area->is_box ? 2 * asin(reach) : asin(reach));
    double lon_unit = 360.0 / UNITS, span = ceil(2 * delta / lon_unit) + 2 * MARGIN + 2;
    if (span >= UNITS) return;
    first = floor((area->center.lon - delta + 180) / lon_unit) - MARGIN;
    s->first_lon = (uint32_t)(int64_t)first & (UNITS - 1);
    s->span_lon = (uint32_t)span;
}

/* A box of half its sides in radians around the center, in units, as first and span; smaller by a margin,
 * and none where it is small, or touches the map's edge. */
static void set_inner(ek_geo_search *s, double dlat, double dlon) {
    double lat_unit = (lat_range.max - lat_range.min) / UNITS, lon_unit = 360.0 / UNITS;
    double lat = (s->area.center.lat - lat_range.min) / lat_unit, up = degrees(dlat) / lat_unit;
    double lon = (s->area.center.lon + 180) / lon_unit, side = degrees(dlon) / lon_unit;
    up -= MARGIN;
    side -= MARGIN;
    if (!(up > MARGIN && side > MARGIN && lat - up > 0 && lat + up < UNITS && side < UNITS / 4.0))
        return;
    s->inner_lat = (uint32_t)(lat - up);
    s->inner_span_lat = (uint32_t)(2 * up);
    s->inner_lon = (uint32_t)(int64_t)floor(lon - side) & (UNITS - 1);
    s->inner_span_lon = (uint32_t)(2 * side);
}

#define CERTAIN (1 - 1e-9) /* of what the box inside would be, did doubles not err */

static void plan_inner(ek_geo_search *s) {
    const ek_geo_area *area = &s->area;
    s->inner_span_lat = s->inner_span_lon = 0;
    double reach = area->radius / EARTH_RADIUS;
    if (s->measures || !(reach < 1)) return;
    /* Of a circle, the sides of a square. East and west it is least far where a degree is longest. */
    double dlat = (area->is_box ? area->height / 2 / EARTH_RADIUS : reach * M_SQRT1_2) * CERTAIN;
    double nearest = fmax(0, fabs(s->rad_lat) - dlat), widest = cos(nearest), v;
    if (area->is_box) {
        v = sin(area->width / 4 / EARTH_RADIUS) / widest;
    } else {
        double whole = sin(reach / 2), up = sin(dlat / 2);
        v = sqrt((whole * whole - up * up) / (s->cos_lat * widest));
    }
    if (v < 1) set_inner(s, dlat, 2 * asin(v) * CERTAIN);
}

ek_geo_side ek_geo_look(const ek_geo_search *s, uint64_t bits) {
    uint32_t lat = lat_of(bits), lon = lon_of(bits);
    if ((lat | lon) >= UNITS) return EK_GEO_UNSURE; /* no score of a place; read as one at the rim */
    if (lat - s->first_lat > s->span_lat || ((lon - s->first_lon) & (UNITS - 1)) > s->span_lon)
        return EK_GEO_OUTSIDE;
    bool inside = lat - s->inner_lat < s->inner_span_lat &&
                  ((lon - s->inner_lon) & (UNITS - 1)) < s->inner_span_lon;
    return inside ? EK_GEO_INSIDE : EK_GEO_UNSURE;
}

bool ek_geo_finds(const ek_geo_search *s, double score, double *distance) {
    uint64_t bits = ek_geo_bits(score);
    ek_geo_side side = ek_geo_look(s, bits);
    if (side != EK_GEO_UNSURE) return side == EK_GEO_INSIDE;
    return ek_geo_holds(s, ek_geo_decode(bits), distance);
}

#define DOUBT 1e-12 /* relative; where a haversine does not tell on which side of the rim it is */

static void plan_rim(ek_geo_search *s) {
    double half = sin(fmin(s->area.radius / EARTH_RADIUS / 2, M_PI / 2)), rim = half * half;
    s->inside = rim * (1 - DOUBT);
    s->outside = rim * (1 + DOUBT);
    plan_box(s);
    plan_inner(s);
}

void ek_geo_narrow(ek_geo_search *s, double radius) {
    s->area.radius = radius;
    plan_rim(s);
}

void ek_geo_plan(ek_geo_search *s, const ek_geo_area *area, bool measures) {
    s->area = *area;
    s->measures = measures;
    if (area->is_box) s->area.radius = sqrt(area->width / 2 * (area->width / 2) +
                                            area->height / 2 * (area->height / 2));
    s->rad_lat = radians(area->center.lat);
    s->rad_lon = radians(area->center.lon);
    s->cos_lat = cos(s->rad_lat);
    plan_cells(s, bounds_of(area));
    plan_rim(s);
}
