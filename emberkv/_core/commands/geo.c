/* Geo: places in sorted sets, whose scores are geohashes (data/geohash.h).
 *
 * A search goes through the cells around the area as ranges of scores. Of what it meets, most is
 * told to be too far by whole numbers; only the rest is decoded, and measured. */
#include "data/geohash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/zsets.h"

/* --- shared --- */

static const struct {
    const char *name;
    double metres;
} units[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};

static bool arg_unit(ek_ctx *c, size_t i, double *metres) {
    for (size_t k = 0; k < EK_COUNTOF(units); k++) {
        if (!ek_arg_is(c, i, units[k].name)) continue;
        *metres = units[k].metres;
        return true;
    }
    ek_reply_error(c->reply, "ERR unsupported unit provided. please use M, KM, FT, MI");
    return false;
}

static bool arg_point(ek_ctx *c, size_t i, ek_geo_point *p) {
    if (!ek_arg_double(c, i, &p->lon) || !ek_arg_double(c, i + 1, &p->lat)) return false;
    if (ek_geo_is_place(*p)) return true;
    ek_reply_error(c->reply, "ERR invalid longitude,latitude pair %f,%f", p->lon, p->lat);
    return false;
}

static ek_geo_point place_of(double score) { return ek_geo_decode(ek_geo_bits(score)); }

#define DISTANCE_CHARS 340 /* the largest double, and four digits behind the point */

/* As "%.4f" prints it, which is asked where the last digit is in doubt. */
static size_t print_distance(char out[DISTANCE_CHARS], double v) {
    double scaled = v * 10000, whole = floor(scaled);
    if (!(v < 1e8) || fabs(scaled - whole - 0.5) < 0.001)
        return (size_t)snprintf(out, DISTANCE_CHARS, "%.4f", v);
    uint64_t n = (uint64_t)(scaled + 0.5);
    size_t len = ek_format_u64(out, n / 10000);
    out[len++] = '.';
    for (uint64_t part = n % 10000, unit = 1000; unit > 0; unit /= 10)
        out[len++] = (char)('0' + part / unit % 10);
    return len;
}

static void reply_distance(ek_ctx *c, double v) {
    char text[DISTANCE_CHARS];
    ek_reply_bulk(c->reply, text, print_distance(text, v));
}

static void reply_point(ek_ctx *c, ek_geo_point p) {
    ek_reply_array(c->reply, 2);
    ek_reply_fixed_double(c->reply, p.lon);
    ek_reply_fixed_double(c->reply, p.lat);
}

/* --- GEOADD --- */

void ek_cmd_geoadd(ek_ctx *c) {
    unsigned flags = 0;
    size_t at = 2;
    for (; at < c->argc && !ek_arg_is_number(c, at); at++) {
        if (ek_arg_is(c, at, "nx")) flags |= EK_ZADD_NX;
        else if (ek_arg_is(c, at, "xx")) flags |= EK_ZADD_XX;
        else if (ek_arg_is(c, at, "ch")) flags |= EK_ZADD_CH;
        else break;
    }
    size_t n = (c->argc - at) / 3;
    if ((c->argc - at) % 3 || n == 0 || (flags & EK_ZADD_NX && flags & EK_ZADD_XX)) {
        ek_reply_syntax_error(c);
        return;
    }
    double one, *scores = n == 1 ? &one : ek_scratch_alloc(c, n * sizeof *scores);
    for (size_t i = 0; i < n; i++) {
        ek_geo_point p;
        if (!arg_point(c, at + 3 * i, &p)) return;
        scores[i] = (double)ek_geo_encode(p);
    }
    ek_zset_add_members(c, flags, scores, c->argv + at + 2, 3, n);
}

/* --- places by name --- */

typedef void reply_place(ek_ctx *c, ek_geo_point p);

static void reply_hash(ek_ctx *c, ek_geo_point p) {
    char text[EK_GEO_HASH_CHARS];
    ek_geo_hash(p, text);
    ek_reply_bulk(c->reply, text, sizeof text);
}

static void reply_places(ek_ctx *c, reply_place *reply, void (*reply_none)(ek_reply *)) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_array(c->reply, c->argc - 2);
    uint64_t hashes[EK_TABLE_FETCHED];
    for (size_t i = 2; i < c->argc; i++) {
        double score;
        if (found == EK_FOUND && ek_zset_score_ahead(c, &v, i, hashes, &score))
            reply(c, place_of(score));
        else
            reply_none(c->reply);
    }
}

void ek_cmd_geopos(ek_ctx *c) { reply_places(c, reply_point, ek_reply_null_array); }
void ek_cmd_geohash(ek_ctx *c) { reply_places(c, reply_hash, ek_reply_null); }

