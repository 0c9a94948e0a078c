/* Strings: reading, writing whole values, and expiry with them. */
#include "commands/strings.h"

#include "commands/expire_arg.h"
#include "engine/effect.h"

static void reply_text(ek_ctx *c, const ek_value *v) {
    char digits[24];
    ek_reply_str(c->reply, ek_string_text(v, digits));
}

static void used(ek_ctx *c, const ek_value *v) {
    if (!c->session->no_touch) ek_value_accessed(c->s, v);
}

/* Put a text at a key: event and watchers included. */
static void put_text_as(ek_ctx *c, ek_value *v, ek_str key, ek_str text, int64_t expire_ms,
                        const char *event) {
    int64_t integer;
    ek_entry_plan plan = {.key = key, .expire_ms = expire_ms, .access = ek_access_begin(c->s)};
    ek_string_plan(&plan, text, &integer);
    if (v->entry) {
        ek_key_overwritten(c, c->dbi, key, v->type, EK_STRING);
        if (ek_access_counts(c->s)) used(c, v); /* the new value goes on with the count of uses */
    }
    ek_keyspace_put(c->s, c->db, v, &plan);
    ek_key_changed(c, key, EK_EVENT_STRING, event);
}

void ek_put_text(ek_ctx *c, ek_value *v, ek_str key, ek_str text, int64_t expire_ms) {
    put_text_as(c, v, key, text, expire_ms, "set");
}

