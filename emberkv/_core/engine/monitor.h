/* MONITOR: every command that runs is told to the clients that asked for it, as one line of text:
 *
 *   <seconds>.<microseconds> [<db> <address>] "word" "word" ...
 *
 * What nobody may read is hidden, what administers is not told. Costs one test while nobody monitors;
 * while somebody does, reads take the lock, or they would not be seen. */
#ifndef EK_ENGINE_MONITOR_H
#define EK_ENGINE_MONITOR_H

#include "engine/context.h"

void ek_monitor_tell_slow(ek_ctx *c);
/* The command has run; or is about to, if what it runs is told as well (EK_CMD_SKIP_MONITOR). */
EK_INLINE void ek_monitor_tell(ek_ctx *c, bool before) {
    if (EK_LIKELY(!c->s->root->nmonitors)) return;
    if (before == ((c->cmd->flags & EK_CMD_SKIP_MONITOR) != 0)) ek_monitor_tell_slow(c);
}

/* Where the session comes from: "127.0.0.1:50312", "unix:/path" (or "/path:0"), "pid:4242". */
#define EK_ADDRESS_BYTES 256
size_t ek_session_address(const ek_session *session, bool local_end, bool as_monitor,
                          char out[EK_ADDRESS_BYTES]);

#endif
