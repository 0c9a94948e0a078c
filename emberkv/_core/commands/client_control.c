/* CLIENT PAUSE, UNPAUSE, REPLY, NO-EVICT, NO-TOUCH; MONITOR; SHUTDOWN: what changes how sessions go on. */
#include "commands/tables.h"
#include "engine/files.h"
#include "engine/mail.h"
#include "engine/pause.h"

static bool on_or_off(ek_ctx *c, bool *on) {
    *on = ek_arg_is(c, 2, "on");
    if (*on || ek_arg_is(c, 2, "off")) return true;
    ek_reply_syntax_error(c);
    return false;
}

void ek_cmd_client_pause(ek_ctx *c) {
    int64_t ms;
    bool writes_only = false;
    if (c->argc > 4) {
        ek_reply_error(c->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                                 "Try CLIENT HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    if (c->argc == 4) {
        writes_only = ek_arg_is(c, 3, "write");
        if (!writes_only && !ek_arg_is(c, 3, "all")) {
            ek_reply_error(c->reply, "ERR CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
    }
    if (!ek_arg_range(c, 2, INT64_MIN, INT64_MAX, &ms, "timeout is not an integer or out of range"))
        return;
    if (ms < 0) {
        ek_reply_error(c->reply, "ERR timeout is negative");
        return;
    }
    if (ek_pause(c->s, ms, writes_only)) ek_reply_ok(c->reply);
    else ek_reply_error(c->reply, "ERR timeout is out of range"); /* as Redis 8; 7.0 says OK, and pauses nobody */
}

void ek_cmd_client_unpause(ek_ctx *c) {
    ek_pause_end(c->s);
    ek_reply_ok(c->reply);
}

/* In a process, where a call has a result, there is nothing to leave out. */
void ek_cmd_client_reply(ek_ctx *c) {
    ek_connection *conn = c->session->connection;
    bool on = ek_arg_is(c, 2, "on"), off = ek_arg_is(c, 2, "off");
    if (!on && !off && !ek_arg_is(c, 2, "skip")) {
        ek_reply_syntax_error(c);
        return;
    }
    if (conn && on) conn->reply_mode = EK_REPLY_ON;
    else if (conn && off) conn->reply_mode = EK_REPLY_OFF;
    else if (conn && conn->reply_mode != EK_REPLY_OFF) conn->reply_mode = EK_REPLY_SKIP_NEXT;
    if (on || !conn) ek_reply_ok(c->reply);
}

void ek_cmd_client_no_evict(ek_ctx *c) {
    bool on;
    if (!on_or_off(c, &on)) return;
    if (c->session->connection) c->session->connection->no_evict = on;
    ek_reply_ok(c->reply);
}

void ek_cmd_client_no_touch(ek_ctx *c) {
    bool on;
    if (!on_or_off(c, &on)) return;
    c->session->no_touch = on;
    ek_reply_ok(c->reply);
}

void ek_cmd_monitor(ek_ctx *c) {
    ek_client *client = ek_session_client(c->session);
    if (c->session->in_exec) { /* its reply has an end */
        ek_reply_error(c->reply, "ERR MONITOR isn't allowed for DENY BLOCKING client");
        return;
    }
    /* As the servers: silence. In a process every call has a result. */
    if (client->flags & EK_CLIENT_IS_MONITOR && c->session->connection) return;
    ek_client_set_monitor(c->s, client, true);
    c->session->monitoring = true;
    ek_reply_ok(c->reply);
}

/* A server whose store has rules for saving saves before it ends, or stays; NOSAVE and FORCE say
 * otherwise. */
static bool may_stop(ek_ctx *c, bool save, bool nosave) {
    ek_store *s = c->s;
    if (nosave) EK_SET(c->a, s->root->saving.last_dirty, s->root->dirty); /* nor when it is closed */
    return nosave || !(save || s->root->config.save) || ek_files_above.save(c);
}

void ek_cmd_shutdown(ek_ctx *c) {
    bool save = false, nosave = false, now = false, force = false, abort = false;
    const struct {
        const char *word;
        bool *given;
    } options[] = {{"save", &save}, {"nosave", &nosave}, {"now", &now}, {"force", &force},
                   {"abort", &abort}};
    for (size_t i = 1; i < c->argc; i++) {
        size_t k = 0;
        while (k < EK_COUNTOF(options) && !ek_arg_is(c, i, options[k].word)) k++;
        if (k == EK_COUNTOF(options)) {
            ek_reply_syntax_error(c);
            return;
        }
        *options[k].given = true;
    }
    ek_frontend *f = c->session->frontend;
    if ((save && nosave) || (abort && (save || nosave || now || force))) {
        ek_reply_syntax_error(c);
    } else if (abort) {
        ek_reply_error(c->reply, "ERR No shutdown in progress.");
    } else if (!f) {
        ek_reply_error(c->reply, "ERR there is no server to stop: close the store");
    } else if (!may_stop(c, save, nosave) && !force) {
        ek_reply_error(c->reply, "ERR Errors trying to SHUTDOWN. Check logs.");
    } else {
        f->request_stop(f);
        c->session->connection->close_at_once = true;
    }
}
