/* DEBUG LOADAOF. */
#include "engine/effect.h"
#include "engine/files.h"
#include "persist/aof.h"
#include "store/feed.h"
#include "store/functions.h"
#include "store/saving.h"

typedef struct again {
    ek_ctx *c;
    char err[512];
    ek_status st;
} again;

static void empty_and_load(again *g) {
    ek_ctx *c = g->c;
    ek_store *s = c->s;
    /* What the file says is in the file. */
    EK_SET(c->a, s->root->feed.on, s->root->feed.on & ~EK_FEED_KEPT);
    ek_flush_all(c);
    ek_libraries_flush(s);
    s->loading = true;
    c->a->level++; /* the transaction is this command's */
    g->st = ek_aof_load_again(s, g->err, sizeof g->err);
    c->a->level--;
    s->loading = false;
}

static void load_log(ek_ctx *c) {
    again g = {.c = c};
    int level = c->a->level;
    uint32_t on = c->s->root->feed.on;
    ek_guard guard;
    bool keeps = c->s->aof && (c->a->shared || ek_feed_on(c->s));
    if (!keeps || level > 0) {
        ek_reply_error(c->reply, keeps ? "ERR a transaction is open: what it changed may be undone"
                                       : "ERR a store in memory has no append-only file");
        return;
    }
    ek_feed_tell(c->s);
    int failed = ek_aof_flush(c->s, false);
    if (failed) {
        ek_reply_error(c->reply, "ERR Errors writing to the AOF file: %s", strerror(failed));
        return;
    }
    ek_savepoint before = ek_save(c->a);
    ek_status st = EK_GUARD(c->a, &guard);
    if (st != EK_OK) {
        c->a->level = level;
        c->s->loading = false;
        ek_raise(c->a, st);
    }
    empty_and_load(&g);
    ek_unguard(c->a, &guard);
    if (g.st == EK_OK) {
        ek_saving_loaded(c->s, c->s->root->saving.loaded_keys, c->s->root->saving.loaded_expired);
        EK_SET(c->a, c->s->root->feed.on, on);
        ek_reply_ok(c->reply);
        return;
    }
    ek_undo(c->a, &before);
    ek_reply_error(c->reply, "ERR Error trying to load the AOF files: %s", g.err);
}

void ek_aof_again_init(void) { ek_files_above.load_log = load_log; }
