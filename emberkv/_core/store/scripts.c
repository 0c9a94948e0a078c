#include "store/scripts.h"

void ek_script_name(const void *p, size_t n, char sha[EK_SHA1_HEX + 1]) {
    ek_sha1 h;
    uint8_t digest[EK_SHA1_BYTES];
    ek_sha1_begin(&h);
    ek_sha1_add(&h, p, n);
    ek_sha1_end(&h, digest);
    ek_sha1_print(digest, sha);
}

static ek_str key_of(const ek_arena *a, ek_ref item) {
    return (ek_str){ek_ptr(a, item), EK_SHA1_HEX};
}

static ek_ref find(const ek_store *s, ek_str sha) {
    const ek_table *t = &s->root->scripts;
    if (!t->count) return 0;
    return ek_table_find(s->a, t, key_of, ek_table_hash(s->a, sha), sha);
}

const ek_script_body *ek_script_find(const ek_store *s, ek_str sha) {
    uint8_t lower[EK_SHA1_HEX];
    if (sha.n != EK_SHA1_HEX) return NULL;
    ek_ref ref = find(s, sha);
    if (EK_UNLIKELY(!ref)) {
        for (size_t i = 0; i < sha.n; i++)
            lower[i] = sha.p[i] >= 'A' && sha.p[i] <= 'Z' ? sha.p[i] | 32 : sha.p[i];
        ref = find(s, (ek_str){lower, sha.n});
    }
    return ref ? ek_ptr(s->a, ref) : NULL;
}

void ek_script_keep(ek_store *s, const char *sha, ek_str body) {
    ek_str name = {(const uint8_t *)sha, EK_SHA1_HEX};
    if (find(s, name)) return;
    ek_ref ref = ek_alloc(s->a, sizeof(ek_script_body) + body.n);
    ek_script_body *script = ek_ptr(s->a, ref);
    memcpy(script->sha, sha, EK_SHA1_HEX);
    script->len = (uint32_t)body.n;
    if (body.n) memcpy(script->body, body.p, body.n);
    ek_table_add(s->a, &s->root->scripts, key_of, ek_table_hash(s->a, name), ref);
}

static void release(ek_arena *a, void *arg, ek_ref item) {
    (void)arg;
    ek_free(a, item);
}

void ek_scripts_flush(ek_store *s) {
    if (!s->root->scripts.dir) return;
    while (!ek_table_drain(s->a, &s->root->scripts, SIZE_MAX, release, NULL)) {}
}
