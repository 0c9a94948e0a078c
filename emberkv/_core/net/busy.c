/* Connections while a script keeps the store busy.
 *
 * It may be somebody else's: then the lock is not to be had, and what cannot be answered without it is
 * put off. Or it came by one of our own connections: then it runs in this very thread, and calls us
 * now and then (ek_server_meanwhile). We have the lock then, in the middle of its transaction: what is
 * allowed in that state is run, inside that; nothing is closed, for that takes a transaction. */
#include "net/internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "engine/renames.h"
#include "engine/scratch.h"
#include "scripting/busy.h"

#define EVENTS 64
#define EVERY_MS 10
#define PUT_OFF_MS 20
#define HOLD_MS 2 /* that replies are held back while others have the lock */

static bool answered(ek_server *server, ek_conn *conn, const ek_command *cmd) {
    ek_reply *out = &server->out;
    size_t mark = out->len;
    out->resp = conn->session->resp;
    if (!ek_busy_execute(conn->session, cmd, out)) return false;
    if (conn->facts.reply_mode != EK_REPLY_ON) out->len = mark;
    return true;
}

static bool enter_slowly(ek_server *server, ek_conn *conn, bool *ok) {
    const ek_parser *p = &conn->parser;
    const ek_command *container, *cmd = ek_resolve(conn->session, p->argc, p->argv, &container);
    if (EK_UNLIKELY(server->unsafe != 0) && !server->meanwhile) { /* it may last: others have waited enough */
        if (ek_arena_enter(server->s->a, HOLD_MS) == EK_OK) return true;
        if (ek_server_settle(server)) return *ok = false;
    }
    for (;;) {
        if (answered(server, conn, cmd)) return false;
        if (server->meanwhile && ek_allowed_busy(cmd)) return true;
        if (server->meanwhile || ek_busy(server->s)) {
            *ok = ek_conn_postpone(server, conn, PUT_OFF_MS);
            return false;
        }
        /* Who asks the server to stop may be the one who holds the lock, and wait for us. */
        ek_status st = EK_EBUSY;
        if (!atomic_load(&server->stop_asked)) st = ek_arena_enter(server->s->a, EK_LOCK_PATIENCE_MS);
        else return *ok = false;
        if (st == EK_OK) return true;
        if (st != EK_EBUSY) return *ok = false;
    }
}

bool ek_server_enter_for(ek_server *server, ek_conn *conn, bool *ok) {
    bool entered = !server->meanwhile && ek_arena_try_enter(server->s->a) == EK_OK;
    if (EK_UNLIKELY(!entered) && !enter_slowly(server, conn, ok)) return false;
    if (EK_LIKELY(conn->enrolled)) return true;
    *ok = ek_conn_enroll(server, conn);
    if (*ok) return true;
    ek_server_leave(server);
    return false;
}

/* --- our own --- */

/* What whoever's turn it is works in is the script's: others get their own. */
typedef struct workplace {
    uint8_t *in;
    ek_reply out, tape;
    ek_scratch scratch;
    ek_str *argv;
    size_t argv_cap;
} workplace;

static workplace exchange(ek_server *server, workplace w) {
    workplace old = {server->in, server->out, server->tape, server->scratch, server->argv,
                     server->argv_cap};
    server->in = w.in;
    server->out = w.out;
    server->tape = w.tape;
    server->scratch = w.scratch;
    server->argv = w.argv;
    server->argv_cap = w.argv_cap;
    return old;
}

static void look_after(ek_server *server) {
    ek_poll_event events[EVENTS];
    int n = ek_poll_wait(server->poll, events, EVENTS, 0);
    for (int i = 0; i < n; i++) {
        ek_source_kind *source = events[i].data;
        if (*source == EK_SOURCE_LISTENER)
            ek_listener_accept(server, (ek_listener *)source);
        else if (*source == EK_SOURCE_CONN && (ek_conn *)source != server->at_work)
            ek_conn_ready(server, (ek_conn *)source, events[i].ready);
    }
}

bool ek_server_meanwhile(ek_frontend *f) {
    ek_server *server = (ek_server *)f;
    int64_t now_ms = ek_clock_monotonic_ms();
    if (server->meanwhile || now_ms - server->meanwhile_ms < EVERY_MS) return true;
    server->meanwhile_ms = now_ms;
    if (atomic_load(&server->stop_asked)) return false;
    workplace own = {.in = malloc(EK_IN_BYTES)};
    if (!own.in) return true;
    workplace scripts = exchange(server, own);
    server->meanwhile = true;
    if (ek_server_settle(server) && server->at_work) server->at_work->facts.close_at_once = true;
    look_after(server);
    server->meanwhile = false;
    own = exchange(server, scripts);
    free(own.in);
    free(own.argv);
    ek_reply_free(&own.out);
    ek_reply_free(&own.tape);
    ek_scratch_free(&own.scratch);
    return !atomic_load(&server->stop_asked);
}

/* --- who is to be closed when it is over --- */

void ek_conn_doom(ek_server *server, ek_conn *conn) {
    if (conn->doomed) return;
    conn->doomed = true;
    server->ndoomed++;
    ek_conn_watch(server, conn, 0);
}

void ek_server_close_doomed(ek_server *server) {
    for (size_t i = server->nconns; server->ndoomed && i-- > 0;) {
        ek_conn *conn = server->conns[i];
        if (!conn->doomed) continue;
        server->ndoomed--;
        ek_conn_close(server, conn);
    }
}
