/* maxmemory-clients: when all connections together hold more, those that hold the most are closed.
 *
 * Looked at ten times a second: O(connections), and only while there is such a limit. */
#include "net/internal.h"

#define AT_ONCE 16 /* the others in the next tick */

size_t ek_conn_bytes(const ek_conn *conn) {
    return ek_session_bytes(conn->session) - conn->facts.qbuf - conn->facts.qbuf_free + conn->in_cap;
}

/* In bytes; a percentage is of maxmemory, and of nothing without one. */
static uint64_t limit_of(const ek_server *server) {
    const ek_config *config = &server->s->root->config;
    int64_t limit = config->maxmemory_clients;
    if (limit >= 0) return (uint64_t)limit;
    return (uint64_t)config->maxmemory / 100 * (uint64_t)-limit;
}

static bool may_go(const ek_conn *conn) {
    return !conn->gone && !conn->facts.no_evict && conn->facts.class != EK_CLASS_REPLICA;
}

void ek_server_evict_clients(ek_server *server) {
    uint64_t limit = limit_of(server);
    if (EK_LIKELY(!limit)) return;
    for (int i = 0; i < AT_ONCE; i++) {
        uint64_t sum = 0;
        ek_conn *largest = NULL;
        for (size_t k = 0; k < server->nconns; k++) {
            ek_conn *conn = server->conns[k];
            if (!may_go(conn)) continue;
            sum += ek_conn_bytes(conn);
            if (!largest || ek_conn_bytes(conn) > ek_conn_bytes(largest)) largest = conn;
        }
        if (sum <= limit || !largest) return;
        ek_conn_report(server, largest, EK_LOG_NOTICE, "Evicting client:", "");
        server->frontend.evicted++;
        ek_conn_close(server, largest);
    }
}
