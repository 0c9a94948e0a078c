/* The list commands, but for those that wait (blocking.c). */
#include "commands/lists.h"
#include "commands/tables.h"
#include "engine/effect.h"

#define HEAD EK_LIST_HEAD
#define TAIL EK_LIST_TAIL

static void reply_entry(ek_reply *r, const uint8_t *p) {
    ek_lp_value v;
    ek_lp_get(p, &v);
    if (EK_LIKELY(v.s != NULL)) ek_reply_bulk(r, v.s, v.n);
    else ek_reply_bulk_int(r, v.i);
}

static const char *pop_event(ek_list_end at) { return at == HEAD ? "lpop" : "rpop"; }
static const char *push_event(ek_list_end at) { return at == HEAD ? "lpush" : "rpush"; }

/* An index as users give it: negative ones count from the tail. */
static int64_t from_head(int64_t index, uint64_t count) {
    return index < 0 ? index + (int64_t)count : index;
}

/* --- pushing --- */

static void push(ek_ctx *c, ek_list_end at, bool only_existing) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT && only_existing) {
        ek_reply_int(c->reply, 0);
        return;
    }
    ek_list *l = found == EK_FOUND ? ek_value_list_of(&v) : ek_value_list_need(c->s, c->db, &v);
    ek_list_push(c->a, l, ek_value_list_limit(c->s), at, c->argv + 2, c->argc - 2);
    ek_key_changed(c, c->argv[1], EK_EVENT_LIST, push_event(at));
    ek_changed_elements(c, (int64_t)c->argc - 2);
    ek_reply_int(c->reply, (int64_t)l->count);
}

void ek_cmd_lpush(ek_ctx *c) { push(c, HEAD, false); }
void ek_cmd_rpush(ek_ctx *c) { push(c, TAIL, false); }
void ek_cmd_lpushx(ek_ctx *c) { push(c, HEAD, true); }
void ek_cmd_rpushx(ek_ctx *c) { push(c, TAIL, true); }

void ek_cmd_linsert(ek_ctx *c) {
    bool after = ek_arg_is(c, 2, "after");
    if (!after && !ek_arg_is(c, 2, "before")) {
        ek_reply_syntax_error(c);
        return;
    }
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_int(c->reply, 0);
        return;
    }
    ek_list *l = ek_value_list_of(&v);
    ek_lp_encoded pivot;
    ek_list_iter it;
    ek_lp_encode(&pivot, c->argv[3].p, c->argv[3].n);
    bool more = ek_list_seek(c->a, l, 0, &it);
    while (more && !ek_lp_is(it.p, &pivot)) more = ek_list_next(c->a, &it);
    if (!more) {
        ek_reply_int(c->reply, -1);
        return;
    }
    ek_list_insert(c->a, l, ek_value_list_limit(c->s), &it, after, c->argv[4]);
    ek_key_changed(c, c->argv[1], EK_EVENT_LIST, "linsert");
    ek_reply_int(c->reply, (int64_t)l->count);
}

void ek_cmd_lset(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_error(c->reply, "ERR no such key");
        return;
    }
    int64_t index;
    if (!ek_arg_i64(c, 2, &index)) return;
    ek_list *l = ek_value_list_of(&v);
    ek_list_iter it;
    if (!ek_list_seek(c->a, l, (uint64_t)from_head(index, l->count), &it)) {
        ek_reply_error(c->reply, "ERR index out of range");
        return;
    }
    ek_list_replace(c->a, l, ek_value_list_limit(c->s), &it, c->argv[3]);
    ek_key_changed(c, c->argv[1], EK_EVENT_LIST, "lset");
    ek_reply_ok(c->reply);
}

/* --- popping --- */

static void drop_and_tell(ek_ctx *c, ek_value *v, ek_list_end at) {
    ek_key_changed(c, v->key, EK_EVENT_LIST, pop_event(at));
    ek_list *l = ek_value_list_of(v);
    if (EK_UNLIKELY(l->count == 1)) ek_delete_emptied(c, v);
    else ek_list_drop(c->a, l, at);
}

void ek_list_pop_one(ek_ctx *c, ek_value *v, ek_list_end at) {
    reply_entry(c->reply, ek_list_peek(c->a, ek_value_list_of(v), at));
    drop_and_tell(c, v, at);
}

