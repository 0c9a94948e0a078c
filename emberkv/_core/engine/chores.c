#include "engine/chores.h"

#include "base/clock.h"
#include "engine/house.h"
#include "engine/mail.h"
#include "engine/room.h"
#include "engine/stats.h"
#include "store/evict.h"
#include "store/expiry.h"
#include "store/garbage.h"
#include "store/keyspace.h"
#include "store/notify.h"
#include "store/tracking.h"
#include "store/upkeep.h"
#include "store/waker.h"

#define LIMIT_US 1000
#define SAMPLES 64
#define GARBAGE_SLICE 4096
#define AGAIN_MS 100 /* while keys have times to live: as often as a server with hz 10 */

static bool expires(const ek_store *s) {
    bool any = false;
    for (uint32_t i = 0; i < s->root->ndbs; i++)
        any |= s->dbs[i].expires.count || s->dbs[i].field_expires.count;
    return any && ek_expiry_looks(s);
}

static void expire_some(void *arg) { ek_expiry_step(arg, SAMPLES); }

/* While at least one key in sixteen that are looked at is due. */
static bool expire(ek_store *s) {
    int64_t began_us = ek_clock_monotonic_us(), took_us = 0;
    int64_t limit_us = LIMIT_US * s->root->config.active_expire_effort;
    bool more = true;
    while (more && took_us < limit_us) {
        uint64_t before = s->root->stat_expired;
        more = ek_run(s->a, expire_some, s) == EK_OK &&
               s->root->stat_expired - before >= SAMPLES / 16;
        took_us = ek_clock_monotonic_us() - began_us;
    }
    ek_stats_expired(s, took_us);
    return more;
}

static bool keep_up(ek_store *s) {
    int64_t until_us = ek_clock_monotonic_us() + LIMIT_US;
    bool more = true;
    if (ek_garbage_waits(s) && !(s->root->debug & EK_STORE_PAUSED)) ek_garbage_free(s, GARBAGE_SLICE);
    while (more && ek_clock_monotonic_us() < until_us) more = ek_upkeep_step(s);
    return more;
}

/* Of keys that went without a command. */
static void tell(void *arg) {
    ek_serve(arg);
    ek_tracking_broadcast(arg);
}

bool ek_chores_step(ek_store *s) {
    if (s->a->level > 0) return false;
    bool more = expires(s) && expire(s);
    uint64_t limit = (uint64_t)s->root->config.maxmemory;
    more |= limit && ek_make_room(s) && ek_memory_used(s) > limit;
    if (s->root->ready || s->root->tracking.queued) ek_run(s->a, tell, s);
    return (ek_upkeep_due(s) && keep_up(s)) || more;
}

static int64_t keep_house(ek_store *s) {
    if (!ek_house_enter(s)) return EK_HOUSE_PERIOD_MS;
    bool more = ek_chores_step(s), soon = expires(s) || ek_notifies_expiry(s);
    ek_store_leave(s);
    return more ? 0 : soon ? AGAIN_MS : EK_HOUSE_PERIOD_MS;
}

void ek_chores_init(void) { ek_house_add(keep_house, false); }
