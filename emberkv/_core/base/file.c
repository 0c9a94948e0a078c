#define _GNU_SOURCE
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"

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

bool ek_file_directory(const char *path, char dir[PATH_MAX]) {
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

/* 0 or an errno, as below. */
static int sync_directory_of(const char *path) {
    char dir[PATH_MAX];
    int fd, failed = ek_file_directory(path, dir) ? 0 : ENAMETOOLONG;
    if (!failed) failed = ek_disk_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &fd);
    if (failed) return failed;
    failed = ek_disk_sync_dir(fd);
    close(fd);
    return failed;
}

int ek_file_begin(ek_new_file *f, const char *path, mode_t mode) {
    static _Atomic unsigned count;
    char dir[PATH_MAX];
    *f = (ek_new_file){.path = path, .fd = -1};
    if (!ek_file_directory(path, dir)) return -1;
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) { /* a device, say */
        errno = S_ISDIR(there.st_mode) ? EISDIR : EEXIST;
        return -1;
    }
    const char *slash = strrchr(path, '/');
    int n = snprintf(f->temp, sizeof f->temp, "%s/temp-%ld-%u-%s", dir, (long)getpid(),
                     atomic_fetch_add(&count, 1), slash ? slash + 1 : path);
    if (n < 0 || (size_t)n >= sizeof f->temp) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if ((errno = ek_disk_step())) return -1;
    f->fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
    if (f->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return f->fd;
    f->named = true;
    return f->fd = open(f->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
}

/* A name for what has none: links cannot take another's place, names can. */
static int give_name(ek_new_file *f) {
    char own[40];
    if (f->named) return 0;
    snprintf(own, sizeof own, "/proc/self/fd/%d", f->fd);
    int failed = ek_disk_step();
    if (!failed && linkat(AT_FDCWD, own, AT_FDCWD, f->temp, AT_SYMLINK_FOLLOW) != 0) failed = errno;
    f->named = !failed;
    return failed;
}

bool ek_file_end(ek_new_file *f, bool ok) {
    int failed = ok ? ek_disk_sync(f->fd) : errno;
    if (!failed && ok) failed = give_name(f);
    if (!failed && ok) failed = ek_disk_rename(AT_FDCWD, f->temp, f->path);
    close(f->fd);
    ok = ok && !failed;
    if (ok) failed = sync_directory_of(f->path);
    else if (f->named) unlink(f->temp);
    errno = failed;
    return ok && !failed;
}
