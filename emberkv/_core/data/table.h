/* Hash table of items in hash order: extendible hashing over small segments.
 *
 *   root --> directory: 2^depth references --> segment: 1..64 buckets of 64 bytes
 *
 *   bucket   | tag x 12 | passed | spare | meta | ref x 12 |       one cache line, 12 items
 *
 * An item is whatever its owner allocated; the table keeps a reference and asks the owner's type for
 * its key. The 64-bit hash decides everything from the top: the first `depth` bits choose the
 * directory's slot, the next bits the bucket in its segment, the lowest eight are the tag. So the
 * whole table is in the order of hashes, and stays so when a segment splits: a cursor of a scan is a
 * position among the hashes, and no split or merge makes it miss or repeat an item.
 *
 * A full bucket passes items on to the next ones of its segment and counts in `passed` how many went
 * by; a look-up stops at the first bucket that none has passed. A segment that fills up is doubled up
 * to 64 buckets, then split in two: at most 768 items move in one call, and nothing else ever does.
 *
 * Costs: find is one line of the directory, one of the bucket, one of the item. About 8 bytes an item
 * on average beside the item itself. Owner: whoever holds the root's reference. Lock: the store's.
 */
#ifndef EK_DATA_TABLE_H
#define EK_DATA_TABLE_H

#include "arena/arena.h"
#include "base/random.h"

typedef struct ek_table {    /* the root: 16 bytes, may lie inside another block that never moves */
    uint64_t count;
    ek_ref dir;              /* directory, or the only segment when depth is 0; 0: empty */
    uint8_t depth;
    uint8_t segment_log2;    /* of the only segment while depth is 0: log2 of its buckets */
    uint16_t spare;
} ek_table;

_Static_assert(sizeof(ek_table) == 16, "the root is 16 bytes");

/* What a table must know of its items. Stateless. */
typedef ek_str ek_table_key_fn(const ek_arena *a, ek_ref item);

EK_INLINE uint64_t ek_table_hash(const ek_arena *a, ek_str key) {
    return ek_hash(&a->hdr->hash_key, key.p, key.n);
}

/* The item with this key, or 0. O(1). */
ek_ref ek_table_find(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of, uint64_t hash,
                     ek_str key);
/* Fetch ahead what a find of this hash will read: first its bucket, then its item. */
void ek_table_prefetch_bucket(const ek_arena *a, const ek_table *t, uint64_t hash);
void ek_table_prefetch_item(const ek_arena *a, const ek_table *t, uint64_t hash);

/* All of these need ek_begin. The key of a new item must not be there yet. */
void ek_table_add(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash, ek_ref item);
/* Put another item in the place of one with the same key. False: the old one is not there. */
bool ek_table_swap(ek_arena *a, ek_table *t, uint64_t hash, ek_ref old_item, ek_ref new_item);
/* Take an item out (its block is not freed). False: it is not there. */
bool ek_table_remove(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash,
                     ek_ref item);

/* Visit items whose hash comes at or after the cursor, bucket by bucket, until at least `count` were
 * visited or all have been. Returns the next cursor, 0 at the end. An item that stays in the table
 * throughout a scan is visited exactly once. The table must not change during a call. */
typedef void ek_table_visit_fn(void *arg, ek_ref item);
uint64_t ek_table_scan(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of,
                       uint64_t cursor, size_t count, ek_table_visit_fn *visit, void *arg);

/* Visit every item once, in no useful order; faster than a scan. Stops when visit returns false. */
typedef bool ek_table_each_fn(void *arg, ek_ref item);
void ek_table_each(const ek_arena *a, const ek_table *t, ek_table_each_fn *visit, void *arg);

/* A random item, uniform but for the grain of buckets; 0 when empty. O(1). */
ek_ref ek_table_random(const ek_arena *a, const ek_table *t, ek_random *r);

/* Free the table a piece at a time: takes out up to about `budget` items, gives each to `release`
 * (which frees its block), and frees segments as they empty. True when nothing is left; the root is
 * the caller's. Items vanish in order of hash. */
typedef void ek_table_release_fn(ek_arena *a, void *arg, ek_ref item);
bool ek_table_drain(ek_arena *a, ek_table *t, size_t budget, ek_table_release_fn *release,
                    void *arg);

size_t ek_table_bytes(const ek_arena *a, const ek_table *t); /* of directory and segments */
bool ek_table_check(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of);

#endif
