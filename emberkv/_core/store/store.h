/* A store: the keyspaces and settings that lie in an arena, and one process's handle on them. */
#ifndef EK_STORE_STORE_H
#define EK_STORE_STORE_H

#include "arena/arena.h"
#include "arena/map.h"
#include "base/clock.h"
#include "base/random.h"
#include "data/ghosts.h"
#include "data/table.h"
#include "store/config.h"
#include "store/entry.h"

/* One numbered keyspace. Lock: the store's. */
typedef struct ek_db {
    ek_table keys;    /* of entries */
    ek_table expires; /* of those entries that have a time to live: the same blocks */
    ek_table field_expires; /* of those entries that are hashes with expiring fields */
    ek_table watched; /* see watch.h; stays with the number when databases are swapped */
    ek_table waiting; /* see waiting.h; stays likewise */
} ek_db;

typedef enum ek_channel_kind {
    EK_CHANNEL,
    EK_PATTERN,
    EK_SHARD_CHANNEL,
    EK_CHANNEL_KINDS,
} ek_channel_kind;

/* Who listens to what, see channels.h. Lock: the store's. */
typedef struct ek_channels {
    ek_table by_name[EK_CHANNEL_KINDS];
    ek_table subscriptions;
    ek_ref first_pattern, last_pattern;
} ek_channels;

typedef struct ek_tracked_root { /* see tracking.h */
    ek_table keys;   /* that were read */
    ek_ref prefixes; /* of those who broadcast */
    uint32_t queued; /* prefixes with keys that changed in this transaction */
    uint32_t nclients, nprefixes;
    uint64_t nitems; /* readers of all keys */
} ek_tracked_root;

typedef struct ek_slowlog { /* see slowlog.h */
    uint64_t count, next_id;
    ek_ref newest, oldest;
} ek_slowlog;

typedef enum ek_saving_kind { EK_SAVING_NONE, EK_SAVING_RDB, EK_SAVING_AOF } ek_saving_kind;

typedef struct ek_saving { /* see saving.h */
    uint32_t kind;        /* of what is at work; ek_saving_kind */
    uint32_t slot, token; /* whose it is */
    uint32_t failed;      /* the last RDB in the background came to nothing */
    uint32_t scheduled;   /* what is to follow when that is done; ek_saving_kind */
    int64_t began_ms;
    uint64_t keys_done, keys_total;
    int64_t last_s;       /* Unix time of the last RDB; of the store's beginning */
    uint64_t last_dirty;  /* ek_store_root.dirty at that RDB's moment */
    int64_t took_s;       /* the last RDB in the background; -1: there was none */
    uint64_t nsaves, nrewrites; /* that were begun so far: RDBs, and append-only files */
    uint64_t loaded_keys, loaded_expired; /* of the RDB that was loaded last: made, and left out */
} ek_saving;

typedef struct ek_users_root { /* see users.h */
    ek_table by_name;
    uint64_t version; /* random, with each change to a user */
    uint64_t entries, next_entry; /* of the log of what was refused */
    ek_ref newest, oldest;
    uint32_t default_limited; /* the user default may not do everything */
    uint32_t default_locked;  /* who comes by a socket must log in */
} ek_users_root;

enum { /* ek_feed.on: one word, so that a command without any of it tests one */
    EK_FEED_KEPT = 1u << 0,
    EK_FEED_REFUSES = 1u << 1, /* commands that write, since the last RDB failed: see saving.h */
    EK_FEED_ALONE = 1u << 2,   /* likewise, since it has no replicas and min-replicas-to-write wants some */
};

typedef struct ek_feed { /* see feed.h */
    uint32_t on;
    uint32_t db;         /* that what was added last works in */
    uint64_t bytes;      /* that the chunks take; maxmemory does not count them */
    ek_ref first, last;
    uint64_t stamped;    /* Unix time of the last remark on it, in seconds; 0: there is none */
    /* What changes with each command, and is announced as one. */
    uint64_t tail, unit; /* ends of what is committed, and of what this transaction added */
    uint32_t ncommands;  /* that this transaction added */
    uint16_t remark;     /* bytes of the remark that it begins with */
    uint16_t gap;        /* and, behind it, left open for MULTI in front of the commands */
} ek_feed;

enum { /* ek_store_root.debug */
    EK_STORE_NO_EXPIRY_CYCLE = 1u << 0, /* keys that nobody asks for stay */
    EK_STORE_PAUSED = 1u << 1,          /* likewise, and deleted values are not freed either */
    EK_STORE_SCRIPTS_CALL = 1u << 2,    /* scripts may call what is not for scripts */
};

/* The root in the arena (ek_header.root). Lock: the store's. */
typedef struct ek_store_root {
    uint32_t ndbs;
    ek_ref dbs;          /* array of ek_db */
    ek_ref garbage, garbage_entries, garbage_spares; /* what waits to be freed, see garbage.h */
    ek_ref ready, ready_last; /* queues whose key has changed in this transaction, see waiting.h */
    ek_ref unclaimed;    /* clients in whose inbox a reply waits to be taken, see client.h */
    ek_ref pins;         /* blocks that are looked at in place, see pins.h */
    uint32_t nunclaimed;
    uint32_t nwaiting;   /* clients that wait */
    uint64_t dirty;      /* changes so far */
    ek_feed feed;
    uint64_t nwatched;   /* keys that somebody watches, in all databases */
    ek_table clients;    /* see client.h */
    ek_table scripts;    /* see scripts.h */
    ek_table libraries, functions; /* see functions.h */
    uint64_t libraries_changed;    /* how often: what a process has compiled may be out of date */
    uint32_t nunregistered;        /* libraries whose functions are not known yet */
    ek_channels channels;
    uint64_t stat_expired, stat_evicted, stat_lazyfreed;
    uint32_t access_mode, access_asked; /* see access.h */
    ek_ghosts ghosts; /* of allkeys-tinylfu */
    ek_tracked_root tracking;
    uint32_t nmonitors;    /* clients that are told of every command */
    uint32_t pause_writes; /* CLIENT PAUSE: only commands that write */
    int64_t pause_until_ms; /* by ek_clock_monotonic_ms; 0: no pause */
    uint32_t debug; /* EK_STORE_*: switches of DEBUG */
    uint32_t replication_id[5]; /* random */
    ek_slowlog slowlog;
    ek_saving saving;
    ek_users_root users;
    ek_config config;
} ek_store_root;

