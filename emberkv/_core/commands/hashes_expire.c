/* Hash commands about the times at which single fields expire. */
#include "commands/hashes.h"
#include "commands/tables.h"
#include "engine/effect.h"

#define TIME_MAX (((int64_t)1 << 46) - 1) /* the latest time a field may have, as in the servers */

/* Fields named by "FIELDS n f1 ... fn" at argument i, which end the command. Has replied when false. */
typedef struct field_args {
    size_t first, n;
} field_args;

static bool parse_fields(ek_ctx *c, size_t i, const char *not_positive, field_args *out) {
    int64_t n;
    if (i >= c->argc || !ek_arg_is(c, i, "fields")) {
        ek_reply_error(c->reply,
                       "ERR Mandatory argument FIELDS is missing or not at the right position");
    } else if (i + 1 >= c->argc || !ek_parse_i64(c->argv[i + 1].p, c->argv[i + 1].n, &n) || n < 1) {
        ek_reply_error(c->reply, "ERR %s", not_positive);
    } else if ((uint64_t)n != c->argc - i - 2) {
        ek_reply_error(c->reply,
                       "ERR The `numfields` parameter must match the number of arguments");
    } else {
        *out = (field_args){i + 2, (size_t)n};
        return true;
    }
    return false;
}

#define NOT_POSITIVE "Number of fields must be a positive integer"
#define NOT_ABOVE_0 "Parameter `numFields` should be greater than 0"

/* A time at argument i. Has replied when false. */
static bool parse_time(ek_ctx *c, size_t i, bool in_seconds, bool absolute, int64_t *out) {
    int64_t t;
    if (!ek_arg_i64(c, i, &t)) return false;
    if (t < 0) {
        ek_reply_error(c->reply, "ERR invalid expire time, must be >= 0");
        return false;
    }
    int64_t from = absolute ? 0 : ek_now_ms(c);
    if (t > TIME_MAX || (in_seconds && t > TIME_MAX / 1000) ||
        (in_seconds ? t * 1000 : t) > TIME_MAX - from) {
        ek_reply_error(c->reply, "ERR invalid expire time in '%s' command", c->cmd->name);
        return false;
    }
    *out = (in_seconds ? t * 1000 : t) + from;
    return true;
}

/* EX s, PX ms, EXAT s, PXAT ms at argument i: 1 and a time, 0 when it is none of them, -1 replied. */
static int parse_time_option(ek_ctx *c, size_t i, int64_t *out) {
    static const struct { const char *word; bool in_seconds, absolute; } options[] = {
        {"ex", true, false}, {"px", false, false}, {"exat", true, true}, {"pxat", false, true},
    };
    for (size_t k = 0; k < EK_COUNTOF(options); k++) {
        if (!ek_arg_is(c, i, options[k].word)) continue;
        if (i + 1 >= c->argc) {
            ek_reply_wrong_arity(c);
            return -1;
        }
        return parse_time(c, i + 1, options[k].in_seconds, options[k].absolute, out) ? 1 : -1;
    }
    return 0;
}

/* What a command did to single fields, to tell it once at the end. */
typedef struct outcome {
    size_t removed, timed;
    ek_fields gone, given; /* a time, or none any more */
    ek_str *argv; /* HDEL key and what was removed, when somebody wants to know */
} outcome;

/* At most n fields will be named. */
static outcome begin(ek_ctx *c, size_t n) {
    outcome did = {0};
    if (!ek_effects_kept(c)) return did;
    did.argv = ek_scratch_alloc(c, (n + 2) * sizeof *did.argv);
    did.argv[0] = EK_WORD("HDEL");
    did.argv[1] = c->argv[1];
    return did;
}

static void removed(outcome *did, ek_str field) {
    if (did->argv) did->argv[2 + did->removed] = field;
    did->removed++;
}

/* Give a field that was found another time, or take it out when that has come already. */
static void set_time(ek_ctx *c, ek_value *v, const ek_hash_place *place, ek_str field,
                     int64_t expire_ms, outcome *did) {
    if (expire_ms <= ek_now_ms(c)) {
        ek_hash_remove(c->s, c->db, v, place);
        ek_fields_note(c, &did->gone, c->argc, field);
        removed(did, field);
    } else {
        ek_hash_set_expire(c->s, c->db, v, place, expire_ms);
        ek_fields_note(c, &did->given, c->argc, field);
        did->timed++;
    }
}

