/* Members without a name: ZPOPMIN, ZPOPMAX, ZMPOP, ZRANDMEMBER, ZSCAN. */
#include "commands/scan_arg.h"
#include "commands/zsets.h"
#include "engine/effect.h"

/* --- popping --- */

void ek_zset_pop(ek_ctx *c, ek_value *v, bool last, int64_t count, bool in_pairs) {
    uint32_t n = ek_zset_count(c->a, v);
    uint32_t taken = count < n ? (uint32_t)count : n, rank = last ? n - taken : 0;
    if (in_pairs) ek_zset_reply_pairs(c, v, rank, taken, last);
    else ek_zset_reply_flat(c, v, rank, taken, last);
    ek_zset_take_ranks(c, v, rank, taken, last ? "zpopmax" : "zpopmin");
}

static void pop_command(ek_ctx *c, bool last) {
    int64_t count = 1;
    if (c->argc > 3) {
        ek_reply_syntax_error(c);
        return;
    }
    if (c->argc == 3 && !ek_arg_range(c, 2, 0, INT64_MAX, &count,
                                      "value is out of range, must be positive"))
        return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT || count == 0) ek_reply_array(c->reply, 0);
    else ek_zset_pop(c, &v, last, count, c->argc == 3 && c->resp >= 3);
}

void ek_cmd_zpopmin(ek_ctx *c) { pop_command(c, false); }
void ek_cmd_zpopmax(ek_ctx *c) { pop_command(c, true); }

bool ek_zset_mpop_args(ek_ctx *c, size_t first, ek_zset_mpop *m) {
    int64_t nkeys;
    m->count = 1;
    if (!ek_arg_range(c, first, 1, INT64_MAX, &nkeys, "numkeys should be greater than 0"))
        return false;
    size_t where = first + 1 + (size_t)nkeys;
    if ((uint64_t)nkeys > c->argc || where >= c->argc ||
        !(ek_arg_is(c, where, "min") || ek_arg_is(c, where, "max"))) {
        ek_reply_syntax_error(c);
        return false;
    }
    m->keys = c->argv + first + 1;
    m->nkeys = (size_t)nkeys;
    m->last = ek_arg_is(c, where, "max");
    if (c->argc == where + 1) return true;
    if (c->argc < where + 3 || !ek_arg_is(c, where + 1, "count")) {
        ek_reply_syntax_error(c);
        return false;
    }
    if (!ek_arg_range(c, where + 2, 1, INT64_MAX, &m->count, "count should be greater than 0"))
        return false;
    if (c->argc == where + 3) return true;
    ek_reply_syntax_error(c);
    return false;
}

void ek_zset_mpop_effect(ek_ctx *c, ek_str key, const ek_value *v, const ek_zset_mpop *m) {
    if (!ek_effects_kept(c)) return;
    ek_str word = m->last ? EK_WORD("ZPOPMAX") : EK_WORD("ZPOPMIN");
    int64_t all = ek_zset_count(c->a, v), n = m->count < all ? m->count : all;
    ek_effect(c, EK_ARGV(word, key, ek_effect_int(c, n)));
}

void ek_cmd_zmpop(ek_ctx *c) {
    ek_zset_mpop m;
    if (!ek_zset_mpop_args(c, 1, &m)) return;
    for (size_t i = 0; i < m.nkeys; i++) {
        ek_value v;
        ek_found found = ek_lookup_type(c, m.keys[i], EK_ZSET, &v);
        if (found == EK_WRONG_TYPE) return;
        if (found == EK_ABSENT) continue;
        ek_reply_array(c->reply, 2);
        ek_reply_str(c->reply, m.keys[i]);
        ek_zset_mpop_effect(c, m.keys[i], &v, &m);
        ek_zset_pop(c, &v, m.last, m.count, true);
        return;
    }
    ek_reply_null_array(c->reply);
}

/* --- at random --- */

static void reply_one(ek_ctx *c, ek_zset_place p, bool with_score) {
    char room[EK_I64_CHARS];
    if (with_score && c->resp >= 3) ek_reply_array(c->reply, 2);
    ek_reply_str(c->reply, ek_zset_member_of(c->a, p, room));
    if (with_score) ek_reply_double(c->reply, ek_zset_score_of(c->a, p));
}

static void reply_head(ek_ctx *c, size_t n, bool with_scores) {
    ek_reply_array(c->reply, with_scores && c->resp < 3 ? 2 * n : n);
}

/* n members, any of them more than once. */
static void random_with_repeats(ek_ctx *c, const ek_value *v, uint64_t n, bool with_scores) {
    uint32_t count = ek_zset_count(c->a, v);
    if (n > UINT32_MAX / 2) ek_raise(c->a, EK_ENOMEM); /* more than a reply can hold */
    reply_head(c, n, with_scores);
    for (; n > 0; n--) {
        uint32_t rank = (uint32_t)ek_random_below(&c->s->random, count);
        reply_one(c, ek_zset_at(c->a, v, rank), with_scores);
    }
}

