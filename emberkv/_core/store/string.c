#include "store/string.h"

void ek_string_make_raw(ek_store *s, ek_db *db, ek_value *v) {
    if (v->enc == EK_ENC_INT) {
        char digits[24];
        ek_str text = ek_string_text(v, digits);
        ek_entry_plan plan = {
            .type = EK_STRING, .enc = EK_ENC_RAW, .expire_ms = v->expire_ms,
            .access = ek_access_begin(s), .bytes = text.p, .len = text.n,
        };
        ek_keyspace_replace(s, db, v, &plan);
    }
    ek_value_set_encoding(s, v, EK_ENC_RAW);
}

void ek_string_widen(ek_store *s, ek_db *db, ek_value *v, size_t len) {
    if (!v->entry) {
        ek_entry_plan plan = {
            .key = v->key, .type = EK_STRING, .enc = EK_ENC_RAW, .expire_ms = EK_NO_EXPIRE,
            .access = ek_access_begin(s), .len = len,
        };
        ek_keyspace_add(s, db, &plan, v->hash, v);
        memset(v->data, 0, len);
        return;
    }
    ek_string_make_raw(s, db, v);
    size_t old = v->len;
    if (len > old) memset(ek_value_splice(s, db, v, old, 0, len - old), 0, len - old);
}
