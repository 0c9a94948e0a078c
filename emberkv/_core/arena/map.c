/* Files and mappings of arenas. The contract and the layout on disk stand in map.h.
 *
 * Forks. Before a fork every private arena is frozen: its pages become copy-on-write, so parent and
 * child each go on with their own. A shared arena's child gets a file description of its own, with
 * the presence lock already held, so that the parent's close never takes it for the last.
 */
#define _GNU_SOURCE
#include "arena/map.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena/alloc.h"
#include "arena/check.h"
#include "arena/link.h"
#include "arena/snapshot.h"
#include "base/random.h"

#define DEFAULT_HEAP ((uint64_t)32 << 30)
#define MIN_HEAP ((uint64_t)1 << 20)
#define MAX_HEAP ((uint64_t)128 << 30)
#define MIN_JOURNAL ((uint64_t)128 << 20) /* for a command of a million keys */
#define FIRST_JOURNAL 65536u
#define FIRST_HEAP_PAGES 16u
#define FORK_WAIT_MS 1000

static const char *shm_dir(void) {
    const char *dir = getenv("EMBERKV_ARENA_DIR"); /* where /dev/shm is too small or absent */
    return dir && *dir ? dir : "/dev/shm";
}

/* Everything that two builds of one layout number could still disagree on. */
static uint64_t stamp(void) {
    return (uint64_t)sizeof(ek_header) << 32 | (uint64_t)sizeof(pthread_mutex_t) << 16 |
           (uint64_t)sizeof(ek_page);
}

/* --- this process's arenas, for forks and for threads that end --- */

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static ek_arena *open_arenas; /* open_lock */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Make the pages of a private arena copy-on-write. */
static bool freeze(ek_arena *a) {
    if (a->frozen) return true;
    void *p = mmap(a->base, a->hdr->total_bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, a->fd, 0);
    if (p == MAP_FAILED) return false;
    a->frozen = true;
    return true;
}

/* A description of its own of an open file: locks belong to descriptions, which dup and fork share. */
static int reopen(int fd, int mode) {
    char name[40];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    return open(name, mode | O_CLOEXEC);
}

static void before_fork(void) {
    pthread_mutex_lock(&open_lock);
    for (ek_arena *a = open_arenas; a; a = a->next_open) {
        a->fork_fd = a->fork_dir_fd = -1;
        a->fork_locked = false;
        if (a->shared) {
            a->fork_dir_fd = reopen(a->dir_fd, O_RDONLY | O_DIRECTORY);
            a->fork_fd = reopen(a->fd, O_RDWR);
            if (a->fork_fd >= 0) flock(a->fork_fd, LOCK_SH);
        } else {
            /* Another thread's transaction block may hold the lock and wait for the interpreter,
             * which the forking thread has: then the child undoes that transaction. */
            a->fork_locked = !a->txn_depth && ek_arena_enter(a, FORK_WAIT_MS) == EK_OK;
            freeze(a);
        }
    }
}

static void after_fork_in_parent(void) {
    for (ek_arena *a = open_arenas; a; a = a->next_open) {
        if (a->fork_fd >= 0) close(a->fork_fd);
        if (a->fork_dir_fd >= 0) close(a->fork_dir_fd);
        if (a->fork_locked) ek_lock_release(&a->hdr->lock);
    }
    pthread_mutex_unlock(&open_lock);
}

static void after_fork_in_child(void) {
    for (ek_arena *a = open_arenas; a; a = a->next_open) {
        bool own_txn = ek_arena_is_own(a);
        a->forks++;
        ek_snapshot_forked(a);
        if (a->shared) {
            close(a->fd);
            a->fd = a->fork_fd;
            if (a->fork_dir_fd >= 0) close(a->dir_fd), a->dir_fd = a->fork_dir_fd;
            ek_arena_disown(a); /* the parent's transaction is the parent's */
        } else {
            ek_lock_init(&a->hdr->lock, false);
            if (own_txn) {
                ek_lock_try(&a->hdr->lock);
            } else {
                ek_arena_disown(a);
                if (!ek_clean(a)) ek_undo(a, NULL);
            }
        }
    }
    pthread_mutex_init(&open_lock, NULL);
}