void ek_cmd_geodist(ek_ctx *c) {
    double metres = 1, a, b;
    if (c->argc > 5) {
        ek_reply_syntax_error(c);
        return;
    }
    if (c->argc == 5 && !arg_unit(c, 4, &metres)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT || !ek_zset_score(c->a, &v, c->argv[2], &a) ||
        !ek_zset_score(c->a, &v, c->argv[3], &b))
        ek_reply_null(c->reply);
    else
        reply_distance(c, ek_geo_distance(place_of(a), place_of(b)) / metres);
}

/* --- searches: arguments --- */

typedef enum kind { RADIUS, RADIUS_BY_MEMBER, RADIUS_RO, RADIUS_BY_MEMBER_RO, SEARCH, STORE } kind;
typedef enum order { UNSORTED, NEAREST_FIRST, FURTHEST_FIRST } order;

typedef struct query {
    kind kind;
    bool is_search; /* GEOSEARCH and GEOSEARCHSTORE, which name all they are given */
    ek_value v;     /* entry 0: there is no such key */
    ek_geo_area area;
    double metres; /* of the unit */
    bool has_from, has_member, has_by;
    bool with_dist, with_hash, with_coord;
    bool any;
    int64_t count; /* 0: all */
    order order;
    size_t store_at; /* the argument that is the destination; 0: none */
    bool store_dist;
} query;

static bool refuse(ek_ctx *c, const char *why) {
    ek_reply_error(c->reply, "ERR %s", why);
    return false;
}

static bool syntax_error(ek_ctx *c) {
    ek_reply_syntax_error(c);
    return false;
}

static bool arg_number(ek_ctx *c, size_t i, const char *what, double *out) {
    if (ek_parse_double(c->argv[i].p, c->argv[i].n, out)) return true;
    ek_reply_error(c->reply, "ERR need numeric %s", what);
    return false;
}

static bool arg_radius(ek_ctx *c, size_t i, query *q) {
    double radius;
    if (!arg_number(c, i, "radius", &radius)) return false;
    if (radius < 0) return refuse(c, "radius cannot be negative");
    if (!arg_unit(c, i + 1, &q->metres)) return false;
    q->area.radius = radius * q->metres;
    q->area.is_box = false;
    q->has_by = true;
    return true;
}

static bool arg_box(ek_ctx *c, size_t i, query *q) {
    double width, height;
    if (!arg_number(c, i, "width", &width) || !arg_number(c, i + 1, "height", &height))
        return false;
    if (width < 0 || height < 0) return refuse(c, "height or width cannot be negative");
    if (!arg_unit(c, i + 2, &q->metres)) return false;
    q->area.width = width * q->metres;
    q->area.height = height * q->metres;
    q->area.is_box = true;
    q->has_by = true;
    return true;
}

/* The place of a member as the center. A key that is not there has no places at all. */
static bool arg_member(ek_ctx *c, size_t i, query *q) {
    double score;
    q->has_from = q->has_member = true;
    if (!q->v.entry) return true;
    if (!ek_zset_score(c->a, &q->v, c->argv[i], &score))
        return refuse(c, "could not decode requested zset member");
    q->area.center = place_of(score);
    return true;
}

/* What begins at argument *at with FROM... or BY...; *at becomes its last. False: it is none, or
 * has replied (*failed). */
static bool parse_shape(ek_ctx *c, query *q, size_t *at, bool *failed) {
    size_t i = *at, left = c->argc - i - 1;
    bool has_point = q->has_from && !q->has_member;
    bool ok;
    if (!has_point && left >= 1 && ek_arg_is(c, i, "frommember")) {
        ok = arg_member(c, i + 1, q);
        *at += 1;
    } else if (!q->has_member && left >= 2 && ek_arg_is(c, i, "fromlonlat")) {
        ok = arg_point(c, i + 1, &q->area.center);
        q->has_from = true;
        *at += 2;
    } else if (!(q->has_by && q->area.is_box) && left >= 2 && ek_arg_is(c, i, "byradius")) {
        ok = arg_radius(c, i + 1, q);
        *at += 2;
    } else if (!(q->has_by && !q->area.is_box) && left >= 3 && ek_arg_is(c, i, "bybox")) {
        ok = arg_box(c, i + 1, q);
        *at += 3;
    } else {
        return false;
    }
    *failed = !ok;
    return ok;
}

static bool parse_count(ek_ctx *c, size_t at, query *q) {
    if (!ek_arg_i64(c, at, &q->count)) return false;
    return q->count > 0 || refuse(c, "COUNT must be > 0");
}

