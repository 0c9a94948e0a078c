#include "store/store.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/large.h"
#include "store/client.h"
#include "store/feed.h"
#include "store/figures.h"
#include "store/garbage.h"
#include "store/process.h"
#include "store/waker.h"
#include "store/watch.h"

int64_t ek_store_now_us(const ek_store *s) {
    return EK_UNLIKELY(s->loading) ? 0 : ek_store_clock_us(s);
}

int64_t ek_store_now_ms(const ek_store *s) {
    return EK_LIKELY(!s->loading && !s->clock) ? ek_clock_ms() : ek_store_now_us(s) / 1000;
}

int64_t ek_store_moment_ms(ek_store *s) {
    return EK_LIKELY(!s->loading && !s->clock) ? ek_clock_ms_kept(&s->kept_ms) : ek_store_now_ms(s);
}

int64_t ek_store_clock_us(const ek_store *s) {
    return s->clock ? atomic_load_explicit(&s->clock->now_us, memory_order_relaxed)
                    : ek_clock_us();
}

typedef struct making {
    ek_arena *a;
    uint32_t databases;
} making;

static void make_root(void *arg) {
    making *m = arg;
    ek_ref ref = ek_alloc_zeroed(m->a, sizeof(ek_store_root));
    ek_ref dbs = ek_alloc_zeroed(m->a, m->databases * sizeof(ek_db));
    ek_store_root *root = ek_ptr(m->a, ref);
    root->ndbs = m->databases;
    root->dbs = dbs;
    root->garbage_spares = ek_garbage_spares(m->a);
    ek_config_begin(&root->config);
    root->saving.last_s = ek_clock_ms() / 1000;
    root->saving.took_s = -1;
    ek_random_seed_bytes(root->replication_id, sizeof root->replication_id);
    EK_SET(m->a, m->a->hdr->root, ref);
}

static ek_store *new_handle(ek_arena *a, const ek_clock *clock, const ek_settings *settings) {
    ek_store *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->a = a;
    s->clock = clock;
    s->settings = settings ? ek_settings_copy(settings) : ek_settings_new();
    if (!s->settings || !ek_figures_begin(s)) {
        if (s->settings) ek_settings_free(s->settings);
        free(s);
        return NULL;
    }
    s->root = ek_ptr(a, a->hdr->root);
    s->dbs = ek_ptr(a, s->root->dbs);
    ek_random_init(&s->random);
    ek_process_join(s); /* with no slot left it is tried again when one is needed */
    return s;
}

static void forget_watches(void *arg) { ek_watch_forget_all(arg); }

/* Nobody else has the store open: what is watched in it was watched by processes that died. */
static void forget_the_dead(ek_store *s) {
    if (ek_arena_enter(s->a, 1000) != EK_OK) return;
    ek_run(s->a, forget_watches, s); /* with no memory for that, it stays */
    ek_arena_leave(s->a);
}

/* Whoever is alone gets what he asks for, or is told. What is not the default was asked for. */
static bool has_other_databases(const ek_store *s, const ek_store_options *o, char *err, size_t errlen) {
    if (o->databases == EK_DATABASES || o->databases == s->root->ndbs) return false;
    snprintf(err, errlen,
             "%s: it was left in memory with %u databases, not %u: open it with as many, and close it, "
             "before that is changed",
             o->path, s->root->ndbs, o->databases);
    return true;
}

ek_status ek_store_open(const ek_store_options *o, ek_store **out, char *err, size_t errlen) {
    ek_arena_options options = {.max_bytes = o->max_bytes, .keep = o->keep};
    ek_arena *a = NULL;
    bool created = true;
    ek_status st = o->path
                       ? ek_arena_open_shared(o->path, &options, &a, &created, err, errlen)
                       : ek_arena_open_private(&options, &a, err, errlen);
    if (st != EK_OK) return st;
    if (created && o->path && !ek_feed_make(a)) st = EK_ENOMEM;
    if (created && st == EK_OK) {
        making m = {.a = a, .databases = o->databases};
        st = ek_arena_enter(a, 1000);
        if (st == EK_OK) {
            st = ek_run(a, make_root, &m);
            ek_arena_leave(a);
        }
    }
    ek_store *s = st == EK_OK ? new_handle(a, o->clock, NULL) : NULL;
    if (!s) {
        if (st == EK_OK) st = EK_ENOMEM;
        snprintf(err, errlen, "no room for an empty store");
        ek_arena_close(a); /* not opened: nobody has met it yet */
        return st;
    }
    if (!created && a->alone && s->root->nwatched) forget_the_dead(s);
    if (!created && a->alone && has_other_databases(s, o, err, errlen)) {
        a->keep = true; /* as it was left */
        ek_store_close(s);
        return EK_ENOTSTORE;
    }
    if (o->path && o->begin) {
        st = o->begin(s, o->begin_arg, created, err, errlen);
        if (st != EK_OK) {
            a->keep |= !created;
            ek_store_close(s);
            return st;
        }
    }
    if (o->path) ek_arena_opened(a);
    *out = s;
    return EK_OK;
}

ek_status ek_store_fork(ek_store *s, ek_store **out, char *err, size_t errlen) {
    ek_arena *copy;
    ek_status st = ek_arena_fork(s->a, &copy, err, errlen);
    if (st != EK_OK) return st;
    *out = new_handle(copy, s->clock, s->settings);
    if (*out) return EK_OK;
    ek_arena_close(copy);
    return EK_ENOMEM;
}

static void drop_if_own(void *arg, ek_client *c) {
    ek_store *s = arg;
    if (ek_process_is_self(s, c->token)) ek_client_drop(s, c);
}

static void drop_own_clients(void *arg) { ek_client_each(arg, drop_if_own, arg); }

void ek_store_close(ek_store *s) {
    ek_large_forget();
    if (s->background) s->end_background(s);
    if (s->root->clients.count && ek_arena_enter(s->a, 1000) == EK_OK) {
        if (s->a->level == 0) ek_run(s->a, drop_own_clients, s);
        ek_store_leave(s);
    }
    while (atomic_load(&s->settling)) sched_yield();
    if (s->feed_end) s->feed_end(s);
    ek_process_leave(s);
    ek_process_bury_dead(s);
    ek_wakers_forget(s);
    ek_arena_close(s->a);
    ek_settings_free(s->settings);
    if (s->stats) s->free_stats(s->stats);
    if (s->acl) s->free_acl(s->acl);
    if (s->scripting) s->scripting_free(s->scripting);
    free(s->eviction);
    ek_figures_end(s);
    free(s);
}
