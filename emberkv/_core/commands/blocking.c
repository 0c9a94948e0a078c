/* The commands that wait, and CLIENT UNBLOCK. Run again by whoever changed a key, a command looks at
 * that key alone. */
#include "base/number.h"
#include "commands/lists.h"
#include "commands/tables.h"
#include "commands/zsets.h"
#include "engine/effect.h"
#include "engine/mail.h"

#define HEAD EK_LIST_HEAD
#define TAIL EK_LIST_TAIL

/* The first of the keys that there is, if it is of the type. */
static ek_found first_of(ek_ctx *c, const ek_str *keys, size_t n, ek_type type, ek_value *v,
                         ek_str *key) {
    if (c->serving) {
        keys = &c->ready_key;
        n = 1;
    }
    for (size_t i = 0; i < n; i++) {
        *key = keys[i];
        ek_found found = ek_lookup_type(c, keys[i], type, v);
        if (found != EK_ABSENT) return found;
    }
    return EK_ABSENT;
}

static ek_str word(const char *s) { return (ek_str){(const uint8_t *)s, strlen(s)}; }

/* --- lists --- */

/* Should the reply not be taken by its receiver, the n elements go back in one push: those that
 * were taken last come first. */
static void keep_elements(ek_ctx *c, ek_str key, const ek_list *l, ek_list_end at, uint64_t n) {
    if (!c->serving) return;
    n = ek_min(n, l->count);
    ek_str *argv = ek_scratch_alloc(c, (n + 2) * sizeof *argv);
    argv[0] = word(at == HEAD ? "lpush" : "rpush");
    argv[1] = key;
    ek_list_iter it;
    ek_list_seek(c->a, l, at == HEAD ? 0 : l->count - 1, &it);
    for (uint64_t i = n; i > 0;) {
        ek_lp_value v;
        ek_lp_get(it.p, &v);
        argv[2 + --i] = ek_lp_text(&v, v.s ? NULL : ek_scratch_alloc(c, EK_I64_CHARS));
        if (i > 0) (void)(at == HEAD ? ek_list_next(c->a, &it) : ek_list_prev(c->a, &it));
    }
    ek_unless_delivered(c, n + 2, argv);
}

static void pop_first(ek_ctx *c, ek_list_end at) {
    int64_t timeout;
    if (!ek_arg_timeout(c, c->argc - 1, &timeout)) return;
    const ek_str *keys = c->argv + 1;
    size_t nkeys = c->argc - 2;
    ek_value v;
    ek_str key;
    ek_found found = first_of(c, keys, nkeys, EK_LIST, &v, &key);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_null_array(c->reply);
        ek_block(c, nkeys, keys, timeout, EK_WAIT_LIST);
        return;
    }
    keep_elements(c, key, ek_value_list_of(&v), at, 1);
    ek_reply_array(c->reply, 2);
    ek_reply_str(c->reply, key);
    ek_list_pop_one(c, &v, at);
    ek_effect(c, EK_ARGV(at == HEAD ? EK_WORD("LPOP") : EK_WORD("RPOP"), key));
}

void ek_cmd_blpop(ek_ctx *c) { pop_first(c, HEAD); }
void ek_cmd_brpop(ek_ctx *c) { pop_first(c, TAIL); }

void ek_cmd_blmpop(ek_ctx *c) {
    int64_t timeout;
    ek_list_mpop m;
    if (!ek_list_mpop_args(c, 2, &m) || !ek_arg_timeout(c, 1, &timeout)) return;
    ek_value v;
    ek_str key;
    ek_found found = first_of(c, m.keys, m.nkeys, EK_LIST, &v, &key);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_null_array(c->reply);
        ek_block(c, m.nkeys, m.keys, timeout, EK_WAIT_LIST);
        return;
    }
    keep_elements(c, key, ek_value_list_of(&v), m.at, (uint64_t)m.count);
    ek_list_mpop_effect(c, key, m.at, (uint64_t)m.count, ek_value_list_of(&v)->count);
    ek_reply_array(c->reply, 2);
    ek_reply_str(c->reply, key);
    ek_list_pop_many(c, &v, m.at, (uint64_t)m.count);
}

