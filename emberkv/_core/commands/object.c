/* OBJECT: how a value is kept. None of these counts as an access. */
#include "commands/object.h"

#include "commands/tables.h"
#include "engine/context.h"
#include "store/string.h"
#include "store/value_list.h"
#include "store/value_stream_groups.h"

#include <limits.h>

enum {
    SHARED_INTEGERS = 10000, /* of which Redis keeps one each, that all keys refer to */
    LAZY_PIECES = 64,
};

const char *ek_object_encoding(const ek_value *v) {
    static const char *const names[EK_ENCODINGS] = {
        [EK_ENC_RAW] = "raw",
        [EK_ENC_INT] = "int",
        [EK_ENC_EMBSTR] = "embstr",
        [EK_ENC_LISTPACK] = "listpack",
        [EK_ENC_INTSET] = "intset",
        [EK_ENC_HASHTABLE] = "hashtable",
        [EK_ENC_SKIPLIST] = "skiplist",
        [EK_ENC_QUICKLIST] = "quicklist",
        [EK_ENC_STREAM] = "stream",
        [EK_ENC_LISTPACK_EX] = "listpackex",
        [EK_ENC_HASHTABLE_EX] = "hashtable",
    };
    return names[v->enc];
}

int ek_object_refcount(const ek_value *v) {
    return v->enc == EK_ENC_INT && ek_load64(v->data) < SHARED_INTEGERS ? INT_MAX : 1;
}

static uint64_t stream_pieces(const ek_arena *a, const ek_stream *st) {
    if (st->nodes.count > LAZY_PIECES) return st->nodes.count;
    uint64_t groups = st->groups.count;
    if (groups) groups += groups * ek_stream_group_at(a, st, 0)->pending.count;
    return ek_stream_radix_nodes(a, st) + groups;
}

bool ek_object_is_freed_lazily(const ek_arena *a, const ek_value *v) {
    switch (v->enc) {
    case EK_ENC_QUICKLIST: return ek_value_list_of(v)->nodes > LAZY_PIECES;
    case EK_ENC_HASHTABLE:
    case EK_ENC_HASHTABLE_EX:
    case EK_ENC_SKIPLIST: return ((const ek_table *)v->data)->count > LAZY_PIECES;
    case EK_ENC_STREAM: return stream_pieces(a, ek_stream_of(v)) > LAZY_PIECES;
    default: return false;
    }
}

/* Has replied when false. */
static bool find(ek_ctx *c, ek_value *v) {
    if (ek_peek(c, c->argv[2], v)) return true;
    ek_reply_null(c->reply);
    return false;
}

void ek_cmd_object_encoding(ek_ctx *c) {
    ek_value v;
    if (find(c, &v)) ek_reply_cstr(c->reply, ek_object_encoding(&v));
}

void ek_cmd_object_refcount(ek_ctx *c) {
    ek_value v;
    if (find(c, &v)) ek_reply_int(c->reply, ek_object_refcount(&v));
}

/* The word as it is with all reads that are known of. Has replied when false. */
static bool find_access(ek_ctx *c, uint32_t *access) {
    ek_value v;
    ek_access_settle(c->s);
    if (!find(c, &v)) return false;
    *access = ((const ek_entry *)ek_ptr(c->a, v.entry))->access;
    return true;
}

void ek_cmd_object_idletime(ek_ctx *c) {
    uint32_t access;
    if (!find_access(c, &access)) return;
    if (ek_access_counts(c->s)) {
        ek_reply_error(c->reply,
                       "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note "
                       "that when switching between policies at runtime LRU and LFU data will take "
                       "some time to adjust.");
        return;
    }
    ek_access_ask(c->s); /* from now on reads without the lock are noted too */
    ek_reply_int(c->reply, ek_access_idle(c->s, access) / EK_ACCESS_SECOND);
}

void ek_cmd_object_freq(ek_ctx *c) {
    uint32_t access;
    if (!find_access(c, &access)) return;
    if (!ek_access_counts(c->s)) {
        ek_reply_error(c->reply,
                       "ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
                       "Please note that when switching between policies at runtime LRU and LFU "
                       "data will take some time to adjust.");
        return;
    }
    ek_reply_int(c->reply, ek_access_counter(c->s, access));
}
