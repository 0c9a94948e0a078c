/* The beginning of a handle on a path: what its directory holds is loaded, by the first. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "engine/house.h"
#include "persist/aof.h"
#include "persist/aof_load.h"
#include "persist/aof_unnamed.h"
#include "persist/newest.h"
#include "persist/rdb_load.h"
#include "store/feed.h"
#include "store/notify.h"
#include "store/saving.h"
#include "store/waker.h"

#define IN_DIR EK_AOF_DIR "/"

typedef struct opening {
    ek_store *s;
    const ek_durability *how;
    ek_manifest manifest;
    bool within; /* a transaction that is open; else nobody knows the store yet */
    int cut_fd; /* of the last increment, which is to be cut at `whole`; or -1 */
    uint64_t whole, bytes; /* of the last increment; of all files */
    uint64_t done;         /* of the files that were read */
    uint64_t keys, expired; /* that snapshots held */
    char *err;
    size_t errlen;
} opening;

static ek_status refuse(const opening *o, const char *dir, const char *name, const char *what) {
    snprintf(o->err, o->errlen, "%s/%s%s: %s", ek_store_directory(o->s), dir, name, what);
    return EK_EDAMAGED;
}

/* --- loading --- */

static void add_total(opening *o, int dir, const char *name) {
    struct stat st;
    if (fstatat(dir, name, &st, 0) == 0) o->bytes += (uint64_t)st.st_size;
}

static bool go_on(void *arg, uint64_t bytes) {
    const opening *o = arg;
    return !o->how->go_on || o->how->go_on(o->how->arg, o->done + bytes, o->bytes);
}

static ek_status load_one(opening *o, int dir, const char *name, bool last) {
    ek_aof_load load = {.s = o->s, .within = o->within, .go_on = go_on, .arg = o};
    int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
    if (fd < 0) return refuse(o, IN_DIR, name, strerror(errno));
    ek_aof_end_kind end = ek_aof_load_fd(&load, fd);
    o->done += load.bytes;
    o->keys += load.keys;
    bool cuts = end == EK_AOF_CUT && last && o->s->root->config.aof_load_truncated;
    if (cuts) {
        o->cut_fd = fd;
        o->whole = load.whole;
        return EK_OK;
    }
    close(fd);
    if (end == EK_AOF_WHOLE) {
        o->whole = load.bytes;
        return EK_OK;
    }
    return refuse(o, IN_DIR, name, load.err);
}

static ek_status load_files(opening *o, int dir) {
    const ek_manifest *m = &o->manifest;
    const ek_aof_file *last = ek_manifest_last_incr(m);
    for (size_t i = 0; i < m->n; i++) {
        struct stat st;
        if (m->files[i].type == 'h') continue;
        if (fstatat(dir, m->files[i].name, &st, 0) != 0)
            return refuse(o, IN_DIR, m->files[i].name,
                          "is missing, though the manifest names it");
        add_total(o, dir, m->files[i].name);
    }
    const ek_aof_file *base = ek_manifest_base(m);
    ek_status st = base ? load_one(o, dir, base->name, !last) : EK_OK;
    for (size_t i = 0; st == EK_OK && i < m->n; i++)
        if (m->files[i].type == 'i') st = load_one(o, dir, m->files[i].name, &m->files[i] == last);
    return st;
}

/* Behind files that a snapshot is newer than: theirs are not used again. */
static int add_increment(opening *o, uint64_t seq) {
    char name[EK_AOF_NAME_BYTES];
    int fd, dir = o->s->aof->dir;
    ek_aof_name(name, seq, 'i', false);
    int failed = ek_disk_open(dir, name, O_WRONLY | O_CREAT | O_TRUNC, &fd);
    if (failed) return failed;
    close(fd);
    return ek_manifest_add(&o->manifest, 'i', seq, name) ? 0 : ENOMEM;
}

/* A base that is nothing but a snapshot of before: the same file under another name. It takes the place of
 * what there was. */
static int adopt_snapshot(opening *o) {
    ek_aof *f = o->s->aof;
    ek_manifest *m = &o->manifest;
    char name[EK_AOF_NAME_BYTES];
    uint64_t base = ek_manifest_next(m, 'b'), incr = ek_manifest_next(m, 'i');
    ek_aof_name(name, base, 'b', true);
    while (m->n) ek_manifest_drop(m, m->n - 1);
    int failed = ek_aof_open_dir(o->s, true);
    if (!failed) failed = ek_disk_unlink(f->dir, name);
    if (!failed) failed = ek_disk_link(o->s->a->dir_fd, EK_AOF_SNAPSHOT, f->dir, name);
    if (!failed && !ek_manifest_add(m, 'b', base, name)) failed = ENOMEM;
    if (!failed && incr > 1) failed = add_increment(o, incr);
    if (!failed) failed = ek_disk_sync_dir(f->dir);
    return failed ? failed : ek_aof_write_manifest(f, m);
}

