#define _GNU_SOURCE
#include "persist/newest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "persist/aof.h"
#include "persist/rdb.h"
#include "persist/rdb_opcodes.h"
#include "store/feed.h"

enum { MAGIC_BYTES = 9, HEAD_BYTES = 1024 };

/* Where a log ends. */
typedef struct log_end {
    unsigned long long base, incr, bytes;
} log_end;

static log_end end_of(const ek_manifest *m, int dir) {
    struct stat st;
    const ek_aof_file *base = ek_manifest_base(m), *last = ek_manifest_last_incr(m);
    return (log_end){
        .base = base ? base->seq : 0,
        .incr = last ? last->seq : 0,
        .bytes = last && fstatat(dir, last->name, &st, 0) == 0 ? (unsigned long long)st.st_size : 0,
    };
}

/* The same, when all is written that was committed to it. */
static log_end end_to_come(const ek_store *store, const ek_store *s, const ek_manifest *m, int dir) {
    const ek_feed_state *state = ek_feed_state_of(store->a);
    uint64_t tail = s->root->feed.tail, written = atomic_load(&state->written);
    log_end end = end_of(m, dir);
    if (state->file_id && state->file_id == end.incr) {
        end.bytes = tail - state->file_at;
    } else if (!state->file_id && tail != written) { /* it is yet to begin */
        end.incr = ek_manifest_next(m, 'i');
        end.bytes = tail - written;
    }
    return end;
}

void ek_newest_mark(const ek_store *store, const ek_store *s, char out[EK_AFTER_LOG_CHARS]) {
    ek_manifest m = {0};
    ek_manifest_error wrong;
    out[0] = 0;
    if (!store->a->shared || s->root->config.appendonly) return;
    if (!ek_feed_state_of(store->a)->durable || ek_feed_state_of(store->a)->apart) return;
    ek_aof there = {.dir = openat(store->a->dir_fd, EK_AOF_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (there.dir < 0 || ek_aof_read_manifest(&there, &m, &wrong) == 0) {
        log_end end = end_to_come(store, s, &m, there.dir);
        if (end.base | end.incr)
            snprintf(out, EK_AFTER_LOG_CHARS, "%llu %llu %llu", end.base, end.incr, end.bytes);
    }
    ek_manifest_free(&m);
    if (there.dir >= 0) close(there.dir);
}

/* Among the fields at the beginning of a file. */
static bool find_mark(ek_rdb_in *in, log_end *then) {
    uint8_t op;
    ek_str name, value;
    while (ek_rdb_get_byte(in, &op) && op == EK_RDB_OP_AUX) {
        char text[EK_AFTER_LOG_CHARS];
        if (!ek_rdb_pass_string(in, &name) || !ek_rdb_pass_string(in, &value)) return false;
        if (name.n != strlen(EK_AFTER_LOG) || memcmp(name.p, EK_AFTER_LOG, name.n) != 0) continue;
        if (value.n >= sizeof text) return false;
        memcpy(text, value.p, value.n);
        text[value.n] = 0;
        return sscanf(text, "%llu %llu %llu", &then->base, &then->incr, &then->bytes) == 3;
    }
    return false;
}

bool ek_newest_is_snapshot(int fd, const ek_manifest *m, int dir) {
    uint8_t head[HEAD_BYTES];
    ssize_t n = pread(fd, head, sizeof head, 0);
    log_end then, now = end_of(m, dir);
    if (n <= MAGIC_BYTES || memcmp(head, "REDIS", 5) != 0) return false;
    ek_rdb_in in = {.p = head + MAGIC_BYTES, .end = head + n};
    return find_mark(&in, &then) && then.base == now.base && then.incr == now.incr &&
           now.bytes <= then.bytes;
}
