/* The value of a sorted set, in both its forms, for commands and persistence.
 *
 *   EK_ENC_LISTPACK   member, score, member, score, ...        in order; data/listpack.h
 *   EK_ENC_SKIPLIST   root: | table of members | B+ tree |     32 bytes; the blocks of the members
 *                                                              are the items of both
 *   member block      | n | score, all but its lowest byte | bytes |       n < 254; that byte is 0
 *                     | 254 | n u8 | score | bytes |                     another score, up to 255 bytes
 *                     | 255 | n u32 | score | bytes |
 *
 * The lowest byte of a score is 0 if it is an integer below 2^45, or has few digits in binary: so a
 * member of 16 bytes with such a score is a block of 24. A block that was once made for any score
 * stays so.
 *
 * Order is by score, then by the member's bytes. A score in a listpack is an integer entry if it is
 * one of at most 2^62, else its text with 17 digits, as in Redis. The small form is given up for the big one when it
 * outgrows the limits of the configuration, never the other way round. That is called "skiplist", for
 * its name is part of the protocol; but a B+ tree meets far fewer cache lines (see data/btree.h).
 *
 * Costs of the big form: a member by name O(1), everything by order O(log n). Of the small one: O(n).
 * Lock: the store's. Places and what they point at are good until the value changes.
 */
#ifndef EK_STORE_VALUE_ZSET_H
#define EK_STORE_VALUE_ZSET_H

#include "base/number.h"
#include "data/btree.h"
#include "data/table.h"
#include "store/keyspace.h"

typedef struct ek_zset {
    ek_table members;
    ek_btree order;
} ek_zset;

_Static_assert(sizeof(ek_zset) == 32, "the root of a big sorted set");

/* One of the members: a block or the start of its pair of entries. Neither: there is none. */
typedef struct ek_zset_place {
    ek_ref block;
    ek_btree_place at; /* of a block that was come by in order, not by name */
    const uint8_t *pair;
} ek_zset_place;

EK_INLINE bool ek_zset_is(ek_zset_place p) { return p.block || p.pair; }

/* A member with its score, outside of any set. */
typedef struct ek_zset_entry {
    ek_str member;
    double score;
} ek_zset_entry;

/* --- reading --- */

EK_INLINE bool ek_zset_is_empty(const ek_arena *a, const ek_value *v) {
    if (v->enc == EK_ENC_LISTPACK) return v->len == 0;
    return ((const ek_zset *)ek_ptr(a, v->outside))->order.count == 0;
}

enum { EK_ZSET_ANY_SCORE = 254, EK_ZSET_LONG_MEMBER = 255 }; /* first bytes of a block */

/* What is in the block of a member of the big form. */
EK_INLINE double ek_zset_block_score(const ek_arena *a, ek_ref block) {
    const uint8_t *p = ek_ptr(a, block);
    uint64_t bits = ek_load64(p);
    unsigned first = (uint8_t)bits;
    bits ^= first;
    if (EK_UNLIKELY(first >= EK_ZSET_ANY_SCORE))
        bits = ek_load64(p + (first == EK_ZSET_ANY_SCORE ? 2 : 5));
    double score;
    memcpy(&score, &bits, sizeof score);
    return score;
}
EK_INLINE ek_str ek_zset_block_member(const ek_arena *a, ek_ref block) {
    const uint8_t *p = ek_ptr(a, block);
    unsigned first = *p;
    if (EK_LIKELY(first < EK_ZSET_ANY_SCORE)) return (ek_str){p + 8, first};
    if (first == EK_ZSET_ANY_SCORE) return (ek_str){p + 10, p[1]};
    return (ek_str){p + 13, ek_load32(p + 1)};
}

uint32_t ek_zset_count(const ek_arena *a, const ek_value *v);
ek_zset_place ek_zset_find_hashed(const ek_arena *a, const ek_value *v, ek_str member,
                                  uint64_t hash);
/* Members may come with their hashes, of ek_table_hash; the small form looks at none. */
EK_INLINE uint64_t ek_zset_hash(const ek_arena *a, const ek_value *v, ek_str member) {
    return v->enc == EK_ENC_SKIPLIST ? ek_table_hash(a, member) : 0;
}
EK_INLINE ek_zset_place ek_zset_find(const ek_arena *a, const ek_value *v, ek_str member) {
    return ek_zset_find_hashed(a, v, member, ek_zset_hash(a, v, member));
}
bool ek_zset_score(const ek_arena *a, const ek_value *v, ek_str member, double *score);
bool ek_zset_score_hashed(const ek_arena *a, const ek_value *v, ek_str member, uint64_t hash,
                          double *score);

/* Fetch ahead what a change to this score will need, while the member is being found. */
void ek_zset_expect(const ek_arena *a, const ek_value *v, double score);