static bool parse_options(ek_ctx *c, size_t at, query *q) {
    bool stores = q->kind == RADIUS || q->kind == RADIUS_BY_MEMBER, failed = false;
    for (; at < c->argc; at++) {
        bool has_next = at + 1 < c->argc;
        if (ek_arg_is(c, at, "withdist")) q->with_dist = true;
        else if (ek_arg_is(c, at, "withhash")) q->with_hash = true;
        else if (ek_arg_is(c, at, "withcoord")) q->with_coord = true;
        else if (ek_arg_is(c, at, "any")) q->any = true;
        else if (ek_arg_is(c, at, "asc")) q->order = NEAREST_FIRST;
        else if (ek_arg_is(c, at, "desc")) q->order = FURTHEST_FIRST;
        else if (has_next && ek_arg_is(c, at, "count")) {
            if (!parse_count(c, ++at, q)) return false;
        } else if (stores && has_next && ek_arg_is(c, at, "store")) {
            q->store_at = ++at;
            q->store_dist = false;
        } else if (stores && has_next && ek_arg_is(c, at, "storedist")) {
            q->store_at = ++at;
            q->store_dist = true;
        } else if (q->kind == STORE && ek_arg_is(c, at, "storedist")) {
            q->store_dist = true;
        } else if (!q->is_search || !parse_shape(c, q, &at, &failed)) {
            return failed ? false : syntax_error(c);
        }
    }
    return true;
}

