#include "store/value_hash.h"

#include "data/skiplist.h"
#include "store/feed.h"
#include "store/values.h"

typedef struct hash_root {
    ek_table fields;
    ek_skiplist times; /* only there with EK_ENC_HASHTABLE_EX */
} hash_root;

#define PLAIN_ROOT_BYTES offsetof(hash_root, times)
#define SOONEST_BYTES 8
#define MEASURED_MAX 1000 /* fields measured one by one; more are estimated from these */

/* --- field blocks --- */

#define HAS_TIME EK_HASH_HAS_TIME
#define LONG_FIELD EK_HASH_LONG_FIELD
#define LONG_VALUE EK_HASH_LONG_VALUE

typedef struct block_view {
    uint8_t *vlen; /* the byte, or the four bytes, that hold it */
    uint8_t *time; /* NULL: none */
    uint8_t *value;
    ek_str field;
    size_t len;
    int64_t expire_ms;
} block_view;

static ek_str key_of(const ek_arena *a, ek_ref ref) { return ek_hash_block_field(a, ref); }

static inline block_view block_read(const ek_arena *a, ek_ref ref) {
    uint8_t *p = ek_ptr(a, ref), *at = p + 2;
    block_view b = {.vlen = p + 1, .len = p[1], .expire_ms = EK_NO_EXPIRE};
    b.field.n = p[0] & LONG_FIELD;
    if (EK_UNLIKELY(b.field.n == LONG_FIELD)) {
        b.field.n = ek_load32(at);
        at += 4;
    }
    if (EK_UNLIKELY(b.len == LONG_VALUE)) {
        b.vlen = at;
        b.len = ek_load32(at);
        at += 4;
    }
    if (p[0] & HAS_TIME) {
        b.time = at;
        b.expire_ms = (int64_t)ek_load64(at);
        at += 8;
    }
    b.field.p = at;
    b.value = at + b.field.n;
    return b;
}

static size_t block_bytes(ek_str field, size_t value, bool has_time) {
    return 2 + (field.n >= LONG_FIELD ? 4u : 0u) + (value >= LONG_VALUE ? 4u : 0u) +
           (has_time ? 8u : 0u) + field.n + value;
}

static ek_ref block_new(ek_arena *a, ek_str field, ek_str value, int64_t expire_ms) {
    bool has_time = expire_ms != EK_NO_EXPIRE;
    if (field.n > UINT32_MAX || value.n > UINT32_MAX) ek_raise(a, EK_ENOMEM);
    ek_ref ref = ek_alloc(a, block_bytes(field, value.n, has_time));
    uint8_t *p = ek_ptr(a, ref), *at = p + 2;
    p[0] = (uint8_t)(ek_min(field.n, LONG_FIELD) | (has_time ? HAS_TIME : 0));
    p[1] = (uint8_t)ek_min(value.n, LONG_VALUE);
    if (field.n >= LONG_FIELD) {
        ek_store32(at, (uint32_t)field.n);
        at += 4;
    }
    if (value.n >= LONG_VALUE) {
        ek_store32(at, (uint32_t)value.n);
        at += 4;
    }
    if (has_time) {
        ek_store64(at, (uint64_t)expire_ms);
        at += 8;
    }
    memcpy(at, field.p, field.n);
    memcpy(at + field.n, value.p, value.n);
    return ref;
}

/* Overwrite value and time where the block stands. False: it needs another block. */
static bool block_overwrite(ek_arena *a, ek_ref ref, ek_str value, int64_t expire_ms) {
    block_view b = block_read(a, ref);
    bool has_time = expire_ms != EK_NO_EXPIRE;
    if (has_time != (b.time != NULL) || (value.n >= LONG_VALUE) != (b.len >= LONG_VALUE))
        return false;
    size_t total = block_bytes(b.field, value.n, has_time), have = ek_usable(a, ref);
    if (total > have || have > 2 * total + 32) return false;
    if (has_time && expire_ms != b.expire_ms) {
        ek_touch(a, b.time, 8);
        ek_store64(b.time, (uint64_t)expire_ms);
    }
    if (value.n != b.len) {
        size_t width = value.n >= LONG_VALUE ? 4 : 1;
        ek_touch(a, b.vlen, width);
        memcpy(b.vlen, &(uint32_t){(uint32_t)value.n}, width);
    }
    if (value.p == b.value) return true; /* only the time changes */
    ek_touch(a, b.value, b.len); /* all of it: a later change may take the rest for slack */
    if (value.n > b.len) ek_touch_slack(a, b.value + b.len, value.n - b.len);
    memcpy(b.value, value.p, value.n);
    return true;
}

