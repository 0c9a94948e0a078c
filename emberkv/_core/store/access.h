/* When, and how often, keys are asked for: ek_entry.access.
 *
 *   | Unix time in seconds: 24 bits | 8 bits |      it goes round in 194 days
 *
 * The low byte is a fraction of the second (1/256) or, while maxmemory-policy is one of LFU, the
 * counter of Redis: it grows by the logarithm of the uses, and falls with time. With allkeys-tinylfu it
 * is a count of uses up to EK_GHOSTS_MAX, and the rest is the clock of data/ghosts.h, by which it fades:
 * that keeps the counts of keys that went, which one that comes back begins with. What a store notes
 * follows from its settings:
 *
 *   EK_ACCESS_SECONDS  no limit of memory, no policy that counts: the second, under the lock only
 *   EK_ACCESS_TIME     a limit and a policy of age, or somebody asked for OBJECT IDLETIME
 *   EK_ACCESS_COUNTER  a policy of LFU
 *   EK_ACCESS_USES     allkeys-tinylfu
 *
 * The word is a hint: it is written as slack, so that a read that leaves it changes nothing to the
 * journal and disturbs no reader. Readers without the lock must not write where an entry was a
 * moment ago. They leave the hash of the key in a ring of their process, which whoever holds the
 * lock next empties into the entries; what is overwritten before that is lost. Nothing of this is
 * asked of stores that note seconds only: EK_NOTED_READS in the arena's header tells.
 *
 * Lock: the store's; the ring: none, its words are read and written whole. */
#ifndef EK_STORE_ACCESS_H
#define EK_STORE_ACCESS_H

#include "store/store.h"

enum { EK_ACCESS_SECONDS, EK_ACCESS_TIME, EK_ACCESS_COUNTER, EK_ACCESS_USES };

#define EK_ACCESS_SECOND 256u /* units of a second */

EK_INLINE bool ek_access_counts(const ek_store *s) { /* is the policy one that counts uses? */
    return s->root->access_mode >= EK_ACCESS_COUNTER;
}

uint32_t ek_access_now(const ek_store *s); /* the present time, as the word has it */
/* What the word of a new key begins as, or of one whose value is replaced (`was` its word). */
uint32_t ek_access_begin(const ek_store *s);
EK_INLINE uint32_t ek_access_replaced(const ek_store *s, uint32_t was, uint32_t plan) {
    return EK_UNLIKELY(ek_access_counts(s)) ? was : plan;
}

EK_INLINE void ek_access_note(ek_store *s, ek_entry *e, uint32_t word) {
    ek_touch_slack(s->a, &e->access, sizeof e->access);
    e->access = word;
}

/* The key was used. In a transaction, or at least under the lock. */
void ek_value_accessed(ek_store *s, const ek_value *v);

/* With allkeys-tinylfu: a key came, or goes. */
void ek_access_came_slow(ek_store *s, const ek_value *v);
void ek_access_goes_slow(ek_store *s, const ek_value *v);
EK_INLINE void ek_access_came(ek_store *s, const ek_value *v) {
    if (EK_UNLIKELY(s->root->access_mode == EK_ACCESS_USES)) ek_access_came_slow(s, v);
}
EK_INLINE void ek_access_goes(ek_store *s, const ek_value *v) {
    if (EK_UNLIKELY(s->root->access_mode == EK_ACCESS_USES)) ek_access_goes_slow(s, v);
}

/* Units since the last use: of a second, or of the clock by which uses fade. */
uint32_t ek_access_idle(const ek_store *s, uint32_t access);
unsigned ek_access_counter(const ek_store *s, uint32_t access); /* as it has fallen since */

/* The word of a key that was not used for so long, and of one with this counter (0..255), which only a
 * policy of LFU can keep. */
uint32_t ek_access_with_idle(const ek_store *s, uint64_t seconds);
uint32_t ek_access_with_counter(const ek_store *s, unsigned counter);

/* A use that a reader without the lock made. About 15 ns; none of it while only seconds are noted. */
void ek_access_noted_slow(ek_store *s, uint32_t db, ek_str key);
EK_INLINE void ek_access_noted(ek_store *s, uint32_t db, ek_str key) {
    if (EK_UNLIKELY(s->a->hdr->no_unlocked_reads)) ek_access_noted_slow(s, db, key);
}
void ek_access_settle(ek_store *s); /* empty the ring: under the lock */

/* Settings have changed, or somebody asks for times: in a transaction. */
void ek_access_follow_settings(ek_store *s);
void ek_access_ask(ek_store *s);

#endif
