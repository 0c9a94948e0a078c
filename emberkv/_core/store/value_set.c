#include "store/value_set.h"

#include "data/intset.h"
#include "store/values.h"

#define MEASURED_MAX 1000 /* members measured one by one; more are estimated from these */

/* --- member blocks --- */

static ek_str key_of(const ek_arena *a, ek_ref ref) { return ek_set_block_member(a, ref); }

static size_t block_bytes(ek_arena *a, size_t n) {
    if (n > UINT32_MAX) ek_raise(a, EK_ENOMEM);
    return 1 + (n >= EK_SET_LONG_MEMBER ? 4u : 0u) + n;
}

EK_INLINE void block_write(uint8_t *p, ek_str member) {
    *p++ = (uint8_t)ek_min(member.n, EK_SET_LONG_MEMBER);
    if (member.n >= EK_SET_LONG_MEMBER) {
        ek_store32(p, (uint32_t)member.n);
        p += 4;
    }
    ek_copy(p, member.p, member.n);
}

static ek_ref block_new(ek_arena *a, ek_str member) {
    ek_ref ref = ek_alloc(a, block_bytes(a, member.n));
    block_write(ek_ptr(a, ref), member);
    return ref;
}

static ek_table *table_of(const ek_arena *a, const ek_value *v) { return ek_ptr(a, v->outside); }

static ek_ref table_find(const ek_arena *a, const ek_table *t, uint64_t hash, ek_str member) {
    return ek_table_find_with(a, t, ek_set_block_member, hash, member);
}

static bool table_add(ek_arena *a, ek_table *t, ek_str member, uint64_t hash) {
    if (table_find(a, t, hash, member)) return false;
    ek_table_add(a, t, key_of, hash, block_new(a, member));
    return true;
}

/* --- intset or table --- */

static bool as_int(ek_str s, int64_t *out) { return ek_parse_i64(s.p, s.n, out); }

static ek_str text_of(int64_t i, char *room) {
    return (ek_str){(const uint8_t *)room, ek_format_i64(room, i)};
}

size_t ek_set_len(const ek_arena *a, const ek_value *v) {
    return v->enc == EK_ENC_INTSET ? ek_intset_count(v->data) : table_of(a, v)->count;
}

void ek_set_fetch(const ek_arena *a, const ek_value *v, const ek_str *members, size_t n,
                  uint64_t *hashes) {
    if (v->enc == EK_ENC_HASHTABLE) ek_table_fetch(a, table_of(a, v), members, 1, n, hashes, NULL);
    else for (size_t i = 0; i < n; i++) hashes[i] = n > 1 ? ek_table_hash(a, members[i]) : 0;
}

bool ek_set_has_hashed(const ek_arena *a, const ek_value *v, ek_str member, uint64_t hash) {
    int64_t i;
    if (v->enc == EK_ENC_INTSET) return as_int(member, &i) && ek_intset_find(v->data, i, NULL);
    return table_find(a, table_of(a, v), hash, member) != 0;
}

static void to_table(ek_store *s, ek_db *db, ek_value *v) {
    ek_ref root = ek_alloc_zeroed(s->a, sizeof(ek_table));
    ek_table *t = ek_ptr(s->a, root);
    char room[EK_I64_CHARS];
    for (uint32_t i = 0, n = ek_intset_count(v->data); i < n; i++) {
        ek_str member = text_of(ek_intset_get(v->data, i), room);
        ek_table_add(s->a, t, key_of, ek_table_hash(s->a, member), block_new(s->a, member));
    }
    ek_value_set_root(s, db, v, EK_ENC_HASHTABLE, root);
}

static void intset_note_count(ek_store *s, ek_value *v, uint32_t count) {
    ek_store32(ek_value_overwrite(s, v, EK_INTSET_COUNT_AT, 4), count);
}

static bool intset_add(ek_store *s, ek_db *db, ek_value *v, int64_t i) {
    ek_intset_plan plan = ek_intset_plan_add(v->data, i);
    if (plan.found) return false;
    uint32_t count = ek_intset_count(v->data), width = plan.width;
    if (count >= (uint64_t)s->root->config.set_max_intset_entries) {
        to_table(s, db, v);
        char room[EK_I64_CHARS];
        ek_str member = text_of(i, room);
        return table_add(s->a, table_of(s->a, v), member, ek_table_hash(s->a, member));
    }
    if (width == ek_intset_width(v->data)) {
        size_t at = EK_INTSET_HEADER + (size_t)plan.at * width;
        memcpy(ek_value_splice(s, db, v, at, 0, width), &i, width);
        intset_note_count(s, v, count + 1);
        return true;
    }
    /* Wider values: written behind the old ones, which then go. */
    size_t old = v->len;
    ek_value_splice(s, db, v, old, 0, plan.size);
    ek_intset_add(v->data + old, v->data, &plan, i);
    ek_value_splice(s, db, v, 0, old, 0);
    return true;
}