void ek_list_pop_many(ek_ctx *c, ek_value *v, ek_list_end at, uint64_t n) {
    ek_list *l = ek_value_list_of(v);
    n = ek_min(n, l->count);
    ek_list_iter it;
    ek_reply_array(c->reply, n);
    ek_list_seek(c->a, l, at == HEAD ? 0 : l->count - 1, &it);
    for (uint64_t left = n; left > 0;) {
        reply_entry(c->reply, it.p);
        if (--left > 0) (void)(at == HEAD ? ek_list_next(c->a, &it) : ek_list_prev(c->a, &it));
    }
    ek_key_changed(c, v->key, EK_EVENT_LIST, pop_event(at));
    ek_changed_elements(c, (int64_t)n);
    if (n == l->count)
        ek_delete_emptied(c, v);
    else
        ek_list_remove(c->a, l, ek_value_list_limit(c->s), at == HEAD ? 0 : l->count - n, n);
}

static void pop(ek_ctx *c, ek_list_end at) {
    if (EK_UNLIKELY(c->argc > 3)) {
        ek_reply_wrong_arity(c);
        return;
    }
    bool has_count = c->argc == 3;
    int64_t n = 1;
    if (has_count &&
        !ek_arg_range(c, 2, 0, INT64_MAX, &n, "value is out of range, must be positive"))
        return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        if (has_count) ek_reply_null_array(c->reply);
        else ek_reply_null(c->reply);
    } else if (!has_count) {
        ek_list_pop_one(c, &v, at);
    } else if (n == 0) {
        ek_reply_array(c->reply, 0);
    } else {
        ek_list_pop_many(c, &v, at, (uint64_t)n);
    }
}

void ek_cmd_lpop(ek_ctx *c) { pop(c, HEAD); }
void ek_cmd_rpop(ek_ctx *c) { pop(c, TAIL); }

bool ek_list_end_argument(const ek_ctx *c, size_t i, ek_list_end *at) {
    *at = ek_arg_is(c, i, "right") ? TAIL : HEAD;
    return *at == TAIL || ek_arg_is(c, i, "left");
}

bool ek_list_mpop_args(ek_ctx *c, size_t first, ek_list_mpop *m) {
    int64_t nkeys;
    m->count = 1;
    if (!ek_arg_range(c, first, 1, INT64_MAX, &nkeys, "numkeys should be greater than 0"))
        return false;
    size_t after = first + 1;
    if ((uint64_t)nkeys >= c->argc - after ||
        !ek_list_end_argument(c, after + (size_t)nkeys, &m->at)) {
        ek_reply_syntax_error(c);
        return false;
    }
    m->keys = c->argv + after;
    m->nkeys = (size_t)nkeys;
    size_t i = after + 1 + (size_t)nkeys;
    if (i == c->argc) return true;
    if (c->argc != i + 2 || !ek_arg_is(c, i, "count")) {
        ek_reply_syntax_error(c);
        return false;
    }
    return ek_arg_range(c, i + 1, 1, INT64_MAX, &m->count, "count should be greater than 0");
}

void ek_list_mpop_effect(ek_ctx *c, ek_str key, ek_list_end at, uint64_t n, uint64_t count) {
    if (!ek_effects_kept(c)) return;
    ek_str word = at == HEAD ? EK_WORD("LPOP") : EK_WORD("RPOP");
    ek_effect(c, EK_ARGV(word, key, ek_effect_int(c, (int64_t)ek_min(n, count))));
}

void ek_cmd_lmpop(ek_ctx *c) {
    ek_list_mpop m;
    if (!ek_list_mpop_args(c, 1, &m)) return;
    for (size_t i = 0; i < m.nkeys; i++) {
        ek_value v;
        ek_found found = ek_lookup_type(c, m.keys[i], EK_LIST, &v);
        if (found == EK_WRONG_TYPE) return;
        if (found == EK_ABSENT) continue;
        ek_reply_array(c->reply, 2);
        ek_reply_str(c->reply, m.keys[i]);
        ek_list_mpop_effect(c, m.keys[i], m.at, (uint64_t)m.count, ek_value_list_of(&v)->count);
        ek_list_pop_many(c, &v, m.at, (uint64_t)m.count);
        return;
    }
    ek_reply_null_array(c->reply);
}

