/* Work on the whole store in the background, from a view of it, in a thread that needs no GIL.
 *
 * At most one job runs in a store, in whatever process (store/saving.h), and no other one is begun
 * while one's own is still at its end. A job belongs to the handle that began it: closing the handle
 * calls it off, and a child of a fork knows nothing of it. */
#ifndef EK_PERSIST_BACKGROUND_H
#define EK_PERSIST_BACKGROUND_H

#include <stdatomic.h>

#include "store/saving.h"
#include "store/view.h"

/* Lock held, at the view's moment. It calls ek_background_leave, _go_on and _enter (with `job`) around
 * what needs nothing of the store, and often: they are what ek_rdb_save asks for. What it returns is how the job ended. */
typedef struct ek_background_job {
    ek_store *s;
    ek_view view;
    uint64_t dirty;          /* ek_store_root.dirty at the view's moment */
    const _Atomic bool *cancel;
    uint64_t keys;           /* done so far; shown now and then */
    int64_t shown_ms;
} ek_background_job;
typedef bool ek_background_run(ek_background_job *job);

/* In a transaction, no job runs: begin one when it is committed, none if it is undone. Raises: no
 * memory, or no thread. */
void ek_background_begin(ek_store *s, ek_saving_kind kind, ek_background_run *run);
/* Have this handle's own job end soon, with nothing done, if it is of that kind. */
void ek_background_give_up(ek_store *s, ek_saving_kind kind);
void ek_background_leave(void *job);
bool ek_background_enter(void *job);
bool ek_background_go_on(void *job, uint64_t keys);

#endif
