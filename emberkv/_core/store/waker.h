/* Waking who sleeps, in whatever process.
 *
 *   board entry | word u32 | owner token u32 | serial u32 | fd i32 |     in the header, not journalled
 *                 0 quiet   1 due   2 due, and its poster has yet to signal
 *
 * A sleeper sleeps on the word (futex), or in a loop on a descriptor: an eventfd when the store is
 * private, else a FIFO beside the arena's file, which posters open by the entry's number. Several
 * clients may share one waker. Posters note wakers while they hold the lock, and signal them after
 * they let go of it (ek_store_leave). A word that is set already is not signalled again, so a burst
 * costs one system call. A poster may die between its commit and its signal: so look every 100 ms.
 *
 * The order that loses nothing: ek_waker_clear, then look (ek_inbox_take), then wait. */
#ifndef EK_STORE_WAKER_H
#define EK_STORE_WAKER_H

#include "store/store.h"

typedef struct ek_waker ek_waker; /* a process's own handle */

/* NULL: no memory, no descriptor or no place left. Takes no lock. */
ek_waker *ek_waker_new(ek_store *s, bool with_descriptor);
void ek_waker_free(ek_waker *w); /* before the store is closed */
int ek_waker_fd(const ek_waker *w); /* readable when something is due; -1: has none */
void ek_waker_clear(ek_waker *w);   /* empties the descriptor too */
/* Sleep until something is due, at most so long. True: it is. No lock held, no GIL needed. */
bool ek_waker_wait(ek_waker *w, int timeout_ms);
bool ek_waker_due(const ek_waker *w);
uint32_t ek_waker_name(const ek_waker *w); /* for ek_client.waker */

/* Lock held: have this waker signalled when the lock is let go of. 0 is allowed, and no waker. */
void ek_waker_note(ek_store *s, uint32_t name);
/* Likewise, if its poster died before the signal. */
void ek_waker_note_again(ek_store *s, uint32_t name);
/* Let go of the store's lock and signal what was noted. In place of ek_arena_leave, always. What was
 * committed is then as safe as the settings want it: 0, or an errno: it is not. */
EK_INLINE int ek_store_leave(ek_store *s);

/* The same for who must not wait yet (it holds the interpreter): not 0 is a position of the feed, with
 * which ek_store_settle has to be called without the lock, before the caller tells of what it did. */
uint64_t ek_store_leave_telling(ek_store *s);
EK_INLINE uint64_t ek_store_leave_for(ek_store *s) {
    if (EK_UNLIKELY(s->nnoted | s->feed_moved)) return ek_store_leave_telling(s);
    ek_arena_leave(s->a);
    return 0;
}

EK_INLINE int ek_store_settle(ek_store *s, uint64_t upto) {
    int failed = s->feed_due(s, upto);
    atomic_fetch_sub(&s->settling, 1);
    return failed;
}

EK_INLINE int ek_store_leave(ek_store *s) {
    uint64_t upto = ek_store_leave_for(s);
    return EK_UNLIKELY(upto != 0) ? ek_store_settle(s, upto) : 0;
}

void ek_wakers_forget(ek_store *s); /* what the handle keeps to signal others */

/* Free what a dead process had; or everybody but this one, in a copy of a private store. */
void ek_wakers_bury(ek_store *s, uint32_t token);
void ek_wakers_bury_others(ek_store *s);
#endif
