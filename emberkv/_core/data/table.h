/* Hash table of items in hash order: extendible hashing over small segments.
 *
 *   root --> directory: 2^depth x (reference | bits) --> segment: 64 buckets of 64 bytes
 *   root --> lone segment of 1, 2, 4, ... 64 buckets            while that is enough (depth 0)
 *
 *   bucket   | tag x 12 | passed | spare 3 | ref x 12 |         one cache line, 12 items
 *
 * An item is whatever its owner allocated; the table keeps a reference and asks the owner's type for
 * its key. The 64-bit hash decides everything: its first `depth` bits choose the directory's entry,
 * which says how many bits of the hash (at most `depth`) all items of its segment share; the bits
 * after those choose the bucket in the segment (the home); the lowest eight make the tag (1..255; 0
 * is an empty place). So the whole table is in the order of hashes, and stays so when a segment
 * splits: a cursor of a scan is a position among the hashes, and no split or merge makes it miss or
 * repeat an item.
 *
 * An item that finds its home full goes on to the next bucket with room (round the segment's end),
 * and each bucket counts in `passed` how many went by: a look-up stops at the first bucket that none
 * has passed. When the home and the seven after it are full, the segment is split in two, which
 * comes at 87% on average; so no segment keeps a count of its own, which would be one more line to
 * touch for each new item. At most 768 items move in one call. Two halves that a removal leaves with
 * less than a third of a segment between them become one again.
 *
 * Costs: find is one line of the directory, one of the bucket, one of the item. Beside the item 6 to
 * 12 bytes each. Owner: whoever holds the root's reference. Lock: the store's.
 */
#ifndef EK_DATA_TABLE_H
#define EK_DATA_TABLE_H

#include "arena/arena.h"
#include "base/random.h"

#if defined(__SSE2__) && !defined(EK_PORTABLE)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && !defined(EK_PORTABLE)
#include <arm_neon.h>
#endif

typedef struct ek_table {    /* the root: 16 bytes, may lie inside another block that never moves */
    uint32_t count;
    ek_ref dir;              /* directory, or the lone segment when depth is 0; 0: empty */
    uint32_t deepest;        /* segments with as many bits as the directory: none, and it halves */
    uint8_t depth;
    uint8_t segment_log2;    /* log2 of a segment's buckets: 6 unless it is a lone one */
    uint16_t spare;
} ek_table;

_Static_assert(sizeof(ek_table) == 16, "the root is 16 bytes");

#define EK_TABLE_PLACES 12u
#define EK_TABLE_SEGMENT_LOG2 6u
#define EK_TABLE_DEPTH_MAX 28u
#define EK_TABLE_BITS 31u /* of a directory's entry: a segment of 4 KiB has zeros there */

typedef struct ek_table_bucket {
    uint8_t tag[EK_TABLE_PLACES];
    uint8_t passed; /* never too low; once 255 it stays */
    uint8_t spare[3];
    ek_ref ref[EK_TABLE_PLACES];
} ek_table_bucket;

_Static_assert(sizeof(ek_table_bucket) == 64, "a bucket is one cache line");

/* What a table must know of its items. Stateless. Readers without the lock may pass any place of the
 * heap: it reads at most the first half page of the item, and what it returns is
 * compared only after a look at where it lies. */
typedef ek_str ek_table_key_fn(const ek_arena *a, ek_ref item);

EK_INLINE uint64_t ek_table_hash(const ek_arena *a, ek_str key) {
    return ek_hash(&a->hdr->hash_key, key.p, key.n);
}

EK_INLINE uint8_t ek_table_tag(uint64_t hash) {
    uint8_t tag = (uint8_t)hash;
    return tag ? tag : 1;
}

/* The places of a bucket that hold this tag (0: the empty ones), a bit each. */
EK_INLINE unsigned ek_table_match(const ek_table_bucket *b, uint8_t tag) {
#if defined(__SSE2__) && !defined(EK_PORTABLE)
    /* Unaligned: a reader without the lock may be led to what is no bucket. */
    __m128i line = _mm_loadu_si128((const __m128i *)b);
    __m128i hits = _mm_cmpeq_epi8(line, _mm_set1_epi8((char)tag));
    return (unsigned)_mm_movemask_epi8(hits) & 0xfffu;
#elif defined(__ARM_NEON) && !defined(EK_PORTABLE)
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 0, 0, 0, 0};
    uint8x16_t hits = vceqq_u8(vld1q_u8((const uint8_t *)b), vdupq_n_u8(tag));
    uint8x16_t bits = vandq_u8(hits, vld1q_u8(weights));
    return (unsigned)vaddv_u8(vget_low_u8(bits)) | (unsigned)vaddv_u8(vget_high_u8(bits)) << 8;
