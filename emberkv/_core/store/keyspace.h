/* Finding, making, changing and deleting keys. All but ek_keyspace_find change the arena.
 *
 * These functions know nothing of commands: they neither tell watchers nor count. A caller that
 * changes a value says so once by ek_key_changed (engine/context.h). */
#ifndef EK_STORE_KEYSPACE_H
#define EK_STORE_KEYSPACE_H

#include "store/access.h"
#include "store/store.h"

/* The entry as it stands, expired or not. False: v->entry is 0 (key and hash are set all the same,
 * so that v can be given to ek_keyspace_add). O(1). */
bool ek_keyspace_find(const ek_store *s, const ek_db *db, ek_str key, ek_value *v);
/* The same with the key's hash at hand, for callers that fetch ahead. */
EK_INLINE bool ek_keyspace_find_hashed(const ek_store *s, const ek_db *db, ek_str key,
                                       uint64_t hash, ek_value *v) {
    ek_ref ref = ek_table_find_with(s->a, &db->keys, ek_entry_key, hash, key);
    v->hash = hash;
    if (!ref) {
        v->entry = 0;
        v->outside = 0;
        v->key = key;
        v->expire_ms = EK_NO_EXPIRE;
        return false;
    }
    ek_entry_read(s->a, ref, v);
    return true;
}

/* Make an entry for a key that is not there, and tell that it is new (notify.h). plan->key may point
 * anywhere. Fills v. */
void ek_keyspace_add(ek_store *s, ek_db *db, const ek_entry_plan *plan, uint64_t hash, ek_value *v);

/* Give an existing key another value of any type; the time to live becomes plan->expire_ms. The old
 * value is freed (big ones in slices, later). In place when it fits. plan->key is ignored. */
void ek_keyspace_replace(ek_store *s, ek_db *db, ek_value *v, const ek_entry_plan *plan);

/* The same of the entry `item`, if it is a plain string with this key and a value as long as the plan's,
 * and the plan is inline without a time to live; false: it is not, and nothing is done. */
EK_INLINE bool ek_keyspace_overwrite(ek_store *s, ek_ref item,
                                     const ek_entry_plan *plan) {
    ek_entry *e = ek_ptr(s->a, item);
    uint8_t *key = (uint8_t *)(e + 1), *value = key + plan->key.n;
    uint32_t head = ek_load32(e);
    if ((head & EK_ENTRY_PLAIN) != ek_entry_plain_head(plan->key.n) || head >> 24 != plan->len ||
        plan->key.n > UINT8_MAX || !ek_table_key_is(s->a, (ek_str){key, plan->key.n}, plan->key))
        return false;
    uint8_t type_enc = (uint8_t)(plan->type | plan->enc << 4);
    if (EK_UNLIKELY((uint8_t)head != type_enc)) EK_SET(s->a, e->type_enc, type_enc);
    ek_access_note(s, e, ek_access_replaced(s, e->access, plan->access));
    ek_touch(s->a, value, plan->len);
    ek_copy(value, plan->bytes, plan->len);
    return true;
}

/* Add or replace. */
void ek_keyspace_put(ek_store *s, ek_db *db, ek_value *v, const ek_entry_plan *plan);

/* Replace `remove` bytes at `at` of a value made of bytes by `insert` bytes that the caller writes at
 * the pointer returned (they are announced). In place when the block has room; v is brought up to
 * date. O(bytes behind at), amortised O(insert) at the end of a value. */
uint8_t *ek_value_splice(ek_store *s, ek_db *db, ek_value *v, size_t at, size_t remove,
                         size_t insert);
/* Announce that bytes [at, at + n) of the value will be overwritten in place; returns their place. */
uint8_t *ek_value_overwrite(ek_store *s, ek_value *v, size_t at, size_t n);
void ek_value_set_encoding(ek_store *s, ek_value *v, ek_encoding enc);
/* Put a container in the place of the bytes (or of another container's root, which is not freed). */
void ek_value_set_root(ek_store *s, ek_db *db, ek_value *v, ek_encoding enc, ek_ref root);

void ek_keyspace_delete(ek_store *s, ek_db *db, ek_value *v); /* big values are freed later */
/* EK_NO_EXPIRE takes the time to live away. */
void ek_keyspace_set_expire(ek_store *s, ek_db *db, ek_value *v, int64_t expire_ms);
/* Take the entry out of db under its key and put it into to under new_key, which must be free; value
 * and time to live go with it, without a copy of anything outside the entry. */
void ek_keyspace_move(ek_store *s, ek_db *db, ek_value *v, ek_db *to, ek_str new_key,
                      ek_value *moved);
void ek_keyspace_clear(ek_store *s, ek_db *db); /* O(1): the tables become garbage */

/* Move the blocks of an entry that lie in mostly free slabs, see ek_alloc_is_sparse: how many. */
unsigned ek_keyspace_tidy(ek_store *s, ek_db *db, ek_ref entry);

/* Keep a hash in the index of those with expiring fields, or out of it. Idempotent. */
void ek_keyspace_set_field_expires(ek_store *s, ek_db *db, const ek_value *v, bool has);

EK_INLINE bool ek_value_expired(const ek_store *s, const ek_value *v) {
    return EK_UNLIKELY(v->expire_ms != EK_NO_EXPIRE) && v->expire_ms <= ek_store_now_ms(s);
}

size_t ek_value_bytes(ek_store *s, const ek_value *v); /* all blocks of key and value, tables too */
bool ek_value_check(const ek_store *s, const ek_value *v); /* walks the container, if it is one */
bool ek_keyspace_check(const ek_store *s, const ek_db *db);

#endif
