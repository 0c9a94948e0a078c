/* A connection: what it sends is parsed and run, as much as there is in one go.
 *
 *   readable -> read into server->in, behind what was kept of an incomplete request
 *            -> parse, run, parse, run ... under one entering of the store's lock, replies into
 *               server->out; others get the lock after BATCH commands
 *            -> write -> keep what is left of the input, if anything */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/word.h"
#include "engine/scratch.h"
#include "net/internal.h"

#define BATCH 64                  /* commands under one entering of the lock */
#define KEEP_SMALL (16u << 10)    /* what is kept of input is copied in front of the rest up to here */
#define OUT_ENOUGH (256u << 10)   /* replies that are written before more commands run */
#define OUT_KEEP (1u << 20)       /* a larger buffer is given back */
#define ROOM_FOR_ERROR 1024u
#define LOCK_PATIENCE_MS 100
#define DRAIN_BYTES (1u << 20)

/* --- coming and going --- */

static bool add_to_list(ek_server *server, ek_conn *conn) {
    if (server->nconns == server->conns_cap) {
        size_t cap = server->conns_cap ? server->conns_cap * 2 : 64;
        ek_conn **more = realloc(server->conns, cap * sizeof(ek_conn *));
        if (!more) return false;
        server->conns = more;
        server->conns_cap = cap;
    }
    conn->index = (uint32_t)server->nconns;
    server->conns[server->nconns++] = conn;
    return true;
}

ek_conn *ek_conn_new(ek_server *server, int fd, const ek_listener *l) {
    ek_conn *conn = calloc(1, sizeof *conn);
    if (!conn) goto fail;
    conn->kind = EK_SOURCE_CONN;
    conn->fd = conn->facts.fd = fd;
    conn->facts.is_unix = l->is_unix;
    conn->facts.is_tls = l->is_tls;
    conn->facts.created_ms = conn->facts.last_ms = server->unix_ms;
    ek_parser_next(&conn->parser);
    conn->session = ek_session_new(server->s, 0);
    if (!conn->session) goto fail;
    conn->session->resp = conn->session->initial_resp = 2;
    conn->session->frontend = &server->frontend;
    conn->session->connection = &conn->facts;
    if (!ek_poll_set(server->poll, fd, 0, EK_POLL_READ, conn)) goto fail;
    conn->watched = EK_POLL_READ;
    if (!add_to_list(server, conn)) goto fail;
    server->frontend.connected++;
    return conn;
fail:
    if (conn) {
        ek_session_free(conn->session);
        free(conn);
    }
    close(fd);
    return NULL;
}

/* A socket with unread input is reset by closing, and the client may lose the last reply: so what
 * is there is read first. */
static void drain(ek_server *server, ek_conn *conn) {
    for (size_t sum = 0; sum < DRAIN_BYTES;) {
        ssize_t n = recv(conn->fd, server->in, EK_IN_BYTES, MSG_DONTWAIT);
        if (n <= 0) return;
        sum += (size_t)n;
    }
}

void ek_conn_close(ek_server *server, ek_conn *conn) {
    if (conn->gone) return;
    conn->gone = true;
    server->conns[conn->index] = server->conns[--server->nconns];
    server->conns[conn->index]->index = conn->index;
    server->frontend.connected--;
    ek_poll_set(server->poll, conn->fd, conn->watched, 0, conn);
    /* A child of a fork may have a copy of the descriptor: close() alone would tell nobody. */
    shutdown(conn->fd, SHUT_WR);
    if (conn->facts.close_after_reply) drain(server, conn);
    shutdown(conn->fd, SHUT_RD);
    close(conn->fd);
    ek_session_free(conn->session);
    conn->session = NULL;
    ek_conn_drop_output(conn);
    free(conn->in);
    free(conn->parser.argv);
    conn->in = NULL;
    conn->parser.argv = NULL;
    if (conn->again) return; /* the list of those goes through it yet */
    conn->next = server->graveyard;
    server->graveyard = conn;
}

void ek_conns_bury(ek_server *server) {
    while (server->graveyard) {
        ek_conn *conn = server->graveyard;
        server->graveyard = conn->next;
        free(conn);
    }
}

/* --- running --- */

/* The lock is held by others for microseconds, but for transactions of an application. */
static bool enter(ek_server *server) {
    ek_arena *a = server->s->a;
    ek_status st = ek_arena_try_enter(a);
    /* Who asks the server to stop may be the one who holds the lock, and wait for us. */
    while (EK_UNLIKELY(st == EK_EBUSY) && !atomic_load(&server->stop_asked))
        st = ek_arena_enter(a, LOCK_PATIENCE_MS);
    return st == EK_OK;
}