static void tell(ek_ctx *c, ek_value *v, const outcome *did, const char *timed_event) {
    if (did->removed && did->argv) ek_effect(c, did->removed + 2, did->argv);
    if (did->timed) ek_key_changed(c, c->argv[1], EK_EVENT_HASH, timed_event);
    ek_fields_tell(c, &did->given, timed_event);
    ek_fields_tell(c, &did->gone, "hdel");
    if (did->removed) ek_hash_changed(c, v, "hdel");
}

/* --- HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT --- */

typedef enum condition { ALWAYS, NX, XX, GT, LT } condition;

static condition parse_condition(const ek_ctx *c, size_t i) {
    static const char *const words[] = {[NX] = "nx", [XX] = "xx", [GT] = "gt", [LT] = "lt"};
    for (condition k = NX; k <= LT; k++)
        if (ek_arg_is(c, i, words[k])) return k;
    return ALWAYS;
}

/* A field without a time counts as one that expires last. */
static bool holds(condition when, int64_t before, int64_t after) {
    switch (when) {
    case NX: return before == EK_NO_EXPIRE;
    case XX: return before != EK_NO_EXPIRE;
    case GT: return before != EK_NO_EXPIRE && after > before;
    case LT: return after < before;
    default: return true;
    }
}

static void expire(ek_ctx *c, bool in_seconds, bool absolute) {
    ek_value v;
    int64_t expire_ms;
    field_args fields;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE || !parse_time(c, 2, in_seconds, absolute, &expire_ms)) return;
    condition when = parse_condition(c, 3);
    if (!parse_fields(c, when == ALWAYS ? 3 : 4, NOT_ABOVE_0, &fields)) return;
    outcome did = begin(c, fields.n);
    ek_reply_array(c->reply, fields.n);
    for (size_t i = 0; i < fields.n; i++) {
        ek_hash_place place;
        if (found == EK_ABSENT || !ek_hash_field(c, &v, c->argv[fields.first + i], &place)) {
            ek_reply_int(c->reply, -2);
        } else if (!holds(when, place.expire_ms, expire_ms)) {
            ek_reply_int(c->reply, 0);
        } else {
            set_time(c, &v, &place, c->argv[fields.first + i], expire_ms, &did);
            ek_reply_int(c->reply, expire_ms <= ek_now_ms(c) ? 2 : 1);
        }
    }
    if (did.timed && ek_effects_kept(c))
        ek_effect_with(c, 0, 3, EK_ARGV(EK_WORD("HPEXPIREAT"), c->argv[1],
                                        ek_effect_int(c, expire_ms)));
    tell(c, &v, &did, "hexpire");
}

void ek_cmd_hexpire(ek_ctx *c) { expire(c, true, false); }
void ek_cmd_hpexpire(ek_ctx *c) { expire(c, false, false); }
void ek_cmd_hexpireat(ek_ctx *c) { expire(c, true, true); }
void ek_cmd_hpexpireat(ek_ctx *c) { expire(c, false, true); }

/* --- HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME, HPERSIST --- */

static void reply_times(ek_ctx *c, bool in_seconds, bool absolute) {
    ek_value v;
    field_args fields;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE || !parse_fields(c, 2, NOT_POSITIVE, &fields)) return;
    ek_reply_array(c->reply, fields.n);
    for (size_t i = 0; i < fields.n; i++) {
        ek_hash_place place;
        if (found == EK_ABSENT || !ek_hash_field(c, &v, c->argv[fields.first + i], &place)) {
            ek_reply_int(c->reply, -2);
        } else if (place.expire_ms == EK_NO_EXPIRE) {
            ek_reply_int(c->reply, -1);
        } else {
            int64_t ms = place.expire_ms - (absolute ? 0 : ek_now_ms(c));
            ek_reply_int(c->reply, in_seconds ? (ms + 999) / 1000 : ms);
        }
    }
}

void ek_cmd_httl(ek_ctx *c) { reply_times(c, true, false); }
void ek_cmd_hpttl(ek_ctx *c) { reply_times(c, false, false); }
void ek_cmd_hexpiretime(ek_ctx *c) { reply_times(c, true, true); }
void ek_cmd_hpexpiretime(ek_ctx *c) { reply_times(c, false, true); }

