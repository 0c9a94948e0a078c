/* CONFIG GET and SET.
 *
 * The parameters that values depend on lie in the store (store/config.h), so that all its processes
 * agree; they can be changed. The others are told for clients that look at them, and can
 * only be set to what they are. */
#include "base/number.h"
#include "commands/tables.h"
#include "engine/context.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>

typedef enum param_kind { PARAM_INTEGER, PARAM_MEMORY, PARAM_FIXED, PARAM_DATABASES } param_kind;

typedef struct param {
    const char *name, *alias;
    param_kind kind;
    size_t offset; /* in ek_config */
    int64_t min, max;
    const char *fixed;
} param;

#define AT(field) offsetof(ek_config, field)

static const param params[] = {
    {"hash-max-listpack-entries", "hash-max-ziplist-entries", PARAM_INTEGER,
     AT(hash_max_listpack_entries), 0, INT64_MAX, NULL},
    {"hash-max-listpack-value", "hash-max-ziplist-value", PARAM_MEMORY,
     AT(hash_max_listpack_value), 0, INT64_MAX, NULL},
    {"set-max-intset-entries", NULL, PARAM_INTEGER, AT(set_max_intset_entries), 0, INT64_MAX,
     NULL},
    {"zset-max-listpack-entries", "zset-max-ziplist-entries", PARAM_INTEGER,
     AT(zset_max_listpack_entries), 0, INT64_MAX, NULL},
    {"zset-max-listpack-value", "zset-max-ziplist-value", PARAM_MEMORY,
     AT(zset_max_listpack_value), 0, INT64_MAX, NULL},
    {"list-max-listpack-size", "list-max-ziplist-size", PARAM_INTEGER,
     AT(list_max_listpack_size), INT_MIN, INT_MAX, NULL},
    {"list-compress-depth", NULL, PARAM_INTEGER, AT(list_compress_depth), 0, INT_MAX, NULL},
    {"proto-max-bulk-len", NULL, PARAM_MEMORY, AT(proto_max_bulk_len), 1024 * 1024, INT64_MAX,
     NULL},
    {"databases", NULL, PARAM_DATABASES, 0, 0, 0, NULL},
    {"appendonly", NULL, PARAM_FIXED, 0, 0, 0, "no"},
    {"maxmemory", NULL, PARAM_FIXED, 0, 0, 0, "0"},
    {"maxmemory-policy", NULL, PARAM_FIXED, 0, 0, 0, "noeviction"},
    {"notify-keyspace-events", NULL, PARAM_FIXED, 0, 0, 0, ""},
    {"save", NULL, PARAM_FIXED, 0, 0, 0, ""},
    {"timeout", NULL, PARAM_FIXED, 0, 0, 0, "0"},
};

static int64_t *field_of(ek_ctx *c, const param *p) {
    return (int64_t *)((char *)&c->s->root->config + p->offset);
}

static const char *value_text(ek_ctx *c, const param *p, char *buf, size_t cap) {
    if (p->kind == PARAM_FIXED) return p->fixed;
    int64_t v = p->kind == PARAM_DATABASES ? (int64_t)c->s->root->ndbs : *field_of(c, p);
    snprintf(buf, cap, "%lld", (long long)v);
    return buf;
}

