/* The journal, transactions, and entering the arena. The contract stands in arena.h. */
#include "arena/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena/alloc.h"
#include "arena/check.h"
#include "arena/map.h"

#define LOOK_MS 1 /* who waits for the lock looks that often whether a snapshot is read */
#define JOURNAL_STEP 65536u
#define JOURNAL_RECORD_MAX ((1u << 24) - 1)
#define JOURNAL_KEEP ((uint64_t)1 << 20) /* a larger one is given back when it is not needed any more: */
#define JOURNAL_PATIENCE 256u            /* when so many transactions after each other were small */

void ek_raise(ek_arena *a, ek_status status) {
    ek_guard *g = a->guard;
    if (status == EK_ECORRUPT) a->hdr->broken = 1;
    a->guard = g->outer;
    g->status = status;
    EK_LONGJMP(g->jump);
}

/* --- the journal --- */

/* A fact about the memory, not about the data: never undone. */
static void set_capacity(ek_header *h, uint64_t cap) {
    h->journal_cap = cap;
    h->journal_open = h->snapshot ? 0 : cap;
}

static void grow_journal(ek_arena *a, uint64_t used, uint64_t need) {
    ek_header *h = a->hdr;
    if (used + need <= h->journal_cap) return;
    uint64_t cap = h->journal_cap;
    uint64_t want = ek_align_up(ek_max(cap * 2, used + need), JOURNAL_STEP);
    want = ek_min(want, h->journal_max);
    if (used + need > want || !ek_map_back(a, h->journal_off + cap, want - cap))
        ek_raise(a, EK_ENOMEM);
    set_capacity(h, want);
}

void ek_touch_slow(ek_arena *a, const void *p, size_t n) {
    ek_header *h = a->hdr;
    const uint8_t *from = p;
    if (h->snapshot) ek_snapshot_keep(a, p, n);
    else h->journal_open = h->journal_cap; /* who was about to begin a snapshot may have died */
    while (n > 0) {
        size_t part = ek_min(n, JOURNAL_RECORD_MAX), need = ek_align_up(part, 8) + 8;
        uint64_t used = atomic_load_explicit(&h->journal_used, memory_order_relaxed);
        grow_journal(a, used, need);
        memcpy(a->journal + used, from, part);
        *(uint64_t *)(a->journal + used + need - 8) = (uint64_t)(from - a->base) << 24 | part;
        atomic_thread_fence(memory_order_release);
        atomic_store_explicit(&h->journal_used, used + need, memory_order_relaxed);
        atomic_thread_fence(memory_order_release);
        from += part;
        n -= part;
    }
}

/* A large transaction is often followed by others, and getting its journal again would take as long as
 * half of it. */
static EK_NOINLINE void give_back_journal(ek_arena *a, uint64_t used) {
    ek_header *h = a->hdr;
    uint64_t cap = h->journal_cap;
    if (used > JOURNAL_KEEP) a->small_journals = 0;
    else if (++a->small_journals >= JOURNAL_PATIENCE) {
        a->small_journals = 0;
        set_capacity(h, JOURNAL_STEP);
        ek_map_unback(a, h->journal_off + JOURNAL_STEP, cap - JOURNAL_STEP);
    }
}

static void forget_journal(ek_arena *a) {
    ek_header *h = a->hdr;
    uint64_t seq = atomic_load_explicit(&h->seq, memory_order_relaxed);
    uint64_t used = atomic_load_explicit(&h->journal_used, memory_order_relaxed);
    ek_check_dies(a);
    atomic_store_explicit(&h->seq, seq + 1, memory_order_release);
    ek_check_dies(a);
    atomic_store_explicit(&h->journal_used, 0, memory_order_release);
    ek_check_dies(a);
    if (EK_UNLIKELY(h->journal_cap > JOURNAL_KEEP)) give_back_journal(a, used);
}

/* Restore what the journal holds above `to`. False when it contradicts itself. */
static bool restore(ek_arena *a, uint64_t to) {
    uint64_t at = atomic_load_explicit(&a->hdr->journal_used, memory_order_relaxed);
    if (at > a->hdr->journal_cap) return false;
    while (at > to) {
        uint64_t word = ek_load64(a->journal + at - 8);
        size_t n = word & JOURNAL_RECORD_MAX, size = ek_align_up(n, 8) + 8;
        uint64_t off = word >> 24;
        if (size > at - to || off + n > a->hdr->total_bytes) return false;
        memcpy(a->base + off, a->journal + at - size, n);
        at -= size;
    }
    return true;
}

/* --- transactions --- */

/* What was announced before has to be announced again. */
EK_INLINE void new_epoch(ek_arena *a) {
    if (EK_UNLIKELY(++a->epoch == 0)) memset(a->announced, 0, sizeof a->announced);
}

