/* Sets of strings.
 *
 *   intset       Redis's, byte for byte: see data/intset.h
 *   hashtable    root: | table of member blocks |
 *
 *   member block | n | bytes |   or, with more than 254 bytes,   | 255 | n u32 | bytes |
 *
 * A set of integers is an intset until it has more than set-max-intset-entries members or one that
 * is no integer. Costs: has, add, remove O(1) in a table, O(log n) and O(n) in an intset. Owner: the
 * key's entry. Lock: the store's.
 */
#ifndef EK_STORE_VALUE_SET_H
#define EK_STORE_VALUE_SET_H

#include "base/number.h"
#include "store/keyspace.h"
#include "store/store.h"

#define EK_SET_LONG_MEMBER 255u

/* The key function of the table. */
EK_INLINE ek_str ek_set_block_member(const ek_arena *a, ek_ref block) {
    const uint8_t *p = ek_ptr(a, block);
    if (EK_LIKELY(p[0] != EK_SET_LONG_MEMBER)) return (ek_str){p + 1, p[0]};
    return (ek_str){p + 5, ek_load32(p + 1)};
}

size_t ek_set_len(const ek_arena *a, const ek_value *v);

/* Members may come with their hashes, of ek_table_hash; a set of integers looks at none. */
EK_INLINE uint64_t ek_set_hash(const ek_arena *a, const ek_value *v, ek_str member) {
    return v->enc == EK_ENC_HASHTABLE ? ek_table_hash(a, member) : 0;
}
bool ek_set_has_hashed(const ek_arena *a, const ek_value *v, ek_str member, uint64_t hash);

/* The hashes of members, and what looking for them will read is fetched ahead; see ek_table_fetch. Of
 * several they are right for what the set becomes meanwhile, too. */
void ek_set_fetch(const ek_arena *a, const ek_value *v, const ek_str *members, size_t n,
                  uint64_t *hashes);

/* False: it was there already. The member may lie in another set. */
bool ek_set_add_hashed(ek_store *s, ek_db *db, ek_value *v, ek_str member, uint64_t hash);
/* False: it was not there. The caller deletes the key when nothing is left. */
bool ek_set_remove_hashed(ek_store *s, ek_db *db, ek_value *v, ek_str member, uint64_t hash);

EK_INLINE bool ek_set_has(const ek_arena *a, const ek_value *v, ek_str member) {
    return ek_set_has_hashed(a, v, member, ek_set_hash(a, v, member));
}
EK_INLINE bool ek_set_add(ek_store *s, ek_db *db, ek_value *v, ek_str member) {
    return ek_set_add_hashed(s, db, v, member, ek_set_hash(s->a, v, member));
}
EK_INLINE bool ek_set_remove(ek_store *s, ek_db *db, ek_value *v, ek_str member) {
    return ek_set_remove_hashed(s, db, v, member, ek_set_hash(s->a, v, member));
}

/* Make the key, which may hold anything or not be there, a set of these members; there is at least
 * one. `room` is memory of the caller's: EK_SET_ROOM(n) bytes. Returns how many are different. */
#define EK_SET_ROOM(n) (8 + 8 * (n))
size_t ek_set_put(ek_store *s, ek_db *db, ek_value *v, ek_str key, const ek_str *members, size_t n,
                  uint8_t *room);

/* Make a key that is not there a set of an intset's bytes, which are sound. False, and nothing is done:
 * it has more members than an intset may have here, or none. */
bool ek_set_put_intset(ek_store *s, ek_db *db, ek_value *v, ek_str bytes);

/* Visit the members; stops when visit returns false. A member's bytes stay where they are until the
 * commit unless they are in the `room` of an integer's text. The set must not change meanwhile. */
typedef bool ek_set_each_fn(void *arg, ek_str member, const char *room);
void ek_set_each(const ek_arena *a, const ek_value *v, ek_set_each_fn *visit, void *arg);
uint64_t ek_set_scan(const ek_arena *a, const ek_value *v, uint64_t cursor, size_t count,
                     ek_set_each_fn *visit, void *arg);

/* A random member of a set that is not empty. */
ek_str ek_set_random(ek_store *s, const ek_value *v, char room[EK_I64_CHARS]);

#endif
