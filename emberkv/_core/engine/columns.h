/* Columns: arrays whose elements become arguments, and into which replies are read.
 *
 *   kind  S    bytes of a fixed width; zeros at their end are no part of the string
 *         V    bytes of a fixed width, all of them
 *         i u  integers of 1, 2, 4 or 8 bytes         f  floats of 4 or 8        b  bools of 1
 *
 * The letters are numpy's. As a string, a number is its shortest text. The memory is the caller's;
 * nothing here needs the lock or the interpreter. */
#ifndef EK_ENGINE_COLUMNS_H
#define EK_ENGINE_COLUMNS_H

#include "base/number.h"
#include "engine/reply.h"

typedef struct ek_column {
    uint8_t *p;
    size_t width;
    char kind;
} ek_column;

#define EK_COLUMN_TEXT_CHARS 32u /* of a number */

EK_INLINE bool ek_column_is_text(const ek_column *c) { return c->kind == 'S' || c->kind == 'V'; }

/* --- out of it --- */

/* n elements of bytes from `start` on as strings, `step` apart. */
void ek_column_strings(const ek_column *c, size_t start, size_t n, ek_str *out, size_t step);
/* Likewise n numbers, spelled at *text, which then is behind them. How many: it stops at a float of more
 * digits than ek_column_number prints. */
size_t ek_column_texts(const ek_column *c, size_t start, size_t n, ek_str *out, size_t step,
                       char **text);
EK_INLINE size_t ek_column_text_chars(const ek_column *c) { /* of a number, at most */
    return c->kind == 'f' ? EK_COLUMN_TEXT_CHARS : EK_I64_CHARS;
}
/* The text of a number; returns its length, 0: a float of more digits than this prints. */
size_t ek_column_number(const ek_column *c, size_t i, char *out);
double ek_column_real(const ek_column *c, size_t i); /* of kind f */

/* --- into it --- */

EK_INLINE bool ek_column_take_bytes(const ek_column *c, size_t i, const uint8_t *s, size_t n) {
    uint8_t *p = c->p + i * c->width;
    if (n > c->width || (c->kind == 'V' && n != c->width)) return false;
    ek_copy(p, s, n);
    if (n < c->width) memset(p + n, 0, c->width - n);
    return true;
}
bool ek_column_take_number(const ek_column *c, size_t i, const uint8_t *s, size_t n);
/* Make element i of a string. False: it is none of this kind, or does not fit. */
EK_INLINE bool ek_column_take(const ek_column *c, size_t i, const uint8_t *s, size_t n) {
    if (ek_column_is_text(c)) return ek_column_take_bytes(c, i, s, n);
    return ek_column_take_number(c, i, s, n);
}
bool ek_column_take_integer(const ek_column *c, size_t i, int64_t v); /* into one of numbers */
/* The same of an integer, without its text but for a column of bytes. */
EK_INLINE bool ek_column_take_int(const ek_column *c, size_t i, int64_t v) {
    if (!ek_column_is_text(c)) return ek_column_take_integer(c, i, v);
    char digits[EK_I64_CHARS];
    return ek_column_take_bytes(c, i, (const uint8_t *)digits, ek_format_i64(digits, v));
}
void ek_column_take_nothing(const ek_column *c, size_t i); /* 0, NaN or empty */

/* Fill n columns, row by row, with the elements of a tape that is an array, a map, or an array of rows.
 * A null clears its element, or with `whole_rows` its row, and its byte in `present` if there is one.
 * False: the element at *row does not fit its column. */
bool ek_columns_read(const ek_reply *tape, const ek_column *columns, size_t n, uint8_t *present,
                     bool whole_rows, size_t *row);

#endif
