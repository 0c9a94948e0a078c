/* Values that were deleted and wait to be freed, and those keyspaces that were emptied.
 *
 *   root.garbage_entries --> entry --> entry --> 0    their values are containers; the link lies where
 *                                                     the entry tells an outside value's length
 *   root.garbage         --> | kind | next | what (reference or table root) | --> ...
 *   root.garbage_spares  --> nodes for the tables of keyspaces: of sixteen, as many as there are usually
 *
 * Deleting a big value only puts it here, in O(1); each later command frees a slice. Deleting a key and
 * emptying a keyspace need no memory, for there may be none: the key's own block is the place in the list,
 * and nodes for a keyspace are kept. */
#ifndef EK_STORE_GARBAGE_H
#define EK_STORE_GARBAGE_H

#include "store/store.h"
#include "store/values.h"

/* The nodes that a new store keeps. In a transaction; raises. */
ek_ref ek_garbage_spares(ek_arena *a);

/* Free an entry with its value, at once when it is small. */
void ek_garbage_entry(ek_store *s, const ek_value *v);
/* Free the value of an entry (not the entry), likewise. */
void ek_garbage_value(ek_store *s, ek_type type, ek_encoding enc, ek_ref outside);
/* Free a whole table of entries with their values; or only the table. Takes the root's content. */
void ek_garbage_keyspace(ek_store *s, const ek_table *t);
void ek_garbage_index(ek_store *s, const ek_table *t);

EK_INLINE bool ek_garbage_waits(const ek_store *s) {
    return (s->root->garbage | s->root->garbage_entries) != 0;
}

/* Free up to about `budget` items. */
void ek_garbage_step(ek_store *s, size_t budget);
/* The same as a transaction of its own, and as many as there is room in the journal for. False: there is
 * none at all. Outside of transactions. */
bool ek_garbage_free(ek_store *s, size_t budget);

#endif
