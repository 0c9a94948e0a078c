/* Unions, intersections and differences of sets. */
#include "commands/sets.h"
#include "commands/tables.h"

/* The sets that a command names, in order; those that are not there count as empty. */
typedef struct operands {
    ek_value *sets; /* entry 0: empty */
    size_t n;
    bool any_empty;
} operands;

static bool find_operands(ek_ctx *c, size_t first, size_t n, operands *out) {
    *out = (operands){.sets = ek_scratch_alloc(c, n * sizeof(ek_value)), .n = n};
    for (size_t i = 0; i < n; i++) {
        ek_found found = ek_lookup_type(c, c->argv[first + i], EK_SET_TYPE, &out->sets[i]);
        if (found == EK_WRONG_TYPE) return false;
        if (found == EK_ABSENT) {
            out->sets[i].entry = 0;
            out->any_empty = true;
        }
    }
    return true;
}

/* Strings seen so far, in scratch memory: open addressing, at most half full. */
typedef struct seen_set {
    ek_ctx *c;
    ek_str *slots; /* p NULL: free */
    size_t n, mask;
} seen_set;

static bool seen_insert(seen_set *s, ek_str member) {
    size_t at = ek_table_hash(s->c->a, member) & s->mask;
    while (s->slots[at].p) {
        if (ek_str_eq(s->slots[at], member)) return false;
        at = (at + 1) & s->mask;
    }
    s->slots[at] = member;
    s->n++;
    return true;
}

static void seen_grow(seen_set *s, size_t places) {
    ek_str *old = s->slots;
    size_t old_places = old ? s->mask + 1 : 0;
    s->slots = ek_scratch_alloc(s->c, places * sizeof *s->slots);
    memset(s->slots, 0, places * sizeof *s->slots);
    s->mask = places - 1;
    s->n = 0;
    for (size_t i = 0; i < old_places; i++)
        if (old[i].p) seen_insert(s, old[i]);
}

typedef struct merging {
    seen_set seen;
    ek_members out;
    size_t limit; /* 0: none */
} merging;

static bool merge_one(void *arg, ek_str member, const char *room) {
    merging *m = arg;
    if (2 * (m->seen.n + 1) > m->seen.mask) seen_grow(&m->seen, 2 * (m->seen.mask + 1));
    member = ek_member_keep(m->seen.c, member, room);
    if (seen_insert(&m->seen, member)) ek_members_collect(&m->out, member, NULL);
    return m->limit == 0 || m->out.n < m->limit;
}

static void unite_some(ek_ctx *c, const operands *o, size_t limit, ek_members *out) {
    merging m = {.seen = {.c = c}, .out = {.c = c}, .limit = limit};
    seen_grow(&m.seen, 64);
    for (size_t i = 0; i < o->n && (limit == 0 || m.out.n < limit); i++)
        if (o->sets[i].entry) ek_set_each(c->a, &o->sets[i], merge_one, &m);
    *out = m.out;
}

static void unite(ek_ctx *c, const operands *o, ek_members *out) { unite_some(c, o, 0, out); }

/* Members of one set which all the others have (or, `absent`, none of them has). */
typedef struct sifting {
    const operands *o;
    size_t skip; /* the operand that is walked */
    bool absent;
    size_t limit; /* 0: none */
    ek_members *out;
} sifting;

static bool sift_one(void *arg, ek_str member, const char *room) {
    sifting *k = arg;
    const ek_arena *a = k->out->c->a;
    for (size_t i = 0; i < k->o->n; i++)
        if (i != k->skip && k->o->sets[i].entry &&
            ek_set_has(a, &k->o->sets[i], member) == k->absent)
            return true;
    ek_members_collect(k->out, member, room);
    return k->limit == 0 || k->out->n < k->limit;
}

static void sift(ek_ctx *c, const operands *o, size_t walked, bool absent, size_t limit,
                 ek_members *out) {
    sifting k = {o, walked, absent, limit, out};
    *out = (ek_members){.c = c};
    if (o->sets[walked].entry) ek_set_each(c->a, &o->sets[walked], sift_one, &k);
}

