#include "store/keyspace.h"

#include "store/access.h"
#include "store/evict.h"
#include "store/garbage.h"
#include "store/notify.h"
#include "store/pins.h"
#include "store/values.h"

#define SPARE ((size_t)1 << 20) /* up to here a growing value doubles; then it adds an eighth */
#define BACK_INLINE (EK_ENTRY_INLINE_MAX / 2)

static ek_str key_of(const ek_arena *a, ek_ref item) { return ek_entry_key(a, item); }

bool ek_keyspace_find(const ek_store *s, const ek_db *db, ek_str key, ek_value *v) {
    return ek_keyspace_find_hashed(s, db, key, ek_table_hash(s->a, key), v);
}

/* Replace the entry's block in every table that has it; v is read anew. */
static void moved(ek_store *s, ek_db *db, ek_value *v, ek_ref fresh) {
    ek_arena *a = s->a;
    ek_ref old = v->entry;
    uint64_t hash = v->hash;
    bool expired_before = v->expire_ms != EK_NO_EXPIRE;
    bool expires_now = ek_entry_expire(a, fresh) != EK_NO_EXPIRE;
    ek_table_swap(a, &db->keys, hash, old, fresh);
    if (expired_before && expires_now) ek_table_swap(a, &db->expires, hash, old, fresh);
    else if (expired_before) ek_table_remove(a, &db->expires, key_of, hash, old);
    else if (expires_now) ek_table_add(a, &db->expires, key_of, hash, fresh);
    if (EK_UNLIKELY(db->field_expires.count)) ek_table_swap(a, &db->field_expires, hash, old, fresh);
    ek_free(a, old);
    ek_entry_read(a, fresh, v);
}

static uint32_t access_of(const ek_store *s, const ek_value *v) {
    return ((const ek_entry *)ek_ptr(s->a, v->entry))->access;
}

/* The 8 bytes in the entry that tell where an outside value is. */
static uint8_t *outside_slot(const ek_value *v) { return (uint8_t *)v->key.p + v->key.n; }

static void set_outside(ek_store *s, ek_value *v, ek_ref block, size_t len) {
    uint8_t *slot = outside_slot(v);
    ek_touch(s->a, slot, 8);
    ek_store32(slot, block);
    ek_store32(slot + 4, (uint32_t)len);
    v->outside = block;
    v->data = ek_ptr(s->a, block);
    v->len = len;
}

static void set_inline_len(ek_store *s, ek_value *v, size_t len) {
    ek_entry *e = ek_ptr(s->a, v->entry);
    if (e->flags & EK_ENTRY_LONG_VALUE) {
        uint8_t *p = (uint8_t *)v->key.p - 4;
        ek_touch(s->a, p, 4);
        ek_store32(p, (uint32_t)len);
    } else {
        EK_SET(s->a, e->vlen, (uint8_t)len);
    }
    v->len = len;
}

static bool has_long_value(const ek_store *s, const ek_value *v) {
    return ((const ek_entry *)ek_ptr(s->a, v->entry))->flags & EK_ENTRY_LONG_VALUE;
}

static size_t data_offset(const ek_store *s, const ek_value *v) {
    return (size_t)(v->data - (uint8_t *)ek_ptr(s->a, v->entry));
}

/* Can an inline value of this entry become `len` inline bytes where it stands? */
static bool fits(const ek_store *s, const ek_value *v, size_t len) {
    if (v->outside || len > EK_ENTRY_INLINE_MAX || has_long_value(s, v) != (len > UINT8_MAX))
        return false;
    size_t total = data_offset(s, v) + len, have = ek_usable(s->a, v->entry);
    return total <= have && have <= total * 2 + 16;
}

static void free_value(ek_store *s, const ek_value *v) {
    if (!v->outside) return;
    if (ek_is_container(v->enc)) ek_garbage_value(s, v->type, v->enc, v->outside);
    else ek_free_bytes(s, v->outside);
}

void ek_keyspace_add(ek_store *s, ek_db *db, const ek_entry_plan *plan, uint64_t hash,
                     ek_value *v) {
    ek_ref ref = ek_entry_new(s->a, plan);
    ek_table_add(s->a, &db->keys, key_of, hash, ref);
    if (plan->expire_ms != EK_NO_EXPIRE) ek_table_add(s->a, &db->expires, key_of, hash, ref);
    v->hash = hash;
    ek_entry_read(s->a, ref, v);
    ek_access_came(s, v);
    ek_evict_added(s, (uint32_t)(db - s->dbs), hash);
    ek_notify(s, (uint32_t)(db - s->dbs), EK_EVENT_NEW, v->key, "new");
}

