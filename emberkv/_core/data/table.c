#include "data/table.h"

#define PLACES EK_TABLE_PLACES
#define WINDOW 8u /* buckets in which a new item must find room: home and those after it */
#define SEGMENT_BUCKETS (1u << EK_TABLE_SEGMENT_LOG2)
#define SEGMENT_BYTES (SEGMENT_BUCKETS * sizeof(ek_table_bucket))
#define SEGMENT_ITEMS (SEGMENT_BUCKETS * PLACES)
#define MERGE_ITEMS (SEGMENT_ITEMS / 3) /* halves that hold no more together become one */
#define SPARSE_GROUP 8u                 /* buckets looked at before a whole segment is counted */
#define SPARSE_ITEMS (SPARSE_GROUP * PLACES / 6)
#define EXPECTED_ITEMS (SEGMENT_ITEMS * 4 / 5) /* more on average, and most of them would be split */
#define ROOM(log2) (((PLACES << (log2)) - ((log2) < 2 ? 0 : (PLACES << (log2)) / 8))) /* of a lone one */
#define AHEAD 12u /* items fetched ahead while others are hashed */
#define CURSOR_SHIFT 16
#define EMPTY ((1u << PLACES) - 1) /* what the match of 0 gives for an empty bucket */

_Static_assert(SEGMENT_BYTES == EK_PAGE, "a segment is a page, so its reference ends in zeros");
_Static_assert(EK_TABLE_DEPTH_MAX <= EK_TABLE_BITS, "an entry has room for the count of bits");
_Static_assert(EK_TABLE_DEPTH_MAX + EK_TABLE_SEGMENT_LOG2 <= 64 - CURSOR_SHIFT,
               "a cursor can name any bucket");

typedef ek_table_bucket bucket;

static ek_ref *dir_of(const ek_arena *a, const ek_table *t) { return ek_ptr(a, t->dir); }
static unsigned entry_bits(ek_ref entry) { return entry & EK_TABLE_BITS; }
static ek_ref entry_segment(ek_ref entry) { return entry & ~EK_TABLE_BITS; }

/* How many entries of the directory share a segment. */
static uint32_t entry_span(const ek_table *t, ek_ref entry) {
    return 1u << (t->depth - entry_bits(entry));
}

static unsigned used_places(const bucket *b) { return ek_table_match(b, 0) ^ EMPTY; }

static unsigned nused(const bucket *b) { return (unsigned)__builtin_popcount(used_places(b)); }

static unsigned nused_in(const bucket *segment, uint32_t nbuckets) {
    unsigned n = 0;
    for (uint32_t i = 0; i < nbuckets; i++) n += nused(&segment[i]);
    return n;
}

/* For shrinking, which must go on when there is no memory: 0 instead of a jump. */
static EK_NOINLINE ek_ref try_alloc(ek_arena *a, size_t bytes) {
    ek_savepoint before = ek_save(a);
    ek_guard g;
    if (EK_GUARD(a, &g) != EK_OK) {
        ek_undo(a, &before);
        return 0;
    }
    ek_ref ref = ek_alloc(a, bytes);
    ek_unguard(a, &g);
    return ref;
}

/* --- moving items; all into memory that is announced already --- */

static unsigned gather(const bucket *segment, uint32_t nbuckets, ek_ref *out) {
    unsigned n = 0;
    for (uint32_t i = 0; i < nbuckets; i++)
        for (unsigned used = used_places(&segment[i]); used; used &= used - 1)
            out[n++] = segment[i].ref[__builtin_ctz(used)];
    return n;
}

static void place(bucket *segment, uint32_t home, uint32_t mask, uint64_t hash, ek_ref item) {
    for (uint32_t at = home;; at = (at + 1) & mask) {
        bucket *b = &segment[at];
        unsigned room = ek_table_match(b, 0);
        if (EK_LIKELY(room)) {
            unsigned i = (unsigned)__builtin_ctz(room);
            b->tag[i] = ek_table_tag(hash);
            b->ref[i] = item;
            return;
        }
        if (b->passed < 255) b->passed++;
    }
}

/* Put items into one or two segments of 2^log2 buckets whose items share `bits` bits of the hash;
 * when there are two, the last of those bits tells which. They have the room. */
