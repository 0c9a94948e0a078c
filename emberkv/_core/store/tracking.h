/* Tracking: who keeps copies of which keys, and is told when they change (CLIENT TRACKING).
 *
 *   root->tracking.keys: table by key -> ek_tracked | n, cap | ids, ascending | key |    what was read
 *   root->tracking.prefixes -> ek_prefix <-> ek_prefix ..., in order                     broadcasting
 *        members -> (client, ...)        pending -> (key, who changed it) -> ...
 *   ek_client.tracking -> ek_tracking | flags | redirect | its prefixes, in order |
 *
 * A key that was read is entered with the reader's id, whatever its database; a change tells those
 * who are entered and takes the key out. Broadcasts are gathered and sent before the transaction
 * commits, one message for each prefix. What is entered for a client that is gone stays until its key
 * changes, or the table is over tracking-table-max-keys. While nobody tracks, a change costs one
 * test. A key takes its bytes and 24 to 40 more. Lock: the store's, and a transaction. */
#ifndef EK_STORE_TRACKING_H
#define EK_STORE_TRACKING_H

#include "store/client.h"
#include "store/store.h"

enum { /* ek_tracking.flags */
    EK_TRACKING_BCAST = 1u << 0,
    EK_TRACKING_OPTIN = 1u << 1,
    EK_TRACKING_OPTOUT = 1u << 2,
    EK_TRACKING_NOLOOP = 1u << 3,
    EK_TRACKING_BROKEN = 1u << 4,  /* whom it redirects to is gone */
    EK_TRACKING_CACHING = 1u << 5, /* CLIENT CACHING: of the next command the other thing holds */
};

typedef struct ek_tracking {
    uint32_t flags, nprefixes;
    uint64_t redirect;     /* 0: nobody */
    ek_ref prefixes[];     /* ek_prefix */
} ek_tracking;

/* Begin, or go on with other flags and more prefixes. They must not overlap. */
void ek_tracking_on(ek_store *s, ek_client *c, uint32_t flags, uint64_t redirect, size_t nprefixes,
                    const ek_str *prefixes);
void ek_tracking_off(ek_store *s, ek_client *c); /* no more; idempotent */
EK_INLINE ek_tracking *ek_tracking_of(const ek_store *s, const ek_client *c) {
    return c && c->tracking ? ek_ptr(s->a, c->tracking) : NULL;
}
ek_str ek_tracking_prefix(const ek_store *s, const ek_tracking *t, uint32_t i);

/* The client has read the key. */
void ek_tracking_read(ek_store *s, const ek_client *c, ek_str key);

/* The key has changed, by the client with this id (0: by nobody). */
void ek_tracking_changed_slow(ek_store *s, ek_str key, uint64_t by);
EK_INLINE void ek_tracking_changed(ek_store *s, ek_str key, uint64_t by) {
    if (EK_UNLIKELY(s->root->tracking.nclients)) ek_tracking_changed_slow(s, key, by);
}
void ek_tracking_flushed(ek_store *s); /* all keys, of one database or of all */

/* Send the broadcasts that were gathered: before the commit. */
void ek_tracking_broadcast_slow(ek_store *s);
EK_INLINE void ek_tracking_broadcast(ek_store *s) {
    if (EK_UNLIKELY(s->root->tracking.queued)) ek_tracking_broadcast_slow(s);
}

bool ek_tracking_check(const ek_store *s);

#endif