void ek_cmd_hpersist(ek_ctx *c) {
    ek_value v;
    field_args fields;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE || !parse_fields(c, 2, NOT_POSITIVE, &fields)) return;
    bool changed = false;
    ek_fields persisted = {0};
    ek_reply_array(c->reply, fields.n);
    for (size_t i = 0; i < fields.n; i++) {
        ek_hash_place place;
        if (found == EK_ABSENT || !ek_hash_field(c, &v, c->argv[fields.first + i], &place)) {
            ek_reply_int(c->reply, -2);
        } else if (place.expire_ms == EK_NO_EXPIRE) {
            ek_reply_int(c->reply, -1);
        } else {
            ek_hash_set_expire(c->s, c->db, &v, &place, EK_NO_EXPIRE);
            ek_fields_note(c, &persisted, fields.n, c->argv[fields.first + i]);
            ek_reply_int(c->reply, 1);
            changed = true;
        }
    }
    if (changed) ek_key_changed(c, c->argv[1], EK_EVENT_HASH, "hpersist");
    ek_fields_tell(c, &persisted, "hpersist");
}

/* --- HGETDEL, HGETEX, HSETEX --- */

void ek_cmd_hgetdel(ek_ctx *c) {
    ek_value v;
    field_args fields;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE || !parse_fields(c, 2, NOT_POSITIVE, &fields)) return;
    outcome did = begin(c, fields.n);
    ek_reply_array(c->reply, fields.n);
    for (size_t i = 0; i < fields.n; i++) {
        ek_hash_place place;
        if (found == EK_ABSENT || !ek_hash_field(c, &v, c->argv[fields.first + i], &place)) {
            ek_reply_null(c->reply);
            continue;
        }
        ek_reply_str(c->reply, place.value);
        ek_hash_remove(c->s, c->db, &v, &place);
        ek_fields_note(c, &did.gone, fields.n, c->argv[fields.first + i]);
        removed(&did, c->argv[fields.first + i]);
    }
    tell(c, &v, &did, "");
}

void ek_cmd_hgetex(ek_ctx *c) {
    ek_value v;
    field_args fields;
    int64_t expire_ms = EK_NO_EXPIRE;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    int timed = parse_time_option(c, 2, &expire_ms);
    if (timed < 0) return;
    bool persist = !timed && ek_arg_is(c, 2, "persist");
    if (!parse_fields(c, timed ? 4 : persist ? 3 : 2, NOT_POSITIVE, &fields)) return;
    outcome did = begin(c, fields.n);
    ek_reply_array(c->reply, fields.n);
    for (size_t i = 0; i < fields.n; i++) {
        ek_hash_place place;
        if (found == EK_ABSENT || !ek_hash_field(c, &v, c->argv[fields.first + i], &place)) {
            ek_reply_null(c->reply);
            continue;
        }
        ek_reply_str(c->reply, place.value);
        if (timed || (persist && place.expire_ms != EK_NO_EXPIRE))
            set_time(c, &v, &place, c->argv[fields.first + i], expire_ms, &did);
    }
    if (did.timed && persist)
        ek_effect_with(c, 0, 3, EK_ARGV(EK_WORD("HPERSIST"), c->argv[1]));
    else if (did.timed && ek_effects_kept(c))
        ek_effect_with(c, 0, 4, EK_ARGV(EK_WORD("HPEXPIREAT"), c->argv[1],
                                        ek_effect_int(c, expire_ms)));
    tell(c, &v, &did, persist ? "hpersist" : "hexpire");
}

typedef struct setex_args {
    bool fnx, fxx, keep, timed;
    int64_t expire_ms;
    size_t first, n; /* argument of the first field; pairs */
    size_t time_at;  /* argument of EX and its kin */
} setex_args;

static bool parse_setex_fields(ek_ctx *c, size_t i, setex_args *o) {
    int64_t n;
    if (i + 1 >= c->argc || !ek_parse_i64(c->argv[i + 1].p, c->argv[i + 1].n, &n) || n < 1) {
        ek_reply_error(c->reply, "ERR invalid number of fields");
        return false;
    }
    o->first = i + 2;
    o->n = (size_t)n;
    if ((c->argc - o->first) % 2 == 0 && (c->argc - o->first) / 2 == o->n) return true;
    ek_reply_wrong_arity(c);
    return false;
}

