#include "engine/column_reads.h"

#include <math.h>

#include "store/figures.h"
#include "store/peek.h"
#include "store/value_set.h"
#include "store/value_zset.h"

/* Some elements of a column as keys, and what is looked ahead for them. */
typedef struct batch {
    size_t n;
    ek_str key[EK_TABLE_FETCHED];
    uint64_t hash[EK_TABLE_FETCHED];
    ek_ref item[EK_TABLE_FETCHED];
    char text[EK_TABLE_FETCHED * EK_COLUMN_TEXT_CHARS];
} batch;

/* False: there is one that cannot be looked for in this way. */
EK_INLINE bool take_keys(batch *b, const ek_column *c, size_t from, size_t n, size_t longest) {
    b->n = ek_min(n - from, EK_TABLE_FETCHED);
    if (ek_column_is_text(c)) {
        ek_column_strings(c, from, b->n, b->key, 1);
        return c->width <= longest;
    }
    char *text = b->text;
    return ek_column_texts(c, from, b->n, b->key, 1, &text) == b->n;
}

static const ek_table *begin(ek_session *session, uint64_t *seq) {
    const ek_table *keys = session->in_multi ? NULL : session->peek;
    return keys && ek_read_begin(session->a, seq) ? keys : NULL;
}

/* --- strings --- */

/* The value of a plain entry with this key: of an integer its eight bytes. False: it is not that. */
EK_INLINE bool plain_string(const ek_arena *a, ek_ref item, ek_str key, ek_str *value, bool *is_int) {
    const uint8_t *e = ek_ptr(a, item);
    uint32_t head = ek_load32(e);
    if ((head & EK_ENTRY_PLAIN) != ek_entry_plain_head(key.n)) return false;
    *value = (ek_str){e + sizeof(ek_entry) + key.n, head >> 24};
    *is_int = (head & 0xf0) == EK_ENC_INT << 4;
    return ek_table_key_is(a, (ek_str){e + sizeof(ek_entry), key.n}, key);
}

ek_column_result ek_column_strings_at(ek_session *session, const ek_column *keys, size_t n,
                                      const ek_column *out, uint8_t *present, size_t *row) {
    const ek_arena *a = session->a;
    const ek_store *s = session->s;
    uint64_t seq, misses = 0;
    batch b;
    char digits[24];
    const ek_table *table = begin(session, &seq);
    /* Whose uses are noted is read by the command. */
    if (!table || a->hdr->no_unlocked_reads) return EK_COLUMN_UNSURE;
    for (size_t from = 0; from < n; from += b.n) {
        if (!take_keys(&b, keys, from, n, EK_PEEK_KEY_MAX)) return EK_COLUMN_UNSURE;
        ek_table_fetch(a, table, b.key, 1, b.n, b.hash, b.item);
        for (size_t i = 0; i < b.n; i++) {
            ek_str value;
            bool fits, is_int = false;
            ek_peek_result found = EK_PEEK_FOUND;
            if (b.item[i] == 0) found = EK_PEEK_ABSENT;
            else if (EK_UNLIKELY(b.item[i] == EK_TABLE_LOOK ||
                                 !plain_string(a, b.item[i], b.key[i], &value, &is_int))) {
                is_int = false;
                found = ek_peek_string(a, table, s, b.key[i], b.hash[i], seq, digits, &value);
            }
            if (EK_UNLIKELY(found != EK_PEEK_FOUND)) {
                if (found == EK_PEEK_UNSURE) return EK_COLUMN_UNSURE;
                present[from + i] = 0;
                ek_column_take_nothing(out, from + i);
                misses++;
                continue;
            }
            if (is_int) fits = ek_column_take_int(out, from + i, (int64_t)ek_load64(value.p));
            else fits = ek_column_take(out, from + i, value.p, value.n);
            if (EK_UNLIKELY(!fits)) {
                *row = from + i;
                return ek_read_ok(a, seq) ? EK_COLUMN_MISFIT : EK_COLUMN_UNSURE;
            }
        }
    }
    if (!ek_read_ok(a, seq)) return EK_COLUMN_UNSURE;
    ek_count_reads(session->s, n - misses, misses);
    return EK_COLUMN_READ;
}

/* --- members --- */

/* The table of the big form of a set or sorted set. False: there is none that can be read. */
static bool begin_members(ek_session *session, ek_str name, ek_type type, uint64_t *seq,
                          ek_table *members) {
    const ek_table *keys = begin(session, seq);
    ek_peeked v;
    if (!keys || name.n > EK_PEEK_KEY_MAX ||
        ek_peek_value(session->a, keys, session->s, name, ek_table_hash(session->a, name), type,
                      &v) != EK_PEEK_FOUND)
        return false;
    if (type == EK_SET_TYPE) {
        *members = ek_peek_root(v.p);
        return v.enc == EK_ENC_HASHTABLE;
    }
    *members = ek_peek_root(v.p + offsetof(ek_zset, members));
    return v.enc == EK_ENC_SKIPLIST;
}

/* What there is of each member's block, in one of the two columns: that it is there, or its score. */
EK_INLINE ek_column_result read_members(ek_session *session, ek_str name, ek_type type,
                                        ek_table_key_fn *key_of, const ek_column *members, size_t n,
                                        uint8_t *there, double *scores) {
    const ek_arena *a = session->a;
    ek_table table;
    uint64_t seq;
    batch b;
    if (!begin_members(session, name, type, &seq, &table)) return EK_COLUMN_UNSURE;
    for (size_t from = 0; from < n; from += b.n) {
        if (!take_keys(&b, members, from, n, EK_PEEK_ELEMENT_MAX)) return EK_COLUMN_UNSURE;
        ek_table_fetch(a, &table, b.key, 1, b.n, b.hash, b.item);
        for (size_t i = 0; i < b.n; i++) {
            ek_ref block = ek_table_find_ahead(a, &table, key_of, b.hash[i], b.key[i], b.item[i]);
            if (there) there[from + i] = block != 0;
            else scores[from + i] = block ? ek_zset_block_score(a, block) : NAN;
        }
    }
    if (!ek_read_ok(a, seq)) return EK_COLUMN_UNSURE;
    ek_count_read(session->s, session->db, name, true);
    return EK_COLUMN_READ;
}

ek_column_result ek_column_members(ek_session *session, ek_str name, const ek_column *members,
                                   size_t n, uint8_t *out) {
    return read_members(session, name, EK_SET_TYPE, ek_set_block_member, members, n, out, NULL);
}

ek_column_result ek_column_scores(ek_session *session, ek_str name, const ek_column *members,
                                  size_t n, double *out) {
    return read_members(session, name, EK_ZSET, ek_zset_block_member, members, n, NULL, out);
}