/* --- what the encodings have in common --- */

static bool is_table(const ek_value *v) {
    return v->enc == EK_ENC_HASHTABLE || v->enc == EK_ENC_HASHTABLE_EX;
}
static hash_root *root_of(const ek_arena *a, const ek_value *v) { return ek_ptr(a, v->outside); }

static size_t lp_base(const ek_value *v) { return v->enc == EK_ENC_LISTPACK_EX ? SOONEST_BYTES : 0; }
static unsigned lp_stride(const ek_value *v) { return v->enc == EK_ENC_LISTPACK_EX ? 3 : 2; }
static const uint8_t *lp_end(const ek_value *v) { return v->data + v->len; }

static int64_t lp_time(const uint8_t *p) {
    ek_lp_value time;
    ek_lp_get(p, &time);
    return time.i ? time.i : EK_NO_EXPIRE;
}
static int64_t time_entry(int64_t expire_ms) { return expire_ms == EK_NO_EXPIRE ? 0 : expire_ms; }

/* --- times of a hashtable --- */

static ek_str time_member(const ek_ref *block) {
    return (ek_str){(const uint8_t *)block, sizeof *block};
}

static void times_add(ek_store *s, hash_root *root, int64_t expire_ms, ek_ref block) {
    ek_skiplist_insert(s->a, &root->times, &s->random, (double)expire_ms, time_member(&block));
}

static void times_remove(ek_store *s, hash_root *root, int64_t expire_ms, ek_ref block) {
    ek_ref node =
        ek_skiplist_seek(s->a, &root->times, (double)expire_ms, time_member(&block)).node;
    if (!node) ek_raise(s->a, EK_ECORRUPT);
    ek_skiplist_remove(s->a, &root->times, node);
    ek_free(s->a, node);
}

static ek_ref times_block(const ek_arena *a, ek_ref node) {
    return ek_load32(ek_skiplist_member(a, node).p);
}

/* Tell the keyspace whether any field has a time. */
static void note_times(ek_store *s, ek_db *db, const ek_value *v) {
    ek_keyspace_set_field_expires(s, db, v, ek_hash_soonest(s->a, v) != EK_NO_EXPIRE);
}

/* --- finding --- */

static void lp_find(const ek_value *v, ek_str field, ek_hash_place *place) {
    const uint8_t *p =
        ek_lp_find(v->data + lp_base(v), lp_end(v), field.p, field.n, lp_stride(v));
    place->found = p != NULL;
    place->expire_ms = EK_NO_EXPIRE;
    if (!p) {
        place->at = v->len;
        return;
    }
    place->at = (size_t)(p - v->data);
    p = ek_lp_next(p);
    ek_lp_value value;
    ek_lp_get(p, &value);
    place->value = ek_lp_text(&value, place->room);
    if (v->enc == EK_ENC_LISTPACK_EX) place->expire_ms = lp_time(ek_lp_next(p));
}

static void table_find(const ek_store *s, const ek_value *v, ek_str field, ek_hash_place *place) {
    place->hash = ek_table_hash(s->a, field);
    place->expire_ms = EK_NO_EXPIRE;
    place->block =
        ek_table_find_with(s->a, &root_of(s->a, v)->fields, ek_hash_block_field, place->hash, field);
    place->found = place->block != 0;
    if (!place->found) return;
    block_view b = block_read(s->a, place->block);
    place->value = (ek_str){b.value, b.len};
    place->expire_ms = b.expire_ms;
}

static void find_any(const ek_store *s, const ek_value *v, ek_str field, ek_hash_place *place) {
    if (is_table(v)) table_find(s, v, field, place);
    else lp_find(v, field, place);
}

bool ek_hash_find(ek_store *s, ek_db *db, ek_value *v, ek_str field, int64_t now_ms,
                  ek_hash_place *place) {
    find_any(s, v, field, place);
    if (EK_UNLIKELY(place->expire_ms <= now_ms) && place->found) {
        ek_hash_remove(s, db, v, place);
        find_any(s, v, field, place);
    }
    return place->found;
}

