#include "store/garbage.h"

#include "store/pins.h"

#define AT_ONCE 64 /* a value of so many blocks is not worth a place in the list */
#define SPARES 48  /* the tables of sixteen keyspaces */

typedef enum garbage_kind { GARBAGE_VALUE, GARBAGE_KEYSPACE, GARBAGE_INDEX } garbage_kind;

typedef struct garbage {
    ek_ref next;
    uint8_t kind, type, enc, pad;
    ek_ref value;
    uint32_t pad2;
    ek_table table;
} garbage;

static ek_ref new_node(ek_arena *a, ek_ref next) {
    ek_ref ref = ek_alloc_zeroed(a, sizeof(garbage));
    ((garbage *)ek_ptr(a, ref))->next = next;
    return ref;
}

ek_ref ek_garbage_spares(ek_arena *a) {
    ek_ref spares = 0;
    for (int i = 0; i < SPARES; i++) spares = new_node(a, spares);
    return spares;
}

static garbage *push(ek_store *s, garbage_kind kind, ek_ref ref) {
    garbage *g = ek_ptr(s->a, ref);
    ek_touch(s->a, g, sizeof *g);
    *g = (garbage){.next = s->root->garbage, .kind = (uint8_t)kind};
    EK_SET(s->a, s->root->garbage, ref);
    return g;
}

static void push_table(ek_store *s, garbage_kind kind, const ek_table *t) {
    if (!t->dir) return;
    ek_ref ref = s->root->garbage_spares;
    if (ref) EK_SET(s->a, s->root->garbage_spares, ((garbage *)ek_ptr(s->a, ref))->next);
    else ref = new_node(s->a, 0);
    push(s, kind, ref)->table = *t;
}

/* A node that is done with. */
static void let_go(ek_store *s, ek_ref ref) {
    unsigned kept = 0;
    for (ek_ref at = s->root->garbage_spares; at; at = ((garbage *)ek_ptr(s->a, at))->next) kept++;
    if (kept == SPARES) {
        ek_free(s->a, ref);
        return;
    }
    EK_SET(s->a, ((garbage *)ek_ptr(s->a, ref))->next, s->root->garbage_spares);
    EK_SET(s->a, s->root->garbage_spares, ref);
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

static bool is_small(const ek_store *s, ek_type type, ek_encoding enc, ek_ref outside) {
    return ek_value_ops_of(type)->weight(s->a, outside, enc) <= AT_ONCE;
}

static bool drain(ek_store *s, ek_type type, ek_encoding enc, ek_ref outside, size_t budget) {
    return ek_value_ops_of(type)->drain(s->a, outside, enc, budget);
}

void ek_garbage_value(ek_store *s, ek_type type, ek_encoding enc, ek_ref outside) {
    if (is_small(s, type, enc, outside)) {
        while (!drain(s, type, enc, outside, SIZE_MAX)) {}
        return;
    }
    garbage *g = push(s, GARBAGE_VALUE, new_node(s->a, 0));
    g->type = (uint8_t)type;
    g->enc = (uint8_t)enc;
    g->value = outside;
}

void ek_garbage_entry(ek_store *s, const ek_value *v) {
    if (v->outside && ek_is_container(v->enc)) {
        if (!is_small(s, v->type, v->enc, v->outside)) {
            uint8_t *link = ek_entry_outside_len(v);
            ek_touch(s->a, link, 4);
            ek_store32(link, s->root->garbage_entries);
            EK_SET(s->a, s->root->garbage_entries, v->entry);
            return;
        }
        while (!drain(s, v->type, v->enc, v->outside, SIZE_MAX)) {}
    } else {
        ek_free_bytes(s, v->outside);
    }
    ek_free(s->a, v->entry);
}

void ek_garbage_keyspace(ek_store *s, const ek_table *t) { push_table(s, GARBAGE_KEYSPACE, t); }
void ek_garbage_index(ek_store *s, const ek_table *t) { push_table(s, GARBAGE_INDEX, t); }

static void release_entry(ek_arena *a, void *arg, ek_ref item) {
    ek_value v;
    ek_entry_read(a, item, &v);
    ek_garbage_entry(arg, &v);
}

static void release_nothing(ek_arena *a, void *arg, ek_ref item) { (void)a, (void)arg, (void)item; }

static void entry_step(ek_store *s, size_t budget) {
    ek_value v;
    ek_entry_read(s->a, s->root->garbage_entries, &v);
    if (!drain(s, v.type, v.enc, v.outside, budget)) return;
    EK_SET(s->a, s->root->garbage_entries, ek_load32(ek_entry_outside_len(&v)));
    ek_free(s->a, v.entry);
}

void ek_garbage_step(ek_store *s, size_t budget) {
    if (s->root->garbage_entries) {
        entry_step(s, budget);
        return;
    }
    ek_ref ref = s->root->garbage;
    if (!ref) return;
    garbage *g = ek_ptr(s->a, ref);
    EK_SET(s->a, s->root->garbage, g->next); /* what this one leaves behind may come in front */
    bool done;
    if (g->kind == GARBAGE_VALUE) {
        done = drain(s, (ek_type)g->type, (ek_encoding)g->enc, g->value, budget);
    } else {
        ek_table_release_fn *release =
            g->kind == GARBAGE_KEYSPACE ? release_entry : release_nothing;
        done = ek_table_drain(s->a, &g->table, budget, release, s);
    }
    if (done) {
        let_go(s, ref);
        return;
    }
    EK_SET(s->a, g->next, s->root->garbage);
    EK_SET(s->a, s->root->garbage, ref);
}

typedef struct slice {
    ek_store *s;
    size_t budget;
} slice;

static void free_slice(void *arg) {
    slice *f = arg;
    ek_garbage_step(f->s, f->budget);
}

bool ek_garbage_free(ek_store *s, size_t budget) {
    for (; budget > 0; budget /= 2)
        if (ek_run(s->a, free_slice, &(slice){s, budget}) == EK_OK) return true;
    return false;
}
