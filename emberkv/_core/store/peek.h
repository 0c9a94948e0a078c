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

#define EK_PEEK_KEY_MAX 1024u

EK_INLINE ek_peek_result ek_peek_with(const ek_arena *a, const ek_table *keys, const ek_store *s,
                                      ek_str key, uint64_t hash, char digits[24], ek_str *out) {
    ek_ref ref = ek_table_find_with(a, keys, ek_entry_key, hash, key);
    if (!ref) return EK_PEEK_ABSENT;
    const ek_entry *e = ek_ptr(a, ref);
    if (EK_UNLIKELY((e->type_enc & 15) != EK_STRING)) return EK_PEEK_UNSURE;
    if (EK_LIKELY(!(e->flags & ~EK_ENTRY_LONG_VALUE))) {
        const uint8_t *p = (const uint8_t *)(e + 1);
        size_t n = e->vlen;
        if (EK_UNLIKELY(e->flags & EK_ENTRY_LONG_VALUE)) {
            n = ek_load32(p);
            p += 4;
            if (n > EK_ENTRY_INLINE_MAX) return EK_PEEK_UNSURE;
        }
        *out = (ek_str){p + e->klen, n};
    } else {
        const uint8_t *slot = ek_entry_key(a, ref).p + key.n;
        size_t end = (size_t)a->hdr->heap_pages * EK_PAGE;
        if ((size_t)(slot - a->heap) >= end) return EK_PEEK_UNSURE;
        if (e->flags & EK_ENTRY_EXPIRES && ek_entry_expire(a, ref) <= ek_store_now_ms(s))
            return EK_PEEK_UNSURE;
        if (e->flags & EK_ENTRY_OUTSIDE) {
            ek_ref block = ek_load32(slot);
            size_t n = ek_load32(slot + 4);
            if (!ek_ref_ok(a, block, n)) return EK_PEEK_UNSURE;
            *out = (ek_str){ek_ptr(a, block), n};
        } else {
            size_t n = e->flags & EK_ENTRY_LONG_VALUE
                           ? ek_load32((const uint8_t *)(e + 1) +
                                       (e->flags & EK_ENTRY_EXPIRES ? 8 : 0) +
                                       (e->flags & EK_ENTRY_LONG_KEY ? 4 : 0))
                           : e->vlen;
            if (n > EK_ENTRY_INLINE_MAX) return EK_PEEK_UNSURE;
            *out = (ek_str){slot, n};
        }
    }
    if (EK_UNLIKELY(e->type_enc >> 4 == EK_ENC_INT)) {
        if (out->n != 8) return EK_PEEK_UNSURE;
        int64_t v64 = (int64_t)ek_load64(out->p);
        *out = (ek_str){(const uint8_t *)digits, ek_format_i64(digits, v64)};
    }
    return EK_PEEK_FOUND;
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
