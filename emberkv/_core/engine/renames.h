/* rename-command: names that hold for who comes by a connection to a server, and for the scripts that
 * he runs. What the process itself calls, rules of users, the feed and what INFO tells keep the
 * commands' own names.
 *
 * The few renames lie in the process's settings, in the order in which they were made; a name is
 * looked for among all of them. Where there are none, that costs a comparison. Lock: the store's, or
 * nobody else knows the handle yet. */
#ifndef EK_ENGINE_RENAMES_H
#define EK_ENGINE_RENAMES_H

#include "engine/command.h"
#include "engine/frontend.h"
#include "engine/session.h"

/* From now on the command that is called `from` is called `to`; empty: nothing. False: `why`. */
bool ek_rename_command(ek_store *s, ek_str from, ek_str to, const char **why);

/* As ek_command_find_full, by the names that hold for the session. */
const ek_command *ek_renamed_find_full(const ek_session *session, ek_str name);
const ek_command *ek_renamed_resolve(const ek_session *session, size_t argc, const ek_str *argv,
                                     const ek_command **container);

EK_INLINE bool ek_has_renames(const ek_session *session) {
    return session->frontend && session->s->settings->nrenames;
}

/* As ek_command_resolve, by the names that hold for the session. */
EK_INLINE const ek_command *ek_resolve(const ek_session *session, size_t argc, const ek_str *argv,
                                       const ek_command **container) {
    if (EK_LIKELY(!ek_has_renames(session))) return ek_command_resolve(argc, argv, container);
    return ek_renamed_resolve(session, argc, argv, container);
}

/* The name by which it can be found again whatever holds for the session: its own, or its
 * container's. What is kept of a request, or told to others, begins with it. */
ek_str ek_own_name(const ek_command *cmd);

#endif
