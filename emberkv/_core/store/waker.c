#define _GNU_SOURCE
#include "store/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena/map.h"
#include "base/clock.h"
#include "base/futex.h"
#include "store/feed.h"
#include "store/process.h"

#define BOARD_OFF (EK_PAGE + EK_PROCESSES * (uint32_t)sizeof(ek_process))
#define PLACES ((EK_BOARDS_BYTES - BOARD_OFF) / (uint32_t)sizeof(place))

enum { QUIET = 0, SIGNALLED = 1, NOTED = 2 };
enum { NO_FD = -1, IS_FIFO = -2 }; /* of place.fd */

typedef struct place {
    _Atomic uint32_t word;
    _Atomic uint32_t owner; /* token; 0: free */
    _Atomic uint32_t serial; /* counts the owners: who kept a FIFO open sees that it is another */
    _Atomic int32_t fd; /* eventfd of a private store, IS_FIFO, NO_FD */
} place;

_Static_assert(sizeof(place) == 16, "four to a cache line");

struct ek_waker {
    ek_store *s;
    uint32_t at;
    unsigned forks; /* of the arena when it was made: a child does not own its parent's */
    int fd;
};

/* A FIFO of another process, kept open. */
typedef struct ek_fifo {
    uint32_t at, serial;
    int fd;
} ek_fifo;

static place *place_at(const ek_arena *a, uint32_t at) {
    return (place *)(a->base + BOARD_OFF) + at;
}

static void fifo_name(const ek_arena *a, uint32_t at, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%.*s-waker%u", PATH_MAX - 40, a->file_path, at);
}

/* --- making --- */

static bool claim(ek_store *s, uint32_t *at) {
    ek_header *h = s->a->hdr;
    for (uint32_t i = 0; i < PLACES; i++) {
        uint32_t free = 0, used = atomic_load(&h->nwakers);
        if (i >= used) {
            if (!ek_map_back(s->a, BOARD_OFF + i * sizeof(place), sizeof(place))) return false;
            while (used <= i && !atomic_compare_exchange_weak(&h->nwakers, &used, i + 1)) {}
        }
        if (!atomic_compare_exchange_strong(&place_at(s->a, i)->owner, &free, s->token)) continue;
        *at = i;
        return true;
    }
    return false;
}

static bool open_descriptor(ek_waker *w, place *p) {
    const ek_arena *a = w->s->a;
    if (!a->shared) {
        w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        atomic_store(&p->fd, w->fd);
        return w->fd >= 0;
    }
    char name[PATH_MAX];
    fifo_name(a, w->at, name);
    unlink(name); /* of one that died */
    if (mkfifo(name, 0600) != 0) return false;
    w->fd = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC); /* a writer too: never at its end */
    if (w->fd < 0) {
        unlink(name);
        return false;
    }
    atomic_store(&p->fd, IS_FIFO);
    return true;
}

ek_waker *ek_waker_new(ek_store *s, bool with_descriptor) {
    if (!ek_process_join(s)) return NULL;
    ek_waker *w = malloc(sizeof *w);
    if (!w) return NULL;
    *w = (ek_waker){.s = s, .forks = s->a->forks, .fd = -1};
    if (!claim(s, &w->at)) {
        free(w);
        return NULL;
    }
    place *p = place_at(s->a, w->at);
    atomic_fetch_add(&p->serial, 1);
    atomic_store(&p->fd, NO_FD);
    atomic_store(&p->word, QUIET);
    if (with_descriptor && !open_descriptor(w, p)) {
        atomic_store(&p->owner, 0);
        free(w);
        return NULL;
    }
    return w;
}

static bool is_own(const ek_waker *w) { return w->forks == w->s->a->forks; }

static void free_place(const ek_arena *a, uint32_t at) {
    place *p = place_at(a, at);
    if (atomic_exchange(&p->fd, NO_FD) == IS_FIFO) {
        char name[PATH_MAX];
        fifo_name(a, at, name);
        unlink(name);
    }
    atomic_store(&p->owner, 0);
}

/* Posters write to descriptors with the lock held: so none is closed under their hands. */
void ek_waker_free(ek_waker *w) {
    if (!w) return;
    ek_arena *a = w->s->a;
    bool locked = w->fd >= 0 && ek_arena_enter(a, 1000) == EK_OK;
    if (is_own(w)) free_place(a, w->at);
    if (w->fd >= 0) close(w->fd);
    if (locked) ek_arena_leave(a);
    free(w);
}

void ek_wakers_bury(ek_store *s, uint32_t token) {
    uint32_t n = atomic_load(&s->a->hdr->nwakers);
    for (uint32_t i = 0; i < n; i++)
        if (atomic_load(&place_at(s->a, i)->owner) == token) free_place(s->a, i);
}

void ek_wakers_bury_others(ek_store *s) {
    uint32_t n = atomic_load(&s->a->hdr->nwakers);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t owner = atomic_load(&place_at(s->a, i)->owner);
        if (owner && owner != s->token) free_place(s->a, i);
    }
}

/* --- sleeping --- */

uint32_t ek_waker_name(const ek_waker *w) { return w->at + 1; }
int ek_waker_fd(const ek_waker *w) { return w->fd; }

bool ek_waker_due(const ek_waker *w) {
    return atomic_load(&place_at(w->s->a, w->at)->word) == SIGNALLED;
}

