/* What a store does about its memory beside the commands: deleted values are freed, entries are moved
 * out of slabs that are mostly free, and long free runs go back to the system when they were free for a
 * second.
 *
 * Moving: a slab that is a sixth free or more is emptied an entry at a time into fuller ones of its
 * size, until its pages are free and serve any size. What moves are entries and the blocks of long strings
 * and listpacks, to which there is one reference; the inner blocks of big containers stay. A pass
 * over the keys that moved next to nothing is not repeated before the memory in use has changed by a
 * sixteenth.
 *
 * Each call is bounded, takes transactions of its own, and needs the lock; none may be open. */
#ifndef EK_STORE_UPKEEP_H
#define EK_STORE_UPKEEP_H

#include "store/store.h"

/* Some of each. True: there is more to do. About 50 us at most. */
bool ek_upkeep_step(ek_store *s);
/* All of it at once, for MEMORY PURGE: O(everything). */
void ek_upkeep_all(ek_store *s);

/* Does somebody have to call ek_upkeep_step? O(1). */
bool ek_upkeep_due(ek_store *s);

#endif