static void deal(const ek_arena *a, ek_table_key_fn *key_of, const ek_ref *items, unsigned n,
                 unsigned bits, unsigned log2, bucket *low, bucket *high) {
    for (unsigned i = 0; i < ek_min(n, AHEAD); i++) __builtin_prefetch(ek_ptr(a, items[i]));
    for (unsigned i = 0; i < n; i++) {
        if (i + AHEAD < n) __builtin_prefetch(ek_ptr(a, items[i + AHEAD]));
        uint64_t hash = ek_table_hash(a, key_of(a, items[i]));
        bucket *to = high && (hash >> (64 - bits)) & 1 ? high : low;
        uint32_t home = (uint32_t)((hash << bits) >> 32) >> (31 - log2) >> 1;
        place(to, home, (1u << log2) - 1, hash, items[i]);
    }
}

/* --- growing --- */

static void resize_lone(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, ek_ref to,
                        unsigned log2) {
    ek_ref items[SEGMENT_ITEMS];
    unsigned n = gather(ek_ptr(a, t->dir), 1u << t->segment_log2, items);
    memset(ek_ptr(a, to), 0, sizeof(bucket) << log2);
    deal(a, key_of, items, n, 0, log2, ek_ptr(a, to), NULL);
    ek_free(a, t->dir);
    ek_touch(a, t, sizeof *t);
    t->dir = to;
    t->segment_log2 = (uint8_t)log2;
}

static void double_directory(ek_arena *a, ek_table *t) {
    size_t n = (size_t)1 << t->depth;
    if (t->depth == EK_TABLE_DEPTH_MAX) ek_raise(a, EK_ENOMEM);
    ek_ref to = t->dir;
    if (t->depth == 0) {
        to = ek_alloc(a, 2 * sizeof(ek_ref));
        ek_ref *entry = ek_ptr(a, to);
        entry[0] = entry[1] = t->dir;
    } else {
        if (ek_usable(a, t->dir) < 2 * n * sizeof(ek_ref)) {
            to = ek_alloc(a, 2 * n * sizeof(ek_ref));
            ek_free(a, t->dir);
        } else { /* it was as long before */
            ek_touch(a, dir_of(a, t), 2 * n * sizeof(ek_ref));
        }
        const ek_ref *from = dir_of(a, t);
        ek_ref *entry = ek_ptr(a, to);
        for (size_t i = n; i-- > 0;) entry[2 * i + 1] = entry[2 * i] = from[i];
    }
    ek_touch(a, t, sizeof *t);
    t->dir = to;
    t->depth++;
    t->deepest = 0;
}

static void split(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash) {
    unsigned bits = t->depth ? entry_bits(dir_of(a, t)[hash >> (64 - t->depth)]) : 0;
    if (bits == t->depth) double_directory(a, t);
    ek_ref *dir = dir_of(a, t);
    uint32_t span = 1u << (t->depth - bits), first = (hash >> (64 - t->depth)) & ~(span - 1);
    ek_ref low = entry_segment(dir[first]), high = ek_alloc(a, SEGMENT_BYTES);
    if (EK_UNLIKELY(high & EK_TABLE_BITS)) ek_raise(a, EK_ECORRUPT);
    bucket *from = ek_ptr(a, low);
    ek_ref items[SEGMENT_ITEMS];
    unsigned n = gather(from, SEGMENT_BUCKETS, items);
    ek_touch(a, from, SEGMENT_BYTES);
    memset(from, 0, SEGMENT_BYTES);
    memset(ek_ptr(a, high), 0, SEGMENT_BYTES);
    bits++;
    deal(a, key_of, items, n, bits, EK_TABLE_SEGMENT_LOG2, from, ek_ptr(a, high));
    ek_touch(a, dir + first, span * sizeof *dir);
    for (uint32_t i = 0; i < span; i++) dir[first + i] = (i < span / 2 ? low : high) | bits;
    if (bits == t->depth) EK_SET(a, t->deepest, t->deepest + 2);
}

static void grow(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash) {
    if (t->dir == 0) {
        ek_ref first = ek_alloc_zeroed(a, sizeof(bucket));
        ek_touch(a, t, sizeof *t);
        *t = (ek_table){.dir = first};
    } else if (t->depth == 0 && t->segment_log2 < EK_TABLE_SEGMENT_LOG2) {
        unsigned log2 = t->segment_log2 + 1u;
        resize_lone(a, t, key_of, ek_alloc(a, sizeof(bucket) << log2), log2);
    } else {
        split(a, t, key_of, hash);
    }
}

