/* Values from RDB, of all versions since Redis 5 (which wrote ziplists where listpacks are now):
 * what comes is taken apart into strings, and the value made of these by the ordinary calls, so that
 * it is sound and encoded by this store's settings whatever the other side had. Listpacks and intsets
 * that are found to be just what would be made of them are taken as they are: those that Redis writes.
 *
 *   ziplist    | bytes u32 | tail u32 | count u16 | entry ... | 255 |
 *   entry      | length of the one before: u8, or 254 and u32 | head 1..5 | string or number |
 *   head       00nnnnnn, 01nnnnnn n8, 10...... n32 (big-endian): strings; 192, 208, 224, 240, 254:
 *              16, 32, 64, 24, 8 bits; 1111xxxx with x from 1 to 13: the number x - 1 */
#include "base/number.h"
#include "data/intset.h"
#include "data/listpack.h"
#include "persist/lzf.h"
#include "persist/rdb.h"
#include "store/string.h"
#include "store/value_hash.h"
#include "store/value_list.h"
#include "store/value_set.h"
#include "store/value_zset.h"

#include <math.h>
#include <stdlib.h>

enum { NODE_PLAIN = 1, NODE_PACKED = 2, ZIPLIST_HEAD = 10, ZIPLIST_END = 255 };

typedef ek_rdb_strings strings;

/* --- primitives --- */

void *ek_rdb_memory(ek_rdb_in *in, size_t n) { return ek_scratch_get(in->scratch, in->s->a, n); }

/* Are n more bytes there? */
static bool have(ek_rdb_in *in, uint64_t n) {
    if (n <= (uint64_t)(in->end - in->p)) return true;
    in->cut = true;
    return false;
}

static bool get(ek_rdb_in *in, void *to, size_t n) {
    if (!have(in, n)) return false;
    memcpy(to, in->p, n);
    in->p += n;
    return true;
}

bool ek_rdb_get_byte(ek_rdb_in *in, uint8_t *b) { return get(in, b, 1); }
bool ek_rdb_get_u64(ek_rdb_in *in, uint64_t *v) { return get(in, v, sizeof *v); }

bool ek_rdb_skip(ek_rdb_in *in, size_t n) {
    if (!have(in, n)) return false;
    in->p += n;
    return true;
}

/* Of more than 63, or none. */
static EK_NOINLINE bool get_long_length(ek_rdb_in *in, uint64_t *n, bool *special) {
    uint8_t b, more[8];
    *special = false;
    if (!ek_rdb_get_byte(in, &b) || (b >> 6 == 2 && b > 0x81)) return false;
    size_t bytes = b >> 6 == 1 ? 1 : b == 0x80 ? 4 : 8;
    *n = bytes > 1 ? 0 : b & 63;
    if (!get(in, more, bytes)) return false;
    for (size_t i = 0; i < bytes; i++) *n = *n << 8 | more[i];
    return true;
}

/* A length, or with *special the kind of a string. */
EK_INLINE bool get_length(ek_rdb_in *in, uint64_t *n, bool *special) {
    if (EK_UNLIKELY(in->p == in->end || *in->p >> 6 == 1 || *in->p >> 6 == 2))
        return get_long_length(in, n, special);
    *special = *in->p >> 6 == 3;
    *n = *in->p++ & 63;
    return true;
}

bool ek_rdb_get_length(ek_rdb_in *in, uint64_t *n) {
    bool special;
    return get_length(in, n, &special) && !special;
}

bool ek_rdb_get_count(ek_rdb_in *in, size_t least, size_t *n) {
    uint64_t v, bytes;
    if (!ek_rdb_get_length(in, &v) || __builtin_mul_overflow(v, least, &bytes)) return false;
    if (!have(in, bytes)) return false;
    *n = (size_t)v;
    return true;
}

static ek_str integer_text(ek_rdb_in *in, int64_t v) {
    char *text = ek_rdb_memory(in, EK_I64_CHARS);
    return (ek_str){(const uint8_t *)text, ek_format_i64(text, v)};
}

static bool get_integer(ek_rdb_in *in, uint64_t kind, ek_str *s) {
    int32_t v = 0;
    if (!get(in, &v, (size_t)1 << kind)) return false;
    *s = integer_text(in, kind == 0 ? (int8_t)v : kind == 1 ? (int16_t)v : v);
    return true;
}

