/* MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * Queueing is the dispatch's work; these open, run and close the queue. EXEC's commands run inside
 * EXEC's own transaction of the arena, so a process that dies among them leaves none behind. */
#include "commands/tables.h"
#include "engine/context.h"
#include "store/watch.h"

#include <stdlib.h>

static const char EXECABORT[] = "EXECABORT Transaction discarded because of previous errors.";

void ek_cmd_multi(ek_ctx *c) {
    if (c->session->in_multi) {
        ek_reply_error(c->reply, "ERR MULTI calls can not be nested");
        return;
    }
    c->session->in_multi = true;
    ek_reply_ok(c->reply);
}

void ek_cmd_discard(ek_ctx *c) {
    if (!c->session->in_multi) {
        ek_reply_error(c->reply, "ERR DISCARD without MULTI");
        return;
    }
    ek_session_discard(c->session);
    ek_session_unwatch(c->session);
    ek_reply_ok(c->reply);
}

static bool is_there(ek_ctx *c, uint32_t db, ek_str key) {
    ek_value v;
    return ek_keyspace_find(c->s, &c->s->dbs[db], key, &v) && !ek_value_expired(c->s, &v);
}

/* A key that has run out since it was watched counts as changed, removed already or not. */
static bool watch_broken(ek_ctx *c, const ek_watch *w) {
    return ek_watch_version(c->s, w->db, w->key) != w->version ||
           (w->was_there && !is_there(c, w->db, w->key));
}

static bool any_watch_broken(ek_ctx *c) {
    for (size_t i = 0; i < c->session->nwatches; i++)
        if (watch_broken(c, &c->session->watches[i])) return true;
    return false;
}

void ek_cmd_exec(ek_ctx *c) {
    ek_session *session = c->session;
    if (!session->in_multi) {
        ek_reply_error(c->reply, "ERR EXEC without MULTI");
        return;
    }
    bool dirty = session->multi_dirty;
    if (dirty || any_watch_broken(c)) {
        if (dirty) ek_reply_error(c->reply, "%s", EXECABORT);
        else ek_reply_null_array(c->reply);
        ek_session_unwatch(session);
        ek_session_discard(session);
        return;
    }
    ek_reply_array(c->reply, session->nqueue);
    ek_session_unwatch(session);
    session->in_exec = true;
    c->a->level++; /* the arena's transaction is EXEC's: each command only takes a savepoint */
    for (size_t i = 0; i < session->nqueue; i++) {
        const ek_queued *q = &session->queue[i];
        ek_execute_command(session, q->cmd, q->argc, q->argv, c->reply);
    }
    c->a->level--;
    session->in_exec = false;
    ek_session_discard(session);
}

static bool watched(const ek_watch *watches, size_t n, uint32_t db, ek_str key) {
    for (size_t i = 0; i < n; i++)
        if (watches[i].db == db && ek_str_eq(watches[i].key, key)) return true;
    return false;
}

static void reserve_watches(ek_ctx *c, size_t n) {
    ek_session *session = c->session;
    if (n <= session->watches_cap) return;
    ek_watch *more = realloc(session->watches, n * sizeof *more);
    if (!more) ek_raise(c->a, EK_ENOMEM);
    session->watches = more;
    session->watches_cap = n;
}

/* The session takes the watches, whose keys are copied first: all of them or, raising, none. */
static void keep_watches(ek_ctx *c, ek_watch *fresh, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint8_t *copy = malloc(fresh[i].key.n + 1);
        if (!copy) {
            while (i--) free((void *)fresh[i].key.p);
            ek_raise(c->a, EK_ENOMEM);
        }
        memcpy(copy, fresh[i].key.p, fresh[i].key.n);
        fresh[i].key.p = copy;
    }
    for (size_t i = 0; i < n; i++) c->session->watch_bytes += sizeof *fresh + fresh[i].key.n;
    memcpy(c->session->watches + c->session->nwatches, fresh, n * sizeof *fresh);
    c->session->nwatches += n;
}

void ek_cmd_watch(ek_ctx *c) {
    ek_session *session = c->session;
    if (session->in_multi) {
        ek_reply_error(c->reply, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    reserve_watches(c, session->nwatches + c->argc - 1);
    ek_watch *fresh = ek_scratch_alloc(c, (c->argc - 1) * sizeof *fresh);
    size_t n = 0;
    for (size_t i = 1; i < c->argc; i++) {
        ek_str key = c->argv[i];
        bool by_somebody = ek_watch_version(c->s, c->dbi, key) != UINT64_MAX;
        if (by_somebody && (watched(session->watches, session->nwatches, c->dbi, key) ||
                            watched(fresh, n, c->dbi, key)))
            continue;
        fresh[n++] = (ek_watch){.db = c->dbi,
                                .version = ek_watch_add(c->s, c->dbi, key),
                                .was_there = is_there(c, c->dbi, key),
                                .key = key};
    }
    ek_reply_ok(c->reply);
    keep_watches(c, fresh, n);
}

void ek_cmd_unwatch(ek_ctx *c) {
    ek_session_unwatch(c->session);
    ek_reply_ok(c->reply);
}