void ek_begin(ek_arena *a) {
    a->nfrees = 0;
    a->used_bytes = a->nblocks = 0;
    a->committing = NULL;
    new_epoch(a);
    ek_check_begin(a);
}

void ek_commit(ek_arena *a) {
    if (EK_UNLIKELY(a->committing != NULL)) a->committing(a->committing_for);
    if (a->nfrees) ek_free_now(a, a->frees, a->nfrees);
    ek_header *h = a->hdr;
    if (a->used_bytes || a->nblocks) {
        ek_touch(a, &h->used_bytes, 3 * sizeof h->used_bytes);
        h->used_bytes += (uint64_t)a->used_bytes;
        h->nblocks += (uint64_t)a->nblocks;
        if (h->used_bytes > h->peak_bytes) h->peak_bytes = h->used_bytes;
    }
    a->nfrees = 0;
    a->used_bytes = a->nblocks = 0;
    ek_check_commit(a);
    if (!ek_clean(a)) forget_journal(a);
}

ek_savepoint ek_save(ek_arena *a) {
    new_epoch(a);
    return (ek_savepoint){
        .journal_used = atomic_load_explicit(&a->hdr->journal_used, memory_order_relaxed),
        .nfrees = a->nfrees,
        .used_bytes = a->used_bytes,
        .nblocks = a->nblocks,
    };
}

void ek_undo(ek_arena *a, const ek_savepoint *to) {
    static const ek_savepoint start;
    if (!to) to = &start;
    if (!ek_clean(a)) {
        if (!restore(a, to->journal_used)) {
            a->hdr->broken = 1;
            return;
        }
        if (to->journal_used)
            atomic_store_explicit(&a->hdr->journal_used, to->journal_used, memory_order_release);
        else
            forget_journal(a);
    }
    a->nfrees = to->nfrees;
    a->used_bytes = to->used_bytes;
    a->nblocks = to->nblocks;
    new_epoch(a);
    ek_check_undo(a, to);
}

ek_status ek_run(ek_arena *a, void (*fn)(void *), void *arg) {
    ek_guard g;
    ek_begin(a);
    ek_status st = EK_GUARD(a, &g);
    if (st != EK_OK) {
        ek_undo(a, NULL);
        return st;
    }
    fn(arg);
    ek_commit(a);
    ek_unguard(a, &g);
    return EK_OK;
}

ek_status ek_run_within(ek_arena *a, void (*fn)(void *), void *arg) {
    if (a->level == 0) return ek_run(a, fn, arg);
    ek_guard g;
    ek_savepoint sp = ek_save(a);
    ek_status st = EK_GUARD(a, &g);
    if (st != EK_OK) {
        ek_undo(a, &sp);
        return st;
    }
    fn(arg);
    ek_unguard(a, &g);
    return EK_OK;
}

/* --- entering --- */

bool ek_arena_is_own(const ek_arena *a) {
    return __atomic_load_n(&a->txn_depth, __ATOMIC_RELAXED) &&
           pthread_equal(a->txn_thread, pthread_self());
}

ek_status ek_arena_entered(ek_arena *a, ek_lock_result r) {
    switch (r) {
    case EK_LOCK_TAKEN: break;
    case EK_LOCK_OWNER_DIED: atomic_store(&a->hdr->running.word, 0); break;
    case EK_LOCK_BUSY: return EK_EBUSY;
    case EK_LOCK_DEADLOCK: return EK_EDEADLK;
    default: return EK_ECORRUPT;
    }
    if (EK_UNLIKELY(!ek_clean(a))) {
        ek_check_close(a); /* its shadow knows nothing of what others did meanwhile */
        ek_undo(a, NULL);
        a->recovered++;
    }
    if (EK_UNLIKELY(a->hdr->broken)) {
        ek_lock_release(&a->hdr->lock);
        return EK_ECORRUPT;
    }
    return EK_OK;
}

ek_status ek_arena_enter(ek_arena *a, int timeout_ms) {
    if (EK_UNLIKELY(ek_arena_is_own(a))) return EK_OK;
    /* Who reads a snapshot takes the lock hundreds of times a second, for a millisecond each: those who wait
     * for him, also since before he began, do so in turn. */
    ek_lock *lock = &a->hdr->lock;
    ek_lock_result r;
    do {
        if (a->hdr->snapshot) return ek_arena_entered(a, ek_lock_wait_in_turn(lock, timeout_ms));
        r = ek_lock_wait(lock, timeout_ms < LOOK_MS ? timeout_ms : LOOK_MS);
        timeout_ms -= LOOK_MS;
    } while (r == EK_LOCK_BUSY && timeout_ms > 0);
    return ek_arena_entered(a, r);
}
