/* ZADD and the commands that name members; what all the sorted set commands share. */
#include "commands/zsets.h"

#include <math.h>

/* --- shared --- */

static void reply_member(ek_ctx *c, ek_zset_place p) {
    char room[EK_I64_CHARS];
    ek_reply_str(c->reply, ek_zset_member_of(c->a, p, room));
}

/* The same as below for the big form, where it pays to be quick. */
static void reply_blocks(ek_ctx *c, ek_btree_place p, uint32_t n, bool reverse, bool with_scores,
                         bool in_pairs) {
    for (; n > 0; n--) {
        ek_ref block = ek_btree_item(c->a, p);
        ek_zset_fetch_ahead(c->a, p, reverse ? -EK_ZSET_AHEAD : EK_ZSET_AHEAD);
        if (in_pairs) ek_reply_array(c->reply, 2);
        ek_reply_str(c->reply, ek_zset_block_member(c->a, block));
        if (with_scores) ek_reply_double(c->reply, ek_btree_score(c->a, p));
        p = reverse ? ek_btree_prev(c->a, p) : ek_btree_next(c->a, p);
    }
}

static void reply_range(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n, bool reverse,
                        bool with_scores, bool in_pairs) {
    ek_reply_array(c->reply, with_scores && !in_pairs ? 2 * (size_t)n : n);
    if (n == 0) return;
    ek_zset_place p = ek_zset_at(c->a, v, reverse ? rank + n - 1 : rank);
    if (p.block) {
        reply_blocks(c, p.at, n, reverse, with_scores, in_pairs);
        return;
    }
    for (;;) {
        if (in_pairs) ek_reply_array(c->reply, 2);
        reply_member(c, p);
        if (with_scores) ek_reply_double(c->reply, ek_zset_score_of(c->a, p));
        if (--n == 0) return;
        p = reverse ? ek_zset_prev(c->a, v, p) : ek_zset_next(c->a, v, p);
    }
}

void ek_zset_reply_range(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n, bool reverse,
                         bool with_scores) {
    reply_range(c, v, rank, n, reverse, with_scores, with_scores && c->resp >= 3);
}

void ek_zset_reply_pairs(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n, bool reverse) {
    reply_range(c, v, rank, n, reverse, true, true);
}

void ek_zset_reply_flat(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n, bool reverse) {
    reply_range(c, v, rank, n, reverse, true, false);
}

void ek_zset_take_ranks(ek_ctx *c, ek_value *v, uint32_t rank, uint32_t n, const char *event) {
    ek_key_changed(c, v->key, EK_EVENT_ZSET, event);
    ek_changed_elements(c, n);
    if (n == ek_zset_count(c->a, v)) ek_delete_emptied(c, v);
    else ek_zset_remove_ranks(c->s, c->db, v, rank, n);
}

void ek_zset_store_result(ek_ctx *c, ek_str key, const ek_zset_entry *e, size_t n,
                          const char *event) {
    ek_value v;
    bool there = ek_lookup(c, key, &v);
    if (n > 0) {
        uint8_t *room = ek_scratch_alloc(c, ek_zset_store_room(c->s, e, n));
        if (there) ek_key_overwritten(c, c->dbi, key, v.type, EK_ZSET);
        ek_zset_store(c->s, c->db, &v, e, n, room);
        ek_key_changed(c, key, EK_EVENT_ZSET, event);
    } else if (there) {
        ek_delete_key(c, &v);
    }
    ek_reply_int(c->reply, (int64_t)n);
}

ek_zset_entry *ek_zset_entries(ek_ctx *c, const ek_value *v, uint32_t rank, uint32_t n) {
    if (n == 0) return NULL;
    ek_zset_entry *e = ek_scratch_alloc(c, n * sizeof *e);
    char *digits = v->enc == EK_ENC_LISTPACK ? ek_scratch_alloc(c, (size_t)n * EK_I64_CHARS) : NULL;
    ek_zset_place p = ek_zset_at(c->a, v, rank);
    for (uint32_t i = 0; i < n; i++, p = ek_zset_next(c->a, v, p)) {
        e[i].member = ek_zset_member_of(c->a, p, digits ? digits + i * EK_I64_CHARS : NULL);
        e[i].score = ek_zset_score_of(c->a, p);
    }
    return e;
}

/* --- ZADD --- */

enum { NX = EK_ZADD_NX, XX = EK_ZADD_XX, CH = EK_ZADD_CH, GT = 8, LT = 16, INCR = 32 };

typedef enum outcome { NOTHING, SAME, ADDED, UPDATED, NOT_A_NUMBER } outcome;

/* What a command that adds members does, and of those whose order is made when all are added, the changes. */
typedef struct adding {
    ek_value v;
    unsigned flags;
    bool later;
    ek_btree_entry *changes;
    size_t nchanges;
} adding;

/* Add a member that is found at p (nowhere: that is not there) or change its score; *score becomes the one
 * it has then. */
