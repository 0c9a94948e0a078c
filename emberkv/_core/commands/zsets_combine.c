/* Unions, intersections and differences of sorted sets and sets.
 *
 * The sources are taken from the smallest to the largest, and scores are combined in that order, as
 * the servers do: so sums come out the same to the last digit. An intersection walks the smallest and
 * asks the others; a difference walks the first and asks the others; a union puts all members into
 * one array, sorts it by their bytes and merges neighbours. */
#include <math.h>
#include <stdlib.h>

#include "commands/zsets.h"
#include "store/value_set.h"

typedef enum operation { UNION, INTER, DIFF } operation;
typedef enum aggregate { SUM, MIN, MAX, COUNT } aggregate; /* COUNT: of the weights */

typedef struct source {
    ek_value v; /* entry 0: there is no such key */
    size_t count;
    double weight;
} source;

typedef struct query {
    operation op;
    aggregate aggregate;
    source *sources;
    size_t nsources;
    bool with_scores;
    int64_t limit; /* 0: none */
} query;

/* --- arguments --- */

static bool find_sources(ek_ctx *c, size_t at, size_t n, query *q) {
    q->nsources = n;
    q->sources = ek_scratch_alloc(c, n * sizeof *q->sources);
    for (size_t i = 0; i < n; i++) {
        source *s = &q->sources[i];
        s->weight = 1;
        s->count = 0;
        if (!ek_lookup(c, c->argv[at + i], &s->v)) continue;
        if (s->v.type == EK_ZSET) {
            s->count = ek_zset_count(c->a, &s->v);
        } else if (s->v.type == EK_SET_TYPE) {
            s->count = ek_set_len(c->a, &s->v);
        } else {
            ek_reply_wrong_type(c);
            return false;
        }
    }
    return true;
}

static bool parse_weights(ek_ctx *c, size_t at, query *q) {
    for (size_t i = 0; i < q->nsources; i++) {
        ek_str s = c->argv[at + i];
        if (!ek_parse_double(s.p, s.n, &q->sources[i].weight)) {
            ek_reply_error(c->reply, "ERR weight value is not a float");
            return false;
        }
    }
    return true;
}

static bool parse_aggregate(ek_ctx *c, size_t at, aggregate *out) {
    if (ek_arg_is(c, at, "sum")) *out = SUM;
    else if (ek_arg_is(c, at, "min")) *out = MIN;
    else if (ek_arg_is(c, at, "max")) *out = MAX;
    else if (ek_arg_is(c, at, "count")) *out = COUNT;
    else return false;
    return true;
}

typedef enum shape { RETURNS, STORES, COUNTS } shape;

static bool parse_options(ek_ctx *c, size_t at, shape shape, query *q) {
    bool combines = q->op != DIFF && shape != COUNTS;
    for (; at < c->argc; at++) {
        size_t left = c->argc - at;
        if (combines && left > q->nsources && ek_arg_is(c, at, "weights")) {
            if (!parse_weights(c, at + 1, q)) return false;
            at += q->nsources;
        } else if (combines && left > 1 && ek_arg_is(c, at, "aggregate")) {
            if (!parse_aggregate(c, ++at, &q->aggregate)) break;
        } else if (shape == RETURNS && ek_arg_is(c, at, "withscores")) {
            q->with_scores = true;
        } else if (shape == COUNTS && left > 1 && ek_arg_is(c, at, "limit")) {
            if (!ek_arg_range(c, ++at, 0, INT64_MAX, &q->limit, "LIMIT can't be negative"))
                return false;
        } else {
            break;
        }
    }
    if (at >= c->argc) return true;
    ek_reply_syntax_error(c);
    return false;
}

static bool parse(ek_ctx *c, size_t at, shape shape, query *q) {
    int64_t n;
    if (!ek_arg_i64(c, at, &n)) return false;
    if (n < 1) {
        ek_reply_error(c->reply, "ERR at least 1 input key is needed for '%s' command",
                       c->cmd->name);
        return false;
    }
    if ((uint64_t)n > c->argc - at - 1) {
        ek_reply_syntax_error(c);
        return false;
    }
    return find_sources(c, at + 1, (size_t)n, q) &&
           parse_options(c, at + 1 + (size_t)n, shape, q);
}