/* --- moving --- */

bool ek_list_move(ek_ctx *c, ek_list_end from, ek_list_end to) {
    ek_value source, target;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &source);
    if (found == EK_WRONG_TYPE) return true;
    if (found == EK_ABSENT) return false;
    if (ek_lookup_type(c, c->argv[2], EK_LIST, &target) == EK_WRONG_TYPE) return true;
    const uint8_t *p = ek_list_peek(c->a, ek_value_list_of(&source), from);
    reply_entry(c->reply, p);
    char digits[EK_I64_CHARS];
    ek_lp_value v;
    ek_lp_get(p, &v);
    ek_str text = ek_lp_text(&v, digits);
    /* Pushed first: so a list that is both never runs empty, and p is not in a gap. */
    ek_list *l = ek_value_list_need(c->s, c->db, &target);
    ek_list_push(c->a, l, ek_value_list_limit(c->s), to, &text, 1);
    ek_key_changed_too(c, c->dbi, c->argv[2], EK_EVENT_LIST, push_event(to));
    drop_and_tell(c, &source, from);
    return true;
}

void ek_cmd_rpoplpush(ek_ctx *c) {
    if (!ek_list_move(c, TAIL, HEAD)) ek_reply_null(c->reply);
}

void ek_cmd_lmove(ek_ctx *c) {
    ek_list_end from, to;
    if (!ek_list_end_argument(c, 3, &from) || !ek_list_end_argument(c, 4, &to))
        ek_reply_syntax_error(c);
    else if (!ek_list_move(c, from, to))
        ek_reply_null(c->reply);
}

bool ek_list_movem_args(ek_ctx *c, size_t after, ek_list_movem *m) {
    *m = (ek_list_movem){.count = 1};
    if (!ek_list_end_argument(c, 3, &m->from) || !ek_list_end_argument(c, 4, &m->to)) {
        ek_reply_syntax_error(c);
        return false;
    }
    if (c->argc == after) return true;
    m->exactly = ek_arg_is(c, after, "exactly");
    if (c->argc != after + 3 || !(m->exactly || ek_arg_is(c, after, "count"))) {
        ek_reply_syntax_error(c);
        return false;
    }
    if (!ek_arg_range(c, after + 1, 1, INT64_MAX, &m->count, "count should be greater than 0"))
        return false;
    m->bulk = ek_arg_is(c, after + 2, "bulk");
    if (m->bulk || ek_arg_is(c, after + 2, "obo")) return true;
    ek_reply_syntax_error(c);
    return false;
}

/* The n elements at an end, in the order in which they are taken off it; the bytes are copies. */
static ek_str *copies(ek_ctx *c, const ek_list *l, ek_list_end at, uint64_t n) {
    ek_str *out = ek_scratch_alloc(c, n * sizeof *out);
    ek_list_iter it;
    ek_list_seek(c->a, l, at == HEAD ? 0 : l->count - 1, &it);
    for (uint64_t i = 0; i < n; i++) {
        char digits[EK_I64_CHARS];
        ek_lp_value v;
        ek_lp_get(it.p, &v);
        ek_str text = ek_lp_text(&v, digits);
        uint8_t *copy = ek_scratch_alloc(c, text.n + 1);
        memcpy(copy, text.p, text.n);
        out[i] = (ek_str){copy, text.n};
        if (i + 1 < n) (void)(at == HEAD ? ek_list_next(c->a, &it) : ek_list_prev(c->a, &it));
    }
    return out;
}

static void turn_round(ek_str *texts, uint64_t n) {
    for (uint64_t i = 0; i < n / 2; i++) {
        ek_str t = texts[i];
        texts[i] = texts[n - 1 - i];
        texts[n - 1 - i] = t;
    }
}

