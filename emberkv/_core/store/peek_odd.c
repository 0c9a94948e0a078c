#include "store/peek.h"

ek_peek_result ek_peek_odd(const ek_arena *a, const ek_store *s, ek_ref item, ek_str key,
                           char digits[24], ek_str *out) {
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
        n = ek_load32(p);
        p += 4;
    }
    if (!ek_table_key_is(a, (ek_str){p, klen}, key)) return EK_PEEK_ABSENT;
    p += klen;
    if ((type_enc & 15) != EK_STRING || n > EK_ENTRY_INLINE_MAX) return EK_PEEK_UNSURE;
    if (expire_ms != EK_NO_EXPIRE && expire_ms <= ek_store_now_ms(s)) return EK_PEEK_UNSURE;
    *out = (ek_str){p, n};
    if (flags & EK_ENTRY_OUTSIDE) {
        ek_ref block = ek_load32(p);
        n = ek_load32(p + 4);
        if (!ek_ref_ok(a, block, n)) return EK_PEEK_UNSURE;
        *out = (ek_str){ek_ptr(a, block), n};
    }
    if (type_enc >> 4 == EK_ENC_INT) {
        if (out->n != 8) return EK_PEEK_UNSURE;
        ek_peek_integer(out->p, digits, out);
    }
    return EK_PEEK_FOUND;
}