#else
    unsigned hits = 0;
    for (unsigned i = 0; i < EK_TABLE_PLACES; i++) hits |= (unsigned)(b->tag[i] == tag) << i;
    return hits;
#endif
}

/* Where the items of a hash begin: the home is segment[home], and the last bucket segment[mask].
 * False: there is none (or, to a reader without the lock, nothing that can be read). */
typedef struct ek_table_spot {
    ek_table_bucket *segment;
    uint32_t home, mask;
} ek_table_spot;

EK_INLINE bool ek_table_spot_of(const ek_arena *a, const ek_table *t, uint64_t hash,
                                ek_table_spot *at) {
    ek_ref segment = ek_once32(&t->dir);
    unsigned depth = t->depth % 32;
    uint32_t end = ek_heap_end(a);
    if (EK_LIKELY(depth != 0)) {
        uint64_t slot = hash >> (64 - depth), in_heap = segment + (slot >> (a->shift - 2));
        if (EK_UNLIKELY(in_heap - 1 >= (uint64_t)end - 1)) return false;
        ek_ref entry = ek_once32((const ek_ref *)ek_ptr(a, segment) + slot);
        at->mask = (1u << EK_TABLE_SEGMENT_LOG2) - 1;
        at->home = (uint32_t)((hash << (entry & EK_TABLE_BITS)) >> (64 - EK_TABLE_SEGMENT_LOG2));
        segment = entry & ~EK_TABLE_BITS;
    } else {
        unsigned log2 = t->segment_log2 % 8;
        at->mask = ((1u << log2) - 1) & ((1u << EK_TABLE_SEGMENT_LOG2) - 1);
        at->home = (uint32_t)(hash >> 32) >> (31 - log2) >> 1 & at->mask;
    }
    at->segment = ek_ptr(a, segment);
    return ek_ref_in(end, segment);
}

EK_INLINE bool ek_table_key_is(const ek_arena *a, ek_str have, ek_str want) {
    if (have.n != want.n) return false;
    const uint8_t *p = have.p, *q = want.p;
    size_t n = want.n;
    if (EK_LIKELY(n <= 16)) { /* short keys are the rule: loads that may overlap, and no call */
        if (n >= 8)
            return ((ek_load64(p) ^ ek_load64(q)) |
                    (ek_load64(p + n - 8) ^ ek_load64(q + n - 8))) == 0;
        if (n >= 4)
            return ((ek_load32(p) ^ ek_load32(q)) |
                    (ek_load32(p + n - 4) ^ ek_load32(q + n - 4))) == 0;
        for (size_t i = 0; i < n; i++)
            if (p[i] != q[i]) return false;
        return true;
    }
    if (n <= 32)
        return ((ek_load64(p) ^ ek_load64(q)) | (ek_load64(p + 8) ^ ek_load64(q + 8)) |
                (ek_load64(p + n - 16) ^ ek_load64(q + n - 16)) |
                (ek_load64(p + n - 8) ^ ek_load64(q + n - 8))) == 0;
    if (EK_UNLIKELY(n > EK_PAGE / 2)) { /* less runs at most into the page behind the heap's end */
        size_t end = (size_t)a->hdr->heap_pages * EK_PAGE, from = (size_t)(p - a->heap);
        if (from > end || n > end - from) return false;
    }
    return memcmp(p, q, n) == 0;
}

/* The item with this key, or 0. O(1). For hot paths: key_of a constant, so that it is inlined. May
 * run without the lock (see ek_read_begin): whatever it meets, it ends and reads only the heap. */
EK_INLINE ek_ref ek_table_find_with(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of,
                                    uint64_t hash, ek_str key) {
    ek_table_spot at;
    if (EK_UNLIKELY(!ek_table_spot_of(a, t, hash, &at))) return 0;
    uint8_t tag = ek_table_tag(hash);
    uint32_t end = ek_heap_end(a), i = at.home;
    for (uint32_t left = at.mask;; left--) {
        const ek_table_bucket *b = &at.segment[i];
        for (unsigned hits = ek_table_match(b, tag); hits; hits &= hits - 1) {
            ek_ref item = ek_once32(&b->ref[__builtin_ctz(hits)]);
            if (EK_LIKELY(ek_ref_in(end, item) && ek_table_key_is(a, key_of(a, item), key)))
                return item;
        }
        if (EK_LIKELY(b->passed == 0) || left == 0) return 0;
        i = (i + 1) & at.mask;
    }
}