static bool replace_in_place(ek_store *s, ek_value *v, const ek_entry_plan *plan) {
    if (plan->outside || (plan->expire_ms != EK_NO_EXPIRE) != (v->expire_ms != EK_NO_EXPIRE) ||
        !fits(s, v, plan->len))
        return false;
    ek_entry *e = ek_ptr(s->a, v->entry);
    uint8_t type_enc = (uint8_t)(plan->type | plan->enc << 4);
    ek_touch(s->a, e, sizeof *e);
    e->type_enc = type_enc;
    e->access = ek_access_replaced(s, e->access, plan->access);
    v->type = plan->type;
    v->enc = plan->enc;
    if (plan->expire_ms != v->expire_ms) {
        ek_touch(s->a, e + 1, 8);
        ek_store64(e + 1, (uint64_t)plan->expire_ms);
        v->expire_ms = plan->expire_ms;
    }
    size_t old = v->len;
    ek_touch(s->a, v->data, old); /* all: a later change may take what is left over for slack */
    if (plan->len > old) ek_touch_slack(s->a, v->data + old, plan->len - old);
    if (plan->len != old) set_inline_len(s, v, plan->len);
    if (plan->bytes) memmove(v->data, plan->bytes, plan->len);
    return true;
}

void ek_keyspace_replace(ek_store *s, ek_db *db, ek_value *v, const ek_entry_plan *plan) {
    if (EK_UNLIKELY(v->enc == EK_ENC_LISTPACK_EX || v->enc == EK_ENC_HASHTABLE_EX))
        ek_keyspace_set_field_expires(s, db, v, false);
    if (replace_in_place(s, v, plan)) return;
    ek_entry_plan with_key = *plan;
    with_key.key = v->key;
    with_key.access = ek_access_replaced(s, access_of(s, v), plan->access);
    ek_ref fresh = ek_entry_new(s->a, &with_key);
    free_value(s, v);
    moved(s, db, v, fresh);
}

void ek_keyspace_put(ek_store *s, ek_db *db, ek_value *v, const ek_entry_plan *plan) {
    if (v->entry) ek_keyspace_replace(s, db, v, plan);
    else ek_keyspace_add(s, db, plan, v->hash, v);
}

/* --- values made of bytes --- */

static void announce_shift(ek_store *s, uint8_t *data, size_t len, size_t at, size_t remove,
                           size_t insert) {
    if (insert == remove) {
        ek_touch(s->a, data + at, remove);
        return;
    }
    if (at < len) ek_touch(s->a, data + at, len - at);
    if (insert > remove) ek_touch_slack(s->a, data + len, insert - remove);
}

static void copy_around(uint8_t *to, const uint8_t *from, size_t len, size_t at, size_t remove,
                        size_t insert) {
    memcpy(to, from, at);
    memcpy(to + at + insert, from + at + remove, len - at - remove);
}

/* An entry like v's with `len` bytes to be filled in. */
static ek_ref rebuilt(ek_store *s, const ek_value *v, size_t len, size_t spare) {
    ek_entry_plan plan = {
        .key = v->key, .type = v->type, .enc = v->enc, .expire_ms = v->expire_ms,
        .access = access_of(s, v), .len = len, .spare = spare,
    };
    return ek_entry_new(s->a, &plan);
}

uint8_t *ek_value_splice(ek_store *s, ek_db *db, ek_value *v, size_t at, size_t remove,
                         size_t insert) {
    ek_arena *a = s->a;
    size_t len = v->len, want = len - remove + insert;
    size_t spare = want > len && at + remove == len ? ek_min(want, ek_max(want / 8, SPARE)) : 0;
    bool stays = v->outside ? want > BACK_INLINE : fits(s, v, want);
    bool roomy = !v->outside || (want <= ek_usable(a, v->outside) && !ek_is_pinned(s, v->outside));
    if (stays && roomy) {
        announce_shift(s, v->data, len, at, remove, insert);
        if (want != len) {
            memmove(v->data + at + insert, v->data + at + remove, len - at - remove);
            if (v->outside) set_outside(s, v, v->outside, want);
            else set_inline_len(s, v, want);
        }
        return v->data + at;
    }
    const uint8_t *old_data = v->data;
    ek_ref old_outside = v->outside;
    if (stays) {
        ek_ref block = ek_alloc(a, want + spare);
        copy_around(ek_ptr(a, block), old_data, len, at, remove, insert);
        set_outside(s, v, block, want);
    } else {
        ek_ref fresh = rebuilt(s, v, want, want > EK_ENTRY_INLINE_MAX ? spare : 0);
        moved(s, db, v, fresh);
        copy_around(v->data, old_data, len, at, remove, insert);
    }
    ek_free_bytes(s, old_outside);
    return v->data + at;
}