void ek_waker_clear(ek_waker *w) {
    if (!is_own(w)) return;
    if (w->fd >= 0) {
        char drain[64];
        ssize_t n;
        do n = read(w->fd, drain, sizeof drain);
        while (n == (ssize_t)sizeof drain || (n < 0 && errno == EINTR));
    }
    atomic_store(&place_at(w->s->a, w->at)->word, QUIET);
}

bool ek_waker_wait(ek_waker *w, int timeout_ms) {
    _Atomic uint32_t *word = &place_at(w->s->a, w->at)->word;
    int64_t until = ek_clock_monotonic_ms() + timeout_ms;
    for (;;) {
        uint32_t now = atomic_load(word);
        if (now == SIGNALLED) return true;
        int64_t left = until - ek_clock_monotonic_ms();
        if (left <= 0) return false;
        ek_futex_wait(word, now, left, w->s->a->shared);
        if (atomic_load(word) == now) return false; /* time is up, or a signal of the system */
    }
}

/* --- signalling --- */

void ek_waker_note(ek_store *s, uint32_t name) {
    if (!name) return;
    uint32_t quiet = QUIET;
    _Atomic uint32_t *word = &place_at(s->a, name - 1)->word;
    /* One that was signalled and not cleared since is cleared before its owner looks, which takes the
     * lock that is held here. */
    if (!atomic_compare_exchange_strong(word, &quiet, NOTED) && quiet == SIGNALLED) return;
    for (size_t i = s->nnoted, tries = 8; i-- > 0 && tries-- > 0;)
        if (s->noted[i] == name) return;
    if (s->nnoted == s->noted_cap) {
        size_t cap = s->noted_cap ? s->noted_cap * 2 : 16;
        uint32_t *more = realloc(s->noted, cap * sizeof *more);
        if (!more) return; /* its owner looks by itself in a while */
        s->noted = more;
        s->noted_cap = cap;
    }
    s->noted[s->nnoted++] = name;
}

void ek_waker_note_again(ek_store *s, uint32_t name) {
    if (name && atomic_load(&place_at(s->a, name - 1)->word) == NOTED) ek_waker_note(s, name);
}

static int fifo_of(ek_store *s, uint32_t at) {
    uint32_t serial = atomic_load(&place_at(s->a, at)->serial);
    ek_fifo *f = NULL;
    for (size_t i = 0; i < s->nfifos && !f; i++)
        if (s->fifos[i].at == at) f = &s->fifos[i];
    if (f && f->serial == serial && f->fd >= 0) return f->fd;
    if (!f) {
        ek_fifo *more = realloc(s->fifos, (s->nfifos + 1) * sizeof *more);
        if (!more) return -1;
        s->fifos = more;
        f = &s->fifos[s->nfifos++];
        *f = (ek_fifo){.at = at, .fd = -1};
    }
    if (f->fd >= 0) close(f->fd);
    char name[PATH_MAX];
    fifo_name(s->a, at, name);
    f->serial = serial;
    f->fd = open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return f->fd;
}

/* Mark it due; true: its sleeper is to be woken. A descriptor is written to at once, under the lock,
 * for then its owner does not close it (see ek_waker_free). */
static bool signal_one(ek_store *s, uint32_t at) {
    place *p = place_at(s->a, at);
    if (atomic_exchange(&p->word, SIGNALLED) == SIGNALLED) return false;
    int fd = atomic_load(&p->fd);
    if (fd == NO_FD) return true;
    if (fd == IS_FIFO) fd = fifo_of(s, at);
    static const uint64_t one = 1;
    ssize_t n;
    do n = write(fd, &one, sizeof one);
    while (n < 0 && errno == EINTR); /* full: then it is readable */
    return true; /* somebody may sleep on the word all the same */
}

static EK_NOINLINE void leave_signalling(ek_store *s) {
    uint32_t sleepers[64];
    size_t n = 0;
    for (size_t i = 0; i < s->nnoted; i++) {
        uint32_t at = s->noted[i] - 1;
        if (!signal_one(s, at)) continue;
        if (n < EK_COUNTOF(sleepers)) sleepers[n++] = at;
        else ek_futex_wake(&place_at(s->a, at)->word, INT_MAX, s->a->shared);
    }
    s->nnoted = 0;
    ek_arena *a = s->a;
    ek_arena_leave(a);
    for (size_t i = 0; i < n; i++)
        ek_futex_wake(&place_at(a, sleepers[i])->word, INT_MAX, a->shared);
}

uint64_t ek_store_leave_telling(ek_store *s) {
    if (s->a->txn_depth) return 0; /* nothing is committed yet, and the lock stays held */
    uint64_t upto = s->feed_moved && s->feed_due ? ek_feed_due(s) : 0;
    if (EK_UNLIKELY(upto)) atomic_fetch_add(&s->settling, 1); /* so that the handle is not closed meanwhile */
    s->feed_moved = false;
    if (EK_UNLIKELY(s->nnoted)) leave_signalling(s);
    else ek_arena_leave(s->a);
    return upto;
}

void ek_wakers_forget(ek_store *s) {
    for (size_t i = 0; i < s->nfifos; i++)
        if (s->fifos[i].fd >= 0) close(s->fifos[i].fd);
    free(s->fifos);
    free(s->noted);
    s->fifos = NULL;
    s->noted = NULL;
    s->nfifos = s->nnoted = s->noted_cap = 0;
}