/* A transaction that spans calls ends with its thread: nobody else may end it, and another thread
 * may get the same pthread_t. */
static pthread_key_t thread_key;

static void thread_ends(void *unused) {
    (void)unused;
    pthread_mutex_lock(&open_lock);
    for (ek_arena *a = open_arenas; a; a = a->next_open) {
        if (!ek_arena_is_own(a)) continue;
        ek_undo(a, NULL);
        ek_arena_disown(a);
        ek_lock_release(&a->hdr->lock);
    }
    pthread_mutex_unlock(&open_lock);
}

static void register_handlers(void) {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    pthread_key_create(&thread_key, thread_ends);
}

void ek_arena_own(ek_arena *a) {
    pthread_setspecific(thread_key, a);
    a->txn_thread = pthread_self();
    __atomic_store_n(&a->txn_depth, 1, __ATOMIC_RELAXED);
}

void ek_arena_disown(ek_arena *a) {
    a->level = 0;
    __atomic_store_n(&a->txn_depth, 0, __ATOMIC_RELAXED);
}

static void remember(ek_arena *a) {
    pthread_once(&once, register_handlers);
    pthread_mutex_lock(&open_lock);
    a->next_open = open_arenas;
    open_arenas = a;
    pthread_mutex_unlock(&open_lock);
}

static void forget(ek_arena *a) {
    pthread_mutex_lock(&open_lock);
    for (ek_arena **p = &open_arenas; *p; p = &(*p)->next_open) {
        if (*p == a) {
            *p = a->next_open;
            break;
        }
    }
    pthread_mutex_unlock(&open_lock);
}

/* --- real blocks --- */

bool ek_map_back(ek_arena *a, uint64_t off, uint64_t n) {
    uint64_t end = ek_align_up(off + n, EK_PAGE);
    off &= ~(uint64_t)(EK_PAGE - 1);
    if (a->shared) {
        int rc;
        do rc = fallocate(a->fd, 0, (off_t)off, (off_t)(end - off));
        while (rc != 0 && errno == EINTR);
        if (rc != 0) return false;
    }
#ifdef MADV_POPULATE_WRITE
    /* One call instead of a fault a page; where it is not known, the faults come one by one. */
    if (end - off >= 4 * EK_PAGE) madvise(a->base + off, end - off, MADV_POPULATE_WRITE);
#endif
    return true;
}

void ek_map_unback(ek_arena *a, uint64_t off, uint64_t n) {
    if (a->frozen) madvise(a->base + off, n, MADV_DONTNEED);
    else fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)n);
}

/* --- making and mapping --- */

static void wire(ek_arena *a) {
    ek_header *h = a->hdr;
    a->pages = (ek_page *)(a->base + h->pages_off);
    a->heap = a->base + h->heap_off;
    a->journal = a->base + h->journal_off;
    a->shift = h->shift;
    ek_alloc_classes(a->classes, a->shift);
}

static void lay_out(ek_header *h, uint64_t max_bytes) {
    uint64_t heap = max_bytes ? max_bytes : DEFAULT_HEAP;
    heap = ek_align_up(ek_min(ek_max(heap, MIN_HEAP), MAX_HEAP), EK_PAGE);
    h->magic = EK_ARENA_MAGIC;
    h->layout = EK_ARENA_LAYOUT;
    h->stamp = stamp();
    h->shift = heap <= (uint64_t)32 << 30 ? 3 : heap <= (uint64_t)64 << 30 ? 4 : 5;
    h->journal_off = EK_HEADER_BYTES;
    h->journal_max = ek_max(MIN_JOURNAL, ek_align_up(heap / 4, EK_PAGE));
    h->pages_off = h->journal_off + h->journal_max;
    uint64_t descs = ek_align_up(heap / EK_PAGE * sizeof(ek_page), EK_PAGE);
    h->heap_off = h->pages_off + descs;
    h->heap_max = heap;
    h->total_bytes = h->heap_off + heap + EK_PAGE; /* the page that readers may run into */
}

