/* HRANDFIELD. */
#include "commands/hashes.h"
#include "commands/tables.h"

/* What was chosen; integers of a listpack are printed into scratch memory. */
typedef struct choice {
    ek_str field, value;
} choice;

typedef struct collecting {
    ek_ctx *c;
    choice *out;
    size_t n;
} collecting;

static ek_str keep(ek_ctx *c, ek_str s, const char *room) {
    if (s.p != (const uint8_t *)room) return s;
    uint8_t *copy = ek_scratch_alloc(c, s.n);
    memcpy(copy, s.p, s.n);
    return (ek_str){copy, s.n};
}

static bool collect(void *arg, const ek_hash_pair *pair) {
    collecting *k = arg;
    k->out[k->n++] = (choice){keep(k->c, pair->field, pair->field_room),
                              keep(k->c, pair->value, pair->value_room)};
    return true;
}

static void reply_choice(ek_ctx *c, ek_str field, ek_str value, bool with_values) {
    if (with_values && c->resp == 3) ek_reply_array(c->reply, 2);
    ek_reply_str(c->reply, field);
    if (with_values) ek_reply_str(c->reply, value);
}

static void open_reply(ek_ctx *c, size_t n, bool with_values) {
    ek_reply_array(c->reply, with_values && c->resp == 2 ? 2 * n : n);
}

static size_t collect_all(ek_ctx *c, const ek_value *v, size_t len, choice **out) {
    collecting k = {.c = c, .out = ek_scratch_alloc(c, len * sizeof(choice))};
    ek_hash_each(c->s, v, ek_hash_now(c, v), collect, &k);
    *out = k.out;
    return k.n;
}

static bool is_table(const ek_value *v) {
    return v->enc == EK_ENC_HASHTABLE || v->enc == EK_ENC_HASHTABLE_EX;
}

/* n times any field, the same one perhaps. */
static void with_repeats(ek_ctx *c, const ek_value *v, size_t len, size_t n, bool with_values) {
    if (n > UINT32_MAX / 2) ek_raise(c->a, EK_ENOMEM);
    open_reply(c, n, with_values);
    choice *all = NULL;
    if (!is_table(v)) len = collect_all(c, v, len, &all);
    while (n-- > 0) {
        if (all) {
            const choice *one = &all[ek_random_below(&c->s->random, len)];
            reply_choice(c, one->field, one->value, with_values);
        } else {
            ek_hash_pair pair;
            ek_hash_random(c->s, v, ek_hash_now(c, v), &pair);
            reply_choice(c, pair.field, pair.value, with_values);
        }
    }
}

/* n < len different fields of a table that has many more: those seen are kept in a table of their
 * addresses. */
static void few_distinct(ek_ctx *c, const ek_value *v, size_t n, bool with_values) {
    size_t mask = 15;
    while (mask < 2 * n) mask = 2 * mask + 1;
    const uint8_t **seen = ek_scratch_alloc(c, (mask + 1) * sizeof *seen);
    memset(seen, 0, (mask + 1) * sizeof *seen);
    while (n > 0) {
        ek_hash_pair pair;
        ek_hash_random(c->s, v, ek_hash_now(c, v), &pair);
        size_t at = ((uintptr_t)pair.field.p * 0x9e3779b97f4a7c15u >> 32) & mask;
        while (seen[at] && seen[at] != pair.field.p) at = (at + 1) & mask;
        if (seen[at]) continue;
        seen[at] = pair.field.p;
        reply_choice(c, pair.field, pair.value, with_values);
        n--;
    }
}

static void distinct(ek_ctx *c, const ek_value *v, size_t len, size_t n, bool with_values) {
    n = ek_min(n, len);
    open_reply(c, n, with_values);
    if (is_table(v) && n < len / 3) {
        few_distinct(c, v, n, with_values);
        return;
    }
    choice *all;
    collect_all(c, v, len, &all);
    for (size_t i = 0; i < n; i++) {
        size_t j = n == len ? i : i + ek_random_below(&c->s->random, len - i);
        choice one = all[j];
        all[j] = all[i];
        reply_choice(c, one.field, one.value, with_values);
    }
}

/* The arguments behind the key. Has replied when false. */
static bool parse(ek_ctx *c, int64_t *count, bool *with_values) {
    if (!ek_arg_i64(c, 2, count)) return false;
    if (*count == INT64_MIN) {
        ek_reply_error(c->reply, "ERR value is out of range, value must between %lld and %lld",
                       (long long)-INT64_MAX, (long long)INT64_MAX);
        return false;
    }
    *with_values = c->argc == 4 && ek_arg_is(c, 3, "withvalues");
    if (c->argc > 4 || (c->argc == 4 && !*with_values)) {
        ek_reply_syntax_error(c);
        return false;
    }
    if (*with_values && (*count < -INT64_MAX / 2 || *count > INT64_MAX / 2)) {
        ek_reply_error(c->reply, "ERR value is out of range");
        return false;
    }
    return true;
}

void ek_cmd_hrandfield(ek_ctx *c) {
    int64_t count = 1;
    bool with_values = false;
    ek_value v;
    if (c->argc > 2 && !parse(c, &count, &with_values)) return;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    size_t len = found == EK_FOUND ? ek_hash_len(c->s, &v, ek_hash_now(c, &v)) : 0;
    if (len == 0 && c->argc == 2) {
        ek_reply_null(c->reply);
    } else if (len == 0 || count == 0) {
        ek_reply_array(c->reply, 0);
    } else if (c->argc == 2 && is_table(&v)) {
        ek_hash_pair pair;
        ek_hash_random(c->s, &v, ek_hash_now(c, &v), &pair);
        ek_reply_str(c->reply, pair.field);
    } else if (c->argc == 2) {
        choice *all;
        len = collect_all(c, &v, len, &all);
        ek_reply_str(c->reply, all[ek_random_below(&c->s->random, len)].field);
    } else if (count < 0) {
        with_repeats(c, &v, len, (size_t)-count, with_values);
    } else {
        distinct(c, &v, len, (size_t)count, with_values);
    }
}
