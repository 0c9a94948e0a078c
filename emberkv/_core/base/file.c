#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

bool ek_write_all(int fd, const void *from, size_t n) {
    const uint8_t *p = from;
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

ssize_t ek_read_all(int fd, void *to, size_t n) {
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(fd, (uint8_t *)to + have, n - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

/* The directory that a path lies in. False: its name is too long. */
static bool directory_of(const char *path, char dir[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    size_t n = slash == path || !slash ? 1 : (size_t)(slash - path);
    if (n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(dir, slash ? path : ".", n);
    dir[n] = 0;
    return true;
}

bool ek_sync_directory_of(const char *path) {
    char dir[PATH_MAX];
    int fd = directory_of(path, dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) return false;
    /* Some file systems cannot sync a directory, and say so: there is no more to be had. */
    bool ok = fsync(fd) == 0 || errno == EINVAL;
    int e = errno;
    close(fd);
    errno = e;
    return ok;
}

int ek_file_begin(ek_new_file *f, const char *path) {
    static _Atomic unsigned count;
    char dir[PATH_MAX];
    *f = (ek_new_file){.path = path, .fd = -1};
    if (!directory_of(path, dir)) return -1;
    const char *slash = strrchr(path, '/');
    int n = snprintf(f->temp, sizeof f->temp, "%s/temp-%ld-%u-%s", dir, (long)getpid(),
                     atomic_fetch_add(&count, 1), slash ? slash + 1 : path);
    if (n < 0 || (size_t)n >= sizeof f->temp) {
        errno = ENAMETOOLONG;
        return -1;
    }
    f->fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);
    if (f->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return f->fd;
    f->named = true;
    return f->fd = open(f->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

/* A name for what has none: links cannot take another's place, names can. */
static bool give_name(ek_new_file *f) {
    char own[40];
    if (f->named) return true;
    snprintf(own, sizeof own, "/proc/self/fd/%d", f->fd);
    f->named = linkat(AT_FDCWD, own, AT_FDCWD, f->temp, AT_SYMLINK_FOLLOW) == 0;
    return f->named;
}

bool ek_file_end(ek_new_file *f, bool ok) {
    int e = errno;
    ok = ok && fsync(f->fd) == 0 && give_name(f) && rename(f->temp, f->path) == 0;
    if (!ok && errno) e = errno;
    close(f->fd);
    if (ok) return ek_sync_directory_of(f->path);
    if (f->named) unlink(f->temp);
    errno = e;
    return false;
}