/* What waits less is the same without its B and its time-out. It may have changed nothing. */
static void move_effect(ek_ctx *c, bool has_ends) {
    if (!ek_effects_due(c)) return;
    if (has_ends)
        ek_effect(c, EK_ARGV(EK_WORD("LMOVE"), c->argv[1], c->argv[2], c->argv[3], c->argv[4]));
    else ek_effect(c, EK_ARGV(EK_WORD("RPOPLPUSH"), c->argv[1], c->argv[2]));
}

static void move(ek_ctx *c, size_t timeout_at, ek_list_end from, ek_list_end to) {
    int64_t timeout;
    if (!ek_arg_timeout(c, timeout_at, &timeout)) return;
    if (ek_list_move(c, from, to)) {
        if (ek_effects_kept(c)) move_effect(c, timeout_at == 5);
        return;
    }
    if (ek_may_block(c)) ek_reply_null_array(c->reply);
    else ek_reply_null(c->reply);
    ek_block(c, 1, c->argv + 1, timeout, EK_WAIT_LIST);
}

void ek_cmd_brpoplpush(ek_ctx *c) { move(c, 3, TAIL, HEAD); }

void ek_cmd_blmove(ek_ctx *c) {
    ek_list_end from, to;
    if (ek_list_end_argument(c, 3, &from) && ek_list_end_argument(c, 4, &to)) move(c, 5, from, to);
    else ek_reply_syntax_error(c);
}

void ek_cmd_blmovem(ek_ctx *c) {
    int64_t timeout;
    ek_list_movem m;
    if (!ek_list_movem_args(c, 6, &m) || !ek_arg_timeout(c, 5, &timeout)) return;
    if (ek_list_movem_run(c, &m)) {
        if (ek_effects_kept(c) && ek_effects_due(c))
            ek_effect_with(c, 0, 6, EK_ARGV(EK_WORD("LMOVEM"), c->argv[1], c->argv[2], c->argv[3],
                                            c->argv[4]));
        return;
    }
    ek_reply_null_array(c->reply);
    ek_block(c, 1, c->argv + 1, timeout, EK_WAIT_LIST);
}

/* --- sorted sets --- */

/* As keep_elements; a member that is there again by then stays as it is. */
static void keep_members(ek_ctx *c, ek_str key, const ek_value *v, bool last, int64_t count) {
    if (!c->serving) return;
    uint32_t all = ek_zset_count(c->a, v), n = count < all ? (uint32_t)count : all;
    ek_zset_entry *e = ek_zset_entries(c, v, last ? all - n : 0, n);
    ek_str *argv = ek_scratch_alloc(c, (3 + 2 * (size_t)n) * sizeof *argv);
    argv[0] = word("zadd");
    argv[1] = key;
    argv[2] = word("nx");
    for (uint32_t i = 0; i < n; i++) {
        char *score = ek_scratch_alloc(c, EK_DOUBLE_CHARS);
        argv[3 + 2 * i] = (ek_str){(uint8_t *)score, ek_format_double(score, e[i].score)};
        argv[4 + 2 * i] = e[i].member;
    }
    ek_unless_delivered(c, 3 + 2 * (size_t)n, argv);
}

static void pop_ranked(ek_ctx *c, bool last) {
    int64_t timeout;
    if (!ek_arg_timeout(c, c->argc - 1, &timeout)) return;
    const ek_str *keys = c->argv + 1;
    size_t nkeys = c->argc - 2;
    ek_value v;
    ek_str key;
    ek_found found = first_of(c, keys, nkeys, EK_ZSET, &v, &key);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_null_array(c->reply);
        ek_block(c, nkeys, keys, timeout, EK_WAIT_ZSET);
        return;
    }
    keep_members(c, key, &v, last, 1);
    uint32_t rank = last ? ek_zset_count(c->a, &v) - 1 : 0;
    ek_zset_entry *e = ek_zset_entries(c, &v, rank, 1);
    ek_reply_array(c->reply, 3);
    ek_reply_str(c->reply, key);
    ek_reply_str(c->reply, e->member);
    ek_reply_double(c->reply, e->score);
    ek_zset_take_ranks(c, &v, rank, 1, last ? "zpopmax" : "zpopmin");
    ek_effect(c, EK_ARGV(last ? EK_WORD("ZPOPMAX") : EK_WORD("ZPOPMIN"), key));
}

