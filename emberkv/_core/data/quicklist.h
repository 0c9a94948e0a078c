/* List of listpacks: O(1) at both ends, a few bytes an element.
 *
 *   root --> head                               tail
 *            node  <-->  node  <-->  ...  <-->  node
 *
 *   node     | prev next cap | begin count end | front gap | entry entry ... | back gap |
 *                                              0          begin             end        cap
 *
 * A node holds one run of listpack entries with room before and behind it, so a push or pop at an
 * end of the list writes the entry, eight bytes of the node and the root's count, and moves nothing.
 * A node is as large as its limit (8 KiB in all, by default), but the only node of a short list
 * grows to that by doubling; an element beyond the limit has a node of its own. Changes in the
 * middle write a new node in the place of the old one: the journal saves nothing of either.
 *
 * Undo: what lies in a gap may be an element that was popped earlier in this transaction. So a gap
 * counts as slack only for the first change of a transaction; later ones save what they overwrite.
 *
 * Costs: ends O(1); an index O(nodes to the nearer end + entries of one node); insert, remove and
 * replace in the middle also copy a node. Beside the entries a full node takes 24 bytes and less
 * than one entry of gap. Owner: whoever holds the root. Lock: the store's.
 */
#ifndef EK_DATA_QUICKLIST_H
#define EK_DATA_QUICKLIST_H

#include "arena/arena.h"
#include "data/listpack.h"

typedef struct ek_list { /* the root: may lie inside another block that never moves */
    uint64_t count;      /* elements */
    ek_ref head, tail;   /* nodes; 0: empty */
    uint32_t nodes;
    uint32_t spare;
} ek_list;

typedef struct ek_list_node {
    ek_ref prev, next;
    uint32_t cap;               /* bytes of data */
    uint32_t begin, count, end; /* count lies between: a push touches it and one neighbour */
    uint8_t data[];
} ek_list_node;

_Static_assert(sizeof(ek_list) == 24, "the root is 24 bytes");
_Static_assert(sizeof(ek_list_node) == 24, "a node's header is 24 bytes");

/* How much a node may hold; one element is always allowed. */
typedef struct ek_list_limit {
    uint32_t bytes, count;
} ek_list_limit;

/* From list-max-listpack-size: -1 to -5 stand for 4 to 64 KiB, others for a number of entries. */
ek_list_limit ek_list_limit_of(int64_t fill);

typedef enum ek_list_end { EK_LIST_HEAD, EK_LIST_TAIL } ek_list_end;

/* An element's place. Holds until the list is changed. */
typedef struct ek_list_iter {
    const uint8_t *p;           /* the entry: see ek_lp_get */
    const uint8_t *begin, *end; /* the run of its node */
    ek_ref node;
} ek_list_iter;

EK_INLINE void ek_list_init(ek_list *l) { *l = (ek_list){0}; } /* in a new block */

/* --- reading --- */

/* The entry at an end, or NULL when the list is empty. O(1). */
const uint8_t *ek_list_peek(const ek_arena *a, const ek_list *l, ek_list_end at);

/* Go to the element with that index; false: there is none. */
bool ek_list_seek(const ek_arena *a, const ek_list *l, uint64_t index, ek_list_iter *it);

bool ek_list_next_node(const ek_arena *a, ek_list_iter *it);
bool ek_list_prev_node(const ek_arena *a, ek_list_iter *it);

/* Go on to the neighbour; false: there is none, and the place is lost. */
EK_INLINE bool ek_list_next(const ek_arena *a, ek_list_iter *it) {
    it->p = ek_lp_next(it->p);
    return EK_LIKELY(it->p < it->end) || ek_list_next_node(a, it);
}

EK_INLINE bool ek_list_prev(const ek_arena *a, ek_list_iter *it) {
    if (EK_UNLIKELY(it->p == it->begin)) return ek_list_prev_node(a, it);
    it->p = ek_lp_prev(it->p);
    return true;
}

size_t ek_list_bytes(const ek_arena *a, const ek_list *l); /* of the nodes. O(nodes) */
bool ek_list_check(const ek_arena *a, const ek_list *l);

/* --- changing: all need ek_begin. Values may lie in the list itself. --- */

/* Put values at an end, one after the other: the last one ends up outermost. */
void ek_list_push(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end at, const ek_str *values,
                  size_t n);
/* Put a run of `count` entries, which are as ek_lp_is_ours says, behind the tail: as a node of its own.
 * False, and nothing is done: no node is so large, or it is so little that the last one has room. */
bool ek_list_push_run(ek_arena *a, ek_list *l, ek_list_limit lim, ek_str run, size_t count);
/* Take the outermost element off; the list is not empty. */
void ek_list_drop(ek_arena *a, ek_list *l, ek_list_end at);

void ek_list_insert(ek_arena *a, ek_list *l, ek_list_limit lim, const ek_list_iter *at, bool after,
                    ek_str value);
void ek_list_replace(ek_arena *a, ek_list *l, ek_list_limit lim, const ek_list_iter *at,
                     ek_str value);
/* Remove `n` elements from an index on; start + n is at most the count. */
void ek_list_remove(ek_arena *a, ek_list *l, ek_list_limit lim, uint64_t start, uint64_t n);
/* Remove the first, or last, `max` elements that equal the value; returns how many there were. */
uint64_t ek_list_remove_value(ek_arena *a, ek_list *l, ek_list_limit lim, ek_list_end from,
                              uint64_t max, ek_str value);

/* Make an empty list (a root in a new block) equal to another one. O(bytes). */
void ek_list_copy(ek_arena *a, ek_list *l, const ek_list *from);

/* Free the nodes a piece at a time, at most `budget` nodes a call. True when nothing is left; the
 * root is the caller's. Elements vanish from the head. */
bool ek_list_drain(ek_arena *a, ek_list *l, size_t budget);

#endif
