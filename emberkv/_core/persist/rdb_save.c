#include "persist/rdb_save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/file.h"
#include "base/number.h"
#include "engine/version.h"
#include "persist/aof_base.h"
#include "persist/crc64.h"
#include "persist/rdb.h"
#include "persist/rdb_opcodes.h"

enum {
    BUFFER_BYTES = 128 << 10,
    HELD_US = 1000, /* how long others may have to wait */
    LOOK_AFTER = 64, /* keys */
    NAP_US = 20000   /* of a delay, before it is asked whether to go on */
};

#define NO_VIEW "there was no room to keep what changed meanwhile"

typedef struct saver {
    ek_rdb_out out; /* first: what the writing calls are given */
    ek_rdb_save *save;
    int fd;
    uint64_t crc;
    ek_scratch scratch;
    uint8_t access;     /* the opcode of what is written of uses; 0: nothing */
    int64_t entered_us; /* when the lock was taken */
} saver;

/* Whoever failed has said why in err. */
EK_NORETURN static void give_up(saver *w) { ek_raise(w->save->s->a, EK_ESYS); }

EK_NORETURN static void fail(saver *w, const char *what) {
    w->save->error = errno;
    snprintf(w->save->err, sizeof w->save->err, "%s: %s", what, strerror(errno));
    give_up(w);
}

EK_NORETURN static void no_view(saver *w) {
    snprintf(w->save->err, sizeof w->save->err, NO_VIEW);
    give_up(w);
}

EK_NORETURN static void called_off(saver *w) {
    snprintf(w->save->err, sizeof w->save->err, "was called off");
    give_up(w);
}

/* The lock is let go of for the write. */
static void flush(ek_rdb_out *o) {
    saver *w = (saver *)o;
    ek_rdb_save *save = w->save;
    if (save->leave) save->leave(save->arg);
    if (!save->no_checksum) w->crc = ek_crc64(w->crc, o->buf, o->len);
    struct iovec all = {o->buf, o->len};
    int failed = ek_disk_write(w->fd, &all, 1, save->bytes);
    save->bytes += o->len;
    o->len = 0;
    bool goes_on = !save->go_on || save->go_on(save->arg, save->keys);
    bool entered = !save->enter || save->enter(save->arg);
    w->entered_us = ek_clock_monotonic_us();
    errno = failed;
    if (failed) fail(w, "cannot be written");
    if (!entered) no_view(w);
    if (!goes_on) called_off(w);
}

static void put_aux(saver *w, const char *name, const char *value) {
    ek_rdb_put_byte(&w->out, EK_RDB_OP_AUX);
    ek_rdb_put_string(&w->out, (ek_str){(const uint8_t *)name, strlen(name)});
    ek_rdb_put_string(&w->out, (ek_str){(const uint8_t *)value, strlen(value)});
}

static void put_aux_number(saver *w, const char *name, int64_t v) {
    char text[EK_I64_CHARS + 1];
    text[ek_format_i64(text, v)] = 0;
    put_aux(w, name, text);
}

/* As it stands: it is read without memory for what is compressed. */
static void put_after_log(saver *w) {
    bool plain = w->out.plain;
    w->out.plain = true;
    put_aux(w, EK_AFTER_LOG, w->save->after_log);
    w->out.plain = plain;
}

static void put_head(saver *w) {
    const ek_store *s = w->save->s;
    char magic[16];
    snprintf(magic, sizeof magic, "REDIS%04d", w->out.version);
    ek_rdb_put_raw(&w->out, magic, 9);
    put_aux(w, "redis-ver", EK_REDIS_VERSION);
    put_aux_number(w, "redis-bits", 64);
    put_aux_number(w, "ctime", ek_store_now_ms(s) / 1000);
    put_aux_number(w, "used-mem", (int64_t)s->a->hdr->used_bytes);
    put_aux_number(w, "aof-base", w->save->aof_base);
    if (w->save->after_log[0]) put_after_log(w);
}

