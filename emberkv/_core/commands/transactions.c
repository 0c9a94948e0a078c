/* MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * Queueing is the dispatch's work; these open, run and close the queue. EXEC's commands run inside
 * EXEC's own transaction of the arena, so a process that dies among them leaves none behind. */
#include "commands/tables.h"
#include "engine/context.h"
#include "store/watch.h"

#include <stdlib.h>

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

/* A key that has run out since it was watched counts as changed, removed already or not. One that
 * had run out before may be removed: that is a single change, after which it is not there. */
static bool watch_broken(ek_ctx *c, const ek_watch *w) {
    ek_value v;
    bool exists = ek_keyspace_find(c->s, &c->s->dbs[w->db], w->key, &v);
    uint64_t version = ek_watch_version(c->s, w->db, w->key);
    if (version != w->version) return !(w->was_expired && version == w->version + 1 && !exists);
    return !w->was_expired && exists && ek_value_expired(c->s, &v);
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
    bool dirty = session->multi_dirty, broken = !dirty && any_watch_broken(c);
    ek_session_unwatch(session);
    if (dirty || broken) {
        ek_session_discard(session);
        if (dirty)
            ek_reply_error(c->reply,
                           "EXECABORT Transaction discarded because of previous errors.");
        else
            ek_reply_null_array(c->reply);
        return;
    }
    ek_reply_array(c->reply, session->nqueue);
    session->in_exec = true;
    for (size_t i = 0; i < session->nqueue; i++) {
        const ek_queued *q = &session->queue[i];
        ek_execute_command(session, q->cmd, q->argc, q->argv, c->reply);
    }
    session->in_exec = false;
    ek_session_discard(session);
}

static bool watched(const ek_session *session, uint32_t db, ek_str key) {
    for (size_t i = 0; i < session->nwatches; i++)
        if (session->watches[i].db == db && ek_str_eq(session->watches[i].key, key)) return true;
    return false;
}

/* Room for one more; raises while nothing of it is in the arena yet. */
static ek_watch *next_watch(ek_ctx *c) {
    ek_session *session = c->session;
    if (session->nwatches == session->watches_cap) {
        size_t cap = session->watches_cap ? 2 * session->watches_cap : 8;
        ek_watch *more = realloc(session->watches, cap * sizeof *more);
        if (!more) ek_raise(c->a, EK_ENOMEM);
        session->watches = more;
        session->watches_cap = cap;
    }
    return &session->watches[session->nwatches];
}

static void watch(ek_ctx *c, ek_str key) {
    ek_watch *w = next_watch(c);
    ek_value v;
    bool expired = ek_keyspace_find(c->s, c->db, key, &v) && ek_value_expired(c->s, &v);
    uint64_t version = ek_watch_add(c->s, c->dbi, key);
    uint8_t *copy = malloc(key.n ? key.n : 1);
    if (!copy) ek_raise(c->a, EK_ENOMEM);
    memcpy(copy, key.p, key.n);
    *w = (ek_watch){c->dbi, version, expired, {copy, key.n}};
    c->session->nwatches++;
}

void ek_cmd_watch(ek_ctx *c) {
    if (c->session->in_multi) {
        ek_reply_error(c->reply, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    for (size_t i = 1; i < c->argc; i++)
        if (!watched(c->session, c->dbi, c->argv[i])) watch(c, c->argv[i]);
    ek_reply_ok(c->reply);
}

void ek_cmd_unwatch(ek_ctx *c) {
    ek_session_unwatch(c->session);
    ek_reply_ok(c->reply);
}
