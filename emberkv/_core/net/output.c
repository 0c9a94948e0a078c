/* Output: straight from where replies are written to the socket; what it does not take is kept. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/internal.h"

#define CHUNK_BYTES (16u << 10)
#define TAKE_BUFFER (64u << 10) /* from so much on the buffer itself is kept, not a copy */
#define WRITE_AT_ONCE (4u << 20) /* then others have their turn */
#define PIECES 32

static bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

static ek_chunk *add_chunk(ek_conn *conn, uint8_t *bytes, size_t at, size_t len, size_t cap) {
    ek_chunk *c = malloc(sizeof *c);
    if (!c) return NULL;
    *c = (ek_chunk){.bytes = bytes, .at = at, .len = len, .cap = cap};
    if (conn->last) conn->last->next = c;
    else conn->first = c;
    conn->last = c;
    conn->facts.oll++;
    conn->facts.omem += sizeof *c + cap;
    return c;
}

static bool keep_copy(ek_conn *conn, const uint8_t *p, size_t n) {
    ek_chunk *last = conn->last;
    if (last && last->cap - last->len >= n) {
        memcpy(last->bytes + last->len, p, n);
        last->len += n;
        return true;
    }
    size_t cap = ek_max(n, CHUNK_BYTES);
    uint8_t *bytes = malloc(cap);
    if (!bytes) return false;
    memcpy(bytes, p, n);
    if (add_chunk(conn, bytes, 0, n, cap)) return true;
    free(bytes);
    return false;
}

static bool keep(ek_server *server, ek_conn *conn, size_t at) {
    ek_reply *out = &server->out;
    size_t n = out->len - at;
    conn->out_bytes += n;
    if (n < TAKE_BUFFER) return keep_copy(conn, out->buf + at, n);
    if (!add_chunk(conn, out->buf, at, out->len, out->len)) return false;
    out->buf = NULL;
    out->len = out->cap = 0;
    return true;
}

bool ek_conn_watch(ek_server *server, ek_conn *conn, unsigned what) {
    if (!ek_poll_set(server->poll, conn->fd, conn->watched, what, conn)) return false;
    conn->watched = what;
    return true;
}

static ek_client_class class_of(const ek_conn *conn) {
    return conn->listens && !conn->blocked ? EK_CLASS_PUBSUB : EK_CLASS_NORMAL;
}

static const ek_output_limit *limit_of(const ek_server *server, const ek_conn *conn) {
    return &server->s->root->config.client_output_limits[class_of(conn)];
}

static void report_over(ek_server *server, const ek_conn *conn) {
    ek_conn_report(server, conn, EK_LOG_WARNING, "Client", " closed for overcoming of output buffer limits.");
    server->frontend.killed_by_output_buffer++;
}

bool ek_conn_over_limit(ek_server *server, ek_conn *conn) {
    const ek_output_limit *l = limit_of(server, conn);
    int64_t n = (int64_t)conn->out_bytes;
    bool over = l->hard && n > l->hard;
    if (!l->soft || n <= l->soft) conn->over_soft_ms = 0;
    else if (!conn->over_soft_ms) conn->over_soft_ms = server->now_ms;
    else over |= server->now_ms - conn->over_soft_ms > l->soft_seconds * 1000;
    if (EK_UNLIKELY(over)) report_over(server, conn);
    return over;
}

/* What has just been written counts too, although the socket might take it at once. */
static bool writes_too_much(ek_server *server, const ek_conn *conn) {
    int64_t hard = limit_of(server, conn)->hard;
    if (EK_LIKELY(!hard || (int64_t)(conn->out_bytes + server->out.len) <= hard)) return false;
    report_over(server, conn);
    return true;
}

