#include "store/garbage.h"

#include "store/pins.h"
#include "store/values.h"

#define AT_ONCE 64 /* a value of so many blocks is not worth a place in the list */

typedef enum garbage_kind { GARBAGE_VALUE, GARBAGE_KEYSPACE, GARBAGE_INDEX } garbage_kind;

typedef struct garbage {
    ek_ref next;
    uint8_t kind, type, enc, pad;
    ek_ref value;
    uint32_t pad2;
    ek_table table;
} garbage;

static garbage *push(ek_store *s, garbage_kind kind) {
    ek_ref ref = ek_alloc_zeroed(s->a, sizeof(garbage));
    garbage *g = ek_ptr(s->a, ref);
    g->kind = (uint8_t)kind;
    g->next = s->root->garbage;
    EK_SET(s->a, s->root->garbage, ref);
    return g;
}

const ek_value_ops *ek_value_ops_of(ek_type type) {
    switch (type) {
    case EK_LIST: return &ek_value_list;
    case EK_SET_TYPE: return &ek_value_set;
    case EK_ZSET: return &ek_value_zset;
    case EK_HASH: return &ek_value_hash;
    case EK_STREAM: return &ek_value_stream;
    default: return NULL;
    }
}

void ek_garbage_value(ek_store *s, ek_type type, ek_encoding enc, ek_ref outside) {
    const ek_value_ops *ops = ek_value_ops_of(type);
    if (ops->weight(s->a, outside, enc) <= AT_ONCE) {
        while (!ops->drain(s->a, outside, enc, SIZE_MAX)) {}
        return;
    }
    garbage *g = push(s, GARBAGE_VALUE);
    g->type = (uint8_t)type;
    g->enc = (uint8_t)enc;
    g->value = outside;
}

void ek_garbage_keyspace(ek_store *s, const ek_table *t) {
    if (t->dir) push(s, GARBAGE_KEYSPACE)->table = *t;
}

void ek_garbage_index(ek_store *s, const ek_table *t) {
    if (t->dir) push(s, GARBAGE_INDEX)->table = *t;
}

static void release_entry(ek_arena *a, void *arg, ek_ref item) {
    ek_store *s = arg;
    ek_value v;
    ek_entry_read(a, item, &v);
    if (v.outside && ek_is_container(v.enc)) ek_garbage_value(s, v.type, v.enc, v.outside);
    else ek_free_bytes(s, v.outside);
    ek_free(a, item);
}

static void release_nothing(ek_arena *a, void *arg, ek_ref item) { (void)a, (void)arg, (void)item; }

bool ek_garbage_step(ek_store *s, size_t budget) {
    ek_ref ref = s->root->garbage;
    if (!ref) return true;
    garbage *g = ek_ptr(s->a, ref);
    EK_SET(s->a, s->root->garbage, g->next); /* what this one leaves behind may come in front */
    bool done;
    if (g->kind == GARBAGE_VALUE) {
        done = ek_value_ops_of((ek_type)g->type)->drain(s->a, g->value, (ek_encoding)g->enc, budget);
    } else {
        ek_table_release_fn *release =
            g->kind == GARBAGE_KEYSPACE ? release_entry : release_nothing;
        done = ek_table_drain(s->a, &g->table, budget, release, s);
    }
    if (done) {
        ek_free(s->a, ref);
    } else {
        EK_SET(s->a, g->next, s->root->garbage);
        EK_SET(s->a, s->root->garbage, ref);
    }
    return s->root->garbage == 0;
}
