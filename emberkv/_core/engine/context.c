#include "engine/context.h"

#include "base/number.h"
#include "engine/scratch.h"
#include "store/expiry.h"
#include "store/feed.h"
#include "store/figures.h"
#include "store/tracking.h"
#include "store/value_hash.h"
#include "store/waiting.h"
#include "store/watch.h"

#define FIELDS_AT_ONCE 256 /* expired fields that finding their hash deletes; more stay unseen */

void *ek_scratch_alloc(ek_ctx *c, size_t n) {
    return ek_scratch_get(&c->session->scratch, c->a, n);
}

/* --- keys --- */

static EK_NOINLINE void expire(ek_ctx *c, uint32_t dbi, ek_value *v) {
    EK_SET(c->a, c->s->root->stat_expired, c->s->root->stat_expired + 1);
    ek_str key = v->key;
    ek_notify(c->s, dbi, EK_EVENT_EXPIRED, key, "expired");
    ek_tracking_changed(c->s, key, 0);
    ek_feed_add_key(c->s, dbi, "DEL", key);
    ek_wait_ready(c->s, dbi, key);
    ek_keyspace_delete(c->s, &c->s->dbs[dbi], v);
    v->key = key; /* the bytes stand until the commit */
}

/* Delete fields of a hash whose time has come. False: there was nothing else, and it is gone. */
static EK_NOINLINE bool expire_fields(ek_ctx *c, uint32_t dbi, ek_value *v) {
    ek_db *db = &c->s->dbs[dbi];
    bool all_gone;
    ek_str key = v->key;
    if (ek_notifies_fields(c->s))
        ek_hash_tell_passed(c->s, dbi, v, ek_now_ms(c), FIELDS_AT_ONCE);
    /* What follows in the feed is run without a look at the time: all that has lapsed goes before it. */
    size_t budget = ek_feed_on(c->s) ? SIZE_MAX : FIELDS_AT_ONCE;
    uint64_t dirty = c->s->root->dirty;
    size_t n = ek_hash_purge(c->s, db, v, ek_now_ms(c), budget, &all_gone);
    if (n) ek_key_changed_in(c, dbi, key, EK_EVENT_HASH, "hexpired");
    if (all_gone) {
        ek_key_changed_in(c, dbi, key, EK_EVENT_GENERIC, "del");
        ek_feed_add_key(c->s, dbi, "DEL", key);
        ek_keyspace_delete(c->s, db, v);
    }
    c->s->dirty_told += c->s->root->dirty - dirty;
    if (!all_gone) return true;
    v->key = key; /* the bytes stand until the commit */
    v->expire_ms = EK_NO_EXPIRE;
    return false;
}

/* Does a look-up for this argument read it, as the servers see it? */
static bool reads(const ek_ctx *c, size_t argument) {
    static const char *const silent[] = {"object|", "memory|usage", "randomkey"};
    static const char *const writers[] = {"getset", "getdel", "getex", "pfmerge", "xack",
                                          "xreadgroup", "xclaim", "xautoclaim"};
    if (c->cmd->flags & EK_CMD_READONLY) {
        for (size_t i = 0; i < EK_COUNTOF(silent); i++)
            if (strncmp(c->cmd->name, silent[i], strlen(silent[i])) == 0) return false;
        return true;
    }
    if (argument == c->argc) return true; /* what SORT looks up for its elements */
    for (size_t i = 0; i < EK_COUNTOF(writers); i++)
        if (strcmp(c->cmd->name, writers[i]) == 0) return true;
    if (strcmp(c->cmd->name, "set") == 0) {
        for (size_t i = 3; i < c->argc; i++)
            if (ek_arg_is(c, i, "get")) return true;
        return false;
    }
    ek_key_pos keys[64];
    int n = ek_command_keys(c->cmd, c->argc, c->argv, keys, (int)EK_COUNTOF(keys));
    for (int i = 0; i < n && i < (int)EK_COUNTOF(keys); i++)
        if (keys[i].index == argument) return keys[i].flags & EK_KEY_RO;
    return false;
}

/* Which argument it is, the address tells: one name may stand for a source and for the destination. */
static size_t argument_of(const ek_ctx *c, ek_str key) {
    size_t i = 1;
    while (i < c->argc && c->argv[i].p != key.p) i++;
    return i;
}

/* Of each command, by its number, whether reads() has to be asked: it is slow. The answers are always the
 * same, so it does not matter who writes them, or how often. */
enum { NOT_KNOWN, NEVER, ALWAYS, WITH_OPTIONS, IT_DEPENDS };