uint8_t *ek_value_overwrite(ek_store *s, ek_value *v, size_t at, size_t n) {
    if (ek_is_pinned(s, v->outside)) {
        const uint8_t *old = v->data;
        ek_ref old_block = v->outside, block = ek_alloc(s->a, ek_usable(s->a, old_block));
        memcpy(ek_ptr(s->a, block), old, v->len);
        set_outside(s, v, block, v->len);
        ek_free_bytes(s, old_block);
        return v->data + at;
    }
    ek_touch(s->a, v->data + at, n);
    return v->data + at;
}

void ek_value_set_encoding(ek_store *s, ek_value *v, ek_encoding enc) {
    if (v->enc == enc) return;
    ek_entry *e = ek_ptr(s->a, v->entry);
    EK_SET(s->a, e->type_enc, (uint8_t)(v->type | enc << 4));
    v->enc = enc;
}

void ek_value_set_root(ek_store *s, ek_db *db, ek_value *v, ek_encoding enc, ek_ref root) {
    if (v->outside) {
        if (!ek_is_container(v->enc)) ek_free_bytes(s, v->outside);
        set_outside(s, v, root, 0);
        ek_value_set_encoding(s, v, enc);
        return;
    }
    ek_entry_plan plan = {
        .key = v->key, .type = v->type, .enc = enc, .expire_ms = v->expire_ms,
        .access = access_of(s, v), .outside = root,
    };
    ek_ref fresh = ek_entry_new(s->a, &plan);
    moved(s, db, v, fresh);
}

/* --- keys --- */

static void take_out(ek_store *s, ek_db *db, const ek_value *v) {
    ek_access_goes(s, v);
    ek_table_remove(s->a, &db->keys, key_of, v->hash, v->entry);
    if (v->expire_ms != EK_NO_EXPIRE)
        ek_table_remove(s->a, &db->expires, key_of, v->hash, v->entry);
    if (EK_UNLIKELY(db->field_expires.count))
        ek_table_remove(s->a, &db->field_expires, key_of, v->hash, v->entry);
}

void ek_keyspace_delete(ek_store *s, ek_db *db, ek_value *v) {
    take_out(s, db, v);
    ek_garbage_entry(s, v);
    v->entry = 0;
    v->outside = 0;
}

/* The plan of an entry with the same value, whose outside block goes along. */
static ek_entry_plan same_value(const ek_store *s, const ek_value *v) {
    return (ek_entry_plan){
        .key = v->key, .type = v->type, .enc = v->enc, .expire_ms = v->expire_ms,
        .access = access_of(s, v), .bytes = v->outside ? NULL : v->data, .len = v->len,
        .outside = v->outside,
    };
}

void ek_keyspace_set_expire(ek_store *s, ek_db *db, ek_value *v, int64_t expire_ms) {
    if (expire_ms == v->expire_ms) return;
    if (expire_ms != EK_NO_EXPIRE && v->expire_ms != EK_NO_EXPIRE) {
        uint8_t *p = (uint8_t *)ek_ptr(s->a, v->entry) + sizeof(ek_entry);
        ek_touch(s->a, p, 8);
        ek_store64(p, (uint64_t)expire_ms);
        v->expire_ms = expire_ms;
        return;
    }
    ek_entry_plan plan = same_value(s, v);
    plan.expire_ms = expire_ms;
    ek_ref fresh = ek_entry_new(s->a, &plan);
    moved(s, db, v, fresh);
}

