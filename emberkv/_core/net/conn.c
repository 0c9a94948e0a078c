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
#include "engine/pause.h"
#include "engine/renames.h"
#include "engine/scratch.h"
#include "engine/running.h"
#include "net/internal.h"
#include "store/client.h"
#include "store/feed.h"

#define BATCH 64                  /* commands under one entering of the lock */
#define KEEP_SMALL (16u << 10)    /* what is kept of input is copied in front of the rest up to here */
#define OUT_ENOUGH (256u << 10)   /* replies that are written before more commands run */
#define OUT_KEEP (1u << 20)       /* a larger buffer is given back */
#define ROOM_FOR_ERROR 1024u
#define DRAIN_BYTES (1u << 20)
#define HALF_CLOSED_MS 60000 /* without taking output, before it is taken for gone */

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

/* The client's record, which others can see. */
static void make_record(void *arg) {
    ek_conn *conn = arg;
    ek_session *session = conn->session;
    ek_client *c = ek_session_client(session);
    const char *texts[] = {conn->facts.addr, conn->facts.laddr};
    ek_ref *facts[] = {&c->addr, &c->laddr};
    for (int i = 0; i < 2; i++)
        ek_client_set_fact(session->s, facts[i],
                           (ek_str){(const uint8_t *)texts[i], strlen(texts[i])});
}

bool ek_conn_enroll(ek_server *server, ek_conn *conn) {
    ek_arena *a = server->s->a;
    ek_guard g;
    if (!server->meanwhile) {
        conn->enrolled = ek_run(a, make_record, conn) == EK_OK;
    } else if (EK_GUARD(a, &g) == EK_OK) { /* within the script's transaction */
        make_record(conn);
        conn->enrolled = true;
        ek_unguard(a, &g);
    }
    ek_session_begin_auth(conn->session);
    server->asks_auth = conn->session->needs_auth;
    return conn->enrolled;
}

/* While others keep the store busy a connection has no record yet: it can ask for the script's end. */
static bool enroll(ek_server *server, ek_conn *conn) {
    if (server->meanwhile) return ek_conn_enroll(server, conn);
    if (!ek_server_enter(server)) {
        conn->session->needs_auth = server->asks_auth;
        return ek_busy(server->s);
    }
    bool ok = ek_conn_enroll(server, conn);
    ek_store_leave(server->s);
    return ok;
}

