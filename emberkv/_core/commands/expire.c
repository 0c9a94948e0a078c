/* Times to live: EXPIRE and its kin, TTL and its kin, PERSIST. */
#include "commands/tables.h"
#include "engine/effect.h"

enum { IF_NONE = 1, IF_ANY = 2, IF_LATER = 4, IF_SOONER = 8 };

static bool parse_conditions(ek_ctx *c, unsigned *out) {
    unsigned given = 0;
    for (size_t i = 3; i < c->argc; i++) {
        if (ek_arg_is(c, i, "nx")) given |= IF_NONE;
        else if (ek_arg_is(c, i, "xx")) given |= IF_ANY;
        else if (ek_arg_is(c, i, "gt")) given |= IF_LATER;
        else if (ek_arg_is(c, i, "lt")) given |= IF_SOONER;
        else {
            ek_reply_error(c->reply, "ERR Unsupported option %.*s",
                           (int)ek_min(c->argv[i].n, 128), (const char *)c->argv[i].p);
            return false;
        }
    }
    if (given & IF_NONE && given != IF_NONE) {
        ek_reply_error(c->reply, "ERR NX and XX, GT or LT options at the same time are not "
                                 "compatible");
        return false;
    }
    if (given & IF_LATER && given & IF_SOONER) {
        ek_reply_error(c->reply, "ERR GT and LT options at the same time are not compatible");
        return false;
    }
    *out = given;
    return true;
}

/* The time in argument 2 as milliseconds since 1970; it may lie in the past. */
static bool parse_time(ek_ctx *c, bool in_seconds, bool absolute, int64_t *out) {
    int64_t t, now = absolute ? 0 : ek_now_ms(c);
    if (!ek_arg_i64(c, 2, &t)) return false;
    if ((in_seconds && (t > INT64_MAX / 1000 || t < INT64_MIN / 1000)) ||
        (in_seconds ? t * 1000 : t) > INT64_MAX - now) {
        ek_reply_error(c->reply, "ERR invalid expire time in '%s' command", c->cmd->name);
        return false;
    }
    *out = (in_seconds ? t * 1000 : t) + now;
    if (*out == EK_NO_EXPIRE) *out = EK_NO_EXPIRE - 1;
    return true;
}

/* A key that never expires does so later than any time. */
static bool condition_holds(unsigned given, const ek_value *v, int64_t expire_ms) {
    if (given & IF_NONE && v->expire_ms != EK_NO_EXPIRE) return false;
    if (given & IF_ANY && v->expire_ms == EK_NO_EXPIRE) return false;
    if (given & IF_LATER && expire_ms <= v->expire_ms) return false;
    return !(given & IF_SOONER && expire_ms >= v->expire_ms);
}

static void expire(ek_ctx *c, bool in_seconds, bool absolute) {
    unsigned given;
    int64_t expire_ms;
    ek_value v;
    if (!parse_conditions(c, &given) || !parse_time(c, in_seconds, absolute, &expire_ms)) return;
    if (!ek_lookup(c, c->argv[1], &v) || !condition_holds(given, &v, expire_ms)) {
        ek_reply_int(c->reply, 0);
        return;
    }
    if (expire_ms <= ek_now_ms(c)) {
        ek_delete_key(c, &v);
        ek_effect(c, EK_ARGV(EK_WORD("DEL"), c->argv[1]));
    } else {
        ek_keyspace_set_expire(c->s, c->db, &v, expire_ms);
        if (ek_effects_kept(c))
            ek_effect_with(c, 0, 3, EK_ARGV(EK_WORD("PEXPIREAT"), c->argv[1],
                                            ek_effect_int(c, expire_ms)));
        ek_key_changed(c, c->argv[1], EK_EVENT_GENERIC, "expire");
    }
    ek_reply_int(c->reply, 1);
}

void ek_cmd_expire(ek_ctx *c) { expire(c, true, false); }
void ek_cmd_pexpire(ek_ctx *c) { expire(c, false, false); }
void ek_cmd_expireat(ek_ctx *c) { expire(c, true, true); }
void ek_cmd_pexpireat(ek_ctx *c) { expire(c, false, true); }

static void reply_time(ek_ctx *c, bool in_seconds, bool absolute) {
    ek_value v;
    if (!ek_peek(c, c->argv[1], &v)) {
        ek_reply_int(c->reply, -2);
    } else if (v.expire_ms == EK_NO_EXPIRE) {
        ek_reply_int(c->reply, -1);
    } else {
        uint64_t ms = (uint64_t)v.expire_ms - (absolute ? 0 : (uint64_t)ek_now_ms(c));
        ek_reply_int(c->reply, (int64_t)(in_seconds ? (ms + 500) / 1000 : ms));
    }
}

void ek_cmd_ttl(ek_ctx *c) { reply_time(c, true, false); }
void ek_cmd_pttl(ek_ctx *c) { reply_time(c, false, false); }
void ek_cmd_expiretime(ek_ctx *c) { reply_time(c, true, true); }
void ek_cmd_pexpiretime(ek_ctx *c) { reply_time(c, false, true); }

void ek_cmd_persist(ek_ctx *c) {
    ek_value v;
    bool expires = ek_lookup(c, c->argv[1], &v) && v.expire_ms != EK_NO_EXPIRE;
    if (expires) {
        ek_keyspace_set_expire(c->s, c->db, &v, EK_NO_EXPIRE);
        ek_key_changed(c, c->argv[1], EK_EVENT_GENERIC, "persist");
    }
    ek_reply_int(c->reply, expires);
}
