#define _GNU_SOURCE
#include "base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTS_AT_ONCE 64

/* --- faults --- */

#ifdef EK_CHECK
static struct {
    _Atomic uint64_t steps, at;
    ek_disk_fault_kind kind;
    int error;
    bool on;
} fault;

bool ek_disk_fault(uint64_t n, ek_disk_fault_kind kind, int error, bool on) {
    fault.kind = kind;
    fault.error = error;
    fault.on = on;
    atomic_store(&fault.at, n ? atomic_load(&fault.steps) + n : 0);
    return true;
}

uint64_t ek_disk_steps(void) { return atomic_load(&fault.steps); }

/* The errno with which this step fails, or 0. */
static int fails(void) {
    uint64_t step = atomic_fetch_add(&fault.steps, 1) + 1, at = atomic_load(&fault.at);
    if (!at || (fault.on ? step < at : step != at)) return 0;
    if (fault.kind == EK_DISK_KILLED) kill(getpid(), SIGKILL);
    return fault.error;
}

static int write_fails(int fd, const struct iovec *part, uint64_t at) {
    uint64_t next = atomic_load(&fault.steps) + 1, due = atomic_load(&fault.at);
    bool now = due && (fault.on ? next >= due : next == due);
    if (now && fault.kind != EK_DISK_FAILS &&
        pwrite(fd, part->iov_base, part->iov_len / 2, (off_t)at) < 0)
        return errno;
    return fails();
}
#else
bool ek_disk_fault(uint64_t n, ek_disk_fault_kind kind, int error, bool on) { return false; }
uint64_t ek_disk_steps(void) { return 0; }
EK_INLINE int fails(void) { return 0; }
EK_INLINE int write_fails(int fd, const struct iovec *part, uint64_t at) { return 0; }
#endif

int ek_disk_step(void) { return fails(); }

/* Do it again while signals interrupt it; its errno, or 0. */
#define FINISH(call) \
    __extension__({ \
        int rc_; \
        do rc_ = (call); \
        while (rc_ < 0 && errno == EINTR); \
        rc_ < 0 ? errno : 0; \
    })

/* --- steps --- */

int ek_disk_make_dir(int dir, const char *name) {
    int failed = fails();
    if (failed) return failed;
    return mkdirat(dir, name, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

int ek_disk_open(int dir, const char *name, int flags, int *out) {
    *out = -1;
    int failed = fails();
    if (failed) return failed;
    do *out = openat(dir, name, flags | O_CLOEXEC, 0600);
    while (*out < 0 && errno == EINTR);
    return *out < 0 ? errno : 0;
}

int ek_disk_write(int fd, const struct iovec *parts, int n, uint64_t at) {
    int failed = n ? write_fails(fd, parts, at) : 0;
    if (failed) return failed;
    struct iovec rest[PARTS_AT_ONCE];
    while (n > 0) {
        int m = n < PARTS_AT_ONCE ? n : PARTS_AT_ONCE, from = 0;
        memcpy(rest, parts, (size_t)m * sizeof *parts);
        while (from < m) {
            ssize_t done = pwritev(fd, rest + from, m - from, (off_t)at);
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) return errno;
            if (done == 0) return ENOSPC;
            at += (uint64_t)done;
            while (from < m && (size_t)done >= rest[from].iov_len)
                done -= (ssize_t)rest[from++].iov_len;
            if (from == m) break;
            rest[from].iov_base = (uint8_t *)rest[from].iov_base + done;
            rest[from].iov_len -= (size_t)done;
        }
        parts += m;
        n -= m;
    }
    return 0;
}

int ek_disk_sync(int fd) {
    int failed = fails();
    return failed ? failed : FINISH(fdatasync(fd));
}

int ek_disk_cut(int fd, uint64_t length) {
    int failed = fails();
    return failed ? failed : FINISH(ftruncate(fd, (off_t)length));
}

int ek_disk_rename(int dir, const char *from, const char *to) {
    int failed = fails();
    return failed ? failed : FINISH(renameat(dir, from, dir, to));
}

int ek_disk_link(int from_dir, const char *from, int to_dir, const char *to) {
    int failed = fails();
    return failed ? failed : FINISH(linkat(from_dir, from, to_dir, to, 0));
}

int ek_disk_unlink(int dir, const char *name) {
    int failed = fails();
    if (failed) return failed;
    return unlinkat(dir, name, 0) == 0 || errno == ENOENT ? 0 : errno;
}

/* Not every file system can; those that cannot need no such thing. */
int ek_disk_sync_dir(int dir) {
    int failed = fails();
    if (!failed) failed = FINISH(fsync(dir));
    return failed == EINVAL || failed == ENOTSUP ? 0 : failed;
}

int ek_disk_replace(int dir, const char *name, const void *bytes, size_t n) {
    char temp[256];
    if ((size_t)snprintf(temp, sizeof temp, "temp-%s", name) >= sizeof temp) return ENAMETOOLONG;
    int fd, failed = ek_disk_open(dir, temp, O_WRONLY | O_CREAT | O_TRUNC, &fd);
    if (failed) return failed;
    struct iovec all = {(void *)bytes, n};
    failed = ek_disk_write(fd, &all, 1, 0);
    if (!failed) failed = ek_disk_sync(fd);
    close(fd);
    if (!failed) failed = ek_disk_rename(dir, temp, name);
    if (!failed) return ek_disk_sync_dir(dir);
    unlinkat(dir, temp, 0);
    return failed;
}
