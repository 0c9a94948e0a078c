#include "store/value_list.h"

#include "store/values.h"

ek_ref ek_value_list_new(ek_arena *a) {
    ek_ref root = ek_alloc(a, sizeof(ek_list));
    ek_list_init(ek_ptr(a, root));
    return root;
}

ek_list *ek_value_list_need(ek_store *s, ek_db *db, ek_value *v) {
    if (!v->entry) {
        ek_entry_plan plan = {
            .key = v->key, .type = EK_LIST, .enc = EK_ENC_QUICKLIST, .expire_ms = EK_NO_EXPIRE,
            .access = ek_access_begin(s), .outside = ek_value_list_new(s->a),
        };
        ek_keyspace_add(s, db, &plan, v->hash, v);
    }
    return ek_value_list_of(v);
}

static size_t weight(const ek_arena *a, ek_ref root, ek_encoding enc) {
    const ek_list *l = ek_ptr(a, root);
    return (size_t)l->nodes + 1;
}

static bool drain(ek_arena *a, ek_ref root, ek_encoding enc, size_t budget) {
    if (!ek_list_drain(a, ek_ptr(a, root), budget)) return false;
    ek_free(a, root);
    return true;
}

static ek_ref copy(ek_store *s, ek_ref root, ek_encoding enc) {
    ek_ref to = ek_value_list_new(s->a);
    ek_list_copy(s->a, ek_ptr(s->a, to), ek_ptr(s->a, root));
    return to;
}

static size_t bytes(const ek_arena *a, ek_ref root, ek_encoding enc) {
    return ek_usable(a, root) + ek_list_bytes(a, ek_ptr(a, root));
}

static bool check(const ek_arena *a, ek_ref root, ek_encoding enc) {
    const ek_list *l = ek_ptr(a, root);
    return l->count > 0 && ek_list_check(a, l);
}

const ek_value_ops ek_value_list = {weight, drain, copy, bytes, check};
