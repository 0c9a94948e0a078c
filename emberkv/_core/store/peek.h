/* Reading without the lock.
 *
 * The reader follows references that a writer may be changing, so it believes nothing: each is
 * checked against the heap's end (one more page is always backed, which short heads, keys and roots
 * may run into), a length is checked before it is used, nothing is read twice, and what was read
 * counts only if ek_read_ok says afterwards that nobody wrote meanwhile. Whatever is out of the
 * ordinary (another type, an expired key, fields with times, a long key) is left to the command
 * that runs under the lock.
 *
 *   uint64_t seq;
 *   if (ek_read_begin(a, &seq)) { look; copy what it gave; if (ek_read_ok(a, seq)) it is true }
 */
#ifndef EK_STORE_PEEK_H
#define EK_STORE_PEEK_H

#include "base/clock.h"
#include "base/number.h"
#include "store/store.h"

typedef enum ek_peek_result {
    EK_PEEK_ABSENT, /* after ek_read_ok */
    EK_PEEK_FOUND,  /* out is the value: copy it, then ask ek_read_ok */
    EK_PEEK_UNSURE, /* take the lock and ask again */
} ek_peek_result;

#define EK_PEEK_KEY_MAX 255u
#define EK_PEEK_ELEMENT_MAX 1024u /* of a field or member */
#define EK_PEEK_LARGE ((size_t)1 << 20) /* nobody makes room for more on a mere suspicion */

/* An entry that is not the simple kind: longer, expiring, outside, another type. EK_PEEK_ABSENT: it
 * has another key. */
ek_peek_result ek_peek_odd(const ek_arena *a, const ek_store *s, ek_ref item, ek_str key,
                           uint64_t seq, char digits[24], ek_str *out);

EK_INLINE void ek_peek_integer(const uint8_t *p, char digits[24], ek_str *out) {
    *out = (ek_str){(const uint8_t *)digits, ek_format_i64(digits, (int64_t)ek_load64(p))};
}

/* A table's root, read once: an item of it that is looked for must not see it change. */
EK_INLINE ek_table ek_peek_root(const uint8_t *p) {
    ek_table t = {.count = ek_once32(p), .dir = ek_once32(p + offsetof(ek_table, dir))};
    uint32_t depths = ek_once32(p + offsetof(ek_table, depth));
    t.depth = (uint8_t)depths;
    t.segment_log2 = (uint8_t)(depths >> 8);
    return t;
}

/* As ek_table_find_with, but the head of an entry is looked at as one word. */
EK_INLINE ek_peek_result ek_peek_with(const ek_arena *a, const ek_table *keys, const ek_store *s,
                                      ek_str key, uint64_t hash, uint64_t seq, char digits[24],
                                      ek_str *out) {
    ek_table_spot at;
    if (EK_UNLIKELY(!ek_table_spot_of(a, keys, hash, &at))) return EK_PEEK_ABSENT;
    const uint32_t simple = ek_entry_plain_head(key.n);
    uint8_t tag = ek_table_tag(hash);
    uint32_t end = ek_heap_end(a), i = at.home;
    for (uint32_t left = at.mask;; left--) {
        const ek_table_bucket *b = &at.segment[i];
        for (unsigned hits = ek_table_match(b, tag); hits; hits &= hits - 1) {
            ek_ref item = ek_once32(&b->ref[__builtin_ctz(hits)]);
            if (EK_UNLIKELY(!ek_ref_in(end, item))) continue;
            const uint8_t *e = ek_ptr(a, item);
            uint32_t head = ek_load32(e);
            if (EK_LIKELY((head & EK_ENTRY_PLAIN) == simple)) {
                const uint8_t *p = e + sizeof(ek_entry);
                if (EK_UNLIKELY(!ek_table_key_is(a, (ek_str){p, key.n}, key))) continue;
                *out = (ek_str){p + key.n, head >> 24};
                if (EK_UNLIKELY((head & 0xf0) == EK_ENC_INT << 4))
                    ek_peek_integer(out->p, digits, out);
                return EK_PEEK_FOUND;
            }
            ek_peek_result odd = ek_peek_odd(a, s, item, key, seq, digits, out);
            if (odd != EK_PEEK_ABSENT) return odd;
        }
        if (EK_LIKELY(b->passed == 0) || left == 0) return EK_PEEK_ABSENT;
        i = (i + 1) & at.mask;
    }
}

