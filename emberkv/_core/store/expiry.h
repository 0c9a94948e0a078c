/* Keys whose time has come, found without being asked for. */
#ifndef EK_STORE_EXPIRY_H
#define EK_STORE_EXPIRY_H

#include "base/clock.h"
#include "store/store.h"

/* Does CLIENT PAUSE hold back what writes? Then nothing expires or is evicted either: a key whose time has
 * come is not seen, and stays. */
EK_INLINE bool ek_expiry_is_held(const ek_store *s) {
    int64_t until_ms = s->root->pause_until_ms;
    return EK_UNLIKELY(until_ms != 0) && until_ms > ek_clock_monotonic_ms();
}

/* Are keys looked for that nobody asks for? */
EK_INLINE bool ek_expiry_looks(const ek_store *s) {
    return !(s->root->debug & (EK_STORE_NO_EXPIRY_CYCLE | EK_STORE_PAUSED)) && !ek_expiry_is_held(s);
}

/* Look at up to `samples` random keys that have a time to live, in each database, and delete those
 * that have expired; again while a quarter of them had, but at most a few rounds. */
void ek_expiry_step(ek_store *s, unsigned samples);
/* The same in a transaction of its own, if anybody is told of keys that expire: for who waits for that
 * while nobody runs commands. Lock held. */
void ek_expiry_for_listeners(ek_store *s);

#endif
