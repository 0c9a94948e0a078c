#include "engine/columns.h"

#include <math.h>

#include "base/number.h"

/* --- out of it --- */

void ek_column_strings(const ek_column *c, size_t start, size_t n, ek_str *out, size_t step) {
    const size_t width = c->width;
    const uint8_t *p = c->p + start * width;
    const bool padded = c->kind == 'S';
    for (; n > 0; n--, p += width, out += step) {
        size_t len = width;
        while (padded && len > 0 && p[len - 1] == 0) len--;
        *out = (ek_str){p, len};
    }
}

double ek_column_real(const ek_column *c, size_t i) {
    const uint8_t *p = c->p + i * c->width;
    float f;
    double d;
    if (c->width == sizeof d) {
        memcpy(&d, p, sizeof d);
        return d;
    }
    memcpy(&f, p, sizeof f);
    return f;
}

static int64_t integer(const uint8_t *p, size_t width) {
    switch (width) {
    case 1: return (int8_t)p[0];
    case 2: return (int16_t)ek_load16(p);
    case 4: return (int32_t)ek_load32(p);
    default: return (int64_t)ek_load64(p);
    }
}

size_t ek_column_number(const ek_column *c, size_t i, char *out) {
    if (c->kind == 'f') {
        double d = ek_column_real(c, i);
        if (d > -1e15 && d < 1e15 && d == (double)(int64_t)d && d != 0)
            return ek_format_i64(out, (int64_t)d);
        return ek_format_shortest(out, d);
    }
    int64_t v = integer(c->p + i * c->width, c->width);
    if (c->kind == 'i') return ek_format_i64(out, v);
    uint64_t unused = 64 - 8 * c->width;
    return ek_format_u64(out, (uint64_t)v << unused >> unused);
}

size_t ek_column_texts(const ek_column *c, size_t start, size_t n, ek_str *out, size_t step,
                       char **text) {
    for (size_t i = 0; i < n; i++, out += step) {
        size_t len = ek_column_number(c, start + i, *text);
        if (EK_UNLIKELY(len == 0)) return i;
        *out = (ek_str){(uint8_t *)*text, len};
        *text += len;
    }
    return n;
}

/* --- into it --- */

EK_INLINE bool put_integer(const ek_column *c, size_t i, uint64_t v) {
    uint8_t *p = c->p + i * c->width;
    switch (c->width) {
    case 1: *p = (uint8_t)v; break;
    case 2: ek_store16(p, (uint16_t)v); break;
    case 4: ek_store32(p, (uint32_t)v); break;
    default: ek_store64(p, v);
    }
    return true;
}

static bool take_unsigned(const ek_column *c, size_t i, uint64_t v) {
    if (c->width < 8 && v >> 8 * c->width) return false;
    return put_integer(c, i, v);
}

static bool put_real(const ek_column *c, size_t i, double d) {
    uint8_t *p = c->p + i * c->width;
    float f = (float)d;
    if (c->width == sizeof d) memcpy(p, &d, sizeof d);
    else memcpy(p, &f, sizeof f);
    return true;
}

bool ek_column_take_integer(const ek_column *c, size_t i, int64_t v) {
    switch (c->kind) {
    case 'f': return put_real(c, i, (double)v);
    case 'b': return v >= 0 && v <= 1 && put_integer(c, i, (uint64_t)v);
    case 'u': return v >= 0 && take_unsigned(c, i, (uint64_t)v);
    default: break;
    }
    if (c->width < 8) {
        int64_t limit = (int64_t)1 << (8 * c->width - 1);
        if (v < -limit || v >= limit) return false;
    }
    return put_integer(c, i, (uint64_t)v);
}

static bool take_double(const ek_column *c, size_t i, double d) {
    if (c->kind == 'f') return put_real(c, i, d);
    return d >= -0x1p63 && d < 0x1p63 && d == (double)(int64_t)d && ek_column_take_integer(c, i, (int64_t)d);
}

bool ek_column_take_number(const ek_column *c, size_t i, const uint8_t *s, size_t n) {
    uint64_t u;
    int64_t v;
    double d;
    switch (c->kind) {
    case 'f': return ek_parse_double(s, n, &d) && put_real(c, i, d);
    case 'u': return ek_parse_u64(s, n, &u) && take_unsigned(c, i, u);
    default: return ek_parse_i64(s, n, &v) && ek_column_take_integer(c, i, v);
    }
}

void ek_column_take_nothing(const ek_column *c, size_t i) {
    memset(c->p + i * c->width, 0, c->width);
    if (c->kind == 'f') put_real(c, i, NAN);
}

/* The element at *p, which then is behind it. False: it does not fit. */
EK_INLINE bool read_element(const ek_column *c, size_t row, const uint8_t **p) {
    const uint8_t *s = *p + 1;
    double d;
    switch (**p) {
    case '$':
    case '+': {
        uint32_t n = ek_load32(s);
        *p = s + 4 + n;
        return ek_column_take(c, row, s + 4, n);
    }
    case 'i': *p = s + 8; return !ek_column_is_text(c) && ek_column_take_integer(c, row, (int64_t)ek_load64(s));
    case 'd':
    case 'h':
        *p = s + 8;
        memcpy(&d, s, sizeof d);
        return !ek_column_is_text(c) && take_double(c, row, s[-1] == 'd' ? d : ek_as_printed(d));
    default: return false;
    }
}

bool ek_columns_read(const ek_reply *tape, const ek_column *columns, size_t n, uint8_t *present,
                     bool whole_rows, size_t *row) {
    const uint8_t *p = tape->buf + 5, *end = tape->buf + tape->len;
    size_t at = 0;
    for (*row = 0; p < end;) {
        if (*p == '*' || *p == '~' || *p == '%') {
            p += 5;
            continue;
        }
        if (*p == 'n' || *p == 'N') {
            p++;
            if (present) present[*row] = 0;
            ek_column_take_nothing(&columns[at], *row);
            while (whole_rows && at + 1 < n) ek_column_take_nothing(&columns[++at], *row);
        } else if (!read_element(&columns[at], *row, &p)) {
            return false;
        }
        if (++at == n) {
            at = 0;
            ++*row;
        }
    }
    return true;
}