/* A lone segment of one or two buckets is used to the last place. */
static bool lone_is_full(const ek_table *t) {
    return t->count >= ROOM(t->segment_log2);
}

void ek_table_expect(ek_arena *a, ek_table *t, size_t n) {
    unsigned log2 = 0, depth = 0;
    if (t->dir || n == 0) return;
    while (log2 < EK_TABLE_SEGMENT_LOG2 && n > ROOM(log2)) log2++;
    while (depth < EK_TABLE_DEPTH_MAX && n >> depth > EXPECTED_ITEMS) depth++;
    ek_ref dir = 0;
    if (depth) {
        dir = ek_alloc(a, sizeof(ek_ref) << depth);
        ek_ref *entry = ek_ptr(a, dir);
        for (size_t i = 0; i >> depth == 0; i++) {
            entry[i] = ek_alloc_zeroed(a, SEGMENT_BYTES) | depth;
            if (EK_UNLIKELY(entry_bits(entry[i]) != depth)) ek_raise(a, EK_ECORRUPT);
        }
    } else {
        dir = ek_alloc_zeroed(a, sizeof(bucket) << log2);
    }
    ek_touch(a, t, sizeof *t);
    *t = (ek_table){
        .dir = dir, .depth = (uint8_t)depth, .segment_log2 = (uint8_t)log2,
        .deepest = depth ? 1u << depth : 0,
    };
}

void ek_table_add(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash, ek_ref item) {
    for (;; grow(a, t, key_of, hash)) {
        if (t->depth == 0 && (t->dir == 0 || lone_is_full(t))) continue;
        ek_table_spot at;
        if (EK_UNLIKELY(!ek_table_spot_of(a, t, hash, &at))) ek_raise(a, EK_ECORRUPT);
        uint32_t window = (uint32_t)ek_min(WINDOW, at.mask + 1);
        uint32_t step = 0;
        unsigned room = 0;
        bucket *b = NULL;
        for (; step < window && !room; step++) {
            b = &at.segment[(at.home + step) & at.mask];
            room = ek_table_match(b, 0);
        }
        if (EK_UNLIKELY(!room)) continue;
        unsigned i = (unsigned)__builtin_ctz(room);
        EK_SET(a, b->ref[i], item); /* no slack: this transaction may have emptied the place */
        EK_SET(a, b->tag[i], ek_table_tag(hash));
        for (uint32_t s = 0; s + 1 < step; s++) {
            b = &at.segment[(at.home + s) & at.mask];
            if (b->passed < 255) EK_SET(a, b->passed, (uint8_t)(b->passed + 1));
        }
        EK_SET(a, t->count, t->count + 1);
        return;
    }
}

bool ek_table_put_one_new(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash, ek_str key,
                          ek_ref item, bool *grew) {
    if (ek_table_find(a, t, key_of, hash, key)) return false;
    for (;; grow(a, t, key_of, hash), *grew = true) {
        if (t->depth == 0 && (t->dir == 0 || lone_is_full(t))) continue;
        ek_table_spot at;
        if (EK_UNLIKELY(!ek_table_spot_of(a, t, hash, &at))) ek_raise(a, EK_ECORRUPT);
        uint32_t step = 0, window = (uint32_t)ek_min(WINDOW, at.mask + 1);
        while (step < window && !ek_table_match(&at.segment[(at.home + step) & at.mask], 0)) step++;
        if (EK_UNLIKELY(step == window)) continue;
        place(at.segment, at.home, at.mask, hash, item);
        t->count++;
        return true;
    }
}

/* --- finding --- */

ek_ref ek_table_find(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of, uint64_t hash,
                     ek_str key) {
    return ek_table_find_with(a, t, key_of, hash, key);
}

/* The bucket and place of an item that is known by its reference: how many steps from the home. */
static bool find_place(const ek_table_spot *at, uint64_t hash, ek_ref item, uint32_t *step,
                       unsigned *index) {
    for (uint32_t s = 0; s <= at->mask; s++) {
        const bucket *b = &at->segment[(at->home + s) & at->mask];
        for (unsigned hits = ek_table_match(b, ek_table_tag(hash)); hits; hits &= hits - 1) {
            unsigned i = (unsigned)__builtin_ctz(hits);
            if (EK_LIKELY(b->ref[i] == item)) {
                *step = s;
                *index = i;
                return true;
            }
        }
        if (b->passed == 0) return false;
    }
    return false;
}