static EK_NOINLINE uint8_t how_it_reads(const ek_ctx *c) {
    if (strncmp(c->cmd->name, "object|", 7) == 0) return ALWAYS; /* although nobody is told of misses */
    if (c->cmd->flags & EK_CMD_READONLY) return reads(c, 0) ? ALWAYS : NEVER;
    const ek_key_spec *spec = c->cmd->decl->keys;
    if (strcmp(c->cmd->name, "set") == 0) return WITH_OPTIONS;
    if (strncmp(c->cmd->name, "sort", 4) == 0) return IT_DEPENDS;
    if (reads(c, c->argc + 1)) return ALWAYS;
    for (; spec && spec->begin != EK_BEGIN_NONE; spec++)
        if (spec->flags & EK_KEY_RO || spec->begin == EK_BEGIN_UNKNOWN) return IT_DEPENDS;
    return NEVER;
}

/* A keyspace hit or miss, if this look-up is one that servers count. */
EK_INLINE void count(ek_ctx *c, ek_str key, bool found) {
    static uint8_t how[EK_FIGURES_COMMANDS];
    uint8_t known = how[c->cmd->id];
    if (EK_UNLIKELY(known == NOT_KNOWN)) known = how[c->cmd->id] = how_it_reads(c);
    if (EK_LIKELY(known == NEVER || (known == WITH_OPTIONS && c->argc == 3))) return;
    if (known >= WITH_OPTIONS && !reads(c, argument_of(c, key))) return;
    if (found) c->s->figures->hits++;
    else c->s->figures->misses++;
}

/* A key that was looked for to be read is not there. */
static EK_NOINLINE void tell_miss(ek_ctx *c, uint32_t dbi, ek_str key) {
    if (dbi == c->dbi && reads(c, argument_of(c, key))) ek_notify(c->s, dbi, EK_EVENT_KEY_MISS, key, "keymiss");
}

EK_INLINE bool lookup_hashed(ek_ctx *c, uint32_t dbi, ek_str key, uint64_t hash, ek_value *v) {
    bool found = ek_keyspace_find_hashed(c->s, &c->s->dbs[dbi], key, hash, v);
    if (found && EK_UNLIKELY(v->expire_ms != EK_NO_EXPIRE) && v->expire_ms <= ek_now_ms(c)) {
        if (c->cmd->flags & EK_CMD_WRITE || !ek_expiry_is_held(c->s)) expire(c, dbi, v);
        v->entry = v->outside = 0;
        v->expire_ms = EK_NO_EXPIRE;
        v->key = key;
        found = false;
    }
    if (found && EK_UNLIKELY(v->enc >= EK_ENC_LISTPACK_EX)) found = expire_fields(c, dbi, v);
    count(c, key, found);
    if (!found && ek_notifies(c->s, EK_EVENT_KEY_MISS)) tell_miss(c, dbi, key);
    return found;
}

bool ek_lookup_hashed(ek_ctx *c, uint32_t dbi, ek_str key, uint64_t hash, ek_value *v) {
    return lookup_hashed(c, dbi, key, hash, v);
}

bool ek_lookup_in(ek_ctx *c, uint32_t dbi, ek_str key, ek_value *v) {
    return lookup_hashed(c, dbi, key, ek_table_hash(c->a, key), v);
}

bool ek_peek(ek_ctx *c, ek_str key, ek_value *v) { return ek_lookup_in(c, c->dbi, key, v); }

EK_INLINE bool lookup(ek_ctx *c, ek_str key, ek_value *v) {
    if (!lookup_hashed(c, c->dbi, key, ek_table_hash(c->a, key), v)) return false;
    if (EK_LIKELY(!c->session->no_touch) || strcmp(c->cmd->name, "touch") == 0)
        ek_value_accessed(c->s, v);
    return true;
}

bool ek_lookup(ek_ctx *c, ek_str key, ek_value *v) { return lookup(c, key, v); }

ek_found ek_lookup_type(ek_ctx *c, ek_str key, ek_type type, ek_value *v) {
    if (!lookup(c, key, v)) return EK_ABSENT;
    if (EK_LIKELY(v->type == type)) return EK_FOUND;
    ek_reply_wrong_type(c);
    return EK_WRONG_TYPE;
}

static EK_NOINLINE void tell_all(ek_ctx *c, uint32_t db, ek_str key, ek_event class, const char *event) {
    ek_watch_changed(c->s, db, key);
    ek_notify(c->s, db, class, key, event);
    ek_tracking_changed(c->s, key, c->session->id);
    ek_wait_ready(c->s, db, key);
}