ek_conn *ek_conn_new(ek_server *server, int fd, const ek_connection *facts) {
    ek_conn *conn = calloc(1, sizeof *conn);
    if (!conn) goto fail;
    conn->kind = EK_SOURCE_CONN;
    conn->fd = fd;
    conn->facts = *facts;
    conn->facts.fd = fd;
    conn->facts.own_mem = sizeof *conn + sizeof *conn->session + sizeof(ek_client);
    conn->facts.created_ms = conn->facts.last_ms = server->unix_ms;
    ek_parser_next(&conn->parser);
    conn->session = ek_session_new(server->s, 0);
    if (!conn->session) goto fail;
    conn->session->resp = conn->session->initial_resp = 2;
    conn->session->frontend = &server->frontend;
    conn->session->connection = &conn->facts;
    conn->session->remote = true;
    conn->session->local = facts->is_local;
    conn->session->client_flags = EK_CLIENT_OF_SERVER;
    ek_session_use_waker(conn->session, server->waker);
    if (!enroll(server, conn)) goto fail;
    if (!ek_poll_set(server->poll, fd, 0, EK_POLL_READ, conn)) goto fail;
    conn->watched = EK_POLL_READ;
    if (facts->is_tls) {
        pthread_mutex_lock(&ek_doors);
        conn->tls = ek_tls_accept(server->tls, fd);
        pthread_mutex_unlock(&ek_doors);
        if (!conn->tls) goto fail;
    }
    if (!add_to_list(server, conn)) goto fail;
    server->frontend.connected++;
    return conn;
fail:
    if (conn) {
        if (conn->tls) ek_tls_close(conn->tls);
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
    if (EK_UNLIKELY(server->meanwhile)) {
        ek_conn_doom(server, conn);
        return;
    }
    conn->gone = true;
    server->conns[conn->index] = server->conns[--server->nconns];
    server->conns[conn->index]->index = conn->index;
    server->frontend.connected--;
    ek_poll_set(server->poll, conn->fd, conn->watched, 0, conn);
    if (conn->tls) ek_tls_close(conn->tls);
    /* A child of a fork may have a copy of the descriptor: close() alone would tell nobody. */
    shutdown(conn->fd, SHUT_WR);
    if (conn->facts.close_after_reply) drain(server, conn);
    shutdown(conn->fd, SHUT_RD);
    close(conn->fd);
    if (conn->blocked) server->frontend.blocked--;
    if (conn->facts.postponed) server->npostponed--;
    ek_conn_unlisten(server, conn);
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
bool ek_server_enter(ek_server *server) {
    ek_arena *a = server->s->a;
    ek_status st = ek_arena_try_enter(a);
    /* Who asks the server to stop may be the one who holds the lock, and wait for us. */
    while (EK_UNLIKELY(st == EK_EBUSY) && !atomic_load(&server->stop_asked) && !ek_busy(server->s))
        st = ek_arena_enter(a, EK_LOCK_PATIENCE_MS);
    return st == EK_OK;
}

int ek_server_leave(ek_server *server) {
    if (EK_UNLIKELY(server->meanwhile)) return 0;
    uint64_t upto = ek_store_leave_for(server->s);
    if (EK_LIKELY(upto == 0)) return 0;
    if (!(upto & EK_FEED_SYNC)) return ek_store_settle(server->s, upto);
    if (server->unsafe) atomic_fetch_sub(&server->s->settling, 1); /* one for the turn */
    server->unsafe = upto;
    return 0;
}

int ek_server_settle(ek_server *server) {
    uint64_t upto = server->unsafe;
    if (EK_LIKELY(upto == 0)) return 0;
    server->unsafe = 0;
    int failed = ek_store_settle(server->s, upto);
    while (server->held) {
        ek_conn *conn = server->held;
        server->held = conn->next_held;
        conn->held = false;
        if (conn->gone) continue;
        /* What was done and may be lost is not confirmed. */
        bool ok = !failed && ek_conn_write(server, conn);
        if (ok && conn->first) ok = ek_conn_watch(server, conn, conn->watched | EK_POLL_WRITE);
        else if (ok) ok = !conn->facts.close_after_reply;
        if (!ok) ek_conn_close(server, conn);
    }
    return failed;
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

/* What it sent is no request, or too long a one. False: it is to be closed at once. */
static bool refuse_input(ek_server *server, ek_conn *conn, ek_parsed got, const char *what,
                         const uint8_t *input, size_t n) {
    char before[EK_PARSER_ERROR_MAX + 64];
    if (got != EK_PARSED_ERROR) {
        server->frontend.killed_by_query_buffer++;
        ek_conn_report_input(server, conn, EK_LOG_WARNING,
                             "Closing client that reached max query buffer length:", input, n);
        return false;
    }
    snprintf(before, sizeof before, "Protocol error (%s) from client:", what);
    ek_conn_report_input(server, conn, EK_LOG_VERBOSE, before, input, n);
    if (!reserve(&server->out)) return false;
    server->out.resp = conn->session->resp;
    if (conn->facts.reply_mode == EK_REPLY_ON)
        ek_reply_error(&server->out, "ERR Protocol error: %s", what);
    conn->facts.close_after_reply = true;
    return true;
}

/* What HTTP sends first: somebody's browser was led here. */
static bool is_http(ek_str word) {
    return (word.n == 4 && ek_str_is(word, "post")) || (word.n == 5 && ek_str_is(word, "host:"));
}

/* Commands whose reply must be a tape first: who waits keeps what a time-out replies, and of a reply
 * that nobody wants the messages are wanted. */
static bool needs_tape(const ek_conn *conn, const ek_command *cmd) {
    return (cmd && cmd->flags & EK_CMD_MAY_WAIT) || conn->facts.reply_mode != EK_REPLY_ON;
}

/* After these a client may be one that gets messages. */
static bool may_subscribe(const ek_command *cmd) {
    return !(cmd->flags & EK_CMD_FAST) &&
           cmd->categories & (EK_ACL_PUBSUB | EK_ACL_CONNECTION | EK_ACL_TRANSACTION |
                              EK_ACL_ADMIN | EK_ACL_DANGEROUS);
}

static void execute(ek_server *server, ek_conn *conn, const ek_command *cmd, ek_reply *reply) {
    ek_session *session = conn->session;
    const ek_parser *p = &conn->parser;
    ek_conn *outer = server->at_work;
    session->scratch = server->scratch;
    server->at_work = conn;
    if (EK_LIKELY(cmd != NULL)) ek_execute_command(session, cmd, p->argc, p->argv, reply);
    else ek_execute(session, p->argc, p->argv, reply);
    server->scratch = session->scratch;
    server->at_work = outer;
    session->scratch.blocks = NULL;
}

/* A piece of tape into the output. False: no memory. */
static bool render(ek_server *server, const ek_conn *conn, const uint8_t *tape, size_t n) {
    ek_guard g;
    ek_arena *a = server->s->a;
    server->out.a = a;
    server->out.resp = conn->session->resp;
    if (EK_GUARD(a, &g) != EK_OK) return false;
    ek_reply_raw(&server->out, tape, n);
    ek_unguard(a, &g);
    return true;
}

/* How long the value at p is on its tape. */
static size_t value_length(const uint8_t *p) {
    const uint8_t *at = p;
    for (size_t left = 1; left; left--) {
        size_t n = ek_load32(at + 1);
        switch (*at) {
        case '*':
        case '~':
        case '>': left += n; at += 5; break;
        case '%': left += 2 * n; at += 5; break;
        case '|': left += 2 * n + 1; at += 5; break; /* and what it is said about */
        case 'n':
        case 'N':
        case 't':
        case 'f': at += 1; break;
        case 'i':
        case 'd': at += 9; break;
        default: at += 5 + n; break;
        }
    }
    return (size_t)(at - p);
}

/* CLIENT REPLY said that the replies are unwanted, or the next: only messages go out. */
static bool render_messages(ek_server *server, const ek_conn *conn) {
    const ek_reply *tape = &server->tape;
    for (size_t at = 0, n; at < tape->len; at += n) {
        n = value_length(tape->buf + at);
        if (tape->buf[at] == '>' && !render(server, conn, tape->buf + at, n)) return false;
    }
    return true;
}

static bool execute_on_tape(ek_server *server, ek_conn *conn, const ek_command *cmd) {
    ek_connection *facts = &conn->facts;
    ek_reply_mode was = facts->reply_mode;
    server->tape.len = 0;
    execute(server, conn, cmd, &server->tape);
    bool wanted = was == EK_REPLY_ON || facts->reply_mode == EK_REPLY_ON;
    if (was == EK_REPLY_SKIP && facts->reply_mode == EK_REPLY_SKIP)
        facts->reply_mode = EK_REPLY_ON;
    return wanted ? render(server, conn, server->tape.buf, server->tape.len)
                  : render_messages(server, conn);
}

/* The request that is parsed. Lock held. False: the connection is of no use any more. */
static bool run_command(ek_server *server, ek_conn *conn) {
    ek_session *session = conn->session;
    ek_parser *p = &conn->parser;
    ek_reply *out = &server->out;
    bool ok = true;
    if (EK_UNLIKELY(p->argv[0].n < 6 && is_http(p->argv[0]))) {
        ek_conn_report(server, conn, EK_LOG_WARNING,
                       "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: "
                       "commands, as a browser does that was led here. Connection aborted:", "");
        return false;
    }
    const ek_command *container, *cmd = ek_resolve(session, p->argc, p->argv, &container);
    if (EK_UNLIKELY(cmd && !cmd->handler)) cmd = NULL;
    if (EK_UNLIKELY(cmd && ek_has_renames(session))) p->argv[0] = ek_own_name(cmd);
    int64_t paused_ms = ek_pause_left_ms(session, cmd, p->argc, p->argv);
    if (EK_UNLIKELY(paused_ms)) return ek_conn_postpone(server, conn, paused_ms);
    if (EK_UNLIKELY(needs_tape(conn, cmd))) {
        ok = execute_on_tape(server, conn, cmd);
    } else {
        out->resp = session->resp;
        execute(server, conn, cmd, out);
    }
    if (conn->facts.reply_mode == EK_REPLY_SKIP_NEXT) conn->facts.reply_mode = EK_REPLY_SKIP;
    server->frontend.commands++;
    if (EK_UNLIKELY(session->blocked)) {
        ok = ok && ek_conn_listen(server, conn);
        ek_conn_block(server, conn);
    } else if (cmd && may_subscribe(cmd)) {
        if (!conn->listens && ek_conn_may_get_mail(conn)) ok = ok && ek_conn_listen(server, conn);
        server->woken |= cmd->categories & EK_ACL_ADMIN;
        const ek_client *client = ek_session_client_if_any(session);
        conn->facts.held_mem = client ? client->held_bytes : 0;
    }
    if (EK_UNLIKELY(conn->listens) && !server->meanwhile) ek_conn_take_mail(server, conn);
    return ok;
}

static bool is_stopped(const ek_conn *conn) {
    return conn->facts.close_after_reply || conn->facts.close_at_once || conn->session->blocked ||
           conn->facts.postponed;
}

/* What the limit of the query buffer counts is what no command has taken yet: of a request, the argument
 * that is not whole. One that is whole and larger was over the limit before it was whole, however the
 * bytes came. */
static bool too_much_input(const ek_server *server, const ek_conn *conn, ek_parsed got, size_t n) {
    const ek_parser *p = &conn->parser;
    size_t limit = (size_t)server->s->settings->client_query_buffer_limit;
    if (EK_LIKELY(n <= limit)) return false;
    bool over = got == EK_PARSED_PARTIAL && n - p->at > limit;
    if (got == EK_PARSED_REQUEST && p->at > limit)
        for (size_t i = 0; i < p->argc; i++) over |= p->argv[i].n + 2 > limit;
    return over;
}

/* Run the requests in n bytes; replies are in server->out afterwards, or partly written. Gives how
 * many bytes are done with; SIZE_MAX: the connection is of no use any more. */
static size_t run_requests(ek_server *server, ek_conn *conn, uint8_t *buffer, size_t n) {
    ek_parser *p = &conn->parser;
    ek_parser_limits limits = {.max_bulk = server->s->root->config.proto_max_bulk_len};
    size_t done = 0;
    unsigned batch = 0;
    bool entered = false, ok = true;
    server->frontend.clock_us = 0;
    while (ok && !is_stopped(conn)) {
        char error[EK_PARSER_ERROR_MAX];
        limits.authenticated = !conn->session->needs_auth;
        ek_parsed got = ek_parse(p, buffer + done, n - done, &limits, error);
        if (EK_UNLIKELY(got == EK_PARSED_ERROR || too_much_input(server, conn, got, n - done))) {
            if (entered) ek_server_leave(server); /* what the log is told may take a while */
            entered = false;
            ok = refuse_input(server, conn, got, error, buffer + done, n - done);
            break;
        }
        if (got == EK_PARSED_PARTIAL) break;
        ok = got != EK_PARSED_NOMEM && reserve(&server->out);
        if (!ok) break;
        if (got == EK_PARSED_REQUEST) {
            entered = entered || ek_server_enter_for(server, conn, &ok);
            if (EK_LIKELY(entered)) ok = run_command(server, conn);
        }
        if (EK_UNLIKELY(conn->facts.postponed)) { /* the request stays, to be read again */
            ek_parser_next(p);
            break;
        }
        done += p->at;
        ek_parser_next(p);
        if (EK_UNLIKELY(++batch == BATCH || server->out.len > OUT_ENOUGH)) {
            batch = 0;
            if (entered) ok = !ek_server_leave(server) && ok;
            entered = false;
            server->frontend.clock_us = 0;
            if (server->out.len > OUT_ENOUGH)
                ok = ok && !ek_server_settle(server) && ek_conn_flush(server, conn);
        }
    }
    if (entered) ok = !ek_server_leave(server) && ok;
    return ok ? done : SIZE_MAX;
}

/* --- reading --- */

/* Keep what is left of the input: nothing, as a rule. */
static bool keep_input(ek_conn *conn, uint8_t *rest, size_t n) {
    if (EK_LIKELY(n == 0)) {
        if (EK_LIKELY(conn->in == NULL)) return true;
        free(conn->in);
        conn->in = NULL;
        conn->in_len = conn->in_cap = 0;
        conn->facts.qbuf = conn->facts.qbuf_free = conn->facts.argv_mem = 0;
        return true;
    }
    /* What is small goes in front of the rest when that comes; the large gets its place now. The place
     * stays when it is nearly full, for what comes in small pieces would be copied for each. */
    size_t needs = ek_parser_needs(&conn->parser), least = n, cap = n;
    if (ek_max(n, needs) > KEEP_SMALL) {
        least = ek_max(n, needs);
        cap = ek_max(needs, n + n / 2);
    }
    uint8_t *bytes = conn->in;
    bool fits = conn->in_cap >= least && conn->in_cap / 4 <= cap;
    if (!fits) bytes = malloc(cap);
    if (!bytes) return false;
    if (bytes != rest) {
        memmove(bytes, rest, n);
        ek_parser_moved(&conn->parser, rest, bytes);
    }
    if (!fits) {
        free(conn->in);
        conn->in = bytes;
        conn->in_cap = cap;
    }
    conn->in_len = n;
    conn->facts.qbuf = n;
    conn->facts.qbuf_free = conn->in_cap - n;
    conn->facts.argv_mem = conn->parser.at;
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
    if (EK_UNLIKELY(conn->held)) { /* it has its second turn in one of the server's */
        ek_server_settle(server);
        if (conn->gone) return;
    }
    if (conn->parser.argv == NULL) { /* nothing is half parsed: it borrows the server's */
        conn->parser.argv = server->argv;
        conn->parser.cap = server->argv_cap;
        server->argv = NULL;
        server->argv_cap = 0;
    }
    size_t done = run_requests(server, conn, buffer, n);
    bool ok = done != SIZE_MAX && !conn->facts.close_at_once &&
              (EK_UNLIKELY(server->unsafe != 0) ? ek_conn_hold(server, conn) : ek_conn_flush(server, conn));
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

/* It sends nothing more, and may still want the replies. */
static void finish_writing(ek_server *server, ek_conn *conn) {
    conn->facts.close_after_reply = conn->half_closed = true;
    if (!ek_conn_watch(server, conn, EK_POLL_WRITE)) ek_conn_close(server, conn);
}

/* It is gone; n is what reading gave. */
static void lost(ek_server *server, ek_conn *conn, ssize_t n) {
    if (n == 0) ek_conn_report(server, conn, EK_LOG_VERBOSE, "Client closed connection", "");
    else if (conn->tls && !conn->session->last)
        ek_conn_report(server, conn, EK_LOG_VERBOSE, "Error accepting a client connection by TLS:", "");
    else ek_conn_report(server, conn, EK_LOG_VERBOSE, "Reading from client failed:", "");
    ek_conn_close(server, conn);
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
    ssize_t n = ek_conn_receive(server, conn, buffer + have, room - have);
    if (n <= 0) {
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
        if (n == 0 && conn->first && !conn->blocked) finish_writing(server, conn);
        else lost(server, conn, n);
        return;
    }
    server->frontend.input_bytes += (size_t)n;
    server->frontend.reads++;
    conn->facts.last_ms = server->unix_ms;
    if (conn->heard_ms != server->now_ms) {
        conn->heard_ms = server->now_ms;
        server->heard++;
    }
    if (have && !own) {
        memcpy(buffer, conn->in, have);
        ek_parser_moved(&conn->parser, conn->in, buffer);
    }
    if (own) conn->in_len = have + (size_t)n;
    if (EK_UNLIKELY(conn->blocked)) { /* nothing is parsed until it is served */
        if (too_much_input(server, conn, EK_PARSED_PARTIAL, have + (size_t)n) ||
            (!own && !keep_input(conn, buffer, have + (size_t)n)))
            ek_conn_close(server, conn);
    } else {
        take_turn(server, conn, buffer, have + (size_t)n);
    }
}

void ek_conn_ready(ek_server *server, ek_conn *conn, unsigned ready) {
    if (conn->gone || conn->doomed) return;
    if (EK_UNLIKELY(ready & EK_POLL_WRITE) && !ek_conn_write(server, conn)) {
        ek_conn_close(server, conn);
        return;
    }
    if (EK_UNLIKELY(conn->facts.close_after_reply)) {
        conn->facts.last_ms = server->unix_ms;
        if (!conn->first || ready & EK_POLL_GONE) ek_conn_close(server, conn);
        return;
    }
    if (ready & (EK_POLL_READ | EK_POLL_GONE) || (conn->tls && !conn->first)) read_input(server, conn);
}

void ek_conn_tell(ek_conn *conn) {
    const ek_command *last = conn->session->last;
    if (!conn->enrolled || !last || conn->told_ms == conn->facts.last_ms) return;
    ek_session_tell(conn->session, last, conn->facts.last_ms);
    conn->told_ms = conn->facts.last_ms;
}

static bool is_idle(const ek_server *server, const ek_conn *conn) {
    int64_t timeout_s = server->s->settings->timeout;
    return timeout_s > 0 && !conn->listens &&
           server->unix_ms - conn->facts.last_ms > timeout_s * 1000;
}

void ek_conn_sweep(ek_server *server, ek_conn *conn) {
    bool given_up = conn->half_closed && server->unix_ms - conn->facts.last_ms > HALF_CLOSED_MS;
    if (given_up || is_idle(server, conn))
        ek_conn_report(server, conn, EK_LOG_VERBOSE, "Closing idle client", "");
    else if (!ek_conn_over_limit(server, conn))
        return;
    ek_conn_close(server, conn);
}
