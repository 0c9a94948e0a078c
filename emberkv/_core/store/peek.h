/* Reading without the lock.
 *
 * The reader follows references that a writer may be changing, so it believes nothing: each is
 * checked against the heap's end (one more page is always backed, which short heads and keys may run
 * into), and what was read counts only if ek_read_ok says afterwards that nobody wrote meanwhile.
 * Whatever is out of the ordinary (another type, an expired key, a long key) is left to the command
 * that runs under the lock. */
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

/* An entry that is not the simple kind: longer, expiring, outside, another type. EK_PEEK_ABSENT: it
 * has another key. */
ek_peek_result ek_peek_odd(const ek_arena *a, const ek_store *s, ek_ref item, ek_str key,
                           char digits[24], ek_str *out);

EK_INLINE void ek_peek_integer(const uint8_t *p, char digits[24], ek_str *out) {
    *out = (ek_str){(const uint8_t *)digits, ek_format_i64(digits, (int64_t)ek_load64(p))};
}

/* As ek_table_find_with, but the head of an entry is looked at as one word: a string, no flags, a key
 * of this length. */
EK_INLINE ek_peek_result ek_peek_with(const ek_arena *a, const ek_table *keys, const ek_store *s,
                                      ek_str key, uint64_t hash, char digits[24], ek_str *out) {
    ek_table_spot at;
    if (EK_UNLIKELY(!ek_table_spot_of(a, keys, hash, &at))) return EK_PEEK_ABSENT;
    const uint32_t looked_at = 0x00ffff0f, simple = (uint32_t)key.n << 16 | EK_STRING;
    uint8_t tag = ek_table_tag(hash);
    uint32_t end = ek_heap_end(a), i = at.home;
    for (uint32_t left = at.mask;; left--) {
        const ek_table_bucket *b = &at.segment[i];
        for (unsigned hits = ek_table_match(b, tag); hits; hits &= hits - 1) {
            ek_ref item = b->ref[__builtin_ctz(hits)];
            if (EK_UNLIKELY(!ek_ref_in(end, item))) continue;
            const uint8_t *e = ek_ptr(a, item);
            uint32_t head = ek_load32(e);
            if (EK_LIKELY((head & looked_at) == simple)) {
                const uint8_t *p = e + sizeof(ek_entry);
                if (EK_UNLIKELY(!ek_table_key_is(a, (ek_str){p, key.n}, key))) continue;
                *out = (ek_str){p + key.n, head >> 24};
                if (EK_UNLIKELY((head & 0xf0) == EK_ENC_INT << 4))
                    ek_peek_integer(out->p, digits, out);
                return EK_PEEK_FOUND;
            }
            ek_peek_result odd = ek_peek_odd(a, s, item, key, digits, out);
            if (odd != EK_PEEK_ABSENT) return odd;
        }
        if (EK_LIKELY(b->passed == 0) || left == 0) return EK_PEEK_ABSENT;
        i = (i + 1) & at.mask;
    }
}

/* A key that holds a value of this type: v says where its bytes are, or its container's root. What
 * stands there is for the reader to mistrust. */
EK_INLINE ek_peek_result ek_peek_value(const ek_arena *a, const ek_table *keys, const ek_store *s,
                                       ek_str key, ek_type type, ek_value *v) {
    ek_ref ref = ek_table_find_with(a, keys, ek_entry_key, ek_table_hash(a, key), key);
    if (!ref) return EK_PEEK_ABSENT;
    const ek_entry *e = ek_ptr(a, ref);
    if (EK_UNLIKELY(e->flags & EK_ENTRY_LONG_KEY)) return EK_PEEK_UNSURE;
    ek_entry_read(a, ref, v);
    if (EK_UNLIKELY(v->type != type)) return EK_PEEK_UNSURE;
    if (EK_UNLIKELY(v->expire_ms != EK_NO_EXPIRE) && v->expire_ms <= ek_store_now_ms(s))
        return EK_PEEK_UNSURE;
    size_t least = v->outside ? ek_max(v->len, sizeof(ek_table)) : 0;
    if (v->outside ? !ek_ref_ok(a, v->outside, least) : v->len > EK_ENTRY_INLINE_MAX)
        return EK_PEEK_UNSURE;
    return EK_PEEK_FOUND;
}

/* Do these bytes lie in the heap? */
EK_INLINE bool ek_peek_ok(const ek_arena *a, const uint8_t *p, size_t n) {
    size_t end = (size_t)a->hdr->heap_pages * EK_PAGE, at = (size_t)(p - a->heap);
    return at < end && n <= end - at;
}

/* digits: where an integer is printed. */
EK_INLINE ek_peek_result ek_peek_string(const ek_arena *a, const ek_table *keys, const ek_store *s,
                                        ek_str key, uint64_t hash, char digits[24], ek_str *out) {
    /* Twice the same: with the usual granule known, references become addresses in one step. */
    if (EK_LIKELY(a->shift == 3)) return ek_peek_with(a, keys, s, key, hash, digits, out);
    return ek_peek_with(a, keys, s, key, hash, digits, out);
}

#endif
