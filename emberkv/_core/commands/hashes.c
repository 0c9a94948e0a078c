/* Hash commands, but for those of single fields' times (hashes_expire.c) and of random fields. */
#include "commands/hashes.h"

#include <math.h>

#include "commands/scan_arg.h"
#include "commands/tables.h"
#include "engine/effect.h"

void ek_hash_changed(ek_ctx *c, ek_value *v, const char *event) {
    ek_key_changed(c, c->argv[1], EK_EVENT_HASH, event);
    if (ek_hash_len(c->s, v, ek_hash_now(c, v)) == 0) ek_delete_emptied(c, v);
}

/* --- writing --- */

/* One field and value; true when the field is new. */
static bool put(ek_ctx *c, ek_value *v, ek_found found, ek_str field, ek_str value) {
    if (found == EK_ABSENT) {
        ek_hash_create(c->s, c->db, v, c->argv[1], (const ek_str[]){field, value}, 1, true);
        return true;
    }
    ek_hash_place place;
    bool there = ek_hash_field(c, v, field, &place);
    ek_hash_put(c->s, c->db, v, &place, field, value, EK_NO_EXPIRE);
    return !there;
}

/* A value or field too long for a listpack makes a table before anything is added. */
static void widen_for(ek_ctx *c, ek_value *v, size_t from) {
    if (v->enc != EK_ENC_LISTPACK && v->enc != EK_ENC_LISTPACK_EX) return;
    size_t max = (size_t)c->s->root->config.hash_max_listpack_value;
    for (size_t i = from; i < c->argc; i++)
        if (c->argv[i].n > max) {
            ek_hash_to_table(c->s, c->db, v);
            return;
        }
}

/* The number of new fields; -1: has replied an error. */
static int64_t set_all(ek_ctx *c) {
    if (c->argc % 2) {
        ek_reply_wrong_arity(c);
        return -1;
    }
    ek_value v;
    int64_t created = 0;
    switch (ek_lookup_type(c, c->argv[1], EK_HASH, &v)) {
    case EK_WRONG_TYPE: return -1;
    case EK_ABSENT:
        created = (int64_t)ek_hash_create(c->s, c->db, &v, c->argv[1], c->argv + 2, c->argc / 2 - 1,
                                          false);
        break;
    case EK_FOUND:
        widen_for(c, &v, 2);
        for (size_t i = 2; i < c->argc; i += 2)
            created += put(c, &v, EK_FOUND, c->argv[i], c->argv[i + 1]);
        break;
    }
    ek_key_changed(c, c->argv[1], EK_EVENT_HASH, "hset");
    ek_changed_elements(c, (int64_t)c->argc / 2 - 1);
    ek_notify_fields(c->s, c->dbi, c->argv[1], "hset", c->argv + 2, c->argc / 2 - 1, 2);
    return created;
}

void ek_cmd_hset(ek_ctx *c) {
    int64_t created = set_all(c);
    if (created >= 0) ek_reply_int(c->reply, created);
}

void ek_cmd_hmset(ek_ctx *c) {
    if (set_all(c) >= 0) ek_reply_ok(c->reply);
}

void ek_cmd_hsetnx(ek_ctx *c) {
    ek_value v;
    ek_hash_place place;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_FOUND && ek_hash_field(c, &v, c->argv[2], &place)) {
        ek_reply_int(c->reply, 0);
        return;
    }
    if (found == EK_FOUND) widen_for(c, &v, 2);
    put(c, &v, found, c->argv[2], c->argv[3]);
    ek_key_changed(c, c->argv[1], EK_EVENT_HASH, "hset");
    ek_notify_fields(c->s, c->dbi, c->argv[1], "hset", c->argv + 2, 1, 1);
    ek_reply_int(c->reply, 1);
}

void ek_cmd_hdel(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    int64_t removed = 0;
    ek_fields gone = {0};
    for (size_t i = 2; found == EK_FOUND && i < c->argc; i++) {
        ek_hash_place place;
        if (!ek_hash_field(c, &v, c->argv[i], &place)) continue;
        ek_hash_remove(c->s, c->db, &v, &place);
        ek_fields_note(c, &gone, c->argc, c->argv[i]);
        removed++;
    }
    ek_fields_tell(c, &gone, "hdel");
    if (removed) ek_hash_changed(c, &v, "hdel");
    ek_changed_elements(c, removed);
    ek_reply_int(c->reply, removed);
}

/* --- counting --- */

/* Store a number's text in a field, which keeps its time. */
static void put_number(ek_ctx *c, ek_value *v, ek_found found, const ek_hash_place *place,
                       ek_str text, const char *event) {
    if (found == EK_ABSENT)
        ek_hash_create(c->s, c->db, v, c->argv[1], (const ek_str[]){c->argv[2], text}, 1, true);
    else
        ek_hash_put(c->s, c->db, v, place, c->argv[2], text, place->expire_ms);
    ek_key_changed(c, c->argv[1], EK_EVENT_HASH, event);
    ek_notify_fields(c->s, c->dbi, c->argv[1], event, c->argv + 2, 1, 1);
}

void ek_cmd_hincrby(ek_ctx *c) {
    int64_t by, n = 0;
    ek_value v;
    ek_hash_place place;
    if (!ek_arg_i64(c, 3, &by)) return;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_FOUND && ek_hash_field(c, &v, c->argv[2], &place) &&
        !ek_parse_i64(place.value.p, place.value.n, &n)) {
        ek_reply_error(c->reply, "ERR hash value is not an integer");
        return;
    }
    if (__builtin_add_overflow(n, by, &n)) {
        ek_reply_error(c->reply, "ERR increment or decrement would overflow");
        return;
    }
    char text[EK_I64_CHARS];
    put_number(c, &v, found, &place, (ek_str){(uint8_t *)text, ek_format_i64(text, n)}, "hincrby");
    ek_reply_int(c->reply, n);
}