/* --- sources --- */

/* The first `from` sources stay where they are, the rest is put in order of size. */
static void sort_sources(query *q, size_t from) {
    for (size_t i = from + 1; i < q->nsources; i++) {
        source s = q->sources[i];
        size_t j = i;
        for (; j > from && q->sources[j - 1].count > s.count; j--) q->sources[j] = q->sources[j - 1];
        q->sources[j] = s;
    }
}

static bool score_in(ek_ctx *c, const source *s, ek_str member, double *score) {
    if (!s->v.entry) return false;
    if (s->v.type == EK_ZSET) return ek_zset_score(c->a, &s->v, member, score);
    *score = 1;
    return ek_set_has(c->a, &s->v, member);
}

static double product(aggregate how, double score, const source *s) {
    return how == COUNT ? s->weight : score * s->weight;
}

static double weighted(aggregate how, double score, const source *s) {
    double v = product(how, score, s);
    return isnan(v) ? 0 : v;
}

/* In an intersection only the first score's 0 * inf is 0; what follows it decides what is made of it. */
static double combined(aggregate how, double a, double b) {
    switch (how) {
    case MIN: return b < a ? b : a;
    case MAX: return b > a ? b : a;
    default: return isnan(a + b) ? 0 : a + b;
    }
}

/* --- members --- */

typedef struct collecting {
    ek_zset_entry *e;
    size_t n;
    char *digits; /* room for the members of an intset, whose text lies nowhere */
} collecting;

static bool collect_set_member(void *arg, ek_str member, const char *room) {
    collecting *k = arg;
    if (member.p == (const uint8_t *)room) {
        memcpy(k->digits, room, member.n);
        member.p = (const uint8_t *)k->digits;
        k->digits += member.n;
    }
    k->e[k->n++] = (ek_zset_entry){member, 1};
    return true;
}

/* All members of a source, with their own scores, in scratch memory. */
static ek_zset_entry *members_of(ek_ctx *c, const source *s) {
    if (s->count == 0) return NULL;
    if (s->v.type == EK_ZSET) return ek_zset_entries(c, &s->v, 0, (uint32_t)s->count);
    collecting k = {.e = ek_scratch_alloc(c, s->count * sizeof(ek_zset_entry))};
    if (s->v.enc == EK_ENC_INTSET) k.digits = ek_scratch_alloc(c, s->count * EK_I64_CHARS);
    ek_set_each(c->a, &s->v, collect_set_member, &k);
    return k.e;
}

/* A member in the array of a union; the first bytes of it decide most comparisons. */
typedef struct candidate {
    uint64_t start; /* big-endian */
    ek_zset_entry e;
    size_t order; /* in which the sources gave it */
} candidate;

static uint64_t start_of(ek_str s) {
    uint8_t b[8] = {0};
    memcpy(b, s.p, ek_min(s.n, 8));
    return __builtin_bswap64(ek_load64(b));
}