bool ek_list_movem_run(ek_ctx *c, const ek_list_movem *m) {
    ek_value source, target;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &source);
    if (found == EK_WRONG_TYPE) return true;
    if (found == EK_ABSENT) return false;
    uint64_t count = ek_value_list_of(&source)->count, n = ek_min((uint64_t)m->count, count);
    if (m->exactly && count < (uint64_t)m->count) return false;
    if (ek_lookup_type(c, c->argv[2], EK_LIST, &target) == EK_WRONG_TYPE) return true;
    ek_str *texts = copies(c, ek_value_list_of(&source), m->from, n);
    /* In the order in which they are pushed. As a block they keep the order that they have from head
     * to tail: taken off the tail, or pushed at the head, that is the other way round. */
    if (m->bulk && (m->from == TAIL) != (m->to == HEAD)) turn_round(texts, n);
    /* Pushed first, as by LMOVE. */
    bool same = ek_str_eq(c->argv[1], c->argv[2]);
    ek_list *l = ek_value_list_need(c->s, c->db, &target);
    ek_list_push(c->a, l, ek_value_list_limit(c->s), m->to, texts, n);
    ek_key_changed_too(c, c->dbi, c->argv[2], EK_EVENT_LIST, push_event(m->to));
    ek_key_changed(c, c->argv[1], EK_EVENT_LIST, pop_event(m->from));
    ek_list *from = ek_value_list_of(&source);
    uint64_t behind = same && m->from == m->to ? n : 0;
    if (from->count == n) ek_delete_emptied(c, &source);
    else ek_list_remove(c->a, from, ek_value_list_limit(c->s),
                        m->from == HEAD ? behind : from->count - n - behind, n);
    if (m->to == HEAD) turn_round(texts, n); /* as they stand in the destination */
    ek_reply_array(c->reply, n);
    for (uint64_t i = 0; i < n; i++) ek_reply_str(c->reply, texts[i]);
    return true;
}

void ek_cmd_lmovem(ek_ctx *c) {
    ek_list_movem m;
    if (ek_list_movem_args(c, 5, &m) && !ek_list_movem_run(c, &m)) ek_reply_null_array(c->reply);
}

/* --- reading --- */

void ek_cmd_llen(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_int(c->reply, found == EK_FOUND ? (int64_t)ek_value_list_of(&v)->count : 0);
}

void ek_cmd_lindex(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_null(c->reply);
        return;
    }
    int64_t index;
    if (!ek_arg_i64(c, 2, &index)) return;
    const ek_list *l = ek_value_list_of(&v);
    ek_list_iter it;
    if (ek_list_seek(c->a, l, (uint64_t)from_head(index, l->count), &it))
        reply_entry(c->reply, it.p);
    else
        ek_reply_null(c->reply);
}

/* Which elements a range of indexes means: `n` from `start` on. */
static void resolve_range(int64_t start, int64_t stop, uint64_t count, uint64_t *first,
                          uint64_t *n) {
    start = from_head(start, count);
    stop = from_head(stop, count);
    if (start < 0) start = 0;
    if (stop >= (int64_t)count) stop = (int64_t)count - 1;
    *first = (uint64_t)start;
    *n = start > stop ? 0 : (uint64_t)(stop - start) + 1;
}

