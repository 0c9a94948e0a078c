#include "store/watch.h"

#include "store/keyspace.h"

typedef struct watched {
    uint64_t version;
    uint32_t watchers, klen;
    uint8_t key[];
} watched;

static ek_str key_of(const ek_arena *a, ek_ref item) {
    const watched *w = ek_ptr(a, item);
    return (ek_str){w->key, w->klen};
}

static watched *find(const ek_store *s, uint32_t db, ek_str key) {
    ek_ref ref = ek_table_find(s->a, &s->dbs[db].watched, key_of, ek_table_hash(s->a, key), key);
    return ref ? ek_ptr(s->a, ref) : NULL;
}

uint64_t ek_watch_add(ek_store *s, uint32_t db, ek_str key) {
    ek_arena *a = s->a;
    watched *w = find(s, db, key);
    if (w) {
        EK_SET(a, w->watchers, w->watchers + 1);
        return w->version;
    }
    if (key.n > UINT32_MAX) ek_raise(a, EK_ENOMEM);
    ek_ref ref = ek_alloc(a, sizeof *w + key.n);
    w = ek_ptr(a, ref);
    *w = (watched){.watchers = 1, .klen = (uint32_t)key.n};
    memcpy(w->key, key.p, key.n);
    ek_table_add(a, &s->dbs[db].watched, key_of, ek_table_hash(a, key), ref);
    EK_SET(a, s->root->nwatched, s->root->nwatched + 1);
    return 0;
}

uint64_t ek_watch_version(const ek_store *s, uint32_t db, ek_str key) {
    const watched *w = find(s, db, key);
    return w ? w->version : UINT64_MAX;
}

void ek_watch_drop(ek_store *s, uint32_t db, ek_str key) {
    watched *w = find(s, db, key);
    if (!w) return;
    if (w->watchers > 1) {
        EK_SET(s->a, w->watchers, w->watchers - 1);
        return;
    }
    ek_ref ref = ek_ref_of(s->a, w);
    ek_table_remove(s->a, &s->dbs[db].watched, key_of, ek_table_hash(s->a, key), ref);
    ek_free(s->a, ref);
    EK_SET(s->a, s->root->nwatched, s->root->nwatched - 1);
}

void ek_watch_changed_slow(ek_store *s, uint32_t db, ek_str key) {
    watched *w = find(s, db, key);
    if (w) EK_SET(s->a, w->version, w->version + 1);
}

typedef struct sweep {
    ek_store *s;
    const ek_db *one, *other;
} sweep;

/* A key that has run out is not there, removed already or not. */
static bool exists(const ek_store *s, const ek_db *db, ek_str key) {
    ek_value v;
    return db && ek_keyspace_find(s, db, key, &v) && !ek_value_expired(s, &v);
}

static bool sweep_one(void *arg, ek_ref item) {
    sweep *k = arg;
    watched *w = ek_ptr(k->s->a, item);
    ek_str key = {w->key, w->klen};
    if (exists(k->s, k->one, key) || exists(k->s, k->other, key))
        EK_SET(k->s->a, w->version, w->version + 1);
    return true;
}

void ek_watch_changed_all(ek_store *s, uint32_t db, const ek_db *other) {
    if (!s->root->nwatched) return;
    sweep k = {.s = s, .one = &s->dbs[db], .other = other};
    ek_table_each(s->a, &s->dbs[db].watched, sweep_one, &k);
}

static void release(ek_arena *a, void *arg, ek_ref item) {
    (void)arg;
    ek_free(a, item);
}

void ek_watch_forget_all(ek_store *s) {
    for (uint32_t i = 0; i < s->root->ndbs; i++) {
        ek_table *t = &s->dbs[i].watched;
        if (!t->dir) continue;
        while (!ek_table_drain(s->a, t, SIZE_MAX, release, NULL)) {}
        ek_touch(s->a, t, sizeof *t);
        *t = (ek_table){0};
    }
    EK_SET(s->a, s->root->nwatched, 0);
}