static int compare_candidates(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    int d = memcmp(x->e.member.p, y->e.member.p, ek_min(x->e.member.n, y->e.member.n));
    if (d) return d;
    if (x->e.member.n != y->e.member.n) return x->e.member.n < y->e.member.n ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* --- the operations: each leaves the result in scratch memory, not in order yet --- */

static ek_zset_entry *unite(ek_ctx *c, query *q, size_t *n) {
    size_t total = 0, filled = 0, merged = 0;
    for (size_t i = 0; i < q->nsources; i++) total += q->sources[i].count;
    sort_sources(q, 0);
    candidate *all = ek_scratch_alloc(c, total * sizeof *all);
    for (size_t i = 0; i < q->nsources; i++) {
        const source *s = &q->sources[i];
        const ek_zset_entry *e = members_of(c, s);
        for (size_t j = 0; j < s->count; j++, filled++)
            all[filled] = (candidate){
                .start = start_of(e[j].member),
                .e = {e[j].member, weighted(q->aggregate, e[j].score, s)},
                .order = filled,
            };
    }
    qsort(all, total, sizeof *all, compare_candidates);
    ek_zset_entry *out = ek_scratch_alloc(c, total * sizeof *out);
    for (size_t i = 0; i < total; i++) {
        if (merged && ek_str_eq(out[merged - 1].member, all[i].e.member))
            out[merged - 1].score = combined(q->aggregate, out[merged - 1].score, all[i].e.score);
        else
            out[merged++] = all[i].e;
    }
    *n = merged;
    return out;
}

static ek_zset_entry *intersect(ek_ctx *c, query *q, size_t *n) {
    sort_sources(q, 0);
    const source *first = &q->sources[0];
    ek_zset_entry *e = members_of(c, first);
    for (size_t i = 0; i < first->count; i++) {
        double sum = weighted(q->aggregate, e[i].score, first), score;
        size_t j = 1;
        for (; j < q->nsources && score_in(c, &q->sources[j], e[i].member, &score); j++)
            sum = combined(q->aggregate, sum, product(q->aggregate, score, &q->sources[j]));
        if (j < q->nsources) continue;
        e[*n].member = e[i].member;
        e[(*n)++].score = sum;
        if (q->limit && (int64_t)*n >= q->limit) break;
    }
    return e;
}

static ek_zset_entry *subtract(ek_ctx *c, query *q, size_t *n) {
    const source *first = &q->sources[0];
    ek_zset_entry *e = members_of(c, first);
    for (size_t i = 0; i < first->count; i++) {
        double ignored;
        size_t j = 1;
        while (j < q->nsources && !score_in(c, &q->sources[j], e[i].member, &ignored)) j++;
        if (j == q->nsources) e[(*n)++] = e[i];
    }
    return e;
}

static ek_zset_entry *run(ek_ctx *c, query *q, size_t *n) {
    *n = 0;
    switch (q->op) {
    case UNION: return unite(c, q, n);
    case INTER: return intersect(c, q, n);
    default: return subtract(c, q, n);
    }
}

/* --- commands --- */

static void reply_entries(ek_ctx *c, const ek_zset_entry *e, size_t n, bool with_scores) {
    ek_reply_array(c->reply, with_scores && c->resp < 3 ? 2 * n : n);
    for (size_t i = 0; i < n; i++) {
        if (with_scores && c->resp >= 3) ek_reply_array(c->reply, 2);
        ek_reply_str(c->reply, e[i].member);
        if (with_scores) ek_reply_double(c->reply, e[i].score);
    }
}

static void combine(ek_ctx *c, operation op) {
    query q = {.op = op};
    if (!parse(c, 1, RETURNS, &q)) return;
    size_t n;
    ek_zset_entry *e = run(c, &q, &n);
    if (n > 1) qsort(e, n, sizeof *e, ek_zset_compare);
    reply_entries(c, e, n, q.with_scores);
}

static void combine_and_store(ek_ctx *c, operation op, const char *event) {
    query q = {.op = op};
    if (!parse(c, 2, STORES, &q)) return;
    size_t n;
    ek_zset_entry *e = run(c, &q, &n);
    if (n > 1) qsort(e, n, sizeof *e, ek_zset_compare);
    ek_zset_store_result(c, c->argv[1], e, n, event);
}

void ek_cmd_zunion(ek_ctx *c) { combine(c, UNION); }
void ek_cmd_zinter(ek_ctx *c) { combine(c, INTER); }
void ek_cmd_zdiff(ek_ctx *c) { combine(c, DIFF); }
void ek_cmd_zunionstore(ek_ctx *c) { combine_and_store(c, UNION, "zunionstore"); }
void ek_cmd_zinterstore(ek_ctx *c) { combine_and_store(c, INTER, "zinterstore"); }
void ek_cmd_zdiffstore(ek_ctx *c) { combine_and_store(c, DIFF, "zdiffstore"); }

void ek_cmd_zintercard(ek_ctx *c) {
    query q = {.op = INTER};
    if (!parse(c, 1, COUNTS, &q)) return;
    size_t n;
    run(c, &q, &n);
    ek_reply_int(c->reply, (int64_t)n);
}