void ek_cmd_bzpopmin(ek_ctx *c) { pop_ranked(c, false); }
void ek_cmd_bzpopmax(ek_ctx *c) { pop_ranked(c, true); }

void ek_cmd_bzmpop(ek_ctx *c) {
    int64_t timeout;
    ek_zset_mpop m;
    if (!ek_zset_mpop_args(c, 2, &m) || !ek_arg_timeout(c, 1, &timeout)) return;
    ek_value v;
    ek_str key;
    ek_found found = first_of(c, m.keys, m.nkeys, EK_ZSET, &v, &key);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_reply_null_array(c->reply);
        ek_block(c, m.nkeys, m.keys, timeout, EK_WAIT_ZSET);
        return;
    }
    keep_members(c, key, &v, m.last, m.count);
    ek_zset_mpop_effect(c, key, &v, &m);
    ek_reply_array(c->reply, 2);
    ek_reply_str(c->reply, key);
    ek_zset_pop(c, &v, m.last, m.count, true);
}

/* --- replicas, of which there are none to wait for, and the disk --- */

static bool whole_timeout(ek_ctx *c, size_t i, int64_t *timeout_ms) {
    if (!ek_arg_range(c, i, INT64_MIN, INT64_MAX, timeout_ms,
                      "timeout is not an integer or out of range"))
        return false;
    if (*timeout_ms >= 0) return true;
    ek_reply_error(c->reply, "ERR timeout is negative");
    return false;
}

void ek_cmd_wait(ek_ctx *c) {
    int64_t replicas, timeout;
    if (!ek_arg_i64(c, 1, &replicas) || !whole_timeout(c, 2, &timeout)) return;
    ek_reply_int(c->reply, 0);
    if (replicas > 0) ek_block(c, 0, NULL, timeout, 0);
}

void ek_cmd_waitaof(ek_ctx *c) {
    int64_t local, replicas, timeout;
    if (!ek_arg_i64(c, 1, &local) ||
        !ek_arg_range(c, 1, 0, 1, &local, "value is out of range, value must between 0 and 1") ||
        !ek_arg_range(c, 2, 0, INT64_MAX, &replicas, "value is out of range, must be positive") ||
        !whole_timeout(c, 3, &timeout))
        return;
    if (local && !ek_feed_on(c->s)) {
        ek_reply_error(c->reply, "ERR WAITAOF cannot be used when numlocal is set but appendonly "
                                 "is disabled.");
        return;
    }
    if (ek_feed_on(c->s)) c->s->feed_moved = c->s->feed_sync = true;
    ek_reply_array(c->reply, 2);
    ek_reply_int(c->reply, ek_feed_on(c->s));
    ek_reply_int(c->reply, 0);
    if (replicas > 0) ek_block(c, 0, NULL, timeout, 0);
}

void ek_cmd_client_unblock(ek_ctx *c) {
    int64_t id;
    ek_unblock_how how = EK_UNBLOCK_TIMEOUT;
    if (c->argc > 4) {
        ek_reply_error(c->reply, "ERR unknown subcommand or wrong number of arguments for '%.*s'. "
                                 "Try CLIENT HELP.",
                       (int)ek_min(c->argv[1].n, 128), (const char *)c->argv[1].p);
        return;
    }
    if (c->argc == 4 && ek_arg_is(c, 3, "error")) {
        how = EK_UNBLOCK_ERROR;
    } else if (c->argc == 4 && !ek_arg_is(c, 3, "timeout")) {
        ek_reply_error(c->reply, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        return;
    }
    if (!ek_arg_i64(c, 2, &id)) return;
    ek_client *client = id > 0 ? ek_client_find(c->s, (uint64_t)id) : NULL;
    bool done = client && ek_client_lives(c->s, client) && ek_client_unblock(c->s, client, how);
    ek_reply_int(c->reply, done);
}
