#include "engine/mail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/number.h"
#include "engine/effect.h"
#include "engine/scratch.h"
#include "engine/stats.h"
#include "store/pins.h"
#include "store/process.h"

static const char UNBLOCKED[] = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

/* --- a session's record --- */

/* A fork's child goes on with the parent's sessions as its own. */
static void become_own(ek_session *session) {
    ek_arena *a = session->a;
    if (EK_LIKELY(session->forks == a->forks)) return;
    session->forks = a->forks;
    session->id = atomic_fetch_add(&a->hdr->next_session_id, 1) + 1;
    session->client = 0;
    session->blocked = false;
    if (session->owns_waker) ek_waker_free(session->waker);
    session->waker = NULL;
    session->owns_waker = false;
}

ek_client *ek_session_client_if_any(ek_session *session) {
    become_own(session);
    if (!session->client) return NULL;
    ek_client *c = ek_client_find(session->s, session->id); /* its making may have been undone */
    if (c) return c;
    session->client = 0;
    return NULL;
}

void ek_session_use_waker(ek_session *session, ek_waker *waker) {
    if (session->owns_waker) ek_waker_free(session->waker);
    session->waker = waker;
    session->owns_waker = false;
}

/* Into the list of the process's sessions that have, or had, a record. */
static void know(ek_session *session) {
    if (session->known) return;
    session->known = true;
    session->prev = NULL;
    session->next = session->s->sessions;
    if (session->next) session->next->prev = session;
    session->s->sessions = session;
}

ek_client *ek_session_client(ek_session *session) {
    ek_client *c = ek_session_client_if_any(session);
    if (c) return c;
    ek_store *s = session->s;
    if (!session->waker) {
        session->waker = ek_waker_new(s, false);
        if (!session->waker) ek_raise(s->a, EK_ENOMEM);
        session->owns_waker = true;
    }
    c = ek_client_new(s, session->id);
    c->flags = session->client_flags;
    c->waker = ek_waker_name(session->waker);
    c->db = session->db;
    c->resp = (uint32_t)session->resp;
    if (session->name.n) ek_client_set_fact(s, &c->name, session->name);
    if (session->lib_name.n) ek_client_set_fact(s, &c->lib_name, session->lib_name);
    if (session->lib_ver.n) ek_client_set_fact(s, &c->lib_ver, session->lib_ver);
    if (session->user.n) ek_client_set_fact(s, &c->user, session->user);
    session->client = ek_ref_of(s->a, c);
    know(session);
    return c;
}

void ek_session_tell(ek_session *session, const ek_command *cmd, int64_t now_ms) {
    ek_client *c = ek_session_client_if_any(session);
    if (!c) return;
    ek_touch(session->a, c, sizeof *c);
    c->active_ms = now_ms;
    c->db = session->db;
    c->resp = (uint32_t)session->resp;
    snprintf(c->last_command, sizeof c->last_command, "%s", cmd->name);
}

static void make_client(void *arg) { ek_session_client(arg); }

bool ek_session_register(ek_session *session) {
    return ek_run_within(session->s->a, make_client, session) == EK_OK;
}

bool ek_session_killed(const ek_session *session) {
    if (!session->client || session->forks != session->a->forks) return false;
    const ek_client *c = ek_ptr(session->a, session->client);
    return c->flags & EK_CLIENT_KILLED;
}

/* --- waiting --- */

bool ek_may_block(const ek_ctx *c) { return c->a->level == 0 && !c->s->loading; }

