/* The append-only file: the feed (store/feed.h) on disk, in Redis 7's layout.
 *
 *   PATH/appendonlydir/   manifest, one base (an RDB), increments; see manifest.h
 *   byte of an increment = position in the feed - file_at        (ek_feed_state)
 *
 * Whoever writes holds the file lock, and writes at that place: who dies in the midst is repeated by
 * the next, so the file has neither a gap nor a repeat, whichever processes wrote it. Nobody takes the
 * store's lock while he has the file lock.
 *
 * When: with appendfsync always, whoever commits waits, without the store's lock, until his position
 * is synced; one who has the file lock writes and syncs for all who wait. With everysec and no the
 * house keeper of the store (engine/house.h) writes once a second, and with everysec syncs: by a
 * descriptor of his own and without the file lock, which others want while a disk takes its time. A
 * writer who finds much unwritten writes it himself.
 *
 * A write that fails leaves its errno in the state: writing commands are refused until a later try,
 * once a second, has succeeded. */
#ifndef EK_PERSIST_AOF_H
#define EK_PERSIST_AOF_H

#include "persist/manifest.h"
#include "store/store.h"

#define EK_AOF_DIR "appendonlydir"
#define EK_AOF_BASENAME "appendonly.aof"
#define EK_AOF_MANIFEST EK_AOF_BASENAME ".manifest"

/* Of one handle. Lock: the file lock, or the handle's beginning and end. */
typedef struct ek_aof {
    int dir; /* of appendonlydir; -1 until there is one */
    int fd;             /* of the increment `file_id` */
    uint64_t file_id;
    unsigned forks;     /* ek_arena.forks when they were opened */
    /* The house keeper's alone. */
    int sync_fd;        /* of `sync_id`, opened a second time: he syncs by it without the file lock */
    uint64_t sync_id;
    int64_t synced_ms;  /* when he last did */
    bool syncs;         /* he does each second, by the setting as he last saw it */
} ek_aof;

/* What a store is opened with, when its memory is made. */
typedef struct ek_durability {
    bool durable;          /* what is on disk is loaded; else that is nobody's business */
    bool appendonly;       /* ... the append-only file, which is written on; else the snapshot alone */
    int64_t appendfsync;   /* EK_APPENDFSYNC_* */
    /* Asked now and then, while it loads, with the bytes read so far of how many: shall it go on? May be
     * NULL. */
    bool (*go_on)(void *arg, uint64_t done, uint64_t total);
    void *arg;
} ek_durability;

/* The handle of a path begins, whose directory is locked; `created`: its memory was made just now, so
 * what the directory holds is loaded. `how` is an ek_durability. `err` names file and offset of what is damaged: then nothing
 * was changed on disk. */
ek_status ek_aof_begin(ek_store *s, const void *how, bool created, char *err, size_t errlen);
/* A store in memory may be told to keep a log (appendonly yes) from then on, in the directory that it is
 * set to. Nothing is loaded, and nothing written before. Lock held; a copy by fork keeps none. */
ek_status ek_aof_allow(ek_store *s);
/* Everything onto the disk, and let go. Without any lock, and without the GIL: it may take long. */
void ek_aof_end(ek_store *s);
/* What the files hold, for DEBUG LOADAOF: into a store that was emptied, as a part of the transaction
 * that is open; should it fail, undo that. The feed has to be off. */
ek_status ek_aof_load_again(ek_store *s, char *err, size_t errlen);
void ek_aof_again_init(void);
void ek_aof_init(void); /* once, when the library is loaded */

/* Write what is committed; and sync it. No lock held. 0 or an errno. */
int ek_aof_flush(ek_store *s, bool sync);

/* --- for the files of this folder; the file lock is held --- */

void ek_aof_use(ek_store *s, ek_aof *f);
bool ek_aof_lock(ek_store *s);
void ek_aof_unlock(ek_store *s);
int ek_aof_write_out(ek_store *s, uint64_t upto);
int ek_aof_sync_out(ek_store *s);
int ek_aof_turn(ek_store *s); /* have the file begin that state->turn_at asks for */
int ek_aof_open_dir(ek_store *s, bool make);
/* The manifest as it is on disk; an empty one when there is none. */
int ek_aof_read_manifest(ek_aof *f, ek_manifest *m, ek_manifest_error *error);
int ek_aof_write_manifest(ek_aof *f, const ek_manifest *m);
/* A new file of the name EK_AOF_BEGUN: see aof_unnamed.h. */
int ek_aof_say_begun(const ek_aof *f);
void ek_aof_name(char out[EK_AOF_NAME_BYTES], uint64_t seq, char type, bool rdb);
/* Lock of the store held: what the file is to hold for a rewrite to be due. */
uint64_t ek_aof_bytes(const ek_store *s);

#endif