/* n of `count` ranks as a set of bits: Floyd's way, which draws n numbers and no more. */
static uint64_t *random_ranks(ek_ctx *c, uint32_t n, uint32_t count) {
    size_t bytes = ((size_t)count + 63) / 64 * 8;
    uint64_t *bits = ek_scratch_alloc(c, bytes);
    memset(bits, 0, bytes);
    for (uint32_t i = count - n; i < count; i++) {
        uint32_t rank = (uint32_t)ek_random_below(&c->s->random, (uint64_t)i + 1);
        if (bits[rank / 64] >> (rank % 64) & 1) rank = i;
        bits[rank / 64] |= (uint64_t)1 << (rank % 64);
    }
    return bits;
}

/* n different members, in order. Finds each when they are few, else walks past them all. */
static void random_without_repeats(ek_ctx *c, const ek_value *v, uint32_t n, bool with_scores) {
    uint32_t count = ek_zset_count(c->a, v);
    uint64_t *bits = random_ranks(c, n, count);
    bool walks = v->enc == EK_ENC_LISTPACK || n > count / 16;
    reply_head(c, n, with_scores);
    ek_zset_place p = ek_zset_at(c->a, v, 0);
    for (uint32_t rank = 0; n > 0; rank++) {
        if (rank % 64 == 0 && !walks)
            while (bits[rank / 64] == 0) rank += 64;
        if (bits[rank / 64] >> (rank % 64) & 1) {
            reply_one(c, walks ? p : ek_zset_at(c->a, v, rank), with_scores);
            n--;
        }
        if (walks) p = ek_zset_next(c->a, v, p);
    }
}

static void random_command(ek_ctx *c) {
    int64_t count;
    if (!ek_arg_i64(c, 2, &count)) return;
    if (count == INT64_MIN) {
        ek_reply_error(c->reply, "ERR value is out of range, value must between %lld and %lld",
                       (long long)-INT64_MAX, (long long)INT64_MAX);
        return;
    }
    bool with_scores = c->argc == 4;
    if (c->argc > 4 || (with_scores && !ek_arg_is(c, 3, "withscores"))) {
        ek_reply_syntax_error(c);
        return;
    }
    if (with_scores && (count < -(INT64_MAX / 2) || count > INT64_MAX / 2)) {
        ek_reply_error(c->reply, "ERR value is out of range");
        return;
    }
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT || count == 0) ek_reply_array(c->reply, 0);
    else if (count < 0) random_with_repeats(c, &v, (uint64_t)-count, with_scores);
    else if (count >= ek_zset_count(c->a, &v))
        ek_zset_reply_range(c, &v, 0, ek_zset_count(c->a, &v), false, with_scores);
    else random_without_repeats(c, &v, (uint32_t)count, with_scores);
}

void ek_cmd_zrandmember(ek_ctx *c) {
    if (c->argc > 2) {
        random_command(c);
        return;
    }
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_null(c->reply);
        return;
    }
    uint32_t rank = (uint32_t)ek_random_below(&c->s->random, ek_zset_count(c->a, &v));
    reply_one(c, ek_zset_at(c->a, &v, rank), false);
}

/* --- ZSCAN --- */

static size_t reply_scanned(ek_ctx *c, const ek_scan_args *args, ek_zset_place p) {
    char room[EK_I64_CHARS], text[EK_DOUBLE_CHARS];
    ek_str member = ek_zset_member_of(c->a, p, room);
    if (!ek_scan_matches(args, member)) return 0;
    ek_reply_str(c->reply, member);
    ek_reply_str(c->reply, ek_zset_score_text(c->a, p, text));
    return 2;
}

void ek_cmd_zscan(ek_ctx *c) {
    uint64_t cursor;
    ek_scan_args args;
    ek_value v;
    if (!ek_scan_cursor(c, 2, &cursor)) return;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_scan_reply_cursor(c, 0);
        ek_reply_array(c->reply, 0);
        return;
    }
    if (!ek_scan_options(c, 3, false, &args)) return;
    ek_scan_items items = {.c = c};
    bool big = v.enc == EK_ENC_SKIPLIST;
    if (big) cursor = ek_zset_scan(c->a, &v, cursor, args.count, ek_scan_collect, &items);
    ek_scan_reply_cursor(c, big ? cursor : 0);
    size_t at = ek_reply_open(c->reply, '*'), n = 0;
    for (size_t i = 0; i < items.n; i++)
        n += reply_scanned(c, &args, (ek_zset_place){.block = items.refs[i]});
    if (!big)
        for (ek_zset_place p = ek_zset_at(c->a, &v, 0); ek_zset_is(p); p = ek_zset_next(c->a, &v, p))
            n += reply_scanned(c, &args, p);
    ek_reply_close(c->reply, at, n);
}