static ek_arena *new_handle(bool shared) {
    ek_arena *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->shared = shared;
    a->fd = a->dir_fd = a->fork_fd = a->fork_dir_fd = -1;
    return a;
}

static void drop_handle(ek_arena *a) {
    if (a->base) munmap(a->base, a->mapped_bytes); /* its header may have no memory behind it */
    if (a->fd >= 0) close(a->fd);
    if (a->dir_fd >= 0) close(a->dir_fd);
    free(a->dir_path);
    free(a->file_path);
    free(a->frees);
    free(a);
}

static bool map(ek_arena *a, uint64_t total, int kind) {
    void *p = mmap(NULL, total, PROT_READ | PROT_WRITE, kind | MAP_NORESERVE, a->fd, 0);
    if (p == MAP_FAILED) return false;
    a->base = p;
    a->hdr = p;
    a->mapped_bytes = total;
    return true;
}

/* Fill a new file of zeroes with an empty arena. */
static bool make(ek_arena *a, const ek_arena_options *o) {
    ek_header layout = {0};
    lay_out(&layout, o->max_bytes);
    /* Without the user's word on the size, take what the process may reserve. */
    for (;; lay_out(&layout, layout.heap_max / 2)) {
        if (ftruncate(a->fd, (off_t)layout.total_bytes) == 0 &&
            map(a, layout.total_bytes, MAP_SHARED))
            break;
        if (o->max_bytes || layout.heap_max <= MIN_HEAP) return false;
    }
    if (!ek_map_back(a, 0, EK_PAGE)) return false;
    layout.magic = 0; /* set last: who dies in here leaves what is recognised as never finished */
    memcpy(a->hdr, &layout, sizeof layout);
    wire(a);
    ek_header *h = a->hdr;
    if (!ek_map_back(a, h->journal_off, FIRST_JOURNAL) ||
        !ek_map_back(a, h->pages_off, FIRST_HEAP_PAGES * sizeof(ek_page)) ||
        !ek_map_back(a, h->heap_off, (FIRST_HEAP_PAGES + 1) * EK_PAGE))
        return false;
    h->journal_cap = h->journal_open = FIRST_JOURNAL;
    ek_random_seed_bytes(&h->hash_key, sizeof h->hash_key);
    if (!ek_lock_init(&h->lock, a->shared)) return false;
    /* Page 0 is never handed out; the others are one free run. */
    a->pages[0].npages = 1;
    a->pages[1].kind = 1;
    a->pages[1].npages = FIRST_HEAP_PAGES - 1;
    a->pages[FIRST_HEAP_PAGES - 1].kind = 2;
    a->pages[FIRST_HEAP_PAGES - 1].npages = FIRST_HEAP_PAGES - 1;
    h->runs[3] = 1;
    h->heap_pages = FIRST_HEAP_PAGES;
    h->free_pages = FIRST_HEAP_PAGES - 1;
    atomic_thread_fence(memory_order_release);
    h->magic = EK_ARENA_MAGIC;
    return true;
}

ek_status ek_arena_open_private(const ek_arena_options *o, ek_arena **out, char *err,
                                size_t errlen) {
    ek_arena *a = new_handle(false);
    if (!a) return EK_ENOMEM;
    a->fd = memfd_create("emberkv", MFD_CLOEXEC);
    if (a->fd < 0 || !make(a, o)) {
        snprintf(err, errlen, "cannot reserve memory for a store: %s", strerror(errno));
        drop_handle(a);
        return EK_ENOMEM;
    }
    a->hdr->ready = 1;
    remember(a);
    *out = a;
    return EK_OK;
}

/* --- shared paths --- */

typedef struct opening {
    ek_arena *a;
    char *err;
    size_t errlen;
    const char *path;
} opening;

