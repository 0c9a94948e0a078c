/* The arena: all that a store is, in one contiguous piece of memory.
 *
 *   0            48 MiB                                                        total_bytes
 *   | header     | undo journal     | page descriptors  | heap                 |
 *   | lock,state | journal_cap back | 64 B a heap page  | heap_pages backed    |
 *
 * The address space of all four is reserved when the arena is made; each grows in place by getting
 * real blocks (see map.h), so nothing ever moves. References (ek_ref) count granules from the start
 * of the heap; 0 is no reference. Nothing in the arena is a pointer: every process maps it anywhere.
 *
 * The rules, all of them:
 *  1. Change the arena only between ek_begin and ek_commit, with the lock held (ek_arena_enter).
 *  2. Before changing a byte, announce it: ek_touch(a, p, n) saves what is there now. Memory whose
 *     present content nobody needs (slack, reserve) is announced by ek_touch_slack, which saves
 *     nothing. What ek_alloc returned in this transaction is announced already.
 *  3. A call that cannot get memory does not return: ek_raise jumps to the innermost ek_guard, and
 *     who set it undoes the journal to its savepoint. So no code between needs a failure path, and
 *     none may own anything that the jump would leak (use scratch memory that its owner resets).
 *  4. Frees take effect at commit: until then the bytes stay as they are, so that undo restores.
 *
 * Undo: the journal is a stack of (bytes, where). It is emptied by a commit; a process that takes
 * the lock and finds it not empty restores from the top down. Restoring is idempotent: a process
 * may die in the middle of it as well.
 *
 * Snapshots: what is announced, or handed out by ek_alloc, is also what a snapshot keeps the page of,
 * so that it sees the heap as it was (snapshot.h). No other code knows of them.
 *
 * Readers without the lock: journal_used != 0 says that somebody is writing; seq counts commits.
 * Read both, read the data (checking every reference with ek_ref_ok), read both again: unchanged and
 * zero means that what was read is one moment's truth. See ek_read_begin.
 */
#ifndef EK_ARENA_ARENA_H
#define EK_ARENA_ARENA_H

#include <setjmp.h>
#include <stdatomic.h>

#include "base/base.h"
#include "base/hash.h"
#include "base/lock.h"

typedef uint32_t ek_ref;

#define EK_PAGE 4096u
#define EK_CLASSES 63 /* small block sizes, see alloc.c */
#define EK_RUN_BINS 24
#define EK_ARENA_MAGIC 0x6b765f7265626d65u /* "ember_vk" */
#define EK_ARENA_LAYOUT 10                 /* raised whenever any layout in the arena changes */
#define EK_BOARDS_BYTES (512u << 10) /* what lies behind the first page: store/process.h */
#define EK_HEADER_BYTES (48u << 20)  /* reserved; behind the boards: store/figures.h */

/* Descriptor of one 4 KiB page of the heap. Lock: the store's. */
typedef struct ek_page {
    uint8_t kind;        /* ek_page_kind */
    uint8_t size_class;  /* of a slab */
    uint16_t nfree;      /* free blocks of a slab */
    uint32_t next, prev; /* pages: slabs with room of a class, or free runs of a bin; 0 ends */
    uint32_t npages;     /* of the slab or run; in a tail: how far back the head is */
    uint64_t bitmap[6];  /* of a slab: 1 is a free block; of a free run the first: pages given back */
} ek_page;

_Static_assert(sizeof(ek_page) == 64, "a page descriptor is one cache line");

#define EK_RUNNING_TEXT 2048

/* The script that has the lock, for those whom it keeps waiting, see engine/running.h. Written by who
 * has the lock, but for the wish to end it; read without. Never undone. */
typedef struct ek_running {
    _Atomic uint64_t word;     /* 0: none; EK_RUN_*, and above them a number of the run */
    _Atomic int64_t since_ms;  /* by ek_clock_monotonic_ms, to a few milliseconds */
    uint64_t runs;             /* so far */
    uint32_t text_bytes;
    uint8_t text[EK_RUNNING_TEXT]; /* its name and its command, each behind its length as u32 */
} ek_running;

