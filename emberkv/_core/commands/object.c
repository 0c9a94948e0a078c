/* OBJECT: how a value is kept. None of these counts as an access. */
#include "commands/tables.h"
#include "engine/context.h"
#include "store/string.h"

#include <limits.h>

enum { SHARED_INTEGERS = 10000 }; /* of which Redis keeps one each, that all keys refer to */

static const char *encoding_name(const ek_value *v) {
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

/* Has replied when false. */
static bool find(ek_ctx *c, ek_value *v) {
    if (ek_peek(c, c->argv[2], v)) return true;
    ek_reply_null(c->reply);
    return false;
}

void ek_cmd_object_encoding(ek_ctx *c) {
    ek_value v;
    if (find(c, &v)) ek_reply_cstr(c->reply, encoding_name(&v));
}

void ek_cmd_object_refcount(ek_ctx *c) {
    ek_value v;
    if (!find(c, &v)) return;
    bool shared = v.enc == EK_ENC_INT && ek_load64(v.data) < SHARED_INTEGERS;
    ek_reply_int(c->reply, shared ? INT_MAX : 1);
}

void ek_cmd_object_idletime(ek_ctx *c) {
    ek_value v;
    if (!find(c, &v)) return;
    uint32_t then = ((const ek_entry *)ek_ptr(c->a, v.entry))->access, now = ek_access_now(c->s);
    ek_reply_int(c->reply, now > then ? now - then : 0);
}

void ek_cmd_object_freq(ek_ctx *c) {
    ek_value v;
    if (find(c, &v))
        ek_reply_error(c->reply,
                       "ERR An LFU maxmemory policy is not selected, access frequency not tracked. "
                       "Please note that when switching between policies at runtime LRU and LFU "
                       "data will take some time to adjust.");
}
