/* Room for the next command: what maxmemory asks for before anything runs.
 *
 * Keys are evicted in transactions of their own, a few at a time, before the command's: what was evicted
 * stays so, whatever becomes of the command. It goes on for as long as maxmemory-eviction-tenacity
 * allows; what is then still too much is left to the next commands and to the housekeeper. Inside of
 * EXEC, a script or db.transaction() nothing is evicted: room was made before. */
#ifndef EK_ENGINE_ROOM_H
#define EK_ENGINE_ROOM_H

#include "engine/session.h"

/* Evict until the store is below its limit or the time is up. False: it is above, and no key may go. */
bool ek_make_room(ek_store *s);

/* May this command run? False: it needs memory and there is none for it. */
bool ek_has_room_slow(ek_session *session, const ek_command *cmd);
EK_INLINE bool ek_has_room(ek_session *session, const ek_command *cmd) {
    return EK_LIKELY(session->s->root->config.maxmemory == 0) || ek_has_room_slow(session, cmd);
}

/* May a command be queued by MULTI? A server without room queues none. */
bool ek_may_queue(ek_session *session);

/* The arena itself is full: evict a few keys, if the policy has any. False: it has not. */
bool ek_evict_for_space(ek_store *s);

#endif