static ek_status load_snapshot(opening *o) {
    ek_rdb_load load = {.s = o->s, .go_on = go_on, .arg = o};
    int fd = openat(o->s->a->dir_fd, EK_AOF_SNAPSHOT, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return EK_OK;
    if (fd < 0) return refuse(o, "", EK_AOF_SNAPSHOT, strerror(errno));
    add_total(o, o->s->a->dir_fd, EK_AOF_SNAPSHOT);
    bool ok = ek_rdb_load_fd(&load, fd);
    close(fd);
    if (!ok) return refuse(o, "", EK_AOF_SNAPSHOT, load.err);
    o->keys = load.keys;
    o->expired = load.expired;
    int failed = o->how->appendonly ? adopt_snapshot(o) : 0;
    return failed ? refuse(o, EK_AOF_DIR, "", strerror(failed)) : EK_OK;
}

/* The files of the log; none if there is no directory of it. */
static ek_status read_manifest(opening *o) {
    ek_aof *f = o->s->aof;
    ek_manifest_error wrong;
    char what[256];
    int failed = ek_aof_open_dir(o->s, false);
    if (failed == ENOENT) return EK_OK;
    if (failed) return refuse(o, EK_AOF_DIR, "", strerror(failed));
    if ((failed = ek_aof_read_manifest(f, &o->manifest, &wrong))) {
        if (wrong.line) snprintf(what, sizeof what, "line %u %s", wrong.line, wrong.what);
        else snprintf(what, sizeof what, "%s", wrong.what ? wrong.what : strerror(failed));
        return refuse(o, IN_DIR, EK_AOF_MANIFEST, what);
    }
    if (!o->manifest.n && ek_aof_misses_manifest(f->dir, o->s->a->dir_fd, what, sizeof what))
        return refuse(o, IN_DIR, EK_AOF_MANIFEST, what);
    return EK_OK;
}

/* The log, unless the snapshot is the newer. Who wants no log gets the snapshot whenever there is one;
 * whether that follows from the log is remembered for the next. */
static bool takes_snapshot(const opening *o, bool readable) {
    if (o->within) return false;
    int fd = openat(o->s->a->dir_fd, EK_AOF_SNAPSHOT, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return !o->how->appendonly && errno != ENOENT;
    bool log = o->manifest.n, none = !o->how->appendonly;
    bool newer = readable && log && ek_newest_is_snapshot(fd, &o->manifest, o->s->aof->dir);
    close(fd);
    ek_feed_state_of(o->s->a)->apart = none && !newer && (log || !readable);
    return newer || none;
}

static ek_status load(opening *o) {
    ek_status st = read_manifest(o);
    if (takes_snapshot(o, st == EK_OK)) return load_snapshot(o);
    if (st != EK_OK) return st;
    if (o->manifest.n) return load_files(o, o->s->aof->dir);
    return o->within ? EK_OK : load_snapshot(o);
}

/* --- what goes on behind it --- */

static void keep_from_now_on(void *arg) {
    const opening *o = arg;
    ek_store *s = o->s;
    EK_SET(s->a, s->root->config.appendonly, o->how->appendonly);
    EK_SET(s->a, s->root->config.appendfsync, o->how->appendfsync);
    EK_SET(s->a, s->root->dirty, 0);
    ek_saving_loaded(s, o->keys, o->expired);
    ek_feed_switch(s, o->how->appendonly);
}

/* The last increment is written on, from its last whole unit. */
static ek_status write_on(opening *o) {
    ek_feed_state *state = ek_feed_state_of(o->s->a);
    if (o->cut_fd >= 0) {
        int failed = ek_disk_cut(o->cut_fd, o->whole);
        if (!failed) failed = ek_disk_sync(o->cut_fd);
        if (failed) return refuse(o, EK_AOF_DIR, "", strerror(failed));
    }
    const ek_aof_file *last = ek_manifest_last_incr(&o->manifest);
    char name[EK_AOF_NAME_BYTES];
    if (last) ek_aof_name(name, last->seq, 'i', false);
    if (last && strcmp(name, last->name) == 0) { /* else a new one is begun behind it */
        state->file_id = last->seq;
        state->file_at = 0 - o->whole;
        atomic_store(&state->past_bytes, o->bytes - o->whole);
    } else {
        atomic_store(&state->past_bytes, o->bytes);
    }
    state->base_bytes = o->bytes;
    return EK_OK;
}

/* A file of ours, or a server's, that an earlier state of the manifest named: whoever wrote a newer one was
 * killed before he removed it. */
static bool is_left_over(const ek_manifest *m, const char *name) {
    const ek_aof_file *base = ek_manifest_base(m);
    unsigned long long seq;
    char type, end[8], again[EK_AOF_NAME_BYTES];
    if (!base || sscanf(name, EK_AOF_BASENAME ".%llu.%c%*3[a-z].%3s", &seq, &type, end) != 3) return false;
    ek_aof_name(again, seq, type, strcmp(end, "rdb") == 0);
    if (strcmp(again, name) != 0) return false;
    uint64_t first = base->seq;
    for (size_t i = m->n; type == 'i' && i-- > 0;)
        if (m->files[i].type == 'i') first = m->files[i].seq;
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->files[i].name, name) == 0) return false;
    return (type == 'b' || ek_manifest_last_incr(m)) && seq < first;
}

