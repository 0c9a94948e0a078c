/* SAVE, BGSAVE, LASTSAVE, and what DEBUG RELOAD does. */
#include <limits.h>

#include "base/number.h"
#include "engine/files.h"
#include "engine/house.h"
#include "persist/background.h"
#include "persist/dump.h"
#include "persist/rdb_load.h"
#include "persist/rdb_save.h"
#include "persist/save.h"
#include "persist/tables.h"
#include "store/functions.h"
#include "store/process.h"
#include "store/waker.h"

#define LAST_ENTER_MS 1000

static ek_rdb_save by_settings(const ek_store *settings, const ek_store *s) {
    const ek_config *config = &settings->root->config;
    ek_rdb_save save = {
        .s = s, .owner = settings->a, .plain = !config->rdbcompression, .no_checksum = !config->rdbchecksum,
        .delay = config->rdb_key_save_delay,
    };
    ek_newest_mark(settings, s, save.after_log);
    return save;
}

/* --- under the lock --- */

/* In a transaction. */
static bool save_now(ek_store *s, ek_rdb_save *save, char path[PATH_MAX]) {
    *save = by_settings(s, s);
    if (!ek_store_rdb_path(s, path, PATH_MAX) || !ek_rdb_save_file(save, path)) return false;
    ek_saving_saved(s, s->root->dirty);
    return true;
}

/* False: has replied. */
static bool save_here(ek_ctx *c) {
    char path[PATH_MAX];
    ek_rdb_save save;
    if (c->a->txn_depth) {
        ek_reply_error(c->reply, "ERR a transaction is open: what it changed may be undone");
        return false;
    }
    if (save_now(c->s, &save, path)) return true;
    ek_reply_error(c->reply, "ERR %s: %s", path, save.err);
    return false;
}

void ek_cmd_save(ek_ctx *c) {
    if (ek_saving_runs(c->s) == EK_SAVING_RDB) {
        ek_reply_error(c->reply, "ERR Background save already in progress");
        return;
    }
    EK_SET(c->a, c->s->root->saving.nsaves, c->s->root->saving.nsaves + 1);
    if (save_here(c)) ek_reply_ok(c->reply);
}

static bool save_quietly(ek_ctx *c) {
    char path[PATH_MAX];
    ek_rdb_save save;
    return save_now(c->s, &save, path);
}

/* One transaction: should the file be damaged, or the store full, all is as it was. */
static void reload(ek_ctx *c, bool save, bool flush, bool merge) {
    char path[PATH_MAX];
    ek_rdb_load load = {.s = c->s, .within = true, .replace = merge, .keep_expired = false};
    if (save && !save_here(c)) return;
    ek_savepoint before = ek_save(c->a);
    if (flush) {
        ek_flush_all(c);
        ek_libraries_flush(c->s);
    }
    if (ek_store_rdb_path(c->s, path, sizeof path) && ek_rdb_load_file(&load, path)) {
        ek_saving_loaded(c->s, load.keys, load.expired);
        ek_reply_ok(c->reply);
        return;
    }
    ek_undo(c->a, &before);
    ek_reply_error(c->reply, "ERR Error trying to load the RDB dump: %s: %s", path, load.err);
}

/* --- in the background --- */

static bool save_behind(ek_background_job *job) {
    char path[PATH_MAX];
    ek_rdb_save save = by_settings(job->s, &job->view.store);
    save.leave = ek_background_leave;
    save.enter = ek_background_enter;
    save.arg = job;
    save.go_on = ek_background_go_on;
    return ek_store_rdb_path(job->s, path, sizeof path) && ek_rdb_save_file(&save, path);
}

static void give_up_saving(ek_store *s) { ek_background_give_up(s, EK_SAVING_RDB); }

void ek_save_in_background(ek_store *s) { ek_background_begin(s, EK_SAVING_RDB, save_behind); }

void ek_cmd_bgsave(ek_ctx *c) {
    bool schedule = c->argc == 2 && ek_arg_is(c, 1, "schedule");
    if (c->argc > 1 && !schedule) {
        ek_reply_syntax_error(c);
        return;
    }
    switch (ek_saving_runs(c->s)) {
    case EK_SAVING_RDB:
        ek_reply_error(c->reply, "ERR Background save already in progress");
        return;
    case EK_SAVING_AOF:
        if (schedule) {
            EK_SET(c->a, c->s->root->saving.scheduled, EK_SAVING_RDB);
            ek_house_begin(c->s);
            ek_reply_status(c->reply, "Background saving scheduled");
        } else {
            ek_reply_error(c->reply,
                           "ERR Another child process is active (AOF?): can't BGSAVE right now. Use "
                           "BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.");
        }
        return;
    default: break;
    }
    ek_save_in_background(c->s);
    ek_reply_status(c->reply, "Background saving started");
}

/* --- of its own accord --- */

static void begin_due(void *arg) {
    ek_store *s = arg;
    if (s->root->saving.scheduled == EK_SAVING_RDB)
        EK_SET(s->a, s->root->saving.scheduled, EK_SAVING_NONE);
    ek_save_in_background(s);
}

static void note_death(void *arg) { ek_saving_note_death(arg); }

static int64_t keep(ek_store *s) {
    const ek_saving *sv = &s->root->saving;
    if (!s->root->config.save && !sv->scheduled) return EK_HOUSE_PERIOD_MS; /* a look, as it may change */
    if (!ek_house_enter(s)) return EK_HOUSE_PERIOD_MS;
    if (s->a->level == 0) {
        if (sv->kind && ek_saving_runs(s) == EK_SAVING_NONE) ek_run(s->a, note_death, s);
        if (!sv->kind && (sv->scheduled == EK_SAVING_RDB || ek_saving_is_due(s)))
            ek_run(s->a, begin_due, s);
    }
    ek_store_leave(s);
    return EK_HOUSE_PERIOD_MS;
}

void ek_cmd_lastsave(ek_ctx *c) { ek_reply_int(c->reply, c->s->root->saving.last_s); }

static void save_last(void *arg) {
    char path[PATH_MAX];
    ek_rdb_save save;
    save_now(arg, &save, path);
}

void ek_save_at_end(ek_store *s) {
    const ek_store_root *r = s->root;
    if (!r->config.save || r->config.appendonly || r->dirty == r->saving.last_dirty) return;
    if (ek_arena_enter(s->a, LAST_ENTER_MS) != EK_OK) return;
    if (s->a->level == 0 && r->dirty != r->saving.last_dirty && ek_process_is_alone(s))
        ek_run(s->a, save_last, s);
    ek_store_leave(s);
}

void ek_save_init(void) {
    ek_files_above.reload = reload;
    ek_files_above.saved_bytes = ek_dump_bytes;
    ek_files_above.save = save_quietly;
    ek_files_above.give_up_saving = give_up_saving;
    ek_house_add(keep, false);
}
