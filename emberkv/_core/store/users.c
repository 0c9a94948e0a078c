#include "store/users.h"

#include "store/client.h"

#define SAME_WITHIN_MS 60000
#define LOOKED_AT 10 /* entries, for one that is the same */

/* --- users --- */

static ek_str key_of(const ek_arena *a, ek_ref item) { return ek_user_name(ek_ptr(a, item)); }

static ek_ref find(const ek_store *s, ek_str name) {
    if (!s->root->users.by_name.count) return 0;
    return ek_table_find(s->a, &s->root->users.by_name, key_of, ek_table_hash(s->a, name), name);
}

const ek_user *ek_user_find(const ek_store *s, ek_str name) {
    ek_ref ref = find(s, name);
    return ref ? ek_ptr(s->a, ref) : NULL;
}

static void changed(ek_store *s) {
    EK_SET(s->a, s->root->users.version, ek_random_next(&s->random));
}

void ek_user_put(ek_store *s, ek_str name, ek_str rules) {
    ek_ref old = find(s, name), ref = ek_alloc(s->a, sizeof(ek_user) + name.n + rules.n);
    ek_user *u = ek_ptr(s->a, ref);
    uint64_t id = old ? ((const ek_user *)ek_ptr(s->a, old))->id : ek_random_next(&s->random);
    *u = (ek_user){.id = id, .version = ek_random_next(&s->random),
                   .name_bytes = (uint32_t)name.n, .rules_bytes = (uint32_t)rules.n};
    if (name.n) memcpy(u->bytes, name.p, name.n);
    memcpy(u->bytes + name.n, rules.p, rules.n);
    uint64_t hash = ek_table_hash(s->a, ek_user_name(u));
    if (old) {
        ek_table_swap(s->a, &s->root->users.by_name, hash, old, ref);
        ek_free(s->a, old);
    } else {
        ek_table_add(s->a, &s->root->users.by_name, key_of, hash, ref);
    }
    changed(s);
}

bool ek_user_remove(ek_store *s, ek_str name) {
    ek_ref ref = find(s, name);
    if (!ref) return false;
    ek_table_remove(s->a, &s->root->users.by_name, key_of, ek_table_hash(s->a, name), ref);
    ek_free(s->a, ref);
    changed(s);
    return true;
}

typedef struct visiting {
    const ek_store *s;
    ek_user_visit_fn *visit;
    void *arg;
} visiting;

static bool visit_one(void *arg, ek_ref item) {
    const visiting *v = arg;
    return v->visit(v->arg, ek_ptr(v->s->a, item));
}

void ek_users_each(const ek_store *s, ek_user_visit_fn *visit, void *arg) {
    visiting v = {.s = s, .visit = visit, .arg = arg};
    if (s->root->users.by_name.count)
        ek_table_each(s->a, &s->root->users.by_name, visit_one, &v);
}

/* --- the log --- */

static ek_acl_entry *at(const ek_store *s, ek_ref ref) { return ref ? ek_ptr(s->a, ref) : NULL; }

const ek_acl_entry *ek_acl_log_newest(const ek_store *s) { return at(s, s->root->users.newest); }

const ek_acl_entry *ek_acl_log_older(const ek_store *s, const ek_acl_entry *e) {
    return at(s, e->older);
}

static void take_out(ek_store *s, ek_ref ref) {
    ek_acl_entry *e = at(s, ref);
    if (e->newer) EK_SET(s->a, at(s, e->newer)->older, e->older);
    else EK_SET(s->a, s->root->users.newest, e->older);
    if (e->older) EK_SET(s->a, at(s, e->older)->newer, e->newer);
    else EK_SET(s->a, s->root->users.oldest, e->newer);
}

static void put_in_front(ek_store *s, ek_ref ref) {
    ek_acl_entry *e = at(s, ref);
    ek_touch(s->a, e, sizeof *e);
    e->newer = 0;
    e->older = s->root->users.newest;
    if (e->older) EK_SET(s->a, at(s, e->older)->newer, ref);
    else EK_SET(s->a, s->root->users.oldest, ref);
    EK_SET(s->a, s->root->users.newest, ref);
}

static bool is_same(const ek_store *s, const ek_acl_entry *e, ek_acl_reason reason,
                    ek_acl_context context, const ek_str texts[EK_ACL_TEXTS], int64_t now) {
    return e->reason == reason && e->context == context && now - e->updated_ms <= SAME_WITHIN_MS &&
           ek_str_eq(ek_client_fact(s, e->texts[EK_ACL_OBJECT]), texts[EK_ACL_OBJECT]) &&
           ek_str_eq(ek_client_fact(s, e->texts[EK_ACL_USER]), texts[EK_ACL_USER]);
}

void ek_acl_log_add(ek_store *s, ek_acl_reason reason, ek_acl_context context,
                    const ek_str texts[EK_ACL_TEXTS]) {
    const ek_config *config = &s->root->config;
    int64_t now = ek_store_now_ms(s);
    if (config->acllog_max_len == 0) {
        ek_acl_log_trim(s, 0);
        return;
    }
    ek_ref ref = s->root->users.newest;
    int left = LOOKED_AT;
    for (; ref && left && !is_same(s, at(s, ref), reason, context, texts, now); left--)
        ref = at(s, ref)->older;
    if (ref && left) {
        ek_acl_entry *e = at(s, ref);
        take_out(s, ref);
        put_in_front(s, ref);
        e->count++;
        e->updated_ms = now;
        ek_client_set_fact(s, &e->texts[EK_ACL_CLIENT], texts[EK_ACL_CLIENT]);
        return;
    }
    ref = ek_alloc_zeroed(s->a, sizeof(ek_acl_entry));
    ek_acl_entry *e = at(s, ref);
    e->id = s->root->users.next_entry;
    e->count = 1;
    e->created_ms = e->updated_ms = now;
    e->reason = reason;
    e->context = context;
    for (int i = 0; i < EK_ACL_TEXTS; i++) ek_client_set_fact(s, &e->texts[i], texts[i]);
    put_in_front(s, ref);
    ek_touch(s->a, &s->root->users.entries, 2 * sizeof(uint64_t));
    s->root->users.entries++;
    s->root->users.next_entry++;
    ek_acl_log_trim(s, (uint64_t)config->acllog_max_len);
}

_Static_assert(offsetof(ek_users_root, next_entry) == offsetof(ek_users_root, entries) + 8,
               "announced together");

void ek_acl_log_trim(ek_store *s, uint64_t to) {
    while (s->root->users.entries > to) {
        ek_ref ref = s->root->users.oldest;
        ek_acl_entry *e = at(s, ref);
        take_out(s, ref);
        for (int i = 0; i < EK_ACL_TEXTS; i++) ek_free(s->a, e->texts[i]);
        ek_free(s->a, ref);
        EK_SET(s->a, s->root->users.entries, s->root->users.entries - 1);
    }
}

bool ek_users_check(const ek_store *s) {
    uint64_t n = 0;
    ek_ref newer = 0;
    for (ek_ref ref = s->root->users.newest; ref; ref = at(s, ref)->older, n++) {
        if (at(s, ref)->newer != newer || n > s->root->users.entries) return false;
        newer = ref;
    }
    return n == s->root->users.entries && newer == s->root->users.oldest &&
           ek_table_check(s->a, &s->root->users.by_name, key_of);
}