bool ek_table_swap(ek_arena *a, ek_table *t, uint64_t hash, ek_ref old_item, ek_ref new_item) {
    ek_table_spot at;
    uint32_t step;
    unsigned i;
    if (!ek_table_spot_of(a, t, hash, &at) || !find_place(&at, hash, old_item, &step, &i))
        return false;
    bucket *b = &at.segment[(at.home + step) & at.mask];
    EK_SET(a, b->ref[i], new_item);
    return true;
}

/* --- shrinking --- */

static void free_all(ek_arena *a, ek_table *t) {
    if (t->depth) {
        const ek_ref *dir = dir_of(a, t);
        for (uint32_t i = 0; i >> t->depth == 0;) {
            ek_free(a, entry_segment(dir[i]));
            i += dir[i] ? entry_span(t, dir[i]) : 1;
        }
    }
    ek_free(a, t->dir);
    ek_touch(a, t, sizeof *t);
    *t = (ek_table){0};
}

/* While no segment needs the directory's last bit. The half that remains stays where it is, so that
 * nothing can fail, and moves to a smaller block when there is memory for one. */
static void halve_directory(ek_arena *a, ek_table *t) {
    ek_touch(a, t, sizeof *t);
    while (t->depth && t->deepest == 0) {
        ek_ref *dir = dir_of(a, t);
        if (t->depth == 1) {
            ek_ref lone = entry_segment(dir[0]);
            ek_free(a, t->dir);
            t->dir = lone;
            t->depth = 0;
            return;
        }
        size_t n = (size_t)1 << --t->depth;
        ek_touch(a, dir, n * sizeof *dir);
        for (size_t i = 0; i < n; i++) dir[i] = dir[2 * i];
        for (size_t i = 0; i < n; i += 2) t->deepest += dir[i] != dir[i + 1] ? 2 : 0;
        ek_ref smaller = 0;
        if (ek_usable(a, t->dir) >= 4 * n * sizeof *dir)
            smaller = try_alloc(a, n * sizeof *dir);
        if (smaller) {
            memcpy(ek_ptr(a, smaller), dir, n * sizeof *dir);
            ek_free(a, t->dir);
            t->dir = smaller;
        }
    }
}

/* Make one segment of two halves. False: they hold too much, or are not halves of one. */
static bool merge(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash) {
    if (t->depth == 0) return false;
    ek_ref *dir = dir_of(a, t);
    uint32_t slot = (uint32_t)(hash >> (64 - t->depth));
    unsigned bits = entry_bits(dir[slot]);
    uint32_t span = entry_span(t, dir[slot]), first = slot & ~(2 * span - 1);
    if (entry_bits(dir[first]) != bits || entry_bits(dir[first + span]) != bits) return false;
    ek_ref low = entry_segment(dir[first]), high = entry_segment(dir[first + span]);
    bucket *to = ek_ptr(a, low), *from = ek_ptr(a, high);
    if (nused_in(to, SEGMENT_BUCKETS) + nused_in(from, SEGMENT_BUCKETS) > MERGE_ITEMS)
        return false;
    ek_ref items[MERGE_ITEMS];
    unsigned n = gather(to, SEGMENT_BUCKETS, items);
    n += gather(from, SEGMENT_BUCKETS, items + n);
    ek_touch(a, to, SEGMENT_BYTES);
    memset(to, 0, SEGMENT_BYTES);
    deal(a, key_of, items, n, bits - 1, EK_TABLE_SEGMENT_LOG2, to, NULL);
    ek_touch(a, dir + first, 2 * span * sizeof *dir);
    for (uint32_t i = 0; i < 2 * span; i++) dir[first + i] = low | (bits - 1);
    ek_free(a, high);
    if (bits == t->depth) EK_SET(a, t->deepest, t->deepest - 2);
    if (t->deepest == 0) halve_directory(a, t);
    return true;
}

static bool looks_sparse(const ek_table_spot *at, uint32_t index) {
    return ek_table_match(&at->segment[index], 0) == EMPTY &&
           nused_in(&at->segment[index & ~(SPARSE_GROUP - 1)], SPARSE_GROUP) <= SPARSE_ITEMS;
}

