#include "commands/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST ((off_t)1 << 30)

bool ek_text_file_read(ek_ctx *c, const char *path, ek_str *out) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MOST) {
        close(fd);
        errno = EINVAL;
        return false;
    }
    ek_guard g;
    uint8_t *bytes = NULL;
    ek_status failed = EK_GUARD(c->a, &g);
    if (failed == EK_OK) {
        bytes = ek_scratch_alloc(c, (size_t)st.st_size + 1);
        ek_unguard(c->a, &g);
    }
    ssize_t n = 1;
    size_t have = 0;
    while (failed == EK_OK && n > 0 && have < (size_t)st.st_size) {
        n = read(fd, bytes + have, (size_t)st.st_size - have);
        if (n > 0) have += (size_t)n;
    }
    int error = errno;
    close(fd);
    if (failed != EK_OK) ek_raise(c->a, failed);
    errno = error;
    *out = (ek_str){bytes, have};
    return n >= 0;
}

bool ek_text_file_replace(const char *path, ek_str text, bool is_secret) {
    char fresh[4096];
    struct stat st;
    mode_t mode = !is_secret && stat(path, &st) == 0 ? st.st_mode & 0777 : 0600;
    int n = snprintf(fresh, sizeof fresh, "%s.tmp-%d", path, (int)getpid());
    if (n < 0 || (size_t)n >= sizeof fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    size_t at = 0;
    bool ok = true;
    while (ok && at < text.n) {
        ssize_t k = write(fd, text.p + at, text.n - at);
        ok = k >= 0 || errno == EINTR;
        if (k > 0) at += (size_t)k;
    }
    ok = ok && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int error = errno;
    close(fd);
    if (ok && rename(fresh, path) == 0) return true;
    if (ok) error = errno;
    unlink(fresh);
    errno = error;
    return false;
}
