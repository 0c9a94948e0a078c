/* Values to RDB, in the forms that redis-server 7.0 writes, so that it reads them:
 *
 *   string    string
 *   list      nodes, (2, listpack) each
 *   set       count, string each            or the bytes of the intset
 *   zset      count, (string, f64) each     or the listpack; the highest first
 *   hash      count, (string, string) each  or the listpack
 *   hash with expiring fields: soonest i64, count, (time - soonest + 1 or 0, string, string) each;
 *             the form of Redis 7.4
 *   stream    see rdb_stream.c */
#include "base/number.h"
#include "persist/lzf.h"
#include "persist/rdb.h"
#include "store/string.h"
#include "store/value_hash.h"
#include "store/value_list.h"
#include "store/value_set.h"
#include "store/value_zset.h"

enum {
    INTEGER_CHARS_MAX = 11, /* of what may be stored in 32 bits */
    COMPRESS_FROM = 21,     /* bytes; shorter strings are not worth it */
    COMPRESS_SAVES = 5, /* four bytes are not worth it to a server either */
    NODE_PACKED = 2,
    FIRST_BUFFER = 512,
};

static void *moment(ek_rdb_out *o, size_t n) { return ek_scratch_get(o->scratch, o->s->a, n); }

static EK_NOINLINE void grow(ek_rdb_out *o, size_t n) {
    size_t cap = ek_max(o->cap * 2, FIRST_BUFFER);
    while (cap < o->len + n) cap *= 2;
    uint8_t *buf = moment(o, cap);
    if (o->len) memcpy(buf, o->buf, o->len);
    o->buf = buf;
    o->cap = cap;
}

/* What does not fit goes out in pieces. */
static EK_NOINLINE void put_in_pieces(ek_rdb_out *o, const uint8_t *p, size_t n) {
    while (n > 0) {
        if (o->len == o->cap) o->flush(o);
        size_t piece = ek_min(n, o->cap - o->len);
        memcpy(o->buf + o->len, p, piece);
        o->len += piece;
        p += piece;
        n -= piece;
    }
}

void ek_rdb_put_raw(ek_rdb_out *o, const void *p, size_t n) {
    if (n == 0) return;
    if (EK_UNLIKELY(o->cap - o->len < n)) {
        if (o->flush) {
            put_in_pieces(o, p, n);
            return;
        }
        grow(o, n);
    }
    memcpy(o->buf + o->len, p, n);
    o->len += n;
}

void ek_rdb_put_byte(ek_rdb_out *o, uint8_t b) { ek_rdb_put_raw(o, &b, 1); }
void ek_rdb_put_u64(ek_rdb_out *o, uint64_t v) { ek_rdb_put_raw(o, &v, sizeof v); }

void ek_rdb_put_length(ek_rdb_out *o, uint64_t n) {
    uint8_t b[9];
    if (n < 1 << 6) {
        ek_rdb_put_byte(o, (uint8_t)n);
    } else if (n < 1 << 14) {
        b[0] = (uint8_t)(0x40 | n >> 8);
        b[1] = (uint8_t)n;
        ek_rdb_put_raw(o, b, 2);
    } else {
        size_t bytes = n <= UINT32_MAX ? 4 : 8;
        b[0] = bytes == 4 ? 0x80 : 0x81;
        for (size_t i = bytes; i > 0; i--, n >>= 8) b[i] = (uint8_t)n;
        ek_rdb_put_raw(o, b, 1 + bytes);
    }
}

/* False: it takes more than 32 bits. */
static bool put_small_integer(ek_rdb_out *o, int64_t v) {
    unsigned kind = v == (int8_t)v ? 0 : v == (int16_t)v ? 1 : 2;
    if (v != (int32_t)v) return false;
    ek_rdb_put_byte(o, (uint8_t)(0xc0 | kind));
    ek_rdb_put_raw(o, &v, (size_t)1 << kind);
    return true;
}

/* False: that would save too little. */
static bool put_compressed(ek_rdb_out *o, ek_str s) {
    if (o->plain || s.n > UINT32_MAX) return false;
    size_t room = s.n - COMPRESS_SAVES;
    uint8_t *out = moment(o, room);
    size_t n = ek_lzf_compress(s.p, s.n, out, room);
    if (n == 0) return false;
    ek_rdb_put_byte(o, 0xc3);
    ek_rdb_put_length(o, n);
    ek_rdb_put_length(o, s.n);
    ek_rdb_put_raw(o, out, n);
    return true;
}

void ek_rdb_put_string(ek_rdb_out *o, ek_str s) {
    int64_t v;
    if (s.n <= INTEGER_CHARS_MAX && ek_parse_i64(s.p, s.n, &v) && put_small_integer(o, v)) return;
    if (s.n >= COMPRESS_FROM && put_compressed(o, s)) return;
    ek_rdb_put_length(o, s.n);
    ek_rdb_put_raw(o, s.p, s.n);
}

void ek_rdb_put_type(ek_rdb_out *o, ek_rdb_type type) {
    ek_rdb_put_byte(o, (uint8_t)type);
    if (o->key) ek_rdb_put_string(o, *o->key);
}

