/* Streams to and from RDB.
 *
 *   stream    blocks, (id, listpack) each; length, last id, first id, highest deleted id, added;
 *             groups, group each
 *   group     name, last id, read; pending, (id, delivered i64, deliveries) each;
 *             consumers, consumer each
 *   consumer  name, seen i64, active i64; pending, id each
 *
 * Ids are two lengths, but those of blocks and of what is pending are 16 bytes, big-endian (and that
 * of a block is a string). Type 15 has neither first id, highest deleted id and added, nor read;
 * only type 21 has active. 19 is written: 7.0 reads it. What is pending and belongs to nobody is in
 * the group's list alone.
 *
 * A block's listpack is drawn in store/value_stream.h. Reading takes it apart and adds its entries
 * one by one. */
#include "base/number.h"
#include "persist/rdb.h"
#include "store/value_stream.h"
#include "store/value_stream_groups.h"

enum { ID_BYTES = 16, DELETED = 1, SAME_NAMES = 2 };

/* --- writing --- */

static void put_id(ek_rdb_out *o, ek_id id) {
    ek_rdb_put_length(o, id.ms);
    ek_rdb_put_length(o, id.seq);
}

static void put_id_bytes(ek_rdb_out *o, ek_id id) {
    uint64_t words[2] = {__builtin_bswap64(id.ms), __builtin_bswap64(id.seq)};
    ek_rdb_put_raw(o, words, ID_BYTES);
}

static void put_consumer(ek_rdb_out *o, const ek_consumer *c) {
    const ek_arena *a = o->s->a;
    ek_rdb_put_string(o, ek_consumer_name(c));
    ek_rdb_put_u64(o, (uint64_t)c->seen_ms);
    ek_rdb_put_length(o, c->pending.count);
    ek_idtree_place p = ek_idtree_first(a, &c->pending);
    for (; p.leaf; p = ek_idtree_next(a, p)) put_id_bytes(o, ek_idtree_id(a, p));
}

static void put_group(ek_rdb_out *o, const ek_group *g) {
    const ek_arena *a = o->s->a;
    ek_rdb_put_string(o, ek_group_name(g));
    put_id(o, g->last);
    ek_rdb_put_length(o, (uint64_t)g->read);
    ek_rdb_put_length(o, g->pending.count);
    ek_idtree_place p = ek_idtree_first(a, &g->pending);
    for (; p.leaf; p = ek_idtree_next(a, p)) {
        const ek_pending *pending = ek_pending_at(a, p);
        put_id_bytes(o, ek_idtree_id(a, p));
        ek_rdb_put_u64(o, (uint64_t)pending->delivered_ms);
        ek_rdb_put_length(o, pending->deliveries);
    }
    ek_rdb_put_length(o, g->consumers.count);
    for (uint32_t i = 0; i < g->consumers.count; i++)
        put_consumer(o, ek_group_consumer_at(a, g, i));
}

void ek_rdb_put_stream(ek_rdb_out *o, const ek_value *v) {
    const ek_arena *a = o->s->a;
    const ek_stream *st = ek_stream_of(v);
    ek_rdb_put_type(o, EK_RDB_STREAM_2);
    ek_rdb_put_length(o, st->nodes.count);
    ek_idtree_place p = ek_idtree_first(a, &st->nodes);
    for (; p.leaf; p = ek_idtree_next(a, p)) {
        ek_str run = ek_stream_run(a, p);
        ek_rdb_put_length(o, ID_BYTES);
        put_id_bytes(o, ek_idtree_id(a, p));
        ek_rdb_put_listpack(o, run, ek_lp_count(run.p, run.p + run.n));
    }
    ek_rdb_put_length(o, st->length);
    put_id(o, st->last);
    put_id(o, st->first);
    put_id(o, st->max_deleted);
    ek_rdb_put_length(o, st->added);
    ek_rdb_put_length(o, st->groups.count);
    for (uint32_t i = 0; i < st->groups.count; i++) put_group(o, ek_stream_group_at(a, st, i));
}

/* --- reading --- */

static bool get_id(ek_rdb_in *in, ek_id *id) {
    return ek_rdb_get_length(in, &id->ms) && ek_rdb_get_length(in, &id->seq);
}

static bool get_id_bytes(ek_rdb_in *in, ek_id *id) {
    uint64_t words[2];
    if (!ek_rdb_get_u64(in, &words[0]) || !ek_rdb_get_u64(in, &words[1])) return false;
    *id = (ek_id){__builtin_bswap64(words[0]), __builtin_bswap64(words[1])};
    return true;
}

/* The values of a block, taken one after another. */
typedef struct block {
    ek_rdb_strings all;
    size_t at;
} block;

static bool next(block *b, ek_str *s) {
    if (b->at == b->all.n) return false;
    *s = b->all.v[b->at++];
    return true;
}

static bool next_number(block *b, int64_t *v) {
    ek_str s;
    return next(b, &s) && ek_parse_i64(s.p, s.n, v);
}

/* A count of strings, all of which are there. */
static bool next_count(block *b, size_t each, size_t *n) {
    int64_t v;
    if (!next_number(b, &v) || v < 0 || (uint64_t)v > (b->all.n - b->at) / each) return false;
    *n = (size_t)v;
    return true;
}

