/* PING, ECHO, SELECT, AUTH, HELLO, QUIT, RESET and CLIENT. */
#include "commands/client.h"
#include "commands/tables.h"
#include "engine/acl.h"
#include "engine/context.h"
#include "engine/mail.h"
#include "engine/version.h"
#include "store/channels.h"
#include "store/tracking.h"

#include <stdlib.h>

void ek_cmd_ping(ek_ctx *c) {
    const ek_client *client = c->resp == 2 ? ek_session_client_if_any(c->session) : NULL;
    if (c->argc > 2) {
        ek_reply_wrong_arity(c);
    } else if (client && client->subscriptions) { /* as a message: RESP2 has no other way */
        ek_reply_array(c->reply, 2);
        ek_reply_cstr(c->reply, "pong");
        ek_reply_str(c->reply, c->argc == 2 ? c->argv[1] : (ek_str){0});
    } else if (c->argc == 2) {
        ek_reply_str(c->reply, c->argv[1]);
    } else {
        ek_reply_status(c->reply, "PONG");
    }
}

void ek_cmd_echo(ek_ctx *c) {
    ek_reply_str(c->reply, c->argv[1]);
}

/* Those who cannot see the session see its record. */
static void tell_record(ek_ctx *c) {
    ek_client *client = ek_session_client_if_any(c->session);
    if (!client) return;
    if (client->db != c->session->db) EK_SET(c->a, client->db, c->session->db);
    if (client->resp != (uint32_t)c->session->resp)
        EK_SET(c->a, client->resp, (uint32_t)c->session->resp);
}

static void select_db(ek_ctx *c, uint32_t db) {
    c->session->db = c->dbi = db;
    c->db = &c->s->dbs[db];
    tell_record(c);
}

void ek_cmd_select(ek_ctx *c) {
    uint32_t db;
    if (!ek_arg_db(c, 1, &db)) return;
    select_db(c, db);
    ek_reply_ok(c->reply);
}

void ek_cmd_quit(ek_ctx *c) {
    if (c->session->connection) c->session->connection->close_after_reply = true;
    ek_reply_ok(c->reply);
    if (c->session->connection) c->session->connection->close_after_reply = true;
}

void ek_cmd_reset(ek_ctx *c) {
    ek_session_discard(c->session);
    ek_session_unwatch(c->session);
    ek_client *client = ek_session_client_if_any(c->session);
    if (client) {
        ek_subscriptions_drop(c->s, client);
        ek_tracking_off(c->s, client);
        ek_client_set_monitor(c->s, client, false);
    }
    c->session->tracking = c->session->caching = c->session->monitoring = false;
    c->session->no_touch = false;
    if (c->session->connection) c->session->connection->reply_mode = EK_REPLY_ON;
    c->session->resp = c->session->initial_resp;
    select_db(c, 0);
    if (c->session->remote) { /* within a process a handle stays what it was opened as */
        ek_acl_log_out(c->session);
        if (client) ek_client_set_fact(c->s, &client->user, (ek_str){0});
    }
    ek_session_begin_auth(c->session);
    ek_client_set_text(c, CLIENT_NAME, (ek_str){0});
    ek_reply_status(c->reply, "RESET");
}

static bool authenticate(ek_ctx *c, ek_str user, ek_str password) {
    if (ek_acl_login(c, user, password)) return true;
    ek_reply_error(c->reply, "WRONGPASS invalid username-password pair or user is disabled.");
    return false;
}

void ek_cmd_auth(ek_ctx *c) {
    if (c->argc > 3)
        ek_reply_syntax_error(c);
    else if (c->argc == 2 && ek_acl_find(c->s, EK_DEFAULT_USER)->flags & EK_USER_NO_PASSWORD)
        ek_reply_error(c->reply, "ERR AUTH <password> called without any password configured for "
                                 "the default user. Are you sure your configuration is correct?");
    else if (authenticate(c, c->argc == 3 ? c->argv[1] : EK_DEFAULT_USER,
                          c->argv[c->argc - 1]))
        ek_reply_ok(c->reply);
}

/* The options take effect one by one, also when a later one turns out to be wrong. */
static bool hello_options(ek_ctx *c) {
    for (size_t i = 2; i < c->argc; i++) {
        size_t left = c->argc - i - 1;
        if (ek_arg_is(c, i, "auth") && left >= 2) {
            if (!authenticate(c, c->argv[i + 1], c->argv[i + 2])) return false;
            i += 2;
        } else if (ek_arg_is(c, i, "setname") && left >= 1) {
            if (!ek_client_set_name(c, c->argv[i + 1])) return false;
            i += 1;
        } else {
            ek_reply_error(c->reply, "ERR Syntax error in HELLO option '%.*s'",
                           (int)ek_min(c->argv[i].n, 128), (const char *)c->argv[i].p);
            return false;
        }
    }
    return true;
}

void ek_cmd_hello(ek_ctx *c) {
    int64_t resp = c->session->resp;
    if (c->argc > 1) {
        if (!ek_arg_range(c, 1, INT64_MIN, INT64_MAX, &resp,
                          "Protocol version is not an integer or out of range"))
            return;
        if (resp != 2 && resp != 3) {
            ek_reply_error(c->reply, "NOPROTO unsupported protocol version");
            return;
        }
        if (!hello_options(c)) return;
    }
    if (c->session->needs_auth) {
        ek_reply_error(c->reply, "NOAUTH HELLO must be called with the client already "
                                 "authenticated, otherwise the HELLO AUTH <user> <pass> option can "
                                 "be used to authenticate the client and select the RESP protocol "
                                 "version at the same time");
        return;
    }
    if (c->argc > 1) {
        c->session->resp = c->resp = (int)resp;
        if (c->reply->resp) c->reply->resp = (int)resp;
        tell_record(c);
    }
    ek_reply_map(c->reply, 7);
    ek_reply_cstr(c->reply, "server");
    ek_reply_cstr(c->reply, "redis");
    ek_reply_cstr(c->reply, "version");
    ek_reply_cstr(c->reply, EK_REDIS_VERSION);
    ek_reply_cstr(c->reply, "proto");
    ek_reply_int(c->reply, resp);
    ek_reply_cstr(c->reply, "id");
    ek_reply_int(c->reply, (int64_t)c->session->id);
    ek_reply_cstr(c->reply, "mode");
    ek_reply_cstr(c->reply, "standalone");
    ek_reply_cstr(c->reply, "role");
    ek_reply_cstr(c->reply, "master");
    ek_reply_cstr(c->reply, "modules");
    ek_reply_array(c->reply, 0);
}
