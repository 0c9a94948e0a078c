#include "store/functions.h"

#include <stdlib.h>

#include "base/word.h"

static const char *const flag_names[EK_SCRIPT_FLAG_COUNT] = {
    "no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys", "rollback",
};

const char *ek_script_flag_name(unsigned bit) {
    return bit < EK_SCRIPT_FLAG_COUNT ? flag_names[bit] : NULL;
}

uint32_t ek_script_flag_find(ek_str name) {
    for (unsigned bit = 0; bit < EK_SCRIPT_FLAG_COUNT; bit++)
        if (name.n == strlen(flag_names[bit]) && memcmp(name.p, flag_names[bit], name.n) == 0)
            return 1u << bit;
    return 0;
}

/* --- finding --- */

static ek_str library_key(const ek_arena *a, ek_ref item) {
    const ek_library *l = ek_ptr(a, item);
    return ek_library_name(l);
}

static ek_str function_key(const ek_arena *a, ek_ref item) {
    const ek_function *f = ek_ptr(a, item);
    return (ek_str){f->bytes, f->name_len};
}

const ek_library *ek_library_find(const ek_store *s, ek_str name) {
    const ek_table *t = &s->root->libraries;
    if (!t->count) return NULL;
    ek_ref ref = ek_table_find(s->a, t, library_key, ek_table_hash(s->a, name), name);
    return ref ? ek_ptr(s->a, ref) : NULL;
}