static bool parse_setex(ek_ctx *c, setex_args *o) {
    *o = (setex_args){.expire_ms = EK_NO_EXPIRE};
    for (size_t i = 2; i < c->argc; i++) {
        bool fnx = ek_arg_is(c, i, "fnx"), keep = ek_arg_is(c, i, "keepttl");
        if (ek_arg_is(c, i, "fields")) return parse_setex_fields(c, i, o);
        if (fnx || ek_arg_is(c, i, "fxx")) {
            if (o->fnx || o->fxx) {
                ek_reply_error(c->reply, "ERR Only one of FXX or FNX arguments can be specified");
                return false;
            }
            o->fnx = fnx;
            o->fxx = !fnx;
            continue;
        }
        int timed = 0;
        if ((o->timed || o->keep) &&
            (keep || ek_arg_is(c, i, "ex") || ek_arg_is(c, i, "px") || ek_arg_is(c, i, "exat") ||
             ek_arg_is(c, i, "pxat"))) {
            ek_reply_error(c->reply, "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can "
                                     "be specified");
            return false;
        }
        if (!keep && (timed = parse_time_option(c, i, &o->expire_ms)) < 0) return false;
        if (!keep && !timed) {
            ek_reply_error(c->reply, "ERR unknown argument: %.*s",
                           (int)ek_min(c->argv[i].n, 256), (const char *)c->argv[i].p);
            return false;
        }
        if (keep) o->keep = true;
        else o->timed = true, o->time_at = i;
        i += (size_t)timed;
    }
    ek_reply_wrong_arity(c);
    return false;
}

static bool setex_allowed(ek_ctx *c, ek_value *v, ek_found found, const setex_args *o) {
    if (!o->fnx && !o->fxx) return true;
    if (found == EK_ABSENT) return o->fnx;
    for (size_t i = 0; i < o->n; i++) {
        ek_hash_place place;
        if (ek_hash_field(c, v, c->argv[o->first + 2 * i], &place) == o->fnx) return false;
    }
    return true;
}

static void setex_put(ek_ctx *c, ek_value *v, const setex_args *o, outcome *did) {
    for (size_t i = 0; i < o->n; i++) {
        const ek_str *pair = &c->argv[o->first + 2 * i];
        ek_hash_place place;
        bool there = ek_hash_field(c, v, pair[0], &place);
        if (o->timed && o->expire_ms <= ek_now_ms(c)) {
            if (!there) continue;
            ek_hash_remove(c->s, c->db, v, &place);
            ek_fields_note(c, &did->gone, o->n, pair[0]);
            removed(did, pair[0]);
        } else {
            int64_t expire_ms = o->keep ? place.expire_ms : o->expire_ms;
            ek_hash_put(c->s, c->db, v, &place, pair[0], pair[1], expire_ms);
            did->timed++;
        }
    }
}

/* A hash whose fields' time has come before it is made: it is not made, but told of as if it had been. */
static void tell_passed(ek_ctx *c) {
    ek_str key = c->argv[1];
    ek_notify(c->s, c->dbi, EK_EVENT_NEW, key, "new");
    ek_notify(c->s, c->dbi, EK_EVENT_HASH, key, "hset");
    ek_notify(c->s, c->dbi, EK_EVENT_HASH, key, "hdel");
    ek_notify(c->s, c->dbi, EK_EVENT_GENERIC, key, "del");
}

void ek_cmd_hsetex(ek_ctx *c) {
    setex_args o;
    ek_value v;
    if (!parse_setex(c, &o)) return;
    ek_found found = ek_lookup_type(c, c->argv[1], EK_HASH, &v);
    if (found == EK_WRONG_TYPE) return;
    if (!setex_allowed(c, &v, found, &o)) {
        ek_reply_int(c->reply, 0);
        return;
    }
    outcome did = begin(c, o.n);
    bool passed = o.timed && o.expire_ms <= ek_now_ms(c);
    if (found == EK_ABSENT && passed) {
        tell_passed(c);
    } else {
        if (found == EK_ABSENT)
            ek_hash_create(c->s, c->db, &v, c->argv[1], &c->argv[o.first], o.n, false);
        if (found == EK_FOUND || o.timed) setex_put(c, &v, &o, &did);
        ek_key_changed(c, c->argv[1], EK_EVENT_HASH, "hset");
        ek_notify_fields(c->s, c->dbi, c->argv[1], "hset", &c->argv[o.first], o.n, 2);
        ek_fields_tell(c, &did.gone, "hdel");
        if (passed) ek_hash_changed(c, &v, "hdel");
        else if (o.timed) ek_key_changed(c, c->argv[1], EK_EVENT_HASH, "hexpire");
        if (o.timed && !passed)
            ek_notify_fields(c->s, c->dbi, c->argv[1], "hexpire", &c->argv[o.first], o.n, 2);
        if (passed && did.removed) ek_effect(c, did.removed + 2, did.argv);
        else if (passed) ek_effect_none(c);
        else if (o.timed && ek_effects_kept(c))
            ek_effect_with(c, o.time_at, o.time_at + 2,
                           EK_ARGV(EK_WORD("PXAT"), ek_effect_int(c, o.expire_ms)));
    }
    ek_reply_int(c->reply, 1);
}
