#define _GNU_SOURCE
#include "arena/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arena/check.h"
#include "arena/map.h"

#define SUFFIX "-snapshot"
#define TAKE_AT_ONCE 32
#define PUNCH_AT 128 /* records that were taken before their memory is given back */

/* The beginning of the file of kept pages. */
typedef struct book {
    uint32_t number, heap_pages;
    _Atomic uint32_t nkept;
} book;

/* A kept page. */
typedef struct record {
    uint64_t page;
    uint8_t bytes[EK_PAGE];
} record;

/* What one who writes needs of it. Lock: the store's. */
typedef struct ek_kept {
    int fd;
    book *book; /* and the bits behind it, mapped */
    size_t mapped;
    uint64_t *bits;
} ek_kept;

/* The reader's. */
struct ek_snapshot {
    ek_arena *of, *view;
    bool apart, failed;
    uint32_t number, heap_pages;
    int fd;
    const book *book;
    size_t mapped;
    uint32_t taken, punched; /* records */
    record *batch;
    uint8_t *copy; /* check build: the heap as it was */
};

static size_t records_at(uint32_t heap_pages) {
    return EK_PAGE + ek_align_up(heap_pages / 8 + 8, EK_PAGE);
}

static bool name_of(const ek_arena *a, char name[PATH_MAX]) {
    if (!a->shared) return false;
    int n = snprintf(name, PATH_MAX, "%s" SUFFIX, a->file_path);
    return n > 0 && n < PATH_MAX;
}

static void unlink_file(const ek_arena *a) {
    char name[PATH_MAX];
    if (name_of(a, name)) unlink(name);
}

/* It is over, or has failed. */
static void stop(ek_arena *a) {
    a->hdr->snapshot = 0;
    a->hdr->journal_open = a->hdr->journal_cap;
}

/* --- who writes --- */

static void drop_kept(ek_arena *a) {
    ek_kept *k = a->kept;
    a->kept = NULL;
    if (!k) return;
    if (k->book) munmap(k->book, k->mapped);
    if (k->fd >= 0) close(k->fd);
    free(k);
}