/* It does not matter if that fails. */
static void remove_left_over(const opening *o) {
    int fd = openat(o->s->aof->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir && fd >= 0) close(fd);
    for (const struct dirent *e; dir && (e = readdir(dir));)
        if (is_left_over(&o->manifest, e->d_name)) ek_disk_unlink(o->s->aof->dir, e->d_name);
    if (dir) closedir(dir);
}

static ek_status load_and_keep(opening *o) {
    ek_store *s = o->s;
    if (ek_arena_enter(s->a, 1000) != EK_OK) return EK_EBUSY;
    s->loading = true;
    ek_status st = load(o);
    s->loading = false;
    if (st == EK_OK && o->how->appendonly) st = write_on(o);
    if (st == EK_OK) st = ek_run(s->a, keep_from_now_on, o);
    if (st == EK_OK && o->manifest.n) remove_left_over(o);
    ek_store_leave(s);
    return st;
}

ek_status ek_aof_load_again(ek_store *s, char *err, size_t errlen) {
    static const ek_durability how = {.appendonly = true};
    opening o = {.s = s, .how = &how, .within = true, .cut_fd = -1, .err = err, .errlen = errlen};
    ek_status st = load(&o);
    if (o.cut_fd >= 0) close(o.cut_fd);
    ek_manifest_free(&o.manifest);
    return st;
}

typedef struct policy {
    ek_store *s;
    int64_t appendfsync;
} policy;

static void set_policy(void *arg) {
    const policy *p = arg;
    EK_SET(p->s->a, p->s->root->config.appendfsync, p->appendfsync);
}

/* Nobody else has the store open whose memory was left: he gets what he asks for, or is told. Settings
 * that can be changed at any time are set by the floors above. */
static ek_status take_over(ek_store *s, const ek_durability *how, char *err, size_t errlen) {
    const char *wrong = NULL;
    if (how->durable != ek_feed_state_of(s->a)->durable)
        wrong = how->durable ? "on no disk: open it with durable=False"
                             : "on disk: open it without durable=False";
    else if (how->durable && how->appendonly && !s->root->config.appendonly)
        wrong = "without an append-only file: open it with appendonly=\"no\"";
    if (wrong) {
        snprintf(err, errlen, "%s: it was left in memory, and kept %s, and close it, before that is changed",
                 s->a->dir_path, wrong);
        return EK_ENOTSTORE;
    }
    if (ek_arena_enter(s->a, 1000) != EK_OK) return EK_EBUSY;
    ek_status st = ek_run(s->a, set_policy, &(policy){s, how->appendfsync});
    ek_store_leave(s);
    return st;
}

static bool use_new(ek_store *s) {
    ek_aof *f = calloc(1, sizeof *f);
    if (!f) return false;
    *f = (ek_aof){.dir = -1, .fd = -1, .sync_fd = -1, .syncs = true, .forks = s->a->forks};
    ek_aof_use(s, f);
    return true;
}

ek_status ek_aof_begin(ek_store *s, const void *arg, bool created, char *err, size_t errlen) {
    const ek_durability *how = arg;
    if (!use_new(s)) return EK_ENOMEM;
    ek_status st = EK_OK;
    if (created) ek_feed_state_of(s->a)->durable = how->durable;
    else if (s->a->alone) st = take_over(s, how, err, errlen);
    if (created && how->durable) {
        opening o = {.s = s, .how = how, .cut_fd = -1, .err = err, .errlen = errlen};
        st = load_and_keep(&o);
        if (o.cut_fd >= 0) close(o.cut_fd);
        ek_manifest_free(&o.manifest);
    }
    bool keeps = ek_feed_on(s) || s->root->config.save || ek_notifies_expiry(s);
    if (st == EK_OK && keeps && !ek_house_begin(s)) {
        snprintf(err, errlen, "no thread can be started to keep the store on disk");
        st = EK_ENOMEM;
    }
    if (st != EK_OK) ek_aof_end(s);
    return st;
}

ek_status ek_aof_allow(ek_store *s) {
    if (s->aof) return EK_OK;
    return ek_feed_make(s->a) && use_new(s) ? EK_OK : EK_ENOMEM;
}
