#include "engine/session.h"

#include <stdlib.h>

#include "engine/mail.h"
#include "engine/scratch.h"
#include "store/watch.h"

ek_session *ek_session_new(ek_store *s, uint32_t db) {
    if (db >= s->root->ndbs) return NULL;
    ek_session *session = calloc(1, sizeof *session);
    if (!session) return NULL;
    session->s = s;
    session->a = s->a;
    session->peek = &s->dbs[db].keys;
    session->db = db;
    session->resp = session->initial_resp = 3;
    session->id = atomic_fetch_add(&s->a->hdr->next_session_id, 1) + 1;
    session->forks = s->a->forks;
    return session;
}

void ek_session_return(ek_session *session, uint32_t db) {
    session->db = db;
    if (session->peek) session->peek = &session->s->dbs[db].keys;
}

void ek_session_begin_auth(ek_session *session) {
    session->needs_auth = session->remote && session->s->root->users.default_locked;
}

static void free_queue(ek_session *session) {
    for (size_t i = 0; i < session->nqueue; i++) free(session->queue[i].argv);
    session->nqueue = 0;
    session->queue_bytes = 0;
}

void ek_session_discard(ek_session *session) {
    free_queue(session);
    session->in_multi = session->multi_dirty = false;
}

void ek_session_unwatch(ek_session *session) {
    for (size_t i = 0; i < session->nwatches; i++) {
        ek_watch *w = &session->watches[i];
        ek_watch_drop(session->s, w->db, w->key);
    }
    ek_session_forget_watches(session);
}

void ek_session_forget_watches(ek_session *session) {
    for (size_t i = 0; i < session->nwatches; i++) free((void *)session->watches[i].key.p);
    session->nwatches = session->watch_bytes = 0;
}

static void leave_nothing(void *arg) {
    ek_session *session = arg;
    ek_session_drop_client(session);
    for (size_t i = 0; i < session->nwatches; i++)
        ek_watch_drop(session->s, session->watches[i].db, session->watches[i].key);
}

void ek_session_close(ek_session *session) {
    if (!session->a) return;
    ek_arena *a = session->s->a;
    if ((session->nwatches || session->client || session->known) &&
        ek_arena_enter(a, 1000) == EK_OK) {
        if (a->level == 0) ek_run(a, leave_nothing, session);
        ek_session_forget(session);
        ek_store_leave(session->s);
    }
    ek_session_forget(session);
    if (session->owns_waker) ek_waker_free(session->waker);
    ek_session_forget_watches(session);
    ek_session_discard(session);
    ek_scratch_free(&session->scratch);
    free(session->queue);
    free(session->watches);
    free((void *)session->name.p);
    free((void *)session->lib_name.p);
    free((void *)session->lib_ver.p);
    free((void *)session->user.p);
    *session = (ek_session){0};
}

void ek_session_free(ek_session *session) {
    if (!session) return;
    ek_session_close(session);
    free(session);
}

bool ek_session_queue(ek_session *session, const ek_command *cmd, size_t argc,
                      const ek_str *argv) {
    if (session->nqueue == session->queue_cap) {
        size_t cap = session->queue_cap ? session->queue_cap * 2 : 16;
        ek_queued *grown = realloc(session->queue, cap * sizeof *grown);
        if (!grown) return false;
        session->queue = grown;
        session->queue_cap = cap;
    }
    size_t bytes = argc * sizeof(ek_str);
    for (size_t i = 0; i < argc; i++) bytes += argv[i].n;
    ek_str *copy = malloc(bytes);
    if (!copy) return false;
    uint8_t *p = (uint8_t *)(copy + argc);
    for (size_t i = 0; i < argc; i++) {
        if (argv[i].n) memcpy(p, argv[i].p, argv[i].n);
        copy[i] = (ek_str){p, argv[i].n};
        p += argv[i].n;
    }
    session->queue_bytes += sizeof *session->queue + bytes;
    session->queue[session->nqueue++] = (ek_queued){.cmd = cmd, .argc = argc, .argv = copy};
    return true;
}