static void put_access(saver *w, uint32_t access) {
    const ek_store *s = w->save->s;
    ek_rdb_put_byte(&w->out, w->access);
    if (w->access == EK_RDB_OP_FREQUENCY)
        ek_rdb_put_byte(&w->out, (uint8_t)ek_access_counter(s, access));
    else
        ek_rdb_put_length(&w->out, ek_access_idle(s, access) / EK_ACCESS_SECOND);
}

/* rdb-key-save-delay: what tests wish for that look at a save while it runs. Without the lock, if that
 * may be let go of. */
static EK_NOINLINE void delay(saver *w) {
    ek_rdb_save *save = w->save;
    if (save->delay < 0 && save->keys % (uint64_t)-save->delay) return;
    int64_t until_us = ek_clock_monotonic_us() + ek_max(save->delay, 1), left_us;
    while ((left_us = until_us - ek_clock_monotonic_us()) > 0) {
        if (save->leave) save->leave(save->arg);
        usleep((useconds_t)ek_min(left_us, NAP_US));
        bool goes_on = !save->go_on || save->go_on(save->arg, save->keys);
        if (save->enter && !save->enter(save->arg)) no_view(w);
        w->entered_us = ek_clock_monotonic_us();
        if (!goes_on) called_off(w);
    }
}

/* Pages of a view that nobody has read before may take longer than what fills the buffer. */
static bool key_is_put(saver *w) {
    w->save->keys++;
    if (EK_UNLIKELY(w->save->delay)) delay(w);
    if (EK_UNLIKELY(w->save->keys % LOOK_AFTER == 0) && w->save->leave &&
        ek_clock_monotonic_us() - w->entered_us > HELD_US)
        flush(&w->out);
    return true;
}

static bool put_key(void *arg, ek_ref item) {
    saver *w = arg;
    ek_rdb_out *o = &w->out;
    ek_value v;
    ek_entry_read(w->save->s->a, item, &v);
    if (w->save->commands) {
        ek_aof_base_put_key(o, &v);
        return key_is_put(w);
    }
    if (v.expire_ms != EK_NO_EXPIRE) {
        ek_rdb_put_byte(o, EK_RDB_OP_EXPIRE_MS);
        ek_rdb_put_u64(o, (uint64_t)v.expire_ms);
    }
    if (EK_UNLIKELY(w->access)) put_access(w, ((const ek_entry *)ek_ptr(w->save->s->a, item))->access);
    o->key = &v.key;
    ek_rdb_put_value(o, &v);
    ek_rdb_put_sent(o, &v);
    ek_scratch_reset(&w->scratch);
    return key_is_put(w);
}

static void put_database(saver *w, uint32_t dbi) {
    const ek_db *db = &w->save->s->dbs[dbi];
    if (db->keys.count == 0) return;
    if (w->save->commands) {
        ek_aof_base_put_database(&w->out, dbi);
    } else {
        ek_rdb_put_byte(&w->out, EK_RDB_OP_DATABASE);
        ek_rdb_put_length(&w->out, dbi);
        ek_rdb_put_byte(&w->out, EK_RDB_OP_RESIZE);
        ek_rdb_put_length(&w->out, db->keys.count);
        ek_rdb_put_length(&w->out, db->expires.count);
    }
    ek_table_each(w->save->s->a, &db->keys, put_key, w);
}

static void put_end(saver *w) {
    uint64_t checksum = 0;
    ek_rdb_put_byte(&w->out, EK_RDB_OP_END);
    if (!w->save->no_checksum) checksum = ek_crc64(w->crc, w->out.buf, w->out.len);
    ek_rdb_put_raw(&w->out, &checksum, sizeof checksum);
}

static void put_all_commands(saver *w) {
    ek_aof_base_put_libraries(&w->out);
    for (uint32_t i = 0; i < w->save->s->root->ndbs; i++) put_database(w, i);
    flush(&w->out);
}

static void put_all(saver *w) {
    put_head(w);
    ek_rdb_put_libraries(&w->out);
    for (uint32_t i = 0; i < w->save->s->root->ndbs; i++) put_database(w, i);
    if (w->out.cap - w->out.len < 9) flush(&w->out); /* the checksum's own bytes are not in it */
    put_end(w);
    flush(&w->out);
}