static bool get_compressed(ek_rdb_in *in, ek_str *s) {
    uint64_t n, size;
    if (!ek_rdb_get_length(in, &n) || !ek_rdb_get_length(in, &size)) return false;
    if (!have(in, n) || size > ek_lzf_bound((size_t)n)) return false;
    uint8_t *out = ek_rdb_memory(in, (size_t)size + EK_LZF_SLACK);
    if (!ek_lzf_decompress(in->p, (size_t)n, out, (size_t)size)) return false;
    in->p += n;
    *s = (ek_str){out, (size_t)size};
    return true;
}

bool ek_rdb_get_string(ek_rdb_in *in, ek_str *s) {
    uint64_t n;
    bool special;
    if (!get_length(in, &n, &special)) return false;
    if (special) return n < 3 ? get_integer(in, n, s) : n == 3 && get_compressed(in, s);
    if (!have(in, n)) return false;
    *s = (ek_str){in->p, (size_t)n};
    in->p += n;
    return true;
}

bool ek_rdb_pass_string(ek_rdb_in *in, ek_str *s) {
    uint64_t n, size;
    bool special;
    if (!get_length(in, &n, &special)) return false;
    *s = (ek_str){0};
    if (special && n < 3) return ek_rdb_skip(in, (size_t)1 << n);
    if (special && (n != 3 || !ek_rdb_get_length(in, &n) || !ek_rdb_get_length(in, &size)))
        return false;
    if (!special) *s = (ek_str){in->p, (size_t)n};
    return ek_rdb_skip(in, (size_t)n);
}

static bool get_strings(ek_rdb_in *in, size_t each, strings *out) {
    size_t n;
    if (!ek_rdb_get_count(in, each, &n) || n == 0) return false;
    out->n = n * each;
    out->v = ek_rdb_memory(in, out->n * sizeof *out->v);
    for (size_t i = 0; i < out->n; i++)
        if (!ek_rdb_get_string(in, &out->v[i])) return false;
    return true;
}

/* --- packed values --- */

static bool unpack_listpack(ek_rdb_in *in, ek_str packed, strings *out) {
    const uint8_t *p;
    size_t bytes;
    if (!ek_lp_import(packed.p, packed.n, &p, &bytes, &out->n)) return false;
    out->v = ek_rdb_memory(in, (out->n + 1) * sizeof *out->v);
    for (size_t i = 0; i < out->n; i++, p = ek_lp_next(p)) {
        ek_lp_value v;
        ek_lp_get(p, &v);
        out->v[i] = v.s ? (ek_str){v.s, v.n} : integer_text(in, v.i);
    }
    return true;
}

/* The bytes of a number that a ziplist's head announces; 0: it announces none. */
static size_t ziplist_number_bytes(uint8_t head) {
    switch (head) {
    case 0xfe: return 1;
    case 0xc0: return 2;
    case 0xf0: return 3;
    case 0xd0: return 4;
    case 0xe0: return 8;
    default: return 0;
    }
}

static bool ziplist_entry(ek_rdb_in *in, ek_str *s) {
    uint8_t before, head, more[4];
    uint32_t far;
    if (!ek_rdb_get_byte(in, &before) || before == ZIPLIST_END) return false;
    if (before == 254 && !get(in, &far, sizeof far)) return false;
    if (!ek_rdb_get_byte(in, &head)) return false;
    if (head < 0xc0) {
        size_t extra = head >> 6 == 0 ? 0 : head >> 6 == 1 ? 1 : 4;
        size_t n = extra == 4 ? 0 : head & 63;
        if (!get(in, more, extra)) return false;
        for (size_t i = 0; i < extra; i++) n = n << 8 | more[i];
        if (n > (size_t)(in->end - in->p)) return false;
        *s = (ek_str){in->p, n};
        in->p += n;
        return true;
    }
    size_t bytes = ziplist_number_bytes(head);
    int64_t v = 0;
    if (bytes == 0) {
        if (head < 0xf1 || head > 0xfd) return false;
        v = (head & 15) - 1;
    } else {
        if (!get(in, &v, bytes)) return false;
        unsigned unused = 64 - 8 * (unsigned)bytes;
        v = (int64_t)((uint64_t)v << unused) >> unused;
    }
    *s = integer_text(in, v);
    return true;
}

