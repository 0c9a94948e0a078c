#define _GNU_SOURCE
#include "arena/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena/arena.h"
#include "base/random.h"

#define LINK_NAME "arena"
#define FILE_PREFIX "emberkv-"
#define RANDOM_DIGITS 16

typedef struct identity {
    unsigned long long inode, birth_ns;
} identity;

static bool identify(int dir, identity *who) {
    struct statx st;
    if (statx(dir, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) != 0) return false;
    *who = (identity){.inode = st.stx_ino};
    if (st.stx_mask & STATX_BTIME)
        who->birth_ns = (unsigned long long)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
    return true;
}

static bool is_same(identity a, identity b) {
    return a.birth_ns && b.birth_ns ? a.birth_ns == b.birth_ns : a.inode == b.inode;
}

/* Who copied what links point to has the memory itself here, as it was at no one moment. */
static ek_link_kind kind_of_file(int dir) {
    uint64_t magic = 0;
    int fd = openat(dir, LINK_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return EK_LINK_STRANGE;
    bool ours = pread(fd, &magic, sizeof magic, 0) == (ssize_t)sizeof magic && magic == EK_ARENA_MAGIC;
    close(fd);
    return ours ? EK_LINK_COPIED : EK_LINK_STRANGE;
}

ek_link_kind ek_link_read(int dir, char target[PATH_MAX]) {
    identity here, made_in;
    ssize_t n = readlinkat(dir, LINK_NAME, target, PATH_MAX - 1);
    target[n < 0 ? 0 : n] = 0;
    if (n < 0 && errno == ENOENT) return EK_LINK_NONE;
    if (n < 0 && errno == EINVAL) return kind_of_file(dir);
    if (n < 0) return EK_LINK_FAILED;
    const char *name = strrchr(target, '/');
    size_t prefix = strlen(FILE_PREFIX);
    if (!name || strncmp(++name, FILE_PREFIX, prefix) != 0) return EK_LINK_STRANGE;
    if (strlen(name) < prefix + RANDOM_DIGITS) return EK_LINK_STRANGE;
    if (!name[prefix + RANDOM_DIGITS]) return EK_LINK_OWN; /* a version before; its memory tells */
    if (sscanf(name + prefix + RANDOM_DIGITS, ".%llx.%llx", &made_in.inode, &made_in.birth_ns) != 2)
        return EK_LINK_STRANGE;
    if (!identify(dir, &here)) return EK_LINK_FAILED;
    return is_same(here, made_in) ? EK_LINK_OWN : EK_LINK_COPIED;
}

bool ek_link_make(int dir, const char *place, char target[PATH_MAX]) {
    uint64_t id;
    identity who;
    char full[PATH_MAX];
    /* A union file system makes another directory of one that it has only been reading. */
    if (!realpath(place, full) || futimens(dir, NULL) != 0 || !identify(dir, &who)) return false;
    ek_random_seed_bytes(&id, sizeof id);
    int n = snprintf(target, PATH_MAX, "%s/" FILE_PREFIX "%016llx.%llx.%llx", full,
                     (unsigned long long)id, who.inode, who.birth_ns);
    if (n < 0 || n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    ek_link_remove(dir);
    return symlinkat(target, dir, LINK_NAME) == 0;
}

void ek_link_remove(int dir) { unlinkat(dir, LINK_NAME, 0); }

ek_memory_use ek_link_use(int dir) {
    char target[PATH_MAX];
    if (ek_link_read(dir, target) != EK_LINK_OWN) return EK_MEMORY_NONE;
    int fd = open(target, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return EK_MEMORY_NONE;
    bool free_of_all = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return free_of_all ? EK_MEMORY_LEFT : EK_MEMORY_OPEN;
}
