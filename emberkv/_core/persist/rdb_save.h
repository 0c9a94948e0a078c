/* A whole store as an RDB file.
 *
 *   "REDIS" | version: 4 digits | aux | database, key ... | ... | 255 | crc64
 *   aux       250, string, string: who wrote it, when; see also newest.h
 *   database  254, its number; 251, how many keys, how many of them expire
 *   key       [252, when it expires: i64] [248, idle seconds | 249, frequency u8] type, string, value
 *
 * The version is 10, which redis-server 7.0 reads, unless a value needs a later one; that is known
 * before the first byte is written. The file is the store's at one moment if the store does not
 * change meanwhile: either its lock is held throughout, or it is a view of a snapshot (snapshot.h). */
#ifndef EK_PERSIST_RDB_SAVE_H
#define EK_PERSIST_RDB_SAVE_H

#include "persist/newest.h"
#include "store/store.h"

typedef struct ek_rdb_save {
    const ek_store *s; /* the store, or a view of it */
    const ek_arena *owner; /* files in whose directory are its user's alone; or NULL */
    bool aof_base;     /* it begins an append-only file */
    bool commands;     /* ... and is no RDB, but commands: see aof_base.h */
    bool plain;        /* strings are not compressed */
    bool no_checksum;
    int64_t delay;     /* the setting rdb-key-save-delay */
    char after_log[EK_AFTER_LOG_CHARS]; /* of ek_newest_mark */
    /* Called around what needs nothing of the store (compressing, writing): let go of the lock, and
     * take it again (false: that cannot be, so give up). NULL: the lock is kept. */
    void (*leave)(void *arg);
    bool (*enter)(void *arg);
    void *arg;
    /* Asked at every write, when the lock has been let go of: shall it go on? NULL: it shall. */
    bool (*go_on)(void *arg, uint64_t keys);
    /* What came of it. */
    uint64_t keys, bytes;
    int version;
    int error;     /* an errno, when that is why it failed */
    char err[256]; /* for people, when it failed */
} ek_rdb_save;

/* To a descriptor, from its position on; not synced. False: err tells why. */
bool ek_rdb_save_fd(ek_rdb_save *save, int fd);
/* To a file that appears under its name when all of it is on disk. False: nothing has changed. */
bool ek_rdb_save_file(ek_rdb_save *save, const char *path);

#endif