/* The first bytes of the arena. Written under the lock unless said otherwise. */
typedef struct ek_header {
    /* Written once, when the arena is made. */
    uint64_t magic;
    uint32_t layout, shift; /* layout stamp; log2 of a granule */
    uint64_t stamp;         /* of everything else that two builds could disagree on */
    uint64_t total_bytes, journal_off, journal_max, pages_off, heap_off, heap_max;
    ek_hash_key hash_key;
    uint32_t ready; /* set last by the maker */
    /* Counters that need no lock, and are never undone. */
    _Atomic uint64_t next_session_id, next_library_id;
    _Atomic uint32_t next_token; /* see store/process.h */
    _Atomic uint32_t nprocesses, nwakers, nfigures; /* how much of their tables was ever used, and is backed */

    /* What a transaction writes each time, on a line of its own. */
    _Alignas(64) _Atomic uint64_t journal_used; /* bytes; 0: nobody is writing */
    _Atomic uint64_t seq;                       /* commits and undos so far; read without lock */
    uint64_t journal_cap;                       /* bytes with real blocks behind them */
    uint64_t journal_open; /* as many as ek_touch may fill itself; 0 while a snapshot runs */
    uint32_t snapshot, snapshots; /* the number of the one that runs, or 0; of the last one */
    uint32_t heap_pages; /* of the heap, with real blocks behind them, and behind one more */
    uint32_t no_unlocked_reads; /* ek_locked_reads: why readers take the lock; 0: they need not */

    /* The allocator. */
    _Alignas(64) uint64_t used_bytes; /* handed out, rounded to what blocks occupy */
    uint64_t nblocks;
    uint64_t peak_bytes; /* the most that used_bytes ever was */
    uint32_t free_pages; /* in free runs */
    uint32_t away_pages; /* of those, given back to the system */
    ek_ref root;                 /* of the floor above */
    uint64_t broken;             /* a structure was found corrupt: nobody goes on */
    uint32_t partial[EK_CLASSES + 1]; /* heads of the slabs with room: pages */
    uint32_t runs[EK_RUN_BINS];  /* heads of the free runs by log2 of their length */

    _Alignas(64) ek_lock lock;

    _Alignas(64) ek_running running;
} ek_header;

_Static_assert(sizeof(ek_header) <= EK_PAGE, "the header fits its first page");

/* Reasons for which readers take the lock, but for one. Each has its owner; journalled. */
enum {
    EK_LOCKED_UNCLAIMED = 1u << 0, /* a popped element is on its way: its receiver may have died */
    EK_LOCKED_TRACKING = 1u << 1,  /* what is read is noted */
    EK_LOCKED_MONITOR = 1u << 2,   /* every command is told */
    EK_NOTED_READS = 1u << 3,      /* they need not, but note what they read: see store/access.h */
    EK_LOCKED_PAUSE = 1u << 4,
    EK_LOCKED_ACL = 1u << 5,       /* the user of those who do not log in may not read everything */
};

/* Where a failing call jumps to. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define EK_BUILTIN_JUMP /* what a function keeps it saves itself: a fifth of what setjmp costs */
#endif
typedef struct ek_guard {
#ifdef EK_BUILTIN_JUMP
    void *jump[5];
#else
    jmp_buf jump;
#endif
    struct ek_guard *outer;
    ek_status status; /* what failed */
} ek_guard;

/* A point in a transaction to which it can be undone. */
typedef struct ek_savepoint {
    uint64_t journal_used;
    size_t nfrees;
    int64_t used_bytes, nblocks;
} ek_savepoint;

typedef struct ek_class_info {
    uint32_t size, magic; /* magic: ceil(2^32 / size), to divide by it */
    uint16_t npages, nblocks;
} ek_class_info;

#define EK_ANNOUNCED 1024u

