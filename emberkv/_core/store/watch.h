/* Watched keys: for WATCH, across sessions and processes.
 *
 * In each database a table of the keys that somebody watches, each with a version that every change of the key
 * raises and a count of the watchers. Changing a key costs nothing while nobody watches anything. */
#ifndef EK_STORE_WATCH_H
#define EK_STORE_WATCH_H

#include "store/store.h"

/* Start watching; returns the version to compare with later. */
uint64_t ek_watch_add(ek_store *s, uint32_t db, ek_str key);
/* The version now; UINT64_MAX when nobody watches it. */
uint64_t ek_watch_version(const ek_store *s, uint32_t db, ek_str key);
void ek_watch_drop(ek_store *s, uint32_t db, ek_str key);

void ek_watch_changed_slow(ek_store *s, uint32_t db, ek_str key);
EK_INLINE void ek_watch_changed(ek_store *s, uint32_t db, ek_str key) {
    if (EK_UNLIKELY(s->root->nwatched)) ek_watch_changed_slow(s, db, key);
}
/* Drop all that is watched: by sessions of processes that died. */
void ek_watch_forget_all(ek_store *s);
/* Every watched key of a database that exists in it or in the other (NULL: none) has changed:
 * FLUSHDB, FLUSHALL, SWAPDB. Call it before the keys go. */
void ek_watch_changed_all(ek_store *s, uint32_t db, const ek_db *other);

#endif