static bool unpack_ziplist(ek_rdb_in *in, ek_str packed, strings *out) {
    if (packed.n <= ZIPLIST_HEAD || ek_load32(packed.p) != packed.n ||
        packed.p[packed.n - 1] != ZIPLIST_END)
        return false;
    ek_rdb_in inside = *in;
    inside.p = packed.p + ZIPLIST_HEAD;
    inside.end = packed.p + packed.n - 1;
    uint16_t said = ek_load16(packed.p + 8);
    size_t most = packed.n / 2; /* an entry has two bytes */
    out->v = ek_rdb_memory(in, most * sizeof *out->v);
    for (out->n = 0; inside.p < inside.end; out->n++)
        if (!ziplist_entry(&inside, &out->v[out->n])) return false;
    return said == UINT16_MAX || said == out->n;
}

typedef bool unpack_fn(ek_rdb_in *in, ek_str packed, strings *out);

static bool get_packed(ek_rdb_in *in, unpack_fn *unpack, strings *out) {
    ek_str packed;
    return ek_rdb_get_string(in, &packed) && unpack(in, packed, out);
}

bool ek_rdb_get_listpack(ek_rdb_in *in, strings *out) {
    return get_packed(in, unpack_listpack, out);
}

static bool unpack_intset(ek_rdb_in *in, ek_str packed, strings *out) {
    if (!ek_intset_check(packed.p, packed.n)) return false;
    out->n = ek_intset_count(packed.p);
    out->v = ek_rdb_memory(in, (out->n + 1) * sizeof *out->v);
    for (uint32_t i = 0; i < out->n; i++) out->v[i] = integer_text(in, ek_intset_get(packed.p, i));
    return true;
}

/* --- values of strings; v->key and v->hash are set --- */

static void make_string(ek_rdb_in *in, ek_str text, ek_value *v) {
    int64_t integer;
    ek_entry_plan plan = {.key = v->key, .expire_ms = EK_NO_EXPIRE};
    ek_string_plan(&plan, text, &integer);
    ek_keyspace_put(in->s, in->db, v, &plan);
}

static void push(ek_rdb_in *in, ek_value *v, const ek_str *values, size_t n) {
    if (n == 0) return;
    ek_list *l = ek_value_list_need(in->s, in->db, v);
    ek_list_push(in->s->a, l, ek_value_list_limit(in->s), EK_LIST_TAIL, values, n);
}

static bool make_set(ek_rdb_in *in, const strings *members, ek_value *v) {
    if (members->n == 0) return false;
    uint8_t *room = ek_rdb_memory(in, EK_SET_ROOM(members->n));
    return ek_set_put(in->s, in->db, v, v->key, members->v, members->n, room) == members->n;
}

/* Are these n strings, each so many bytes behind the one before, all different? O(n). */
static bool all_differ(ek_rdb_in *in, const ek_str *v, size_t n, size_t stride) {
    const uint8_t *first = (const uint8_t *)v;
    size_t places = 4;
    while (places < 2 * n) places *= 2;
    uint32_t *seen = ek_rdb_memory(in, places * sizeof *seen); /* numbers from 1; 0 is free */
    memset(seen, 0, places * sizeof *seen);
    for (size_t i = 0; i < n; i++) {
        const ek_str *s = (const ek_str *)(first + i * stride);
        size_t at = ek_table_hash(in->s->a, *s) & (places - 1);
        for (; seen[at]; at = (at + 1) & (places - 1))
            if (ek_str_eq(*(const ek_str *)(first + (seen[at] - 1) * stride), *s)) return false;
        seen[at] = (uint32_t)i + 1;
    }
    return true;
}

static bool make_hash(ek_rdb_in *in, const strings *pairs, ek_value *v) {
    size_t n = pairs->n / 2;
    if (n == 0 || pairs->n % 2 || n > UINT32_MAX || !all_differ(in, pairs->v, n, 2 * sizeof(ek_str))) return false;
    return ek_hash_create(in->s, in->db, v, v->key, pairs->v, n, true) == n;
}

/* times[i]: of the field pairs[2 * i]; 0 is none. One that has passed is as good as one to come: the
 * next look at the hash finds it. */