/* One process's handle on an arena. Fields are guarded by the arena's lock unless said otherwise. */
typedef struct ek_arena {
    uint8_t *base; /* constant */
    uint8_t *heap; /* constant */
    ek_header *hdr;
    uint64_t mapped_bytes; /* constant */
    ek_page *pages;
    uint8_t *journal;
    unsigned shift;  /* constant */
    bool shared;     /* constant */
    bool alone;      /* constant: when it was opened, no other process had it open */
    bool keep;       /* constant: if this handle is the last to close, the file stays */
    ek_guard *guard; /* innermost */
    /* Called before the commit of the transaction that set it, once; may raise (see store/feed.h). */
    void (*committing)(void *);
    void *committing_for;

    ek_ref *frees; /* waiting for the commit */
    size_t nfrees, frees_cap;
    int64_t used_bytes, nblocks; /* change of this transaction */
    uint32_t epoch;           /* since the last savepoint; an announcement of another does not count */
    uint64_t announced[EK_ANNOUNCED]; /* of alloc.c: pages, and above them the epoch they were announced in */
    unsigned small_journals;  /* transactions since one needed a large journal */

    unsigned txn_depth;   /* > 0: a transaction spans calls; its thread enters freely */
    pthread_t txn_thread; /* valid while txn_depth > 0 */
    int level;            /* of the engine's nested transactions; 0 in a fork's child, see map.c */

    ek_class_info classes[EK_CLASSES]; /* constant */

    /* Of map.c */
    int fd, dir_fd;   /* the memory's file; the directory of a shared path, or -1 */
    struct ek_kept *kept;             /* of snapshot.c: where pages are kept */
    struct ek_snapshot *reading;      /* the snapshot that this handle reads */
    int fork_fd, fork_dir_fd; /* during a fork: what the child will have as fd and dir_fd */
    bool fork_locked; /* during a fork: the lock was taken for it */
    char *dir_path, *file_path;
    bool frozen;      /* private: pages are copied on write, for a fork shares them */
    unsigned forks;     /* how many forks lie between the opening process and this one */
    unsigned recovered; /* how often entering found a dead process's transaction to undo */
    struct ek_arena *next_open; /* list of this process's arenas, own lock in map.c */

#ifdef EK_CHECK
    struct ek_shadow *shadow;    /* see check.c */
    uint64_t fail_alloc_in;      /* the n-th allocation from now fails; 0: none */
    uint64_t die_at_touch_in;    /* the n-th announcement from now kills the process; 0: none */
    uint64_t forget_touch_in;    /* the n-th ek_touch from now does nothing, as if forgotten */
#endif
} ek_arena;

EK_INLINE void *ek_ptr(const ek_arena *a, ek_ref ref) {
    return a->heap + ((size_t)ref << a->shift);
}

EK_INLINE ek_ref ek_ref_of(const ek_arena *a, const void *p) {
    return (ek_ref)((size_t)((const uint8_t *)p - a->heap) >> a->shift);
}

/* Is this a place in the heap that can be read, with n bytes behind it? For readers without the
 * lock, who may meet anything. */
EK_INLINE bool ek_ref_ok(const ek_arena *a, ek_ref ref, size_t n) {
    size_t end = (size_t)a->hdr->heap_pages * EK_PAGE, at = (size_t)ref << a->shift;
    return ref != 0 && at < end && n <= end - at;
}

/* The same in one comparison for what is at most a page long: behind the heap's end one more page is
 * backed, so whatever begins before the end can be read that far. */
EK_INLINE uint32_t ek_heap_end(const ek_arena *a) { /* in granules; 0 stands for all of them */
    return a->hdr->heap_pages << (12 - a->shift);
}
EK_INLINE bool ek_ref_in(uint32_t heap_end, ek_ref ref) { return ref - 1 < heap_end - 1; }

/* --- failing --- */

EK_NORETURN void ek_raise(ek_arena *a, ek_status status);