/* The poll does not know what TLS has read already, nor that it wants to write in order to read. */
ssize_t ek_conn_receive(ek_server *server, ek_conn *conn, void *p, size_t n) {
    if (EK_LIKELY(!conn->tls)) return recv(conn->fd, p, n, 0);
    bool writes;
    ssize_t got = ek_tls_read(conn->tls, p, n, &writes);
    if (writes) {
        int error = errno;
        ek_conn_watch(server, conn, conn->watched | EK_POLL_WRITE);
        errno = error;
    }
    if (got > 0 && ek_tls_pending(conn->tls) && !conn->again) {
        conn->again = true;
        conn->next = server->again;
        server->again = conn;
    }
    return got;
}

static ssize_t put(ek_conn *conn, const void *p, size_t n) {
    return conn->tls ? ek_tls_write(conn->tls, p, n) : send(conn->fd, p, n, MSG_NOSIGNAL);
}

static ssize_t put_chunks(ek_conn *conn) {
    if (conn->tls)
        return ek_tls_write(conn->tls, conn->first->bytes + conn->first->at,
                            conn->first->len - conn->first->at);
    struct iovec pieces[PIECES];
    struct msghdr m = {.msg_iov = pieces};
    for (ek_chunk *c = conn->first; c && m.msg_iovlen < PIECES; c = c->next)
        pieces[m.msg_iovlen++] = (struct iovec){c->bytes + c->at, c->len - c->at};
    return sendmsg(conn->fd, &m, MSG_NOSIGNAL);
}

/* What it does not take is kept. */
static bool flush(ek_server *server, ek_conn *conn) {
    ek_reply *out = &server->out;
    size_t at = 0;
    if (writes_too_much(server, conn)) return false;
    while (!conn->first && at < out->len) {
        ssize_t n = put(conn, out->buf + at, out->len - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && is_passing(errno)) break;
        if (n < 0) return false;
        at += (size_t)n;
        server->frontend.output_bytes += (size_t)n;
        server->frontend.writes++;
    }
    return at == out->len || (keep(server, conn, at) && !ek_conn_over_limit(server, conn) &&
                              ek_conn_watch(server, conn, conn->watched | EK_POLL_WRITE));
}

bool ek_conn_flush(ek_server *server, ek_conn *conn) {
    if (server->out.len == 0) return true;
    bool ok = flush(server, conn);
    server->out.len = 0; /* also when it failed: what was for this one is for nobody else */
    return ok;
}

bool ek_conn_hold(ek_server *server, ek_conn *conn) {
    bool ok = server->out.len == 0 || keep(server, conn, 0);
    server->out.len = 0;
    if (conn->held || !conn->first) return ok;
    conn->held = true;
    conn->next_held = server->held;
    server->held = conn;
    return ok;
}

static void drop_first(ek_conn *conn) {
    ek_chunk *c = conn->first;
    conn->first = c->next;
    if (!conn->first) conn->last = NULL;
    conn->facts.oll--;
    conn->facts.omem -= sizeof *c + c->cap;
    free(c->bytes);
    free(c);
}

bool ek_conn_write(ek_server *server, ek_conn *conn) {
    size_t written = 0;
    if (EK_UNLIKELY(conn->held)) return true; /* not yet */
    while (conn->first && written < WRITE_AT_ONCE) {
        ssize_t n = put_chunks(conn);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && is_passing(errno)) break;
        if (n < 0) return false;
        written += (size_t)n;
        server->frontend.writes++;
        conn->out_bytes -= (size_t)n;
        while (conn->first && (size_t)n >= conn->first->len - conn->first->at) {
            n -= (ssize_t)(conn->first->len - conn->first->at);
            drop_first(conn);
        }
        if (conn->first) conn->first->at += (size_t)n;
    }
    server->frontend.output_bytes += written;
    return conn->first || ek_conn_watch(server, conn, conn->watched & ~(unsigned)EK_POLL_WRITE);
}

void ek_conn_drop_output(ek_conn *conn) {
    while (conn->first) drop_first(conn);
    conn->out_bytes = 0;
}
