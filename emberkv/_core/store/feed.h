/* The feed: what every committed change did, as commands in RESP, in the order of the commits.
 *
 *   root.feed   first chunk -> ... -> last chunk        (ek_feed_chunk, about 64 KiB each)
 *               ..........|===============|......|
 *                         first byte kept  tail   unit (of the transaction that is open)
 *
 * Kept only while somebody reads it (`on`); else it costs the test of one word. Positions count the
 * bytes since the store was made. What a transaction adds is written behind the tail, which moves when
 * it commits: the bytes need no journal, only these positions are announced, and so an undone
 * transaction, or a part of one, leaves nothing. Each transaction is one unit: one command as it
 * stands, several between MULTI and EXEC. With aof-timestamp-enabled the first of a second begins with a
 * remark, #TS: and the Unix time, as servers write it.
 *
 * Readers take [read, tail) when it is committed. There is one so far, the append-only file
 * (persist/aof.h); ek_feed_state says how far it came, and chunks before its own are freed by whoever
 * adds the next one.
 *
 * Lock: the store's for all in root.feed. ek_feed_state lies in the header, is not journalled and
 * survives its writers: atomics, and what the file's lock guards. */
#ifndef EK_STORE_FEED_H
#define EK_STORE_FEED_H

#include "store/saving.h"
#include "store/store.h"

#define EK_FEED_CHUNK ((size_t)64 << 10)
#define EK_FEED_HELD_BACK_MAX ((uint64_t)2 << 20)

typedef struct ek_feed_chunk {
    uint64_t at;  /* position of its first byte */
    ek_ref next;
    uint32_t cap; /* bytes */
    uint8_t bytes[];
} ek_feed_chunk;

/* In the last page of the arena's header. */
typedef struct ek_feed_state {
    ek_lock file_lock; /* robust: held by who writes the file, see persist/aof.h */
    _Atomic uint32_t bell; /* a futex: house keepers sleep on it, see engine/house.h */
    _Atomic uint32_t reading;  /* the chunk that holds `written`, or the end of it (a ref) */
    _Atomic uint64_t told;     /* what is committed, as last told by who left the lock */
    _Atomic uint64_t written;  /* is in the file */
    _Atomic uint64_t synced;   /* ... and on disk */
    _Atomic uint32_t error;    /* errno of the last try to write; 0: it succeeded */
    /* Lock: file_lock. */
    _Atomic uint64_t turn_at; /* here another file is to begin, plus 1; 0: nowhere. Set with the store's lock */
    uint64_t file_at;   /* position at which the file begins */
    uint64_t file_id;   /* its number in the manifest; 0: there is none yet */
    bool needs_base;    /* what is on disk is not what the store was when the feed began */
    bool durable;       /* what was on disk was loaded; of the maker, never changed */
    bool apart;         /* but not its log: while none is kept, what is there is no later state of that */
    /* Syncs that failed, and those of them whose bytes a rewrite has written again since: the kernel
     * may have dropped what it could not write, and say of the next sync that it succeeded. */
    _Atomic uint32_t sync_failures, failures_repaired;
    uint32_t sync_us;   /* that the last sync took */
    uint32_t batch;     /* for so many at once */
    _Atomic uint32_t arrived; /* who wait for the next; no lock */
    _Atomic uint32_t turns;   /* how often the file lock was let go of; a futex */
    _Atomic uint32_t sleepers; /* somebody may sleep on it */
    _Atomic uint32_t rung; /* who keeps house was told that there is much to write */
    uint64_t base_bytes; /* of all files when they were last rewritten */
    _Atomic uint64_t past_bytes; /* of the files before this one */
    _Atomic uint64_t rewrite_us; /* how long the last rewrite took; 0: there was none */
    _Atomic uint32_t rewrite_failed, failures_in_a_row;
    _Atomic int64_t retry_ms; /* not before is it tried again of its own accord; monotonic */
} ek_feed_state;

_Static_assert(sizeof(ek_feed_state) <= EK_PAGE, "it fits its page");

EK_INLINE ek_feed_state *ek_feed_state_of(const ek_arena *a) {
    return (ek_feed_state *)(a->base + EK_HEADER_BYTES - EK_PAGE);
}

/* Is there something committed that is not in the file yet? No lock. */
EK_INLINE bool ek_feed_unwritten(const ek_store *s) {
    ek_feed_state *state = ek_feed_state_of(s->a);
    return atomic_load(&state->told) != atomic_load(&state->written);
}

/* What was added since the present file began; or, while there is none yet, will begin. Lock held. */
EK_INLINE uint64_t ek_feed_file_bytes(const ek_store *s) {
    const ek_feed_state *state = ek_feed_state_of(s->a);
    return s->root->feed.tail - (state->file_id ? state->file_at : atomic_load(&state->written));
}

bool ek_feed_make(ek_arena *a); /* the state of a new store. False: no room */

EK_INLINE bool ek_feed_on(const ek_store *s) { return s->root->feed.on & EK_FEED_KEPT; }
void ek_feed_switch(ek_store *s, bool on); /* in a transaction */

/* Add a command that works in database `db`. In a transaction; raises. Nothing unless it is on. */
void ek_feed_add(ek_store *s, uint32_t db, size_t argc, const ek_str *argv);
/* A command with a key alone, such as the DEL of an expired or evicted key. */
void ek_feed_add_key(ek_store *s, uint32_t db, const char *command, ek_str key);
/* Let the next command be preceded by its SELECT, and by the time: another file begins. In a transaction. */
void ek_feed_forget_db(ek_store *s);

/* The lock is going to be let go of: tell how far the feed is committed. */
uint64_t ek_feed_tell(ek_store *s);

/* Bytes that may be unwritten: who commits more has to see that they are written. */
EK_INLINE uint64_t ek_feed_held_back(const ek_store *s) {
    return ek_min(EK_FEED_HELD_BACK_MAX, s->a->hdr->heap_max / 16);
}

/* The same; not 0: up to there somebody has to write, since much is unwritten, or with EK_FEED_SYNC
 * to sync, as somebody wants it now (WAITAOF) or at each commit (`always`). */
#define EK_FEED_SYNC ((uint64_t)1 << 63)
uint64_t ek_feed_due(ek_store *s);

/* Is nothing to be synced of its own accord now (no-appendfsync-on-rewrite)? Lock held. */
EK_INLINE bool ek_feed_spares_disk(const ek_store *s) {
    return EK_UNLIKELY(s->root->config.no_appendfsync_on_rewrite) &&
           ek_saving_runs(s) != EK_SAVING_NONE;
}

/* Memory is short: have all that is committed written at once, and give back what it took. Lock held, no
 * transaction. False: that gave back nothing. */
bool ek_feed_relieve(ek_store *s);
/* Nor is there room for another chunk: have it written, and let what comes next take the place of the only
 * chunk there is. The same rules. False: it is empty already, or cannot be written. */
bool ek_feed_reuse(ek_store *s);

/* Bytes at a position: at most `n`, as many as lie together; *at is moved behind them. `chunk` begins
 * as that of the reader and is moved along. No lock, if [*at, *at + n) is committed and the reader has
 * not let go of it. */
ek_str ek_feed_read(const ek_arena *a, ek_ref *chunk, uint64_t *at, uint64_t n);

#endif
