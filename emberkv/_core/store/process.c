#define _GNU_SOURCE
#include "store/process.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "arena/map.h"
#include "base/clock.h"
#include "store/figures.h"
#include "store/waker.h"

#define TABLE_OFF EK_PAGE

_Static_assert(EK_PAGE + EK_PROCESSES * sizeof(ek_process) < EK_BOARDS_BYTES, "the table has room");

static ek_process *table(const ek_store *s) { return (ek_process *)(s->a->base + TABLE_OFF); }

const ek_process *ek_process_at(const ek_store *s, uint32_t slot) { return table(s) + slot; }

/* Another handle in this process has a file description of its own, and so locks of its own. */
static int lock_slot(const ek_store *s, uint32_t slot, int command, int kind) {
    struct flock range = {.l_type = (short)kind, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1};
    if (fcntl(s->a->fd, command, &range) != 0) return -1;
    return range.l_type;
}

static uint32_t new_token(ek_store *s) {
    uint32_t token;
    do token = atomic_fetch_add(&s->a->hdr->next_token, 1) + 1;
    while (token == 0);
    return token;
}

static bool take_slot(ek_store *s) {
    for (uint32_t slot = 0; slot < EK_PROCESSES; slot++) {
        ek_process *p = table(s) + slot;
        if (lock_slot(s, slot, F_OFD_SETLK, F_WRLCK) < 0) continue;
        if (!ek_map_back(s->a, TABLE_OFF + slot * sizeof *p, sizeof *p)) {
            lock_slot(s, slot, F_OFD_SETLK, F_UNLCK);
            return false;
        }
        uint32_t used = atomic_load(&s->a->hdr->nprocesses);
        while (used <= slot)
            if (atomic_compare_exchange_weak(&s->a->hdr->nprocesses, &used, slot + 1)) break;
        uint32_t old = atomic_load(&p->token);
        if (old) ek_wakers_bury(s, old); /* it died, and nobody has noticed */
        p->pid = (uint32_t)getpid();
        p->since_ms = ek_clock_ms();
        atomic_store(&p->token, s->token);
        s->slot = slot;
        ek_figures_join(s);
        return true;
    }
    return false;
}

/* The child of a fork begins with one thread, but its first two may come here at the same time. */
bool ek_process_join(ek_store *s) {
    unsigned done = 2 * (s->a->forks + 1), was = atomic_load(&s->joined);
    while (was != done) {
        if (was == done - 1) {
            sched_yield();
            was = atomic_load(&s->joined);
        } else if (atomic_compare_exchange_weak(&s->joined, &was, done - 1)) {
            s->token = new_token(s);
            bool ok = !s->a->shared || take_slot(s);
            if (!s->a->shared) ek_wakers_bury_others(s); /* the parent's are not this one's */
            atomic_store(&s->joined, ok ? done : 0);
            return ok;
        }
    }
    return true;
}

static bool has_joined(const ek_store *s) {
    return atomic_load(&s->joined) == 2 * (s->a->forks + 1);
}

void ek_process_leave(ek_store *s) {
    if (!has_joined(s) || !s->a->shared) return;
    ek_figures_leave(s);
    atomic_store(&table(s)[s->slot].token, 0);
    lock_slot(s, s->slot, F_OFD_SETLK, F_UNLCK);
    atomic_store(&s->joined, 0);
}

/* In a child of a fork that has not joined yet, the handle's token is its parent's. */
bool ek_process_is_self(const ek_store *s, uint32_t token) {
    return token == s->token && has_joined(s);
}

bool ek_process_lives(const ek_store *s, uint32_t slot, uint32_t token) {
    if (ek_process_is_self(s, token)) return true;
    if (!s->a->shared || slot >= EK_PROCESSES || atomic_load(&table(s)[slot].token) != token)
        return false;
    return lock_slot(s, slot, F_OFD_GETLK, F_WRLCK) != F_UNLCK;
}

bool ek_process_is_alone(const ek_store *s) {
    uint32_t n = s->a->shared ? atomic_load(&s->a->hdr->nprocesses) : 0;
    for (uint32_t slot = 0; slot < n; slot++) {
        uint32_t token = atomic_load(&table(s)[slot].token);
        if (token && token != s->token && ek_process_lives(s, slot, token)) return false;
    }
    return true;
}

void ek_process_bury_dead(ek_store *s) {
    if (!s->a->shared) return;
    uint32_t n = atomic_load(&s->a->hdr->nprocesses);
    for (uint32_t slot = 0; slot < n; slot++) {
        uint32_t token = atomic_load(&table(s)[slot].token);
        if (!token || token == s->token) continue;
        if (lock_slot(s, slot, F_OFD_GETLK, F_WRLCK) != F_UNLCK) continue;
        ek_wakers_bury(s, token);
        atomic_compare_exchange_strong(&table(s)[slot].token, &token, 0);
    }
}
