/* DUMP and RESTORE: one value as a payload that any server of the family takes. */
#include "base/number.h"
#include "engine/effect.h"
#include "persist/crc64.h"
#include "persist/dump.h"
#include "persist/rdb.h"
#include "persist/tables.h"

enum { TYPE_BYTES = 1, FOOTER_BYTES = 2 + 8 };

ek_str ek_dump_value(ek_ctx *c, const ek_value *v) {
    ek_rdb_out o = {
        .s = c->s, .scratch = &c->session->scratch, .version = EK_RDB_VERSION,
        .now_ms = ek_now_ms(c),
    };
    ek_rdb_put_value(&o, v);
    uint16_t version = (uint16_t)o.version;
    ek_rdb_put_raw(&o, &version, sizeof version);
    ek_rdb_put_u64(&o, ek_crc64(0, o.buf, o.len));
    return (ek_str){o.buf, o.len};
}

size_t ek_dump_bytes(ek_ctx *c, const ek_value *v) {
    return ek_dump_value(c, v).n - TYPE_BYTES - FOOTER_BYTES;
}

void ek_cmd_dump(ek_ctx *c) {
    ek_value v;
    if (ek_lookup(c, c->argv[1], &v)) ek_reply_str(c->reply, ek_dump_value(c, &v));
    else ek_reply_null(c->reply);
}

typedef struct restore_options {
    bool replace, absolute;
    int64_t idle_s, frequency; /* -1: not given */
} restore_options;

static bool parse_options(ek_ctx *c, restore_options *o) {
    *o = (restore_options){.idle_s = -1, .frequency = -1};
    for (size_t i = 4; i < c->argc; i++) {
        bool more = i + 1 < c->argc;
        if (ek_arg_is(c, i, "replace")) {
            o->replace = true;
        } else if (ek_arg_is(c, i, "absttl")) {
            o->absolute = true;
        } else if (ek_arg_is(c, i, "idletime") && more && o->frequency == -1) {
            if (!ek_arg_i64(c, ++i, &o->idle_s)) return false;
            if (o->idle_s < 0) {
                ek_reply_error(c->reply, "ERR Invalid IDLETIME value, must be >= 0");
                return false;
            }
        } else if (ek_arg_is(c, i, "freq") && more && o->idle_s == -1) {
            if (!ek_arg_i64(c, ++i, &o->frequency)) return false;
            if (o->frequency < 0 || o->frequency > 255) {
                ek_reply_error(c->reply, "ERR Invalid FREQ value, must be >= 0 and <= 255");
                return false;
            }
        } else {
            ek_reply_syntax_error(c);
            return false;
        }
    }
    return true;
}

/* The value's bytes in front of the footer. False: the footer is wrong. */
static bool open_payload(ek_str payload, ek_str *value) {
    if (payload.n < FOOTER_BYTES) return false;
    const uint8_t *footer = payload.p + payload.n - FOOTER_BYTES;
    uint16_t version = ek_load16(footer);
    if (version > EK_RDB_VERSION_MAX && version != EK_RDB_VERSION_VALKEY) return false;
    *value = (ek_str){payload.p, payload.n - FOOTER_BYTES};
    return ek_crc64(0, payload.p, payload.n - 8) == ek_load64(footer + 2);
}

static uint32_t access_of(ek_ctx *c, const restore_options *o) {
    if (o->frequency >= 0) return ek_access_with_counter(c->s, (unsigned)o->frequency);
    return ek_access_with_idle(c->s, o->idle_s > 0 ? (uint64_t)o->idle_s : 0);
}

/* Make the key of the payload's value. False: it is damaged, and nothing has changed. */
static bool make(ek_ctx *c, ek_str payload, int64_t expire_ms, uint32_t access) {
    ek_savepoint before = ek_save(c->a);
    ek_rdb_in in = {
        .s = c->s, .db = c->db, .scratch = &c->session->scratch, .p = payload.p,
        .end = payload.p + payload.n,
    };
    ek_value v;
    uint8_t type;
    if (ek_peek(c, c->argv[1], &v)) ek_keyspace_delete(c->s, c->db, &v);
    if (ek_rdb_get_byte(&in, &type) &&
        ek_rdb_get_value(&in, type, c->argv[1], expire_ms, access, &v) && in.p == in.end)
        return true;
    ek_undo(c->a, &before);
    return false;
}

/* When it is to expire. False: has replied that this cannot be. */
static bool expiry_of(ek_ctx *c, const restore_options *o, int64_t *expire_ms) {
    int64_t ttl;
    if (!ek_arg_i64(c, 2, &ttl)) return false;
    *expire_ms = ttl == 0 ? EK_NO_EXPIRE : ttl;
    if (ttl > 0 && !o->absolute && __builtin_add_overflow(ttl, ek_now_ms(c), expire_ms)) ttl = -1;
    if (ttl >= 0) return true;
    ek_reply_error(c->reply, "ERR Invalid TTL value, must be >= 0");
    return false;
}

static void restore_effect(ek_ctx *c, int64_t expire_ms) {
    if (!ek_effects_kept(c)) return;
    ek_str *argv = ek_scratch_alloc(c, (c->argc + 1) * sizeof *argv);
    memcpy(argv, c->argv, c->argc * sizeof *argv);
    argv[2] = ek_effect_int(c, expire_ms);
    argv[c->argc] = EK_WORD("ABSTTL");
    ek_effect(c, c->argc + 1, argv);
}

void ek_cmd_restore(ek_ctx *c) {
    restore_options o;
    int64_t expire_ms;
    ek_value there;
    ek_str payload;
    if (!parse_options(c, &o)) return;
    bool exists = ek_peek(c, c->argv[1], &there);
    if (exists && !o.replace) {
        ek_reply_error(c->reply, "BUSYKEY Target key name already exists.");
        return;
    }
    if (!expiry_of(c, &o, &expire_ms)) return;
    if (!open_payload(c->argv[3], &payload)) {
        ek_reply_error(c->reply, "ERR DUMP payload version or checksum are wrong");
        return;
    }
    if (!make(c, payload, expire_ms, access_of(c, &o))) {
        ek_reply_error(c->reply, "ERR Bad data format");
        return;
    }
    if (o.absolute && expire_ms <= ek_now_ms(c)) {
        ek_value v;
        if (!ek_keyspace_find(c->s, c->db, c->argv[1], &v)) ek_raise(c->a, EK_ECORRUPT);
        ek_keyspace_delete(c->s, c->db, &v);
        if (exists) ek_key_changed(c, c->argv[1], EK_EVENT_GENERIC, "del");
        if (exists) ek_effect(c, EK_ARGV(EK_WORD("DEL"), c->argv[1]));
    } else {
        if (expire_ms != EK_NO_EXPIRE && !o.absolute) restore_effect(c, expire_ms);
        ek_key_changed(c, c->argv[1], EK_EVENT_GENERIC, "restore");
    }
    ek_reply_ok(c->reply);
}