/* Room for the shortest replies and errors, which then cannot fail. */
static bool reserve(ek_reply *out) {
    if (EK_LIKELY(out->cap - out->len >= ROOM_FOR_ERROR)) return true;
    size_t cap = ek_max(out->cap * 2, 16u << 10);
    uint8_t *buf = realloc(out->buf, cap);
    if (!buf) return false;
    out->buf = buf;
    out->cap = cap;
    return true;
}

static void protocol_error(ek_server *server, ek_conn *conn, const char *what) {
    ek_reply_error(&server->out, "ERR Protocol error: %s", what);
    conn->facts.close_after_reply = true;
}

/* What HTTP sends first: somebody's browser was led here. */
static bool is_http(ek_str word) {
    return (word.n == 4 && ek_str_is(word, "post")) || (word.n == 5 && ek_str_is(word, "host:"));
}

static void run_command(ek_server *server, ek_conn *conn) {
    ek_session *session = conn->session;
    ek_parser *p = &conn->parser;
    ek_reply *out = &server->out;
    size_t mark = out->len;
    if (EK_UNLIKELY(p->argv[0].n < 6 && is_http(p->argv[0]))) {
        conn->facts.close_at_once = true;
        return;
    }
    session->scratch = server->scratch;
    out->resp = session->resp;
    ek_execute(session, p->argc, p->argv, out);
    server->scratch = session->scratch;
    session->scratch.blocks = NULL;
    server->frontend.commands++;
    if (EK_UNLIKELY(conn->facts.reply_mode != EK_REPLY_ON)) {
        out->len = mark;
        if (conn->facts.reply_mode == EK_REPLY_SKIP_NEXT) conn->facts.reply_mode = EK_REPLY_SKIP;
        else if (conn->facts.reply_mode == EK_REPLY_SKIP) conn->facts.reply_mode = EK_REPLY_ON;
    }
}

static bool is_stopped(const ek_conn *conn) {
    return conn->gone || conn->facts.close_after_reply || conn->facts.close_at_once;
}

/* Run the requests in n bytes; replies are in server->out afterwards, or partly written. Gives how
 * many bytes are done with; SIZE_MAX: the connection is of no use any more. */
static size_t run_requests(ek_server *server, ek_conn *conn, uint8_t *buffer, size_t n) {
    ek_parser *p = &conn->parser;
    const ek_parser_limits limits = {
        .max_bulk = server->s->root->config.proto_max_bulk_len,
        .authenticated = true,
    };
    size_t done = 0;
    unsigned batch = 0;
    bool entered = false, ok = true;
    while (ok && !is_stopped(conn)) {
        char error[EK_PARSER_ERROR_MAX];
        ek_parsed got = ek_parse(p, buffer + done, n - done, &limits, error);
        if (got == EK_PARSED_PARTIAL) break;
        ok = got != EK_PARSED_NOMEM && reserve(&server->out);
        if (!ok) break;
        if (got == EK_PARSED_ERROR) {
            protocol_error(server, conn, error);
            break;
        }
        if (got == EK_PARSED_REQUEST) {
            if (!entered && !(entered = enter(server))) {
                ok = false;
                break;
            }
            run_command(server, conn);
        }
        done += p->at;
        ek_parser_next(p);
        if (EK_UNLIKELY(++batch == BATCH || server->out.len > OUT_ENOUGH)) {
            batch = 0;
            if (entered) ek_arena_leave(server->s->a);
            entered = false;
            if (server->out.len > OUT_ENOUGH) ok = ek_conn_flush(server, conn);
        }
    }
    if (entered) ek_arena_leave(server->s->a);
    return ok ? done : SIZE_MAX;
}

/* --- reading --- */

/* Keep what is left of the input: nothing, as a rule. */
static bool keep_input(ek_conn *conn, uint8_t *rest, size_t n) {
    if (EK_LIKELY(n == 0)) {
        if (EK_UNLIKELY(conn->in != NULL)) free(conn->in);
        conn->in = NULL;
        conn->in_len = conn->in_cap = 0;
        return true;
    }
    /* What is small goes in front of the rest when that comes; the large gets its place now. */
    size_t needs = ek_parser_needs(&conn->parser), cap = n;
    if (ek_max(n, needs) > KEEP_SMALL) cap = ek_max(needs, n + n / 2);
    uint8_t *bytes = conn->in;
    bool fits = conn->in_cap >= cap && conn->in_cap / 4 <= cap;
    if (!fits) bytes = malloc(cap);
    if (!bytes) return false;
    if (bytes != rest) memmove(bytes, rest, n);
    ek_parser_moved(&conn->parser, rest, bytes);
    if (!fits) {
        free(conn->in);
        conn->in = bytes;
        conn->in_cap = cap;
    }
    conn->in_len = n;
    return true;
}

