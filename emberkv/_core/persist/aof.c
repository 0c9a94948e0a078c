#define _GNU_SOURCE
#include "persist/aof.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena/link.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/futex.h"
#include "engine/house.h"
#include "persist/aof_rewrite.h"
#include "persist/aof_unnamed.h"
#include "store/feed.h"
#include "store/saving.h"
#include "store/waker.h"

#define LOCK_MS 100
#define PIECES 16
#define GATHER_US_MAX 1000

static ek_feed_state *state_of(const ek_store *s) { return ek_feed_state_of(s->a); }

/* --- the file lock --- */

/* What a child finds in memory was perhaps opened by a thread of the parent's when the child's
 * descriptors had been copied, and its memory not yet: the number may be anybody's. It opens its own. */
static void forget_parents_files(ek_store *s) {
    ek_aof *f = s->aof;
    if (EK_LIKELY(!f || f->forks == s->a->forks)) return;
    f->dir = f->fd = f->sync_fd = -1;
    f->forks = s->a->forks;
}

bool ek_aof_lock(ek_store *s) {
    if (!s->a->shared && s->aof && s->aof->forks != s->a->forks) return false; /* the log is the parent's */
    for (;;) {
        ek_lock_result r = ek_lock_wait(&state_of(s)->file_lock, LOCK_MS);
        if (r == EK_LOCK_TAKEN || r == EK_LOCK_OWNER_DIED) {
            forget_parents_files(s);
            return true;
        }
        if (r != EK_LOCK_BUSY) return false;
    }
}

void ek_aof_unlock(ek_store *s) {
    ek_feed_state *state = state_of(s);
    ek_lock_release(&state->file_lock);
    atomic_fetch_add(&state->turns, 1);
    if (atomic_exchange(&state->sleepers, 0)) ek_futex_wake(&state->turns, INT32_MAX, s->a->shared);
}

/* --- directory and manifest --- */

static int open_within(ek_aof *f, int store, bool make) {
    int failed = ek_disk_open(store, EK_AOF_DIR, O_RDONLY | O_DIRECTORY, &f->dir);
    if (failed != ENOENT || !make) return failed;
    failed = ek_disk_make_dir(store, EK_AOF_DIR);
    if (!failed) failed = ek_disk_sync_dir(store);
    if (failed) return failed;
    return ek_disk_open(store, EK_AOF_DIR, O_RDONLY | O_DIRECTORY, &f->dir);
}

/* A store in memory: where it is set to, unless that is another store's path. */
static int open_where_it_is_set(ek_store *s, bool make) {
    int dir, failed = ek_disk_open(AT_FDCWD, ek_store_directory(s), O_RDONLY | O_DIRECTORY, &dir);
    if (failed) return failed;
    bool taken = flock(dir, LOCK_SH | LOCK_NB) != 0 || ek_link_use(dir) != EK_MEMORY_NONE;
    failed = taken ? EBUSY : open_within(s->aof, dir, make);
    close(dir);
    return failed;
}

int ek_aof_open_dir(ek_store *s, bool make) {
    if (s->aof->dir >= 0) return 0;
    if (!s->a->shared) return open_where_it_is_set(s, make);
    return open_within(s->aof, s->a->dir_fd, make); /* a fork's child has another */
}