/* digits: where an integer is printed. */
EK_INLINE ek_peek_result ek_peek_string(const ek_arena *a, const ek_table *keys, const ek_store *s,
                                        ek_str key, uint64_t hash, uint64_t seq, char digits[24],
                                        ek_str *out) {
    /* Twice the same: with the usual granule known, references become addresses in one step. */
    if (EK_LIKELY(a->shift == 3)) return ek_peek_with(a, keys, s, key, hash, seq, digits, out);
    return ek_peek_with(a, keys, s, key, hash, seq, digits, out);
}

/* --- other types --- */

/* An entry begins in the heap: its inline value is searched for an element without leaving the page
 * behind that. */
_Static_assert(EK_PEEK_KEY_MAX + EK_ENTRY_INLINE_MAX + EK_PEEK_ELEMENT_MAX + 256 <= EK_PAGE,
               "a page is enough");

/* A value as a reader without the lock sees it. */
typedef struct ek_peeked {
    const uint8_t *p; /* its bytes, which end in the heap or the page behind it, or its root */
    size_t n;
    ek_encoding enc;
} ek_peeked;

/* The value of a key, which must be of this type (EK_TYPES: of any). */
EK_INLINE ek_peek_result ek_peek_value(const ek_arena *a, const ek_table *keys, const ek_store *s,
                                       ek_str key, uint64_t hash, ek_type type, ek_peeked *out) {
    ek_ref ref = ek_table_find_with(a, keys, ek_entry_key, hash, key);
    if (!ref) return EK_PEEK_ABSENT;
    const ek_entry *e = ek_ptr(a, ref);
    if (type != EK_TYPES && EK_UNLIKELY((e->type_enc & 15) != type)) return EK_PEEK_UNSURE;
    out->enc = (ek_encoding)(e->type_enc >> 4);
    const uint8_t *p = (const uint8_t *)(e + 1);
    size_t n = e->vlen;
    unsigned flags = e->flags;
    if (EK_LIKELY(!(flags & ~EK_ENTRY_LONG_VALUE))) {
        if (EK_UNLIKELY(flags & EK_ENTRY_LONG_VALUE)) {
            n = ek_once32(p);
            p += 4;
            if (n > EK_ENTRY_INLINE_MAX) return EK_PEEK_UNSURE;
        }
        out->p = p + key.n;
        out->n = n;
        return EK_PEEK_FOUND;
    }
    if (flags & EK_ENTRY_EXPIRES) {
        if ((int64_t)ek_load64(p) <= ek_store_now_ms(s)) return EK_PEEK_UNSURE;
        p += 8;
    }
    if (flags & EK_ENTRY_LONG_VALUE) {
        n = ek_once32(p);
        p += 4;
        if (n > EK_ENTRY_INLINE_MAX) return EK_PEEK_UNSURE;
    }
    p += key.n;
    if (flags & EK_ENTRY_OUTSIDE) {
        ek_ref block = ek_once32(p);
        n = ek_once32(p + 4);
        if (!ek_ref_ok(a, block, n)) return EK_PEEK_UNSURE;
        p = ek_ptr(a, block);
    }
    out->p = p;
    out->n = n;
    return EK_PEEK_FOUND;
}

/* Is the key there? O(1). */
ek_peek_result ek_peek_exists(const ek_store *s, const ek_table *keys, ek_str key);

/* How many elements a list, hash, set or sorted set has. O(1); O(n) in a listpack. */
ek_peek_result ek_peek_count(const ek_store *s, const ek_table *keys, ek_str key, ek_type type,
                             uint64_t *count);

/* The value of a field of a hash; the text of an integer is in `room`. */
ek_peek_result ek_peek_field(const ek_store *s, const ek_table *keys, ek_str key, ek_str field,
                             uint64_t seq, char room[EK_I64_CHARS], ek_str *out);

/* Is it a member of the set? */
ek_peek_result ek_peek_member(const ek_store *s, const ek_table *keys, ek_str key, ek_str member);

/* The score of a member of a sorted set. */
ek_peek_result ek_peek_score(const ek_store *s, const ek_table *keys, ek_str key, ek_str member,
                             double *score);

/* Its rank in order, or `from_end`. */
ek_peek_result ek_peek_rank(const ek_store *s, const ek_table *keys, ek_str key, ek_str member,
                            bool from_end, uint32_t *rank);

#endif
