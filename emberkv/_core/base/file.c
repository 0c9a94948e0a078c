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

bool ek_sync_directory_of(const char *path) {
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash == path ? 1 : slash ? (size_t)(slash - path) : 1;
    if (n >= sizeof dir) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(dir, slash ? path : ".", n);
    dir[n] = 0;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    /* Some file systems cannot sync a directory, and say so: there is no more to be had. */
    bool ok = fsync(fd) == 0 || errno == EINVAL;
    int e = errno;
    close(fd);
    errno = e;
    return ok;
}

int ek_file_begin(const char *path, char *temp, size_t templen) {
    static _Atomic unsigned count;
    const char *slash = strrchr(path, '/');
    int dir = slash ? (int)(slash - path) + 1 : 0;
    int n = snprintf(temp, templen, "%.*stemp-%ld-%u-%s", dir, path, (long)getpid(),
                     atomic_fetch_add(&count, 1), path + dir);
    if (n < 0 || (size_t)n >= templen) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

bool ek_file_end(int fd, const char *temp, const char *path, bool ok) {
    int e = errno;
    if (ok && fsync(fd) != 0) ok = false, e = errno;
    if (close(fd) != 0 && ok) ok = false, e = errno;
    if (ok && rename(temp, path) != 0) ok = false, e = errno;
    if (ok) return ek_sync_directory_of(path);
    unlink(temp);
    errno = e;
    return false;
}