static bool too_long(ek_ctx *c, uint64_t bytes) {
    if (bytes <= (uint64_t)c->s->root->config.proto_max_bulk_len) return false;
    ek_reply_error(c->reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return true;
}

/* --- options of SET and GETEX --- */

static unsigned time_option(const ek_ctx *c, size_t i) {
    if (ek_arg_is(c, i, "ex")) return EK_OPT_EX;
    if (ek_arg_is(c, i, "px")) return EK_OPT_PX;
    if (ek_arg_is(c, i, "exat")) return EK_OPT_EXAT;
    if (ek_arg_is(c, i, "pxat")) return EK_OPT_PXAT;
    return 0;
}

static unsigned comparison_option(const ek_ctx *c, size_t i) {
    if (ek_arg_is(c, i, "ifeq")) return EK_OPT_IFEQ;
    if (ek_arg_is(c, i, "ifne")) return EK_OPT_IFNE;
    if (ek_arg_is(c, i, "ifdeq")) return EK_OPT_IFDEQ;
    if (ek_arg_is(c, i, "ifdne")) return EK_OPT_IFDNE;
    return 0;
}

bool ek_parse_set_options(ek_ctx *c, size_t from, unsigned allowed, ek_set_options *o) {
    *o = (ek_set_options){0};
    for (size_t i = from; i < c->argc; i++) {
        unsigned one = 0, excludes = 0;
        if (ek_arg_is(c, i, "nx")) one = EK_OPT_NX, excludes = EK_OPT_XX | EK_OPT_COMPARISONS;
        else if (ek_arg_is(c, i, "xx")) one = EK_OPT_XX, excludes = EK_OPT_NX | EK_OPT_COMPARISONS;
        else if (ek_arg_is(c, i, "get")) one = EK_OPT_GET;
        else if (ek_arg_is(c, i, "keepttl")) one = EK_OPT_KEEPTTL, excludes = EK_OPT_TIMES;
        else if (ek_arg_is(c, i, "persist")) one = EK_OPT_PERSIST, excludes = EK_OPT_TIMES;
        else if ((one = time_option(c, i)))
            excludes = EK_OPT_KEEPTTL | EK_OPT_PERSIST | (EK_OPT_TIMES & ~one);
        else if ((one = comparison_option(c, i)))
            excludes = EK_OPT_NX | EK_OPT_XX | EK_OPT_COMPARISONS;
        if (!(one & allowed) || o->given & excludes ||
            (one & (EK_OPT_TIMES | EK_OPT_COMPARISONS) && i + 1 == c->argc)) {
            ek_reply_syntax_error(c);
            return false;
        }
        o->given |= one;
        if (one & EK_OPT_TIMES) o->time_at = ++i;
        if (one & EK_OPT_COMPARISONS) o->value_at = ++i;
    }
    return true;
}

bool ek_set_options_time(ek_ctx *c, const ek_set_options *o, int64_t *expire_ms) {
    return ek_arg_expire(c, o->time_at, o->given & (EK_OPT_EX | EK_OPT_EXAT),
                         o->given & (EK_OPT_EXAT | EK_OPT_PXAT), expire_ms);
}

/* --- whole values --- */

static EK_NOINLINE void set_until_effect(ek_ctx *c, ek_str value, int64_t expire_ms) {
    if (!ek_effects_kept(c)) return;
    ek_str when = ek_effect_int(c, expire_ms);
    ek_effect(c, EK_ARGV(EK_WORD("SET"), c->argv[1], value, EK_WORD("PXAT"), when));
}

/* The time as such; and nothing of what was to be replied, or compared, which 7.0 cannot. */
static EK_NOINLINE void set_effect(ek_ctx *c, const ek_set_options *o, int64_t expire_ms) {
    if (o->given & EK_OPT_TIMES) {
        set_until_effect(c, c->argv[2], expire_ms);
    } else if (o->given & (EK_OPT_GET | EK_OPT_COMPARISONS) && ek_effects_kept(c)) {
        ek_str *argv = ek_scratch_alloc(c, c->argc * sizeof *argv);
        size_t n = 0;
        for (size_t i = 0; i < c->argc; i++) {
            if (i > 2 && ek_arg_is(c, i, "get")) continue;
            if (o->value_at && (i == o->value_at || i + 1 == o->value_at)) continue;
            argv[n++] = c->argv[i];
        }
        ek_effect(c, n, argv);
    }
}

void ek_cmd_set(ek_ctx *c) {
    ek_set_options o = {0};
    int64_t expire_ms = EK_NO_EXPIRE;
    if (EK_UNLIKELY(c->argc > 3)) {
        unsigned all = EK_OPT_NX | EK_OPT_XX | EK_OPT_GET | EK_OPT_KEEPTTL | EK_OPT_TIMES |
                       EK_OPT_COMPARISONS;
        if (!ek_parse_set_options(c, 3, all, &o)) return;
        if (o.given & EK_OPT_TIMES && !ek_set_options_time(c, &o, &expire_ms)) return;
    }
    ek_value v;
    bool found = ek_lookup_in(c, c->dbi, c->argv[1], &v);
    if (o.given & (EK_OPT_GET | EK_OPT_COMPARISONS)) {
        if (found && v.type != EK_STRING) {
            ek_reply_wrong_type(c);
            return;
        }
    }
    bool met = true;
    if (o.given & EK_OPT_COMPARISONS) {
        bool failed;
        met = ek_comparison_met(c, &o, found ? &v : NULL, &failed);
        if (failed) return;
    }
    if (o.given & EK_OPT_GET) {
        if (found) reply_text(c, &v);
        else ek_reply_null(c->reply);
    }
    bool refused = !met || (o.given & EK_OPT_NX && found) || (o.given & EK_OPT_XX && !found);
    if (found && EK_UNLIKELY(refused || o.given & EK_OPT_GET)) used(c, &v);
    if (refused) {
        if (!(o.given & EK_OPT_GET)) ek_reply_null(c->reply);
        return;
    }
    if (o.given & EK_OPT_KEEPTTL && found) expire_ms = v.expire_ms;
    ek_put_text(c, &v, c->argv[1], c->argv[2], expire_ms);
    if (o.given & EK_OPT_TIMES) ek_key_changed_too(c, c->dbi, c->argv[1], EK_EVENT_GENERIC, "expire");
    if (EK_UNLIKELY(o.given)) set_effect(c, &o, expire_ms);
    if (!(o.given & EK_OPT_GET)) ek_reply_ok(c->reply);
}

void ek_cmd_setnx(ek_ctx *c) {
    ek_value v;
    bool found = ek_lookup(c, c->argv[1], &v);
    if (!found) ek_put_text(c, &v, c->argv[1], c->argv[2], EK_NO_EXPIRE);
    ek_reply_int(c->reply, !found);
}

static void set_for(ek_ctx *c, bool in_seconds) {
    int64_t expire_ms;
    if (!ek_arg_expire(c, 2, in_seconds, false, &expire_ms)) return;
    ek_value v;
    ek_lookup_in(c, c->dbi, c->argv[1], &v);
    ek_put_text(c, &v, c->argv[1], c->argv[3], expire_ms);
    ek_key_changed_too(c, c->dbi, c->argv[1], EK_EVENT_GENERIC, "expire");
    set_until_effect(c, c->argv[3], expire_ms);
    ek_reply_ok(c->reply);
}

void ek_cmd_setex(ek_ctx *c) { set_for(c, true); }
void ek_cmd_psetex(ek_ctx *c) { set_for(c, false); }

void ek_cmd_get(ek_ctx *c) {
    ek_value v;
    switch (ek_lookup_type(c, c->argv[1], EK_STRING, &v)) {
    case EK_FOUND: reply_text(c, &v); break;
    case EK_ABSENT: ek_reply_null(c->reply); break;
    case EK_WRONG_TYPE: break;
    }
}

void ek_cmd_getset(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_FOUND) reply_text(c, &v);
    else ek_reply_null(c->reply);
    ek_put_text(c, &v, c->argv[1], c->argv[2], EK_NO_EXPIRE);
    ek_effect(c, EK_ARGV(EK_WORD("SET"), c->argv[1], c->argv[2]));
}

