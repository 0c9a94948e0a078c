/* How often keys were asked for of late, also those that are gone: what TinyLFU admits by.
 *
 *   block | bucket x 2^n |     a bucket is 8 slots, 16 bytes
 *   slot  | 12 bits of the hash | 4 bits: how often |     how often 0: free
 *
 * A hash has one bucket. Where it has a slot an addition counts, up to 15; else it takes the slot of the one
 * that was asked for least. So counters are exact, but for one hash in 500 that is taken for another, and
 * what is forgotten is what would lose anyway. (A count-min sketch of the same bytes, which shares its
 * counters, answers up to 2 requests in 100 fewer: bench/policies.py.)
 *
 * A hand goes round and halves what it passes, a bucket in 80 additions: once round in 15 to 30 times as many
 * additions as there are keys. So the past fades, and no call does more than a bucket of it. Three to six
 * bytes a key.
 *
 * What it holds is a guess: its bytes are slack to the journal, and an undone transaction leaves what
 * it counted. The block and the size are in the owner's root. Lock: the store's. */
#ifndef EK_DATA_FREQUENCY_H
#define EK_DATA_FREQUENCY_H

#include "arena/arena.h"

typedef struct ek_frequency { /* the root; all zero: there is none, and every frequency is 0 */
    ek_ref block;
    uint32_t log2;
    uint32_t hand;
    uint32_t since; /* additions since the hand moved */
} ek_frequency;

#define EK_FREQUENCY_MAX 15u

/* Make room for so many keys; what is known of those seen so far stays. Raises. */
void ek_frequency_grow(ek_arena *a, ek_frequency *f, uint64_t keys);
bool ek_frequency_fits(const ek_frequency *f, uint64_t keys);
void ek_frequency_free(ek_arena *a, ek_frequency *f);

void ek_frequency_add(ek_arena *a, ek_frequency *f, uint64_t hash); /* O(1), raises nothing */
unsigned ek_frequency_of(const ek_arena *a, const ek_frequency *f, uint64_t hash);

#endif