static bool grow_input(ek_conn *conn) {
    size_t cap = ek_max(ek_parser_needs(&conn->parser), conn->in_cap);
    if (cap <= conn->in_len) cap = conn->in_len + conn->in_len / 2;
    if (cap == conn->in_cap) return true;
    uint8_t *bytes = malloc(cap);
    if (!bytes) return false;
    memcpy(bytes, conn->in, conn->in_len);
    ek_parser_moved(&conn->parser, conn->in, bytes);
    free(conn->in);
    conn->in = bytes;
    conn->in_cap = cap;
    return true;
}

/* The connection's turn with n bytes at `buffer`, of which the first begins a request. */
static void take_turn(ek_server *server, ek_conn *conn, uint8_t *buffer, size_t n) {
    if (conn->parser.argv == NULL) { /* nothing is half parsed: it borrows the server's */
        conn->parser.argv = server->argv;
        conn->parser.cap = server->argv_cap;
        server->argv = NULL;
        server->argv_cap = 0;
    }
    size_t done = run_requests(server, conn, buffer, n);
    bool ok = done != SIZE_MAX && !conn->facts.close_at_once && ek_conn_flush(server, conn);
    server->out.len = 0;
    if (EK_UNLIKELY(server->out.cap > OUT_KEEP)) ek_reply_free(&server->out);
    if (ok && conn->facts.close_after_reply) ok = conn->first && ek_conn_watch(server, conn, EK_POLL_WRITE);
    else if (ok) ok = keep_input(conn, buffer + done, n - done);
    if (conn->parser.argc == 0 && !server->argv && conn->parser.cap <= 1024) {
        server->argv = conn->parser.argv;
        server->argv_cap = conn->parser.cap;
        conn->parser.argv = NULL;
        conn->parser.cap = 0;
    } else if (conn->parser.argc == 0) {
        free(conn->parser.argv);
        conn->parser.argv = NULL;
        conn->parser.cap = 0;
    }
    if (!ok) ek_conn_close(server, conn);
}

void ek_conn_go_on(ek_server *server, ek_conn *conn) {
    if (!conn->gone && conn->in_len) take_turn(server, conn, conn->in, conn->in_len);
}

static void read_input(ek_server *server, ek_conn *conn) {
    uint8_t *buffer = server->in;
    size_t have = conn->in_len, room = EK_IN_BYTES;
    bool own = conn->in && (conn->in_cap > KEEP_SMALL || have > KEEP_SMALL);
    if (own) {
        if (!grow_input(conn)) {
            ek_conn_close(server, conn);
            return;
        }
        buffer = conn->in;
        room = conn->in_cap;
    }
    ssize_t n = recv(conn->fd, buffer + have, room - have, 0);
    if (n <= 0) {
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
        ek_conn_close(server, conn);
        return;
    }
    server->frontend.input_bytes += (size_t)n;
    conn->facts.last_ms = server->unix_ms;
    if (have && !own) {
        memcpy(buffer, conn->in, have);
        ek_parser_moved(&conn->parser, conn->in, buffer);
    }
    if (own) conn->in_len = have + (size_t)n;
    take_turn(server, conn, buffer, have + (size_t)n);
}

void ek_conn_ready(ek_server *server, ek_conn *conn, unsigned ready) {
    if (conn->gone) return;
    if (EK_UNLIKELY(ready & EK_POLL_WRITE) && !ek_conn_write(server, conn)) {
        ek_conn_close(server, conn);
        return;
    }
    if (EK_UNLIKELY(conn->facts.close_after_reply)) {
        if (!conn->first || ready & EK_POLL_GONE) ek_conn_close(server, conn);
        return;
    }
    if (ready & (EK_POLL_READ | EK_POLL_GONE)) read_input(server, conn);
}

void ek_conn_sweep(ek_server *server, ek_conn *conn) {
    int64_t timeout_s = server->o.timeout_s;
    if (timeout_s > 0 && server->unix_ms - conn->facts.last_ms > timeout_s * 1000)
        ek_conn_close(server, conn);
}
