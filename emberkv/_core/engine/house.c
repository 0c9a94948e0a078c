#define _GNU_SOURCE
#include "engine/house.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/futex.h"
#include "store/feed.h"
#include "store/notify.h"

#define HOUSE_BYTE ((off_t)1 << 20) /* of the arena's file; processes have the first, see process.h */
#define ENTER_MS 100
#define RING_ALL 0x10000u /* the bell counts rings for all above those for writing */
#define LOOK_MS 200 /* does the elected one live? That often while there is something to write */

typedef struct ek_house {
    pthread_t thread;
    _Atomic bool stop;
    bool elected;
} ek_house;

static struct {
    ek_house_hook *run;
    bool writes;
} hooks[EK_HOUSE_HOOKS];
static unsigned nhooks;

void ek_house_add(ek_house_hook *run, bool writes) {
    for (unsigned i = 0; i < nhooks; i++)
        if (hooks[i].run == run) return;
    if (nhooks == EK_HOUSE_HOOKS) return;
    hooks[nhooks].run = run;
    hooks[nhooks++].writes = writes;
}

static _Atomic uint32_t *bell_of(const ek_store *s) { return &ek_feed_state_of(s->a)->bell; }

static void ring(ek_store *s, uint32_t n) {
    atomic_fetch_add(bell_of(s), n);
    ek_futex_wake(bell_of(s), INT32_MAX, s->a->shared);
}

void ek_house_ring(ek_store *s) { ring(s, RING_ALL); }
void ek_house_ring_to_write(ek_store *s) { ring(s, 1); }

bool ek_house_stopping(const ek_store *s) { return !s->house || atomic_load(&s->house->stop); }

bool ek_house_enter(ek_store *s) {
    while (!ek_house_stopping(s)) {
        ek_status st = ek_arena_enter(s->a, ENTER_MS);
        if (st == EK_OK) return true;
        if (st != EK_EBUSY) return false;
    }
    return false;
}

static bool stand_for_election(ek_store *s) {
    if (!s->a->shared) return true;
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = HOUSE_BYTE, .l_len = 1};
    return fcntl(s->a->fd, F_OFD_SETLK, &range) == 0;
}

static void retire(ek_store *s) {
    struct flock range = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = HOUSE_BYTE, .l_len = 1};
    if (s->a->shared) fcntl(s->a->fd, F_OFD_SETLK, &range);
}

static void *keep(void *arg) {
    ek_store *s = arg;
    ek_house *h = s->house;
    int64_t due[EK_HOUSE_HOOKS] = {0};
    uint32_t heard = atomic_load(bell_of(s));
    while (!atomic_load(&h->stop)) {
        if (!h->elected) h->elected = stand_for_election(s);
        bool looks = !h->elected && ek_feed_unwritten(s);
        int64_t next = ek_clock_monotonic_ms() + (looks ? LOOK_MS : EK_HOUSE_PERIOD_MS);
        uint32_t rung = atomic_load(bell_of(s));
        for (unsigned i = 0; h->elected && i < nhooks && !atomic_load(&h->stop); i++) {
            int64_t now = ek_clock_monotonic_ms();
            bool called = hooks[i].writes ? rung != heard : (rung ^ heard) >= RING_ALL;
            if (called || due[i] <= now) due[i] = hooks[i].run(s) + ek_clock_monotonic_ms();
            next = due[i] < next ? due[i] : next;
        }
        heard = rung;
        int64_t nap = next - ek_clock_monotonic_ms();
        if (nap > 0 && !atomic_load(&h->stop)) ek_futex_wait(bell_of(s), heard, nap, s->a->shared);
    }
    if (h->elected) retire(s);
    return NULL;
}

bool ek_house_begin(ek_store *s) {
    if (s->house && s->house_forks == s->a->forks) return true;
    ek_house *h = calloc(1, sizeof *h);
    if (!h) return false;
    free(s->house); /* the parent's: its thread is not in this process */
    s->house = h;
    s->house_forks = s->a->forks;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&h->thread, NULL, keep, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok) return true;
    s->house = NULL;
    free(h);
    return false;
}

bool ek_house_follow_settings(ek_store *s) {
    if (!s->aof && !s->root->config.save && !ek_notifies_expiry(s)) return true;
    if (!ek_house_begin(s)) return false;
    ek_house_ring(s);
    return true;
}

void ek_house_end(ek_store *s) {
    ek_house *h = s->house;
    if (!h) return;
    if (s->house_forks == s->a->forks) {
        atomic_store(&h->stop, true);
        ek_house_ring(s);
        pthread_join(h->thread, NULL);
    }
    s->house = NULL;
    free(h);
}