ek_ref ek_table_find(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of, uint64_t hash,
                     ek_str key);

/* The item whose key has this hash, and whether this item is in the table under this hash. */
ek_ref ek_table_find_hash(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of, uint64_t hash);
bool ek_table_holds(const ek_arena *a, const ek_table *t, uint64_t hash, ek_ref item);

/* Fetch ahead the bucket where a find of this hash begins. NULL: there is none. */
EK_INLINE const ek_table_bucket *ek_table_prefetch_bucket(const ek_arena *a, const ek_table *t,
                                                          uint64_t hash) {
    ek_table_spot at;
    if (EK_UNLIKELY(!ek_table_spot_of(a, t, hash, &at))) return NULL;
    __builtin_prefetch(&at.segment[at.home]);
    return &at.segment[at.home];
}

#define EK_TABLE_FETCHED 32 /* keys at once, at most */

/* The hashes of n keys, `stride` apart, and the buckets where finds of them begin, which are fetched ahead;
 * an empty one where there is none. */
EK_INLINE void ek_table_fetch_homes(const ek_arena *a, const ek_table *t, const ek_str *keys,
                                    size_t stride, size_t n, uint64_t hashes[EK_TABLE_FETCHED],
                                    const ek_table_bucket *home[EK_TABLE_FETCHED]) {
    static const ek_table_bucket none;
    /* The root and the heap's end are read once for all; of a reader without the lock it may be no root. */
    const uint32_t end = ek_heap_end(a), dir = ek_once32(&t->dir);
    unsigned depth = t->depth;
    EK_HOLD(depth);
    const bool whole = depth > 0 && depth <= EK_TABLE_DEPTH_MAX &&
                       (uint64_t)dir - 1 + ((UINT64_C(4) << depth) >> a->shift) < (uint64_t)end - 1;
    const ek_ref *entries = ek_ptr(a, dir);
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = hashes[i] = ek_table_hash(a, keys[i * stride]);
        if (EK_LIKELY(whole)) {
            ek_ref entry = ek_once32(&entries[hash >> (64 - depth)]), segment = entry & ~EK_TABLE_BITS;
            const ek_table_bucket *b = ek_ptr(a, segment);
            b += (hash << (entry & EK_TABLE_BITS)) >> (64 - EK_TABLE_SEGMENT_LOG2);
            home[i] = EK_LIKELY(ek_ref_in(end, segment)) ? b : &none;
            __builtin_prefetch(home[i]);
        } else {
            home[i] = ek_table_prefetch_bucket(a, t, hash);
            if (!home[i]) home[i] = &none;
        }
    }
}

/* The hashes of n keys, `stride` apart; and what looking them up will read is fetched ahead: the cache
 * misses of all are under way at once, first those of the buckets, then those of the items. `items`, if
 * not NULL: what ek_table_find_ahead goes on with, as long as the table does not change; 0: no such
 * key. May run without the lock. */
#define EK_TABLE_LOOK UINT32_MAX /* no item: a find has more to look at */
EK_INLINE void ek_table_fetch(const ek_arena *a, const ek_table *t, const ek_str *keys,
                              size_t stride, size_t n, uint64_t hashes[EK_TABLE_FETCHED],
                              ek_ref items[EK_TABLE_FETCHED]) {
    const ek_table_bucket *home[EK_TABLE_FETCHED];
    if (n == 1 && !items) {
        hashes[0] = ek_table_hash(a, keys[0]);
        return;
    }
    ek_table_fetch_homes(a, t, keys, stride, n, hashes, home);
    const uint32_t end = ek_heap_end(a);
    for (size_t i = 0; i < n; i++) {
        const ek_table_bucket *b = home[i];
        unsigned hits = ek_table_match(b, ek_table_tag(hashes[i]));
        ek_ref item = hits ? ek_once32(&b->ref[__builtin_ctz(hits)]) : b->passed ? EK_TABLE_LOOK : 0;
        if (EK_LIKELY(ek_ref_in(end, item))) __builtin_prefetch(ek_ptr(a, item));
        else if (item) item = EK_TABLE_LOOK;
        if (items) items[i] = item;
    }
}