bool ek_set_add_hashed(ek_store *s, ek_db *db, ek_value *v, ek_str member, uint64_t hash) {
    int64_t i;
    if (v->enc == EK_ENC_INTSET) {
        if (as_int(member, &i)) return intset_add(s, db, v, i);
        to_table(s, db, v);
        hash = ek_table_hash(s->a, member);
    }
    return table_add(s->a, table_of(s->a, v), member, hash);
}

bool ek_set_remove_hashed(ek_store *s, ek_db *db, ek_value *v, ek_str member, uint64_t hash) {
    int64_t i;
    uint32_t at;
    if (v->enc == EK_ENC_INTSET) {
        if (!as_int(member, &i) || !ek_intset_find(v->data, i, &at)) return false;
        uint32_t count = ek_intset_count(v->data), width = ek_intset_width(v->data);
        ek_value_splice(s, db, v, EK_INTSET_HEADER + (size_t)at * width, width, 0);
        intset_note_count(s, v, count - 1);
        return true;
    }
    ek_ref block = table_find(s->a, table_of(s->a, v), hash, member);
    if (!block) return false;
    ek_table_remove(s->a, table_of(s->a, v), key_of, hash, block);
    ek_free(s->a, block);
    return true;
}

/* The integers among the members' first ones, as an intset at `to`; how many members that were. */
static size_t first_integers(const ek_str *members, size_t n, size_t max, uint8_t *to) {
    size_t i = 0;
    int64_t value;
    ek_intset_init(to);
    for (; i < n && as_int(members[i], &value); i++) {
        ek_intset_plan plan = ek_intset_plan_add(to, value);
        if (plan.found) continue;
        if (ek_intset_count(to) == max) break;
        ek_intset_add(to, to, &plan, value);
    }
    return i;
}

/* Members into a table that this transaction made: n, at most EK_TABLE_FETCHED. */
static void put_new(ek_arena *a, ek_table *t, const ek_str *members, size_t n) {
    ek_ref block[EK_TABLE_FETCHED];
    for (size_t from = 0, to; from < n; from = to) { /* as many as are of one length */
        for (to = from + 1; to < n && members[to].n == members[from].n; to++) {}
        ek_alloc_many(a, block_bytes(a, members[from].n), to - from, block + from);
    }
    for (size_t i = 0; i < n; i++) block_write(ek_ptr(a, block[i]), members[i]);
    uint32_t there = ek_table_put_new(a, t, ek_set_block_member, members, n, block);
    for (; there; there &= there - 1) ek_free(a, block[__builtin_ctz(there)]);
}

size_t ek_set_put(ek_store *s, ek_db *db, ek_value *v, ek_str key, const ek_str *members, size_t n,
                  uint8_t *room) {
    size_t done =
        first_integers(members, n, (size_t)s->root->config.set_max_intset_entries, room);
    ek_entry_plan plan = {.key = key, .type = EK_SET_TYPE, .enc = EK_ENC_INTSET,
                          .expire_ms = EK_NO_EXPIRE, .access = ek_access_begin(s)};
    if (done == n) {
        plan.bytes = room;
        plan.len = ek_intset_size(room);
        ek_keyspace_put(s, db, v, &plan);
        return ek_intset_count(room);
    }
    plan.enc = EK_ENC_HASHTABLE;
    plan.outside = ek_alloc_zeroed(s->a, sizeof(ek_table));
    ek_table *t = ek_ptr(s->a, plan.outside);
    ek_table_expect(s->a, t, n);
    for (size_t i = 0; i < n; i += EK_TABLE_FETCHED)
        put_new(s->a, t, members + i, ek_min(n - i, EK_TABLE_FETCHED));
    ek_keyspace_put(s, db, v, &plan);
    return t->count;
}

bool ek_set_put_intset(ek_store *s, ek_db *db, ek_value *v, ek_str bytes) {
    uint32_t count = ek_intset_count(bytes.p);
    if (count == 0 || count > (uint64_t)s->root->config.set_max_intset_entries) return false;
    ek_entry_plan plan = {.key = v->key, .type = EK_SET_TYPE, .enc = EK_ENC_INTSET,
                          .expire_ms = EK_NO_EXPIRE, .access = ek_access_begin(s),
                          .bytes = bytes.p, .len = bytes.n};
    ek_keyspace_add(s, db, &plan, v->hash, v);
    return true;
}

