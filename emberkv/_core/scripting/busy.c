#include "scripting/busy.h"

#include <stdlib.h>

#include "engine/context.h"

#define ROOM (EK_RUNNING_TEXT * 2 + 4096) /* for the longest of these replies */

/* Raising is for who has the lock: nothing here may want memory. */
static bool reserve(ek_reply *r) {
    if (r->cap - r->len >= ROOM) return true;
    uint8_t *more = realloc(r->buf, r->len + ROOM);
    if (!more) return false;
    r->buf = more;
    r->cap = r->len + ROOM;
    return true;
}

static void kill(ek_session *session, uint64_t running, ek_reply *reply) {
    switch (ek_run_kill(session->s, running)) {
    case EK_KILL_OK: ek_reply_ok(reply); break;
    case EK_KILL_NONE:
        ek_reply_error(reply, "NOTBUSY No scripts in execution right now.");
        break;
    case EK_KILL_TOO_LATE:
        ek_reply_error(reply, "UNKILLABLE Sorry the script already executed write commands against "
                              "the dataset. You can either wait the script termination or kill the "
                              "server in a hard way using the SHUTDOWN NOSAVE command.");
    }
}

static void reply_busy(ek_session *session, const ek_command *cmd, uint64_t running,
                       ek_reply *reply) {
    bool exec = cmd && strcmp(cmd->name, "exec") == 0;
    ek_reply_error(reply, "%s%s", exec ? "EXECABORT Transaction discarded because of: " : "",
                   ek_busy_text(running));
    session->multi_dirty |= session->in_multi;
    if (exec) ek_session_discard(session);
}

/* It concerns the session alone. What comes behind it in a pipeline shall not run without it. */
static void begin_multi(ek_session *session, ek_reply *reply) {
    session->in_multi = true;
    session->peek = NULL;
    ek_reply_ok(reply);
}

/* In the process of a caller there is no connection to go on with meanwhile, nor a server to stop. */
static void reply_in_process(ek_session *session, const ek_command *cmd, uint64_t running,
                             ek_reply *reply) {
    if (cmd && strcmp(cmd->name, "shutdown") == 0)
        ek_reply_error(reply, "ERR there is no server to stop: the script ends with its process");
    else
        reply_busy(session, cmd, running, reply);
}

static bool is_about_scripts(const char *name) {
    return strncmp(name, "script|", 7) == 0 || strncmp(name, "function|", 9) == 0;
}

/* Whether it is to be ended at all is asked before what it is. */
static bool ends_with_kill(const char *name) {
    return strcmp(name, "script|kill") == 0 || strcmp(name, "function|kill") == 0;
}

bool ek_busy_execute(ek_session *session, const ek_command *cmd, ek_reply *reply) {
    uint64_t running = ek_run_word(session->s);
    if (!running || !reserve(reply)) return false;
    bool function = running & EK_RUN_FUNCTION, busy = ek_busy(session->s);
    const char *name = cmd ? cmd->name : "";
    bool allowed = !session->needs_auth && ek_allowed_busy(cmd);
    if (allowed && (strcmp(name, function ? "function|kill" : "script|kill") == 0 ||
                    (running & EK_RUN_WROTE && ends_with_kill(name))))
        kill(session, running, reply);
    else if (allowed && function && strcmp(name, "function|stats") == 0)
        ek_reply_function_stats(reply, session->s, running);
    else if (allowed && busy && !session->in_multi && strcmp(name, "multi") == 0)
        begin_multi(session, reply);
    else if (busy && (!ek_allowed_busy(cmd) || is_about_scripts(name)))
        reply_busy(session, cmd, running, reply);
    else if (busy && !session->frontend)
        reply_in_process(session, cmd, running, reply);
    else
        return false;
    return true;
}
