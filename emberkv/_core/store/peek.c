/* Looking into values without the lock. See peek.h for the rules. */
#include "store/peek.h"

#include "data/intset.h"
#include "data/listpack.h"
#include "data/quicklist.h"
#include "store/value_hash.h"
#include "store/value_set.h"
#include "store/value_zset.h"

#define RUN_MAX 65536u /* a longer listpack, or what looks like one, is not walked */

/* --- strings --- */

ek_peek_result ek_peek_odd(const ek_arena *a, const ek_store *s, ek_ref item, ek_str key,
                           uint64_t seq, char digits[24], ek_str *out) {
    /* One reading of the head: it may change at any moment. */
    const uint8_t *e = ek_ptr(a, item), *p = e + sizeof(ek_entry);
    uint8_t type_enc = e[0], flags = e[1], klen = e[2], vlen = e[3];
    size_t n = vlen;
    int64_t expire_ms = EK_NO_EXPIRE;
    if (flags & EK_ENTRY_LONG_KEY) return EK_PEEK_ABSENT; /* longer than those asked for */
    if (flags & EK_ENTRY_EXPIRES) {
        expire_ms = (int64_t)ek_load64(p);
        p += 8;
    }
    if (flags & EK_ENTRY_LONG_VALUE) {
        n = ek_once32(p);
        p += 4;
    }
    if (!ek_table_key_is(a, (ek_str){p, klen}, key)) return EK_PEEK_ABSENT;
    p += klen;
    if ((type_enc & 15) != EK_STRING || n > EK_ENTRY_INLINE_MAX) return EK_PEEK_UNSURE;
    if (expire_ms != EK_NO_EXPIRE && expire_ms <= ek_store_now_ms(s)) return EK_PEEK_UNSURE;
    *out = (ek_str){p, n};
    if (flags & EK_ENTRY_OUTSIDE) {
        ek_ref block = ek_once32(p);
        n = ek_once32(p + 4);
        if (!ek_ref_ok(a, block, n)) return EK_PEEK_UNSURE;
        if (n > EK_PEEK_LARGE && !ek_read_ok(a, seq)) return EK_PEEK_UNSURE;
        *out = (ek_str){ek_ptr(a, block), n};
    }
    if (type_enc >> 4 == EK_ENC_INT) {
        if (out->n != 8) return EK_PEEK_UNSURE;
        ek_peek_integer(out->p, digits, out);
    }
    return EK_PEEK_FOUND;
}

/* --- other types --- */

/* The value of the key, see ek_peek_value. */
EK_INLINE ek_peek_result value_of(const ek_store *s, const ek_table *keys, ek_str key, ek_type type,
                                  ek_peeked *v) {
    if (EK_UNLIKELY(key.n > EK_PEEK_KEY_MAX)) return EK_PEEK_UNSURE;
    return ek_peek_value(s->a, keys, s, key, ek_table_hash(s->a, key), type, v);
}

/* --- listpacks --- */

/* Of the pairs of a listpack, the entry behind the one that is `want`; NULL: there is none. */
static const uint8_t *pair_find(const ek_peeked *run, ek_str want) {
    const uint8_t *end = run->p + run->n;
    const uint8_t *p = ek_lp_find(run->p, end, want.p, want.n, 2);
    if (!p) return NULL;
    p = ek_lp_next(p);
    return p < end ? p : NULL;
}

/* The entry at p. False: it does not lie in the run. */
static bool entry_get(const ek_peeked *run, const uint8_t *p, ek_lp_value *v) {
    ek_lp_get(p, v);
    EK_HOLD(v->n);
    return !v->s || v->s + v->n <= run->p + run->n;
}

static bool count_pairs(const ek_peeked *run, uint64_t *count) {
    const uint8_t *p = run->p, *end = p + run->n;
    *count = 0;
    while (p < end) {
        p = ek_lp_next(p);
        if (p >= end) return false;
        p = ek_lp_next(p);
        ++*count;
    }
    return p == end;
}

/* --- hashes --- */