static bool make_timed_hash(ek_rdb_in *in, const strings *pairs, const int64_t *times,
                            ek_value *v) {
    if (!make_hash(in, pairs, v)) return false;
    for (size_t i = 0; i < pairs->n / 2; i++) {
        ek_hash_place place;
        if (times[i] == 0) continue;
        if (times[i] < 0 || times[i] == EK_NO_EXPIRE) return false;
        if (!ek_hash_find(in->s, in->db, v, pairs->v[2 * i], INT64_MIN, &place)) return false;
        ek_hash_set_expire(in->s, in->db, v, &place, times[i]);
    }
    return true;
}

/* Files have them from the lowest to the highest or the other way round; and, who knows, in none. */
static void put_in_order(ek_zset_entry *e, size_t n) {
    bool up = true, down = true;
    for (size_t i = 1; i < n; i++) {
        int order = ek_zset_compare(&e[i - 1], &e[i]);
        up &= order < 0;
        down &= order > 0;
    }
    if (up) return;
    if (!down) {
        qsort(e, n, sizeof *e, ek_zset_compare);
        return;
    }
    for (size_t i = 0, j = n - 1; i < j; i++, j--) {
        ek_zset_entry was = e[i];
        e[i] = e[j];
        e[j] = was;
    }
}

static bool make_zset(ek_rdb_in *in, ek_zset_entry *e, size_t n, ek_value *v) {
    if (n == 0 || n > UINT32_MAX) return false;
    for (size_t i = 0; i < n; i++)
        if (isnan(e[i].score)) return false;
    if (!all_differ(in, &e->member, n, sizeof *e)) return false;
    put_in_order(e, n);
    size_t room = ek_zset_store_room(in->s, e, n);
    ek_zset_store(in->s, in->db, v, e, n, ek_rdb_memory(in, room + 1));
    return true;
}

/* --- each form --- */

static ek_zset_entry *entries_for(ek_rdb_in *in, size_t n) {
    return ek_rdb_memory(in, (n + 1) * sizeof(ek_zset_entry));
}

static bool get_zset_2(ek_rdb_in *in, ek_value *v) {
    size_t n;
    if (!ek_rdb_get_count(in, 1 + sizeof(double), &n)) return false;
    ek_zset_entry *e = entries_for(in, n);
    for (size_t i = 0; i < n; i++)
        if (!ek_rdb_get_string(in, &e[i].member) || !get(in, &e[i].score, sizeof(double)))
            return false;
    return make_zset(in, e, n, v);
}

/* Scores as text behind a byte of length; 253 to 255 are NaN and the infinities. */
static bool get_zset(ek_rdb_in *in, ek_value *v) {
    size_t n;
    if (!ek_rdb_get_count(in, 2, &n)) return false;
    ek_zset_entry *e = entries_for(in, n);
    for (size_t i = 0; i < n; i++) {
        uint8_t chars, text[252];
        if (!ek_rdb_get_string(in, &e[i].member) || !ek_rdb_get_byte(in, &chars)) return false;
        if (chars >= 253) e[i].score = chars == 253 ? NAN : chars == 254 ? INFINITY : -INFINITY;
        else if (!get(in, text, chars) || !ek_parse_double(text, chars, &e[i].score)) return false;
    }
    return make_zset(in, e, n, v);
}

static bool make_zset_packed(ek_rdb_in *in, unpack_fn *unpack, ek_str packed, ek_value *v) {
    strings pairs;
    if (!unpack(in, packed, &pairs) || pairs.n % 2) return false;
    size_t n = pairs.n / 2;
    ek_zset_entry *e = entries_for(in, n);
    for (size_t i = 0; i < n; i++) {
        ek_str text = pairs.v[2 * i + 1];
        e[i].member = pairs.v[2 * i];
        if (!ek_parse_double(text.p, text.n, &e[i].score)) return false;
    }
    return make_zset(in, e, n, v);
}

/* --- as they are: false, and nothing is done: the long way --- */

/* A listpack as a run of entries in our forms. */
static bool is_our_run(ek_str packed, int64_t most, ek_str *run, size_t *n) {
    if (most < EK_I64_CHARS || !ek_lp_import(packed.p, packed.n, &run->p, &run->n, n)) return false;
    return ek_lp_is_ours(run->p, run->n, (size_t)most);
}

