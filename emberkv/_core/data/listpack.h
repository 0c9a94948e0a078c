/* Listpack: a run of entries, strings or integers, each readable from either side.
 *
 *   | entry | entry | entry | ...            begin and end are known to the owner of the run
 *
 *   entry    | head 1..9 | string | length of both, 1..5 bytes, readable backwards |
 *
 *   0xxxxxxx                    0..127           11110000 + 4 bytes   string of any length
 *   10nnnnnn                    string below 64  11110001 + 2 bytes   integer of 16 bits
 *   110xxxxx + 1 byte           13-bit integer   11110010 + 3         24
 *   1110nnnn + 1 byte           string below     11110011 + 4         32
 *                               4,096            11110100 + 8         64
 *
 * The entries are Redis's, to the byte, and so is the choice among them: a string which is the one
 * way to write a 64-bit integer is stored as that integer, in the shortest form. Therefore equal
 * values have equal bytes, and whoever takes in a foreign listpack puts its values anew, unless all of
 * them are in these forms already, as they are when Redis wrote it. The six
 * bytes in front of a listpack of Redis and the 0xFF behind it are added when one is exported.
 *
 * All functions work on plain memory and know of no arena: whoever owns the run announces changes.
 * Costs: get, next, prev, put O(1) beside the copying; find about 1 ns an entry skipped. An entry
 * of a string below 64 bytes takes 2 bytes more than the string; an integer below 128 takes 2.
 */
#ifndef EK_DATA_LISTPACK_H
#define EK_DATA_LISTPACK_H

#include "base/base.h"
#include "base/number.h"

typedef struct ek_lp_value {
    const uint8_t *s; /* into the entry; NULL: an integer */
    size_t n;
    int64_t i;
} ek_lp_value;

/* A value as it will stand in an entry; refers to the string it was made from. */
typedef struct ek_lp_encoded {
    const uint8_t *s;
    size_t n;     /* 0 for an integer: the head holds all of it */
    size_t bytes; /* of the whole entry */
    uint8_t nhead;
    uint8_t head[9]; /* all of the first eight are set, to 0 behind the head */
} ek_lp_encoded;

#define EK_LP_INT_BYTES_MAX 10 /* of an integer's entry */
#define EK_LP_STRING_EXTRA_MAX 10 /* what an entry takes beside its string, at most */

/* --- reading: p is the start of an entry --- */

size_t ek_lp_entry_bytes_slow(const uint8_t *p);
const uint8_t *ek_lp_prev_slow(const uint8_t *p);
void ek_lp_get_slow(const uint8_t *p, ek_lp_value *v);

EK_INLINE size_t ek_lp_entry_bytes(const uint8_t *p) {
    if (p[0] < 0x80) return 2;
    if (p[0] < 0xC0) return (size_t)(p[0] & 63) + 2;
    if ((p[0] & 0xF0) == 0xE0) {
        size_t n = (size_t)(p[0] & 15) << 8 | p[1];
        return n + (n < 126 ? 3 : 4);
    }
    return ek_lp_entry_bytes_slow(p);
}

EK_INLINE const uint8_t *ek_lp_next(const uint8_t *p) { return p + ek_lp_entry_bytes(p); }

/* The entry before p. There must be one: p is not the first. */
EK_INLINE const uint8_t *ek_lp_prev(const uint8_t *p) {
    if (p[-1] < 0x80) return p - 1 - p[-1];
    return ek_lp_prev_slow(p);
}

EK_INLINE void ek_lp_get(const uint8_t *p, ek_lp_value *v) {
    if (p[0] < 0x80)
        *v = (ek_lp_value){.i = p[0]};
    else if (p[0] < 0xC0)
        *v = (ek_lp_value){.s = p + 1, .n = p[0] & 63};
    else if ((p[0] & 0xF0) == 0xE0)
        *v = (ek_lp_value){.s = p + 2, .n = (size_t)(p[0] & 15) << 8 | p[1]};
    else
        ek_lp_get_slow(p, v);
}

/* The same in one look, for readers without the lock too: a string below 64 bytes, as most are. Behind it
 * one byte ends the entry. False: it is another one. */