unsigned ek_keyspace_tidy(ek_store *s, ek_db *db, ek_ref entry) {
    ek_arena *a = s->a;
    ek_value v;
    unsigned moves = 0;
    ek_entry_read(a, entry, &v);
    if (v.outside && !ek_is_container(v.enc) && ek_alloc_is_sparse(a, v.outside) &&
        !ek_is_pinned(s, v.outside)) {
        ek_ref old = v.outside, block = ek_alloc(a, ek_usable(a, old));
        memcpy(ek_ptr(a, block), v.data, v.len);
        set_outside(s, &v, block, v.len);
        ek_free(a, old);
        moves++;
    }
    if (!ek_alloc_is_sparse(a, entry) || ek_is_pinned(s, entry)) return moves;
    v.hash = ek_table_hash(a, v.key);
    ek_entry_plan plan = same_value(s, &v);
    ek_ref fresh = ek_entry_new(a, &plan);
    moved(s, db, &v, fresh);
    return moves + 1;
}

void ek_keyspace_move(ek_store *s, ek_db *db, ek_value *v, ek_db *to, ek_str new_key,
                      ek_value *moved_to) {
    ek_entry_plan plan = same_value(s, v);
    plan.key = new_key;
    bool field_expires = v->enc == EK_ENC_LISTPACK_EX || v->enc == EK_ENC_HASHTABLE_EX;
    take_out(s, db, v);
    ek_keyspace_add(s, to, &plan, ek_table_hash(s->a, new_key), moved_to);
    if (field_expires) ek_keyspace_set_field_expires(s, to, moved_to, true);
    ek_free(s->a, v->entry);
    v->entry = 0;
}

void ek_keyspace_set_field_expires(ek_store *s, ek_db *db, const ek_value *v, bool has) {
    ek_ref there = ek_table_find(s->a, &db->field_expires, key_of, v->hash, v->key);
    if (has && !there) ek_table_add(s->a, &db->field_expires, key_of, v->hash, v->entry);
    if (!has && there) ek_table_remove(s->a, &db->field_expires, key_of, v->hash, there);
}

void ek_keyspace_clear(ek_store *s, ek_db *db) {
    ek_garbage_keyspace(s, &db->keys);
    ek_garbage_index(s, &db->expires);
    ek_garbage_index(s, &db->field_expires);
    ek_touch(s->a, db, offsetof(ek_db, watched));
    memset(db, 0, offsetof(ek_db, watched));
}

size_t ek_value_bytes(ek_store *s, const ek_value *v) {
    size_t n = ek_usable(s->a, v->entry);
    if (!v->outside) return n;
    if (!ek_is_container(v->enc)) return n + ek_usable(s->a, v->outside);
    return n + ek_value_ops_of(v->type)->bytes(s->a, v->outside, v->enc);
}

typedef struct checking {
    const ek_store *s;
    const ek_db *db;
    size_t expires;
    bool ok;
} checking;

bool ek_value_check(const ek_store *s, const ek_value *v) {
    return !v->outside || !ek_is_container(v->enc) ||
           ek_value_ops_of(v->type)->check(s->a, v->outside, v->enc);
}

static bool check_entry(void *arg, ek_ref item) {
    checking *k = arg;
    const ek_store *s = k->s;
    ek_value v;
    ek_entry_read(s->a, item, &v);
    if (v.expire_ms != EK_NO_EXPIRE) {
        k->expires++;
        uint64_t hash = ek_table_hash(s->a, v.key);
        if (ek_table_find(s->a, &k->db->expires, key_of, hash, v.key) != item) k->ok = false;
    }
    if (!ek_value_check(s, &v)) k->ok = false;
    return k->ok;
}

/* An index holds the same blocks as the table of keys. */
static bool check_indexed(void *arg, ek_ref item) {
    checking *k = arg;
    ek_str key = key_of(k->s->a, item);
    uint64_t hash = ek_table_hash(k->s->a, key);
    if (ek_table_find(k->s->a, &k->db->keys, key_of, hash, key) != item) k->ok = false;
    return k->ok;
}

bool ek_keyspace_check(const ek_store *s, const ek_db *db) {
    checking k = {.s = s, .db = db, .ok = true};
    if (!ek_table_check(s->a, &db->keys, key_of) || !ek_table_check(s->a, &db->expires, key_of) ||
        !ek_table_check(s->a, &db->field_expires, key_of))
        return false;
    ek_table_each(s->a, &db->keys, check_entry, &k);
    ek_table_each(s->a, &db->field_expires, check_indexed, &k);
    return k.ok && k.expires == db->expires.count;
}