void ek_cmd_getdel(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_ABSENT) ek_reply_null(c->reply);
    if (found != EK_FOUND) return;
    reply_text(c, &v);
    ek_delete_key(c, &v);
    ek_effect(c, EK_ARGV(EK_WORD("DEL"), c->argv[1]));
}

void ek_cmd_getex(ek_ctx *c) {
    ek_set_options o;
    int64_t expire_ms = EK_NO_EXPIRE;
    if (!ek_parse_set_options(c, 2, EK_OPT_PERSIST | EK_OPT_TIMES, &o)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_ABSENT) ek_reply_null(c->reply);
    if (found != EK_FOUND) return;
    if (o.given & EK_OPT_TIMES && !ek_set_options_time(c, &o, &expire_ms)) return;
    reply_text(c, &v);
    if (o.given & EK_OPT_TIMES && expire_ms <= ek_now_ms(c)) {
        ek_delete_key(c, &v);
        ek_effect(c, EK_ARGV(EK_WORD("DEL"), c->argv[1]));
    } else if (o.given & EK_OPT_TIMES) {
        ek_keyspace_set_expire(c->s, c->db, &v, expire_ms);
        ek_key_changed(c, c->argv[1], EK_EVENT_GENERIC, "expire");
        if (ek_effects_kept(c))
            ek_effect(c, EK_ARGV(EK_WORD("PEXPIREAT"), c->argv[1], ek_effect_int(c, expire_ms)));
    } else if (o.given & EK_OPT_PERSIST && v.expire_ms != EK_NO_EXPIRE) {
        ek_keyspace_set_expire(c->s, c->db, &v, EK_NO_EXPIRE);
        ek_key_changed(c, c->argv[1], EK_EVENT_GENERIC, "persist");
        ek_effect(c, EK_ARGV(EK_WORD("PERSIST"), c->argv[1]));
    }
}

/* --- many keys --- */

void ek_cmd_mget(ek_ctx *c) {
    uint64_t hash[EK_TABLE_FETCHED];
    ek_reply_array(c->reply, c->argc - 1);
    for (size_t from = 1; from < c->argc; from += EK_TABLE_FETCHED) {
        size_t n = ek_min(EK_TABLE_FETCHED, c->argc - from);
        const ek_str *keys = c->argv + from;
        ek_table_fetch(c->a, &c->db->keys, keys, 1, n, hash, NULL);
        for (size_t i = 0; i < n; i++) {
            ek_value v;
            if (!ek_lookup_hashed(c, c->dbi, keys[i], hash[i], &v) || v.type != EK_STRING) {
                ek_reply_null(c->reply);
                continue;
            }
            ek_value_accessed(c->s, &v);
            reply_text(c, &v);
        }
    }
}

static bool pairs_ok(ek_ctx *c) {
    if (c->argc % 2 == 1) return true;
    ek_reply_wrong_arity(c);
    return false;
}

/* Put a pair. False: something changed its place by it. */
static bool put_pair(ek_ctx *c, const ek_str *pair, uint64_t hash) {
    ek_value v;
    bool found = ek_lookup_hashed(c, c->dbi, pair[0], hash, &v);
    ek_ref entry = v.entry;
    ek_put_text(c, &v, pair[0], pair[1], EK_NO_EXPIRE);
    return found && v.entry == entry;
}