/* The n bytes at p, which is in the heap or in the page behind it. */
static ek_peek_result bytes_at(const ek_arena *a, const uint8_t *p, size_t n, uint64_t seq,
                               ek_str *out) {
    size_t end = (size_t)a->hdr->heap_pages * EK_PAGE, from = (size_t)(p - a->heap);
    if (from > end || n > end - from) return EK_PEEK_UNSURE;
    if (EK_UNLIKELY(n > EK_PEEK_LARGE) && !ek_read_ok(a, seq)) return EK_PEEK_UNSURE;
    *out = (ek_str){p, n};
    return EK_PEEK_FOUND;
}

static ek_peek_result field_in_table(const ek_arena *a, const ek_peeked *v, ek_str field,
                                     uint64_t seq, ek_str *out) {
    ek_table fields = ek_peek_root(v->p);
    uint64_t hash = ek_table_hash(a, field);
    ek_ref block = ek_table_find_with(a, &fields, ek_hash_block_field, hash, field);
    if (!block) return EK_PEEK_ABSENT;
    const uint8_t *p = ek_ptr(a, block);
    size_t n = p[1];
    if (p[0] & EK_HASH_HAS_TIME) return EK_PEEK_UNSURE;
    p += field.n >= EK_HASH_LONG_FIELD ? 6 : 2;
    if (n == EK_HASH_LONG_VALUE) {
        n = ek_once32(p);
        p += 4;
    }
    return bytes_at(a, p + field.n, n, seq, out);
}

ek_peek_result ek_peek_field(const ek_store *s, const ek_table *keys, ek_str key, ek_str field,
                             uint64_t seq, char room[EK_I64_CHARS], ek_str *out) {
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, EK_HASH, &v);
    if (found != EK_PEEK_FOUND) return found;
    if (EK_UNLIKELY(field.n > EK_PEEK_ELEMENT_MAX)) return EK_PEEK_UNSURE;
    if (v.enc == EK_ENC_HASHTABLE) return field_in_table(s->a, &v, field, seq, out);
    if (v.enc != EK_ENC_LISTPACK || v.n > RUN_MAX) return EK_PEEK_UNSURE;
    ek_lp_value value;
    const uint8_t *p = pair_find(&v, field);
    if (!p) return EK_PEEK_ABSENT;
    if (!entry_get(&v, p, &value)) return EK_PEEK_UNSURE;
    *out = ek_lp_text(&value, room);
    return EK_PEEK_FOUND;
}

/* --- sets --- */

/* The width of an intset's values, 0 if it is none; their number. */
static uint32_t intset_width(const ek_peeked *v, uint32_t *count) {
    if (v->n < EK_INTSET_HEADER) return 0;
    uint32_t width = ek_once32(v->p);
    *count = ek_once32(v->p + EK_INTSET_COUNT_AT);
    if (width != 2 && width != 4 && width != 8) return 0;
    return v->n == EK_INTSET_HEADER + (size_t)width * *count ? width : 0;
}

ek_peek_result ek_peek_member(const ek_store *s, const ek_table *keys, ek_str key, ek_str member) {
    const ek_arena *a = s->a;
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, EK_SET_TYPE, &v);
    if (found != EK_PEEK_FOUND) return found;
    if (EK_UNLIKELY(member.n > EK_PEEK_ELEMENT_MAX)) return EK_PEEK_UNSURE;
    bool there;
    if (v.enc == EK_ENC_HASHTABLE) {
        ek_table members = ek_peek_root(v.p);
        uint64_t hash = ek_table_hash(a, member);
        there = ek_table_find_with(a, &members, ek_set_block_member, hash, member) != 0;
    } else if (v.enc == EK_ENC_INTSET) {
        int64_t i;
        uint32_t count, width = intset_width(&v, &count);
        if (!width) return EK_PEEK_UNSURE;
        there = ek_parse_i64(member.p, member.n, &i) &&
                ek_intset_search(v.p, width, count, i, NULL);
    } else {
        return EK_PEEK_UNSURE;
    }
    return there ? EK_PEEK_FOUND : EK_PEEK_ABSENT;
}

/* --- sorted sets --- */