EK_INLINE outcome add_at(ek_ctx *c, adding *k, ek_str member, uint64_t hash, ek_zset_place p,
                         double *score) {
    if (!ek_zset_is(p)) {
        if (k->flags & XX) return NOTHING;
        if (k->later) k->changes[k->nchanges++] = ek_zset_add_later(c->s, &k->v, *score, member, hash);
        else ek_zset_add(c->s, c->db, &k->v, *score, member);
        return ADDED;
    }
    if (k->flags & NX) return NOTHING;
    double old = k->later ? ek_zset_block_score(c->a, p.block) : ek_zset_score_of(c->a, p);
    if (k->flags & INCR) {
        *score += old;
        if (isnan(*score)) return NOT_A_NUMBER;
    }
    if (((k->flags & LT) && *score >= old) || ((k->flags & GT) && *score <= old)) return NOTHING;
    if (*score == old) return SAME;
    if (k->later) k->changes[k->nchanges++] = ek_zset_set_later(c->s, &k->v, p.block, *score);
    else ek_zset_set_score(c->s, c->db, &k->v, p, *score, member);
    return UPDATED;
}

static outcome add_one(ek_ctx *c, adding *k, ek_str member, uint64_t hash, double *score) {
    if (!(k->flags & INCR) && !k->later) ek_zset_expect(c->a, &k->v, *score);
    return add_at(c, k, member, hash, ek_zset_find_hashed(c->a, &k->v, member, hash), score);
}

static void add_incr(ek_ctx *c, adding *k, ek_str member, double score) {
    outcome o = add_one(c, k, member, ek_zset_hash(c->a, &k->v, member), &score);
    if (o == NOT_A_NUMBER) {
        ek_reply_error(c->reply, "ERR resulting score is not a number (NaN)");
        return;
    }
    if (o == NOTHING) ek_reply_null(c->reply);
    else ek_reply_double(c->reply, score);
    if (o == ADDED || o == UPDATED) ek_key_changed(c, c->argv[1], EK_EVENT_ZSET, "zincr");
}

#define REORDERED_MIN 1000 /* members for which the order is made anew */
#define REORDERED_OF 6     /* ... if they are more than this part of the set */

static bool is_worth_reordering(ek_ctx *c, const ek_value *v, size_t n) {
    return n >= REORDERED_MIN && ek_zset_is_big(v) && n > ek_zset_count(c->a, v) / REORDERED_OF;
}

static void add_members(ek_ctx *c, adding *k, double *scores, const ek_str *members, size_t stride,
                        size_t n, int64_t *added, int64_t *updated) {
    uint64_t hash[EK_TABLE_FETCHED];
    ek_ref items[EK_TABLE_FETCHED];
    for (size_t from = 0; from < n; from += EK_TABLE_FETCHED) {
        size_t some = ek_min(n - from, EK_TABLE_FETCHED);
        if (!k->later && is_worth_reordering(c, &k->v, n - from)) {
            k->later = true;
            k->changes = ek_scratch_alloc(c, (n - from) * sizeof *k->changes);
        }
        bool in_place = k->later; /* while it is, `items` are where they were */
        const ek_str *member = members + from * stride;
        ek_zset_fetch(c->a, &k->v, member, stride, some, hash, in_place ? items : NULL);
        for (size_t i = 0; i < some; i++, member += stride) {
            outcome o;
            if (EK_LIKELY(in_place && ek_zset_block_is(c->a, items[i], *member))) {
                o = add_at(c, k, *member, hash[i], (ek_zset_place){.block = items[i]}, &scores[from + i]);
                in_place = o != UPDATED || !k->changes[k->nchanges - 1].was;
            } else {
                o = add_one(c, k, *member, hash[i], &scores[from + i]);
                in_place &= o == NOTHING || o == SAME;
            }
            *added += o == ADDED;
            *updated += o == UPDATED;
        }
    }
}

void ek_zset_add_members(ek_ctx *c, unsigned flags, double *scores, const ek_str *members,
                         size_t stride, size_t n) {
    adding k = {.flags = flags};
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &k.v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        if (flags & XX) {
            if (flags & INCR) ek_reply_null(c->reply);
            else ek_reply_int(c->reply, 0);
            return;
        }
        ek_zset_create(c->s, c->db, &k.v, members[0]);
    }
    if (flags & INCR) {
        add_incr(c, &k, members[0], scores[0]);
        return;
    }
    int64_t added = 0, updated = 0;
    add_members(c, &k, scores, members, stride, n, &added, &updated);
    if (k.nchanges) {
        size_t room = ek_zset_reorder_room(c->s, &k.v, k.nchanges);
        ek_zset_reorder(c->s, &k.v, k.changes, k.nchanges, ek_scratch_alloc(c, room));
    }
    ek_reply_int(c->reply, flags & CH ? added + updated : added);
    if (added || updated) ek_key_changed(c, c->argv[1], EK_EVENT_ZSET, "zadd");
    ek_changed_elements(c, added + updated);
}

