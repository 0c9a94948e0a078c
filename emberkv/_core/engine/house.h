/* Keeping house: what has to be done for a store without anybody calling.
 *
 * A handle whose store has something to keep starts one thread, which never needs the interpreter and
 * takes no signals. Of all handles on a shared store one is elected, by a lock on a byte of the
 * arena's file; the kernel lets go of it when the process dies, and another handle goes on, which
 * looks every second, and more often while there is something to write. A private store's only
 * handle is always elected. A child of a fork has no thread until it asks for one (ek_house_begin),
 * which ek_house_look does for whoever writes.
 *
 * To have something done, add a hook: ek_house_add(run), once, when the library is loaded (see
 * ek_persist_init), and see that the stores concerned ek_house_begin. Hooks run one after another in
 * the elected thread with no lock held, are asked again after as many milliseconds as they returned
 * (at most EK_HOUSE_PERIOD_MS; 0: at once, others having had their turn), and when somebody rang. Who
 * rings because the feed has much to write, as a busy writer does thousands of times a second, is
 * heard only by hooks that write: the others would be in his way with the store's lock.
 * They enter the store by ek_house_enter, do a millisecond's work or less, and leave by
 * ek_store_leave. They look at ek_house_stopping between steps of what takes longer. */
#ifndef EK_ENGINE_HOUSE_H
#define EK_ENGINE_HOUSE_H

#include "store/store.h"

#define EK_HOUSE_PERIOD_MS 1000
#define EK_HOUSE_HOOKS 8

typedef int64_t ek_house_hook(ek_store *s);
void ek_house_add(ek_house_hook *run, bool writes); /* no lock: at the beginning of the process */

/* Start the thread unless it runs. False: the system has none to give. Lock held, or nobody else
 * knows the handle yet. */
bool ek_house_begin(ek_store *s);
/* The same where the settings leave something to do, which they may have begun to just now: to keep on disk,
 * or to tell of keys whose time has come. */
bool ek_house_follow_settings(ek_store *s);
/* End it and wait for that, which may take as long as a write to the disk: without the GIL. */
void ek_house_end(ek_store *s);
/* After a fork: begin anew where the parent had begun. Lock held; costs a comparison. */
EK_INLINE void ek_house_look(ek_store *s) {
    if (EK_UNLIKELY(s->house && s->house_forks != s->a->forks)) ek_house_begin(s);
}

/* Let the hooks of whoever is elected run now. No lock needed. */
void ek_house_ring(ek_store *s);
void ek_house_ring_to_write(ek_store *s); /* of those that write */

/* --- for hooks --- */

bool ek_house_enter(ek_store *s); /* takes the store's lock. False: the thread is to end */
bool ek_house_stopping(const ek_store *s);

#endif
