/* DBSIZE, FLUSHDB, FLUSHALL, SWAPDB, TIME and MEMORY USAGE. */
#include "base/number.h"
#include "commands/tables.h"
#include "engine/effect.h"
#include "engine/files.h"
#include "engine/house.h"
#include "store/tracking.h"
#include "store/waiting.h"
#include "store/watch.h"

ek_files ek_files_above;

void ek_cmd_dbsize(ek_ctx *c) {
    ek_reply_int(c->reply, (int64_t)c->db->keys.count);
}

/* ASYNC and SYNC mean the same here: the keys are gone at once, their memory is freed in slices. */
static bool flush_mode_ok(ek_ctx *c) {
    if (c->argc == 1 || (c->argc == 2 && (ek_arg_is(c, 1, "async") || ek_arg_is(c, 1, "sync"))))
        return true;
    ek_reply_syntax_error(c);
    return false;
}

static void flush(ek_ctx *c, uint32_t dbi) {
    ek_db *db = &c->s->dbs[dbi];
    if (!db->keys.count) return;
    ek_watch_changed_all(c->s, dbi, NULL);
    EK_SET(c->a, c->s->root->dirty, c->s->root->dirty + db->keys.count);
    if (c->argc == 2 && ek_arg_is(c, 1, "async"))
        EK_SET(c->a, c->s->root->stat_lazyfreed, c->s->root->stat_lazyfreed + db->keys.count);
    ek_keyspace_clear(c->s, db);
    ek_wait_ready_all(c->s, dbi);
}

void ek_cmd_flushdb(ek_ctx *c) {
    if (!flush_mode_ok(c)) return;
    flush(c, c->dbi);
    ek_effect(c, c->argc, c->argv);
    ek_tracking_flushed(c->s);
    ek_reply_ok(c->reply);
}

void ek_flush_all(ek_ctx *c) {
    for (uint32_t i = 0; i < c->s->root->ndbs; i++) flush(c, i);
    ek_tracking_flushed(c->s);
}

void ek_cmd_flushall(ek_ctx *c) {
    if (!flush_mode_ok(c)) return;
    ek_flush_all(c);
    ek_effect(c, c->argc, c->argv);
    if (ek_files_above.give_up_saving) ek_files_above.give_up_saving(c->s);
    if (c->s->root->config.save && !c->s->root->saving.scheduled) { /* what was flushed is not to come back from the file */
        EK_SET(c->a, c->s->root->saving.scheduled, EK_SAVING_RDB);
        ek_house_ring(c->s);
    }
    ek_reply_ok(c->reply);
}

void ek_cmd_swapdb(ek_ctx *c) {
    int64_t i, j, ndbs = c->s->root->ndbs;
    if (!ek_arg_range(c, 1, INT32_MIN, INT32_MAX, &i, "invalid first DB index") ||
        !ek_arg_range(c, 2, INT32_MIN, INT32_MAX, &j, "invalid second DB index"))
        return;
    if (i < 0 || i >= ndbs || j < 0 || j >= ndbs) {
        ek_reply_error(c->reply, "ERR DB index is out of range");
        return;
    }
    ek_reply_ok(c->reply);
    EK_SET(c->a, c->s->root->dirty, c->s->root->dirty + 1);
    if (i == j) return;
    ek_db *a = &c->s->dbs[i], *b = &c->s->dbs[j];
    ek_watch_changed_all(c->s, (uint32_t)i, b);
    ek_watch_changed_all(c->s, (uint32_t)j, a);
    ek_db was = *a, now = *b;
    now.watched = a->watched; /* sessions watch a key of a number, whatever is behind it */
    was.watched = b->watched;
    now.waiting = a->waiting; /* and wait for one */
    was.waiting = b->waiting;
    EK_SET(c->a, *a, now);
    EK_SET(c->a, *b, was);
    ek_wait_ready_all(c->s, (uint32_t)i);
    ek_wait_ready_all(c->s, (uint32_t)j);
}

void ek_cmd_time(ek_ctx *c) {
    int64_t us = ek_store_now_us(c->s);
    ek_reply_array(c->reply, 2);
    ek_reply_bulk_int(c->reply, us / 1000000);
    ek_reply_bulk_int(c->reply, us % 1000000);
}

/* All of a value is counted, whatever number of samples is asked for. */
void ek_cmd_memory_usage(ek_ctx *c) {
    for (size_t i = 3; i < c->argc; i += 2) {
        int64_t samples;
        if (!ek_arg_is(c, i, "samples") || i + 1 == c->argc) {
            ek_reply_syntax_error(c);
            return;
        }
        if (!ek_arg_i64(c, i + 1, &samples)) return;
        if (samples < 0) {
            ek_reply_syntax_error(c);
            return;
        }
    }
    ek_value v;
    if (ek_keyspace_find(c->s, c->db, c->argv[2], &v) && !ek_value_expired(c->s, &v))
        ek_reply_int(c->reply, (int64_t)ek_value_bytes(c->s, &v));
    else
        ek_reply_null(c->reply);
}
