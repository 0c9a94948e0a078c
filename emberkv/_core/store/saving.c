#include "store/saving.h"

#include <stdio.h>

#include "base/clock.h"
#include "store/process.h"

#define RETRY_MS 5000

ek_saving_kind ek_saving_runs(const ek_store *s) {
    const ek_saving *sv = &s->root->saving;
    if (!sv->kind || !ek_process_lives(s, sv->slot, sv->token)) return EK_SAVING_NONE;
    return (ek_saving_kind)sv->kind;
}

static uint64_t count_keys(const ek_store *s) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->root->ndbs; i++) n += s->dbs[i].keys.count;
    return n;
}

void ek_saving_begin(ek_store *s, ek_saving_kind kind) {
    ek_saving *sv = &s->root->saving;
    ek_process_join(s); /* it may be a child that has done nothing yet */
    ek_touch(s->a, sv, sizeof *sv);
    sv->kind = kind;
    sv->slot = s->slot;
    sv->token = s->token;
    sv->began_ms = ek_clock_ms();
    sv->nsaves += kind == EK_SAVING_RDB;
    sv->nrewrites += kind == EK_SAVING_AOF;
    sv->keys_done = 0;
    sv->keys_total = count_keys(s);
}

bool ek_saving_is_own(const ek_store *s) {
    return s->root->saving.kind && ek_process_is_self(s, s->root->saving.token);
}

void ek_saving_progress(ek_store *s, uint64_t keys) {
    EK_SET(s->a, s->root->saving.keys_done, keys);
}

void ek_saving_end(ek_store *s, ek_saving_outcome outcome) {
    ek_saving *sv = &s->root->saving;
    ek_touch(s->a, sv, sizeof *sv);
    if (sv->kind == EK_SAVING_RDB && outcome != EK_SAVING_CALLED_OFF) {
        sv->failed = outcome == EK_SAVING_FAILED;
        sv->took_s = (ek_clock_ms() - sv->began_ms) / 1000;
    }
    sv->kind = EK_SAVING_NONE;
    sv->keys_done = sv->keys_total = 0;
    ek_saving_follow_settings(s);
}

void ek_saving_saved(ek_store *s, uint64_t dirty) {
    ek_saving *sv = &s->root->saving;
    ek_touch(s->a, sv, sizeof *sv);
    sv->last_s = ek_clock_ms() / 1000;
    sv->last_dirty = dirty;
    sv->failed = false;
    ek_saving_follow_settings(s);
}

bool ek_saving_failed(const ek_store *s) {
    const ek_saving *sv = &s->root->saving;
    bool died = sv->kind == EK_SAVING_RDB && !ek_process_lives(s, sv->slot, sv->token);
    return sv->failed || died;
}

void ek_saving_loaded(ek_store *s, uint64_t keys, uint64_t expired) {
    ek_saving *sv = &s->root->saving;
    ek_touch(s->a, sv, sizeof *sv);
    sv->last_dirty = s->root->dirty;
    sv->loaded_keys = keys;
    sv->loaded_expired = expired;
}

void ek_saving_note_death(ek_store *s) {
    const ek_saving *sv = &s->root->saving;
    if (sv->kind && !ek_process_lives(s, sv->slot, sv->token)) ek_saving_end(s, EK_SAVING_FAILED);
}

void ek_saving_follow_settings(ek_store *s) {
    const ek_config *config = &s->root->config;
    uint32_t on = s->root->feed.on & ~(EK_FEED_REFUSES | EK_FEED_ALONE);
    if (s->root->saving.failed && config->save && config->stop_writes_on_bgsave_error)
        on |= EK_FEED_REFUSES;
    if (config->min_replicas_to_write && config->min_replicas_max_lag) on |= EK_FEED_ALONE;
    if (on != s->root->feed.on) EK_SET(s->a, s->root->feed.on, on);
}

bool ek_saving_is_due(const ek_store *s) {
    const ek_saving *sv = &s->root->saving;
    ek_str rules = ek_config_text(s->a, s->root->config.save);
    int64_t now_ms = ek_clock_ms(), seconds, changes;
    if (ek_saving_failed(s) && now_ms - sv->began_ms < RETRY_MS) return false;
    while (ek_config_next_rule(&rules, &seconds, &changes))
        if (s->root->dirty - sv->last_dirty >= (uint64_t)changes &&
            now_ms / 1000 - sv->last_s > seconds)
            return true;
    return false;
}

const char *ek_store_directory(const ek_store *s) {
    if (s->a->dir_path) return s->a->dir_path;
    return s->settings->dir && *s->settings->dir ? s->settings->dir : ".";
}

bool ek_store_rdb_path(const ek_store *s, char *out, size_t cap) {
    const char *name = s->settings->dbfilename;
    int n = snprintf(out, cap, "%s/%s", ek_store_directory(s), name && *name ? name : "dump.rdb");
    return n > 0 && (size_t)n < cap;
}
