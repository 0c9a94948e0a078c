/* CLIENT PAUSE: for a while commands of clients, or those that write, are held back. Whoever runs
 * sessions asks before a command, with the lock held, and waits without it. */
#ifndef EK_ENGINE_PAUSE_H
#define EK_ENGINE_PAUSE_H

#include "engine/session.h"

int64_t ek_pause_left_ms_slow(const ek_session *session, const ek_command *cmd, size_t argc,
                              const ek_str *argv);
/* How long the command (NULL: an unknown one) is still to be held back; 0: it is not. */
EK_INLINE int64_t ek_pause_left_ms(const ek_session *session, const ek_command *cmd, size_t argc,
                                   const ek_str *argv) {
    if (EK_LIKELY(!session->s->root->pause_until_ms)) return 0;
    return ek_pause_left_ms_slow(session, cmd, argc, argv);
}

/* Does the script or function that the command runs say that it does not write? Set once, by
 * ek_scripting_init. */
extern bool (*ek_script_only_reads)(const ek_store *s, const ek_command *cmd, size_t argc,
                                    const ek_str *argv);

/* In a transaction. False: there is no such time. */
bool ek_pause(ek_store *s, int64_t ms, bool writes_only);
void ek_pause_end(ek_store *s); /* in a transaction */
void ek_pause_tidy_slow(ek_store *s);
/* Forget a pause that is over. In a transaction. */
EK_INLINE void ek_pause_tidy(ek_store *s) {
    if (EK_UNLIKELY(s->root->pause_until_ms)) ek_pause_tidy_slow(s);
}

#endif
