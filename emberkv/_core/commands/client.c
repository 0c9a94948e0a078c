/* CLIENT and its subcommands: facts about the session that asks. */
#include "commands/client.h"
#include "commands/tables.h"
#include "engine/mail.h"

#include <stdlib.h>

void ek_client_set_text(ek_ctx *c, client_text which, ek_str text) {
    ek_session *session = c->session;
    ek_client *client = ek_session_client_if_any(session);
    ek_str *own[] = {&session->name, &session->lib_name, &session->lib_ver};
    if (client) {
        ek_ref *facts[] = {&client->name, &client->lib_name, &client->lib_ver};
        ek_client_set_fact(c->s, facts[which], text);
    }
    uint8_t *copy = NULL;
    if (text.n) {
        copy = malloc(text.n);
        if (!copy) ek_raise(c->a, EK_ENOMEM);
        memcpy(copy, text.p, text.n);
    }
    free((void *)own[which]->p);
    *own[which] = (ek_str){copy, text.n};
}

/* CLIENT LIST separates its fields by spaces, so no field may hold one. */
static bool printable(ek_str text) {
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '!' || text.p[i] > '~') return false;
    return true;
}

bool ek_client_set_name(ek_ctx *c, ek_str name) {
    if (!printable(name)) {
        ek_reply_error(c->reply, "ERR Client names cannot contain spaces, newlines or special "
                                 "characters.");
        return false;
    }
    /* Who gives itself a name is looked for by it, so it is listed from now on. */
    if (name.n) ek_session_client(c->session);
    ek_client_set_text(c, CLIENT_NAME, name);
    return true;
}

/* Whoever asks for the number will have others use it, who must find a client by it. */
void ek_cmd_client_id(ek_ctx *c) {
    ek_session_client(c->session);
    ek_reply_int(c->reply, (int64_t)c->session->id);
}

void ek_cmd_client_getname(ek_ctx *c) {
    if (c->session->name.n)
        ek_reply_str(c->reply, c->session->name);
    else
        ek_reply_null(c->reply);
}

void ek_cmd_client_setname(ek_ctx *c) {
    if (ek_client_set_name(c, c->argv[2])) ek_reply_ok(c->reply);
}

void ek_cmd_client_setinfo(ek_ctx *c) {
    bool name = ek_arg_is(c, 2, "lib-name");
    if (!name && !ek_arg_is(c, 2, "lib-ver")) {
        ek_reply_error(c->reply, "ERR Unrecognized option '%.*s'", (int)ek_min(c->argv[2].n, 128),
                       (const char *)c->argv[2].p);
        return;
    }
    if (!printable(c->argv[3])) {
        ek_reply_error(c->reply, "ERR %s cannot contain spaces, newlines or special characters.",
                       name ? "lib-name" : "lib-ver");
        return;
    }
    ek_client_set_text(c, name ? CLIENT_LIB_NAME : CLIENT_LIB_VER, c->argv[3]);
    ek_reply_ok(c->reply);
}