static ek_status refuse(const opening *op, ek_status status, const char *why) {
    snprintf(op->err, op->errlen, "%s: %s", op->path, why);
    return status;
}

static ek_status refuse_errno(const opening *op, const char *what) {
    int e = errno;
    snprintf(op->err, op->errlen, "%s: %s: %s", op->path, what, strerror(e));
    errno = e;
    return e == ENOSPC || e == ENOMEM ? EK_ENOMEM : EK_ESYS;
}

static ek_status open_directory(const opening *op) {
    ek_arena *a = op->a;
    for (;;) {
        if (mkdir(op->path, 0700) != 0 && errno != EEXIST)
            return refuse_errno(op, "cannot be created");
        int fd = open(op->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOTDIR)
            return refuse(op, EK_ENOTSTORE, "a file is there, which is not an emberkv store");
        struct stat link;
        if (fd < 0 && errno == ENOENT && lstat(op->path, &link) == 0 && S_ISLNK(link.st_mode)) {
            errno = ENOENT;
            return refuse_errno(op, "a link to what is not there");
        }
        if (fd < 0 && errno == ENOENT) continue; /* its last user has just removed it */
        if (fd < 0) return refuse_errno(op, "cannot be opened");
        int rc;
        do rc = flock(fd, LOCK_EX);
        while (rc != 0 && errno == EINTR);
        struct stat held, there;
        if (rc == 0 && fstat(fd, &held) == 0 && stat(op->path, &there) == 0 &&
            held.st_ino == there.st_ino && held.st_dev == there.st_dev) {
            a->dir_fd = fd;
            if (held.st_uid != geteuid())
                return refuse(op, EK_EOWNER, "the store belongs to another user");
            return EK_OK;
        }
        close(fd);
    }
}

/* A copy's link, and the memory that was copied with it where that lay in the directory itself. */
static void remove_copied(const opening *op, const char *target) {
    const char *name = strrchr(target, '/');
    if (name) unlinkat(op->a->dir_fd, name + 1, 0);
    ek_link_remove(op->a->dir_fd);
}

/* The arena's file that the directory points to: in a->file_path, or NULL when there is none. */
static ek_status find_file(const opening *op) {
    ek_arena *a = op->a;
    char target[PATH_MAX];
    switch (ek_link_read(a->dir_fd, target)) {
    case EK_LINK_NONE: return EK_OK;
    case EK_LINK_COPIED: /* what lies in the directory is loaded, as after a reboot */
        remove_copied(op, target);
        return EK_OK;
    case EK_LINK_STRANGE:
        return refuse(op, EK_ENOTSTORE,
                      "holds an `arena` that is not an emberkv store's, and has to be moved away");
    case EK_LINK_FAILED: return refuse_errno(op, "its memory cannot be found");
    case EK_LINK_OWN: break;
    }
    a->file_path = strdup(target);
    return a->file_path ? EK_OK : EK_ENOMEM;
}

