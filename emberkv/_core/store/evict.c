#include "store/evict.h"

#include <stdlib.h>

#include "store/access.h"
#include "store/feed.h"
#include "store/keyspace.h"
#include "store/notify.h"
#include "store/tracking.h"
#include "store/waiting.h"
#include "store/watch.h"

#define POOL 16u
#define WINDOW_MAX 4096u /* keys on trial; a power of two */
#define WINDOW_SHARE 20u
#define DRAWS_FOR_NOTHING 16u /* of candidates that are no longer there */

typedef struct candidate {
    uint64_t hash, rank; /* the highest rank goes first */
    uint32_t db;
    ek_ref entry; /* 0: nothing */
} candidate;

typedef struct newcomer {
    uint64_t hash;
    uint32_t db;
} newcomer;

struct ek_eviction {
    candidate pool[POOL]; /* the worst first */
    unsigned npool;
    int64_t policy; /* of the pool */
    uint32_t turn;  /* database, for policies that draw one key */
    uint32_t first, nwindow;
    newcomer window[WINDOW_MAX];
};

static struct ek_eviction *state_of(ek_store *s) {
    if (!s->eviction) s->eviction = calloc(1, sizeof *s->eviction);
    return s->eviction;
}

static bool only_volatile(int64_t policy) {
    return policy == EK_EVICT_VOLATILE_LRU || policy == EK_EVICT_VOLATILE_LFU ||
           policy == EK_EVICT_VOLATILE_RANDOM || policy == EK_EVICT_VOLATILE_TTL;
}

static const ek_table *candidates(const ek_store *s, const ek_db *db) {
    return only_volatile(s->root->config.maxmemory_policy) ? &db->expires : &db->keys;
}

uint64_t ek_evict_keys(const ek_store *s) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->root->ndbs; i++) n += s->dbs[i].keys.count;
    return n;
}

uint64_t ek_evict_candidates(const ek_store *s) {
    if (s->root->config.maxmemory_policy == EK_EVICT_NONE) return 0;
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->root->ndbs; i++) n += candidates(s, &s->dbs[i])->count;
    return n;
}

/* --- ranks --- */

static uint64_t rank_of(const ek_store *s, ek_ref entry) {
    uint32_t access = ((const ek_entry *)ek_ptr(s->a, entry))->access;
    switch (s->root->config.maxmemory_policy) {
    case EK_EVICT_VOLATILE_TTL: return UINT64_MAX - (uint64_t)ek_entry_expire(s->a, entry);
    case EK_EVICT_ALLKEYS_TINYLFU:
    case EK_EVICT_VOLATILE_LFU:
    case EK_EVICT_ALLKEYS_LFU:
        return (uint64_t)(255 - ek_access_counter(s, access)) << 32 | ek_access_idle(s, access);
    default: return ek_access_idle(s, access);
    }
}

static uint64_t hash_of(const ek_store *s, ek_ref entry) {
    return ek_table_hash(s->a, ek_entry_key(s->a, entry));
}

static void offer(struct ek_eviction *e, candidate c) {
    for (unsigned i = 0; i < e->npool; i++)
        if (e->pool[i].entry == c.entry) return;
    if (e->npool == POOL) {
        if (c.rank <= e->pool[0].rank) return;
        memmove(e->pool, e->pool + 1, --e->npool * sizeof c);
    }
    unsigned at = e->npool++;
    for (; at > 0 && e->pool[at - 1].rank > c.rank; at--) e->pool[at] = e->pool[at - 1];
    e->pool[at] = c;
}

static void draw(ek_store *s, struct ek_eviction *e) {
    for (uint32_t i = 0; i < s->root->ndbs; i++) {
        const ek_table *t = candidates(s, &s->dbs[i]);
        for (int64_t k = 0; t->count && k < s->root->config.maxmemory_samples; k++) {
            ek_ref entry = ek_table_random(s->a, t, &s->random);
            if (entry) offer(e, (candidate){hash_of(s, entry), rank_of(s, entry), i, entry});
        }
    }
}

/* Is it still there, and no less a victim than when it was drawn? */
static bool still_good(const ek_store *s, const candidate *c) {
    return c->db < s->root->ndbs &&
           ek_table_holds(s->a, candidates(s, &s->dbs[c->db]), c->hash, c->entry) &&
           rank_of(s, c->entry) >= c->rank;
}