int ek_aof_read_manifest(ek_aof *f, ek_manifest *m, ek_manifest_error *error) {
    *m = (ek_manifest){0};
    *error = (ek_manifest_error){0};
    int fd = openat(f->dir, EK_AOF_MANIFEST, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : errno;
    struct stat st;
    int failed = fstat(fd, &st) == 0 ? 0 : errno;
    size_t n = failed ? 0 : (size_t)st.st_size, got = 0;
    char *text = failed ? NULL : malloc(n + 1);
    if (!failed && !text) failed = ENOMEM;
    while (!failed && got < n) {
        ssize_t more = read(fd, text + got, n - got);
        if (more < 0 && errno != EINTR) failed = errno;
        if (more == 0) break;
        if (more > 0) got += (size_t)more;
    }
    if (!failed && !ek_manifest_parse(m, text, got, error)) failed = EINVAL;
    free(text);
    close(fd);
    return failed;
}

int ek_aof_write_manifest(ek_aof *f, const ek_manifest *m) {
    size_t n;
    char *text = ek_manifest_print(m, &n);
    int failed = text ? ek_disk_replace(f->dir, EK_AOF_MANIFEST, text, n) : ENOMEM;
    free(text);
    return failed;
}

void ek_aof_name(char out[EK_AOF_NAME_BYTES], uint64_t seq, char type, bool rdb) {
    snprintf(out, EK_AOF_NAME_BYTES, EK_AOF_BASENAME ".%llu.%s.%s", (unsigned long long)seq,
             type == 'b' ? "base" : "incr", rdb ? "rdb" : "aof");
}

/* --- the increment that is written --- */

static int open_increment(ek_store *s, uint64_t id, int flags) {
    ek_aof *f = s->aof;
    char name[EK_AOF_NAME_BYTES];
    ek_aof_name(name, id, 'i', false);
    if (f->fd >= 0) close(f->fd);
    f->fd = -1;
    int failed = ek_disk_open(f->dir, name, O_WRONLY | flags, &f->fd);
    if (!failed) f->file_id = id;
    return failed;
}

int ek_aof_say_begun(const ek_aof *f) { return ek_disk_replace(f->dir, EK_AOF_BEGUN, "begun\n", 6); }

/* Another one, for what follows `written`: named in the manifest before anything is in it. While a
 * base is yet to be made that the file belongs to, the manifest stays as it is. */
static int begin_increment(ek_store *s) {
    ek_manifest m;
    ek_manifest_error wrong;
    ek_feed_state *state = state_of(s);
    char name[EK_AOF_NAME_BYTES];
    int failed = ek_aof_open_dir(s, true);
    if (!failed) failed = ek_aof_read_manifest(s->aof, &m, &wrong);
    if (failed) return failed;
    uint64_t id = ek_manifest_next(&m, 'i');
    if (id <= state->file_id) id = state->file_id + 1;
    ek_aof_name(name, id, 'i', false);
    bool said = !state->needs_base || faccessat(s->aof->dir, EK_AOF_BEGUN, F_OK, 0) == 0;
    failed = said ? 0 : ek_aof_say_begun(s->aof);
    if (!failed) failed = open_increment(s, id, O_CREAT | O_TRUNC);
    if (!failed && !state->needs_base) {
        failed = ek_manifest_add(&m, 'i', id, name) ? 0 : ENOMEM;
        if (!failed) failed = ek_aof_write_manifest(s->aof, &m);
    }
    ek_manifest_free(&m);
    if (failed) return failed;
    uint64_t at = atomic_load(&state->written);
    if (state->file_id) atomic_fetch_add(&state->past_bytes, at - state->file_at);
    state->file_at = at;
    state->file_id = id;
    if (atomic_load(&state->turn_at) == at + 1) atomic_store(&state->turn_at, 0);
    return 0;
}

/* The one that is written now; another handle may have begun it. */
static int open_present(ek_store *s) {
    ek_aof *f = s->aof;
    uint64_t id = state_of(s)->file_id;
    if (f->fd >= 0 && f->file_id == id) return 0;
    int failed = ek_aof_open_dir(s, true);
    return failed ? failed : open_increment(s, id, O_CREAT);
}

static int ready_to_write(ek_store *s) {
    ek_feed_state *state = state_of(s);
    uint64_t turn = atomic_load(&state->turn_at);
    bool turns = turn && atomic_load(&state->written) == turn - 1;
    if (state->file_id && !turns) return open_present(s);
    /* What it is followed by is not to be on disk without it. */
    int failed = state->file_id ? ek_aof_sync_out(s) : 0;
    return failed ? failed : begin_increment(s);
}

int ek_aof_write_out(ek_store *s, uint64_t upto) {
    ek_feed_state *state = state_of(s);
    uint64_t at = atomic_load(&state->written);
    ek_ref chunk = atomic_load(&state->reading);
    if (at >= upto) return 0;
    int failed = 0;
    while (at < upto) {
        struct iovec pieces[PIECES];
        uint64_t end = at, turn = atomic_load(&state->turn_at), stop = upto;
        int n = 0;
        if (turn > at + 1 && turn - 1 < upto) stop = turn - 1;
        failed = ready_to_write(s);
        if (failed) break;
        for (; n < PIECES && end < stop; n++) {
            ek_str piece = ek_feed_read(s->a, &chunk, &end, stop - end);
            pieces[n] = (struct iovec){(void *)piece.p, piece.n};
        }
        failed = ek_disk_write(s->aof->fd, pieces, n, at - state->file_at);
        if (failed) break;
        at = end;
        /* In this order: whoever dies in between leaves a chunk from which the place is found. */
        atomic_store(&state->written, at);
        atomic_store(&state->reading, chunk);
    }
    if (failed) atomic_store(&state->error, (uint32_t)failed);
    return failed;
}

int ek_aof_sync_out(ek_store *s) {
    ek_feed_state *state = state_of(s);
    uint64_t written = atomic_load(&state->written);
    if (atomic_load(&state->synced) == written) return 0;
    int64_t began = ek_clock_monotonic_us();
    int failed = state->file_id ? open_present(s) : 0;
    if (!failed && state->file_id && (failed = ek_disk_sync(s->aof->fd)))
        atomic_fetch_add(&state->sync_failures, 1);
    state->sync_us = (uint32_t)ek_min(ek_clock_monotonic_us() - began, (int64_t)1000000);
    if (!failed) atomic_store(&state->synced, written);
    atomic_store(&state->error, (uint32_t)failed);
    return failed;
}

int ek_aof_turn(ek_store *s) {
    ek_feed_state *state = state_of(s);
    uint64_t turn = atomic_load(&state->turn_at);
    int failed = turn ? ek_aof_write_out(s, turn - 1) : 0;
    if (!failed && atomic_load(&state->turn_at)) failed = ready_to_write(s);
    if (failed) atomic_store(&state->turn_at, 0); /* the file that there is goes on */
    return failed;
}

int ek_aof_flush(ek_store *s, bool sync) {
    ek_feed_state *state = state_of(s);
    if (!s->aof || !ek_aof_lock(s)) return EINVAL;
    int failed = ek_aof_write_out(s, atomic_load(&state->told));
    if (!failed && sync) failed = ek_aof_sync_out(s);
    if (!failed) atomic_store(&state->error, 0); /* also where nothing is left to write */
    ek_aof_unlock(s);
    return failed;
}

/* The descriptor is not the writers', who close theirs when another file begins, and whose own syncs
 * are to be told of an error as well as this one. */
static bool open_to_sync(ek_store *s) {
    ek_aof *f = s->aof;
    char name[EK_AOF_NAME_BYTES];
    if (f->sync_fd >= 0 && f->sync_id == f->file_id) return true;
    if (f->sync_fd >= 0) close(f->sync_fd);
    f->sync_fd = -1;
    ek_aof_name(name, f->file_id, 'i', false);
    if (ek_disk_open(f->dir, name, O_WRONLY, &f->sync_fd) != 0) return false;
    f->sync_id = f->file_id;
    return true;
}

/* What an earlier file held was synced when the present one began. */
static void flush_apart(ek_store *s) {
    ek_feed_state *state = state_of(s);
    if (!ek_aof_lock(s)) return;
    int failed = ek_aof_write_out(s, atomic_load(&state->told));
    uint64_t written = atomic_load(&state->written);
    bool apart = !failed && state->file_id && atomic_load(&state->synced) < written &&
                 open_present(s) == 0 && open_to_sync(s);
    if (apart) {
        ek_aof_unlock(s);
        failed = ek_disk_sync(s->aof->sync_fd);
        if (!ek_aof_lock(s)) return;
        if (failed) atomic_fetch_add(&state->sync_failures, 1);
        else if (atomic_load(&state->synced) < written) atomic_store(&state->synced, written);
        if (!failed) failed = ek_aof_write_out(s, atomic_load(&state->told));
    } else if (!failed) {
        failed = ek_aof_sync_out(s);
    }
    atomic_store(&state->error, (uint32_t)failed);
    ek_aof_unlock(s);
}

uint64_t ek_aof_bytes(const ek_store *s) {
    return atomic_load(&state_of(s)->past_bytes) + ek_feed_file_bytes(s);
}

/* --- when the lock was let go of --- */

/* Those who waited for the last sync come back about now, as fast as the processors let them: to sync when
 * they are there is cheaper than to sync for one and have the others wait for the next. */
static void gather(ek_feed_state *state) {
    int64_t until = ek_clock_monotonic_us() + ek_min((int64_t)state->sync_us, (int64_t)GATHER_US_MAX);
    while (atomic_load(&state->arrived) < state->batch && ek_clock_monotonic_us() < until) sched_yield();
}

/* For all who have come. The file lock is held. */
static int sync_for_all(ek_store *s) {
    ek_feed_state *state = state_of(s);
    gather(state);
    state->batch = atomic_exchange(&state->arrived, 0);
    int failed = ek_aof_write_out(s, atomic_load(&state->told));
    return failed ? failed : ek_aof_sync_out(s);
}

/* One of those who wait syncs; the others sleep until he has done and are woken all at once: if they
 * queued for the lock, each would have to be woken before the next. */
static int write_and_sync(ek_store *s, uint64_t upto) {
    ek_feed_state *state = state_of(s);
    atomic_fetch_add(&state->arrived, 1);
    for (;;) {
        uint32_t turns = atomic_load(&state->turns);
        if (atomic_load(&state->synced) >= upto) return 0;
        ek_lock_result r = ek_lock_try(&state->file_lock);
        if (r == EK_LOCK_TAKEN || r == EK_LOCK_OWNER_DIED) {
            forget_parents_files(s);
            int failed = atomic_load(&state->synced) < upto ? sync_for_all(s) : 0;
            ek_aof_unlock(s);
            return failed;
        }
        if (r != EK_LOCK_BUSY) return EIO;
        atomic_store(&state->sleepers, 1);
        /* Whoever has the lock may die with it: look again. */
        ek_futex_wait(&state->turns, turns, LOCK_MS, s->a->shared);
    }
}

/* See ek_store.feed_due. */
static int due(ek_store *s, uint64_t upto) {
    ek_feed_state *state = state_of(s);
    if (upto & EK_FEED_SYNC) return write_and_sync(s, upto & ~EK_FEED_SYNC);
    if (upto - atomic_load(&state->written) <= ek_feed_held_back(s)) {
        ek_house_ring_to_write(s);
        return 0;
    }
    if (!ek_aof_lock(s)) return 0;
    ek_aof_write_out(s, atomic_load(&state->told)); /* what fails refuses what is written later */
    ek_aof_unlock(s);
    return 0;
}

/* --- each second --- */

static void write_told(ek_store *s, bool sync) {
    ek_feed_state *state = state_of(s);
    if (atomic_load(&state->told) != atomic_load(sync ? &state->synced : &state->written) ||
        atomic_load(&state->error)) {
        if (sync) flush_apart(s);
        else ek_aof_flush(s, false);
    }
}

static int64_t keep(ek_store *s) {
    ek_aof *f = s->aof;
    if (!f) return EK_HOUSE_PERIOD_MS;
    ek_feed_state *state = state_of(s);
    bool rung = atomic_exchange(&state->rung, 0);
    int64_t now = ek_clock_monotonic_ms(), next = f->synced_ms + EK_HOUSE_PERIOD_MS;
    bool sync = f->syncs && now >= next; /* called before that, it was to write */
    if (sync) f->synced_ms = now;
    write_told(s, sync); /* before all else: the store's lock may be long in coming */
    if (rung && !sync && now < next) return next - now; /* a busy writer wanted no more than that */
    if (!ek_house_enter(s)) return EK_HOUSE_PERIOD_MS;
    uint64_t told = atomic_load(&state->told);
    /* Who committed may have died before he told. */
    bool more = !s->a->txn_depth && ek_feed_tell(s) != told;
    ek_aof_look_after(s);
    f->syncs = s->root->config.appendfsync != EK_APPENDFSYNC_NO && !ek_feed_spares_disk(s);
    ek_store_leave(s);
    if (more) write_told(s, sync);
    return sync || !f->syncs ? EK_HOUSE_PERIOD_MS : ek_max(next - now, 0);
}

void ek_aof_init(void) { ek_house_add(keep, true); }

/* --- beginning and end --- */

void ek_aof_use(ek_store *s, ek_aof *f) {
    s->aof = f;
    s->feed_due = due;
    s->feed_end = ek_aof_end;
}

static void drop(ek_store *s) {
    ek_aof *f = s->aof;
    s->aof = NULL;
    s->feed_due = NULL;
    s->feed_end = NULL;
    if (!f) return;
    if (f->forks != s->a->forks) f->fd = f->dir = f->sync_fd = -1;
    if (f->fd >= 0) close(f->fd);
    if (f->sync_fd >= 0) close(f->sync_fd);
    if (f->dir >= 0) close(f->dir);
    free(f);
}

void ek_aof_end(ek_store *s) {
    if (!s->aof) return;
    ek_house_end(s);
    ek_feed_state *state = state_of(s);
    if (ek_arena_enter(s->a, LOCK_MS) == EK_OK) {
        if (!s->a->txn_depth) ek_feed_tell(s);
        ek_store_leave(s);
    }
    /* What the disk does not take stays in memory, for whoever opens the path next. */
    if (atomic_load(&state->told) != atomic_load(&state->synced) && ek_aof_flush(s, true) != 0)
        s->a->keep = true;
    drop(s);
}
