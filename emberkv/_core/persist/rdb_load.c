#include "persist/rdb_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "persist/crc64.h"
#include "persist/rdb.h"
#include "persist/rdb_opcodes.h"

enum {
    WINDOW_BYTES = 1 << 20,
    MAGIC_BYTES = 9,
    COMMIT_AT_BYTES = 256 << 10, /* of the journal */
    NAME_SHOWN = 64,
    AHEAD = 8, /* keys whose places are fetched while others are made */
    PARTS_PASSED = 64, /* of a value that is passed over to look at the next key */
    EXPECTED_MAX = 4 << 20, /* keys for which room is made beforehand */
    KEY_BYTES_MIN = 3, /* that a key takes in a file */
};

/* One reading of a file.
 *
 *   file      | ......... | window: | done | ahead      | cap | ....... |
 *                         offset     in.p         in.end                  */
typedef struct loader {
    ek_rdb_load *load;
    ek_rdb_in in;
    ek_scratch scratch;
    int fd;
    uint8_t *window;
    size_t cap;
    uint64_t offset;        /* of the window, from where the RDB began */
    const uint8_t *summed;  /* up to here the checksum goes */
    uint64_t crc;
    bool at_end;            /* nothing comes behind the window */
    bool ended;             /* the end's opcode was met */
    const uint8_t *ahead;   /* up to here the keys were looked at */
    unsigned nahead;        /* of these are not made yet */
    uint64_t size;          /* of the file behind where it began; 0: not known */
    int64_t now_ms;
    uint32_t access;
} loader;

static uint64_t position(const loader *l) {
    return l->offset + (uint64_t)(l->in.p - l->window);
}

EK_PRINTF(2, 3) static bool refuse(loader *l, const char *fmt, ...) {
    ek_rdb_load *load = l->load;
    char why[sizeof load->err - 64];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    load->bytes = position(l);
    snprintf(load->err, sizeof load->err, "at byte %llu: %s", (unsigned long long)load->bytes, why);
    return false;
}

static void sum(loader *l) {
    l->crc = ek_crc64(l->crc, l->summed, (size_t)(l->in.p - l->summed));
    l->summed = l->in.p;
}

/* Bring what lies ahead to the window's beginning, and more of the file behind it. False: refused. */
static bool read_on(loader *l) {
    size_t ahead = (size_t)(l->in.end - l->in.p);
    sum(l);
    l->offset = position(l);
    memmove(l->window, l->in.p, ahead);
    if (ahead > l->cap / 2) { /* one value fills it */
        uint8_t *wider = realloc(l->window, l->cap * 2);
        if (wider) {
            l->window = wider;
            l->cap *= 2;
        }
    }
    l->in.p = l->summed = l->ahead = l->window;
    l->nahead = 0;
    l->in.end = l->window + ahead;
    if (ahead == l->cap) return refuse(l, "no memory to read a value");
    ssize_t n = ek_read_all(l->fd, l->window + ahead, l->cap - ahead);
    if (n < 0) return refuse(l, "cannot be read: %s", strerror(errno));
    l->at_end = (size_t)n < l->cap - ahead;
    l->in.end += n;
    return true;
}

/* --- the parts of a file --- */

bool ek_rdb_is_magic(const void *p, size_t n) {
    return n >= MAGIC_BYTES && (memcmp(p, "REDIS0", 6) == 0 || memcmp(p, "VALKEY", 6) == 0);
}

static bool get_head(loader *l) {
    const uint8_t *p = l->in.p;
    if (!ek_rdb_is_magic(p, (size_t)(l->in.end - p))) return refuse(l, "this is no RDB file");
    bool valkey = *p == 'V';
    int version = 0;
    for (size_t i = valkey ? 6 : 5; i < MAGIC_BYTES; i++) {
        if (p[i] < '0' || p[i] > '9') return refuse(l, "its version is no number");
        version = version * 10 + p[i] - '0';
    }
    l->load->version = version;
    l->load->valkey = valkey;
    bool known = valkey ? version == EK_RDB_VERSION_VALKEY
                        : version >= 1 && version <= EK_RDB_VERSION_MAX;
    if (!known)
        return refuse(l, "%s's RDB version %d is not known here: it was written by a newer server",
                      valkey ? "Valkey" : "Redis", version);
    l->in.p += MAGIC_BYTES;
    return true;
}