/* The entry that comes, added unless it bears the flag of a deleted one. */
static bool get_entry(ek_rdb_in *in, block *b, ek_id master, const ek_rdb_strings *names,
                      ek_stream *st) {
    int64_t flags, ms, seq, pieces;
    size_t n = names->n;
    if (!next_number(b, &flags) || !next_number(b, &ms) || !next_number(b, &seq)) return false;
    bool same = flags & SAME_NAMES;
    if (!same && !next_count(b, 2, &n)) return false;
    if (n == 0 || b->all.n - b->at < (same ? n : 2 * n)) return false;
    ek_str *pairs = ek_rdb_memory(in, 2 * n * sizeof *pairs);
    for (size_t i = 0; i < n; i++) {
        if (same) pairs[2 * i] = names->v[i];
        else next(b, &pairs[2 * i]);
        next(b, &pairs[2 * i + 1]);
    }
    if (!next_number(b, &pieces) || (uint64_t)pieces != (same ? 3 + n : 4 + 2 * n)) return false;
    ek_id id = {master.ms + (uint64_t)ms, master.seq + (uint64_t)seq};
    if (flags & DELETED) return true;
    if (!ek_id_before(st->last, id)) return false;
    ek_stream_append(in->s, st, id, pairs, n);
    return true;
}

static bool get_block(ek_rdb_in *in, ek_stream *st) {
    block b = {0};
    ek_rdb_strings names;
    uint64_t id_bytes;
    int64_t end, there, deleted;
    ek_id master;
    if (!ek_rdb_get_length(in, &id_bytes) || id_bytes != ID_BYTES) return false;
    if (!get_id_bytes(in, &master) || !ek_rdb_get_listpack(in, &b.all)) return false;
    if (!next_number(&b, &there) || !next_number(&b, &deleted)) return false;
    if (!next_count(&b, 1, &names.n)) return false;
    names.v = b.all.v + b.at;
    b.at += names.n;
    if (!next_number(&b, &end) || end != 0) return false;
    uint64_t before = st->length;
    while (b.at < b.all.n)
        if (!get_entry(in, &b, master, &names, st)) return false;
    return there >= 0 && st->length - before == (uint64_t)there;
}

/* What is said of the entries behind them. */
static bool get_counts(ek_rdb_in *in, ek_rdb_type type, ek_stream *st) {
    uint64_t length, added;
    ek_id last, first, max_deleted = EK_ID_MIN;
    if (!ek_rdb_get_length(in, &length) || length != st->length || !get_id(in, &last)) return false;
    if (ek_id_before(last, st->last)) return false;
    added = length;
    if (type != EK_RDB_STREAM &&
        (!get_id(in, &first) || !get_id(in, &max_deleted) || !ek_rdb_get_length(in, &added)))
        return false;
    if (added < length || added > INT64_MAX) return false;
    ek_touch(in->s->a, st, sizeof *st);
    st->last = last;
    st->max_deleted = max_deleted;
    st->added = added;
    return true;
}

static bool get_pending(ek_rdb_in *in, ek_group *g) {
    size_t n;
    if (!ek_rdb_get_count(in, ID_BYTES + 9, &n)) return false;
    while (n-- > 0) {
        ek_id id;
        uint64_t delivered_ms, deliveries;
        if (!get_id_bytes(in, &id) || !ek_rdb_get_u64(in, &delivered_ms)) return false;
        if (!ek_rdb_get_length(in, &deliveries) || ek_group_pending(in->s->a, g, id)) return false;
        ek_group_add_pending(in->s->a, g, NULL, id, (int64_t)delivered_ms, deliveries);
    }
    return true;
}

static bool get_consumer(ek_rdb_in *in, ek_rdb_type type, ek_group *g) {
    ek_arena *a = in->s->a;
    ek_str name;
    uint64_t seen, active;
    size_t n;
    if (!ek_rdb_get_string(in, &name) || !ek_rdb_get_u64(in, &seen)) return false;
    active = seen;
    if (type == EK_RDB_STREAM_3 && !ek_rdb_get_u64(in, &active)) return false;
    if (!ek_rdb_get_count(in, ID_BYTES, &n) || ek_group_consumer(a, g, name)) return false;
    ek_consumer *c = ek_group_add_consumer(a, g, name, (int64_t)seen);
    EK_SET(a, c->active_ms, (int64_t)active);
    while (n-- > 0) {
        ek_id id;
        if (!get_id_bytes(in, &id)) return false;
        ek_pending *p = ek_group_pending(a, g, id);
        if (!p || p->consumer) return false;
        ek_pending_give(a, p, id, c);
    }
    return true;
}

static bool get_group(ek_rdb_in *in, ek_rdb_type type, ek_stream *st) {
    ek_str name;
    ek_id last;
    uint64_t read;
    size_t consumers;
    if (!ek_rdb_get_string(in, &name) || !get_id(in, &last)) return false;
    if (type == EK_RDB_STREAM) read = (uint64_t)ek_stream_entries_up_to(st, last);
    else if (!ek_rdb_get_length(in, &read)) return false;
    if ((int64_t)read < EK_STREAM_UNKNOWN || ek_stream_group(in->s->a, st, name)) return false;
    ek_group *g = ek_stream_add_group(in->s->a, st, name, last, (int64_t)read);
    if (!get_pending(in, g) || !ek_rdb_get_count(in, 10, &consumers)) return false;
    while (consumers-- > 0)
        if (!get_consumer(in, type, g)) return false;
    return true;
}

bool ek_rdb_get_stream(ek_rdb_in *in, ek_rdb_type type, ek_value *v) {
    size_t blocks, groups;
    ek_stream_create(in->s, in->db, v, v->key);
    ek_stream *st = ek_stream_of(v);
    if (!ek_rdb_get_count(in, ID_BYTES + 2, &blocks)) return false;
    while (blocks-- > 0)
        if (!get_block(in, st)) return false;
    if (!get_counts(in, type, st) || !ek_rdb_get_count(in, 5, &groups)) return false;
    while (groups-- > 0)
        if (!get_group(in, type, st)) return false;
    return true;
}
