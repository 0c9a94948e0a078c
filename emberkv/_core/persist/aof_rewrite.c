#define _GNU_SOURCE
#include "persist/aof_rewrite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "engine/context.h"
#include "engine/files.h"
#include "engine/house.h"
#include "persist/aof.h"
#include "persist/aof_unnamed.h"
#include "persist/background.h"
#include "persist/rdb_save.h"
#include "store/feed.h"
#include "store/waker.h"

#define TEMP_NAME EK_AOF_BEGUN
#define RETRY_MS 60000 /* after one that failed, before the next of its own accord */
#define NO_INCREMENT UINT64_MAX

static ek_feed_state *state_of(const ek_store *s) { return ek_feed_state_of(s->a); }

/* --- the moment --- */

static void begin_anew(void *arg) {
    ek_feed_switch(arg, true);
    ek_feed_forget_db(arg);
}

/* Lock held. False: no memory. */
static bool turn(ek_store *s) {
    ek_feed_state *state = state_of(s);
    bool was_on = ek_feed_on(s);
    if (ek_run(s->a, begin_anew, s) != EK_OK) return false;
    uint64_t at = ek_feed_tell(s);
    if (!was_on) {
        state->needs_base = true;
        state->file_id = 0;
        atomic_store(&state->written, at);
        atomic_store(&state->synced, at);
    }
    atomic_store(&state->turn_at, at + 1);
    return true;
}

typedef struct beginning {
    uint64_t increment;     /* the first one that belongs to the new base */
    uint32_t sync_failures; /* ... of what is in the base */
} beginning;

static int begin_increment(ek_store *s, beginning *from) {
    if (!ek_aof_lock(s)) return EIO;
    int failed = ek_aof_open_dir(s, true);
    if (!failed) failed = ek_aof_turn(s);
    *from = (beginning){state_of(s)->file_id, atomic_load(&state_of(s)->sync_failures)};
    ek_aof_unlock(s);
    return failed;
}

/* --- the base --- */

/* The view into the temporary file. The lock is held, and afterwards if the view has it. */
static int write_base(ek_background_job *job, bool rdb, uint64_t *bytes) {
    ek_rdb_save save = {
        .s = &job->view.store, .aof_base = true, .commands = !rdb,
        .no_checksum = !rdb, .plain = !job->s->root->config.rdbcompression,
        .leave = ek_background_leave, .enter = ek_background_enter, .arg = job,
        .go_on = ek_background_go_on, .delay = job->s->root->config.rdb_key_save_delay,
    };
    int fd = -1, failed = ek_aof_say_begun(job->s->aof); /* one that lies about may be a base, too */
    if (!failed) failed = ek_disk_open(job->s->aof->dir, TEMP_NAME, O_RDWR | O_TRUNC, &fd);
    if (failed) return failed;
    if (!ek_rdb_save_fd(&save, fd)) failed = save.error ? save.error : ECANCELED;
    *bytes = save.bytes;
    bool locked = job->view.locked;
    if (locked) ek_background_leave(job);
    if (!failed) failed = ek_disk_sync(fd);
    close(fd);
    if (locked && !ek_background_enter(job) && !failed) failed = ECANCELED;
    return failed;
}

static void drop_files(ek_store *s, const ek_manifest *old, const ek_manifest *now) {
    for (size_t i = 0; i < old->n; i++) {
        bool kept = false;
        for (size_t k = 0; k < now->n; k++)
            kept |= strcmp(old->files[i].name, now->files[k].name) == 0;
        if (!kept) ek_disk_unlink(s->aof->dir, old->files[i].name); /* else it lies about, unnamed */
    }
}

/* The base takes its place. */
static int take_over(ek_store *s, const beginning *from, bool rdb, uint64_t bytes) {
    ek_feed_state *state = state_of(s);
    ek_manifest old, now = {0};
    ek_manifest_error wrong;
    char base[EK_AOF_NAME_BYTES], name[EK_AOF_NAME_BYTES];
    int failed = ek_aof_read_manifest(s->aof, &old, &wrong);
    if (failed) return failed;
    uint64_t seq = ek_manifest_next(&old, 'b');
    ek_aof_name(base, seq, 'b', rdb);
    bool ok = ek_manifest_add(&now, 'b', seq, base);
    for (uint64_t id = from->increment; id <= state->file_id && ok; id++) {
        ek_aof_name(name, id, 'i', false);
        ok = ek_manifest_add(&now, 'i', id, name);
    }
    /* It keeps its old name as well until the manifest tells: see aof_unnamed.h. */
    failed = ok ? ek_disk_unlink(s->aof->dir, base) : ENOMEM;
    if (!failed) failed = ek_disk_link(s->aof->dir, TEMP_NAME, s->aof->dir, base);
    if (failed == EPERM || failed == EOPNOTSUPP) /* no file has two names on that file system */
        failed = ek_disk_rename(s->aof->dir, TEMP_NAME, base);
    if (!failed) failed = ek_disk_sync_dir(s->aof->dir);
    if (!failed) failed = ek_aof_write_manifest(s->aof, &now);
    if (!failed) {
        state->needs_base = state->apart = false;
        atomic_store(&state->failures_repaired, from->sync_failures);
        state->base_bytes = bytes;
        atomic_store(&state->past_bytes, bytes);
        ek_disk_unlink(s->aof->dir, TEMP_NAME);
        drop_files(s, &old, &now);
    }
    ek_manifest_free(&old);
    ek_manifest_free(&now);
    return failed;
}

/* It came to nothing. The increments that were begun for it are of no use, and it goes on saying so. */
static void drop_base(ek_store *s) {
    if (!state_of(s)->needs_base || ek_aof_say_begun(s->aof) != 0)
        unlinkat(s->aof->dir, TEMP_NAME, 0);
}

