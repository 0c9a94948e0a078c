/* What the floor of files does for commands that are declared beneath it. Set once, by ek_persist_init. */
#ifndef EK_ENGINE_FILES_H
#define EK_ENGINE_FILES_H

#include "engine/context.h"

typedef struct ek_files {
    /* DEBUG RELOAD: write the RDB file (if `save`), empty the store (if `flush`), read the file. A key
     * that is there already is replaced if `merge`, and else an error. Replies. */
    void (*reload)(ek_ctx *c, bool save, bool flush, bool merge);
    /* SAVE, for SHUTDOWN. False: it failed, and nothing was replied. */
    bool (*save)(ek_ctx *c);
    /* FLUSHALL: a snapshot of what was, which this process writes, is not wanted any more. */
    void (*give_up_saving)(ek_store *s);
    /* DEBUG LOADAOF: empty the store, read the append-only file. Replies. */
    void (*load_log)(ek_ctx *c);
    /* CONFIG SET has set something: the append-only file begins, or ends. */
    void (*follow_settings)(ek_ctx *c);
    /* What a value takes in such a file, without its type. O(bytes). */
    size_t (*saved_bytes)(ek_ctx *c, const ek_value *v);
} ek_files;

extern ek_files ek_files_above;

/* Empty all databases, and tell everybody (commands/server.c). */
void ek_flush_all(ek_ctx *c);

#endif