void ek_cmd_lrange(ek_ctx *c) {
    int64_t start, stop;
    if (!ek_arg_i64(c, 2, &start) || !ek_arg_i64(c, 3, &stop)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    uint64_t first = 0, n = 0;
    if (found == EK_FOUND) resolve_range(start, stop, ek_value_list_of(&v)->count, &first, &n);
    ek_reply_array(c->reply, n);
    ek_list_iter it;
    if (n == 0 || !ek_list_seek(c->a, ek_value_list_of(&v), first, &it)) return;
    reply_entry(c->reply, it.p);
    while (--n > 0 && ek_list_next(c->a, &it)) reply_entry(c->reply, it.p);
}

typedef struct lpos_options {
    int64_t rank, count, maxlen; /* count -1: not given */
} lpos_options;

static bool parse_lpos(ek_ctx *c, lpos_options *o) {
    *o = (lpos_options){.rank = 1, .count = -1};
    for (size_t i = 3; i < c->argc; i += 2) {
        if (i + 1 == c->argc) {
            ek_reply_syntax_error(c);
            return false;
        }
        if (ek_arg_is(c, i, "rank")) {
            if (!ek_arg_i64(c, i + 1, &o->rank)) return false;
            if (o->rank == 0) {
                ek_reply_error(c->reply,
                               "ERR RANK can't be zero: use 1 to start from the first match, 2 "
                               "from the second ... or use negative to start from the end of the "
                               "list");
                return false;
            }
        } else if (ek_arg_is(c, i, "count")) {
            if (!ek_arg_range(c, i + 1, 0, INT64_MAX, &o->count, "COUNT can't be negative"))
                return false;
        } else if (ek_arg_is(c, i, "maxlen")) {
            if (!ek_arg_range(c, i + 1, 0, INT64_MAX, &o->maxlen, "MAXLEN can't be negative"))
                return false;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    return true;
}

/* Reply the indexes of the matches, of which the first `skip` do not count. */
static void reply_positions(ek_ctx *c, const ek_list *l, const lpos_options *o) {
    bool backwards = o->rank < 0;
    /* The least rank has no opposite: the server takes it for -1, and so must this. */
    uint64_t skip = o->rank == INT64_MIN ? 0 : (uint64_t)(backwards ? -o->rank : o->rank) - 1;
    uint64_t steps = o->maxlen ? ek_min((uint64_t)o->maxlen, l->count) : l->count;
    uint64_t wanted = o->count < 0 ? 1 : o->count == 0 ? UINT64_MAX : (uint64_t)o->count, n = 0;
    size_t open = o->count < 0 ? 0 : ek_reply_open(c->reply, '*');
    ek_lp_encoded e;
    ek_list_iter it;
    ek_lp_encode(&e, c->argv[2].p, c->argv[2].n);
    ek_list_seek(c->a, l, backwards ? l->count - 1 : 0, &it);
    for (uint64_t i = 0; i < steps && n < wanted; i++) {
        if (ek_lp_is(it.p, &e)) {
            if (skip > 0) {
                skip--;
            } else {
                ek_reply_int(c->reply, (int64_t)(backwards ? l->count - 1 - i : i));
                n++;
            }
        }
        if (i + 1 < steps) (void)(backwards ? ek_list_prev(c->a, &it) : ek_list_next(c->a, &it));
    }
    if (o->count >= 0) ek_reply_close(c->reply, open, n);
    else if (n == 0) ek_reply_null(c->reply);
}

void ek_cmd_lpos(ek_ctx *c) {
    lpos_options o;
    if (!parse_lpos(c, &o)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_FOUND) reply_positions(c, ek_value_list_of(&v), &o);
    else if (o.count >= 0) ek_reply_array(c->reply, 0);
    else ek_reply_null(c->reply);
}

/* --- removing --- */

void ek_cmd_lrem(ek_ctx *c) {
    int64_t count;
    if (!ek_arg_i64(c, 2, &count)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    uint64_t removed = 0;
    if (found == EK_FOUND) {
        uint64_t most = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
        ek_list *l = ek_value_list_of(&v);
        removed = ek_list_remove_value(c->a, l, ek_value_list_limit(c->s), count < 0 ? TAIL : HEAD,
                                       most ? most : UINT64_MAX, c->argv[3]);
        if (removed) {
            ek_key_changed(c, c->argv[1], EK_EVENT_LIST, "lrem");
            ek_changed_elements(c, (int64_t)removed);
            if (l->count == 0) ek_delete_emptied(c, &v);
        }
    }
    ek_reply_int(c->reply, (int64_t)removed);
}

void ek_cmd_ltrim(ek_ctx *c) {
    int64_t start, stop;
    if (!ek_arg_i64(c, 2, &start) || !ek_arg_i64(c, 3, &stop)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_LIST, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_FOUND) {
        ek_list *l = ek_value_list_of(&v);
        ek_list_limit lim = ek_value_list_limit(c->s);
        uint64_t first, n;
        resolve_range(start, stop, l->count, &first, &n);
        /* It is told although nothing may be cut off; elements count. */
        ek_key_changed_too(c, c->dbi, c->argv[1], EK_EVENT_LIST, "ltrim");
        ek_changed_elements(c, (int64_t)(l->count - n) + 1);
        if (n == 0) {
            ek_delete_emptied(c, &v);
        } else {
            ek_list_remove(c->a, l, lim, first + n, l->count - first - n);
            ek_list_remove(c->a, l, lim, 0, first);
        }
    }
    ek_reply_ok(c->reply);
}