/* --- other encodings --- */

typedef struct converting {
    ek_store *s;
    hash_root *root;
} converting;

static bool add_to_table(void *arg, const ek_hash_pair *pair) {
    converting *k = arg;
    ek_arena *a = k->s->a;
    ek_ref block = block_new(a, pair->field, pair->value, pair->expire_ms);
    uint64_t hash = ek_table_hash(a, pair->field);
    ek_table_add(a, &k->root->fields, key_of, hash, block);
    if (pair->expire_ms != EK_NO_EXPIRE) times_add(k->s, k->root, pair->expire_ms, block);
    return true;
}

static bool lp_each(const ek_value *v, int64_t now, ek_hash_each_fn *visit, void *arg);

void ek_hash_to_table(ek_store *s, ek_db *db, ek_value *v) {
    if (is_table(v)) return;
    bool ex = v->enc == EK_ENC_LISTPACK_EX;
    ek_ref ref = ek_alloc_zeroed(s->a, ex ? sizeof(hash_root) : PLAIN_ROOT_BYTES);
    converting k = {s, ek_ptr(s->a, ref)};
    lp_each(v, 0, add_to_table, &k);
    ek_value_set_root(s, db, v, ex ? EK_ENC_HASHTABLE_EX : EK_ENC_HASHTABLE, ref);
}

/* Make room for times. */
static void to_ex(ek_store *s, ek_db *db, ek_value *v) {
    ek_arena *a = s->a;
    if (v->enc == EK_ENC_HASHTABLE) {
        ek_ref old = v->outside, ref = ek_alloc_zeroed(a, sizeof(hash_root));
        memcpy(ek_ptr(a, ref), ek_ptr(a, old), PLAIN_ROOT_BYTES);
        ek_value_set_root(s, db, v, EK_ENC_HASHTABLE_EX, ref);
        ek_free(a, old);
        return;
    }
    size_t old_len = v->len, entries = ek_lp_count(v->data, lp_end(v)) / 2;
    /* The new bytes are made from the old ones backwards, in place: each entry moves further back
     * than it stood, by the zeros that come between and by the head. */
    size_t zero = ek_lp_size_of_int(0);
    ek_value_splice(s, db, v, old_len, 0, SOONEST_BYTES + entries * zero);
    ek_value_overwrite(s, v, 0, old_len);
    uint8_t *end = v->data + old_len, *to = v->data + v->len;
    for (size_t i = 0; i < entries; i++) {
        const uint8_t *field = ek_lp_prev(ek_lp_prev(end));
        size_t n = (size_t)(end - field);
        to -= zero;
        end = (uint8_t *)field;
        memmove(to - n, field, n);
        ek_lp_put_int(to, 0);
        to -= n;
    }
    ek_store64(v->data, (uint64_t)EK_NO_EXPIRE);
    ek_value_set_encoding(s, v, EK_ENC_LISTPACK_EX);
}

/* --- changing --- */

static void lp_note_time(ek_store *s, ek_value *v, int64_t expire_ms) {
    if (expire_ms >= (int64_t)ek_load64(v->data)) return;
    ek_store64(ek_value_overwrite(s, v, 0, SOONEST_BYTES), (uint64_t)expire_ms);
}

static void lp_put(ek_store *s, ek_db *db, ek_value *v, const ek_hash_place *place, ek_str field,
                   ek_str value, int64_t expire_ms) {
    ek_lp_encoded f, e, t = {0};
    bool ex = v->enc == EK_ENC_LISTPACK_EX;
    ek_lp_encode(&e, value.p, value.n);
    if (ex) ek_lp_encode_int(&t, time_entry(expire_ms));
    if (place->found) {
        const uint8_t *p = ek_lp_next(v->data + place->at), *end = ek_lp_next(p);
        if (ex) end = ek_lp_next(end);
        size_t at = (size_t)(p - v->data), old = (size_t)(end - p), bytes = e.bytes + t.bytes;
        uint8_t *to = old == bytes ? ek_value_overwrite(s, v, at, old)
                                   : ek_value_splice(s, db, v, at, old, bytes);
        to = ek_lp_write(to, &e);
        if (ex) ek_lp_write(to, &t);
    } else {
        ek_lp_encode(&f, field.p, field.n);
        uint8_t *to = ek_value_splice(s, db, v, v->len, 0, f.bytes + e.bytes + t.bytes);
        to = ek_lp_write(ek_lp_write(to, &f), &e);
        if (ex) ek_lp_write(to, &t);
    }
    if (ex) lp_note_time(s, v, expire_ms);
}

