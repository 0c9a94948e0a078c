#include "engine/room.h"

#include <string.h>

#include "base/clock.h"
#include "engine/stats.h"
#include "store/evict.h"
#include "store/expiry.h"
#include "store/garbage.h"

#define GARBAGE_SLICE 256
#define AT_ONCE 16u /* keys, and looks at the clock */

typedef struct evicting {
    ek_store *s;
    unsigned n, evicted;
} evicting;

static void evict(void *arg) {
    evicting *e = arg;
    e->evicted = ek_evict(e->s, e->n);
}

static unsigned evict_some(ek_store *s, unsigned n) {
    evicting e = {.s = s, .n = n};
    return ek_run(s->a, evict, &e) == EK_OK ? e.evicted : 0;
}

/* 0.5 ms at the usual 10; doubled by each five more. */
static int64_t time_limit_us(const ek_store *s) {
    int64_t tenacity = s->root->config.maxmemory_eviction_tenacity;
    if (tenacity >= 100) return INT64_MAX;
    return tenacity <= 10 ? 50 * tenacity : (int64_t)500 << (tenacity - 10) / 5;
}

/* About as many keys as are too much, by the mean size. */
static unsigned how_many(const ek_store *s, uint64_t limit) {
    uint64_t used = ek_memory_used(s), keys = ek_evict_keys(s);
    if (used <= limit || !keys) return 1;
    uint64_t n = (used - limit) / (used / keys + 1) / 2;
    return (unsigned)ek_min(ek_max(n, 1), AT_ONCE);
}

bool ek_make_room(ek_store *s) {
    uint64_t limit = (uint64_t)s->root->config.maxmemory;
    if (!limit || ek_memory_used(s) <= limit || ek_expiry_is_held(s)) return true;
    int64_t began_us = ek_clock_monotonic_us(), until_us = time_limit_us(s);
    bool had_any = true;
    for (unsigned done = 0; ek_memory_used(s) > limit;) {
        if (ek_garbage_waits(s)) {
            if (!ek_garbage_free(s, GARBAGE_SLICE)) return false;
            done += AT_ONCE;
        } else {
            unsigned evicted = evict_some(s, how_many(s, limit));
            had_any = evicted != 0;
            if (!had_any) break;
            done += evicted;
        }
        if (done >= AT_ONCE) {
            done = 0;
            if (ek_clock_monotonic_us() - began_us >= until_us) break;
        }
    }
    ek_stats_evicted(s, ek_clock_monotonic_us() - began_us, ek_memory_used(s) > limit && had_any);
    return had_any;
}

static bool is_exec(const ek_command *cmd) { return strcmp(cmd->name, "exec") == 0; }

static bool queue_needs_memory(const ek_session *session) {
    for (size_t i = 0; i < session->nqueue; i++)
        if (session->queue[i].cmd->flags & EK_CMD_DENYOOM) return true;
    return false;
}

bool ek_has_room_slow(ek_session *session, const ek_command *cmd) {
    ek_store *s = session->s;
    bool in_transaction = !session->in_exec && !session->in_script; /* of several calls */
    if (s->a->level == 0)
        session->no_room = !ek_make_room(s);
    else if (in_transaction)
        session->no_room = ek_memory_used(s) > (uint64_t)s->root->config.maxmemory &&
                           !ek_evict_candidates(s);
    if (EK_LIKELY(!session->no_room)) return true;
    if (session->in_exec && !session->in_script) return true; /* it had room when it was queued */
    if (session->in_multi && is_exec(cmd)) return !queue_needs_memory(session);
    return !(cmd->flags & EK_CMD_DENYOOM);
}

bool ek_may_queue(ek_session *session) {
    session->no_room = session->s->a->level == 0 && !ek_make_room(session->s);
    return !session->no_room;
}

bool ek_evict_for_space(ek_store *s) {
    return ek_evict_candidates(s) && evict_some(s, AT_ONCE) > 0;
}