/* Attach to the file at fd, which is taken. False: it is not this snapshot's, or cannot be mapped. */
static bool attach_kept(ek_arena *a, int fd) {
    book b;
    ek_kept *k = calloc(1, sizeof *k);
    if (!k || fd < 0 || pread(fd, &b, sizeof b, 0) != (ssize_t)sizeof b ||
        b.number != a->hdr->snapshot) {
        if (fd >= 0) close(fd);
        free(k);
        return false;
    }
    k->fd = fd;
    k->mapped = records_at(b.heap_pages);
    void *p = mmap(NULL, k->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    k->book = p == MAP_FAILED ? NULL : p;
    k->bits = (uint64_t *)((uint8_t *)p + EK_PAGE);
    a->kept = k;
    if (k->book) return true;
    drop_kept(a);
    return false;
}

static bool is_attached(ek_arena *a) {
    char name[PATH_MAX];
    if (EK_LIKELY(a->kept && a->kept->book->number == a->hdr->snapshot)) return true;
    drop_kept(a);
    return name_of(a, name) && attach_kept(a, open(name, O_RDWR | O_CLOEXEC));
}

/* The record before the count before the bit: who is killed in between leaves a page that is kept
 * twice, and that has not changed from the one time to the other. */
static bool keep_page(ek_arena *a, uint32_t page) {
    const ek_kept *k = a->kept;
    uint64_t number = page;
    uint32_t n = atomic_load_explicit(&k->book->nkept, memory_order_relaxed);
    off_t at = (off_t)(records_at(k->book->heap_pages) + (uint64_t)n * sizeof(record));
    struct iovec parts[2] = {{&number, sizeof number}, {a->heap + (size_t)page * EK_PAGE, EK_PAGE}};
    ssize_t done;
    do done = pwritev(k->fd, parts, 2, at);
    while (done < 0 && errno == EINTR);
    if (done != (ssize_t)sizeof(record)) return false;
    atomic_store_explicit(&k->book->nkept, n + 1, memory_order_release);
    k->bits[page / 64] |= (uint64_t)1 << page % 64;
    return true;
}

void ek_snapshot_keep(ek_arena *a, const void *p, size_t n) {
    size_t at = (size_t)((const uint8_t *)p - a->heap); /* huge for what lies before the heap */
    if (n == 0 || at >= a->hdr->heap_max) return;
    if (EK_UNLIKELY(!is_attached(a))) {
        stop(a);
        return;
    }
    const ek_kept *k = a->kept;
    uint32_t page = (uint32_t)(at / EK_PAGE), last = (uint32_t)((at + n - 1) / EK_PAGE);
    for (; page <= last && page < k->book->heap_pages; page++) {
        if (k->bits[page / 64] >> page % 64 & 1) continue;
        if (keep_page(a, page)) continue;
        stop(a);
        return;
    }
}

/* --- who reads --- */

void ek_snapshot_drop(ek_snapshot *sn) {
    if (sn->view && sn->apart) ek_arena_close(sn->view);
    else if (sn->view) ek_arena_drop_view(sn->view);
    if (sn->book) munmap((void *)sn->book, sn->mapped);
    if (sn->fd >= 0) close(sn->fd);
    free(sn->batch);
    free(sn->copy);
    free(sn);
}

/* The file of kept pages with its book, under the reader's lock. */
static bool make_file(ek_snapshot *sn) {
    const ek_arena *a = sn->of;
    char name[PATH_MAX];
    if (!a->shared) {
        sn->fd = memfd_create("emberkv" SUFFIX, MFD_CLOEXEC);
    } else if (name_of(a, name)) {
        unlink(name);
        sn->fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    size_t head = records_at(sn->heap_pages);
    book b = {.number = sn->number, .heap_pages = sn->heap_pages};
    if (sn->fd < 0 || flock(sn->fd, LOCK_EX | LOCK_NB) != 0) return false;
    if (fallocate(sn->fd, 0, 0, (off_t)head) != 0) return false;
    if (pwrite(sn->fd, &b, sizeof b, 0) != (ssize_t)sizeof b) return false;
    sn->mapped = EK_PAGE;
    void *p = mmap(NULL, sn->mapped, PROT_READ, MAP_SHARED, sn->fd, 0);
    if (p == MAP_FAILED) return false;
    sn->book = p;
    return true;
}

/* Nothing of the file is written any more once an arena was frozen: its copy is the view. */
static ek_status begin_apart(ek_snapshot *sn) {
    char err[256];
    sn->apart = true;
    return ek_arena_fork(sn->of, &sn->view, err, sizeof err);
}

static ek_status begin_beside(ek_snapshot *sn) {
    ek_arena *a = sn->of;
    ek_header *h = a->hdr;
    sn->number = h->snapshots + 1 ? h->snapshots + 1 : 1;
    sn->heap_pages = h->heap_pages;
    sn->batch = malloc(TAKE_AT_ONCE * sizeof *sn->batch);
    if (!sn->batch || !make_file(sn)) return EK_ENOMEM;
    ek_status st = ek_arena_view(a, &sn->view);
    if (st != EK_OK) return st;
#ifdef EK_CHECK
    sn->copy = malloc((size_t)sn->heap_pages * EK_PAGE);
    if (sn->copy) memcpy(sn->copy, a->heap, (size_t)sn->heap_pages * EK_PAGE);
#endif
    h->snapshots = sn->number;
    h->snapshot = sn->number;
    h->journal_open = 0;
    if (a->shared || attach_kept(a, fcntl(sn->fd, F_DUPFD_CLOEXEC, 0))) return EK_OK;
    stop(a);
    return EK_ENOMEM;
}

ek_status ek_snapshot_begin(ek_arena *a, ek_snapshot **out) {
    ek_snapshot_bury(a);
    if (a->hdr->snapshot || a->reading) return EK_EBUSY;
    ek_snapshot *sn = calloc(1, sizeof *sn);
    if (!sn) return EK_ENOMEM;
    sn->of = a;
    sn->fd = -1;
    ek_status st = a->frozen ? begin_apart(sn) : begin_beside(sn);
    if (st != EK_OK) {
        unlink_file(a);
        ek_snapshot_drop(sn);
        return st;
    }
    a->reading = sn;
    *out = sn;
    return EK_OK;
}

ek_arena *ek_snapshot_view(const ek_snapshot *sn) { return sn->view; }
bool ek_snapshot_is_apart(const ek_snapshot *sn) { return sn->apart; }

/* A little at a time, with something else between: who keeps a page meanwhile waits for the file, and has
 * the store's lock. When this comes back at once, he is passed over for milliseconds. */
static void give_back_taken(ek_snapshot *sn) {
    if (sn->taken - sn->punched < PUNCH_AT) return;
    size_t from = records_at(sn->heap_pages) + (size_t)sn->punched * sizeof(record);
    fallocate(sn->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
              (off_t)(PUNCH_AT * sizeof(record)));
    sn->punched += PUNCH_AT;
}

bool ek_snapshot_take(ek_snapshot *sn, bool locked) {
    if (sn->apart) return true;
    if (locked && sn->of->hdr->snapshot != sn->number) sn->failed = true;
    uint32_t left, few = locked ? 0 : TAKE_AT_ONCE; /* who writes fast keeps more meanwhile */
    while (!sn->failed && (left = atomic_load_explicit(&sn->book->nkept, memory_order_acquire) -
                                  sn->taken) > few) {
        size_t count = ek_min(left, TAKE_AT_ONCE);
        off_t at = (off_t)(records_at(sn->heap_pages) + (size_t)sn->taken * sizeof(record));
        ssize_t want = (ssize_t)(count * sizeof(record)), got;
        do got = pread(sn->fd, sn->batch, (size_t)want, at);
        while (got < 0 && errno == EINTR);
        if (got != want) sn->failed = true;
        for (size_t i = 0; i < count && !sn->failed; i++) {
            const record *r = &sn->batch[i];
            if (r->page >= sn->heap_pages) sn->failed = true;
            else memcpy(sn->view->heap + r->page * EK_PAGE, r->bytes, EK_PAGE);
        }
        if (!sn->failed) sn->taken += (uint32_t)count;
        if (!locked) give_back_taken(sn);
    }
    return !sn->failed;
}

bool ek_snapshot_end(ek_snapshot *sn) {
    ek_arena *a = sn->of;
    bool stood = ek_snapshot_take(sn, true);
#ifdef EK_CHECK
    if (stood && sn->copy &&
        memcmp(sn->copy, sn->view->heap, (size_t)sn->heap_pages * EK_PAGE) != 0)
        ek_check_abort("a page changed and was not kept for the snapshot");
#endif
    a->reading = NULL;
    if (!sn->apart) {
        if (a->hdr->snapshot == sn->number) stop(a);
        if (a->hdr->snapshots == sn->number) ek_snapshot_unlink(a);
        drop_kept(a);
    }
    return stood;
}

/* --- endings --- */

void ek_snapshot_bury(ek_arena *a) {
    char name[PATH_MAX];
    if (!a->hdr->snapshot || a->reading) return;
    int fd = name_of(a, name) ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0) {
        stop(a);
        drop_kept(a);
        ek_snapshot_unlink(a);
    }
    if (fd >= 0) close(fd);
}

/* The parent's reader is none of the child's, whose copy of a private arena is its own besides. */
void ek_snapshot_forked(ek_arena *a) {
    ek_snapshot *sn = a->reading;
    a->reading = NULL;
    if (sn && !sn->apart) ek_snapshot_drop(sn);
    if (a->shared) return;
    drop_kept(a);
    stop(a);
}

void ek_snapshot_closed(ek_arena *a) { drop_kept(a); }

void ek_snapshot_unlink(const ek_arena *a) {
    if (a->hdr->snapshots) unlink_file(a);
}