static void table_put(ek_store *s, ek_value *v, const ek_hash_place *place, ek_str field,
                      ek_str value, int64_t expire_ms) {
    ek_arena *a = s->a;
    hash_root *root = root_of(a, v);
    ek_ref block = place->block;
    if (!place->found) {
        block = block_new(a, field, value, expire_ms);
        ek_table_add(a, &root->fields, key_of, place->hash, block);
    } else if (!block_overwrite(a, block, value, expire_ms)) {
        block = block_new(a, field, value, expire_ms);
        ek_table_swap(a, &root->fields, place->hash, place->block, block);
        ek_free(a, place->block);
    }
    if (EK_LIKELY(expire_ms == EK_NO_EXPIRE && place->expire_ms == EK_NO_EXPIRE)) return;
    if (block == place->block && expire_ms == place->expire_ms) return;
    if (place->expire_ms != EK_NO_EXPIRE) times_remove(s, root, place->expire_ms, place->block);
    if (expire_ms != EK_NO_EXPIRE) times_add(s, root, expire_ms, block);
}

static bool fits_listpack(const ek_store *s, ek_str str) {
    return str.n <= (size_t)s->root->config.hash_max_listpack_value;
}

void ek_hash_put(ek_store *s, ek_db *db, ek_value *v, const ek_hash_place *place, ek_str field,
                 ek_str value, int64_t expire_ms) {
    bool has_time = expire_ms != EK_NO_EXPIRE;
    bool to_table = !is_table(v) && (!fits_listpack(s, field) || !fits_listpack(s, value));
    ek_hash_place again;
    if (EK_UNLIKELY((has_time && !ek_hash_has_times(v)) || to_table)) {
        if (has_time && !ek_hash_has_times(v)) to_ex(s, db, v);
        if (to_table) ek_hash_to_table(s, db, v);
        find_any(s, v, field, &again);
        place = &again;
    }
    int64_t before = place->expire_ms;
    if (is_table(v)) {
        table_put(s, v, place, field, value, expire_ms);
    } else {
        bool fresh = !place->found;
        lp_put(s, db, v, place, field, value, expire_ms);
        size_t max = (size_t)s->root->config.hash_max_listpack_entries;
        if (fresh && v->len / 4 > max &&
            ek_lp_count(v->data + lp_base(v), lp_end(v)) / lp_stride(v) > max)
            ek_hash_to_table(s, db, v);
    }
    if (EK_UNLIKELY(before != expire_ms)) note_times(s, db, v);
}

void ek_hash_set_expire(ek_store *s, ek_db *db, ek_value *v, const ek_hash_place *place,
                        int64_t expire_ms) {
    if (expire_ms == place->expire_ms) return;
    if (is_table(v)) {
        if (!ek_hash_has_times(v)) to_ex(s, db, v);
        ek_str value = place->value, field = ek_hash_block_field(s->a, place->block);
        table_put(s, v, place, field, value, expire_ms);
    } else {
        size_t at = place->at;
        if (!ek_hash_has_times(v)) {
            size_t ordinal = ek_lp_count(v->data, v->data + at) / 2;
            to_ex(s, db, v);
            at = (size_t)(ek_lp_skip(v->data + SOONEST_BYTES, 3 * ordinal) - v->data);
        }
        const uint8_t *p = ek_lp_skip(v->data + at, 2);
        ek_lp_encoded t;
        ek_lp_encode_int(&t, time_entry(expire_ms));
        ek_lp_write(ek_value_splice(s, db, v, (size_t)(p - v->data), ek_lp_entry_bytes(p), t.bytes),
                    &t);
        lp_note_time(s, v, expire_ms);
    }
    note_times(s, db, v);
}