void ek_cmd_hincrbyfloat(ek_ctx *c) {
    long double by, n = 0;
    ek_value v;
    ek_hash_place place;
    if (!ek_parse_long_double(c->argv[3].p, c->argv[3].n, &by)) {
        ek_reply_error(c->reply, "ERR value is not a valid float");
        return;
    }
    if (isinf(by)) {
        ek_reply_error(c->reply, "ERR value is NaN or Infinity");
        return;
    }
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_FOUND && ek_hash_field(c, &v, c->argv[2], &place) &&
        !ek_parse_long_double(place.value.p, place.value.n, &n)) {
        ek_reply_error(c->reply, "ERR hash value is not a float");
        return;
    }
    n += by;
    if (isnan(n) || isinf(n)) {
        ek_reply_error(c->reply, "ERR increment would produce NaN or Infinity");
        return;
    }
    char *text = ek_scratch_alloc(c, EK_LONG_DOUBLE_CHARS);
    ek_str out = {(uint8_t *)text, ek_format_long_double(text, n)};
    int64_t expire_ms = found == EK_FOUND ? place.expire_ms : EK_NO_EXPIRE;
    put_number(c, &v, found, &place, out, "hincrbyfloat");
    if (expire_ms == EK_NO_EXPIRE)
        ek_effect(c, EK_ARGV(EK_WORD("HSET"), c->argv[1], c->argv[2], out));
    else
        ek_effect(c, EK_ARGV(EK_WORD("HSETEX"), c->argv[1], EK_WORD("KEEPTTL"), EK_WORD("FIELDS"),
                             EK_WORD("1"), c->argv[2], out));
    ek_reply_str(c->reply, out);
}

/* --- reading --- */

void ek_cmd_hget(ek_ctx *c) {
    ek_value v;
    ek_hash_place place;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_FOUND && ek_hash_field(c, &v, c->argv[2], &place))
        ek_reply_str(c->reply, place.value);
    else
        ek_reply_null(c->reply);
}

void ek_cmd_hmget(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        ek_hash_place place;
        if (found == EK_FOUND && ek_hash_field(c, &v, c->argv[i], &place))
            ek_reply_str(c->reply, place.value);
        else
            ek_reply_null(c->reply);
    }
}

void ek_cmd_hlen(ek_ctx *c) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    size_t n = found == EK_FOUND ? ek_hash_len(c->s, &v, ek_hash_now(c, &v)) : 0;
    ek_reply_int(c->reply, (int64_t)n);
}

void ek_cmd_hstrlen(ek_ctx *c) {
    ek_value v;
    ek_hash_place place;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    bool there = found == EK_FOUND && ek_hash_field(c, &v, c->argv[2], &place);
    ek_reply_int(c->reply, there ? (int64_t)place.value.n : 0);
}

void ek_cmd_hexists(ek_ctx *c) {
    ek_value v;
    ek_hash_place place;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    ek_reply_int(c->reply, found == EK_FOUND && ek_hash_field(c, &v, c->argv[2], &place));
}

typedef struct listing {
    ek_reply *reply;
    size_t n;
} listing;

static bool reply_field(void *arg, const ek_hash_pair *pair) {
    listing *l = arg;
    ek_reply_str(l->reply, pair->field);
    l->n++;
    return true;
}

static bool reply_value(void *arg, const ek_hash_pair *pair) {
    listing *l = arg;
    ek_reply_str(l->reply, pair->value);
    l->n++;
    return true;
}

static bool reply_both(void *arg, const ek_hash_pair *pair) {
    ek_reply_str(((listing *)arg)->reply, pair->field);
    return reply_value(arg, pair);
}

/* The number of fields is known at the end: counting those of a listpack is a walk of its own. */
static void reply_all(ek_ctx *c, char kind, ek_hash_each_fn *one) {
    ek_value v;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    listing l = {.reply = c->reply};
    size_t at = ek_reply_open(c->reply, kind);
    if (found == EK_FOUND) ek_hash_each(c->s, &v, ek_hash_now(c, &v), one, &l);
    ek_reply_close(c->reply, at, l.n);
}

void ek_cmd_hgetall(ek_ctx *c) { reply_all(c, '%', reply_both); }
void ek_cmd_hkeys(ek_ctx *c) { reply_all(c, '*', reply_field); }
void ek_cmd_hvals(ek_ctx *c) { reply_all(c, '*', reply_value); }

typedef struct scanning {
    ek_reply *reply;
    const ek_scan_args *args;
    size_t n;
} scanning;

static bool scan_one(void *arg, const ek_hash_pair *pair) {
    scanning *k = arg;
    if (!ek_scan_matches(k->args, pair->field)) return true;
    ek_reply_str(k->reply, pair->field);
    if (!k->args->novalues) ek_reply_str(k->reply, pair->value);
    k->n += k->args->novalues ? 1 : 2;
    return true;
}

void ek_cmd_hscan(ek_ctx *c) {
    ek_scan_args args;
    ek_value v;
    uint64_t cursor;
    if (!ek_scan_cursor(c, 2, &cursor)) return;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    if (found == EK_ABSENT) {
        ek_scan_reply_cursor(c, 0);
        ek_reply_array(c->reply, 0);
        return;
    }
    if (!ek_scan_options_hash(c, 3, &args)) return;
    scanning k = {c->reply, &args, 0};
    size_t at = ek_reply_open(c->reply, '*');
    cursor = ek_hash_scan(c->s, &v, ek_hash_now(c, &v), cursor, args.count, scan_one, &k);
    ek_reply_close(c->reply, at, k.n);
    ek_scan_insert_cursor(c, at, cursor);
}
