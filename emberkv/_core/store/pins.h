/* Pins: blocks of bytes values that somebody looks at in place, and that nobody may change or free.
 *
 *   root->pins --> pin --> pin --> 0
 *   pin        | next | block | process | count | orphan |
 *
 * Whoever is about to change or free the bytes of a value that lies in a block of its own asks here:
 * a pinned block is copied instead of changed, and instead of being freed it becomes an orphan, which
 * goes with its last pin. While nobody pins anything that costs a look at one word.
 * A pin carries its process's token; those of the dead go when somebody pins, or attaches.
 * Costs: O(pins). Lock: the store's, and a transaction for all that changes. */
#ifndef EK_STORE_PINS_H
#define EK_STORE_PINS_H

#include "store/store.h"

/* Pin a block that is a value's now; what ek_unpin wants. */
ek_ref ek_pin(ek_store *s, ek_ref block);
void ek_unpin(ek_store *s, ek_ref pin);
void ek_pins_bury_dead(ek_store *s);

bool ek_is_pinned_slow(const ek_store *s, ek_ref block);
EK_INLINE bool ek_is_pinned(const ek_store *s, ek_ref block) {
    return EK_UNLIKELY(s->root->pins != 0) && ek_is_pinned_slow(s, block);
}

/* A value lets go of its block of bytes. */
void ek_free_bytes_slow(ek_store *s, ek_ref block);
EK_INLINE void ek_free_bytes(ek_store *s, ek_ref block) {
    if (EK_UNLIKELY(s->root->pins != 0)) ek_free_bytes_slow(s, block);
    else ek_free(s->a, block);
}

#endif
