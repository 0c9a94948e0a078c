/* How often keys that went were asked for, and the time in which all such counts fade: what
 * allkeys-tinylfu knows beside its entries.
 *
 *   block | bucket x 2^n |     a bucket is 8 slots, 16 bytes, the oldest first
 *   slot  | 13 bits of the hash | 3 bits: how often |     how often 0: free
 *
 * A hash has one bucket. What is put there takes the slot of the one that was asked for least, of several
 * the oldest. So a count is exact, but for one hash in 1000 that is taken for another, and what is
 * forgotten is what would lose anyway. Keys that are there need no slot: their entries count.
 *
 * Time is uses of keys. A hand goes round once in 24 uses of each key and halves the counts of the buckets
 * that it passes, one at a time; the clock is how far it has come, in 64ths of a round. Who notes the clock
 * with a count of his own halves it when a round has ended (ek_ghosts_faded). So the past fades, and no
 * call does more than a bucket of it. Two to four bytes a key.
 *
 * What it holds is a guess: its bytes are slack to the journal, and an undone transaction leaves what
 * it counted. The block and the size are in the owner's root. Lock: the store's. */
#ifndef EK_DATA_GHOSTS_H
#define EK_DATA_GHOSTS_H

#include "arena/arena.h"

typedef struct ek_ghosts { /* the root; all zero: there is none, every count is 0, and time stands still */
    ek_ref block;
    uint32_t log2;
    uint32_t rounds, hand; /* the bucket that is passed next */
    uint32_t every, since; /* uses that move the hand, and those since it moved */
} ek_ghosts;

#define EK_GHOSTS_MAX 7u      /* a higher count makes a favourite of the past stay for longer, no more */
#define EK_GHOSTS_CLOCK 24u   /* bits of the clock */
#define EK_GHOSTS_ROUND 64u

/* Make room for as many as there are keys; what is known of those seen so far stays. Raises. */
void ek_ghosts_grow(ek_arena *a, ek_ghosts *g, uint64_t keys);
bool ek_ghosts_fits(const ek_ghosts *g, uint64_t keys);
void ek_ghosts_free(ek_arena *a, ek_ghosts *g);

/* O(1), and raise nothing. */
void ek_ghosts_put(ek_arena *a, ek_ghosts *g, uint64_t hash, unsigned count); /* a key went */
unsigned ek_ghosts_of(const ek_arena *a, const ek_ghosts *g, uint64_t hash);
void ek_ghosts_used(ek_arena *a, ek_ghosts *g); /* some key was used: time passes */
uint32_t ek_ghosts_clock(const ek_ghosts *g);
unsigned ek_ghosts_faded(const ek_ghosts *g, unsigned count, uint32_t clock_then);

#endif