/* EK_GUARDED(a, g) { body } else if failed: run body with a guard set; g holds it. Usage:
 *     ek_guard g;
 *     ek_status st = EK_GUARD(a, &g);   // 0 the first time, the status when something failed
 *     if (st == 0) { ...; ek_unguard(a, &g); } else { undo }      (the jump has removed the guard) */
#ifdef EK_BUILTIN_JUMP
#define EK_SETJMP(jump) __builtin_setjmp(jump)
#define EK_LONGJMP(jump) __builtin_longjmp(jump, 1)
#else
#define EK_SETJMP(jump) _setjmp(jump)
#define EK_LONGJMP(jump) _longjmp(jump, 1)
#endif
#define EK_GUARD(a, g) \
    ((g)->outer = (a)->guard, (a)->guard = (g), EK_SETJMP((g)->jump) ? (g)->status : EK_OK)
EK_INLINE void ek_unguard(ek_arena *a, ek_guard *g) { a->guard = g->outer; }

/* --- the journal --- */

EK_NOINLINE void ek_touch_slow(ek_arena *a, const void *p, size_t n);
#ifdef EK_CHECK
/* False: a test wants this touch forgotten. A test may also have the process killed here. */
bool ek_check_touch(ek_arena *a, const void *p, size_t n);
void ek_check_slack(ek_arena *a, const void *p, size_t n);
#endif

/* While a snapshot runs: keep the pages of these bytes as they are, if that has not been done. Never
 * fails: without room it is the snapshot that does. */
void ek_snapshot_keep(ek_arena *a, const void *p, size_t n);

/* The n bytes at p are going to change: save them. O(n). */
EK_INLINE void ek_touch(ek_arena *a, const void *p, size_t n) {
#ifdef EK_CHECK
    if (!ek_check_touch(a, p, n)) return;
#endif
#ifndef EK_NO_JOURNAL
    ek_header *h = a->hdr;
    uint64_t used = atomic_load_explicit(&h->journal_used, memory_order_relaxed);
    size_t need = ek_align_up(n, 8) + 8;
    if (EK_UNLIKELY(used + need > h->journal_open || n >= (1u << 24))) {
        ek_touch_slow(a, p, n);
        return;
    }
    ek_copy(a->journal + used, p, n);
    *(uint64_t *)(a->journal + used + need - 8) =
        (uint64_t)((const uint8_t *)p - a->base) << 24 | n;
    /* A kill may come at any instruction: the record must stand before its publication, and that
     * before the change it undoes. On x86 both fences only hold the compiler back. */
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&h->journal_used, used + need, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
#endif
}

/* The n bytes at p are going to change and nobody needs what they hold now: free memory, slack. */
EK_INLINE void ek_touch_slack(ek_arena *a, const void *p, size_t n) {
#ifdef EK_CHECK
    ek_check_slack(a, p, n);
#endif
    if (EK_UNLIKELY(a->hdr->snapshot)) ek_snapshot_keep(a, p, n);
}

/* Announce and store one field. */
#define EK_SET(a, field, value) (ek_touch(a, &(field), sizeof(field)), (void)((field) = (value)))

/* --- transactions --- */

void ek_begin(ek_arena *a);
void ek_commit(ek_arena *a); /* raises EK_ENOMEM (before anything is committed) */
ek_savepoint ek_save(ek_arena *a);
void ek_undo(ek_arena *a, const ek_savepoint *to); /* NULL: to the beginning */
EK_INLINE bool ek_clean(const ek_arena *a) { /* has this transaction changed nothing so far? */
    return atomic_load_explicit(&a->hdr->journal_used, memory_order_relaxed) == 0;
}

/* Run fn as one guarded transaction: committed when it returns, undone when it raises. Lock held. */
ek_status ek_run(ek_arena *a, void (*fn)(void *), void *arg);
/* Likewise, or as a part of the transaction that is open. */
ek_status ek_run_within(ek_arena *a, void (*fn)(void *), void *arg);