static void put_pairs(ek_ctx *c) {
    uint64_t hash[EK_TABLE_FETCHED];
    ek_ref items[EK_TABLE_FETCHED];
    bool unseen = ek_key_changes_unseen(c) && !ek_access_counts(c->s);
    uint32_t access = ek_access_begin(c->s);
    for (size_t from = 1; from < c->argc; from += 2 * EK_TABLE_FETCHED) {
        size_t n = ek_min(EK_TABLE_FETCHED, (c->argc - from) / 2), overwritten = 0;
        bool in_place = unseen; /* while it is, `items` are where they were */
        const ek_str *pair = c->argv + from;
        ek_table_fetch(c->a, &c->db->keys, pair, 2, n, hash, items);
        for (size_t i = 0; i < n; i++, pair += 2) {
            int64_t integer;
            ek_entry_plan plan = {.key = pair[0], .expire_ms = EK_NO_EXPIRE, .access = access};
            if (EK_LIKELY(in_place && items[i] != 0 && items[i] != EK_TABLE_LOOK)) {
                ek_string_plan(&plan, pair[1], &integer);
                if (EK_LIKELY(ek_keyspace_overwrite(c->s, items[i], &plan))) {
                    overwritten++;
                    continue;
                }
            }
            in_place &= put_pair(c, pair, hash[i]);
        }
        if (overwritten) EK_SET(c->a, c->s->root->dirty, c->s->root->dirty + overwritten);
    }
}

void ek_cmd_mset(ek_ctx *c) {
    if (!pairs_ok(c)) return;
    put_pairs(c);
    ek_reply_ok(c->reply);
}

void ek_cmd_msetnx(ek_ctx *c) {
    if (!pairs_ok(c)) return;
    for (size_t i = 1; i < c->argc; i += 2) {
        ek_value v;
        if (ek_lookup(c, c->argv[i], &v)) {
            ek_reply_int(c->reply, 0);
            return;
        }
    }
    put_pairs(c);
    ek_reply_int(c->reply, 1);
}

/* --- parts of values --- */

void ek_cmd_append(ek_ctx *c) {
    ek_value v;
    ek_str more = c->argv[2];
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        put_text_as(c, &v, c->argv[1], more, EK_NO_EXPIRE, "append");
        ek_reply_int(c->reply, (int64_t)more.n);
        return;
    }
    if (too_long(c, ek_string_len(&v) + (uint64_t)more.n)) return;
    ek_string_make_raw(c->s, c->db, &v);
    uint8_t *p = ek_value_splice(c->s, c->db, &v, v.len, 0, more.n);
    memcpy(p, more.p, more.n);
    ek_key_changed(c, c->argv[1], EK_EVENT_STRING, "append");
    ek_reply_int(c->reply, (int64_t)v.len);
}

void ek_cmd_strlen(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found != EK_WRONG_TYPE)
        ek_reply_int(c->reply, found == EK_FOUND ? (int64_t)ek_string_len(&v) : 0);
}

void ek_cmd_getrange(ek_ctx *c) {
    int64_t start, end;
    if (!ek_arg_i64(c, 2, &start) || !ek_arg_i64(c, 3, &end)) return;
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    char digits[24];
    ek_str text = found == EK_FOUND ? ek_string_text(&v, digits) : (ek_str){NULL, 0};
    int64_t n = (int64_t)text.n;
    if (start < 0 && end < 0 && start > end) n = 0; /* empty before it is clamped */
    if (start < 0) start = start + n < 0 ? 0 : start + n;
    if (end < 0) end = end + n < 0 ? 0 : end + n;
    if (end >= n) end = n - 1;
    if (n == 0 || start > end) ek_reply_bulk(c->reply, "", 0);
    else ek_reply_bulk(c->reply, text.p + start, (size_t)(end - start + 1));
}

void ek_cmd_substr(ek_ctx *c) { ek_cmd_getrange(c); }