static candidate ranked(ek_store *s, struct ek_eviction *e) {
    if (e->policy != s->root->config.maxmemory_policy) e->npool = 0;
    e->policy = s->root->config.maxmemory_policy;
    for (unsigned i = 0; i < DRAWS_FOR_NOTHING; i++) {
        draw(s, e);
        while (e->npool) {
            candidate best = e->pool[--e->npool];
            if (still_good(s, &best)) return best;
        }
    }
    return (candidate){0};
}

/* A key of one database after the other. */
static candidate any(ek_store *s, struct ek_eviction *e) {
    for (uint32_t i = 0; i < s->root->ndbs; i++) {
        e->turn = (e->turn + 1) % s->root->ndbs;
        const ek_table *t = candidates(s, &s->dbs[e->turn]);
        ek_ref entry = t->count ? ek_table_random(s->a, t, &s->random) : 0;
        if (entry) return (candidate){hash_of(s, entry), 0, e->turn, entry};
    }
    return (candidate){0};
}

/* --- TinyLFU --- */

void ek_evict_added_slow(ek_store *s, uint32_t db, uint64_t hash) {
    struct ek_eviction *e = state_of(s);
    if (!e) return; /* no memory: it is not on trial */
    if (e->nwindow == WINDOW_MAX) {
        e->first++;
        e->nwindow--;
    }
    e->window[(e->first + e->nwindow++) % WINDOW_MAX] = (newcomer){hash, db};
}

/* The last that left the window; entry 0: none. */
static candidate on_trial(ek_store *s, struct ek_eviction *e) {
    uint64_t share = ek_max(ek_evict_keys(s) / WINDOW_SHARE, 1);
    newcomer last = {0};
    bool left = false;
    while (e->nwindow > share) {
        last = e->window[e->first++ % WINDOW_MAX];
        e->nwindow--;
        left = true;
    }
    if (!left || last.db >= s->root->ndbs) return (candidate){0};
    ek_ref entry = ek_table_find_hash(s->a, &s->dbs[last.db].keys, ek_entry_key, last.hash);
    if (!entry) return (candidate){0};
    return (candidate){last.hash, rank_of(s, entry), last.db, entry};
}

/* Who is on trial, if it was used no more often than the worst of the others. */
static candidate judged(ek_store *s, struct ek_eviction *e) {
    candidate worst = ranked(s, e), trial = on_trial(s, e);
    if (!trial.entry || trial.entry == worst.entry || trial.rank >> 32 < worst.rank >> 32) return worst;
    if (worst.entry) offer(e, worst); /* for the next time */
    return trial;
}

/* --- evicting --- */

static candidate victim(ek_store *s, struct ek_eviction *e) {
    switch (s->root->config.maxmemory_policy) {
    case EK_EVICT_VOLATILE_RANDOM:
    case EK_EVICT_ALLKEYS_RANDOM: return any(s, e);
    case EK_EVICT_ALLKEYS_TINYLFU: return judged(s, e);
    default: return ranked(s, e);
    }
}

static void evict(ek_store *s, const candidate *c) {
    ek_value v;
    ek_entry_read(s->a, c->entry, &v);
    v.hash = c->hash;
    ek_watch_changed(s, c->db, v.key);
    ek_tracking_changed(s, v.key, 0);
    ek_notify(s, c->db, EK_EVENT_EVICTED, v.key, "evicted");
    ek_feed_add_key(s, c->db, "DEL", v.key);
    ek_wait_ready(s, c->db, v.key);
    ek_keyspace_delete(s, &s->dbs[c->db], &v);
    EK_SET(s->a, s->root->stat_evicted, s->root->stat_evicted + 1);
}

unsigned ek_evict(ek_store *s, unsigned n) {
    struct ek_eviction *e = state_of(s);
    if (!e || !ek_evict_candidates(s)) return 0;
    ek_access_settle(s);
    if (s->root->config.maxmemory_policy == EK_EVICT_ALLKEYS_TINYLFU)
        ek_ghosts_grow(s->a, &s->root->ghosts, ek_evict_keys(s));
    unsigned evicted = 0;
    for (; evicted < n; evicted++) {
        candidate c = victim(s, e);
        if (!c.entry) break;
        evict(s, &c);
    }
    return evicted;
}