void ek_hash_remove(ek_store *s, ek_db *db, ek_value *v, const ek_hash_place *place) {
    ek_arena *a = s->a;
    if (is_table(v)) {
        hash_root *root = root_of(a, v);
        if (place->expire_ms != EK_NO_EXPIRE) {
            times_remove(s, root, place->expire_ms, place->block);
            if (root->times.count == 0) note_times(s, db, v);
        }
        ek_table_remove(a, &root->fields, key_of, place->hash, place->block);
        ek_free(a, place->block);
        return;
    }
    const uint8_t *end = ek_lp_skip(v->data + place->at, lp_stride(v));
    ek_value_splice(s, db, v, place->at, (size_t)(end - v->data) - place->at, 0);
}

/* Of fields that all differ. */
static void create_table(ek_store *s, ek_db *db, ek_value *v, ek_entry_plan *plan,
                         const ek_str *pairs, size_t n) {
    plan->enc = EK_ENC_HASHTABLE;
    plan->outside = ek_alloc_zeroed(s->a, PLAIN_ROOT_BYTES);
    ek_table *t = &((hash_root *)ek_ptr(s->a, plan->outside))->fields;
    ek_table_expect(s->a, t, n);
    for (size_t i = 0; i < 2 * n; i += 2)
        ek_table_add(s->a, t, key_of, ek_table_hash(s->a, pairs[i]),
                     block_new(s->a, pairs[i], pairs[i + 1], EK_NO_EXPIRE));
    ek_keyspace_add(s, db, plan, v->hash, v);
}

bool ek_hash_put_run(ek_store *s, ek_db *db, ek_value *v, ek_str run, size_t fields) {
    if (fields == 0 || fields > (size_t)s->root->config.hash_max_listpack_entries) return false;
    ek_entry_plan plan = {.key = v->key, .type = EK_HASH, .enc = EK_ENC_LISTPACK,
                          .expire_ms = EK_NO_EXPIRE, .access = ek_access_begin(s),
                          .bytes = run.p, .len = run.n};
    ek_keyspace_add(s, db, &plan, v->hash, v);
    return true;
}

size_t ek_hash_create(ek_store *s, ek_db *db, ek_value *v, ek_str key, const ek_str *pairs,
                      size_t n, bool differ) {
    size_t bytes = 0, first = ek_min(n, (size_t)s->root->config.hash_max_listpack_entries);
    bool small = true;
    for (size_t i = 0; small && i < 2 * n; i++) {
        small = fits_listpack(s, pairs[i]);
        if (i < 2 * first) bytes += ek_lp_size_of(pairs[i].p, pairs[i].n);
    }
    ek_entry_plan plan = {.key = key, .type = EK_HASH, .enc = EK_ENC_LISTPACK,
                          .expire_ms = EK_NO_EXPIRE, .access = ek_access_begin(s)};
    if (differ && (!small || n > first)) {
        create_table(s, db, v, &plan, pairs, n);
        return n;
    }
    if (small) {
        plan.len = bytes;
        ek_keyspace_add(s, db, &plan, v->hash, v);
        uint8_t *to = v->data;
        for (size_t i = 0; i < 2 * first; i += 2) {
            if (i && !differ && ek_lp_find(v->data, to, pairs[i].p, pairs[i].n, 2)) break;
            to = ek_lp_put(to, pairs[i].p, pairs[i].n);
            to = ek_lp_put(to, pairs[i + 1].p, pairs[i + 1].n);
        }
        size_t done = (size_t)(to - v->data), put = ek_lp_count(v->data, to) / 2;
        if (put == n) return n;
        if (done < bytes) ek_value_splice(s, db, v, done, bytes - done, 0); /* one came twice */
        pairs += 2 * put;
        n -= put;
    } else {
        plan.enc = EK_ENC_HASHTABLE;
        plan.outside = ek_alloc_zeroed(s->a, PLAIN_ROOT_BYTES);
        ek_keyspace_add(s, db, &plan, v->hash, v);
    }
    for (size_t i = 0; i < 2 * n; i += 2) {
        ek_hash_place place;
        find_any(s, v, pairs[i], &place);
        ek_hash_put(s, db, v, &place, pairs[i], pairs[i + 1], EK_NO_EXPIRE);
    }
    return ek_hash_len(s, v, 0);
}

/* --- visiting --- */