bool ek_key_changes_unseen(const ek_ctx *c) {
    const ek_store_root *r = c->s->root;
    return EK_LIKELY((r->nwatched | (uint64_t)r->config.notify_keyspace_events | r->tracking.nclients |
                      r->nwaiting) == 0);
}

EK_INLINE void tell(ek_ctx *c, uint32_t db, ek_str key, ek_event class, const char *event) {
    if (!ek_key_changes_unseen(c)) tell_all(c, db, key, class, event);
}

/* Told first and counted then: mostly nobody is told, and then nothing has to be kept for it. */
EK_INLINE void changed(ek_ctx *c, uint32_t db, ek_str key, ek_event class, const char *event) {
    tell(c, db, key, class, event);
    EK_SET(c->a, c->s->root->dirty, c->s->root->dirty + 1);
}

void ek_key_changed_too(ek_ctx *c, uint32_t db, ek_str key, ek_event class, const char *event) {
    tell(c, db, key, class, event);
}

void ek_key_changed_in(ek_ctx *c, uint32_t db, ek_str key, ek_event class, const char *event) {
    changed(c, db, key, class, event);
}

void ek_key_changed(ek_ctx *c, ek_str key, ek_event class, const char *event) {
    changed(c, c->dbi, key, class, event);
}

void ek_key_changed_quietly(ek_ctx *c, ek_str key) {
    EK_SET(c->a, c->s->root->dirty, c->s->root->dirty + 1);
    ek_watch_changed(c->s, c->dbi, key);
}

void ek_key_overwritten(ek_ctx *c, uint32_t db, ek_str key, ek_type old, ek_type type) {
    ek_notify(c->s, db, EK_EVENT_OVERWRITTEN, key, "overwritten");
    if (old != type) ek_notify(c->s, db, EK_EVENT_TYPE_CHANGED, key, "type_changed");
}

void ek_delete_key(ek_ctx *c, ek_value *v) {
    ek_key_changed(c, v->key, EK_EVENT_GENERIC, "del");
    ek_keyspace_delete(c->s, c->db, v);
}

void ek_delete_emptied(ek_ctx *c, ek_value *v) {
    ek_key_changed_too(c, c->dbi, v->key, EK_EVENT_GENERIC, "del");
    ek_keyspace_delete(c->s, c->db, v);
}

/* --- arguments --- */

bool ek_arg_i64(ek_ctx *c, size_t i, int64_t *out) {
    if (EK_LIKELY(ek_parse_i64(c->argv[i].p, c->argv[i].n, out))) return true;
    ek_reply_not_integer(c);
    return false;
}

bool ek_arg_db(ek_ctx *c, size_t i, uint32_t *out) {
    int64_t db;
    if (!ek_arg_i64(c, i, &db)) return false;
    if (db < INT32_MIN || db > INT32_MAX)
        ek_reply_error(c->reply, "ERR value is out of range, value must between %d and %d",
                       INT32_MIN, INT32_MAX);
    else if (db < 0 || db >= c->s->root->ndbs)
        ek_reply_error(c->reply, "ERR DB index is out of range");
    else {
        *out = (uint32_t)db;
        return true;
    }
    return false;
}

bool ek_arg_range(ek_ctx *c, size_t i, int64_t min, int64_t max, int64_t *out, const char *error) {
    if (ek_parse_i64(c->argv[i].p, c->argv[i].n, out) && *out >= min && *out <= max) return true;
    if (error) ek_reply_error(c->reply, "ERR %s", error);
    else ek_reply_not_integer(c);
    return false;
}

bool ek_arg_double(ek_ctx *c, size_t i, double *out) {
    if (c->argv[i].n == EK_NUMBER) {
        memcpy(out, c->argv[i].p, sizeof *out);
        if (EK_LIKELY(*out == *out)) return true; /* NaN is none */
    } else if (ek_parse_double(c->argv[i].p, c->argv[i].n, out)) {
        return true;
    }
    ek_reply_error(c->reply, "ERR value is not a valid float");
    return false;
}

bool ek_arg_is(const ek_ctx *c, size_t i, const char *word) { return ek_str_is(c->argv[i], word); }

/* --- replies --- */

void ek_reply_syntax_error(ek_ctx *c) { ek_reply_error(c->reply, "ERR syntax error"); }

void ek_reply_wrong_type(ek_ctx *c) {
    ek_reply_error(c->reply,
                   "WRONGTYPE Operation against a key holding the wrong kind of value");
}

void ek_reply_not_integer(ek_ctx *c) {
    ek_reply_error(c->reply, "ERR value is not an integer or out of range");
}

void ek_reply_wrong_arity(ek_ctx *c) {
    ek_reply_error(c->reply, "ERR wrong number of arguments for '%s' command", c->cmd->name);
}