static bool consistent(ek_ctx *c, query *q) {
    if (q->store_at && (q->with_dist || q->with_hash || q->with_coord)) {
        ek_reply_error(c->reply, "ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD "
                                 "options",
                       q->kind == STORE ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
        return false;
    }
    if (q->is_search && (!q->has_from || !q->has_by)) {
        ek_reply_error(c->reply, "ERR exactly one of %s can be specified for %.*s",
                       q->has_from ? "BYRADIUS and BYBOX" : "FROMMEMBER or FROMLONLAT",
                       (int)ek_min(c->argv[0].n, 32), (const char *)c->argv[0].p);
        return false;
    }
    if (q->any && !q->count) return refuse(c, "the ANY argument requires COUNT argument");
    /* A count without ANY is of the nearest. */
    if (q->count && q->order == UNSORTED && !q->any) q->order = NEAREST_FIRST;
    return true;
}

/* False: has replied. */
static bool parse(ek_ctx *c, query *q) {
    size_t at = q->kind == STORE ? 3 : 2;
    q->is_search = q->kind == SEARCH || q->kind == STORE;
    if (q->kind == STORE) q->store_at = 1;
    if (ek_lookup_type(c, c->argv[at - 1], EK_ZSET, &q->v) == EK_WRONG_TYPE) return false;
    if (!q->is_search) {
        bool by_member = q->kind == RADIUS_BY_MEMBER || q->kind == RADIUS_BY_MEMBER_RO;
        if (by_member ? !arg_member(c, at, q) : !arg_point(c, at, &q->area.center)) return false;
        at += by_member ? 1 : 2;
        /* With a member of no key there is nothing to measure. */
        if (!(by_member && !q->v.entry) && !arg_radius(c, at, q)) return false;
        at += 2;
    }
    return parse_options(c, at, q) && consistent(c, q);
}

/* --- searches: what is found --- */

typedef struct hit {
    double distance; /* metres */
    double score;
    ek_zset_place place;
} hit;

typedef struct hits {
    hit *p;
    size_t n, cap;
    size_t limit;   /* stop at so many; SIZE_MAX: never */
    size_t nearest; /* only so many are wanted, of a circle; 0: all */
} hits;

#define ENOUGH 4          /* times those that are wanted are gathered before the others are dropped */
#define NEAREST_MAX 10000 /* wanted, for that to be worth while */

static void add_hit(ek_ctx *c, hits *h, const hit *one) {
    if (EK_UNLIKELY(h->n == h->cap)) {
        size_t cap = h->cap ? h->cap * 2 : 64;
        hit *p = ek_scratch_alloc(c, cap * sizeof *p);
        if (h->n) memcpy(p, h->p, h->n * sizeof *p);
        h->p = p;
        h->cap = cap;
    }
    h->p[h->n++] = *one;
}

static int nearest_first(const void *a, const void *b) {
    const hit *x = a, *y = b;
    return (x->distance > y->distance) - (x->distance < y->distance);
}

static int furthest_first(const void *a, const void *b) { return nearest_first(b, a); }

/* Of the nearest, more than enough were found: the rest is looked for within the last of them. */
static void keep_nearest(ek_geo_search *s, hits *h) {
    qsort(h->p, h->n, sizeof *h->p, nearest_first);
    h->n = h->nearest;
    ek_geo_narrow(s, h->p[h->n - 1].distance);
}

static void look_at(ek_ctx *c, ek_geo_search *s, hits *h, double score, ek_zset_place place) {
    hit one = {.score = score, .place = place};
    if (!ek_geo_finds(s, score, &one.distance)) return;
    if (place.block) __builtin_prefetch(ek_ptr(c->a, place.block));
    add_hit(c, h, &one);
    if (EK_UNLIKELY(h->nearest && h->n == ENOUGH * h->nearest)) keep_nearest(s, h);
}

/* The places of a cell: those of the leaves of the tree from its first on. */
static void search_tree(ek_ctx *c, ek_geo_search *s, const ek_geo_cell *cell, hits *h,
                        ek_btree_place p) {
    while (p.leaf) {
        const ek_btree_leaf *leaf = ek_btree_leaf_of(c->a, p);
        if (leaf->next) ek_btree_fetch_leaf(c->a, leaf->next);
        for (uint32_t i = p.at; i < leaf->n; i++) {
            if (leaf->score[i] >= cell->max || h->n >= h->limit) return;
            look_at(c, s, h, leaf->score[i], (ek_zset_place){.block = leaf->item[i]});
        }
        p = (ek_btree_place){leaf->next, 0};
    }
}

static void search(ek_ctx *c, const query *q, hits *h) {
    ek_geo_search s;
    ek_geo_plan(&s, &q->area, q->order != UNSORTED || q->with_dist || q->store_dist);
    for (unsigned i = 0; i < s.ncells && h->n < h->limit; i++) {
        const ek_geo_cell *cell = &s.cells[i];
        uint32_t rank = ek_zset_before_score(c->a, &q->v, cell->min, false);
        ek_zset_place p = ek_zset_at(c->a, &q->v, rank);
        if (p.block) {
            search_tree(c, &s, cell, h, p.at);
            continue;
        }
        for (; ek_zset_is(p) && h->n < h->limit; p = ek_zset_next(c->a, &q->v, p)) {
            double score = ek_zset_score_of(c->a, p);
            if (score >= cell->max) break;
            look_at(c, &s, h, score, p);
        }
    }
}

static void reply_hits(ek_ctx *c, const query *q, const hit *h, size_t n) {
    size_t parts = 1 + (size_t)q->with_dist + (size_t)q->with_hash + (size_t)q->with_coord;
    ek_reply_array(c->reply, n);
    for (size_t i = 0; i < n; i++, h++) {
        char room[EK_I64_CHARS];
        if (parts > 1) ek_reply_array(c->reply, parts);
        ek_reply_str(c->reply, ek_zset_member_of(c->a, h->place, room));
        if (q->with_dist) reply_distance(c, h->distance / q->metres);
        if (q->with_hash) ek_reply_int(c->reply, (int64_t)ek_geo_bits(h->score));
        if (q->with_coord) reply_point(c, place_of(h->score));
    }
}

static void store_hits(ek_ctx *c, const query *q, const hit *h, size_t n) {
    ek_zset_entry *e = ek_scratch_alloc(c, n * sizeof *e);
    char *digits = n && h->place.pair ? ek_scratch_alloc(c, n * EK_I64_CHARS) : NULL;
    for (size_t i = 0; i < n; i++, h++) {
        e[i].member = ek_zset_member_of(c->a, h->place, digits ? digits + i * EK_I64_CHARS : NULL);
        e[i].score = q->store_dist ? h->distance / q->metres : h->score;
    }
    if (n > 1) qsort(e, n, sizeof *e, ek_zset_compare);
    ek_zset_store_result(c, c->argv[q->store_at], e, n,
                         q->kind == STORE ? "geosearchstore" : "georadiusstore");
    ek_changed_elements(c, (int64_t)n);
}

static void run(ek_ctx *c, kind kind) {
    query q = {.kind = kind, .metres = 1};
    if (!parse(c, &q)) return;
    hits h = {.limit = q.any ? (size_t)q.count : SIZE_MAX};
    if (q.order == NEAREST_FIRST && !q.any && !q.area.is_box && q.count <= NEAREST_MAX)
        h.nearest = (size_t)q.count;
    if (q.v.entry) search(c, &q, &h);
    if (q.order != UNSORTED && h.n > 1)
        qsort(h.p, h.n, sizeof *h.p, q.order == NEAREST_FIRST ? nearest_first : furthest_first);
    size_t n = q.count ? ek_min(h.n, (size_t)q.count) : h.n;
    if (q.store_at) store_hits(c, &q, h.p, n);
    else reply_hits(c, &q, h.p, n);
}

void ek_cmd_georadius(ek_ctx *c) { run(c, RADIUS); }
void ek_cmd_georadius_ro(ek_ctx *c) { run(c, RADIUS_RO); }
void ek_cmd_georadiusbymember(ek_ctx *c) { run(c, RADIUS_BY_MEMBER); }
void ek_cmd_georadiusbymember_ro(ek_ctx *c) { run(c, RADIUS_BY_MEMBER_RO); }
void ek_cmd_geosearch(ek_ctx *c) { run(c, SEARCH); }
void ek_cmd_geosearchstore(ek_ctx *c) { run(c, STORE); }
