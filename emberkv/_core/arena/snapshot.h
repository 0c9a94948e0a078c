/* Snapshots: the heap as it was at one moment, while writers go on.
 *
 *   the arena's file   | header | journal | descriptors | heap: page 1 | page 2 | page 3 | ... |
 *   pages kept         | book | a bit for each page | (number u64, page) | (number u64, page) | ...
 *   the reader's view  a private mapping of the arena's file, with the kept pages copied into it
 *
 * Whoever announces a change to a page for the first time since the snapshot began appends the page
 * as it stands to the file of kept pages, which lies beside the arena's (a private arena's is a
 * memory file). The reader holds the store's lock while it looks at its view: then what was not kept
 * has not changed. It may let go of the lock at any instruction, and has to take in what was kept
 * meanwhile when it has it again. So a snapshot takes as much memory as changes while it runs,
 * and costs a writer one copy of each page that it changes.
 *
 * At most one runs in a store. hdr->snapshot is its number; 0 again says that it is over, or has
 * failed, for want of room for a page. The reader holds a flock on the file of kept pages:
 * when it dies, whoever finds that out gives it up. */
#ifndef EK_ARENA_SNAPSHOT_H
#define EK_ARENA_SNAPSHOT_H

#include "arena/arena.h"

typedef struct ek_snapshot ek_snapshot;

/* Begin one. Lock held, no transaction open. EK_EBUSY: one runs, in whatever process. */
ek_status ek_snapshot_begin(ek_arena *a, ek_snapshot **out);
ek_arena *ek_snapshot_view(const ek_snapshot *sn); /* to be read, lock held */
/* Does the view need no lock? That of a forked private arena is a copy. */
bool ek_snapshot_is_apart(const ek_snapshot *sn);
/* Take in what was kept. Needed each time that the lock was taken again; without the lock it leaves
 * less to do then. False: the snapshot has failed. O(pages that changed). */
bool ek_snapshot_take(ek_snapshot *sn, bool locked);
/* Lock held. False: it had failed. What it took is given back by ek_snapshot_drop, without the lock:
 * unmapping a view takes a millisecond for every 50 MB. */
bool ek_snapshot_end(ek_snapshot *sn);
void ek_snapshot_drop(ek_snapshot *sn);

/* Give up one whose reader has died. Lock held. One system call, if any runs. */
void ek_snapshot_bury(ek_arena *a);

/* For map.c. */
void ek_snapshot_forked(ek_arena *a); /* in the child; or of a copy */
void ek_snapshot_closed(ek_arena *a);
void ek_snapshot_unlink(const ek_arena *a);

#endif