EK_INLINE bool ek_lp_get_short(const uint8_t *p, ek_str *s) {
    unsigned head = p[0];
    EK_HOLD(head);
    *s = (ek_str){p + 1, head & 63};
    return (head & 0xC0) == 0x80;
}

/* The value as a string; an integer is printed into `room`. */
EK_INLINE ek_str ek_lp_text(const ek_lp_value *v, char room[EK_I64_CHARS]) {
    if (v->s) return (ek_str){v->s, v->n};
    return (ek_str){(const uint8_t *)room, ek_format_i64(room, v->i)};
}

/* Is the entry this string (or the integer that prints as it)? */
bool ek_lp_equal_slow(const uint8_t *p, const uint8_t *s, size_t n);
EK_INLINE bool ek_lp_equal(const uint8_t *p, const uint8_t *s, size_t n) {
    if (EK_UNLIKELY((p[0] & 0xC0) != 0x80)) return ek_lp_equal_slow(p, s, n);
    return n == (p[0] & 63) && ek_bytes_eq(p + 1, s, n);
}

/* The first entry at `begin`, or any multiple of `stride` entries behind it, that equals the string;
 * NULL if none before `end` does. Whatever lies there, and though somebody else is changing it,
 * this ends, and reads behind `end` no more than the length of the string and of two heads. */
const uint8_t *ek_lp_find(const uint8_t *begin, const uint8_t *end, const uint8_t *s, size_t n,
                          unsigned stride);

size_t ek_lp_count(const uint8_t *begin, const uint8_t *end);                 /* O(entries) */
const uint8_t *ek_lp_skip(const uint8_t *p, size_t entries);                  /* that many ahead */

/* --- writing --- */

void ek_lp_encode(ek_lp_encoded *e, const uint8_t *s, size_t n); /* n < 2^32 */
void ek_lp_encode_int(ek_lp_encoded *e, int64_t i);
uint8_t *ek_lp_write(uint8_t *p, const ek_lp_encoded *e); /* e->bytes bytes at p; returns their end */

/* Is the entry at p this one? */
EK_INLINE bool ek_lp_is(const uint8_t *p, const ek_lp_encoded *e) {
    if (p[0] != e->head[0]) return false;
    for (unsigned i = 1; i < e->nhead; i++)
        if (p[i] != e->head[i]) return false;
    return e->n == 0 || ek_bytes_eq(p + e->nhead, e->s, e->n);
}

/* The same in one go: what the value's entry takes, and put it at p (returns its end). */
size_t ek_lp_size_of(const uint8_t *s, size_t n);
size_t ek_lp_size_of_int(int64_t i);
uint8_t *ek_lp_put(uint8_t *p, const uint8_t *s, size_t n);
uint8_t *ek_lp_put_int_slow(uint8_t *p, int64_t i);
EK_INLINE uint8_t *ek_lp_put_int(uint8_t *p, int64_t i) {
    if (i < 0 || i > 127) return ek_lp_put_int_slow(p, i);
    p[0] = (uint8_t)i;
    p[1] = 1;
    return p + 2;
}

/* --- bytes of others --- */

/* Are the n bytes at p a run of whole entries? Reads nothing outside them. */
bool ek_lp_validate(const uint8_t *p, size_t n, size_t *count);

/* A listpack of Redis around the run: 6 bytes of header before it, one byte behind. */
#define EK_LP_HEADER_BYTES 6
#define EK_LP_END_BYTES 1
void ek_lp_export_header(uint8_t out[EK_LP_HEADER_BYTES], size_t run_bytes, size_t count);
void ek_lp_export_end(uint8_t *out);
/* Where the run of a Redis listpack of n bytes begins, its bytes and entries. False: it is none.
 * Its values may stand in other forms than ours (see above). */
bool ek_lp_import(const uint8_t *p, size_t n, const uint8_t **run, size_t *run_bytes,
                  size_t *count);
/* Are the values of a run of whole entries all in the forms that they would have here, and no string
 * longer than `most`? Then its bytes can be taken as they are. */
bool ek_lp_is_ours(const uint8_t *run, size_t bytes, size_t most);

#endif