double ek_zset_score_of(const ek_arena *a, ek_zset_place p);
/* As it stands there: an integer entry has all its digits, where a double has 17 at most. */
ek_str ek_zset_score_text(const ek_arena *a, ek_zset_place p, char room[EK_DOUBLE_CHARS]);
/* The member's bytes; `room` holds them when they are the digits of an integer entry. */
ek_str ek_zset_member_of(const ek_arena *a, ek_zset_place p, char room[EK_I64_CHARS]);
/* From a place of ek_zset_at. */
ek_zset_place ek_zset_next(const ek_arena *a, const ek_value *v, ek_zset_place p);
ek_zset_place ek_zset_prev(const ek_arena *a, const ek_value *v, ek_zset_place p);
#define EK_ZSET_AHEAD 4 /* places before it comes to a member a walk asks for its block */
EK_INLINE void ek_zset_fetch_ahead(const ek_arena *a, ek_btree_place p, int places) {
    const ek_btree_leaf *leaf = ek_btree_leaf_of(a, p);
    uint32_t at = p.at + (uint32_t)places;
    if (at < leaf->n) __builtin_prefetch(ek_ptr(a, leaf->item[at]));
}
ek_zset_place ek_zset_at(const ek_arena *a, const ek_value *v, uint32_t rank);
uint32_t ek_zset_rank(const ek_arena *a, const ek_value *v, ek_zset_place p); /* from 0 */

/* How many members come before `score` (with `beyond`: before or at it); before `member` in a set
 * whose scores are all the same. */
uint32_t ek_zset_before_score(const ek_arena *a, const ek_value *v, double score, bool beyond);
uint32_t ek_zset_before_member(const ek_arena *a, const ek_value *v, ek_str member, bool beyond);

/* One step of a scan of the big form, see ek_table_scan; the items are blocks. */
uint64_t ek_zset_scan(const ek_arena *a, const ek_value *v, uint64_t cursor, size_t count,
                      ek_table_visit_fn *visit, void *arg);

/* --- changing: v is an entry of db and is brought up to date --- */

/* Make v, a key that is not there, an empty sorted set that expects such a member. */
void ek_zset_create(ek_store *s, ek_db *db, ek_value *v, ek_str member);
/* Add a member that is not there. */
void ek_zset_add(ek_store *s, ek_db *db, ek_value *v, double score, ek_str member);
/* Change the score of a member that was found at p. */
void ek_zset_set_score(ek_store *s, ek_db *db, ek_value *v, ek_zset_place p, double score,
                       ek_str member);
/* The same in the big form, for many members: the order is left as it was, and each change is an entry of
 * those that ek_zset_reorder is given at last, in their order. Nothing else may be asked of the set
 * meanwhile but ek_zset_find and scores. */
EK_INLINE bool ek_zset_is_big(const ek_value *v) { return v->enc == EK_ENC_SKIPLIST; }
ek_btree_entry ek_zset_add_later(ek_store *s, const ek_value *v, double score, ek_str member,
                                 uint64_t hash);
ek_btree_entry ek_zset_set_later(ek_store *s, const ek_value *v, ek_ref block, double score);
/* Overwrites e. `room` is scratch memory for ek_zset_reorder_room bytes. About 30 ns a change and 10 ns a
 * member. */
size_t ek_zset_reorder_room(const ek_store *s, const ek_value *v, size_t n);
void ek_zset_reorder(ek_store *s, const ek_value *v, ek_btree_entry *e, size_t n, void *room);
/* The hashes of members, and what ek_zset_find will read is fetched ahead; see ek_table_fetch. Of several
 * they are right for what the set becomes meanwhile, too. `items`, or NULL: of the big form only. */
void ek_zset_fetch(const ek_arena *a, const ek_value *v, const ek_str *members, size_t stride,
                   size_t n, uint64_t *hashes, ek_ref *items);
/* Is what was fetched ahead the block of this member? */
EK_INLINE bool ek_zset_block_is(const ek_arena *a, ek_ref item, ek_str member) {
    return item != 0 && item != EK_TABLE_LOOK &&
           ek_table_key_is(a, ek_zset_block_member(a, item), member);
}
void ek_zset_remove(ek_store *s, ek_db *db, ek_value *v, ek_zset_place p);
void ek_zset_remove_ranks(ek_store *s, ek_db *db, ek_value *v, uint32_t rank, uint32_t n);

/* Make v, whatever it is, the sorted set of these n > 0 members, each there once, in order. `room`
 * is scratch memory of ek_zset_store_room bytes. Time to live goes. The members may lie in any value,
 * also in v. */
size_t ek_zset_store_room(const ek_store *s, const ek_zset_entry *e, size_t n);
void ek_zset_store(ek_store *s, ek_db *db, ek_value *v, const ek_zset_entry *e, size_t n,
                   uint8_t *room);

/* Make a key that is not there a sorted set of a run of entries, member and score, which are as
 * ek_lp_is_ours says, and all members different. False, and nothing is done: it is no such run of
 * `n` members in order, or no sorted set would be this run here. */
bool ek_zset_put_run(ek_store *s, ek_db *db, ek_value *v, ek_str run, size_t n);

/* The order of sorted sets, for qsort. */
int ek_zset_compare(const void *a, const void *b);

#endif