/* Do the entries of a run differ, every second of them? In our forms equal values have equal bytes. */
static bool entries_differ(ek_rdb_in *in, ek_str run, size_t n) {
    ek_str *entries = ek_rdb_memory(in, (n + 1) * sizeof *entries);
    const uint8_t *p = run.p;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *next = ek_lp_next(p);
        entries[i] = (ek_str){p, (size_t)(next - p)};
        p = ek_lp_next(next);
    }
    return all_differ(in, entries, n, sizeof *entries);
}

static bool take_hash(ek_rdb_in *in, ek_str packed, ek_value *v) {
    ek_str run;
    size_t n;
    return is_our_run(packed, in->s->root->config.hash_max_listpack_value, &run, &n) &&
           n % 2 == 0 && entries_differ(in, run, n / 2) &&
           ek_hash_put_run(in->s, in->db, v, run, n / 2);
}

static bool take_zset(ek_rdb_in *in, ek_str packed, ek_value *v) {
    ek_str run;
    size_t n;
    return is_our_run(packed, INT64_MAX, &run, &n) && n % 2 == 0 &&
           entries_differ(in, run, n / 2) && ek_zset_put_run(in->s, in->db, v, run, n / 2);
}

static bool take_intset(ek_rdb_in *in, ek_str packed, ek_value *v) {
    return ek_intset_check(packed.p, packed.n) && ek_set_put_intset(in->s, in->db, v, packed);
}

static bool take_node(ek_rdb_in *in, ek_str packed, ek_value *v) {
    ek_str run;
    size_t n;
    if (!is_our_run(packed, INT64_MAX, &run, &n) || n == 0) return false;
    ek_list *l = ek_value_list_need(in->s, in->db, v);
    return ek_list_push_run(in->s->a, l, ek_value_list_limit(in->s), run, n);
}

/* --- lists --- */

static bool get_quicklist(ek_rdb_in *in, bool ziplists, ek_value *v) {
    size_t nodes;
    if (!ek_rdb_get_count(in, 1, &nodes)) return false;
    while (nodes-- > 0) {
        uint64_t container = NODE_PACKED;
        ek_str node;
        strings entries;
        if (!ziplists && !ek_rdb_get_length(in, &container)) return false;
        if (!ek_rdb_get_string(in, &node)) return false;
        if (container == NODE_PLAIN) {
            push(in, v, &node, 1);
            continue;
        }
        if (container != NODE_PACKED) return false;
        if (!ziplists && take_node(in, node, v)) continue;
        if (!(ziplists ? unpack_ziplist : unpack_listpack)(in, node, &entries)) return false;
        push(in, v, entries.v, entries.n);
    }
    return v->entry != 0;
}

static bool get_hash_fields(ek_rdb_in *in, ek_value *v) {
    uint64_t soonest, after;
    size_t n;
    if (!ek_rdb_get_u64(in, &soonest) || !ek_rdb_get_count(in, 3, &n)) return false;
    strings pairs = {.n = 2 * n, .v = ek_rdb_memory(in, 2 * n * sizeof *pairs.v)};
    int64_t *times = ek_rdb_memory(in, n * sizeof *times);
    for (size_t i = 0; i < n; i++) {
        if (!ek_rdb_get_length(in, &after)) return false;
        times[i] = after ? (int64_t)(soonest + after - 1) : 0;
        if (!ek_rdb_get_string(in, &pairs.v[2 * i])) return false;
        if (!ek_rdb_get_string(in, &pairs.v[2 * i + 1])) return false;
    }
    return make_timed_hash(in, &pairs, times, v);
}

static bool get_hash_fields_listpack(ek_rdb_in *in, ek_value *v) {
    uint64_t soonest;
    strings triples;
    if (!ek_rdb_get_u64(in, &soonest) || !get_packed(in, unpack_listpack, &triples)) return false;
    size_t n = triples.n / 3;
    if (triples.n % 3) return false;
    strings pairs = {.n = 2 * n, .v = ek_rdb_memory(in, 2 * n * sizeof *pairs.v)};
    int64_t *times = ek_rdb_memory(in, n * sizeof *times);
    for (size_t i = 0; i < n; i++) {
        ek_str time = triples.v[3 * i + 2];
        pairs.v[2 * i] = triples.v[3 * i];
        pairs.v[2 * i + 1] = triples.v[3 * i + 1];
        if (!ek_parse_i64(time.p, time.n, &times[i])) return false;
    }
    return make_timed_hash(in, &pairs, times, v);
}