static void shrink(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash,
                   const ek_table_spot *at, uint32_t index) {
    if (t->count == 0) {
        free_all(a, t);
    } else if (t->depth) {
        if (EK_UNLIKELY(looks_sparse(at, index)))
            while (merge(a, t, key_of, hash)) continue;
    } else if (t->segment_log2 && t->count <= (PLACES << t->segment_log2) / 6) {
        unsigned log2 = t->segment_log2 - 1u;
        ek_ref smaller = try_alloc(a, sizeof(bucket) << log2);
        if (smaller) resize_lone(a, t, key_of, smaller, log2);
    }
}

bool ek_table_remove(ek_arena *a, ek_table *t, ek_table_key_fn *key_of, uint64_t hash,
                     ek_ref item) {
    ek_table_spot at;
    uint32_t step;
    unsigned i;
    if (!ek_table_spot_of(a, t, hash, &at) || !find_place(&at, hash, item, &step, &i))
        return false;
    uint32_t index = (at.home + step) & at.mask;
    EK_SET(a, at.segment[index].tag[i], 0);
    while (step-- > 0) {
        bucket *b = &at.segment[(at.home + step) & at.mask];
        if (b->passed < 255) EK_SET(a, b->passed, (uint8_t)(b->passed - 1));
    }
    EK_SET(a, t->count, t->count - 1);
    shrink(a, t, key_of, hash, &at, index);
    return true;
}

/* --- visiting --- */

static void prefetch_items(const ek_arena *a, const bucket *b) {
    for (unsigned used = used_places(b); used; used &= used - 1)
        __builtin_prefetch(ek_ptr(a, b->ref[__builtin_ctz(used)]));
}

typedef struct scan_state {
    ek_table_key_fn *key_of;
    ek_table_visit_fn *visit;
    void *arg;
    uint64_t from, to; /* of hashes, both included */
    size_t visited;
} scan_state;

/* Visit the items of one home, wherever in the segment they are. */
static void scan_home(const ek_arena *a, const ek_table_spot *at, scan_state *s) {
    for (uint32_t step = 0; step <= at->mask; step++) {
        const bucket *b = &at->segment[(at->home + step) & at->mask];
        prefetch_items(a, b);
        for (unsigned used = used_places(b); used; used &= used - 1) {
            ek_ref item = b->ref[__builtin_ctz(used)];
            uint64_t hash = ek_table_hash(a, s->key_of(a, item));
            if (hash < s->from || hash > s->to) continue;
            s->visit(s->arg, item);
            s->visited++;
        }
        if (b->passed == 0) return;
    }
}

uint64_t ek_table_scan(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of,
                       uint64_t cursor, size_t count, ek_table_visit_fn *visit, void *arg) {
    scan_state s = {.key_of = key_of, .visit = visit, .arg = arg, .from = cursor << CURSOR_SHIFT};
    if (cursor >> (64 - CURSOR_SHIFT)) return 0;
    for (;;) {
        ek_table_spot at;
        if (!ek_table_spot_of(a, t, s.from, &at)) return 0;
        unsigned bits = t->segment_log2;
        if (t->depth) bits += entry_bits(dir_of(a, t)[s.from >> (64 - t->depth)]);
        s.to = s.from | (bits ? UINT64_MAX >> bits : UINT64_MAX);
        scan_home(a, &at, &s);
        s.from = s.to + 1;
        if (s.from == 0) return 0;
        if (s.visited >= count) return s.from >> CURSOR_SHIFT;
    }
}

/* The same by reading them, all at once: of items in thousands of pages the addresses are far as well,
 * and a prefetch of such a one may be dropped. */
static void read_items(const ek_arena *a, const bucket *b) {
    for (unsigned used = used_places(b); used; used &= used - 1)
        (void)*(const volatile uint8_t *)ek_ptr(a, b->ref[__builtin_ctz(used)]);
}

static bool each_of(const ek_arena *a, const bucket *segment, uint32_t nbuckets,
                    ek_table_each_fn *visit, void *arg) {
    read_items(a, segment);
    for (uint32_t i = 0; i < nbuckets; i++) {
        if (i + 1 < nbuckets) read_items(a, &segment[i + 1]);
        for (unsigned used = used_places(&segment[i]); used; used &= used - 1)
            if (!visit(arg, segment[i].ref[__builtin_ctz(used)])) return false;
    }
    return true;
}