/* --- reading without the lock --- */

EK_INLINE bool ek_read_begin(const ek_arena *a, uint64_t *seq) {
    *seq = atomic_load_explicit(&a->hdr->seq, memory_order_acquire);
    return atomic_load_explicit(&a->hdr->journal_used, memory_order_acquire) == 0 &&
           !(a->hdr->no_unlocked_reads & ~(uint32_t)EK_NOTED_READS);
}

EK_INLINE void ek_lock_reads(ek_arena *a, uint32_t why, bool on) { /* in a transaction */
    uint32_t now = a->hdr->no_unlocked_reads, then = on ? now | why : now & ~why;
    if (now != then) EK_SET(a, a->hdr->no_unlocked_reads, then);
}

EK_INLINE bool ek_read_ok(const ek_arena *a, uint64_t seq) {
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&a->hdr->journal_used, memory_order_acquire) == 0 &&
           atomic_load_explicit(&a->hdr->seq, memory_order_relaxed) == seq;
}

/* --- entering --- */

/* Take the lock; undo what a dead process left. EK_OK, EK_EBUSY, EK_EDEADLK, EK_ECORRUPT. */
ek_status ek_arena_enter(ek_arena *a, int timeout_ms);
ek_status ek_arena_entered(ek_arena *a, ek_lock_result r); /* what this way of taking it came to */
bool ek_arena_is_own(const ek_arena *a); /* does this thread's transaction hold the lock? */
void ek_arena_own(ek_arena *a);          /* it does from now on, until it ends or the thread does */
void ek_arena_disown(ek_arena *a);
EK_INLINE ek_status ek_arena_try_enter(ek_arena *a) {
    if (EK_UNLIKELY(__atomic_load_n(&a->txn_depth, __ATOMIC_RELAXED)) && ek_arena_is_own(a))
        return EK_OK;
    ek_lock_result r = ek_lock_try(&a->hdr->lock);
    if (EK_LIKELY(r == EK_LOCK_TAKEN && ek_clean(a) && !a->hdr->broken)) return EK_OK;
    return ek_arena_entered(a, r);
}
EK_INLINE void ek_arena_leave(ek_arena *a) {
    if (EK_LIKELY(!a->txn_depth)) ek_lock_release(&a->hdr->lock);
}

/* --- the allocator --- */

ek_ref ek_alloc(ek_arena *a, size_t bytes); /* uninitialised; raises EK_ENOMEM. About 10 ns, O(1) */
ek_ref ek_alloc_zeroed(ek_arena *a, size_t bytes);
void ek_alloc_many(ek_arena *a, size_t bytes, size_t n, ek_ref *out); /* as n times ek_alloc; 1 ns each */
void ek_free_slow(ek_arena *a, ek_ref ref);
EK_INLINE void ek_free(ek_arena *a, ek_ref ref) { /* at commit; 0 is allowed */
    if (EK_LIKELY(ref && a->nfrees < a->frees_cap)) a->frees[a->nfrees++] = ref;
    else ek_free_slow(a, ref);
}
size_t ek_usable(const ek_arena *a, ek_ref ref);      /* bytes that the block really has */
size_t ek_alloc_rounds_to(const ek_arena *a, size_t bytes); /* usable size a request would get */
/* Does the block lie in a slab that is a sixth free or more, and would a new one of its size go into
 * another slab? Then whoever can exchange its reference helps to empty the slab. O(1). */
bool ek_alloc_is_sparse(const ek_arena *a, ek_ref ref);
/* What the arena occupies: all that has real blocks behind it, free or not. */
uint64_t ek_arena_resident(const ek_arena *a);
/* Give real blocks of long free runs back to the system, at most about max_pages. Outside of a
 * transaction, lock held. How many there were. */
uint32_t ek_alloc_give_back(ek_arena *a, uint32_t max_pages);
bool ek_alloc_check(const ek_arena *a);               /* walks every descriptor; debugging, tests */

#endif