void ek_rdb_put_listpack(ek_rdb_out *o, ek_str run, size_t entries) {
    ek_str whole = {.n = EK_LP_HEADER_BYTES + run.n + EK_LP_END_BYTES};
    uint8_t *p = moment(o, whole.n);
    whole.p = p;
    ek_lp_export_header(p, run.n, entries);
    memcpy(p + EK_LP_HEADER_BYTES, run.p, run.n);
    ek_lp_export_end(p + EK_LP_HEADER_BYTES + run.n);
    ek_rdb_put_string(o, whole);
}

static void put_run(ek_rdb_out *o, ek_rdb_type type, const ek_value *v) {
    ek_rdb_put_type(o, type);
    ek_rdb_put_listpack(o, (ek_str){v->data, v->len}, ek_lp_count(v->data, v->data + v->len));
}

static void put_list(ek_rdb_out *o, const ek_value *v) {
    const ek_arena *a = o->s->a;
    const ek_list *l = ek_value_list_of(v);
    ek_rdb_put_type(o, EK_RDB_LIST_QUICKLIST_2);
    ek_rdb_put_length(o, l->nodes);
    for (ek_ref ref = l->head; ref;) {
        const ek_list_node *n = ek_ptr(a, ref);
        ek_rdb_put_length(o, NODE_PACKED);
        ek_rdb_put_listpack(o, (ek_str){n->data + n->begin, n->end - n->begin}, n->count);
        ref = n->next;
    }
}

static bool put_member(void *out, ek_str member, const char *room) {
    ek_rdb_put_string(out, member);
    return true;
}

static void put_set(ek_rdb_out *o, const ek_value *v) {
    if (v->enc == EK_ENC_INTSET) {
        ek_rdb_put_type(o, EK_RDB_SET_INTSET);
        ek_rdb_put_string(o, (ek_str){v->data, v->len});
        return;
    }
    ek_rdb_put_type(o, EK_RDB_SET);
    ek_rdb_put_length(o, ek_set_len(o->s->a, v));
    ek_set_each(o->s->a, v, put_member, o);
}

static void put_zset(ek_rdb_out *o, const ek_value *v) {
    const ek_arena *a = o->s->a;
    if (v->enc == EK_ENC_LISTPACK) {
        put_run(o, EK_RDB_ZSET_LISTPACK, v);
        return;
    }
    uint32_t n = ek_zset_count(a, v);
    ek_rdb_put_type(o, EK_RDB_ZSET_2);
    ek_rdb_put_length(o, n);
    for (ek_zset_place p = ek_zset_at(a, v, n - 1); n > 0; n--, p = ek_zset_prev(a, v, p)) {
        char room[EK_I64_CHARS];
        double score = ek_zset_score_of(a, p);
        ek_rdb_put_string(o, ek_zset_member_of(a, p, room));
        ek_rdb_put_raw(o, &score, sizeof score);
        if (n == 1) break;
    }
}

typedef struct hash_writer {
    ek_rdb_out *o;
    uint64_t n;
    int64_t soonest; /* EK_NO_EXPIRE: no field has a time */
} hash_writer;

static bool look_at_field(void *arg, const ek_hash_pair *pair) {
    hash_writer *w = arg;
    w->n++;
    if (pair->expire_ms < w->soonest) w->soonest = pair->expire_ms;
    return true;
}

static bool put_field(void *arg, const ek_hash_pair *pair) {
    hash_writer *w = arg;
    if (w->soonest != EK_NO_EXPIRE) {
        bool timed = pair->expire_ms != EK_NO_EXPIRE;
        ek_rdb_put_length(w->o, timed ? (uint64_t)(pair->expire_ms - w->soonest) + 1 : 0);
    }
    ek_rdb_put_string(w->o, pair->field);
    ek_rdb_put_string(w->o, pair->value);
    return true;
}

static void put_hash(ek_rdb_out *o, const ek_value *v) {
    if (v->enc == EK_ENC_LISTPACK) {
        put_run(o, EK_RDB_HASH_LISTPACK, v);
        return;
    }
    hash_writer w = {.o = o, .soonest = EK_NO_EXPIRE};
    ek_hash_each(o->s, v, o->now_ms, look_at_field, &w);
    if (w.soonest == EK_NO_EXPIRE) {
        ek_rdb_put_type(o, EK_RDB_HASH);
    } else {
        o->version = EK_RDB_VERSION_FIELDS;
        ek_rdb_put_type(o, EK_RDB_HASH_FIELDS);
        ek_rdb_put_u64(o, (uint64_t)w.soonest);
    }
    ek_rdb_put_length(o, w.n);
    ek_hash_each(o->s, v, o->now_ms, put_field, &w);
}

void ek_rdb_put_value(ek_rdb_out *o, const ek_value *v) {
    char digits[24];
    switch (v->type) {
    case EK_STRING:
        ek_rdb_put_type(o, EK_RDB_STRING);
        ek_rdb_put_string(o, ek_string_text(v, digits));
        break;
    case EK_LIST: put_list(o, v); break;
    case EK_SET_TYPE: put_set(o, v); break;
    case EK_ZSET: put_zset(o, v); break;
    case EK_HASH: put_hash(o, v); break;
    case EK_STREAM: ek_rdb_put_stream(o, v); break;
    default: ek_raise(o->s->a, EK_ECORRUPT);
    }
}