void ek_table_each(const ek_arena *a, const ek_table *t, ek_table_each_fn *visit, void *arg) {
    if (t->dir == 0) return;
    if (t->depth == 0) {
        each_of(a, ek_ptr(a, t->dir), 1u << t->segment_log2, visit, arg);
        return;
    }
    const ek_ref *dir = dir_of(a, t);
    for (uint32_t i = 0; i >> t->depth == 0;) {
        if (dir[i] == 0) { /* drained */
            i++;
            continue;
        }
        if (!each_of(a, ek_ptr(a, entry_segment(dir[i])), SEGMENT_BUCKETS, visit, arg)) return;
        i += entry_span(t, dir[i]);
    }
}

/* Among those with the tag of the hash: the item itself or, when it is 0, the one whose key has this
 * hash. */
static ek_ref seek(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of, uint64_t hash,
                   ek_ref item) {
    ek_table_spot at;
    if (!t->count || !ek_table_spot_of(a, t, hash, &at)) return 0;
    uint8_t tag = ek_table_tag(hash);
    uint32_t i = at.home;
    for (uint32_t left = at.mask;; left--) {
        const bucket *b = &at.segment[i];
        for (unsigned hits = ek_table_match(b, tag); hits; hits &= hits - 1) {
            ek_ref ref = b->ref[__builtin_ctz(hits)];
            if (item ? ref == item : ek_table_hash(a, key_of(a, ref)) == hash) return ref;
        }
        if (b->passed == 0 || left == 0) return 0;
        i = (i + 1) & at.mask;
    }
}

ek_ref ek_table_find_hash(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of,
                          uint64_t hash) {
    return seek(a, t, key_of, hash, 0);
}

bool ek_table_holds(const ek_arena *a, const ek_table *t, uint64_t hash, ek_ref item) {
    return seek(a, t, NULL, hash, item) != 0;
}

/* The place to try is chosen evenly among all places of the hashes' order; one in a segment that
 * shares fewer bits, and so has fewer places for as many hashes, is passed over as much oftener. */
ek_ref ek_table_random(const ek_arena *a, const ek_table *t, ek_random *r) {
    if (t->count == 0) return 0;
    for (;;) {
        uint64_t dice = ek_random_next(r);
        ek_table_spot at;
        if (!ek_table_spot_of(a, t, dice, &at)) return 0;
        if (t->depth) {
            ek_ref entry = dir_of(a, t)[dice >> (64 - t->depth)];
            if (ek_random_below(r, entry_span(t, entry)) != 0) continue;
        }
        const bucket *b = &at.segment[at.home];
        uint64_t i = ek_random_below(r, PLACES);
        if (b->tag[i]) return b->ref[i];
    }
}

/* --- draining --- */

/* Take items out of a segment until it is empty (true) or the budget is spent. */
static bool drain_segment(ek_arena *a, bucket *segment, uint32_t nbuckets, size_t *budget,
                          size_t *taken, ek_table_release_fn *release, void *arg) {
    for (uint32_t i = 0; i < nbuckets; i++) {
        bucket *b = &segment[i];
        unsigned used = used_places(b);
        if (!used) continue;
        if (*taken >= *budget) return false;
        if (i + 1 < nbuckets) prefetch_items(a, b + 1);
        ek_touch(a, b->tag, sizeof b->tag);
        memset(b->tag, 0, sizeof b->tag);
        for (; used; used &= used - 1, ++*taken) release(a, arg, b->ref[__builtin_ctz(used)]);
    }
    return true;
}

/* Entries vanish from the front: the first that is left is found by halving. */
static uint32_t first_left(const ek_arena *a, const ek_table *t) {
    const ek_ref *dir = dir_of(a, t);
    uint32_t gone = 0, end = 1u << t->depth;
    while (gone < end) {
        uint32_t middle = gone + (end - gone) / 2;
        if (dir[middle] == 0) gone = middle + 1;
        else end = middle;
    }
    return end;
}

bool ek_table_drain(ek_arena *a, ek_table *t, size_t budget, ek_table_release_fn *release,
                    void *arg) {
    if (t->dir == 0) return true;
    size_t taken = 0;
    bool done;
    if (t->depth == 0) {
        done = drain_segment(a, ek_ptr(a, t->dir), 1u << t->segment_log2, &budget, &taken, release,
                             arg);
    } else {
        ek_ref *dir = dir_of(a, t);
        uint32_t i = first_left(a, t), n = 1u << t->depth;
        while (i < n && drain_segment(a, ek_ptr(a, entry_segment(dir[i])), SEGMENT_BUCKETS, &budget,
                                      &taken, release, arg)) {
            uint32_t span = entry_span(t, dir[i]);
            ek_free(a, entry_segment(dir[i]));
            ek_touch(a, dir + i, span * sizeof *dir);
            memset(dir + i, 0, span * sizeof *dir);
            i += span;
        }
        done = i == n;
    }
    if (done) {
        ek_free(a, t->dir);
        ek_touch(a, t, sizeof *t);
        *t = (ek_table){0};
    } else {
        EK_SET(a, t->count, t->count - (uint32_t)taken);
    }
    return done;
}

