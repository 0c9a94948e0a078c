/* What others have for connections: the replies of commands that waited, messages, the wish that one
 * be closed. See engine/mail.h.
 *
 * Looked at for mail is only who may get some: who waits, subscribes, tracks or monitors. They are in
 * the server's list `listening` until they close, for most of them stay what they are. */
#include "engine/mail.h"

#include <stdlib.h>

#include "base/clock.h"
#include "net/internal.h"

#define MAIL_AT_ONCE (1u << 20)

bool ek_conn_listen(ek_server *server, ek_conn *conn) {
    if (conn->listens) return true;
    if (server->nlistening == server->listening_cap) {
        size_t cap = server->listening_cap ? server->listening_cap * 2 : 16;
        ek_conn **more = realloc(server->listening, cap * sizeof(ek_conn *));
        if (!more) return false;
        server->listening = more;
        server->listening_cap = cap;
    }
    conn->listens = true;
    conn->listening_index = (uint32_t)server->nlistening;
    server->listening[server->nlistening++] = conn;
    return true;
}

void ek_conn_unlisten(ek_server *server, ek_conn *conn) {
    if (!conn->listens) return;
    conn->listens = false;
    ek_conn *last = server->listening[--server->nlistening];
    server->listening[conn->listening_index] = last;
    last->listening_index = conn->listening_index;
}

bool ek_conn_may_get_mail(ek_conn *conn) {
    const ek_client *c = ek_session_client_if_any(conn->session);
    return c && (c->subscriptions || c->tracking ||
                 c->flags & (EK_CLIENT_IN_PUBSUB | EK_CLIENT_IS_MONITOR));
}

void ek_conn_block(ek_server *server, ek_conn *conn) {
    conn->blocked = true;
    server->frontend.blocked++;
    int64_t until_ms = conn->session->blocked_until_ms;
    if (until_ms < server->next_deadline_ms) server->next_deadline_ms = until_ms;
}

/* Its request is read again when the pause is over. */
bool ek_conn_postpone(ek_server *server, ek_conn *conn, int64_t ms) {
    conn->facts.postponed = true;
    server->npostponed++;
    conn->session->blocked_until_ms = ek_clock_monotonic_ms() + ms;
    ek_conn_block(server, conn);
    return ek_conn_listen(server, conn);
}

/* It has its reply: what it sent meanwhile is run. */
static void unblocked(ek_server *server, ek_conn *conn) {
    conn->blocked = false;
    server->frontend.blocked--;
    ek_conn_go_on(server, conn);
}

/* Into server->out, rendered. Lock held. */
void ek_conn_take_mail(ek_server *server, ek_conn *conn) {
    server->out.resp = conn->session->resp;
    while (ek_inbox_waiting(conn->session) && server->out.len < MAIL_AT_ONCE)
        if (!ek_inbox_take(conn->session, &server->out, MAIL_AT_ONCE)) break;
}

static void finish(ek_server *server, ek_conn *conn) {
    if (!ek_conn_flush(server, conn)) ek_conn_close(server, conn);
    else if (conn->blocked && !conn->session->blocked && !conn->facts.postponed)
        unblocked(server, conn);
}

static bool deliver_to(ek_server *server, ek_conn *conn) {
    if (!ek_inbox_waiting(conn->session)) return false;
    if (!ek_server_enter(server)) return false;
    ek_conn_take_mail(server, conn);
    ek_store_leave(server->s);
    finish(server, conn);
    return true;
}

void ek_server_close_killed(ek_server *server) {
    for (size_t i = server->nconns; i-- > 0;)
        if (i < server->nconns && ek_session_killed(server->conns[i]->session))
            ek_conn_close(server, server->conns[i]);
}

/* Mail for one that never asked for any: others redirect to it. */
static void find_receivers(ek_server *server) {
    for (size_t i = server->nconns; i-- > 0;) {
        if (i >= server->nconns) continue;
        ek_conn *conn = server->conns[i];
        if (conn->listens || !ek_inbox_waiting(conn->session)) continue;
        if (ek_conn_listen(server, conn)) deliver_to(server, conn);
    }
}

void ek_server_deliver(ek_server *server) {
    bool any = false;
    ek_waker_clear(server->waker);
    /* Closing puts the last in the place of the one that closes: so backwards. */
    for (size_t i = server->nlistening; i-- > 0;)
        if (i < server->nlistening) any |= deliver_to(server, server->listening[i]);
    if (!any) {
        find_receivers(server);
        ek_server_close_killed(server);
    }
    server->woken = true;
}

void ek_server_time_out(ek_server *server) {
    bool goes_on = server->npostponed && !server->s->root->pause_until_ms; /* CLIENT UNPAUSE */
    if (EK_LIKELY(server->now_ms < server->next_deadline_ms && !goes_on)) return;
    server->next_deadline_ms = INT64_MAX;
    for (size_t i = server->nlistening; i-- > 0;) {
        if (i >= server->nlistening) continue;
        ek_conn *conn = server->listening[i];
        if (!conn->blocked) continue;
        int64_t until_ms = conn->session->blocked_until_ms;
        if (conn->facts.postponed && (goes_on || server->now_ms >= until_ms)) {
            conn->facts.postponed = false;
            server->npostponed--;
            unblocked(server, conn);
        } else if (server->now_ms >= until_ms) {
            if (!ek_server_enter(server)) return;
            server->out.resp = conn->session->resp;
            ek_unblock(conn->session, EK_UNBLOCK_TIMEOUT, &server->out);
            ek_store_leave(server->s);
            until_ms = conn->session->blocked_until_ms;
            if (!conn->session->blocked) finish(server, conn);
            else if (until_ms < server->next_deadline_ms) server->next_deadline_ms = until_ms;
        } else if (until_ms < server->next_deadline_ms) {
            server->next_deadline_ms = until_ms;
        }
    }
}
