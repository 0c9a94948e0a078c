#include "store/access.h"

#include "base/clock.h"
#include "store/evict.h"
#include "store/keyspace.h"

#define COUNTER_BEGINS 5u
#define COUNTER_MAX 255u
#define COUNTER_BITS 8u
#define COUNTER ((1u << COUNTER_BITS) - 1)

_Static_assert(EK_GHOSTS_CLOCK + COUNTER_BITS == 32, "the clock and a counter are a word");

uint32_t ek_access_now(const ek_store *s) {
    if (EK_LIKELY(!s->clock)) return (uint32_t)ek_clock_coarse_256();
    int64_t us = ek_store_clock_us(s);
    return (uint32_t)((uint64_t)us * EK_ACCESS_SECOND / 1000000);
}

static uint32_t present_second(const ek_store *s) {
    if (EK_UNLIKELY(s->clock != NULL)) return ek_access_now(s) / EK_ACCESS_SECOND;
    return (uint32_t)ek_clock_second() % (UINT32_MAX / EK_ACCESS_SECOND + 1);
}

static bool is_lfu(int64_t policy) {
    return policy == EK_EVICT_VOLATILE_LFU || policy == EK_EVICT_ALLKEYS_LFU;
}

/* --- the counter --- */

unsigned ek_access_counter(const ek_store *s, uint32_t access) {
    if (s->root->access_mode == EK_ACCESS_USES)
        return ek_ghosts_faded(&s->root->ghosts, access & COUNTER, access >> COUNTER_BITS);
    uint32_t counter = access & COUNTER, minutes = (uint32_t)s->root->config.lfu_decay_time;
    if (!minutes) return counter;
    uint32_t falls = ek_access_idle(s, access) / EK_ACCESS_SECOND / 60 / minutes;
    return falls < counter ? counter - falls : 0;
}

/* From n on, one use in (n - 5) * factor + 1 counts. */
static unsigned counted(ek_store *s, unsigned counter) {
    if (counter == COUNTER_MAX) return counter;
    uint64_t above = counter > COUNTER_BEGINS ? counter - COUNTER_BEGINS : 0;
    uint64_t one_in = above * (uint64_t)s->root->config.lfu_log_factor + 1;
    return one_in == 1 || ek_random_below(&s->random, one_in) == 0 ? counter + 1 : counter;
}

/* --- the word --- */

static uint32_t with_uses(const ek_store *s, unsigned uses) {
    return ek_ghosts_clock(&s->root->ghosts) << COUNTER_BITS |
           (uses < EK_GHOSTS_MAX ? uses : EK_GHOSTS_MAX);
}

uint32_t ek_access_begin(const ek_store *s) {
    if (EK_UNLIKELY(s->root->access_mode == EK_ACCESS_USES)) return with_uses(s, 1);
    uint32_t now = ek_access_now(s);
    if (EK_LIKELY(s->root->access_mode != EK_ACCESS_COUNTER)) return now;
    return (now & ~COUNTER) | COUNTER_BEGINS;
}

uint32_t ek_access_with_idle(const ek_store *s, uint64_t seconds) {
    if (s->root->access_mode == EK_ACCESS_USES) return with_uses(s, 1);
    return ek_access_begin(s) - (uint32_t)ek_min(seconds, UINT32_MAX / EK_ACCESS_SECOND) * EK_ACCESS_SECOND;
}

uint32_t ek_access_with_counter(const ek_store *s, unsigned counter) {
    if (s->root->access_mode == EK_ACCESS_USES) return with_uses(s, counter);
    uint32_t begin = ek_access_begin(s);
    return s->root->access_mode == EK_ACCESS_COUNTER ? (begin & ~COUNTER) | counter : begin;
}

static void use(ek_store *s, ek_entry *e) {
    if (s->root->access_mode == EK_ACCESS_USES) {
        ek_ghosts_used(s->a, &s->root->ghosts);
        ek_access_note(s, e, with_uses(s, ek_access_counter(s, e->access) + 1));
        return;
    }
    uint32_t now = ek_access_now(s);
    if (s->root->access_mode == EK_ACCESS_COUNTER)
        now = (now & ~COUNTER) | counted(s, ek_access_counter(s, e->access));
    ek_access_note(s, e, now);
}

void ek_access_came_slow(ek_store *s, const ek_value *v) {
    ek_ghosts_used(s->a, &s->root->ghosts);
    ek_access_note(s, ek_ptr(s->a, v->entry), with_uses(s, ek_ghosts_of(s->a, &s->root->ghosts, v->hash) + 1));
}