/* As ek_table_find_with, of one of the keys that were fetched ahead. */
EK_INLINE ek_ref ek_table_find_ahead(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of,
                                     uint64_t hash, ek_str key, ek_ref item) {
    if (item == 0) return 0;
    if (EK_LIKELY(item != EK_TABLE_LOOK && ek_table_key_is(a, key_of(a, item), key))) return item;
    return ek_table_find(a, t, key_of, hash, key);
}

/* All of these need ek_begin. The key of a new item must not be there yet. */
/* A table that is empty is going to have n items: it gets the segments now that it would grow to. */
void ek_table_expect(ek_arena *a, ek_table *t, size_t n);
void ek_table_add(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash, ek_ref item);
/* Items with n keys, at most EK_TABLE_FETCHED, into a table that this transaction made, so that nothing of
 * it has to be announced. Returns a bit for each that was not added, since its key is there. Keys may be
 * the same; what key_of gives for the items must be written. */
bool ek_table_put_one_new(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash, ek_str key,
                          ek_ref item, bool *grew);
EK_INLINE uint32_t ek_table_put_new(ek_arena *a, ek_table *t, ek_table_key_fn *key_of,
                                    const ek_str *keys, size_t n, const ek_ref *items) {
    const ek_table_bucket *home[EK_TABLE_FETCHED];
    uint64_t hashes[EK_TABLE_FETCHED];
    uint32_t there = 0, added = 0;
    bool grew = t->depth == 0; /* then `home` is of the past; and a lone segment fills as its count says */
    ek_table_fetch_homes(a, t, keys, 1, n, hashes, home);
    for (size_t i = 0; i < n; i++) {
        ek_table_bucket *b = (ek_table_bucket *)home[i];
        uint8_t tag = ek_table_tag(hashes[i]);
        unsigned room = ek_table_match(b, 0);
        if (EK_LIKELY(room && !grew && !ek_table_match(b, tag) && b->passed == 0)) {
            b->tag[__builtin_ctz(room)] = tag;
            b->ref[__builtin_ctz(room)] = items[i];
            added++;
        } else if (!ek_table_put_one_new(a, t, key_of, hashes[i], keys[i], items[i], &grew)) {
            there |= 1u << i;
        }
    }
    t->count += added;
    return there;
}
/* Put another item in the place of one with the same key. False: the old one is not there. */
bool ek_table_swap(ek_arena *a, ek_table *t, uint64_t hash, ek_ref old_item, ek_ref new_item);
/* Take an item out (its block is not freed). False: it is not there. Never fails for want of memory
 * (but for the journal's). */
bool ek_table_remove(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash,
                     ek_ref item);

/* Visit items whose hash comes at or after the cursor (48 bits of it), bucket by bucket, until at
 * least `count` were visited or all have been. Returns the next cursor, 0 at the end. An item that
 * stays in the table throughout a scan is visited exactly once. The table must not change during a
 * call. */
typedef void ek_table_visit_fn(void *arg, ek_ref item);
uint64_t ek_table_scan(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of,
                       uint64_t cursor, size_t count, ek_table_visit_fn *visit, void *arg);

/* Visit every item once, in no useful order; faster than a scan. Stops when visit returns false. */
typedef bool ek_table_each_fn(void *arg, ek_ref item);
void ek_table_each(const ek_arena *a, const ek_table *t, ek_table_each_fn *visit, void *arg);

/* A random item, every one as likely as another; 0 when empty. O(1). */
ek_ref ek_table_random(const ek_arena *a, const ek_table *t, ek_random *r);

/* Free the table a piece at a time: takes out up to about `budget` items, gives each to `release`
 * (which frees its block), and frees segments as they empty. True when nothing is left; the root is
 * the caller's. Items vanish in order of hash; once begun, only drains and ek_table_each may follow. */
typedef void ek_table_release_fn(ek_arena *a, void *arg, ek_ref item);
bool ek_table_drain(ek_arena *a, ek_table *t, size_t budget, ek_table_release_fn *release,
                    void *arg);

size_t ek_table_bytes(const ek_arena *a, const ek_table *t); /* of directory and segments */
bool ek_table_check(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of);

#endif