/* The pairs of score and member that begin at argument `at`. */
static void add_pairs(ek_ctx *c, unsigned flags, size_t at) {
    size_t n = (c->argc - at) / 2;
    double one, *scores = n == 1 ? &one : ek_scratch_alloc(c, n * sizeof *scores);
    for (size_t i = 0; i < n; i++)
        if (!ek_arg_double(c, at + 2 * i, &scores[i])) return;
    ek_zset_add_members(c, flags, scores, c->argv + at + 1, 2, n);
}

void ek_cmd_zadd(ek_ctx *c) {
    static const struct {
        const char *word;
        unsigned flag;
    } options[] = {{"nx", NX}, {"xx", XX}, {"gt", GT}, {"lt", LT}, {"ch", CH}, {"incr", INCR}};
    unsigned flags = 0;
    size_t at = 2;
    for (; at < c->argc && !ek_arg_is_number(c, at); at++) {
        size_t i = 0;
        while (i < EK_COUNTOF(options) && !ek_arg_is(c, at, options[i].word)) i++;
        if (i == EK_COUNTOF(options)) break;
        flags |= options[i].flag;
    }
    size_t left = c->argc - at;
    if (left == 0 || left % 2) {
        ek_reply_syntax_error(c);
    } else if ((flags & NX) && (flags & XX)) {
        ek_reply_error(c->reply, "ERR XX and NX options at the same time are not compatible");
    } else if (((flags & GT) && (flags & (NX | LT))) || ((flags & LT) && (flags & NX))) {
        ek_reply_error(c->reply,
                       "ERR GT, LT, and/or NX options at the same time are not compatible");
    } else if ((flags & INCR) && left > 2) {
        ek_reply_error(c->reply, "ERR INCR option supports a single increment-element pair");
    } else {
        add_pairs(c, flags, at);
    }
}

void ek_cmd_zincrby(ek_ctx *c) { add_pairs(c, INCR, 2); }

/* --- by name --- */

void ek_cmd_zrem(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    int64_t removed = 0;
    for (size_t i = 2; found == EK_FOUND && i < c->argc && !ek_zset_is_empty(c->a, &v); i++) {
        ek_zset_place p = ek_zset_find(c->a, &v, c->argv[i]);
        if (!ek_zset_is(p)) continue;
        ek_zset_remove(c->s, c->db, &v, p);
        removed++;
    }
    if (removed) {
        ek_key_changed(c, c->argv[1], EK_EVENT_ZSET, "zrem");
        ek_changed_elements(c, removed);
        if (ek_zset_is_empty(c->a, &v)) ek_delete_emptied(c, &v);
    }
    ek_reply_int(c->reply, removed);
}

void ek_cmd_zcard(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_int(c->reply, found == EK_FOUND ? ek_zset_count(c->a, &v) : 0);
}

bool ek_zset_score_ahead(ek_ctx *c, const ek_value *v, size_t i, uint64_t hashes[EK_TABLE_FETCHED],
                         double *score) {
    size_t at = (i - 2) % EK_TABLE_FETCHED;
    if (at == 0)
        ek_zset_fetch(c->a, v, c->argv + i, 1, ek_min(c->argc - i, EK_TABLE_FETCHED), hashes,
                      NULL);
    return ek_zset_score_hashed(c->a, v, c->argv[i], hashes[at], score);
}

/* The scores of the members from argument 2 on. */
static void reply_scores(ek_ctx *c, const ek_value *v) {
    uint64_t hashes[EK_TABLE_FETCHED];
    for (size_t i = 2; i < c->argc; i++) {
        double score;
        if (v && ek_zset_score_ahead(c, v, i, hashes, &score)) ek_reply_double(c->reply, score);
        else ek_reply_null(c->reply);
    }
}

void ek_cmd_zscore(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    reply_scores(c, found == EK_FOUND ? &v : NULL);
}

void ek_cmd_zmscore(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_array(c->reply, c->argc - 2);
    reply_scores(c, found == EK_FOUND ? &v : NULL);
}

static void rank(ek_ctx *c, bool reverse) {
    bool with_score = c->argc == 4 && ek_arg_is(c, 3, "withscore");
    if (c->argc > 3 && !with_score) { /* as before 7.2, which brought the option */
        ek_reply_wrong_arity(c);
        return;
    }
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_ZSET, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_zset_place p = {0};
    if (found == EK_FOUND) p = ek_zset_find(c->a, &v, c->argv[2]);
    if (!ek_zset_is(p)) {
        if (with_score) ek_reply_null_array(c->reply);
        else ek_reply_null(c->reply);
        return;
    }
    int64_t n = ek_zset_rank(c->a, &v, p);
    if (reverse) n = (int64_t)ek_zset_count(c->a, &v) - 1 - n;
    if (with_score) ek_reply_array(c->reply, 2);
    ek_reply_int(c->reply, n);
    if (with_score) ek_reply_double(c->reply, ek_zset_score_of(c->a, p));
}

void ek_cmd_zrank(ek_ctx *c) { rank(c, false); }
void ek_cmd_zrevrank(ek_ctx *c) { rank(c, true); }
