/* An RDB file into a store: versions 1 to 12 of Redis and 80 of Valkey (rdb_save.h draws it).
 *
 * The file is read through a window, so that no more of it is in memory than its largest value. Keys
 * are made in transactions of a few hundred each, for who opens a store that nobody has met yet, or
 * in one that is open already. Nothing that the file says is believed: what is
 * damaged ends the loading with the place in the file and the key. */
#ifndef EK_PERSIST_RDB_LOAD_H
#define EK_PERSIST_RDB_LOAD_H

#include "store/store.h"

typedef struct ek_rdb_load {
    ek_store *s;       /* lock held; no transaction is open, unless `within` */
    bool within;       /* all is part of the transaction that is open: when it fails, undo that */
    bool replace;      /* a key that is there already is replaced; else that is an error */
    bool keep_expired; /* keys whose time has come are made all the same: a log follows */
    /* Asked now and then, with the bytes read so far: shall it go on? NULL: it shall. */
    bool (*go_on)(void *arg, uint64_t bytes);
    void *arg;
    /* What came of it. */
    uint64_t keys, expired;
    uint64_t bytes;    /* where the RDB ended, or where it is damaged; from where it began */
    int version;
    bool valkey, aof_base;
    char err[512];     /* for people, when it failed; without the file's name */
} ek_rdb_load;

/* From a descriptor's position on; afterwards its position is anywhere behind the RDB's end. False:
 * what came before the damage is in the store (or undone with the transaction). */
bool ek_rdb_load_fd(ek_rdb_load *load, int fd);
bool ek_rdb_load_file(ek_rdb_load *load, const char *path);

/* Does the file begin like an RDB? For files that may be of several kinds. */
bool ek_rdb_is_magic(const void *p, size_t n);

#endif
