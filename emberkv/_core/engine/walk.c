/* The check build: after each command, walk what it may have changed.
 *
 * While the keyspaces hold few keys all of them are walked; beyond that the values of the command's
 * own keys, large ones only now and then, so that filling one stays far from quadratic.
 *
 * EMBERKV_CHECK_WALK=n sets up to how many keys all are walked; 0: nothing is. */
#include "engine/walk.h"

#ifdef EK_CHECK

#include <stdlib.h>

#include "arena/check.h"
#include "store/values.h"

#define KEYS_DEFAULT 16
#define WEIGHT_MAX 64 /* blocks of a value that is walked each time */
#define SELDOM 256u
#define KEYS_MAX 64

static size_t limit(void) {
    const char *given = getenv("EMBERKV_CHECK_WALK");
    return given ? (size_t)atol(given) : KEYS_DEFAULT;
}

static bool is_heavy(const ek_store *s, const ek_value *v) {
    return v->outside && ek_is_container(v->enc) &&
           ek_value_ops_of(v->type)->weight(s->a, v->outside, v->enc) > WEIGHT_MAX;
}

static bool has_heavy(void *arg, ek_ref item) {
    const ek_store *s = *(const ek_store **)arg;
    ek_value v;
    ek_entry_read(s->a, item, &v);
    if (is_heavy(s, &v)) *(const ek_store **)arg = NULL;
    return !is_heavy(s, &v);
}

static bool is_small(const ek_store *s) {
    uint64_t keys = 0;
    for (uint32_t i = 0; i < s->root->ndbs; i++) keys += s->dbs[i].keys.count;
    if (keys > limit()) return false;
    const ek_store *light = s;
    for (uint32_t i = 0; i < s->root->ndbs && light; i++)
        ek_table_each(s->a, &s->dbs[i].keys, has_heavy, &light);
    return light != NULL;
}

static void walk_all(const ek_store *s) {
    for (uint32_t i = 0; i < s->root->ndbs; i++)
        if (!ek_keyspace_check(s, &s->dbs[i])) ek_check_abort("a keyspace contradicts itself");
}

static void walk_keys(const ek_ctx *c, bool heavy_too) {
    ek_key_pos keys[KEYS_MAX];
    int n = ek_command_keys(c->cmd, c->argc, c->argv, keys, KEYS_MAX);
    for (int i = 0; i < n && i < KEYS_MAX; i++) {
        ek_value v;
        if (!ek_keyspace_find(c->s, c->db, c->argv[keys[i].index], &v)) continue;
        if ((heavy_too || !is_heavy(c->s, &v)) && !ek_value_check(c->s, &v))
            ek_check_abort("a value contradicts itself");
    }
}

void ek_walk_after(const ek_ctx *c) {
    static _Atomic unsigned commands;
    if (!limit()) return;
    if (is_small(c->s)) walk_all(c->s);
    else walk_keys(c, ++commands % SELDOM == 0);
}

#else
typedef int ek_walk_is_empty;
#endif
