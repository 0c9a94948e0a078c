/* A store as it was at one moment, to be read while others write: a handle on a snapshot
 * (arena/snapshot.h). Its store's arena raises to guards of its own. */
#ifndef EK_STORE_VIEW_H
#define EK_STORE_VIEW_H

#include "arena/snapshot.h"
#include "store/store.h"

typedef struct ek_view {
    ek_store store; /* of its fields only arena, root, databases and clock are there */
    ek_arena *of;
    ek_snapshot *snapshot;
    bool locked; /* is the lock held, as far as the view is concerned? */
    int64_t entered_ns, longest_ns; /* by the thread's processor time: since when, and at most */
} ek_view;

/* Begin at this moment. Lock held, no transaction open. EK_EBUSY: another snapshot runs. */
ek_status ek_view_begin(ek_store *s, ek_view *v);
/* Let go of the lock while the view stays what it is, and take it again. They are what ek_rdb_save
 * calls. False: the store is damaged, or there was no room to keep what changed. */
void ek_view_leave(void *view);
bool ek_view_enter(void *view);
/* Lock held, and afterwards as well (unless ek_view_enter could not take it). False: the view has
 * failed, and what was read of it may be wrong. */
bool ek_view_end(ek_view *v);
void ek_view_drop(ek_view *v); /* afterwards, without the lock */

#endif
