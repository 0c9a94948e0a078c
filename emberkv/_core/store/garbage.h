/* Values that were deleted and wait to be freed: a list of small nodes in the arena.
 *
 *   root.garbage --> | kind | next | what (reference or table root) | --> ...
 *
 * Deleting a big value only puts its root here, in O(1); each later command frees a slice. */
#ifndef EK_STORE_GARBAGE_H
#define EK_STORE_GARBAGE_H

#include "store/store.h"

/* Free the value of an entry (not the entry), at once when it is small. */
void ek_garbage_value(ek_store *s, ek_type type, ek_encoding enc, ek_ref outside);
/* Free a whole table of entries with their values; or only the table. Takes the root's content. */
void ek_garbage_keyspace(ek_store *s, const ek_table *t);
void ek_garbage_index(ek_store *s, const ek_table *t);

/* Free up to about `budget` items. True: nothing is left. */
bool ek_garbage_step(ek_store *s, size_t budget);

#endif
