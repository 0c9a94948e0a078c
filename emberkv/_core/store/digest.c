#include "store/digest.h"

#include "store/string.h"
#include "store/value_hash.h"
#include "store/value_list.h"
#include "store/value_set.h"
#include "store/value_stream.h"
#include "store/value_zset.h"

static void add_text(ek_sha1 *h, ek_str text) {
    uint64_t n = text.n;
    ek_sha1_add(h, &n, sizeof n);
    ek_sha1_add(h, text.p, text.n);
}

static void mix(uint8_t sum[EK_SHA1_BYTES], ek_sha1 *h) {
    uint8_t digest[EK_SHA1_BYTES];
    ek_sha1_end(h, digest);
    for (unsigned i = 0; i < EK_SHA1_BYTES; i++) sum[i] ^= digest[i];
}

static void of_string(const ek_value *v, uint8_t *out) {
    char digits[24];
    ek_sha1 h;
    ek_sha1_begin(&h);
    add_text(&h, ek_string_text(v, digits));
    mix(out, &h);
}

static void of_list(const ek_store *s, const ek_value *v, uint8_t *out) {
    ek_list_iter it;
    ek_sha1 h;
    ek_sha1_begin(&h);
    if (ek_list_seek(s->a, ek_value_list_of(v), 0, &it)) {
        do {
            ek_lp_value value;
            char room[EK_I64_CHARS];
            ek_lp_get(it.p, &value);
            add_text(&h, ek_lp_text(&value, room));
        } while (ek_list_next(s->a, &it));
    }
    mix(out, &h);
}

static bool add_member(void *out, ek_str member, const char *room) {
    ek_sha1 h;
    ek_sha1_begin(&h);
    add_text(&h, member);
    mix(out, &h);
    return true;
}

static bool add_pair(void *out, const ek_hash_pair *pair) {
    ek_sha1 h;
    ek_sha1_begin(&h);
    add_text(&h, pair->field);
    add_text(&h, pair->value);
    if (pair->expire_ms != EK_NO_EXPIRE) ek_sha1_add(&h, "x", 1);
    mix(out, &h);
    return true;
}

static void of_zset(const ek_store *s, const ek_value *v, uint8_t *out) {
    uint32_t n = ek_zset_count(s->a, v);
    ek_zset_place at = ek_zset_at(s->a, v, 0);
    for (uint32_t i = 0; i < n; i++) {
        char room[EK_I64_CHARS];
        ek_sha1 h;
        double score = ek_zset_score_of(s->a, at) + 0.0; /* no -0 */
        ek_sha1_begin(&h);
        add_text(&h, ek_zset_member_of(s->a, at, room));
        ek_sha1_add(&h, &score, sizeof score);
        mix(out, &h);
        if (i + 1 < n) at = ek_zset_next(s->a, v, at);
    }
}

/* The entries; not who reads them. */
static void of_stream(const ek_store *s, const ek_value *v, uint8_t *out) {
    const ek_stream *stream = ek_stream_of(v);
    ek_stream_iter it;
    ek_sha1 h;
    ek_sha1_begin(&h);
    ek_stream_iter_begin(&it, s->a, stream, (ek_id){0, 0}, EK_ID_MAX, false);
    while (ek_stream_iter_next(&it)) {
        ek_sha1_add(&h, &it.id, sizeof it.id);
        for (uint32_t i = 0; i < it.nfields; i++) {
            ek_lp_value name, value;
            char room[EK_I64_CHARS];
            ek_stream_iter_pair(&it, &name, &value);
            add_text(&h, ek_lp_text(&name, room));
            add_text(&h, ek_lp_text(&value, room));
        }
    }
    mix(out, &h);
}

void ek_digest_value(ek_store *s, const ek_value *v, uint8_t out[EK_SHA1_BYTES]) {
    memset(out, 0, EK_SHA1_BYTES);
    switch (v->type) {
    case EK_STRING: of_string(v, out); break;
    case EK_LIST: of_list(s, v, out); break;
    case EK_SET_TYPE: ek_set_each(s->a, v, add_member, out); break;
    case EK_ZSET: of_zset(s, v, out); break;
    case EK_HASH: ek_hash_each(s, v, ek_store_now_ms(s), add_pair, out); break;
    case EK_STREAM: of_stream(s, v, out); break;
    default: break;
    }
}

typedef struct summing {
    ek_store *s;
    uint32_t db;
    uint8_t *out;
} summing;

static bool add_key(void *arg, ek_ref item) {
    summing *sum = arg;
    uint8_t value[EK_SHA1_BYTES];
    ek_value v;
    ek_entry_read(sum->s->a, item, &v);
    if (ek_value_expired(sum->s, &v)) return true;
    uint32_t head[3] = {sum->db, v.type, v.expire_ms != EK_NO_EXPIRE};
    ek_digest_value(sum->s, &v, value);
    ek_sha1 h;
    ek_sha1_begin(&h);
    ek_sha1_add(&h, head, sizeof head);
    add_text(&h, v.key);
    ek_sha1_add(&h, value, sizeof value);
    mix(sum->out, &h);
    return true;
}

void ek_digest_store(ek_store *s, uint8_t out[EK_SHA1_BYTES]) {
    memset(out, 0, EK_SHA1_BYTES);
    for (uint32_t i = 0; i < s->root->ndbs; i++) {
        summing sum = {.s = s, .db = i, .out = out};
        ek_table_each(s->a, &s->dbs[i].keys, add_key, &sum);
    }
}