/* The lowest version that has everything that is in the store. O(databases). */
static int version_of(const ek_store *s) {
    for (uint32_t i = 0; i < s->root->ndbs; i++)
        if (s->dbs[i].field_expires.count) return EK_RDB_VERSION_FIELDS;
    return EK_RDB_VERSION;
}

/* What the policy goes by is written, as servers do. */
static uint8_t access_opcode(const ek_store *s) {
    switch (s->root->config.maxmemory_policy) {
    case EK_EVICT_VOLATILE_LRU:
    case EK_EVICT_ALLKEYS_LRU: return EK_RDB_OP_IDLE;
    case EK_EVICT_VOLATILE_LFU:
    case EK_EVICT_ALLKEYS_LFU: return EK_RDB_OP_FREQUENCY;
    default: return 0;
    }
}

static bool save_guarded(saver *w) {
    ek_guard g;
    ek_arena *a = w->save->s->a;
    ek_status st = EK_GUARD(a, &g);
    if (st != EK_OK) {
        if (st == EK_ENOMEM) snprintf(w->save->err, sizeof w->save->err, "no memory");
        if (st == EK_ECORRUPT)
            snprintf(w->save->err, sizeof w->save->err, "a structure contradicts itself");
        return false;
    }
    if (w->save->commands) put_all_commands(w);
    else put_all(w);
    ek_unguard(a, &g);
    return true;
}

bool ek_rdb_save_fd(ek_rdb_save *save, int fd) {
    const ek_store *s = save->s;
    saver *w = calloc(1, sizeof *w);
    uint8_t *buf = w ? malloc(BUFFER_BYTES) : NULL;
    bool ok = false;
    save->keys = save->bytes = 0;
    save->error = 0;
    save->err[0] = 0;
    if (buf) {
        w->out = (ek_rdb_out){
            .s = s, .scratch = &w->scratch, .buf = buf, .cap = BUFFER_BYTES,
            .version = version_of(s), .now_ms = 0, /* no key may end without a field */
            .plain = save->plain, .flush = flush,
        };
        w->save = save;
        w->fd = fd;
        w->access = access_opcode(s);
        w->entered_us = ek_clock_monotonic_us();
        ok = save_guarded(w);
        save->version = w->out.version;
        ek_scratch_free(&w->scratch);
    } else {
        snprintf(save->err, sizeof save->err, "no memory");
    }
    free(buf);
    free(w);
    return ok;
}

/* Elsewhere than in a store's directory the umask says whose a file is, as it does for a server's. */
static mode_t mode_of(const ek_arena *owner, const char *path) {
    char dir[PATH_MAX];
    struct stat own, there;
    bool inside = owner && owner->dir_fd >= 0 && ek_file_directory(path, dir) &&
                  fstat(owner->dir_fd, &own) == 0 && stat(dir, &there) == 0 &&
                  own.st_dev == there.st_dev && own.st_ino == there.st_ino;
    return inside ? 0600 : 0666;
}

bool ek_rdb_save_file(ek_rdb_save *save, const char *path) {
    ek_new_file f;
    save->error = 0;
    save->err[0] = 0;
    if (save->leave) save->leave(save->arg); /* a directory may take its time */
    bool begun = ek_file_begin(&f, path, mode_of(save->owner, path)) >= 0;
    int why_not = errno;
    bool entered = !save->enter || save->enter(save->arg);
    bool ok = begun && entered && ek_rdb_save_fd(save, f.fd);
    if (begun && !entered) snprintf(save->err, sizeof save->err, NO_VIEW);
    if (!begun) errno = why_not;
    if (ok && save->leave) save->leave(save->arg);
    bool held = !ok;
    if (begun) ok = ek_file_end(&f, ok);
    if (!held && save->enter) save->enter(save->arg); /* all of it has been read: no matter */
    if (!ok && !save->err[0]) {
        save->error = errno;
        snprintf(save->err, sizeof save->err, "cannot be written: %s", strerror(errno));
    }
    return ok;
}
