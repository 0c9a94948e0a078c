/* The commands over ranges of a sorted set: by rank, by score, by the members' bytes.
 *
 * Every range becomes ranks: [rank, rank + n). So reading, counting, storing and removing are each
 * written once. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "commands/zsets.h"

typedef enum range_kind { BY_RANK, BY_SCORE, BY_LEX } range_kind;

/* One end of a range. */
typedef struct bound {
    enum { LOWEST, HERE, HIGHEST } where; /* of a range by bytes; else HERE */
    bool excluded;
    double score;
    int64_t rank;
    ek_str member;
} bound;

typedef struct range {
    range_kind kind;
    bound min, max;
} range;

/* --- arguments --- */

/* A score as C's strtod reads it at the start of a string that a zero byte may end: these bounds
 * have always been read so, with empty strings and spaces in front. */
static bool parse_loose_double(ek_ctx *c, ek_str s, double *out) {
    const uint8_t *zero = s.n ? memchr(s.p, 0, s.n) : NULL;
    if (zero) s.n = (size_t)(zero - s.p);
    while (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r'))) s.p++, s.n--;
    *out = 0;
    if (s.n == 0) return true;
    if (ek_parse_double(s.p, s.n, out)) return true;
    char *text = ek_scratch_alloc(c, s.n + 1), *end; /* beyond the range of a double, or no number */
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    *out = strtod(text, &end);
    return *end == 0 && end != text && !isnan(*out);
}

static bool parse_score(ek_ctx *c, ek_str s, bound *b) {
    b->where = HERE;
    b->excluded = s.n > 0 && s.p[0] == '(';
    if (b->excluded) s.p++, s.n--;
    return parse_loose_double(c, s, &b->score);
}

static bool parse_lex(ek_str s, bound *b) {
    if (s.n == 1 && (s.p[0] == '-' || s.p[0] == '+')) {
        b->where = s.p[0] == '-' ? LOWEST : HIGHEST;
        return true;
    }
    if (s.n == 0 || (s.p[0] != '(' && s.p[0] != '[')) return false;
    b->where = HERE;
    b->excluded = s.p[0] == '(';
    b->member = (ek_str){s.p + 1, s.n - 1};
    return true;
}

/* Reads both ends, the arguments `min` and `max`; replies the error itself. */
static bool parse_range(ek_ctx *c, range *r, size_t min, size_t max) {
    switch (r->kind) {
    case BY_RANK: return ek_arg_i64(c, min, &r->min.rank) && ek_arg_i64(c, max, &r->max.rank);
    case BY_SCORE:
        if (parse_score(c, c->argv[min], &r->min) && parse_score(c, c->argv[max], &r->max))
            return true;
        ek_reply_error(c->reply, "ERR min or max is not a float");
        return false;
    default:
        if (parse_lex(c->argv[min], &r->min) && parse_lex(c->argv[max], &r->max)) return true;
        ek_reply_error(c->reply, "ERR min or max not valid string range item");
        return false;
    }
}

/* --- from ranges to ranks --- */

static uint32_t members_before(ek_ctx *c, const ek_value *v, range_kind kind, const bound *b,
                               bool beyond) {
    if (kind == BY_SCORE) return ek_zset_before_score(c->a, v, b->score, beyond);
    if (b->where == LOWEST) return 0;
    if (b->where == HIGHEST) return ek_zset_count(c->a, v);
    return ek_zset_before_member(c->a, v, b->member, beyond);
}

/* The first rank of the range, and in *n how many there are. */
static uint32_t find_range(ek_ctx *c, const ek_value *v, const range *r, bool reverse,
                           uint32_t *n) {
    *n = 0;
    if (r->kind == BY_RANK) {
        int64_t count = ek_zset_count(c->a, v), start = r->min.rank, stop = r->max.rank;
        if (start < 0) start = start + count < 0 ? 0 : start + count;
        if (stop < 0) stop += count;
        if (stop >= count) stop = count - 1;
        if (start > stop) return 0;
        *n = (uint32_t)(stop - start + 1);
        return (uint32_t)(reverse ? count - 1 - stop : start);
    }
    uint32_t from = members_before(c, v, r->kind, &r->min, r->min.excluded);
    uint32_t to = members_before(c, v, r->kind, &r->max, !r->max.excluded);
    if (to > from) *n = to - from;
    return from;
}

/* What LIMIT leaves of n members from `rank` on; a negative offset leaves nothing, a negative count
 * all. */
static uint32_t limit_range(uint32_t rank, uint32_t *n, bool reverse, int64_t offset,
                            int64_t count) {
    if (offset < 0 || offset >= *n) {
        *n = 0;
        return rank;
    }
    uint32_t left = *n - (uint32_t)offset;
    if (count >= 0 && count < left) left = (uint32_t)count;
    rank += reverse ? *n - (uint32_t)offset - left : (uint32_t)offset;
    *n = left;
    return rank;
}

/* --- ZRANGE and its older forms --- */

/* What a command lets its arguments choose. */
enum { ANY_KIND = 1, ANY_DIRECTION = 2, STORES = 4 };

typedef struct query {
    range range;
    bool reverse, with_scores;
    int64_t offset, count;
} query;

static bool parse_options(ek_ctx *c, size_t at, unsigned choices, query *q) {
    for (; at < c->argc; at++) {
        if (!(choices & STORES) && ek_arg_is(c, at, "withscores")) {
            q->with_scores = true;
        } else if (ek_arg_is(c, at, "limit") && c->argc - at > 2) {
            if (!ek_arg_i64(c, at + 1, &q->offset) || !ek_arg_i64(c, at + 2, &q->count))
                return false;
            at += 2;
        } else if ((choices & ANY_DIRECTION) && ek_arg_is(c, at, "rev")) {
            q->reverse = true;
            choices &= ~(unsigned)ANY_DIRECTION;
        } else if ((choices & ANY_KIND) && ek_arg_is(c, at, "bylex")) {
            q->range.kind = BY_LEX;
            choices &= ~(unsigned)ANY_KIND;
        } else if ((choices & ANY_KIND) && ek_arg_is(c, at, "byscore")) {
            q->range.kind = BY_SCORE;
            choices &= ~(unsigned)ANY_KIND;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    if (q->count != -1 && q->range.kind == BY_RANK) {
        ek_reply_error(c->reply, "ERR syntax error, LIMIT is only supported in combination with "
                                 "either BYSCORE or BYLEX");
        return false;
    }
    if (q->with_scores && q->range.kind == BY_LEX) {
        ek_reply_error(c->reply,
                       "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
        return false;
    }
    return true;
}

/* A range that is stored begins as a listpack, unless its size tells before that it is none. A -0
 * that goes through a listpack loses its sign. */
static void store_range(ek_ctx *c, ek_zset_entry *e, uint32_t n, const query *q) {
    const ek_config *config = &c->s->root->config;
    uint64_t most = (uint64_t)config->zset_max_listpack_entries;
    uint64_t longest = (uint64_t)config->zset_max_listpack_value;
    bool big = q->range.kind == BY_RANK && n > most;
    for (uint32_t i = 0; i < n && i < most && !big; i++) {
        ek_zset_entry *next = &e[q->reverse ? n - 1 - i : i];
        big = next->member.n > longest;
        if (!big) next->score += 0.0;
    }
    ek_zset_store_result(c, c->argv[1], e, n, "zrangestore");
}

static void range_command(ek_ctx *c, range_kind kind, bool reverse, unsigned choices) {
    size_t key = choices & STORES ? 2 : 1;
    query q = {.range.kind = kind, .reverse = reverse, .count = -1};
    if (!parse_options(c, key + 3, choices, &q)) return;
    bool swapped = q.reverse && q.range.kind != BY_RANK;
    if (!parse_range(c, &q.range, key + (swapped ? 2 : 1), key + (swapped ? 1 : 2))) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[key], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    uint32_t n = 0, rank = 0;
    if (found == EK_FOUND) {
        rank = find_range(c, &v, &q.range, q.reverse, &n);
        if (q.range.kind != BY_RANK) rank = limit_range(rank, &n, q.reverse, q.offset, q.count);
    }
    if (choices & STORES)
        store_range(c, ek_zset_entries(c, &v, rank, n), n, &q);
    else
        ek_zset_reply_range(c, &v, rank, n, q.reverse, q.with_scores);
}

void ek_cmd_zrange(ek_ctx *c) { range_command(c, BY_RANK, false, ANY_KIND | ANY_DIRECTION); }
void ek_cmd_zrangestore(ek_ctx *c) {
    range_command(c, BY_RANK, false, ANY_KIND | ANY_DIRECTION | STORES);
}
void ek_cmd_zrevrange(ek_ctx *c) { range_command(c, BY_RANK, true, 0); }
void ek_cmd_zrangebyscore(ek_ctx *c) { range_command(c, BY_SCORE, false, 0); }
void ek_cmd_zrevrangebyscore(ek_ctx *c) { range_command(c, BY_SCORE, true, 0); }
void ek_cmd_zrangebylex(ek_ctx *c) { range_command(c, BY_LEX, false, 0); }
void ek_cmd_zrevrangebylex(ek_ctx *c) { range_command(c, BY_LEX, true, 0); }

/* --- counting and removing --- */

static void count_command(ek_ctx *c, range_kind kind, const char *removal) {
    range r = {.kind = kind};
    if (!parse_range(c, &r, 2, 3)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    uint32_t n = 0;
    if (found == EK_FOUND) {
        uint32_t rank = find_range(c, &v, &r, false, &n);
        if (removal && n) ek_zset_take_ranks(c, &v, rank, n, removal);
    }
    ek_reply_int(c->reply, n);
}

void ek_cmd_zcount(ek_ctx *c) { count_command(c, BY_SCORE, NULL); }
void ek_cmd_zlexcount(ek_ctx *c) { count_command(c, BY_LEX, NULL); }
void ek_cmd_zremrangebyrank(ek_ctx *c) { count_command(c, BY_RANK, "zremrangebyrank"); }
void ek_cmd_zremrangebyscore(ek_ctx *c) { count_command(c, BY_SCORE, "zremrangebyscore"); }
void ek_cmd_zremrangebylex(ek_ctx *c) { count_command(c, BY_LEX, "zremrangebylex"); }
