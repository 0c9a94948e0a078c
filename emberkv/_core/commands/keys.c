/* Keys of any type: deleting, finding out about, renaming, moving and copying them. */
#include "commands/keys.h"
#include "commands/object.h"
#include "commands/tables.h"
#include "engine/context.h"
#include "store/values.h"

static const char *const type_names[EK_TYPES] = {
    [EK_STRING] = "string", [EK_LIST] = "list", [EK_SET_TYPE] = "set",
    [EK_ZSET] = "zset",     [EK_HASH] = "hash", [EK_STREAM] = "stream",
};

const char *ek_type_name(ek_type type) { return type_names[type]; }

/* Big values are freed in slices whichever of the two is called; INFO counts for the one that asks for it. */
static void delete_all(ek_ctx *c, bool lazily) {
    int64_t n = 0;
    for (size_t i = 1; i < c->argc; i++) {
        ek_value v;
        if (!ek_peek(c, c->argv[i], &v)) continue;
        if (lazily && ek_object_is_freed_lazily(c->a, &v))
            EK_SET(c->a, c->s->root->stat_lazyfreed, c->s->root->stat_lazyfreed + 1);
        ek_delete_key(c, &v);
        n++;
    }
    ek_reply_int(c->reply, n);
}

void ek_cmd_del(ek_ctx *c) { delete_all(c, false); }
void ek_cmd_unlink(ek_ctx *c) { delete_all(c, true); }

void ek_cmd_exists(ek_ctx *c) {
    int64_t n = 0;
    ek_value v;
    for (size_t i = 1; i < c->argc; i++) n += ek_peek(c, c->argv[i], &v);
    ek_reply_int(c->reply, n);
}

void ek_cmd_touch(ek_ctx *c) {
    int64_t n = 0;
    ek_value v;
    for (size_t i = 1; i < c->argc; i++) n += ek_lookup(c, c->argv[i], &v);
    ek_reply_int(c->reply, n);
}

void ek_cmd_type(ek_ctx *c) {
    ek_value v;
    ek_reply_status(c->reply, ek_peek(c, c->argv[1], &v) ? ek_type_name(v.type) : "none");
}

void ek_cmd_randomkey(ek_ctx *c) {
    for (;;) {
        ek_ref ref = ek_table_random(c->a, &c->db->keys, &c->s->random);
        ek_value v;
        if (!ref) {
            ek_reply_null(c->reply);
            return;
        }
        if (ek_peek(c, ek_entry_key(c->a, ref), &v)) { /* else it has expired, and is gone now */
            ek_reply_str(c->reply, v.key);
            return;
        }
    }
}

/* --- renaming, moving, copying --- */

/* Has replied when false. */
static bool find_source(ek_ctx *c, ek_value *v) {
    if (ek_lookup(c, c->argv[1], v)) return true;
    ek_reply_error(c->reply, "ERR no such key");
    return false;
}

static void rename_to(ek_ctx *c, ek_value *v) {
    ek_value renamed;
    ek_keyspace_move(c->s, c->db, v, c->db, c->argv[2], &renamed);
    ek_key_changed(c, c->argv[1], EK_EVENT_GENERIC, "rename_from");
    ek_key_changed_too(c, c->dbi, c->argv[2], EK_EVENT_GENERIC, "rename_to");
}

void ek_cmd_rename(ek_ctx *c) {
    ek_value v, there;
    if (!find_source(c, &v)) return;
    if (!ek_str_eq(c->argv[1], c->argv[2])) {
        ek_type type = v.type;
        bool replaces = ek_peek(c, c->argv[2], &there);
        if (replaces) ek_keyspace_delete(c->s, c->db, &there);
        rename_to(c, &v);
        if (replaces) ek_key_overwritten(c, c->dbi, c->argv[2], there.type, type);
    }
    ek_reply_ok(c->reply);
}

void ek_cmd_renamenx(ek_ctx *c) {
    ek_value v, there;
    if (!find_source(c, &v)) return;
    bool free = !ek_peek(c, c->argv[2], &there);
    if (free) rename_to(c, &v);
    ek_reply_int(c->reply, free);
}

static void reply_same_object(ek_ctx *c) {
    ek_reply_error(c->reply, "ERR source and destination objects are the same");
}

void ek_cmd_move(ek_ctx *c) {
    uint32_t to;
    ek_value v, there;
    if (!ek_arg_db(c, 2, &to)) return;
    if (to == c->dbi) {
        reply_same_object(c);
        return;
    }
    bool moves = ek_lookup(c, c->argv[1], &v) && !ek_lookup_in(c, to, c->argv[1], &there);
    if (moves) {
        ek_keyspace_move(c->s, c->db, &v, &c->s->dbs[to], c->argv[1], &there);
        ek_key_changed(c, c->argv[1], EK_EVENT_GENERIC, "move_from");
        ek_key_changed_too(c, to, c->argv[1], EK_EVENT_GENERIC, "move_to");
    }
    ek_reply_int(c->reply, moves);
}

/* Make `key`, which must be free, a copy of v with its time to live. */
static void copy_value(ek_ctx *c, const ek_value *v, uint32_t to, ek_str key, ek_value *copy) {
    ek_entry_plan plan = {
        .key = key, .type = v->type, .enc = v->enc, .expire_ms = v->expire_ms,
        .access = ek_access_begin(c->s), .bytes = v->data, .len = v->len,
    };
    if (v->outside && ek_is_container(v->enc)) {
        plan.outside = ek_value_ops_of(v->type)->copy(c->s, v->outside, v->enc);
        plan.bytes = NULL;
        plan.len = 0;
    }
    ek_keyspace_add(c->s, &c->s->dbs[to], &plan, ek_table_hash(c->a, key), copy);
    if (v->enc == EK_ENC_LISTPACK_EX || v->enc == EK_ENC_HASHTABLE_EX)
        ek_keyspace_set_field_expires(c->s, &c->s->dbs[to], copy, true);
}

static bool copy_options(ek_ctx *c, uint32_t *to, bool *replace) {
    *to = c->dbi;
    *replace = false;
    for (size_t i = 3; i < c->argc; i++) {
        if (ek_arg_is(c, i, "replace")) {
            *replace = true;
        } else if (ek_arg_is(c, i, "db") && i + 1 < c->argc) {
            if (!ek_arg_db(c, ++i, to)) return false;
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    return true;
}

void ek_cmd_copy(ek_ctx *c) {
    uint32_t to;
    bool replace;
    ek_str key = c->argv[2];
    ek_value v, there;
    if (!copy_options(c, &to, &replace)) return;
    if (to == c->dbi && ek_str_eq(c->argv[1], key)) {
        reply_same_object(c);
        return;
    }
    bool copies = ek_lookup(c, c->argv[1], &v), replaces = false;
    ek_type old = EK_STRING;
    if (copies && ek_lookup_in(c, to, key, &there)) {
        copies = replaces = replace;
        old = there.type;
        if (replace) ek_keyspace_delete(c->s, &c->s->dbs[to], &there);
    }
    if (copies) {
        copy_value(c, &v, to, key, &there);
        ek_key_changed_in(c, to, key, EK_EVENT_GENERIC, "copy_to");
        if (replaces) ek_key_overwritten(c, to, key, old, v.type);
    }
    ek_reply_int(c->reply, copies);
}
