/* Ordered map from ids to references: a B+ tree of ids, which are pairs of numbers.
 *
 *   root     | top | count | height |                    16 bytes, in its owner; height 0: empty
 *   node     | first | n | prev | next | id x 31 | ref x 31 |                      640 bytes
 *
 * Leaves and inner nodes have one form. The items of a node are those at [first, first + n): what is
 * taken from the front of a queue moves nothing and announces eight bytes. In a leaf the references
 * are the owner's, and leaves are chained; in an inner node they are nodes, with the lowest id that
 * was below each when it was put there (that of the first is not looked at).
 *
 * An id behind all others begins a new leaf when the last is full, so ids that come in order, as those
 * of a stream do, fill their leaves: 21 bytes an item. A node with less than a quarter of its
 * items joins a neighbour with room.
 *
 * Costs: O(log n); a million ids are five nodes deep. Why no radix tree: one of adaptive nodes (for 4,
 * 16, 48, 256 children, with compressed paths) was measured beside it, a million ids in order on one
 * machine. Both add one in about 70 ns and find one of them at random in 550 to 650; but its size
 * depends on how the ids lie, 13 bytes an id for eight in each millisecond, 45 for one in each, 54 for
 * one in three or more, and 21 here always. And here what follows an id lies beside it.
 *
 * Owner: whoever holds the root; a root of zeros is empty. Lock: the store's.
 */
#ifndef EK_DATA_IDTREE_H
#define EK_DATA_IDTREE_H

#include "arena/arena.h"

typedef struct ek_id {
    uint64_t ms, seq; /* compared in turn */
} ek_id;

typedef struct ek_idtree { /* the root; lies inside another block */
    ek_ref top;
    uint32_t count;
    uint32_t height; /* 1: the top is a leaf */
    uint32_t spare;
} ek_idtree;

_Static_assert(sizeof(ek_idtree) == 16, "the root is 16 bytes");

#define EK_IDTREE_NODE 31u

typedef struct ek_idtree_node {
    uint16_t first, n;
    ek_ref prev, next; /* of a leaf */
    uint32_t spare;
    ek_id id[EK_IDTREE_NODE];
    ek_ref ref[EK_IDTREE_NODE];
} ek_idtree_node;

_Static_assert(sizeof(ek_idtree_node) <= 640, "a node fits its size class");

/* A place in the order: good until the tree changes. leaf 0: there is none. */
typedef struct ek_idtree_place {
    ek_ref leaf;
    uint32_t at;
} ek_idtree_place;

EK_INLINE bool ek_id_before(ek_id x, ek_id y) {
    return x.ms < y.ms || (x.ms == y.ms && x.seq < y.seq);
}
EK_INLINE bool ek_id_eq(ek_id x, ek_id y) { return x.ms == y.ms && x.seq == y.seq; }

/* --- reading --- */

EK_INLINE const ek_idtree_node *ek_idtree_leaf(const ek_arena *a, ek_idtree_place p) {
    return ek_ptr(a, p.leaf);
}
EK_INLINE ek_id ek_idtree_id(const ek_arena *a, ek_idtree_place p) {
    return ek_idtree_leaf(a, p)->id[p.at];
}
EK_INLINE ek_ref ek_idtree_ref(const ek_arena *a, ek_idtree_place p) {
    return ek_idtree_leaf(a, p)->ref[p.at];
}
EK_INLINE ek_idtree_place ek_idtree_next(const ek_arena *a, ek_idtree_place p) {
    const ek_idtree_node *leaf = ek_idtree_leaf(a, p);
    if (p.at + 1 < (uint32_t)leaf->first + leaf->n) return (ek_idtree_place){p.leaf, p.at + 1};
    if (!leaf->next) return (ek_idtree_place){0, 0};
    return (ek_idtree_place){leaf->next, ((const ek_idtree_node *)ek_ptr(a, leaf->next))->first};
}
EK_INLINE ek_idtree_place ek_idtree_prev(const ek_arena *a, ek_idtree_place p) {
    const ek_idtree_node *leaf = ek_idtree_leaf(a, p);
    if (p.at > leaf->first) return (ek_idtree_place){p.leaf, p.at - 1};
    if (!leaf->prev) return (ek_idtree_place){0, 0};
    const ek_idtree_node *prev = ek_ptr(a, leaf->prev);
    return (ek_idtree_place){leaf->prev, (uint32_t)prev->first + prev->n - 1};
}
ek_idtree_place ek_idtree_first(const ek_arena *a, const ek_idtree *t);
ek_idtree_place ek_idtree_last(const ek_arena *a, const ek_idtree *t);
ek_idtree_place ek_idtree_at_least(const ek_arena *a, const ek_idtree *t, ek_id id);
ek_idtree_place ek_idtree_at_most(const ek_arena *a, const ek_idtree *t, ek_id id);
ek_ref ek_idtree_find(const ek_arena *a, const ek_idtree *t, ek_id id); /* 0: it is not there */

/* --- changing. Needs ek_begin. --- */

void ek_idtree_add(ek_arena *a, ek_idtree *t, ek_id id, ek_ref ref); /* the id is not there */
void ek_idtree_set(ek_arena *a, ek_idtree_place p, ek_ref ref);
ek_ref ek_idtree_remove(ek_arena *a, ek_idtree *t, ek_id id); /* what it stood for; 0: not there */

/* Take out whole leaves from the front until at least `budget` items are gone or none is left, giving
 * each item to `release` (NULL: nothing is to be done). True: it is empty. */
typedef void ek_idtree_release_fn(ek_arena *a, void *arg, ek_ref ref);
bool ek_idtree_drain(ek_arena *a, ek_idtree *t, size_t budget, ek_idtree_release_fn *release,
                     void *arg);

size_t ek_idtree_bytes(const ek_arena *a, const ek_idtree *t); /* of its nodes; O(leaves) */
bool ek_idtree_check(const ek_arena *a, const ek_idtree *t);   /* order, chain, fences; O(n) */

#endif