static bool has_glob(ek_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[') return true;
    return false;
}

/* The name under which a parameter is asked for: its own, or as the caller spelled it. */
static bool asked_as(ek_ctx *c, const char *name, ek_str *as) {
    ek_str own = {(const uint8_t *)name, strlen(name)};
    for (size_t i = 2; i < c->argc; i++) {
        ek_str pattern = c->argv[i];
        bool glob = has_glob(pattern);
        if (glob ? ek_glob_match(pattern, own, true) : ek_str_is(pattern, name)) {
            *as = glob ? own : pattern;
            return true;
        }
    }
    return false;
}

void ek_cmd_config_get(ek_ctx *c) {
    size_t at = ek_reply_open(c->reply, '%'), n = 0;
    for (size_t i = 0; i < EK_COUNTOF(params); i++) {
        const char *names[] = {params[i].name, params[i].alias};
        for (size_t k = 0; k < EK_COUNTOF(names); k++) {
            char buf[32];
            ek_str as;
            if (!names[k] || !asked_as(c, names[k], &as)) continue;
            ek_reply_str(c->reply, as);
            ek_reply_cstr(c->reply, value_text(c, &params[i], buf, sizeof buf));
            n++;
        }
    }
    ek_reply_close(c->reply, at, n);
}

/* Whether the argument names the parameter; *name is the name that does. */
static const param *find_param(ek_str arg, const char **name) {
    for (size_t i = 0; i < EK_COUNTOF(params); i++) {
        const param *p = &params[i];
        *name = ek_str_is(arg, p->name) ? p->name : p->alias;
        if (*name && ek_str_is(arg, *name)) return p;
    }
    return NULL;
}

/* Digits and a unit: b, k, kb, m, mb, g, gb; without the b they are powers of 1,000. */
static bool parse_memory(ek_str s, int64_t *out) {
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {{"", 1},         {"b", 1},           {"k", 1000},       {"kb", 1 << 10},
                 {"m", 1000000},  {"mb", 1 << 20},    {"g", 1000000000}, {"gb", 1 << 30}};
    uint64_t v = 0;
    size_t i = 0;
    bool huge = false;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        huge |= __builtin_mul_overflow(v, (uint64_t)10, &v) ||
                __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v);
    for (size_t k = 0; k < EK_COUNTOF(units); k++) {
        if (!ek_str_is((ek_str){s.p + i, s.n - i}, units[k].name)) continue;
        huge |= __builtin_mul_overflow(v, units[k].factor, &v);
        *out = huge || v > INT64_MAX ? -1 : (int64_t)v;
        return true;
    }
    return false;
}

static bool refuse(ek_ctx *c, const char *name, const char *why) {
    ek_reply_error(c->reply, "ERR CONFIG SET failed (possibly related to argument '%s') - %s",
                   name, why);
    return false;
}

static bool parse_value(ek_ctx *c, const param *p, const char *name, ek_str s, int64_t *out) {
    if (p->kind == PARAM_INTEGER && !ek_parse_i64(s.p, s.n, out))
        return refuse(c, name, "argument couldn't be parsed into an integer");
    if (p->kind == PARAM_MEMORY && !parse_memory(s, out))
        return refuse(c, name, "argument must be a memory value");
    if (*out < p->min || *out > p->max) {
        char why[96];
        snprintf(why, sizeof why, "argument must be between %lld and %lld inclusive",
                 (long long)p->min, (long long)p->max);
        return refuse(c, name, why);
    }
    return true;
}

static bool can_change(ek_ctx *c, const param *p, const char *name, ek_str value) {
    if (p->kind == PARAM_INTEGER || p->kind == PARAM_MEMORY) return true;
    if (p->kind == PARAM_FIXED && ek_str_is(value, p->fixed)) return true;
    return refuse(c, name, "can't set immutable config");
}

typedef struct change {
    const param *p;
    const char *name;
    int64_t value;
} change;

/* Finds the parameters that are to change; replies and returns false if one of them cannot. */
static bool find_changes(ek_ctx *c, change *changes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ek_str arg = c->argv[2 + 2 * i];
        changes[i].p = find_param(arg, &changes[i].name);
        if (!changes[i].p) {
            ek_reply_error(c->reply,
                           "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
                           (int)ek_min(arg.n, 128), (const char *)arg.p);
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!can_change(c, changes[i].p, changes[i].name, c->argv[3 + 2 * i])) return false;
        for (size_t k = 0; k < i; k++)
            if (changes[k].name == changes[i].name)
                return refuse(c, changes[i].name, "duplicate parameter");
    }
    return true;
}

/* All of them change or none. */
void ek_cmd_config_set(ek_ctx *c) {
    if (c->argc % 2) {
        ek_reply_syntax_error(c);
        return;
    }
    size_t n = (c->argc - 2) / 2;
    change *changes = ek_scratch_alloc(c, n * sizeof *changes);
    if (!find_changes(c, changes, n)) return;
    for (size_t i = 0; i < n; i++)
        if (changes[i].p->kind != PARAM_FIXED &&
            !parse_value(c, changes[i].p, changes[i].name, c->argv[3 + 2 * i], &changes[i].value))
            return;
    for (size_t i = 0; i < n; i++)
        if (changes[i].p->kind != PARAM_FIXED)
            EK_SET(c->a, *field_of(c, changes[i].p), changes[i].value);
    ek_reply_ok(c->reply);
}