static bool get_hash_2(ek_rdb_in *in, ek_value *v) {
    size_t n;
    if (!ek_rdb_get_count(in, 10, &n)) return false;
    strings pairs = {.n = 2 * n, .v = ek_rdb_memory(in, 2 * n * sizeof *pairs.v)};
    int64_t *times = ek_rdb_memory(in, n * sizeof *times);
    for (size_t i = 0; i < n; i++) {
        if (!ek_rdb_get_string(in, &pairs.v[2 * i])) return false;
        if (!ek_rdb_get_string(in, &pairs.v[2 * i + 1])) return false;
        if (!get(in, &times[i], sizeof *times)) return false;
        if (times[i] == -1) times[i] = 0;
    }
    return make_timed_hash(in, &pairs, times, v);
}

static bool get_of_type(ek_rdb_in *in, uint8_t type, ek_value *v) {
    strings all;
    ek_str text;
    switch (type) {
    case EK_RDB_STRING:
        if (!ek_rdb_get_string(in, &text)) return false;
        make_string(in, text, v);
        return true;
    case EK_RDB_LIST:
        if (!get_strings(in, 1, &all)) return false;
        push(in, v, all.v, all.n);
        return true;
    case EK_RDB_LIST_ZIPLIST:
        if (!get_packed(in, unpack_ziplist, &all)) return false;
        push(in, v, all.v, all.n);
        return all.n > 0;
    case EK_RDB_LIST_QUICKLIST: return get_quicklist(in, true, v);
    case EK_RDB_LIST_QUICKLIST_2: return get_quicklist(in, false, v);
    case EK_RDB_SET: return get_strings(in, 1, &all) && make_set(in, &all, v);
    case EK_RDB_SET_INTSET:
        if (!ek_rdb_get_string(in, &text)) return false;
        return take_intset(in, text, v) ||
               (unpack_intset(in, text, &all) && make_set(in, &all, v));
    case EK_RDB_SET_LISTPACK:
        return get_packed(in, unpack_listpack, &all) && make_set(in, &all, v);
    case EK_RDB_ZSET: return get_zset(in, v);
    case EK_RDB_ZSET_2: return get_zset_2(in, v);
    case EK_RDB_ZSET_ZIPLIST:
        return ek_rdb_get_string(in, &text) && make_zset_packed(in, unpack_ziplist, text, v);
    case EK_RDB_ZSET_LISTPACK:
        if (!ek_rdb_get_string(in, &text)) return false;
        return take_zset(in, text, v) || make_zset_packed(in, unpack_listpack, text, v);
    case EK_RDB_HASH: return get_strings(in, 2, &all) && make_hash(in, &all, v);
    case EK_RDB_HASH_ZIPLIST:
        return get_packed(in, unpack_ziplist, &all) && make_hash(in, &all, v);
    case EK_RDB_HASH_LISTPACK:
        if (!ek_rdb_get_string(in, &text)) return false;
        return take_hash(in, text, v) ||
               (unpack_listpack(in, text, &all) && make_hash(in, &all, v));
    case EK_RDB_HASH_2: return get_hash_2(in, v);
    case EK_RDB_HASH_FIELDS: return get_hash_fields(in, v);
    case EK_RDB_HASH_FIELDS_LISTPACK: return get_hash_fields_listpack(in, v);
    case EK_RDB_STREAM:
    case EK_RDB_STREAM_2:
    case EK_RDB_STREAM_3: return ek_rdb_get_stream(in, (ek_rdb_type)type, v);
    default: return false;
    }
}

bool ek_rdb_get_value(ek_rdb_in *in, uint8_t type, ek_str key, int64_t expire_ms, uint32_t access,
                      ek_value *v) {
    *v = (ek_value){.key = key, .hash = ek_table_hash(in->s->a, key), .expire_ms = EK_NO_EXPIRE};
    if (!get_of_type(in, type, v)) return false;
    ek_entry *e = ek_ptr(in->s->a, v->entry);
    EK_SET(in->s->a, e->access, access);
    if (expire_ms != EK_NO_EXPIRE) ek_keyspace_set_expire(in->s, in->db, v, expire_ms);
    return true;
}
