/* How often keys were asked for of late, also those that are gone: what TinyLFU admits by.
 *
 *   block | byte x 2^log2 |      a byte is two counters up to 15, each of another row
 *
 * A count-min sketch of two rows: a hash has one place in each, an addition raises the lower of the
 * two counters (both when they are equal), and what is read is the lower one. A hand goes round and halves
 * the counters it passes, once round in ten times as many additions as there are keys: so the past
 * fades, and no call does more than a few bytes of it. Three to six bytes a key.
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