void ek_block_as(ek_ctx *c, size_t argc, const ek_str *argv, size_t nkeys, const ek_str *keys,
                 int64_t timeout_ms, uint32_t flags) {
    if (c->serving) {
        c->session->blocked = true;
        return;
    }
    if (!ek_may_block(c)) return; /* a transaction holds the lock: nobody could serve it */
    ek_client *client = ek_session_client(c->session);
    ek_session_tell(c->session, c->cmd, ek_now_ms(c));
    ek_touch(c->a, &client->db, 2 * sizeof client->db);
    client->db = c->dbi;
    client->resp = (uint32_t)c->resp;
    ek_wait_begin(c->s, client, c->dbi, nkeys, keys, ek_argv_new(c->s, argc, argv),
                  c->reply->buf + c->mark, c->reply->len - c->mark, flags);
    c->reply->len = c->mark;
    c->session->blocked = true;
    /* The clock counts whole milliseconds, of which the first has begun already. */
    int64_t now = ek_clock_monotonic_ms();
    bool ends = timeout_ms > 0 && timeout_ms < INT64_MAX - now - 1;
    c->session->blocked_end_ms = ends ? now + timeout_ms + 1 : INT64_MAX;
    c->session->blocked_until_ms = c->session->blocked_end_ms;
}

void ek_block_look(ek_ctx *c, int64_t after_ms) {
    ek_session *session = c->session;
    int64_t now = ek_clock_monotonic_ms();
    if (session->blocked && after_ms < session->blocked_end_ms - now)
        session->blocked_until_ms = now + after_ms;
}

_Static_assert(offsetof(ek_client, resp) == offsetof(ek_client, db) + 4, "announced together");

void ek_block(ek_ctx *c, size_t nkeys, const ek_str *keys, int64_t timeout_ms, uint32_t flags) {
    ek_block_as(c, c->argc, c->argv, nkeys, keys, timeout_ms, flags);
}

void ek_unless_delivered(ek_ctx *c, size_t argc, const ek_str *argv) {
    if (!c->serving) return;
    ek_ref block = ek_argv_new(c->s, argc, argv);
    ek_argv_chain(c->s, block, c->put_back);
    c->put_back = block;
}

bool ek_arg_timeout(ek_ctx *c, size_t i, int64_t *timeout_ms) {
    long double seconds;
    if (!ek_parse_long_double(c->argv[i].p, c->argv[i].n, &seconds)) {
        ek_reply_error(c->reply, "ERR timeout is not a float or out of range");
        return false;
    }
    long double ms = ceill(seconds * 1000);
    if (ms < 0 || ms >= 0x1p63L) { /* what is too much passes for negative */
        ek_reply_error(c->reply, "ERR timeout is negative");
        return false;
    }
    *timeout_ms = (int64_t)ms;
    return true;
}

/* --- serving --- */

typedef struct serving {
    ek_session session; /* the stand-in */
    ek_reply tape;
    ek_client *client;
    const ek_wait_queue *queue;
} serving;

static void serve_guarded(ek_store *s, serving *v) {
    const ek_wait *w = ek_ptr(s->a, v->client->wait);
    size_t argc = ek_argv_count(s, w->argv);
    ek_str *argv = ek_scratch_get(&v->session.scratch, s->a, argc * sizeof *argv);
    ek_argv_read(s, w->argv, argv);
    const ek_command *container, *cmd = ek_command_resolve(argc, argv, &container);
    ek_ctx c = {
        .s = s, .a = s->a, .session = &v->session, .cmd = cmd, .db = &s->dbs[w->db], .dbi = w->db,
        .resp = (int)w->resp, .argc = argc, .argv = argv, .reply = &v->tape, .serving = true,
        .ready_key = {v->queue->key, v->queue->klen},
    };
    s->dirty_told = s->root->dirty;
    int64_t began_us = ek_clock_monotonic_us();
    cmd->handler(&c);
    if (ek_effects_kept(&c)) ek_effects_end(&c);
    if (v->session.blocked || v->tape.len == 0) return;
    ek_stats_served(&c, v->client, ek_clock_monotonic_us() - began_us);
    ek_wait_end(s, v->client);
    ek_inbox_post_reply(s, v->client, v->tape.buf, v->tape.len, c.put_back);
}

/* Run the waiter's command again. False: no memory for it; undone, it waits on. *look_ms: when it wants
 * to be run again whatever happens, if it says so. */
