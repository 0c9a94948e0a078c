#include "engine/monitor.h"

#include <stdio.h>
#include <unistd.h>

#include "engine/stats.h"
#include "store/client.h"

static const ek_str REDACTED = {(const uint8_t *)"(redacted)", 10};

size_t ek_session_address(const ek_session *session, bool local_end, bool as_monitor,
                          char out[EK_ADDRESS_BYTES]) {
    const ek_connection *conn = session->connection;
    int n;
    if (!conn)
        n = snprintf(out, EK_ADDRESS_BYTES, "pid:%d", (int)getpid());
    else if (conn->is_unix && as_monitor)
        n = snprintf(out, EK_ADDRESS_BYTES, "unix:%s", session->frontend->unixsocket);
    else if (conn->is_unix)
        n = snprintf(out, EK_ADDRESS_BYTES, "%s:0", session->frontend->unixsocket);
    else
        n = snprintf(out, EK_ADDRESS_BYTES, "%s", local_end ? conn->laddr : conn->addr);
    return ek_min((size_t)n, EK_ADDRESS_BYTES - 1);
}

/* How many bytes a byte takes between quotes; and it. */
static size_t quoted_byte(uint8_t b, char out[4]) {
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "\aa\bb\nn\rr\tt\"\"\\\\";
    for (const char *p = letters; *p; p += 2) {
        if (b != (uint8_t)p[0]) continue;
        out[0] = '\\';
        out[1] = p[1];
        return 2;
    }
    if (b >= ' ' && b <= '~') {
        out[0] = (char)b;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[b >> 4];
    out[3] = hex[b & 15];
    return 4;
}

static char *put_quoted(char *p, ek_str word) {
    *p++ = ' ';
    *p++ = '"';
    for (size_t i = 0; i < word.n; i++) p += quoted_byte(word.p[i], p);
    *p++ = '"';
    return p;
}

typedef struct telling {
    ek_store *s;
    ek_ref message;
} telling;

static void tell_one(void *arg, ek_client *client) {
    telling *t = arg;
    if (client->flags & EK_CLIENT_IS_MONITOR) ek_inbox_post_shared(t->s, client, t->message);
}

void ek_monitor_tell_slow(ek_ctx *c) {
    if (c->cmd->flags & EK_CMD_ADMIN) return;
    char head[EK_ADDRESS_BYTES + 64], address[EK_ADDRESS_BYTES];
    if (c->serving) return; /* it was told when it began to wait */
    ek_session_address(c->session, false, true, address);
    int64_t now_us = ek_store_now_us(c->s);
    size_t n = (size_t)snprintf(head, sizeof head, "%lld.%06lld [%u %s]",
                                (long long)(now_us / 1000000), (long long)(now_us % 1000000),
                                c->session->db, c->session->in_script ? "lua" : address);
    size_t bytes = 5 + n;
    for (size_t i = 0; i < c->argc; i++) bytes += 3 + 4 * ek_max(c->argv[i].n, REDACTED.n);
    char *tape = ek_scratch_alloc(c, bytes), *p = tape + 5;
    memcpy(p, head, n);
    p += n;
    for (size_t i = 0; i < c->argc; i++)
        p = put_quoted(p, ek_is_secret(c->cmd, c->argc, c->argv, i) ? REDACTED : c->argv[i]);
    tape[0] = '+';
    ek_store32(tape + 1, (uint32_t)(p - tape - 5));
    telling t = {.s = c->s, .message = ek_message_new(c->s, tape, (size_t)(p - tape))};
    ek_client_each(c->s, tell_one, &t);
    ek_message_release(c->s, t.message);
}
