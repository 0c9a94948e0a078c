#include "persist/background.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

enum { ENTER_MS = 100, RETRY_US = 10000, SHOW_MS = 100, LAST_ENTER_MS = 1000 };

typedef struct ek_background {
    pthread_t thread;
    ek_store *s;
    unsigned forks; /* ek_arena.forks: in a child of a fork the thread is not there */
    ek_background_run *run;
    _Atomic bool cancel;
} ek_background;

static void show(void *arg) {
    ek_background_job *job = arg;
    ek_saving_progress(job->s, job->keys);
}

void ek_background_leave(void *arg) {
    ek_background_job *job = arg;
    ek_view_leave(&job->view);
}

bool ek_background_go_on(void *arg, uint64_t keys) {
    ek_background_job *job = arg;
    job->keys = keys;
    return !atomic_load(job->cancel);
}

bool ek_background_enter(void *arg) {
    ek_background_job *job = arg;
    if (!ek_view_enter(&job->view)) return false;
    int64_t now_ms = ek_clock_monotonic_ms();
    if (now_ms - job->shown_ms >= SHOW_MS) {
        job->shown_ms = now_ms;
        ek_run(job->s->a, show, job);
    }
    return true;
}

static bool enter(ek_background *b) {
    ek_status st = EK_EBUSY;
    while (st == EK_EBUSY && !atomic_load(&b->cancel)) st = ek_arena_enter(b->s->a, ENTER_MS);
    return st == EK_OK;
}

/* True: the lock is held and the view begun. */
static bool begin_view(ek_background *b, ek_background_job *job) {
    ek_status st = EK_EBUSY;
    while (st == EK_EBUSY && enter(b)) {
        /* What began it may have been undone. Another snapshot that runs is somebody's db.save. */
        st = ek_saving_is_own(b->s) ? ek_view_begin(b->s, &job->view) : EK_EDEADLK;
        if (st == EK_OK) return true;
        ek_arena_leave(b->s->a);
        if (st == EK_EBUSY) usleep(RETRY_US);
    }
    return false;
}

typedef struct ending {
    ek_background_job *job;
    ek_saving_outcome outcome;
} ending;

static void end(void *arg) {
    ending *e = arg;
    ek_store *s = e->job->s;
    if (!ek_saving_is_own(s)) return;
    if (e->outcome == EK_SAVING_DONE && s->root->saving.kind == EK_SAVING_RDB)
        ek_saving_saved(s, e->job->dirty);
    ek_saving_end(s, e->outcome);
}

static void *work(void *arg) {
    ek_background *b = arg;
    ek_background_job job = {.s = b->s, .cancel = &b->cancel};
    ending e = {.job = &job, .outcome = EK_SAVING_FAILED};
    bool viewed = begin_view(b, &job), locked = viewed;
    if (locked) {
        job.dirty = b->s->root->dirty;
        job.shown_ms = ek_clock_monotonic_ms();
        bool ok = b->run(&job);
        if (ek_view_end(&job.view) && ok) e.outcome = EK_SAVING_DONE;
        locked = job.view.locked;
    } else {
        locked = ek_arena_enter(b->s->a, LAST_ENTER_MS) == EK_OK;
    }
    if (atomic_load(&b->cancel) && e.outcome == EK_SAVING_FAILED) e.outcome = EK_SAVING_CALLED_OFF;
    if (locked) {
        ek_run(b->s->a, end, &e);
        ek_arena_leave(b->s->a);
    }
    if (viewed) ek_view_drop(&job.view);
    return NULL;
}

static void drop(ek_store *s) {
    ek_background *b = s->background;
    s->background = NULL;
    if (b->forks == s->a->forks) pthread_join(b->thread, NULL);
    free(b);
}

static void call_off(ek_store *s) {
    atomic_store(&s->background->cancel, true);
    drop(s);
}

void ek_background_begin(ek_store *s, ek_saving_kind kind, ek_background_run *run) {
    sigset_t all, before;
    if (s->background) call_off(s); /* it is over, or what began it was undone */
    ek_saving_begin(s, kind);
    ek_background *b = calloc(1, sizeof *b);
    if (!b) ek_raise(s->a, EK_ENOMEM);
    b->s = s;
    b->forks = s->a->forks;
    b->run = run;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int e = pthread_create(&b->thread, NULL, work, b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e != 0) {
        free(b);
        ek_raise(s->a, EK_ENOMEM);
    }
    s->background = b;
    s->end_background = call_off;
}

void ek_background_give_up(ek_store *s, ek_saving_kind kind) {
    ek_background *b = s->background;
    if (b && b->forks == s->a->forks && s->root->saving.kind == kind && ek_saving_is_own(s))
        atomic_store(&b->cancel, true);
}
