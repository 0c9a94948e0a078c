/* SPOP and SRANDMEMBER. */
#include "commands/sets.h"
#include "commands/tables.h"
#include "engine/effect.h"

/* --- SPOP --- */

static void pop_some(ek_ctx *c, ek_value *v, size_t n) {
    ek_changed_elements(c, (int64_t)n);
    ek_reply_set(c->reply, n);
    while (n-- > 0) {
        char room[EK_I64_CHARS];
        ek_str member = ek_set_random(c->s, v, room);
        ek_reply_str(c->reply, member);
        ek_effect(c, EK_ARGV(EK_WORD("SREM"), c->argv[1], member));
        ek_set_remove(c->s, c->db, v, member);
    }
    ek_key_changed(c, c->argv[1], EK_EVENT_SET, "spop");
}

static void pop_all(ek_ctx *c, ek_value *v) {
    ek_reply_set(c->reply, ek_set_len(c->a, v));
    ek_set_each(c->a, v, ek_set_reply_member, c->reply);
    ek_key_changed(c, c->argv[1], EK_EVENT_SET, "spop");
    ek_changed_elements(c, (int64_t)ek_set_len(c->a, v));
    ek_delete_emptied(c, v);
    ek_effect(c, EK_ARGV(EK_WORD("DEL"), c->argv[1]));
}

static void pop_one(ek_ctx *c, ek_value *v) {
    char room[EK_I64_CHARS];
    ek_str member = ek_set_random(c->s, v, room);
    ek_reply_str(c->reply, member);
    ek_effect(c, EK_ARGV(EK_WORD("SREM"), c->argv[1], member));
    ek_set_remove(c->s, c->db, v, member);
    ek_key_changed(c, c->argv[1], EK_EVENT_SET, "spop");
    if (ek_set_len(c->a, v) == 0) ek_delete_emptied(c, v);
}

void ek_cmd_spop(ek_ctx *c) {
    ek_value v;
    int64_t n = 0;
    if (c->argc > 3) {
        ek_reply_syntax_error(c);
        return;
    }
    if (c->argc == 3 &&
        !ek_arg_range(c, 2, 0, INT64_MAX, &n, "value is out of range, must be positive"))
        return;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v);
    if (found == EK_WRONG_TYPE) return;
    if (c->argc == 2) {
        if (found == EK_FOUND) pop_one(c, &v);
        else ek_reply_null(c->reply);
    } else if (found == EK_ABSENT || n == 0) {
        ek_reply_set(c->reply, 0);
    } else if ((uint64_t)n >= ek_set_len(c->a, &v)) {
        pop_all(c, &v);
    } else {
        pop_some(c, &v, (size_t)n);
    }
}

/* --- SRANDMEMBER --- */

static void with_repeats(ek_ctx *c, const ek_value *v, size_t n) {
    if (n > UINT32_MAX) ek_raise(c->a, EK_ENOMEM);
    ek_reply_array(c->reply, n);
    while (n-- > 0) {
        char room[EK_I64_CHARS];
        ek_reply_str(c->reply, ek_set_random(c->s, v, room));
    }
}

/* n different members of a table that has many more: those seen are kept in a table of their
 * addresses. */
static void few_distinct(ek_ctx *c, const ek_value *v, size_t n) {
    size_t mask = 15;
    while (mask < 2 * n) mask = 2 * mask + 1;
    const uint8_t **seen = ek_scratch_alloc(c, (mask + 1) * sizeof *seen);
    memset(seen, 0, (mask + 1) * sizeof *seen);
    while (n > 0) {
        char room[EK_I64_CHARS];
        ek_str member = ek_set_random(c->s, v, room);
        size_t at = ((uintptr_t)member.p * 0x9e3779b97f4a7c15u >> 32) & mask;
        while (seen[at] && seen[at] != member.p) at = (at + 1) & mask;
        if (seen[at]) continue;
        seen[at] = member.p;
        ek_reply_str(c->reply, member);
        n--;
    }
}

static void distinct(ek_ctx *c, const ek_value *v, size_t n) {
    size_t len = ek_set_len(c->a, v);
    n = ek_min(n, len);
    ek_reply_array(c->reply, n);
    if (n == len) {
        ek_set_each(c->a, v, ek_set_reply_member, c->reply);
        return;
    }
    if (v->enc != EK_ENC_INTSET && n < len / 3) {
        few_distinct(c, v, n);
        return;
    }
    ek_members all = {.c = c};
    ek_set_each(c->a, v, ek_members_collect, &all);
    for (size_t i = 0; i < n; i++) {
        size_t j = i + ek_random_below(&c->s->random, len - i);
        ek_str member = all.list[j];
        all.list[j] = all.list[i];
        ek_reply_str(c->reply, member);
    }
}

void ek_cmd_srandmember(ek_ctx *c) {
    ek_value v;
    int64_t n = 0;
    if (c->argc > 3) {
        ek_reply_syntax_error(c);
        return;
    }
    if (c->argc == 3) {
        if (!ek_arg_i64(c, 2, &n)) return;
        if (n == INT64_MIN) {
            ek_reply_error(c->reply, "ERR value is out of range, value must between %lld and %lld",
                           (long long)-INT64_MAX, (long long)INT64_MAX);
            return;
        }
    }
    ek_found found = ek_lookup_type(c, c->argv[1], EK_SET_TYPE, &v);
    if (found == EK_WRONG_TYPE) return;
    if (c->argc == 2) {
        char room[EK_I64_CHARS];
        if (found == EK_FOUND) ek_reply_str(c->reply, ek_set_random(c->s, &v, room));
        else ek_reply_null(c->reply);
    } else if (found == EK_ABSENT || n == 0) {
        ek_reply_array(c->reply, 0);
    } else if (n < 0) {
        with_repeats(c, &v, (size_t)-n);
    } else {
        distinct(c, &v, (size_t)n);
    }
}
