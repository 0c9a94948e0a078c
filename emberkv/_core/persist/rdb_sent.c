/* What streams remember of their producers (XADD IDMP), in RDB files.
 *
 *   aux "emberkv-idmp", behind its stream, as often as need be:
 *     key, seconds, most, added, duplicates, n; n messages: producer, name, when, id
 *
 * The servers' types of streams have no place for it, and they pass over an aux field that they do not
 * know: so a server reads the stream, and forgets what was sent to it. */
#include "persist/rdb.h"
#include "persist/rdb_opcodes.h"
#include "store/value_stream_producers.h"

enum { AT_ONCE = 256, LEAST_BYTES = 2 + 2 + 8 + 2 };

static const ek_str NAME = {(const uint8_t *)"emberkv-idmp", 12};

static bool put_some(ek_rdb_out *o, const ek_value *v, const ek_sent *sent, ek_ref *at) {
    ek_sent_message m[AT_ONCE];
    size_t n = 0;
    while (n < AT_ONCE && ek_sent_next(o->s->a, sent, at, &m[n])) n++;
    ek_rdb_out value = {.s = o->s, .scratch = o->scratch, .plain = true};
    ek_rdb_put_string(&value, v->key);
    ek_rdb_put_length(&value, sent->seconds);
    ek_rdb_put_length(&value, sent->most);
    ek_rdb_put_length(&value, sent->added);
    ek_rdb_put_length(&value, sent->duplicates);
    ek_rdb_put_length(&value, n);
    for (size_t i = 0; i < n; i++) {
        ek_rdb_put_string(&value, m[i].producer);
        ek_rdb_put_string(&value, m[i].name);
        ek_rdb_put_u64(&value, (uint64_t)m[i].when_ms);
        ek_rdb_put_length(&value, m[i].id.ms);
        ek_rdb_put_length(&value, m[i].id.seq);
    }
    ek_rdb_put_byte(o, EK_RDB_OP_AUX);
    ek_rdb_put_string(o, NAME);
    ek_rdb_put_string(o, (ek_str){value.buf, value.len});
    return n == AT_ONCE;
}

void ek_rdb_put_sent(ek_rdb_out *o, const ek_value *v) {
    const ek_sent *sent = v->type == EK_STREAM ? ek_stream_sent(o->s->a, ek_stream_of(v)) : NULL;
    ek_ref at = 0;
    while (sent && put_some(o, v, sent, &at)) ek_scratch_reset(o->scratch);
}

bool ek_rdb_is_sent(ek_str aux) { return aux.n == NAME.n && memcmp(aux.p, NAME.p, NAME.n) == 0; }

static bool get_message(ek_rdb_in *in, ek_sent_message *m) {
    uint64_t when;
    if (!ek_rdb_get_string(in, &m->producer) || !ek_rdb_get_string(in, &m->name)) return false;
    if (!ek_rdb_get_u64(in, &when) || m->producer.n == 0 || m->name.n == 0) return false;
    m->when_ms = (int64_t)when;
    return ek_rdb_get_length(in, &m->id.ms) && ek_rdb_get_length(in, &m->id.seq);
}

bool ek_rdb_get_sent(ek_rdb_in *from, ek_str text) {
    ek_rdb_in in = *from;
    ek_value v;
    ek_str key;
    size_t n;
    uint64_t seconds, most;
    ek_sent counts = {0};
    in.p = text.p;
    in.end = text.p + text.n;
    if (!ek_rdb_get_string(&in, &key)) return false;
    if (!ek_keyspace_find(in.s, in.db, key, &v)) return true; /* it has expired */
    if (v.type != EK_STREAM || !ek_rdb_get_length(&in, &seconds) || !ek_rdb_get_length(&in, &most) ||
        !ek_rdb_get_length(&in, &counts.added) || !ek_rdb_get_length(&in, &counts.duplicates) ||
        !ek_rdb_get_count(&in, LEAST_BYTES, &n))
        return false;
    if (seconds < 1 || seconds > EK_SENT_SECONDS_MAX || most < 1 || most > EK_SENT_MOST_MAX)
        return false;
    counts.seconds = (uint32_t)seconds;
    counts.most = (uint32_t)most;
    ek_sent *sent = ek_stream_needs_sent(in.s, ek_stream_of(&v));
    ek_sent_read(in.s->a, sent, &counts, NULL, 0);
    while (n-- > 0) {
        ek_sent_message m;
        if (!get_message(&in, &m)) return false;
        ek_sent_read(in.s->a, sent, &counts, &m, 1);
    }
    return in.p == in.end;
}
