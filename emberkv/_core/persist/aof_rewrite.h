/* The append-only directory made anew: a base that holds all there is, and an increment behind it.
 *
 *   lock held, the view's moment: turn_at = position; what follows it goes to another increment
 *   file lock:                    the old increment is written and synced up to there, a new one begun
 *   without a lock:               the view goes into temp-...base.rdb, which is synced
 *   file lock:                    renamed; the manifest names base and new increment; the others go
 *
 * Whatever step fails, or is the process's last, the manifest names files that give the store together.
 * So also is an append-only file begun in a store that had none (CONFIG SET appendonly yes): only that
 * there the feed begins at the view's moment, and the manifest names nothing before the base is there. */
#ifndef EK_PERSIST_AOF_REWRITE_H
#define EK_PERSIST_AOF_REWRITE_H

#include "store/store.h"

/* In a transaction, while nothing is at work in the background. Raises. */
void ek_aof_rewrite(ek_store *s);
/* Lock held, no transaction open: begin or end what the settings ask for, and rewrite what has grown. */
void ek_aof_look_after(ek_store *s);
void ek_aof_rewrite_init(void);

#endif