static bool serve_one(ek_store *s, const ek_wait_queue *q, ek_client *client, int64_t *look_ms) {
    const ek_wait *w = ek_ptr(s->a, client->wait);
    serving v = {.client = client, .queue = q, .tape = {.a = s->a}};
    v.session = (ek_session){.s = s, .a = s->a, .db = w->db, .resp = (int)w->resp,
                             .initial_resp = (int)w->resp, .id = client->id,
                             .blocked_until_ms = INT64_MAX, .blocked_end_ms = INT64_MAX};
    ek_guard g;
    ek_savepoint sp = ek_save(s->a);
    ek_status st = EK_GUARD(s->a, &g);
    if (st == EK_OK) {
        serve_guarded(s, &v);
        ek_unguard(s->a, &g);
    } else {
        ek_undo(s->a, &sp);
    }
    *look_ms = v.session.blocked_until_ms;
    ek_reply_free(&v.tape);
    ek_scratch_free(&v.session.scratch);
    return st == EK_OK;
}

static bool is_of_interest(const ek_store *s, const ek_wait_queue *q, const ek_wait *w, bool *there) {
    static const uint32_t wants[] = {
        [EK_LIST] = EK_WAIT_LIST, [EK_ZSET] = EK_WAIT_ZSET, [EK_STREAM] = EK_WAIT_STREAM,
    };
    ek_value v;
    ek_str key = {q->key, q->klen};
    *there = ek_keyspace_find(s, &s->dbs[q->db], key, &v) && !ek_value_expired(s, &v);
    if (w->flags & EK_WAIT_GONE) return true;
    if (!*there) return false;
    uint32_t any = EK_WAIT_LIST | EK_WAIT_ZSET | EK_WAIT_STREAM;
    uint32_t want = v.type < EK_COUNTOF(wants) ? wants[v.type] : 0;
    return !(w->flags & any) || (w->flags & want);
}

static void bury_one(ek_store *s, ek_client *c);

/* False: it stopped for want of memory. */
static bool serve_queue(ek_store *s, ek_wait_queue *q) {
    EK_SET(s->a, q->pinned, 1);
    ek_ref next;
    bool ok = true;
    for (ek_ref at = q->first; at && ok; at = next) {
        const ek_wait_node *node = ek_ptr(s->a, at);
        ek_client *c = ek_ptr(s->a, node->client);
        bool there;
        int64_t look_ms; /* its owner looks at a time of its own */
        next = node->next;
        if (is_of_interest(s, q, ek_ptr(s->a, c->wait), &there)) {
            if (ek_client_lives(s, c)) ok = serve_one(s, q, c, &look_ms);
            else bury_one(s, c);
        } else if (!there && !q->ngone) {
            break;
        }
    }
    EK_SET(s->a, q->pinned, 0);
    if (!ok) ek_wait_make_ready(s, q);
    ek_wait_queue_tidy(s, q);
    return ok;
}

/* Without memory the rest stays ready, and the next command that runs tries again. */
void ek_serve(ek_store *s) {
    ek_wait_queue *q;
    while ((q = ek_wait_take_ready(s)) && serve_queue(s, q)) {}
}

/* --- putting back, and burying --- */

static void run_put_backs(ek_store *s, const ek_client *c, ek_ref block) {
    ek_session session = {.s = s, .a = s->a, .db = c->db, .resp = 3, .initial_resp = 3,
                          .trusted = true};
    ek_reply tape = {.a = s->a};
    for (; block; block = ek_argv_next(s, block)) {
        size_t n = ek_argv_count(s, block);
        ek_str *argv = malloc(n * sizeof *argv);
        if (!argv) ek_raise(s->a, EK_ENOMEM); /* nothing is lost: it is tried again later */
        ek_argv_read(s, block, argv);
        s->a->level++; /* a part of the transaction that is open; it never jumps out of here */
        ek_execute(&session, n, argv, &tape);
        s->a->level--;
        free(argv);
    }
    ek_reply_free(&tape);
    ek_scratch_free(&session.scratch);
}

