/* Commands of those who cannot have the store's lock because a script has it. */
#ifndef EK_SCRIPTING_BUSY_H
#define EK_SCRIPTING_BUSY_H

#include "engine/running.h"

/* Answer the command (NULL: an unknown one) without the lock: what ends the script, what asks for it,
 * and beyond busy-reply-threshold everything else by BUSY. False: it has to wait for the lock, or is what
 * a server does all the same. */
bool ek_busy_execute(ek_session *session, const ek_command *cmd, ek_reply *reply);

/* Whether the command is one that a server runs although a script keeps it busy. */
EK_INLINE bool ek_allowed_busy(const ek_command *cmd) {
    return cmd && cmd->flags & EK_CMD_ALLOW_BUSY;
}

void ek_reply_function_stats(ek_reply *r, const ek_store *s, uint64_t running);

#endif