static ek_status attach(const opening *op, bool *absent) {
    ek_arena *a = op->a;
    *absent = false;
    a->fd = open(a->file_path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (a->fd < 0 && errno == ENOENT) { /* the machine was started anew */
        *absent = true;
        return EK_OK;
    }
    if (a->fd < 0) return refuse_errno(op, "its memory cannot be opened");
    struct stat st;
    if (fstat(a->fd, &st) != 0) return refuse_errno(op, "its memory cannot be examined");
    if (st.st_uid != geteuid()) return refuse(op, EK_EOWNER, "the store belongs to another user");
    ek_header h;
    if (!S_ISREG(st.st_mode) || pread(a->fd, &h, sizeof h, 0) != (ssize_t)sizeof h ||
        h.magic != EK_ARENA_MAGIC) {
        /* Nobody else is opening: what has no magic is what a dying process was making. */
        if (S_ISREG(st.st_mode) && st.st_size == 0) *absent = true;
        if (S_ISREG(st.st_mode) && st.st_size > 0 && pread(a->fd, &h, 8, 0) == 8 && h.magic == 0)
            *absent = true;
        if (*absent) {
            unlink(a->file_path);
            close(a->fd);
            a->fd = -1;
            return EK_OK;
        }
        return refuse(op, EK_ENOTSTORE, "its memory is not an emberkv store");
    }
    if (h.layout != EK_ARENA_LAYOUT || h.stamp != stamp()) {
        snprintf(op->err, op->errlen,
                 "%s: made by another version of the library (layout %u, this one has %u)",
                 op->path, h.layout, EK_ARENA_LAYOUT);
        return EK_ESTAMP;
    }
    if ((uint64_t)st.st_size < h.total_bytes)
        return refuse(op, EK_ENOTSTORE, "its memory is cut short");
    if (!map(a, h.total_bytes, MAP_SHARED)) return refuse_errno(op, "cannot be mapped");
    if (!a->hdr->ready) {
        munmap(a->base, h.total_bytes);
        a->base = NULL;
        unlink(a->file_path);
        close(a->fd);
        a->fd = -1;
        *absent = true;
        return EK_OK;
    }
    wire(a);
    return EK_OK;
}

/* Whose memory is gone: what lay beside it, for snapshots and for those who slept, is of no use. */
static void remove_beside(const char *file_path) {
    const char *slash = strrchr(file_path, '/');
    char where[PATH_MAX];
    snprintf(where, sizeof where, "%.*s", (int)(slash - file_path), file_path);
    size_t n = strlen(slash + 1);
    DIR *dir = opendir(where);
    if (!dir) return;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        if (strncmp(e->d_name, slash + 1, n) == 0 && e->d_name[n] == '-')
            unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
}

static ek_status create(const opening *op, const ek_arena_options *o) {
    ek_arena *a = op->a;
    const char *dir = shm_dir();
    if (access(dir, W_OK) != 0) dir = op->path;
    char name[PATH_MAX];
    if (a->file_path) remove_beside(a->file_path);
    free(a->file_path);
    a->file_path = NULL;
    /* The link first: should this process die, the next one finds what it has begun. */
    if (!ek_link_make(a->dir_fd, dir, name)) return refuse_errno(op, "has no place for its memory");
    ek_status st = EK_OK;
    if (!(a->file_path = strdup(name))) {
        st = EK_ENOMEM;
    } else if ((a->fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0) {
        st = refuse_errno(op, "its memory cannot be created");
    } else if (!make(a, o)) {
        st = refuse_errno(op, "there is no room for its memory");
        unlink(name);
    }
    if (st != EK_OK) ek_link_remove(a->dir_fd);
    return st;
}

static ek_status open_locked(const opening *op, const ek_arena_options *o, bool *created) {
    ek_arena *a = op->a;
    bool absent = true;
    ek_status st = find_file(op);
    if (st == EK_OK && a->file_path) st = attach(op, &absent);
    if (st == EK_OK && absent) st = create(op, o);
    if (st != EK_OK) return st;
    *created = absent;
    a->alone = flock(a->fd, LOCK_EX | LOCK_NB) == 0;
    if (flock(a->fd, LOCK_SH) != 0) return refuse_errno(op, "cannot be locked");
    a->keep = o->keep;
    return EK_OK;
}

ek_status ek_arena_open_shared(const char *path, const ek_arena_options *o, ek_arena **out,
                               bool *created, char *err, size_t errlen) {
    ek_arena *a = new_handle(true);
    if (!a) return EK_ENOMEM;
    opening op = {.a = a, .err = err, .errlen = errlen, .path = path};
    ek_status st = open_directory(&op);
    if (st == EK_OK) st = open_locked(&op, o, created);
    if (st == EK_OK) {
        char full[PATH_MAX];
        a->dir_path = strdup(realpath(path, full) ? full : path);
        if (!a->dir_path) st = EK_ENOMEM;
    }
    if (st != EK_OK) {
        int e = errno;
        drop_handle(a); /* closing the directory releases its lock */
        errno = e;
        return st;
    }
    remember(a);
    *out = a;
    return EK_OK;
}

void ek_arena_opened(ek_arena *a) {
    a->hdr->ready = 1;
    if (a->dir_fd >= 0) flock(a->dir_fd, LOCK_UN);
}

void ek_arena_close(ek_arena *a) {
    forget(a);
    ek_check_close(a);
    ek_snapshot_closed(a);
    if (a->shared && flock(a->dir_fd, LOCK_EX) == 0) {
        bool last = flock(a->fd, LOCK_EX | LOCK_NB) == 0;
        if (last && !a->keep) {
            unlink(a->file_path);
            ek_snapshot_unlink(a);
            ek_link_remove(a->dir_fd);
            rmdir(a->dir_path); /* stays when anything else lies in it */
        }
    }
    drop_handle(a);
}

/* --- copies of a private arena --- */

/* Copy the pages of [off, off + n) that a has written since it was frozen. */
static void copy_written(const ek_arena *a, uint8_t *to, int pagemap, uint64_t off, uint64_t n) {
    uint64_t entries[512], end = ek_align_up(off + n, EK_PAGE);
    const uint64_t present = (uint64_t)1 << 63, swapped = (uint64_t)1 << 62;
    const uint64_t of_file = (uint64_t)1 << 61;
    for (uint64_t at = off; at < end;) {
        size_t count = ek_min((end - at) / EK_PAGE, EK_COUNTOF(entries));
        off_t where = (off_t)(((uintptr_t)a->base + at) / EK_PAGE * 8);
        bool known = pagemap >= 0 && pread(pagemap, entries, count * 8, where) == (ssize_t)(count * 8);
        for (size_t i = 0; i < count; i++, at += EK_PAGE) {
            bool written = !known || ((entries[i] & (present | swapped)) && !(entries[i] & of_file));
            if (written) memcpy(to + at, a->base + at, EK_PAGE);
        }
    }
}

ek_status ek_arena_fork(ek_arena *a, ek_arena **out, char *err, size_t errlen) {
    ek_arena *b = new_handle(false);
    if (!b) return EK_ENOMEM;
    b->fd = freeze(a) ? fcntl(a->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (b->fd < 0 || !map(b, a->hdr->total_bytes, MAP_PRIVATE)) {
        snprintf(err, errlen, "cannot map a copy of the store: %s", strerror(errno));
        drop_handle(b);
        return EK_ENOMEM;
    }
    b->frozen = true;
    const ek_header *h = a->hdr;
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    copy_written(a, b->base, pagemap, 0, EK_PAGE);
    copy_written(a, b->base, pagemap, h->journal_off,
                 atomic_load_explicit(&h->journal_used, memory_order_relaxed));
    copy_written(a, b->base, pagemap, h->pages_off, (uint64_t)h->heap_pages * sizeof(ek_page));
    copy_written(a, b->base, pagemap, h->heap_off, (uint64_t)h->heap_pages * EK_PAGE);
    if (pagemap >= 0) close(pagemap);
    wire(b);
    ek_lock_init(&b->hdr->lock, false);
    ek_snapshot_forked(b);
    if (!ek_clean(b)) ek_undo(b, NULL);
    remember(b);
    *out = b;
    return EK_OK;
}

ek_status ek_arena_view(ek_arena *a, ek_arena **out) {
    ek_arena *b = new_handle(false);
    if (!b) return EK_ENOMEM;
    b->fd = a->fd;
    bool mapped = map(b, a->hdr->total_bytes, MAP_PRIVATE);
    b->fd = -1;
    if (!mapped) {
        drop_handle(b);
        return EK_ENOMEM;
    }
    memcpy(b->base, a->base, EK_PAGE);
    b->hdr->snapshot = 0;
    ek_lock_init(&b->hdr->lock, false);
    wire(b);
    *out = b;
    return EK_OK;
}

void ek_arena_drop_view(ek_arena *view) { drop_handle(view); }