/* The reply of the command that waited, if it is in the inbox. */
static ek_mail *find_reply(const ek_store *s, const ek_client *c, ek_ref *prev) {
    *prev = 0;
    for (ek_ref at = c->first; at; *prev = at, at = ((ek_mail *)ek_ptr(s->a, at))->next) {
        ek_mail *mail = ek_ptr(s->a, at);
        if (mail->is_reply) return mail;
    }
    return NULL;
}

static void put_back(ek_store *s, ek_client *c) {
    ek_ref prev;
    const ek_mail *mail = find_reply(s, c, &prev);
    if (!mail) return;
    if (mail->put_back) run_put_backs(s, c, mail->put_back);
    ek_inbox_drop(s, c, prev);
}

static void bury_one(ek_store *s, ek_client *c) {
    put_back(s, c);
    ek_client_drop(s, c);
}

void ek_session_forget(ek_session *session) {
    if (!session->known) return;
    session->known = false;
    if (session->prev) session->prev->next = session->next;
    else session->s->sessions = session->next;
    if (session->next) session->next->prev = session->prev;
}

void ek_session_drop_client(ek_session *session) {
    ek_client *c = ek_session_client_if_any(session);
    if (!c) return;
    bury_one(session->s, c);
    ek_serve(session->s);
    session->client = 0;
}

/* Neighbours are mostly of one process, which is asked for once. */
typedef struct asking {
    ek_store *s;
    uint32_t token;
    bool lives;
} asking;

static bool lives(asking *k, const ek_client *c) {
    if (c->token != k->token) {
        k->token = c->token;
        k->lives = ek_client_lives(k->s, c);
    }
    return k->lives;
}

static void drop_client(void *arg) { ek_session_drop_client(arg); }

void ek_session_begin_anew(ek_session *session) {
    ek_run_within(session->s->a, drop_client, session);
    session->id = atomic_fetch_add(&session->a->hdr->next_session_id, 1) + 1;
    session->client = 0;
    session->blocked = false;
}

static void settle(void *arg) {
    ek_store *s = arg;
    asking k = {.s = s};
    ek_ref next;
    for (ek_ref at = s->root->unclaimed; at; at = next) {
        ek_client *c = ek_ptr(s->a, at);
        next = c->unclaimed_next;
        if (lives(&k, c)) ek_waker_note_again(s, c->waker);
        else bury_one(s, c);
    }
    ek_serve(s);
}

void ek_settle(ek_store *s) { ek_run(s->a, settle, s); }

static void bury_if_dead(void *arg, ek_client *c) {
    ek_store *s = arg;
    if (!ek_client_lives(s, c)) bury_one(s, c);
}

static void bury_all(void *arg) {
    ek_client_each(arg, bury_if_dead, arg);
    ek_pins_bury_dead(arg);
    ek_serve(arg);
}

void ek_bury(ek_store *s) {
    if ((s->root->clients.count || s->root->pins) && ek_arena_try_enter(s->a) == EK_OK) {
        if (s->a->level == 0) ek_run(s->a, bury_all, s);
        ek_store_leave(s);
    }
    ek_process_bury_dead(s);
}

/* --- taking --- */

bool ek_inbox_waiting(const ek_session *session) {
    if (!session->client || session->forks != session->a->forks) return false;
    const ek_client *c = ek_ptr(session->a, session->client);
    return ek_once32(&c->nmail) != 0;
}

typedef struct taking {
    ek_session *session;
    ek_reply *out;
    size_t mark, max_bytes, n;
    bool replied;
    bool waits_on; /* it was looked at, in vain */
    ek_unblock_how how;
} taking;