static bool is(ek_str s, const char *text) {
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static bool get_aux(loader *l) {
    ek_str name, value;
    if (!ek_rdb_get_string(&l->in, &name) || !ek_rdb_get_string(&l->in, &value)) return false;
    if (is(name, "aof-base")) l->load->aof_base = is(value, "1");
    if (ek_rdb_is_sent(name) && !ek_rdb_get_sent(&l->in, value))
        return refuse(l, "what a stream remembers of its producers is damaged");
    return true;
}

static bool get_database(loader *l) {
    uint64_t dbi;
    const ek_store *s = l->load->s;
    if (!ek_rdb_get_length(&l->in, &dbi)) return false;
    if (dbi >= s->root->ndbs)
        return refuse(l, "it has a database %llu, and this store has %u",
                      (unsigned long long)dbi, s->root->ndbs);
    l->in.db = &s->dbs[dbi];
    return true;
}

/* What a key's type byte was preceded by. */
typedef struct key_head {
    int64_t expire_ms;
    uint32_t access;
} key_head;

/* How many keys the database has, if the file can hold so many: room for them all at once. */
static bool get_sizes(loader *l) {
    uint64_t keys, expires;
    if (!ek_rdb_get_length(&l->in, &keys) || !ek_rdb_get_length(&l->in, &expires)) return false;
    uint64_t at = position(l), left = at < l->size ? l->size - at : 0;
    uint64_t most = ek_min(EXPECTED_MAX, left / KEY_BYTES_MIN);
    ek_table_expect(l->load->s->a, &l->in.db->keys, ek_min(keys, most));
    ek_table_expect(l->load->s->a, &l->in.db->expires, ek_min(expires, most));
    return true;
}

static bool skip_lengths(loader *l, int n) {
    uint64_t length;
    while (n-- > 0)
        if (!ek_rdb_get_length(&l->in, &length)) return false;
    return true;
}

static bool get_expiry(loader *l, bool seconds, key_head *h) {
    uint64_t v;
    const uint8_t *p = l->in.p;
    if (!seconds) {
        if (!ek_rdb_get_u64(&l->in, &v)) return false;
        h->expire_ms = (int64_t)v;
        return true;
    }
    if (!ek_rdb_skip(&l->in, 4)) return false;
    h->expire_ms = (int64_t)ek_load32(p) * 1000;
    return true;
}

static bool get_idle(loader *l, key_head *h) {
    uint64_t idle_s;
    if (!ek_rdb_get_length(&l->in, &idle_s)) return false;
    h->access = ek_access_with_idle(l->load->s, idle_s);
    return true;
}

static bool get_frequency(loader *l, key_head *h) {
    uint8_t counter;
    if (!ek_rdb_get_byte(&l->in, &counter)) return false;
    h->access = ek_access_with_counter(l->load->s, counter);
    return true;
}

static bool get_library(loader *l) {
    if (ek_rdb_get_library(&l->in)) return true;
    if (l->in.cut && !l->at_end) return false;
    return refuse(l, "a library of functions is damaged");
}

static bool refuse_value(loader *l, uint8_t type, ek_str key) {
    int shown = (int)ek_min(key.n, NAME_SHOWN);
    if (type == 6 || type == 7)
        return refuse(l, "key '%.*s' has the type of a module, which cannot be read here", shown,
                      (const char *)key.p);
    if (l->in.cut)
        return refuse(l, "the file ends within key '%.*s', or a length there is damaged", shown,
                      (const char *)key.p);
    return refuse(l, "key '%.*s', of type %u, is damaged", shown, (const char *)key.p, type);
}

static bool get_key(loader *l, uint8_t type, const key_head *h) {
    ek_rdb_load *load = l->load;
    ek_value v;
    ek_str key;
    if (!ek_rdb_get_string(&l->in, &key)) return false;
    if (ek_keyspace_find(load->s, l->in.db, key, &v)) {
        if (!load->replace)
            return refuse(l, "key '%.*s' is there already", (int)ek_min(key.n, NAME_SHOWN),
                          (const char *)key.p);
        ek_keyspace_delete(load->s, l->in.db, &v);
    }
    bool ok = ek_rdb_get_value(&l->in, type, key, h->expire_ms, h->access, &v);
    if (!ok && l->in.cut && !l->at_end) return false;
    if (!ok) return refuse_value(l, type, key);
    if (h->expire_ms <= l->now_ms && !load->keep_expired) {
        ek_keyspace_delete(load->s, l->in.db, &v);
        load->expired++;
    } else {
        load->keys++;
    }
    return true;
}

/* Pass over a value. False: it has many parts, or goes on behind the window. */
static bool pass_value(ek_rdb_in *in, uint8_t type) {
    uint64_t parts = 1, container;
    ek_str text;
    switch (type) {
    case EK_RDB_STRING:
    case EK_RDB_LIST_ZIPLIST:
    case EK_RDB_SET_INTSET:
    case EK_RDB_ZSET_ZIPLIST:
    case EK_RDB_HASH_ZIPLIST:
    case EK_RDB_HASH_LISTPACK:
    case EK_RDB_ZSET_LISTPACK:
    case EK_RDB_SET_LISTPACK: return ek_rdb_pass_string(in, &text);
    case EK_RDB_LIST:
    case EK_RDB_SET:
    case EK_RDB_HASH:
    case EK_RDB_LIST_QUICKLIST:
    case EK_RDB_LIST_QUICKLIST_2: break;
    default: return false;
    }
    if (!ek_rdb_get_length(in, &parts) || parts > PARTS_PASSED) return false;
    if (type == EK_RDB_HASH) parts *= 2;
    while (parts-- > 0) {
        if (type == EK_RDB_LIST_QUICKLIST_2 && !ek_rdb_get_length(in, &container)) return false;
        if (!ek_rdb_pass_string(in, &text)) return false;
    }
    return true;
}

/* Look at the next key that was not looked at yet, and fetch the place where it will be looked for. */
static bool fetch_next(loader *l) {
    ek_rdb_in in = l->in;
    uint8_t type;
    ek_str key;
    in.p = l->ahead;
    do {
        if (!ek_rdb_get_byte(&in, &type)) return false;
        if (type == EK_RDB_OP_EXPIRE_MS && !ek_rdb_skip(&in, 8)) return false;
    } while (type == EK_RDB_OP_EXPIRE_MS);
    if (type >= EK_RDB_OP_FIRST || !ek_rdb_pass_string(&in, &key)) return false;
    const ek_arena *a = in.s->a;
    if (key.p) ek_table_prefetch_bucket(a, &in.db->keys, ek_table_hash(a, key));
    if (!pass_value(&in, type)) return false;
    l->ahead = in.p;
    return true;
}

/* A table of many keys is one far line for each; these are fetched before they are needed. */
static void fetch_ahead(loader *l) {
    if (l->ahead <= l->in.p) {
        l->ahead = l->in.p;
        l->nahead = 0;
    } else {
        l->nahead--;
    }
    while (l->nahead < AHEAD && fetch_next(l)) l->nahead++;
}

/* A key, or whatever else stands between keys. False: refused, or the window ended. */
static bool get_item(loader *l) {
    key_head h = {.expire_ms = EK_NO_EXPIRE, .access = l->access};
    for (;;) {
        uint8_t b;
        if (!ek_rdb_get_byte(&l->in, &b)) return false;
        if (b < EK_RDB_OP_FIRST) return get_key(l, b, &h);
        switch (b) {
        case EK_RDB_OP_EXPIRE_MS:
        case EK_RDB_OP_EXPIRE_S:
            if (!get_expiry(l, b == EK_RDB_OP_EXPIRE_S, &h)) return false;
            break;
        case EK_RDB_OP_IDLE:
            if (!get_idle(l, &h)) return false;
            break;
        case EK_RDB_OP_FREQUENCY:
            if (!get_frequency(l, &h)) return false;
            break;
        case EK_RDB_OP_AUX: return get_aux(l);
        case EK_RDB_OP_DATABASE: return get_database(l);
        case EK_RDB_OP_RESIZE: return get_sizes(l);
        case EK_RDB_OP_SLOT_INFO: return skip_lengths(l, 3);
        case EK_RDB_OP_FUNCTION: return get_library(l);
        case EK_RDB_OP_END: l->ended = true; return true;
        default: return refuse(l, "%u is no opcode that is known here", b);
        }
    }
}

static bool get_checksum(loader *l) {
    uint64_t said, found;
    if (l->load->version < EK_RDB_CHECKSUM_SINCE) return true;
    sum(l);
    found = l->crc;
    if (l->in.end - l->in.p < 8 && !read_on(l)) return false;
    if (!ek_rdb_get_u64(&l->in, &said)) return refuse(l, "the file ends before its checksum");
    if (said == 0 || said == found) return true; /* 0: the writer was told to reckon none */
    return refuse(l, "its checksum is wrong: %016llx instead of %016llx",
                  (unsigned long long)found, (unsigned long long)said);
}

/* --- all of it --- */

/* Is it time for a commit, and to ask whether to go on? */
static bool due(const loader *l) {
    return ek_save(l->load->s->a).journal_used >= COMMIT_AT_BYTES;
}

static bool called_off(loader *l) {
    if (!l->load->go_on || l->load->go_on(l->load->arg, position(l))) return false;
    refuse(l, "was called off");
    return true;
}

static bool get_all(loader *l) {
    ek_arena *a = l->load->s->a;
    if (!read_on(l) || !get_head(l)) return false;
    while (!l->ended) {
        const uint8_t *before = l->in.p;
        ek_savepoint sp = ek_save(a);
        l->in.cut = false;
        fetch_ahead(l);
        if (get_item(l)) {
            ek_scratch_reset(&l->scratch);
            if (!due(l)) continue;
            if (called_off(l)) return false;
            if (l->load->within) continue;
            ek_commit(a);
            ek_begin(a);
            continue;
        }
        ek_undo(a, &sp);
        ek_scratch_reset(&l->scratch);
        if (l->load->err[0]) return false;
        if (!l->in.cut) return refuse(l, "what stands here is not well formed");
        if (l->at_end) return refuse(l, "the file ends too early");
        l->in.p = before;
        if (!read_on(l)) return false;
    }
    return get_checksum(l);
}

static bool load_guarded(loader *l) {
    ek_guard g;
    ek_arena *a = l->load->s->a;
    bool own = !l->load->within;
    if (own) ek_begin(a);
    ek_status st = EK_GUARD(a, &g);
    if (st != EK_OK) {
        if (own) ek_undo(a, NULL);
        return refuse(l, st == EK_ENOMEM ? "the store is full"
                                         : "a structure of the store contradicts itself");
    }
    bool ok = get_all(l);
    if (own) ek_commit(a);
    ek_unguard(a, &g);
    return ok;
}

bool ek_rdb_load_fd(ek_rdb_load *load, int fd) {
    loader l = {
        .load = load, .fd = fd, .cap = WINDOW_BYTES, .window = malloc(WINDOW_BYTES),
        .now_ms = ek_store_clock_us(load->s) / 1000, .access = ek_access_begin(load->s),
    };
    load->keys = load->expired = load->bytes = 0;
    load->version = 0;
    load->valkey = load->aof_base = false;
    load->err[0] = 0;
    l.in = (ek_rdb_in){
        .s = load->s, .db = load->s->dbs, .scratch = &l.scratch, .replace = load->replace,
    };
    struct stat st;
    off_t from = lseek(fd, 0, SEEK_CUR);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && from >= 0 && st.st_size > from)
        l.size = (uint64_t)(st.st_size - from);
    l.in.p = l.in.end = l.summed = l.ahead = l.window;
    if (!l.window) return refuse(&l, "no memory");
    bool ok = load_guarded(&l);
    if (ok) load->bytes = position(&l);
    ek_scratch_free(&l.scratch);
    free(l.window);
    return ok;
}

bool ek_rdb_load_file(ek_rdb_load *load, const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        snprintf(load->err, sizeof load->err, "cannot be opened: %s", strerror(errno));
        return false;
    }
    bool ok = ek_rdb_load_fd(load, fd);
    close(fd);
    return ok;
}
