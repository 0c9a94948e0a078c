/* Strings as values: an integer in 8 bytes where the text is one, else the bytes themselves. */
#ifndef EK_STORE_STRING_H
#define EK_STORE_STRING_H

#include "base/number.h"
#include "store/keyspace.h"

#define EK_EMBSTR_MAX 44 /* what OBJECT ENCODING calls embstr, and longer ones raw */

/* The text of a string value; digits is where an integer is printed. */
EK_INLINE ek_str ek_string_text(const ek_value *v, char digits[24]) {
    if (v->enc != EK_ENC_INT) return (ek_str){v->data, v->len};
    return (ek_str){(const uint8_t *)digits,
                    ek_format_i64(digits, (int64_t)ek_load64(v->data))};
}

/* Its length, without printing it. */
EK_INLINE size_t ek_string_len(const ek_value *v) {
    return v->enc == EK_ENC_INT ? ek_i64_chars((int64_t)ek_load64(v->data)) : v->len;
}

/* Plan an entry that holds this text. integer is memory for the plan to point at. */
EK_INLINE void ek_string_plan(ek_entry_plan *plan, ek_str text, int64_t *integer) {
    plan->type = EK_STRING;
    plan->bytes = text.p;
    plan->len = text.n;
    plan->enc = text.n <= EK_EMBSTR_MAX ? EK_ENC_EMBSTR : EK_ENC_RAW;
    if (text.n <= EK_I64_CHARS && text.n > 0 && text.p[0] <= '9' && ek_parse_i64(text.p, text.n, integer)) {
        plan->enc = EK_ENC_INT;
        plan->bytes = (const uint8_t *)integer;
        plan->len = sizeof *integer;
    }
}

/* Make the value bytes that can be spliced; "raw" from now on, as the server calls it. */
void ek_string_make_raw(ek_store *s, ek_db *db, ek_value *v);

/* The same, and have it at least `len` bytes long, zeros behind what it had. v may be a key that is
 * not there. */
void ek_string_widen(ek_store *s, ek_db *db, ek_value *v, size_t len);

#endif