/* A clock that a test can set; one for each handle that was opened with it. */
typedef struct ek_clock {
    _Atomic int64_t now_us;
} ek_clock;

/* Reads without the lock that are yet to be noted, see access.h. Lock: none. */
#define EK_NOTED_AT_ONCE 64u
typedef struct ek_noted_reads {
    uint32_t next;
    uint32_t db[EK_NOTED_AT_ONCE];
    uint64_t hash[EK_NOTED_AT_ONCE]; /* 0: nothing */
} ek_noted_reads;

/* How far looking after the memory has come, see upkeep.h. */
typedef struct ek_upkeep {
    uint64_t cursor, moved, looked;
    uint64_t in_use_then; /* pages, when there was last nothing to be gained; 0: there is */
    uint32_t db;
    bool nothing_long; /* of the free runs none is worth giving back */
    int64_t idle_since_ms; /* monotonic: since when there is something to give back; 0: there is not */
} ek_upkeep;

/* One process's handle. Guarded by the store's lock. */
typedef struct ek_store {
    ek_arena *a;
    ek_store_root *root;
    ek_db *dbs;
    const ek_clock *clock; /* NULL: the system's */
    ek_clock_kept kept_ms;
    ek_settings *settings; /* of this process, see config.h */
    struct ek_stats *stats; /* of this process: see engine/stats.h; NULL: nothing yet */
    void (*free_stats)(struct ek_stats *stats);
    struct ek_figures *figures, *own_figures; /* see figures.h; never NULL */
    struct ek_session *sessions; /* of this process, that have a record: see engine/mail.h */
    ek_random random;
    struct ek_acl *acl; /* what this process has made of users: see engine/acl.h */
    void (*free_acl)(struct ek_acl *acl);
    void *scripting; /* of the floor that runs scripts, and how it is let go of */
    void (*scripting_free)(void *);
    struct ek_background *background; /* of the floor of files: what it does in a thread of its own */
    void (*end_background)(struct ek_store *s);
    unsigned since_cycle; /* commands since the last look for expired keys */
    struct ek_eviction *eviction; /* see evict.c; NULL: nothing yet */
    ek_noted_reads noted_reads;
    ek_upkeep upkeep;
    bool upkeep_due; /* as of the last look */
    bool upkeep_all; /* somebody wants all of it done */
    /* This process's attachment, see process.h; needs no lock. */
    uint32_t slot, token;
    _Atomic unsigned joined; /* 2 * (ek_arena.forks + 1) when attached, one less while it is done */
    /* Wakers to be signalled when the lock is let go of, see waker.h. */
    uint32_t *noted;
    size_t nnoted, noted_cap;
    struct ek_house *house; /* see engine/house.h */
    unsigned house_forks;   /* ek_arena.forks when it began */
    /* Of who writes the feed to a file: called without the lock when a part of it is due to be
     * written, up to a position. 0, or errno: it could not be. */
    int (*feed_due)(struct ek_store *s, uint64_t upto);
    void (*feed_end)(struct ek_store *s); /* the handle is about to close: all of it, now */
    _Atomic unsigned settling; /* threads within feed_due */
    struct ek_aof *aof; /* of persist/aof.h */
    bool loading;    /* the time of expiry stands still, see ek_store_now_us */
    bool feed_sync;  /* whoever has it wants it synced before he goes on */
    uint64_t dirty_told; /* changes (root.dirty) that are in the feed already, see engine/effect.h */
    bool feed_moved; /* something was added to the feed since the lock was taken */
    struct ek_fifo *fifos; /* of others, opened to signal them */
    size_t nfifos;
} ek_store;

#define EK_DATABASES 16 /* unless something else is asked for */

typedef struct ek_store_options {
    const char *path; /* NULL: private */
    uint64_t max_bytes;
    uint32_t databases;
    bool keep;
    const ek_clock *clock;
    /* Called for a path, before anybody else may have the handle or the store; `created`: its memory
     * was made just now. What it returns is what opening returns. May be NULL. */
    ek_status (*begin)(ek_store *s, const void *arg, bool created, char *err, size_t errlen);
    const void *begin_arg;
} ek_store_options;

ek_status ek_store_open(const ek_store_options *o, ek_store **out, char *err, size_t errlen);
ek_status ek_store_fork(ek_store *s, ek_store **out, char *err, size_t errlen); /* lock held */
void ek_store_close(ek_store *s);

/* The time by which keys expire: while a store is loaded it is 1970, and nothing does, for what comes
 * later in the file may need it. */
int64_t ek_store_now_us(const ek_store *s);
int64_t ek_store_now_ms(const ek_store *s);
int64_t ek_store_moment_ms(ek_store *s); /* the same at half the cost; lock held */
int64_t ek_store_clock_us(const ek_store *s); /* what the clock says */

#endif