static void lp_pair(const uint8_t **p, bool ex, ek_hash_pair *pair) {
    ek_lp_value value;
    ek_lp_get(*p, &value);
    pair->field = ek_lp_text(&value, pair->field_room);
    *p = ek_lp_next(*p);
    ek_lp_get(*p, &value);
    pair->value = ek_lp_text(&value, pair->value_room);
    *p = ek_lp_next(*p);
    pair->expire_ms = EK_NO_EXPIRE;
    if (ex) {
        pair->expire_ms = lp_time(*p);
        *p = ek_lp_next(*p);
    }
}

static bool lp_each(const ek_value *v, int64_t now, ek_hash_each_fn *visit, void *arg) {
    ek_hash_pair pair;
    const uint8_t *p = v->data + lp_base(v), *end = lp_end(v);
    while (p < end) {
        lp_pair(&p, v->enc == EK_ENC_LISTPACK_EX, &pair);
        if (pair.expire_ms > now && !visit(arg, &pair)) return false;
    }
    return true;
}

typedef struct visiting {
    const ek_arena *a;
    int64_t now; /* 0: nothing of the hash can have expired */
    ek_hash_each_fn *visit;
    void *arg;
} visiting;

static bool visit_block(void *arg, ek_ref block) {
    const visiting *k = arg;
    block_view b = block_read(k->a, block);
    if (b.expire_ms <= k->now) return true;
    ek_hash_pair pair;
    pair.field = b.field;
    pair.value = (ek_str){b.value, b.len};
    pair.expire_ms = b.expire_ms;
    return k->visit(k->arg, &pair);
}

static void scan_block(void *arg, ek_ref block) { visit_block(arg, block); }

void ek_hash_each(const ek_store *s, const ek_value *v, int64_t now_ms, ek_hash_each_fn *visit,
                  void *arg) {
    visiting k = {s->a, now_ms, visit, arg};
    if (is_table(v)) ek_table_each(s->a, &root_of(s->a, v)->fields, visit_block, &k);
    else lp_each(v, now_ms, visit, arg);
}

uint64_t ek_hash_scan(const ek_store *s, const ek_value *v, int64_t now_ms, uint64_t cursor,
                      size_t count, ek_hash_each_fn *visit, void *arg) {
    visiting k = {s->a, now_ms, visit, arg};
    if (is_table(v))
        return ek_table_scan(s->a, &root_of(s->a, v)->fields, key_of, cursor, count, scan_block,
                             &k);
    lp_each(v, now_ms, visit, arg);
    return 0;
}

void ek_hash_random(ek_store *s, const ek_value *v, int64_t now_ms, ek_hash_pair *pair) {
    for (;;) {
        ek_ref block = ek_table_random(s->a, &root_of(s->a, v)->fields, &s->random);
        block_view b = block_read(s->a, block);
        if (b.expire_ms <= now_ms) continue;
        pair->field = b.field;
        pair->value = (ek_str){b.value, b.len};
        pair->expire_ms = b.expire_ms;
        return;
    }
}

static size_t lp_count_alive(const ek_value *v, int64_t now) {
    size_t n = 0;
    for (const uint8_t *p = v->data + SOONEST_BYTES, *end = lp_end(v); p < end;) {
        p = ek_lp_skip(p, 2);
        n += lp_time(p) > now;
        p = ek_lp_next(p);
    }
    return n;
}

static size_t ntimes_due(const ek_store *s, const hash_root *root, int64_t now) {
    return ek_skiplist_seek_score(s->a, &root->times, (double)now, true).rank;
}

size_t ek_hash_len(const ek_store *s, const ek_value *v, int64_t now_ms) {
    switch (v->enc) {
    case EK_ENC_LISTPACK: return ek_lp_count(v->data, lp_end(v)) / 2;
    case EK_ENC_HASHTABLE: return root_of(s->a, v)->fields.count;
    case EK_ENC_LISTPACK_EX: return lp_count_alive(v, now_ms);
    default: {
        const hash_root *root = root_of(s->a, v);
        return root->fields.count - ntimes_due(s, root, now_ms);
    }
    }
}

/* --- fields whose time has come --- */

int64_t ek_hash_soonest(const ek_arena *a, const ek_value *v) {
    if (v->enc == EK_ENC_LISTPACK_EX) return (int64_t)ek_load64(v->data);
    if (v->enc != EK_ENC_HASHTABLE_EX) return EK_NO_EXPIRE;
    const hash_root *root = root_of(a, v);
    ek_ref first = ek_skiplist_first(a, &root->times);
    return first ? (int64_t)ek_skiplist_score(a, first) : EK_NO_EXPIRE;
}

