/* What the log is told of the server and its connections, in redis-server's words. */
#include <stdio.h>

#include "net/internal.h"
#include "engine/monitor.h"

#define FACTS_BYTES 1024
#define INPUT_BYTES 64
#define REFUSALS_EVERY_MS 1000
#define REPORT_EVERY_MS 5000

void ek_server_report_start(ek_server *server) {
    const ek_frontend *f = &server->frontend;
    const ek_store *s = server->s;
    if (f->port) ek_log(s, EK_LOG_NOTICE, "Running mode=standalone, port=%d.", f->port);
    if (f->tls_port) ek_log(s, EK_LOG_NOTICE, "Running with TLS, tls-port=%d.", f->tls_port);
    if (f->port || f->tls_port) ek_log(s, EK_LOG_NOTICE, "Ready to accept connections");
    if (f->unixsocket[0])
        ek_log(s, EK_LOG_NOTICE, "The server is now ready to accept connections at %s", f->unixsocket);
}

/* Whoever knocks a thousand times a second shall not fill the disk. */
void ek_server_report_refused(ek_server *server, const char *from, const char *why) {
    bool again = server->refusal_logged_ms && server->now_ms < server->refusal_logged_ms + REFUSALS_EVERY_MS;
    if (again) {
        server->refused_quietly++;
        return;
    }
    char others[64] = "";
    if (server->refused_quietly)
        snprintf(others, sizeof others, " (and %llu others before)",
                 (unsigned long long)server->refused_quietly);
    ek_log(server->s, EK_LOG_WARNING, "Refused connection from %s: %s%s", from, why, others);
    server->refusal_logged_ms = server->now_ms;
    server->refused_quietly = 0;
}

static void report_store(void *arg) {
    const ek_server *server = arg;
    const ek_store *s = server->s;
    for (uint32_t i = 0; i < s->root->ndbs; i++) {
        const ek_db *db = &s->dbs[i];
        if (!db->keys.count) continue;
        ek_log(s, EK_LOG_VERBOSE, "DB %u: %llu keys (%llu volatile)", i, (unsigned long long)db->keys.count,
               (unsigned long long)db->expires.count);
    }
    ek_log(s, EK_LOG_DEBUG, "%u clients connected (0 replicas), %llu bytes in use",
           server->frontend.connected, (unsigned long long)s->a->hdr->used_bytes);
}

void ek_server_report_store(ek_server *server) {
    ek_store *s = server->s;
    if (!ek_logs(s, EK_LOG_VERBOSE) || server->now_ms < server->next_report_ms) return;
    if (ek_arena_try_enter(s->a) != EK_OK) return;
    server->next_report_ms = server->now_ms + REPORT_EVERY_MS;
    report_store(server);
    ek_store_leave(s);
}

/* --- connections --- */

static void facts_of(const ek_server *server, const ek_conn *conn, char out[FACTS_BYTES]) {
    const ek_connection *f = &conn->facts;
    const ek_session *session = conn->session;
    char addr[EK_ADDRESS_BYTES], laddr[EK_ADDRESS_BYTES];
    ek_session_address(session, false, false, addr);
    ek_session_address(session, true, false, laddr);
    snprintf(out, FACTS_BYTES,
             "id=%llu addr=%s laddr=%s fd=%d name=%.*s age=%lld idle=%lld db=%u qbuf=%zu oll=%zu omem=%zu "
             "cmd=%s resp=%d",
             (unsigned long long)session->id, addr, laddr, f->fd, (int)ek_min(session->name.n, 128),
             (const char *)session->name.p, (long long)(server->unix_ms - f->created_ms) / 1000,
             (long long)(server->unix_ms - f->last_ms) / 1000, session->db, f->qbuf, f->oll, f->omem,
             session->last ? session->last->name : "NULL", session->resp);
}

void ek_conn_report(ek_server *server, const ek_conn *conn, ek_log_level level, const char *before,
                    const char *after) {
    if (!ek_logs(server->s, level)) return;
    char facts[FACTS_BYTES];
    facts_of(server, conn, facts);
    ek_log(server->s, level, "%s %s%s", before, facts, after);
}

void ek_conn_report_input(ek_server *server, const ek_conn *conn, ek_log_level level, const char *before,
                          const uint8_t *input, size_t n) {
    if (!ek_logs(server->s, level)) return;
    char text[INPUT_BYTES + 1], after[INPUT_BYTES + 64];
    size_t shown = ek_min(n, INPUT_BYTES);
    for (size_t i = 0; i < shown; i++) text[i] = input[i] >= ' ' && input[i] < 127 ? (char)input[i] : '.';
    text[shown] = 0;
    snprintf(after, sizeof after, ". Query buffer: '%s'%s", text, shown < n ? " (more)" : "");
    ek_conn_report(server, conn, level, before, after);
}
