#include "engine/client_line.h"

#include <stdio.h>

#include "engine/acl.h"
#include "engine/mail.h"
#include "engine/monitor.h"
#include "store/channels.h"
#include "store/tracking.h"

enum { FLAG_BYTES = 24 };

static void flags_of(ek_ctx *c, const ek_client_subject *s, char out[FLAG_BYTES]) {
    const ek_tracking *t = ek_tracking_of(c->s, s->client);
    const ek_session *session = s->session;
    const ek_connection *conn = session ? session->connection : NULL;
    char *p = out;
    if (s->client && s->client->flags & EK_CLIENT_IS_MONITOR) *p++ = 'O';
    if (s->client && s->client->flags & EK_CLIENT_IS_REPLICA) *p++ = 'S';
    if (s->client && s->client->subscriptions) *p++ = 'P';
    if (session && session->in_multi) *p++ = 'x';
    if ((s->client && s->client->wait) || (conn && conn->postponed)) *p++ = 'b';
    if (t) *p++ = 't';
    if (t && t->flags & EK_TRACKING_BROKEN) *p++ = 'R';
    if (t && t->flags & EK_TRACKING_BCAST) *p++ = 'B';
    if (conn && conn->close_after_reply) *p++ = 'c';
    if (conn && conn->is_unix) *p++ = 'U';
    if (conn && conn->no_evict) *p++ = 'e';
    if (session && session->no_touch) *p++ = 'T';
    if (p == out) *p++ = 'N';
    *p = 0;
}

static uint32_t subscriptions(ek_ctx *c, const ek_client_subject *s, ek_channel_kind kind) {
    return s->client ? ek_subscriptions(c->s, s->client, kind) : 0;
}

static ek_str fact(ek_ctx *c, const ek_client_subject *s, ek_str own, size_t offset) {
    if (s->session) return own;
    return ek_client_fact(c->s, *(const ek_ref *)((const char *)s->client + offset));
}

static const char *last_command(ek_ctx *c, const ek_client_subject *s) {
    if (s->session == c->session) return c->cmd->name;
    if (s->session) return s->session->last ? s->session->last->name : "NULL";
    return s->client->last_command[0] ? s->client->last_command : "NULL";
}

ek_client_subject ek_client_subject_of(ek_ctx *c) {
    ek_client *client = ek_session_client_if_any(c->session);
    int64_t since = client ? client->created_ms : ek_now_ms(c);
    return (ek_client_subject){.client = client, .session = c->session, .id = c->session->id,
                               .age_s = (ek_now_ms(c) - since) / 1000};
}

size_t ek_client_line(ek_ctx *c, const ek_client_subject *s, char *out, size_t cap) {
    static const ek_session nobody;
    static const ek_connection nothing;
    const ek_session *session = s->session ? s->session : &nobody;
    const ek_connection *conn = session->connection ? session->connection : &nothing;
    const ek_tracking *t = ek_tracking_of(c->s, s->client);
    char addr[EK_ADDRESS_BYTES] = "", laddr[EK_ADDRESS_BYTES] = "", flags[FLAG_BYTES];
    if (s->session) {
        ek_session_address(session, false, false, addr);
        ek_session_address(session, true, false, laddr);
    } else {
        ek_str a = ek_client_fact(c->s, s->client->addr), b = ek_client_fact(c->s, s->client->laddr);
        snprintf(addr, sizeof addr, "%.*s", (int)a.n, (const char *)a.p);
        snprintf(laddr, sizeof laddr, "%.*s", (int)b.n, (const char *)b.p);
    }
    ek_str name = fact(c, s, session->name, offsetof(ek_client, name));
    ek_str lib = fact(c, s, session->lib_name, offsetof(ek_client, lib_name));
    ek_str ver = fact(c, s, session->lib_ver, offsetof(ek_client, lib_ver));
    ek_str user = fact(c, s, session->user, offsetof(ek_client, user));
    if (s->session ? !session->user.p : !s->client->user) user = EK_DEFAULT_USER;
    int64_t since = s->session ? conn->last_ms : s->client->active_ms;
    int64_t idle = since && ek_now_ms(c) > since ? (ek_now_ms(c) - since) / 1000 : 0;
    flags_of(c, s, flags);
    /* What waits in its inbox is output that its server has not taken yet. */
    size_t mail = s->client ? s->client->nmail : 0;
    size_t output = conn->omem + (s->client ? s->client->inbox_bytes : 0);
    int n = snprintf(
        out, cap,
        "id=%llu addr=%s laddr=%s fd=%d name=%.*s age=%lld idle=%lld flags=%s db=%u sub=%u psub=%u "
        "ssub=%u multi=%d qbuf=%zu qbuf-free=%zu argv-mem=%zu multi-mem=%zu rbs=0 rbp=0 obl=%zu "
        "oll=%zu omem=%zu tot-mem=%zu events=%s cmd=%s user=%.*s redir=%lld resp=%u "
        "lib-name=%.*s lib-ver=%.*s\n",
        (unsigned long long)s->id, addr, laddr, session->connection ? conn->fd : -1, (int)name.n,
        (const char *)name.p, (long long)s->age_s, (long long)idle, flags,
        s->session ? session->db : s->client->db, subscriptions(c, s, EK_CHANNEL),
        subscriptions(c, s, EK_PATTERN), subscriptions(c, s, EK_SHARD_CHANNEL),
        session->in_multi ? (int)session->nqueue : -1, conn->qbuf, conn->qbuf_free, conn->argv_mem,
        session->queue_bytes + session->watch_bytes, conn->obl, conn->oll + mail, output,
        ek_session_bytes(session) + (output - conn->omem), conn->oll ? "rw" : "r", last_command(c, s),
        (int)user.n, (const char *)user.p,
        t ? (long long)t->redirect : -1, s->session ? (unsigned)session->resp : s->client->resp,
        (int)lib.n, (const char *)lib.p, (int)ver.n, (const char *)ver.p);
    return (size_t)n;
}