static void to_lower(uint8_t *out, ek_str s) {
    for (size_t i = 0; i < s.n; i++)
        out[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 32 : s.p[i];
}

#define NAME_INLINE 128 /* bytes of a name that need no malloc */

const ek_function *ek_function_find(const ek_store *s, ek_str name) {
    const ek_table *t = &s->root->functions;
    uint8_t few[NAME_INLINE], *lower = few;
    if (!t->count) return NULL;
    if (name.n > sizeof few && !(lower = malloc(name.n))) return NULL;
    to_lower(lower, name);
    ek_str key = {lower, name.n};
    ek_ref ref = ek_table_find(s->a, t, function_key, ek_table_hash(s->a, key), key);
    if (lower != few) free(lower);
    return ref ? ek_ptr(s->a, ref) : NULL;
}

ek_str ek_library_name_in(ek_str code) {
    static const char key[] = "name=";
    const uint8_t *end = memchr(code.p, '\n', code.n);
    if (!end) end = code.p + code.n;
    for (const uint8_t *p = code.p; p + sizeof key - 1 < end; p++) {
        ek_str word = {p, sizeof key - 1};
        if (!ek_str_is(word, key)) continue;
        ek_str name = {p + word.n, 0};
        while (name.p < end && (*name.p == '"' || *name.p == '\'')) name.p++;
        while (name.p + name.n < end && ek_library_name_char(name.p[name.n])) name.n++;
        return name;
    }
    return (ek_str){code.p, 0};
}

/* --- changing --- */

static void count_unregistered(ek_store *s, int32_t more) {
    EK_SET(s->a, s->root->nunregistered, s->root->nunregistered + (uint32_t)more);
}

/* Libraries are data, as keys are. */
static void changed(ek_store *s) {
    EK_SET(s->a, s->root->libraries_changed, s->root->libraries_changed + 1);
    EK_SET(s->a, s->root->dirty, s->root->dirty + 1);
}

ek_library *ek_library_add(ek_store *s, ek_str name, ek_str code) {
    ek_ref ref = ek_alloc(s->a, sizeof(ek_library) + name.n + code.n);
    ek_library *l = ek_ptr(s->a, ref);
    *l = (ek_library){
        .id = atomic_fetch_add(&s->a->hdr->next_library_id, 1) + 1,
        .name_len = (uint32_t)name.n,
        .code_len = (uint32_t)code.n,
    };
    memcpy(l->bytes, name.p, name.n);
    memcpy(l->bytes + name.n, code.p, code.n);
    ek_table_add(s->a, &s->root->libraries, library_key, ek_table_hash(s->a, name), ref);
    count_unregistered(s, 1);
    changed(s);
    return l;
}

void ek_library_registered(ek_store *s, ek_library *l) {
    if (l->registered) return;
    ek_touch(s->a, &l->registered, sizeof l->registered);
    l->registered = true;
    count_unregistered(s, -1);
}

void ek_function_add(ek_store *s, ek_library *l, ek_str name, ek_str description, uint32_t flags) {
    ek_ref ref = ek_alloc(s->a, sizeof(ek_function) + 2 * name.n + description.n);
    ek_function *f = ek_ptr(s->a, ref);
    *f = (ek_function){
        .library = ek_ref_of(s->a, l),
        .index = l->nfunctions + 1,
        .flags = flags,
        .name_len = (uint32_t)name.n,
        .description_len = (uint32_t)description.n,
        .described = description.p != NULL,
    };
    to_lower(f->bytes, name);
    memcpy(f->bytes + name.n, name.p, name.n);
    if (description.n) memcpy(f->bytes + 2 * name.n, description.p, description.n);
    if (l->last) {
        ek_function *last = ek_ptr(s->a, l->last);
        EK_SET(s->a, last->next, ref);
    }
    ek_touch(s->a, l, sizeof *l);
    if (!l->first) l->first = ref;
    l->last = ref;
    l->nfunctions++;
    ek_str key = {f->bytes, name.n};
    ek_table_add(s->a, &s->root->functions, function_key, ek_table_hash(s->a, key), ref);
}

static void delete_functions(ek_store *s, const ek_library *l) {
    for (ek_ref ref = l->first, next; ref; ref = next) {
        const ek_function *f = ek_ptr(s->a, ref);
        next = f->next;
        ek_table_remove(s->a, &s->root->functions, function_key,
                        ek_table_hash(s->a, function_key(s->a, ref)), ref);
        ek_free(s->a, ref);
    }
}

void ek_library_delete(ek_store *s, const ek_library *l) {
    ek_ref ref = ek_ref_of(s->a, l);
    delete_functions(s, l);
    ek_table_remove(s->a, &s->root->libraries, library_key,
                    ek_table_hash(s->a, ek_library_name(l)), ref);
    ek_free(s->a, ref);
    if (!l->registered) count_unregistered(s, -1);
    changed(s);
}

typedef struct walk {
    const ek_store *s;
    ek_library_each_fn *visit;
    void *arg;
} walk;

static bool visit_library(void *arg, ek_ref item) {
    walk *w = arg;
    return w->visit(w->arg, ek_ptr(w->s->a, item));
}

void ek_libraries_each(const ek_store *s, ek_library_each_fn *visit, void *arg) {
    walk w = {s, visit, arg};
    if (s->root->libraries.count) ek_table_each(s->a, &s->root->libraries, visit_library, &w);
}

static bool first_library(void *arg, ek_library *l) {
    *(const ek_library **)arg = l;
    return false;
}

void ek_libraries_flush(ek_store *s) {
    const ek_library *l = NULL;
    while (s->root->libraries.count) {
        ek_libraries_each(s, first_library, &l);
        ek_library_delete(s, l);
    }
}

/* --- checking --- */

typedef struct checking {
    const ek_store *s;
    uint64_t nfunctions;
    uint32_t nunregistered;
    bool ok;
} checking;

static bool check_library(void *arg, ek_library *l) {
    checking *k = arg;
    uint32_t n = 0;
    for (ek_ref ref = l->first; ref && k->ok; n++) {
        const ek_function *f = ek_ptr(k->s->a, ref);
        k->ok = f->index == n + 1 && ek_ptr(k->s->a, f->library) == l &&
                ek_function_find(k->s, ek_function_name(f)) == f;
        ref = f->next;
    }
    k->nfunctions += n;
    k->nunregistered += !l->registered;
    return k->ok = k->ok && n == l->nfunctions;
}

bool ek_libraries_check(const ek_store *s) {
    checking k = {.s = s, .ok = true};
    ek_libraries_each(s, check_library, &k);
    return k.ok && k.nfunctions == s->root->functions.count &&
           k.nunregistered == s->root->nunregistered &&
           ek_table_check(s->a, &s->root->libraries, library_key) &&
           ek_table_check(s->a, &s->root->functions, function_key);
}