static void take(void *arg) {
    taking *t = arg;
    ek_store *s = t->session->s;
    ek_client *c = ek_session_client_if_any(t->session);
    while (c && c->first && !t->replied && (t->n == 0 || t->out->len - t->mark < t->max_bytes)) {
        const ek_mail *mail = ek_ptr(s->a, c->first);
        const ek_message *m = ek_ptr(s->a, mail->message);
        ek_reply_raw(t->out, m->tape, m->len);
        t->n++;
        t->replied = mail->is_reply;
        ek_inbox_drop(s, c, 0);
    }
}

size_t ek_inbox_take(ek_session *session, ek_reply *out, size_t max_bytes) {
    taking t = {.session = session, .out = out, .mark = out->len, .max_bytes = max_bytes};
    out->a = session->a;
    if (ek_run_within(session->s->a, take, &t) != EK_OK) {
        out->len = t.mark;
        return 0;
    }
    if (t.replied) session->blocked = false;
    if (t.replied && ek_feed_on(session->s)) session->s->feed_moved = true; /* it is to be safe as well */
    return t.n;
}

/* Run the command that waits again, for each of its keys in turn. It may wait on. */
static void look_again(ek_session *session, ek_client *c) {
    ek_store *s = session->s;
    session->blocked_until_ms = session->blocked_end_ms;
    ek_ref at = ((const ek_wait *)ek_ptr(s->a, c->wait))->nodes;
    while (at && c->wait) {
        const ek_wait_node *node = ek_ptr(s->a, at);
        ek_ref next = node->next_of_client;
        int64_t look_ms = INT64_MAX;
        serve_one(s, ek_ptr(s->a, node->queue), c, &look_ms);
        if (look_ms < session->blocked_until_ms) session->blocked_until_ms = look_ms;
        at = next;
    }
    ek_serve(s);
}

static void unblock(void *arg) {
    taking *t = arg;
    ek_store *s = t->session->s;
    ek_client *c = ek_session_client_if_any(t->session);
    if (!c) return;
    if (c->wait && t->how == EK_UNBLOCK_TIMEOUT &&
        t->session->blocked_until_ms < t->session->blocked_end_ms) {
        look_again(t->session, c);
        t->waits_on = c->wait != 0;
        if (t->waits_on) return;
    }
    if (!c->wait && t->how == EK_UNBLOCK_CANCEL) {
        put_back(s, c);
        ek_serve(s);
    } else if (!c->wait) {
        take(t);
    } else {
        const ek_wait *w = ek_ptr(s->a, c->wait);
        const ek_message *m = ek_ptr(s->a, w->time_out);
        if (t->how == EK_UNBLOCK_TIMEOUT) ek_reply_raw(t->out, m->tape, m->len);
        if (t->how == EK_UNBLOCK_ERROR) ek_reply_error(t->out, "%s", UNBLOCKED);
        ek_wait_end(s, c);
    }
}

void ek_unblock(ek_session *session, ek_unblock_how how, ek_reply *reply) {
    ek_reply none = {0};
    if (!reply) reply = &none;
    taking t = {.session = session, .out = reply, .mark = reply->len, .max_bytes = SIZE_MAX,
                .how = how};
    reply->a = session->a;
    if (ek_run_within(session->s->a, unblock, &t) != EK_OK) reply->len = t.mark;
    session->blocked = t.waits_on;
    ek_reply_free(&none);
}

bool ek_client_unblock(ek_store *s, ek_client *c, ek_unblock_how how) {
    if (!c->wait) return false;
    const ek_wait *w = ek_ptr(s->a, c->wait);
    const ek_message *m = ek_ptr(s->a, w->time_out);
    uint8_t error[5 + sizeof UNBLOCKED];
    error[0] = '-';
    ek_store32(error + 1, sizeof UNBLOCKED - 1);
    memcpy(error + 5, UNBLOCKED, sizeof UNBLOCKED - 1);
    if (how == EK_UNBLOCK_ERROR) ek_inbox_post_reply(s, c, error, 5 + sizeof UNBLOCKED - 1, 0);
    else ek_inbox_post_reply(s, c, m->tape, m->len, 0);
    ek_wait_end(s, c);
    return true;
}