static void intersect(ek_ctx *c, const operands *o, size_t limit, ek_members *out) {
    *out = (ek_members){.c = c};
    if (o->any_empty) return;
    size_t smallest = 0;
    for (size_t i = 1; i < o->n; i++)
        if (ek_set_len(c->a, &o->sets[i]) < ek_set_len(c->a, &o->sets[smallest])) smallest = i;
    sift(c, o, smallest, false, limit, out);
}

typedef void operation(ek_ctx *c, const operands *o, ek_members *out);

static void inter(ek_ctx *c, const operands *o, ek_members *out) { intersect(c, o, 0, out); }
static void diff(ek_ctx *c, const operands *o, ek_members *out) { sift(c, o, 0, true, 0, out); }

static void reply_result(ek_ctx *c, operation *run) {
    operands o;
    ek_members out;
    if (!find_operands(c, 1, c->argc - 1, &o)) return;
    run(c, &o, &out);
    ek_reply_set(c->reply, out.n);
    for (size_t i = 0; i < out.n; i++) ek_reply_str(c->reply, out.list[i]);
}

void ek_cmd_sunion(ek_ctx *c) { reply_result(c, unite); }
void ek_cmd_sinter(ek_ctx *c) { reply_result(c, inter); }
void ek_cmd_sdiff(ek_ctx *c) { reply_result(c, diff); }

static void store_result(ek_ctx *c, operation *run, const char *event) {
    operands o;
    ek_members out;
    ek_value v;
    if (!find_operands(c, 2, c->argc - 2, &o)) return;
    run(c, &o, &out);
    bool there = ek_lookup(c, c->argv[1], &v);
    if (out.n) {
        /* The members may lie in the value that is replaced: its bytes stand until the commit. */
        uint8_t *room = ek_scratch_alloc(c, EK_SET_ROOM(out.n));
        if (there) ek_key_overwritten(c, c->dbi, c->argv[1], v.type, EK_SET_TYPE);
        ek_set_put(c->s, c->db, &v, c->argv[1], out.list, out.n, room);
        ek_key_changed(c, c->argv[1], EK_EVENT_SET, event);
    } else if (there) {
        ek_delete_key(c, &v);
    }
    ek_reply_int(c->reply, (int64_t)out.n);
}

void ek_cmd_sunionstore(ek_ctx *c) { store_result(c, unite, "sunionstore"); }
void ek_cmd_sinterstore(ek_ctx *c) { store_result(c, inter, "sinterstore"); }
void ek_cmd_sdiffstore(ek_ctx *c) { store_result(c, diff, "sdiffstore"); }

void ek_cmd_smembers(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_set(c->reply, found == EK_FOUND ? ek_set_len(c->a, &v) : 0);
    if (found == EK_FOUND) ek_set_each(c->a, &v, ek_set_reply_member, c->reply);
}

typedef void counted_operation(ek_ctx *c, const operands *o, size_t limit, ek_members *out);

static void diff_some(ek_ctx *c, const operands *o, size_t limit, ek_members *out) {
    sift(c, o, 0, true, limit, out);
}

/* How many members the result has, counted up to a limit. APPROX may be answered exactly. */
static void reply_count(ek_ctx *c, counted_operation *run, bool may_approximate) {
    int64_t n, limit = 0;
    operands o;
    ek_members out;
    if (!ek_arg_range(c, 1, 1, INT64_MAX, &n, "numkeys should be greater than 0")) return;
    if ((uint64_t)n > c->argc - 2) {
        ek_reply_error(c->reply, "ERR Number of keys can't be greater than number of args");
        return;
    }
    for (size_t i = 2 + (size_t)n; i < c->argc; i++) {
        if (may_approximate && ek_arg_is(c, i, "approx")) continue;
        if (!ek_arg_is(c, i, "limit") || i + 1 >= c->argc) {
            ek_reply_syntax_error(c);
            return;
        }
        if (!ek_arg_range(c, ++i, 0, INT64_MAX, &limit, "LIMIT can't be negative")) return;
    }
    if (!find_operands(c, 2, (size_t)n, &o)) return;
    run(c, &o, (size_t)limit, &out);
    ek_reply_int(c->reply, (int64_t)out.n);
}

void ek_cmd_sintercard(ek_ctx *c) { reply_count(c, intersect, false); }
void ek_cmd_sdiffcard(ek_ctx *c) { reply_count(c, diff_some, false); }
void ek_cmd_sunioncard(ek_ctx *c) { reply_count(c, unite_some, true); }
