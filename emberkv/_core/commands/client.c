/* CLIENT and its subcommands: facts about the session that asks. */
#include "commands/client.h"
#include "commands/tables.h"

#include <stdio.h>
#include <stdlib.h>

void ek_client_set_text(ek_ctx *c, ek_str *where, ek_str text) {
    uint8_t *copy = NULL;
    if (text.n) {
        copy = malloc(text.n);
        if (!copy) ek_raise(c->a, EK_ENOMEM);
        memcpy(copy, text.p, text.n);
    }
    free((void *)where->p);
    *where = (ek_str){copy, text.n};
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
    ek_client_set_text(c, &c->session->name, name);
    return true;
}

void ek_cmd_client_id(ek_ctx *c) {
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
    ek_client_set_text(c, name ? &c->session->lib_name : &c->session->lib_ver, c->argv[3]);
    ek_reply_ok(c->reply);
}

void ek_cmd_client_info(ek_ctx *c) {
    const ek_session *s = c->session;
    size_t cap = 512 + s->name.n + s->lib_name.n + s->lib_ver.n;
    char *line = ek_scratch_alloc(c, cap);
    int n = snprintf(line, cap,
                     "id=%llu addr= laddr= fd=-1 name=%.*s age=0 idle=0 flags=%s db=%u sub=0 "
                     "psub=0 ssub=0 multi=%d watch=%zu qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 "
                     "rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=client|info "
                     "user=default redir=-1 resp=%d lib-name=%.*s lib-ver=%.*s\n",
                     (unsigned long long)s->id, (int)s->name.n, (const char *)s->name.p,
                     s->in_multi ? "x" : "N", s->db, s->in_multi ? (int)s->nqueue : -1,
                     s->nwatches, s->resp, (int)s->lib_name.n, (const char *)s->lib_name.p,
                     (int)s->lib_ver.n, (const char *)s->lib_ver.p);
    ek_reply_verbatim(c->reply, "txt", line, (size_t)n);
}