/* --- visiting --- */

typedef struct visiting {
    const ek_arena *a;
    ek_set_each_fn *visit;
    void *arg;
} visiting;

static bool visit_block(void *arg, ek_ref block) {
    const visiting *k = arg;
    return k->visit(k->arg, ek_set_block_member(k->a, block), NULL);
}

static void scan_block(void *arg, ek_ref block) { visit_block(arg, block); }

static void intset_each(const ek_value *v, ek_set_each_fn *visit, void *arg) {
    char room[EK_I64_CHARS];
    for (uint32_t i = 0, n = ek_intset_count(v->data); i < n; i++)
        if (!visit(arg, text_of(ek_intset_get(v->data, i), room), room)) return;
}

void ek_set_each(const ek_arena *a, const ek_value *v, ek_set_each_fn *visit, void *arg) {
    visiting k = {a, visit, arg};
    if (v->enc == EK_ENC_INTSET) intset_each(v, visit, arg);
    else ek_table_each(a, table_of(a, v), visit_block, &k);
}

uint64_t ek_set_scan(const ek_arena *a, const ek_value *v, uint64_t cursor, size_t count,
                     ek_set_each_fn *visit, void *arg) {
    visiting k = {a, visit, arg};
    if (v->enc != EK_ENC_INTSET)
        return ek_table_scan(a, table_of(a, v), key_of, cursor, count, scan_block, &k);
    intset_each(v, visit, arg);
    return 0;
}

ek_str ek_set_random(ek_store *s, const ek_value *v, char room[EK_I64_CHARS]) {
    if (v->enc == EK_ENC_INTSET) return text_of(ek_intset_random(v->data, &s->random), room);
    return ek_set_block_member(s->a, ek_table_random(s->a, table_of(s->a, v), &s->random));
}

/* --- what every type of container tells --- */

static ek_table *root_at(const ek_arena *a, ek_ref ref) { return ek_ptr(a, ref); }

static size_t weight(const ek_arena *a, ek_ref root, ek_encoding enc) {
    return root_at(a, root)->count;
}

static void release_block(ek_arena *a, void *arg, ek_ref block) { ek_free(a, block); }

static bool drain(ek_arena *a, ek_ref root, ek_encoding enc, size_t budget) {
    if (!ek_table_drain(a, root_at(a, root), budget, release_block, NULL)) return false;
    ek_free(a, root);
    return true;
}

typedef struct copying {
    ek_arena *a;
    ek_table *to;
} copying;

static bool copy_block(void *arg, ek_ref block) {
    const copying *k = arg;
    ek_str member = ek_set_block_member(k->a, block);
    ek_table_add(k->a, k->to, key_of, ek_table_hash(k->a, member), block_new(k->a, member));
    return true;
}

static ek_ref copy(ek_store *s, ek_ref root, ek_encoding enc) {
    ek_ref to = ek_alloc_zeroed(s->a, sizeof(ek_table));
    copying k = {s->a, root_at(s->a, to)};
    ek_table_each(s->a, root_at(s->a, root), copy_block, &k);
    return to;
}

typedef struct measuring {
    const ek_arena *a;
    size_t n, blocks;
} measuring;

static bool measure_block(void *arg, ek_ref block) {
    measuring *m = arg;
    m->blocks += ek_usable(m->a, block);
    return ++m->n < MEASURED_MAX;
}

static size_t bytes(const ek_arena *a, ek_ref root, ek_encoding enc) {
    const ek_table *t = root_at(a, root);
    measuring m = {.a = a};
    ek_table_each(a, t, measure_block, &m);
    size_t blocks = m.n ? (size_t)((double)m.blocks / (double)m.n * t->count) : 0;
    return ek_usable(a, root) + ek_table_bytes(a, t) + blocks;
}

typedef struct checking {
    const ek_arena *a;
    bool ok;
} checking;

static bool check_block(void *arg, ek_ref block) {
    checking *k = arg;
    ek_str member = ek_set_block_member(k->a, block);
    size_t head = (size_t)(member.p - (const uint8_t *)ek_ptr(k->a, block));
    k->ok = head + member.n <= ek_usable(k->a, block);
    return k->ok;
}

static bool check(const ek_arena *a, ek_ref root, ek_encoding enc) {
    checking k = {a, true};
    if (!ek_table_check(a, root_at(a, root), key_of)) return false;
    ek_table_each(a, root_at(a, root), check_block, &k);
    return k.ok;
}

const ek_value_ops ek_value_set = {
    .weight = weight,
    .drain = drain,
    .copy = copy,
    .bytes = bytes,
    .check = check,
};
