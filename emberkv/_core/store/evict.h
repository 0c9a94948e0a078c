/* Eviction: which keys go when the store holds more than maxmemory.
 *
 * Policies that rank keys (LRU, LFU, TTL) draw `maxmemory-samples` keys of each database and remember
 * the best victims of earlier draws in a pool, in the process's memory; a victim is looked at again before
 * it goes, for it may have been used, replaced or deleted meanwhile.
 *
 * allkeys-tinylfu: uses are counted in the entries, and those of keys that went in a table of their own;
 * all fade (store/access.h, data/ghosts.h). A key that came of late is on trial: when it leaves the
 * window of the newest twentieth, it stays only if it was used more often than the victim drawn from all
 * others. That keeps out what is asked for once (scans), keeps a part of a loop that is larger than the
 * memory, and needs no list through the keys: the window is a ring of hashes in the memory of the
 * process that added them.
 *
 * Evicted keys are told of as a server does: event "evicted", watchers, tracking. Lock: the store's. */
#ifndef EK_STORE_EVICT_H
#define EK_STORE_EVICT_H

#include "store/store.h"

/* Evict up to n keys, in a transaction. How many there were: less when there are no more candidates. */
unsigned ek_evict(ek_store *s, unsigned n);

/* What counts against maxmemory: what blocks occupy, with this transaction's share, but for what has
 * yet to be written to disk. */
EK_INLINE uint64_t ek_memory_used(const ek_store *s) {
    return s->a->hdr->used_bytes + (uint64_t)s->a->used_bytes - s->root->feed.bytes;
}
uint64_t ek_evict_keys(const ek_store *s); /* of all databases */
uint64_t ek_evict_candidates(const ek_store *s); /* those that the policy may take */
/* A key was made: with allkeys-tinylfu it is on trial. */
void ek_evict_added_slow(ek_store *s, uint32_t db, uint64_t hash);
EK_INLINE void ek_evict_added(ek_store *s, uint32_t db, uint64_t hash) {
    if (EK_UNLIKELY(s->root->config.maxmemory_policy == EK_EVICT_ALLKEYS_TINYLFU))
        ek_evict_added_slow(s, db, hash);
}

#endif