/* --- measuring and checking --- */

size_t ek_table_bytes(const ek_arena *a, const ek_table *t) {
    if (t->dir == 0) return 0;
    size_t bytes = ek_usable(a, t->dir);
    if (t->depth == 0) return bytes;
    const ek_ref *dir = dir_of(a, t);
    for (uint32_t i = 0; i >> t->depth == 0; i += dir[i] ? entry_span(t, dir[i]) : 1)
        bytes += dir[i] ? SEGMENT_BYTES : 0;
    return bytes;
}

typedef struct check_state {
    const ek_arena *a;
    const ek_table *t;
    ek_table_key_fn *key_of;
    uint32_t items;
} check_state;

/* Every item of a segment whose items share the bits of `prefix` lies where a look-up finds it. */
static bool segment_check(check_state *c, const bucket *segment, unsigned bits, uint64_t prefix) {
    uint32_t mask = (1u << c->t->segment_log2) - 1;
    unsigned passed[SEGMENT_BUCKETS] = {0};
    for (uint32_t i = 0; i <= mask; i++)
        for (unsigned used = used_places(&segment[i]); used; used &= used - 1) {
            unsigned at = (unsigned)__builtin_ctz(used);
            ek_ref item = segment[i].ref[at];
            if (!ek_ref_ok(c->a, item, 8)) return false;
            ek_str key = c->key_of(c->a, item);
            uint64_t hash = ek_table_hash(c->a, key);
            if (segment[i].tag[at] != ek_table_tag(hash)) return false;
            if (bits && hash >> (64 - bits) != prefix) return false;
            ek_table_spot spot;
            if (!ek_table_spot_of(c->a, c->t, hash, &spot) || spot.segment != segment) return false;
            for (uint32_t s = spot.home; s != i; s = (s + 1) & mask) passed[s]++;
            if (ek_table_find_with(c->a, c->t, c->key_of, hash, key) != item) return false;
            c->items++;
        }
    for (uint32_t i = 0; i <= mask; i++)
        if (segment[i].passed < ek_min(passed[i], 255)) return false;
    return true;
}

static bool directory_check(check_state *c) {
    const ek_table *t = c->t;
    if (t->depth > EK_TABLE_DEPTH_MAX || t->segment_log2 != EK_TABLE_SEGMENT_LOG2) return false;
    if (!ek_ref_ok(c->a, t->dir, sizeof(ek_ref) << t->depth)) return false;
    const ek_ref *dir = dir_of(c->a, t);
    uint32_t deepest = 0;
    for (uint32_t i = 0; i >> t->depth == 0;) {
        unsigned bits = entry_bits(dir[i]);
        if (bits == 0 || bits > t->depth) return false;
        if (!ek_ref_ok(c->a, entry_segment(dir[i]), SEGMENT_BYTES)) return false;
        uint32_t span = entry_span(t, dir[i]);
        if (i % span) return false;
        for (uint32_t s = 1; s < span; s++)
            if (dir[i + s] != dir[i]) return false;
        deepest += bits == t->depth;
        const bucket *segment = ek_ptr(c->a, entry_segment(dir[i]));
        if (!segment_check(c, segment, bits, (uint64_t)i >> (t->depth - bits))) return false;
        i += span;
    }
    return deepest == t->deepest && deepest > 0;
}

bool ek_table_check(const ek_arena *a, const ek_table *t, ek_table_key_fn *key_of) {
    check_state c = {.a = a, .t = t, .key_of = key_of};
    if (t->dir == 0) return t->count == 0 && t->depth == 0 && t->segment_log2 == 0;
    if (t->depth) return directory_check(&c) && c.items == t->count;
    return t->segment_log2 <= EK_TABLE_SEGMENT_LOG2 &&
           ek_ref_ok(a, t->dir, sizeof(bucket) << t->segment_log2) &&
           segment_check(&c, ek_ptr(a, t->dir), 0, 0) && c.items == t->count;
}
