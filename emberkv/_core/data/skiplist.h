/* Skiplist of (score, member), ordered by score and then by the member's bytes, with ranks.
 *
 *   root       | head | tail | count | level | head_level |                16 bytes, in its owner
 *
 *   node       0       8      12     14     18
 *              | score | back | word | next | next, span | next, span ... | (length) | member
 *                               |      of level 0, of level 1, of level 2 ...
 *                               levels - 1 in 5 bits, length of the member in 11
 *
 * The head is a node without score and member, made with the first insert and re-made larger as the
 * list grows levels. A span says how many nodes on the link leads; that of a link to the end (next
 * is 0) how many nodes follow. Level 0 needs none: every link leads to the next. A member of 2047
 * bytes or more has its length in the 8 bytes before it. A node on one level (three of four) with a
 * member of up to 14 bytes takes 32 bytes; on average a node has 2.7 bytes of further levels.
 *
 * A node's reference is good as long as the node is in the list, so a table can hold the very same
 * blocks as its items (ek_skiplist_member is its key function).
 *
 * Costs: O(log n) for everything but next, previous, first and last, which are O(1). Finding walks
 * down from the head: about 2.3 nodes a level. The rank of a node walks from the node to the end
 * along the highest links, which compares nothing. Changing touches 8 bytes on each level above the
 * node; a changed score that leaves the order as it is touches 8 bytes in all.
 *
 * Owner: whoever holds the root; a root of zeros is an empty list. Lock: the store's.
 */
#ifndef EK_DATA_SKIPLIST_H
#define EK_DATA_SKIPLIST_H

#include "arena/arena.h"
#include "base/random.h"

#define EK_SKIPLIST_LEVELS 32

typedef struct ek_skiplist { /* the root; lies inside another block, at a multiple of 4 bytes */
    ek_ref head;             /* 0: never had a node */
    ek_ref tail;
    uint32_t count;
    uint8_t level;      /* of the tallest node */
    uint8_t head_level; /* levels that the head has room for */
    uint16_t spare;
} ek_skiplist;

_Static_assert(sizeof(ek_skiplist) == 16, "the root is 16 bytes");

/* A place in the order: the node that stands there, and its rank from 0. Past the end: 0, count. */
typedef struct ek_skiplist_place {
    ek_ref node;
    uint32_t rank;
} ek_skiplist_place;

/* --- one node. O(1) --- */

/* The key function of a table of nodes; keeps to what such a one promises to readers without lock. */
ek_str ek_skiplist_member(const ek_arena *a, ek_ref node);
size_t ek_skiplist_node_bytes(const ek_arena *a, ek_ref node);

EK_INLINE double ek_skiplist_score(const ek_arena *a, ek_ref node) {
    double score;
    memcpy(&score, ek_ptr(a, node), sizeof score);
    return score;
}

EK_INLINE ek_ref ek_skiplist_prev(const ek_arena *a, ek_ref node) { /* 0 before the first */
    return ek_load32((const uint8_t *)ek_ptr(a, node) + 8);
}

EK_INLINE ek_ref ek_skiplist_next(const ek_arena *a, ek_ref node) { /* 0 after the last */
    return ek_load32((const uint8_t *)ek_ptr(a, node) + 14);
}

EK_INLINE ek_ref ek_skiplist_first(const ek_arena *a, const ek_skiplist *l) {
    return l->head ? ek_skiplist_next(a, l->head) : 0;
}

EK_INLINE ek_ref ek_skiplist_last(const ek_arena *a, const ek_skiplist *l) {
    (void)a;
    return l->tail;
}

/* --- finding. O(log n) --- */

uint32_t ek_skiplist_rank(const ek_arena *a, const ek_skiplist *l, ek_ref node); /* from 0 */
ek_ref ek_skiplist_at(const ek_arena *a, const ek_skiplist *l, uint32_t rank);   /* 0: beyond */

/* The first node at or after (score, member). */
ek_skiplist_place ek_skiplist_seek(const ek_arena *a, const ek_skiplist *l, double score,
                                   ek_str member);
/* The first node whose score is at least `score`; with `beyond`, greater than it. A range of scores
 * is what lies between two such places: its size is the difference of their ranks. */
ek_skiplist_place ek_skiplist_seek_score(const ek_arena *a, const ek_skiplist *l, double score,
                                         bool beyond);
/* The same by the members' bytes, in a list whose scores are all the same. */
ek_skiplist_place ek_skiplist_seek_lex(const ek_arena *a, const ek_skiplist *l, ek_str member,
                                       bool beyond);

/* --- changing. Needs ek_begin. --- */

/* Add a node; the score is not NaN, and (score, member) not in the list. O(log n). */
ek_ref ek_skiplist_insert(ek_arena *a, ek_skiplist *l, ek_random *r, double score, ek_str member);
/* Take a node out. Its block stays as it is, the caller's to free. O(log n). */
void ek_skiplist_remove(ek_arena *a, ek_skiplist *l, ek_ref node);
/* Give a node of the list another score, and the place it belongs to. The node stays the same block.
 * O(1) when the order stays, else O(log n). */
void ek_skiplist_set_score(ek_arena *a, ek_skiplist *l, ek_ref node, double score);

/* Take out `n` nodes from `rank` on (all there are, if fewer), giving each in order to `release`,
 * which frees its block and must not look at the list. O(log count + n). */
typedef void ek_skiplist_release_fn(ek_arena *a, void *arg, ek_ref node);
void ek_skiplist_remove_ranks(ek_arena *a, ek_skiplist *l, uint32_t rank, uint32_t n,
                              ek_skiplist_release_fn *release, void *arg);

/* Free the list a piece at a time: as above with the first `budget` nodes, and frees the head with
 * the last. NULL for release: the blocks are just freed. True when nothing is left. */
bool ek_skiplist_drain(ek_arena *a, ek_skiplist *l, size_t budget, ek_skiplist_release_fn *release,
                       void *arg);

size_t ek_skiplist_bytes(const ek_arena *a, const ek_skiplist *l); /* of the head */
/* Order, links, spans, back links. O(n). */
bool ek_skiplist_check(const ek_arena *a, const ek_skiplist *l);

#endif