static int rewrite(ek_background_job *job) {
    ek_store *s = job->s;
    beginning from = {NO_INCREMENT, 0};
    uint64_t bytes = 0;
    bool keeps = s->root->config.appendonly, rdb = s->root->config.aof_use_rdb_preamble;
    if (keeps && !turn(s)) return ENOMEM;
    ek_background_leave(job);
    int failed = 0;
    if (keeps) {
        failed = begin_increment(s, &from);
    } else if (ek_aof_lock(s)) { /* a base alone is wanted */
        failed = ek_aof_open_dir(s, true);
        ek_aof_unlock(s);
    }
    if (!ek_background_enter(job)) return ECANCELED;
    if (!failed) failed = write_base(job, rdb, &bytes);
    bool locked = job->view.locked;
    if (locked) ek_background_leave(job);
    if (!failed && ek_aof_lock(s)) {
        failed = take_over(s, &from, rdb, bytes);
        ek_aof_unlock(s);
    }
    if (failed && s->aof->dir >= 0) drop_base(s);
    if (locked) ek_background_enter(job);
    return failed;
}

static void give_up(void *arg) { ek_feed_switch(arg, false); }

static bool run(ek_background_job *job) {
    ek_feed_state *state = state_of(job->s);
    int64_t began = ek_clock_monotonic_us();
    int failed = rewrite(job);
    atomic_store(&state->rewrite_us, (uint64_t)(ek_clock_monotonic_us() - began));
    bool called_off = failed && atomic_load(job->cancel);
    if (!called_off) atomic_store(&state->rewrite_failed, failed != 0);
    if (called_off) {
        if (state->needs_base && job->view.locked) ek_run(job->s->a, give_up, job->s);
    } else if (!failed) {
        atomic_store(&state->failures_in_a_row, 0);
    } else {
        atomic_fetch_add(&state->failures_in_a_row, 1);
        atomic_store(&state->retry_ms, ek_clock_monotonic_ms() + RETRY_MS);
        /* What was begun without a base comes to nothing without one: it is begun anew later. */
        if (state->needs_base && job->view.locked) ek_run(job->s->a, give_up, job->s);
    }
    return !failed;
}

void ek_aof_rewrite(ek_store *s) { ek_background_begin(s, EK_SAVING_AOF, run); }

/* --- of its own accord --- */

static bool has_grown(const ek_store *s) {
    const ek_config *config = &s->root->config;
    const ek_feed_state *state = state_of(s);
    uint64_t bytes = ek_aof_bytes(s), base = ek_max(state->base_bytes, 1);
    if (!config->auto_aof_rewrite_percentage || bytes <= base) return false;
    if (bytes < (uint64_t)config->auto_aof_rewrite_min_size) return false;
    return (bytes - base) / (double)base * 100 >= (double)config->auto_aof_rewrite_percentage;
}

static bool has_to_be_repaired(const ek_store *s) {
    const ek_feed_state *state = state_of(s);
    return atomic_load(&state->sync_failures) != atomic_load(&state->failures_repaired) &&
           !atomic_load(&state->error);
}

static void begin(void *arg) { ek_aof_rewrite(arg); }
static void end(void *arg) {
    ek_feed_switch(arg, false);
    ek_background_give_up(arg, EK_SAVING_AOF);
}

static void begin_scheduled(void *arg) {
    ek_store *s = arg;
    EK_SET(s->a, s->root->saving.scheduled, EK_SAVING_NONE);
    ek_aof_rewrite(s);
}

void ek_aof_look_after(ek_store *s) {
    bool wanted = s->root->config.appendonly, on = ek_feed_on(s);
    if (s->a->level > 0) return;
    if (!wanted && on) ek_run(s->a, end, s);
    if (ek_saving_runs(s) != EK_SAVING_NONE) return;
    if (s->root->saving.scheduled == EK_SAVING_AOF) {
        ek_run(s->a, begin_scheduled, s);
    } else if (ek_clock_monotonic_ms() >= atomic_load(&state_of(s)->retry_ms) &&
               ((wanted && !on) || (on && (has_grown(s) || has_to_be_repaired(s))))) {
        ek_run(s->a, begin, s);
    }
}

static void begin_or_schedule(void *arg) {
    ek_store *s = arg;
    if (ek_saving_runs(s) == EK_SAVING_NONE) ek_aof_rewrite(s);
    else EK_SET(s->a, s->root->saving.scheduled, EK_SAVING_AOF);
}

/* At once, so that who asks INFO next is told of it. What fails is tried again by the house keeper. */
static void follow_settings(ek_ctx *c) {
    bool wanted = c->s->root->config.appendonly, on = ek_feed_on(c->s);
    if (c->s->aof && wanted != on) ek_run_within(c->a, wanted ? begin_or_schedule : end, c->s);
}

void ek_aof_rewrite_init(void) { ek_files_above.follow_settings = follow_settings; }

/* --- BGREWRITEAOF --- */

void ek_cmd_bgrewriteaof(ek_ctx *c) {
    if (!c->s->aof) {
        ek_reply_error(c->reply, "ERR a store in memory has no append-only file");
        return;
    }
    switch (ek_saving_runs(c->s)) {
    case EK_SAVING_AOF:
        ek_reply_error(c->reply,
                       "ERR Background append only file rewriting already in progress");
        return;
    case EK_SAVING_RDB:
        EK_SET(c->a, c->s->root->saving.scheduled, EK_SAVING_AOF);
        ek_house_begin(c->s);
        ek_reply_status(c->reply, "Background append only file rewriting scheduled");
        return;
    default: break;
    }
    ek_aof_rewrite(c->s);
    ek_reply_status(c->reply, "Background append only file rewriting started");
}