static void tell_lapsed(ek_store *s, const ek_db *db, const ek_value *v, ek_str field) {
    if (!ek_feed_on(s)) return;
    ek_str argv[] = {{(const uint8_t *)"HDEL", 4}, v->key, field};
    ek_feed_add(s, (uint32_t)(db - s->dbs), 3, argv);
}

static size_t lp_purge(ek_store *s, ek_db *db, ek_value *v, int64_t now) {
    size_t n = 0;
    int64_t soonest = EK_NO_EXPIRE;
    for (size_t at = SOONEST_BYTES; at < v->len;) {
        const uint8_t *time = ek_lp_skip(v->data + at, 2);
        int64_t expire_ms = lp_time(time);
        size_t bytes = (size_t)(ek_lp_next(time) - v->data) - at;
        if (expire_ms <= now) {
            char room[EK_I64_CHARS];
            ek_lp_value field;
            ek_lp_get(v->data + at, &field);
            tell_lapsed(s, db, v, ek_lp_text(&field, room));
            ek_value_splice(s, db, v, at, bytes, 0);
            n++;
        } else {
            if (expire_ms < soonest) soonest = expire_ms;
            at += bytes;
        }
    }
    ek_store64(ek_value_overwrite(s, v, 0, SOONEST_BYTES), (uint64_t)soonest);
    return n;
}

static size_t table_purge(ek_store *s, const ek_db *db, ek_value *v, int64_t now, size_t budget) {
    ek_arena *a = s->a;
    hash_root *root = root_of(a, v);
    size_t n = 0;
    for (; n < budget; n++) {
        ek_ref node = ek_skiplist_first(a, &root->times);
        if (!node || ek_skiplist_score(a, node) > (double)now) break;
        ek_ref block = times_block(a, node);
        tell_lapsed(s, db, v, ek_hash_block_field(a, block));
        ek_skiplist_remove(a, &root->times, node);
        ek_free(a, node);
        uint64_t hash = ek_table_hash(a, ek_hash_block_field(a, block));
        ek_table_remove(a, &root->fields, key_of, hash, block);
        ek_free(a, block);
    }
    return n;
}

typedef struct passing {
    int64_t now_ms;
    ek_hash_each_fn *visit;
    void *arg;
} passing;

static bool visit_passed(void *arg, const ek_hash_pair *pair) {
    const passing *p = arg;
    return pair->expire_ms > p->now_ms || p->visit(p->arg, pair);
}

void ek_hash_each_passed(const ek_store *s, const ek_value *v, int64_t now_ms, size_t budget,
                         ek_hash_each_fn *visit, void *arg) {
    const ek_arena *a = s->a;
    if (v->enc != EK_ENC_HASHTABLE_EX) {
        passing p = {now_ms, visit, arg};
        ek_hash_each(s, v, INT64_MIN, visit_passed, &p);
        return;
    }
    ek_ref node = ek_skiplist_first(a, &root_of(a, v)->times);
    for (; node && budget-- && ek_skiplist_score(a, node) <= (double)now_ms;
         node = ek_skiplist_next(a, node)) {
        ek_hash_pair pair = {.field = ek_hash_block_field(a, times_block(a, node))};
        if (!visit(arg, &pair)) return;
    }
}

size_t ek_hash_purge(ek_store *s, ek_db *db, ek_value *v, int64_t now_ms, size_t budget,
                     bool *all_gone) {
    *all_gone = false;
    if (!ek_hash_has_times(v)) return 0;
    if (ek_hash_soonest(s->a, v) > now_ms) return 0;
    *all_gone = ek_hash_len(s, v, now_ms) == 0;
    if (*all_gone) return 0;
    size_t n = v->enc == EK_ENC_LISTPACK_EX ? lp_purge(s, db, v, now_ms)
                                            : table_purge(s, db, v, now_ms, budget);
    note_times(s, db, v);
    return n;
}

/* --- what every type of container tells --- */

static hash_root *root_at(const ek_arena *a, ek_ref ref) { return ek_ptr(a, ref); }

static size_t weight(const ek_arena *a, ek_ref root, ek_encoding enc) {
    return root_at(a, root)->fields.count;
}