static ek_peek_result score_in_run(const ek_peeked *v, ek_str member, double *score) {
    ek_lp_value value;
    const uint8_t *p = pair_find(v, member);
    if (!p) return EK_PEEK_ABSENT;
    if (!entry_get(v, p, &value)) return EK_PEEK_UNSURE;
    if (!value.s) {
        *score = (double)value.i;
        return EK_PEEK_FOUND;
    }
    uint8_t text[EK_DOUBLE_CHARS]; /* parsing reads it twice */
    if (value.n > sizeof text) return EK_PEEK_UNSURE;
    memcpy(text, value.s, value.n);
    return ek_parse_double(text, value.n, score) ? EK_PEEK_FOUND : EK_PEEK_UNSURE;
}

/* The block of a member of the big form, or 0. */
static ek_ref block_of_member(const ek_arena *a, const ek_peeked *v, ek_str member) {
    ek_table members = ek_peek_root(v->p + offsetof(ek_zset, members));
    return ek_table_find_with(a, &members, ek_zset_block_member, ek_table_hash(a, member), member);
}

ek_peek_result ek_peek_score(const ek_store *s, const ek_table *keys, ek_str key, ek_str member,
                             double *score) {
    const ek_arena *a = s->a;
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, EK_ZSET, &v);
    if (found != EK_PEEK_FOUND) return found;
    if (EK_UNLIKELY(member.n > EK_PEEK_ELEMENT_MAX)) return EK_PEEK_UNSURE;
    if (v.enc == EK_ENC_SKIPLIST) {
        ek_ref block = block_of_member(a, &v, member);
        if (!block) return EK_PEEK_ABSENT;
        *score = ek_zset_block_score(a, block);
        return EK_PEEK_FOUND;
    }
    if (v.enc != EK_ENC_LISTPACK || v.n > RUN_MAX) return EK_PEEK_UNSURE;
    return score_in_run(&v, member, score);
}

ek_peek_result ek_peek_rank(const ek_store *s, const ek_table *keys, ek_str key, ek_str member,
                            bool from_end, uint32_t *rank) {
    const ek_arena *a = s->a;
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, EK_ZSET, &v);
    if (found != EK_PEEK_FOUND) return found;
    if (v.enc != EK_ENC_SKIPLIST || member.n > EK_PEEK_ELEMENT_MAX) return EK_PEEK_UNSURE;
    ek_ref block = block_of_member(a, &v, member);
    if (!block) return EK_PEEK_ABSENT;
    ek_btree order = ek_btree_read_root(v.p + offsetof(ek_zset, order));
    *rank = ek_btree_rank(a, &order, ek_zset_block_member, ek_zset_block_score(a, block), member);
    if (from_end) *rank = order.count - 1 - *rank;
    return EK_PEEK_FOUND;
}

/* --- any type --- */

ek_peek_result ek_peek_exists(const ek_store *s, const ek_table *keys, ek_str key) {
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, EK_TYPES, &v);
    if (found != EK_PEEK_FOUND) return found;
    bool may_be_empty = v.enc == EK_ENC_LISTPACK_EX || v.enc == EK_ENC_HASHTABLE_EX;
    return may_be_empty ? EK_PEEK_UNSURE : EK_PEEK_FOUND;
}

ek_peek_result ek_peek_count(const ek_store *s, const ek_table *keys, ek_str key, ek_type type,
                             uint64_t *count) {
    ek_peeked v;
    ek_peek_result found = value_of(s, keys, key, type, &v);
    if (found != EK_PEEK_FOUND) return found;
    uint32_t n;
    switch (v.enc) {
    case EK_ENC_LISTPACK:
        if (type == EK_LIST || v.n > RUN_MAX || !count_pairs(&v, count)) return EK_PEEK_UNSURE;
        break;
    case EK_ENC_INTSET:
        if (!intset_width(&v, &n)) return EK_PEEK_UNSURE;
        *count = n;
        break;
    case EK_ENC_HASHTABLE: *count = ek_load32(v.p + offsetof(ek_table, count)); break;
    case EK_ENC_SKIPLIST: *count = ek_load32(v.p + offsetof(ek_zset, members.count)); break;
    case EK_ENC_QUICKLIST: *count = ek_load64(v.p + offsetof(ek_list, count)); break;
    default: return EK_PEEK_UNSURE;
    }
    return EK_PEEK_FOUND;
}
