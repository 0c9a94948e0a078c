/* Hashes: fields with values, and a time to live for any single field.
 *
 *   listpack          | field | value | field | value | ...
 *   listpack, ex      | i64 soonest | field | value | time | ...       time: ms, 0 for none
 *   hashtable         root: | table of field blocks |
 *   hashtable, ex     root: | table of field blocks | skiplist of (time, block) |
 *
 *   field block       | x,klen | vlen | [klen u32] | [vlen u32] | [time i64] | field | value |
 *
 * `soonest` is not later than any time in the hash. In a field block bit 7 of the first byte says
 * that there is a time; a length of a field above 126, and of a value above 254, has four bytes of
 * its own. The skiplist's members are the four bytes of the blocks' references. A hash that once got
 * a field with a time stays "ex" as long as it lives.
 *
 * A field whose time has come is gone for every caller: found by name it is deleted there and then,
 * in a walk it is passed over. ek_hash_purge deletes many, soonest first. Every call of a command
 * takes the same `now_ms`; that of a hash which cannot have times is never looked at (see
 * ek_hash_has_times).
 *
 * Costs: find, put and remove O(1) in a table (O(log n) with a time), O(n) in a listpack, which stays
 * below hash-max-listpack-entries. Owner: the key's entry. Lock: the store's.
 */
#ifndef EK_STORE_VALUE_HASH_H
#define EK_STORE_VALUE_HASH_H

#include "base/number.h"
#include "data/listpack.h"
#include "store/keyspace.h"
#include "store/store.h"

/* Where a field stands in a hash, or would stand. */
typedef struct ek_hash_place {
    bool found;
    size_t at;       /* listpack: offset of the field's entry, or of the end */
    ek_ref block;    /* hashtable */
    uint64_t hash;   /* hashtable */
    int64_t expire_ms; /* EK_NO_EXPIRE */
    ek_str value;    /* valid until the hash changes; may point into room: do not copy the struct */
    char room[EK_I64_CHARS];
} ek_hash_place;

/* Of a field block: see above. */
#define EK_HASH_HAS_TIME 0x80u
#define EK_HASH_LONG_FIELD 0x7fu
#define EK_HASH_LONG_VALUE 0xffu

/* The key function of the table. */
EK_INLINE ek_str ek_hash_block_field(const ek_arena *a, ek_ref block) {
    const uint8_t *p = ek_ptr(a, block);
    const uint8_t *field =
        p + 2 + (p[1] == EK_HASH_LONG_VALUE ? 4 : 0) + (p[0] & EK_HASH_HAS_TIME ? 8 : 0);
    size_t n = p[0] & EK_HASH_LONG_FIELD;
    if (EK_UNLIKELY(n == EK_HASH_LONG_FIELD)) {
        n = ek_load32(p + 2);
        field += 4;
    }
    return (ek_str){field, n};
}

EK_INLINE bool ek_hash_has_times(const ek_value *v) {
    return v->enc == EK_ENC_LISTPACK_EX || v->enc == EK_ENC_HASHTABLE_EX;
}

/* Look a field up. v is a hash; it changes when the field has expired. */
bool ek_hash_find(ek_store *s, ek_db *db, ek_value *v, ek_str field, int64_t now_ms,
                  ek_hash_place *place);

/* Give the field this value and time; `place` is what ek_hash_find said just before. The encoding
 * follows from the settings. Neither string may lie inside the hash. */
void ek_hash_put(ek_store *s, ek_db *db, ek_value *v, const ek_hash_place *place, ek_str field,
                 ek_str value, int64_t expire_ms);
/* Change the time only. place->found is true. */
void ek_hash_set_expire(ek_store *s, ek_db *db, ek_value *v, const ek_hash_place *place,
                        int64_t expire_ms);
/* Take a field out that was found. The caller deletes the key when nothing is left (ek_hash_len). */
void ek_hash_remove(ek_store *s, ek_db *db, ek_value *v, const ek_hash_place *place);

/* Make a key that is not there a hash of n > 0 fields: field, value, field, value. Of a field that
 * comes twice the last value counts; if the caller knows that none does (`differ`), a small hash of
 * n fields costs O(n) instead of O(n^2). Returns the number of fields. */
size_t ek_hash_create(ek_store *s, ek_db *db, ek_value *v, ek_str key, const ek_str *pairs, size_t n,
                      bool differ);
/* Make a key that is not there a hash of a run of entries, field and value, which are as ek_lp_is_ours
 * says, no string being longer than hash-max-listpack-value, and all fields different. False, and
 * nothing is done: there are more than a listpack may have here. */
bool ek_hash_put_run(ek_store *s, ek_db *db, ek_value *v, ek_str run, size_t fields);
/* As a listpack no longer: for a caller that knows that it is about to grow beyond one. */
void ek_hash_to_table(ek_store *s, ek_db *db, ek_value *v);

size_t ek_hash_len(const ek_store *s, const ek_value *v, int64_t now_ms);

/* Visit the fields; stops when visit returns false. The hash must not change meanwhile. */
typedef struct ek_hash_pair {
    ek_str field, value;
    int64_t expire_ms;
    char field_room[EK_I64_CHARS], value_room[EK_I64_CHARS];
} ek_hash_pair;
typedef bool ek_hash_each_fn(void *arg, const ek_hash_pair *pair);
void ek_hash_each(const ek_store *s, const ek_value *v, int64_t now_ms, ek_hash_each_fn *visit,
                  void *arg);
/* One step of a scan, see ek_table_scan; all at once when it is a listpack. */
uint64_t ek_hash_scan(const ek_store *s, const ek_value *v, int64_t now_ms, uint64_t cursor,
                      size_t count, ek_hash_each_fn *visit, void *arg);
/* A random field of a hashtable that holds one which has not expired. */
void ek_hash_random(ek_store *s, const ek_value *v, int64_t now_ms, ek_hash_pair *pair);

/* --- fields whose time has come --- */

/* When the first of the hash's fields expires, or earlier; EK_NO_EXPIRE: none does. O(1). */
int64_t ek_hash_soonest(const ek_arena *a, const ek_value *v);
/* Visit those that ek_hash_purge would delete. */
void ek_hash_each_passed(const ek_store *s, const ek_value *v, int64_t now_ms, size_t budget,
                         ek_hash_each_fn *visit, void *arg);
/* Tell who listens (notify.h) of those that ek_hash_purge is about to delete. */
void ek_hash_tell_passed(ek_store *s, uint32_t db, const ek_value *v, int64_t now_ms, size_t budget);
/* Delete up to about `budget` fields that have expired; how many were. When all have, nothing is
 * deleted, and *all_gone tells the caller to delete the key. */
size_t ek_hash_purge(ek_store *s, ek_db *db, ek_value *v, int64_t now_ms, size_t budget,
                     bool *all_gone);

#endif
