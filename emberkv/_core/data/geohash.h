/* Geohash: a place as 52 bits, whose order keeps near places near; cells, distances, and areas.
 *
 *   score   | lon | lat | lon | lat | ... 26 of each, the highest first |       the 52 lowest bits
 *
 * A coordinate is scaled to 26 bits over its range: longitudes -180..180, latitudes to where the
 * Mercator projection ends. A cell of `step` bits of each is a range of scores; so the places of a
 * cell lie one behind the other in a sorted set. An area is searched by its cell and the eight
 * around it, of a size that the area does not reach beyond.
 *
 * All is plain arithmetic on doubles in the order of the servers', so that positions, distances and
 * the order of what is found are theirs to the last digit.
 */
#ifndef EK_DATA_GEOHASH_H
#define EK_DATA_GEOHASH_H

#include "base/base.h"

#define EK_GEO_STEPS 26u
#define EK_GEO_LON_MAX 180.0
#define EK_GEO_LAT_MAX 85.05112878
#define EK_GEO_HASH_CHARS 11u
#define EK_GEO_CELLS 9u

typedef struct ek_geo_point {
    double lon, lat; /* degrees */
} ek_geo_point;

EK_INLINE bool ek_geo_is_place(ek_geo_point p) {
    return p.lon >= -EK_GEO_LON_MAX && p.lon <= EK_GEO_LON_MAX && p.lat >= -EK_GEO_LAT_MAX &&
           p.lat <= EK_GEO_LAT_MAX;
}

uint64_t ek_geo_encode(ek_geo_point p); /* a place */
ek_geo_point ek_geo_decode(uint64_t bits); /* the middle of its cell */
uint64_t ek_geo_bits(double score); /* of any score, as it stands in a sorted set */
void ek_geo_hash(ek_geo_point p, char out[EK_GEO_HASH_CHARS]); /* the public geohash */

double ek_geo_distance(ek_geo_point a, ek_geo_point b); /* metres, along the surface */

/* --- areas --- */

typedef struct ek_geo_area {
    ek_geo_point center;
    bool is_box;
    double radius;        /* metres */
    double width, height; /* of a box; metres */
} ek_geo_area;

/* A range of scores: min <= score < max. */
typedef struct ek_geo_cell {
    double min, max;
} ek_geo_cell;

/* What a search works out once. */
typedef struct ek_geo_search {
    ek_geo_area area;
    unsigned ncells;
    ek_geo_cell cells[EK_GEO_CELLS]; /* in the order of the servers */
    /* A box around the area in units of a full hash, as first and span, for a first look. */
    uint32_t first_lat, span_lat, first_lon, span_lon;
    /* And one inside it: what lies there is in the area, whatever doubles err. Spans of 0: none. */
    uint32_t inner_lat, inner_span_lat, inner_lon, inner_span_lon;
    double cos_lat, rad_lat, rad_lon; /* of the center, in radians */
    double inside, outside; /* haversines that certainly are; between them the distance tells */
    bool measures;
} ek_geo_search;

/* Without `measures` nobody asks for distances, and most need not be worked out. */
void ek_geo_plan(ek_geo_search *s, const ek_geo_area *area, bool measures);

/* Is it in the area? By whole numbers, and where they do not tell by the distance; of most places the
 * first do. */
typedef enum ek_geo_side { EK_GEO_OUTSIDE, EK_GEO_INSIDE, EK_GEO_UNSURE } ek_geo_side;
ek_geo_side ek_geo_look(const ek_geo_search *s, uint64_t bits);
bool ek_geo_holds(const ek_geo_search *s, ek_geo_point p, double *distance);
/* Both, for a score. Then *distance is that to the center, if the search measures. */
bool ek_geo_finds(const ek_geo_search *s, double score, double *distance);
/* Go on with a circle of less radius around the same center. */
void ek_geo_narrow(ek_geo_search *s, double radius);

#endif