static void release_block(ek_arena *a, void *arg, ek_ref block) { ek_free(a, block); }

static bool drain(ek_arena *a, ek_ref ref, ek_encoding enc, size_t budget) {
    hash_root *root = root_at(a, ref);
    if (enc == EK_ENC_HASHTABLE_EX && root->times.head) {
        bool done = ek_skiplist_drain(a, &root->times, budget, NULL, NULL);
        if (!done || budget != SIZE_MAX) return false;
    }
    if (!ek_table_drain(a, &root->fields, budget, release_block, NULL)) return false;
    ek_free(a, ref);
    return true;
}

typedef struct copying {
    ek_store *s;
    hash_root *to;
} copying;

static bool copy_block(void *arg, ek_ref block) {
    const copying *k = arg;
    block_view b = block_read(k->s->a, block);
    ek_str value = {b.value, b.len};
    ek_ref fresh = block_new(k->s->a, b.field, value, b.expire_ms);
    uint64_t hash = ek_table_hash(k->s->a, b.field);
    ek_table_add(k->s->a, &k->to->fields, key_of, hash, fresh);
    if (b.time) times_add(k->s, k->to, b.expire_ms, fresh);
    return true;
}

static ek_ref copy(ek_store *s, ek_ref root, ek_encoding enc) {
    ek_ref to =
        ek_alloc_zeroed(s->a, enc == EK_ENC_HASHTABLE_EX ? sizeof(hash_root) : PLAIN_ROOT_BYTES);
    copying k = {s, root_at(s->a, to)};
    ek_table_each(s->a, &root_at(s->a, root)->fields, copy_block, &k);
    return to;
}

typedef struct measuring {
    const ek_arena *a;
    size_t n, blocks, times;
} measuring;

static bool measure_block(void *arg, ek_ref block) {
    measuring *m = arg;
    m->blocks += ek_usable(m->a, block);
    return ++m->n < MEASURED_MAX;
}

static size_t bytes(const ek_arena *a, ek_ref ref, ek_encoding enc) {
    const hash_root *root = root_at(a, ref);
    size_t total = ek_usable(a, ref) + ek_table_bytes(a, &root->fields);
    measuring m = {.a = a};
    ek_table_each(a, &root->fields, measure_block, &m);
    if (m.n) total += (size_t)((double)m.blocks / (double)m.n * root->fields.count);
    if (enc != EK_ENC_HASHTABLE_EX) return total;
    total += ek_skiplist_bytes(a, &root->times);
    ek_ref node = ek_skiplist_first(a, &root->times);
    for (m.n = 0; node && m.n < MEASURED_MAX; m.n++, node = ek_skiplist_next(a, node))
        m.times += ek_usable(a, node);
    if (m.n) total += (size_t)((double)m.times / (double)m.n * root->times.count);
    return total;
}

typedef struct checking {
    const ek_arena *a;
    const hash_root *root;
    size_t ntimes;
    bool ex, ok;
} checking;

static bool check_block(void *arg, ek_ref block) {
    checking *k = arg;
    block_view b = block_read(k->a, block);
    k->ok = block_bytes(b.field, b.len, b.time != NULL) <= ek_usable(k->a, block);
    if (k->ok && b.time) {
        k->ntimes++;
        k->ok = k->ex;
        if (k->ex) {
            ek_ref node = ek_skiplist_seek(k->a, &k->root->times, (double)b.expire_ms,
                                           time_member(&block)).node;
            k->ok = node && times_block(k->a, node) == block &&
                    ek_skiplist_score(k->a, node) == (double)b.expire_ms;
        }
    }
    return k->ok;
}

static bool check(const ek_arena *a, ek_ref ref, ek_encoding enc) {
    checking k = {.a = a, .root = root_at(a, ref), .ex = enc == EK_ENC_HASHTABLE_EX, .ok = true};
    if (!ek_table_check(a, &k.root->fields, key_of)) return false;
    ek_table_each(a, &k.root->fields, check_block, &k);
    if (!k.ok) return false;
    return !k.ex || (k.ntimes == k.root->times.count && ek_skiplist_check(a, &k.root->times));
}

const ek_value_ops ek_value_hash = {
    .weight = weight,
    .drain = drain,
    .copy = copy,
    .bytes = bytes,
    .check = check,
};