void ek_access_goes_slow(ek_store *s, const ek_value *v) {
    const ek_entry *e = ek_ptr(s->a, v->entry);
    ek_ghosts_put(s->a, &s->root->ghosts, v->hash, ek_access_counter(s, e->access));
}

void ek_value_accessed(ek_store *s, const ek_value *v) {
    ek_entry *e = ek_ptr(s->a, v->entry);
    if (EK_UNLIKELY(s->root->access_mode != EK_ACCESS_SECONDS)) {
        use(s, e);
        return;
    }
    if (EK_LIKELY(e->access / EK_ACCESS_SECOND == present_second(s))) return;
    ek_access_note(s, e, ek_access_now(s));
}

uint32_t ek_access_idle(const ek_store *s, uint32_t access) {
    if (s->root->access_mode == EK_ACCESS_USES) return (with_uses(s, 0) - access) >> COUNTER_BITS;
    uint32_t now = ek_access_now(s);
    if (s->root->access_mode == EK_ACCESS_COUNTER) now |= COUNTER, access &= ~COUNTER;
    uint32_t idle = now - access;
    return idle > UINT32_MAX - EK_ACCESS_SECOND ? 0 : idle; /* clocks of processes differ a little */
}

/* --- readers without the lock --- */

static void settle_if_free(ek_store *s) {
    if (ek_arena_try_enter(s->a) != EK_OK) return;
    ek_access_settle(s);
    ek_arena_leave(s->a);
}

void ek_access_noted_slow(ek_store *s, uint32_t db, ek_str key) {
    if (!(s->a->hdr->no_unlocked_reads & EK_NOTED_READS)) return;
    uint32_t at = __atomic_fetch_add(&s->noted_reads.next, 1, __ATOMIC_RELAXED) % EK_NOTED_AT_ONCE;
    uint64_t hash = ek_table_hash(s->a, key);
    __atomic_store_n(&s->noted_reads.hash[at], hash ? hash : 1, __ATOMIC_RELAXED);
    __atomic_store_n(&s->noted_reads.db[at], db, __ATOMIC_RELAXED);
    if (at == EK_NOTED_AT_ONCE - 1) settle_if_free(s);
}

void ek_access_settle(ek_store *s) {
    if (!s->noted_reads.next) return;
    __atomic_store_n(&s->noted_reads.next, 0, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < EK_NOTED_AT_ONCE; i++) {
        uint64_t hash = __atomic_load_n(&s->noted_reads.hash[i], __ATOMIC_RELAXED);
        uint32_t db = __atomic_load_n(&s->noted_reads.db[i], __ATOMIC_RELAXED);
        if (!hash) continue;
        __atomic_store_n(&s->noted_reads.hash[i], 0, __ATOMIC_RELAXED);
        if (db >= s->root->ndbs || s->root->access_mode == EK_ACCESS_SECONDS) continue;
        ek_ref ref = ek_table_find_hash(s->a, &s->dbs[db].keys, ek_entry_key, hash);
        if (ref) use(s, ek_ptr(s->a, ref));
    }
}

/* --- settings --- */

static uint32_t mode_of(const ek_store *s) {
    int64_t policy = s->root->config.maxmemory_policy;
    if (is_lfu(policy)) return EK_ACCESS_COUNTER;
    if (policy == EK_EVICT_ALLKEYS_TINYLFU) return EK_ACCESS_USES;
    bool by_age = policy == EK_EVICT_VOLATILE_LRU || policy == EK_EVICT_ALLKEYS_LRU;
    return (by_age && s->root->config.maxmemory) || s->root->access_asked ? EK_ACCESS_TIME
                                                                        : EK_ACCESS_SECONDS;
}

void ek_access_follow_settings(ek_store *s) {
    uint32_t mode = mode_of(s);
    if (mode != s->root->access_mode) EK_SET(s->a, s->root->access_mode, mode);
    ek_lock_reads(s->a, EK_NOTED_READS, mode != EK_ACCESS_SECONDS);
    if (mode != EK_ACCESS_USES) ek_ghosts_free(s->a, &s->root->ghosts);
    else ek_ghosts_grow(s->a, &s->root->ghosts, ek_evict_keys(s));
}

void ek_access_ask(ek_store *s) {
    if (s->root->access_asked) return;
    EK_SET(s->a, s->root->access_asked, 1);
    ek_access_follow_settings(s);
}
