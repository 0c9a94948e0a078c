/* Counted B+ tree: items in the order of (score, member), with ranks.
 *
 *   root     | top | count | height |                    16 bytes, in its owner; height 0: empty
 *   inner    | n | count x 31 | child x 31 | score x 31 | item x 31 |              640 bytes
 *   leaf     | n | prev | next | score x 33 | item x 33 |                          416 bytes
 *
 * An item is whatever its owner allocated; the tree keeps its reference beside its score and asks for
 * its member only to order those of equal score. An inner node says of each child how many items are
 * below it and, but for the first, which comes first there. Leaves are chained. A leaf that is full
 * shares with a neighbour before it is split, so leaves are four fifths full: about 17 bytes an item.
 *
 * Costs: O(log n). In 100,000 items the inner nodes fit in the nearest caches, and finding reads one
 * leaf, fetched in one go: a skiplist of as many reads a dozen far nodes one after another. A change
 * touches a part of a leaf and four bytes a level.
 *
 * Owner: whoever holds the root; a root of zeros is empty. Lock: the store's.
 */
#ifndef EK_DATA_BTREE_H
#define EK_DATA_BTREE_H

#include "arena/arena.h"

typedef struct ek_btree { /* the root; lies inside another block */
    ek_ref top;
    uint32_t count;
    uint32_t height; /* 1: the top is a leaf */
    uint32_t spare;
} ek_btree;

_Static_assert(sizeof(ek_btree) == 16, "the root is 16 bytes");

#define EK_BTREE_LEAF 33u
#define EK_BTREE_INNER 31u

typedef struct ek_btree_leaf {
    uint32_t n;
    ek_ref prev, next;
    uint32_t spare;
    double score[EK_BTREE_LEAF];
    ek_ref item[EK_BTREE_LEAF];
} ek_btree_leaf;

_Static_assert(sizeof(ek_btree_leaf) <= 416, "a leaf fits its size class");

/* The member of an item. Stateless. Readers without the lock may pass any place of the heap: see
 * ek_table_key_fn. */
typedef ek_str ek_btree_member_fn(const ek_arena *a, ek_ref item);

/* A place in the order: good until the tree changes. leaf 0: past the end. */
typedef struct ek_btree_place {
    ek_ref leaf;
    uint32_t at;
} ek_btree_place;

/* --- reading --- */

EK_INLINE const ek_btree_leaf *ek_btree_leaf_of(const ek_arena *a, ek_btree_place p) {
    return ek_ptr(a, p.leaf);
}
EK_INLINE ek_ref ek_btree_item(const ek_arena *a, ek_btree_place p) {
    return ek_btree_leaf_of(a, p)->item[p.at];
}
EK_INLINE double ek_btree_score(const ek_arena *a, ek_btree_place p) {
    return ek_btree_leaf_of(a, p)->score[p.at];
}
EK_INLINE ek_btree_place ek_btree_next(const ek_arena *a, ek_btree_place p) {
    const ek_btree_leaf *leaf = ek_btree_leaf_of(a, p);
    if (p.at + 1 < leaf->n) return (ek_btree_place){p.leaf, p.at + 1};
    return (ek_btree_place){leaf->next, 0};
}
EK_INLINE ek_btree_place ek_btree_prev(const ek_arena *a, ek_btree_place p) {
    if (p.at > 0) return (ek_btree_place){p.leaf, p.at - 1};
    ek_ref prev = ek_btree_leaf_of(a, p)->prev;
    return (ek_btree_place){prev, prev ? ((ek_btree_leaf *)ek_ptr(a, prev))->n - 1 : 0};
}

/* These two may run without the lock, on a root that was read once: whatever they meet, they end and
 * read only the heap (and of a member as many bytes as `member` has, behind where an item may lie). */

EK_INLINE ek_btree ek_btree_read_root(const uint8_t *p) {
    return (ek_btree){
        .top = ek_once32(p + offsetof(ek_btree, top)),
        .count = ek_once32(p + offsetof(ek_btree, count)),
        .height = ek_once32(p + offsetof(ek_btree, height)),
    };
}

ek_btree_place ek_btree_at(const ek_arena *a, const ek_btree *t, uint32_t rank);
/* How many items come before (score, member); which rank it has if it is there. */
uint32_t ek_btree_rank(const ek_arena *a, const ek_btree *t, ek_btree_member_fn *member_of,
                       double score, ek_str member);
/* How many have a score below this one; with `beyond`, at most this one. */
uint32_t ek_btree_before_score(const ek_arena *a, const ek_btree *t, double score, bool beyond);
/* How many have a member before this one, in a tree whose scores are all the same. */
uint32_t ek_btree_before_member(const ek_arena *a, const ek_btree *t,
                                ek_btree_member_fn *member_of, ek_str member, bool beyond);

/* The item of this member in such a tree; 0: there is none. */
ek_ref ek_btree_find_member(const ek_arena *a, const ek_btree *t, ek_btree_member_fn *member_of,
                            ek_str member);

/* Fetch a leaf ahead. */
EK_INLINE void ek_btree_fetch_leaf(const ek_arena *a, ek_ref ref) {
    const uint8_t *leaf = ek_ptr(a, ref);
    for (unsigned i = 0; i < sizeof(ek_btree_leaf); i += 64) __builtin_prefetch(leaf + i);
}
/* Fetch ahead the leaf where this score belongs. */
void ek_btree_fetch(const ek_arena *a, const ek_btree *t, double score);

/* --- changing. Needs ek_begin. A score is not NaN. --- */

void ek_btree_insert(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of, double score,
                     ek_ref item); /* (score, member) is not there */
void ek_btree_remove(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of, double score,
                     ek_ref item); /* it is there */
/* Give an item another score and the place it belongs to. */
void ek_btree_move(ek_arena *a, ek_btree *t, ek_btree_member_fn *member_of, ek_ref item,
                   double score, double new_score);

/* Take out `n` items from `rank` on (all there are, if fewer), giving each in order to `release`,
 * which may free it and must not look at the tree. */
typedef void ek_btree_release_fn(ek_arena *a, void *arg, ek_ref item);
void ek_btree_remove_ranks(ek_arena *a, ek_btree *t, uint32_t rank, uint32_t n,
                           ek_btree_release_fn *release, void *arg);

/* Exchange the whole tree for one of n > 0 items, given in their order: about 20 ns an item, and of the old
 * tree nothing is journalled. Which items they are is the caller's affair. */
typedef struct ek_btree_entry {
    double score;
    ek_ref item;
    ek_ref was; /* for the owner: not looked at here */
} ek_btree_entry;
void ek_btree_rebuild(ek_arena *a, ek_btree *t, const ek_btree_entry *e, uint32_t n);

size_t ek_btree_bytes(const ek_arena *a, const ek_btree *t); /* of its nodes; O(inner nodes) */
/* Order, counts, chain, fences. O(n). */
bool ek_btree_check(const ek_arena *a, const ek_btree *t, ek_btree_member_fn *member_of);

#endif