void ek_cmd_setrange(ek_ctx *c) {
    int64_t offset;
    ek_str part = c->argv[3];
    if (!ek_arg_i64(c, 2, &offset)) return;
    if (offset < 0) {
        ek_reply_error(c->reply, "ERR offset is out of range");
        return;
    }
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    if (part.n == 0) {
        ek_reply_int(c->reply, found == EK_FOUND ? (int64_t)ek_string_len(&v) : 0);
        return;
    }
    if ((uint64_t)offset > UINT32_MAX || too_long(c, (uint64_t)offset + part.n)) {
        if ((uint64_t)offset > UINT32_MAX) too_long(c, UINT64_MAX);
        return;
    }
    size_t at = (size_t)offset;
    if (found == EK_ABSENT) {
        ek_entry_plan plan = {
            .key = c->argv[1], .type = EK_STRING, .enc = EK_ENC_RAW, .expire_ms = EK_NO_EXPIRE,
            .access = ek_access_begin(c->s),
        };
        ek_keyspace_add(c->s, c->db, &plan, v.hash, &v);
    }
    ek_string_make_raw(c->s, c->db, &v);
    size_t old = v.len, end = at + part.n;
    if (end > old) {
        uint8_t *p = ek_value_splice(c->s, c->db, &v, old, 0, end - old);
        if (at > old) memset(p, 0, at - old);
    }
    if (at < old) ek_value_overwrite(c->s, &v, at, ek_min(part.n, old - at));
    memcpy(v.data + at, part.p, part.n);
    ek_key_changed(c, c->argv[1], EK_EVENT_STRING, "setrange");
    ek_reply_int(c->reply, (int64_t)v.len);
}

/* --- numbers --- */

static void store_integer(ek_ctx *c, ek_value *v, int64_t value) {
    if (v->entry && v->enc == EK_ENC_INT) {
        ek_store64(ek_value_overwrite(c->s, v, 0, 8), (uint64_t)value);
        return;
    }
    ek_entry_plan plan = {
        .key = c->argv[1], .type = EK_STRING, .enc = EK_ENC_INT, .expire_ms = v->expire_ms,
        .access = ek_access_begin(c->s), .bytes = (const uint8_t *)&value, .len = sizeof value,
    };
    ek_keyspace_put(c->s, c->db, v, &plan);
}

static void add_integer(ek_ctx *c, int64_t amount) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    int64_t value = 0;
    if (found == EK_FOUND) {
        if (EK_LIKELY(v.enc == EK_ENC_INT)) {
            value = (int64_t)ek_load64(v.data);
        } else if (!ek_parse_i64(v.data, v.len, &value)) {
            ek_reply_not_integer(c);
            return;
        }
    }
    if (__builtin_add_overflow(value, amount, &value)) {
        ek_reply_error(c->reply, "ERR increment or decrement would overflow");
        return;
    }
    store_integer(c, &v, value);
    ek_key_changed(c, c->argv[1], EK_EVENT_STRING, "incrby");
    ek_reply_int(c->reply, value);
}

void ek_cmd_incr(ek_ctx *c) { add_integer(c, 1); }
void ek_cmd_decr(ek_ctx *c) { add_integer(c, -1); }

void ek_cmd_incrby(ek_ctx *c) {
    int64_t amount;
    if (ek_arg_i64(c, 2, &amount)) add_integer(c, amount);
}

void ek_cmd_decrby(ek_ctx *c) {
    int64_t amount;
    if (!ek_arg_i64(c, 2, &amount)) return;
    if (amount == INT64_MIN) ek_reply_error(c->reply, "ERR decrement would overflow");
    else add_integer(c, -amount);
}

void ek_cmd_incrbyfloat(ek_ctx *c) {
    ek_value v;
    char text[EK_LONG_DOUBLE_CHARS], digits[24];
    long double value = 0, amount;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_STRING, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_str old = found == EK_FOUND ? ek_string_text(&v, digits) : (ek_str){NULL, 0};
    if ((found == EK_FOUND && !ek_parse_long_double(old.p, old.n, &value)) ||
        !ek_parse_long_double(c->argv[2].p, c->argv[2].n, &amount)) {
        ek_reply_error(c->reply, "ERR value is not a valid float");
        return;
    }
    value += amount;
    if (__builtin_isnan(value) || __builtin_isinf(value)) {
        ek_reply_error(c->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    size_t n = ek_format_long_double(text, value);
    ek_entry_plan plan = {
        .key = c->argv[1], .type = EK_STRING, .expire_ms = v.expire_ms,
        .enc = n <= EK_EMBSTR_MAX ? EK_ENC_EMBSTR : EK_ENC_RAW,
        .access = ek_access_begin(c->s), .bytes = (const uint8_t *)text, .len = n,
    };
    ek_keyspace_put(c->s, c->db, &v, &plan);
    ek_key_changed(c, c->argv[1], EK_EVENT_STRING, "incrbyfloat");
    ek_str sum = {(const uint8_t *)text, n};
    ek_effect(c, EK_ARGV(EK_WORD("SET"), c->argv[1], sum, EK_WORD("KEEPTTL")));
    ek_reply_bulk(c->reply, text, n);
}
