#define _GNU_SOURCE
#include "persist/aof_unnamed.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist/aof.h"

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), k = strlen(end);
    return n >= k && strcmp(name + n - k, end) == 0;
}

/* A base, or an increment in which there is something. */
static bool holds_data(int dir, int store_dir, const char *name) {
    struct stat st, snapshot;
    if (strncmp(name, EK_AOF_BASENAME ".", sizeof EK_AOF_BASENAME) != 0) return false;
    bool base = ends_with(name, ".base.rdb") || ends_with(name, ".base.aof");
    if (!base && !ends_with(name, ".incr.aof")) return false;
    if (fstatat(dir, name, &st, 0) != 0 || st.st_size == 0) return false;
    bool other_name = base && fstatat(store_dir, EK_AOF_SNAPSHOT, &snapshot, 0) == 0 &&
                      snapshot.st_ino == st.st_ino && snapshot.st_dev == st.st_dev;
    return !other_name;
}

bool ek_aof_misses_manifest(int dir, int store_dir, char *what, size_t n) {
    struct stat st;
    if (fstatat(dir, EK_AOF_BEGUN, &st, 0) == 0) return false;
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (!list && fd >= 0) close(fd);
    size_t at = 0;
    for (const struct dirent *e; list && (e = readdir(list));) {
        if (!holds_data(dir, store_dir, e->d_name) || at + strlen(e->d_name) + 64 > n) continue;
        at += (size_t)snprintf(what + at, n - at, "%s %s", at ? "," : "is missing, though there is",
                               e->d_name);
    }
    if (list) closedir(list);
    return at > 0;
}
