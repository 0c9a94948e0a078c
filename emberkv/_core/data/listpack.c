/* Entries of a listpack. The layout is drawn in the header. */
#include "data/listpack.h"

enum { AHEAD = 6 }; /* lines of 64 bytes that a search fetches ahead */

enum { /* first bytes of the long forms */
    INT13 = 0xC0,
    STR12 = 0xE0,
    STR32 = 0xF0,
    INT16 = 0xF1,
    INT24 = 0xF2,
    INT32 = 0xF3,
    INT64 = 0xF4,
    END = 0xFF,
};

/* Bytes of the length behind an entry. The two upper bounds are one less than what would fit: so
 * Redis draws them. */
static size_t backlen_bytes(size_t len) {
    if (len <= 127) return 1;
    if (len < 16383) return 2;
    if (len < 2097151) return 3;
    if (len < 268435455) return 4;
    return 5;
}

static uint8_t *put_backlen(uint8_t *p, size_t len) {
    if (EK_LIKELY(len <= 127)) {
        *p = (uint8_t)len;
        return p + 1;
    }
    size_t n = backlen_bytes(len);
    for (size_t i = n; i-- > 0; len >>= 7) p[i] = (uint8_t)((len & 127) | (i ? 128 : 0));
    return p + n;
}

/* --- reading --- */

/* Bytes of an entry's head and string, without the length at its end. 0: p begins no entry, or its
 * head is longer than the `have` bytes that may be read. */
static size_t body_bytes(const uint8_t *p, size_t have) {
    uint8_t b = p[0];
    if (b < 0x80) return 1;
    if (b < INT13) return 1 + (size_t)(b & 63);
    if (b < STR12) return 2;
    if (b < STR32) return have < 2 ? 0 : 2 + ((size_t)(b & 15) << 8 | p[1]);
    switch (b) {
    case STR32: return have < 5 ? 0 : 5 + (size_t)ek_load32(p + 1);
    case INT16: return 3;
    case INT24: return 4;
    case INT32: return 5;
    case INT64: return 9;
    default: return 0;
    }
}

size_t ek_lp_entry_bytes_slow(const uint8_t *p) {
    size_t body = body_bytes(p, 5);
    return body + backlen_bytes(body);
}

const uint8_t *ek_lp_prev_slow(const uint8_t *p) {
    size_t len = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t b = *--p;
        len |= (size_t)(b & 127) << shift;
        if (b < 0x80) return p - len;
    }
}

void ek_lp_get_slow(const uint8_t *p, ek_lp_value *v) {
    *v = (ek_lp_value){0};
    uint8_t b = p[0];
    if (b < STR12) {
        v->i = (int64_t)((uint64_t)((b & 31) << 8 | p[1]) << 51) >> 51;
    } else if (b < STR32) {
        v->s = p + 2;
        v->n = (size_t)(b & 15) << 8 | p[1];
    } else if (b == STR32) {
        v->s = p + 5;
        v->n = ek_load32(p + 1);
    } else if (b == INT16) {
        v->i = (int16_t)ek_load16(p + 1);
    } else if (b == INT24) {
        v->i = (int32_t)((uint32_t)(p[1] | p[2] << 8) << 8 | (uint32_t)p[3] << 24) >> 8;
    } else if (b == INT32) {
        v->i = (int32_t)ek_load32(p + 1);
    } else {
        v->i = (int64_t)ek_load64(p + 1);
    }
}

bool ek_lp_equal_slow(const uint8_t *p, const uint8_t *s, size_t n) {
    ek_lp_encoded e;
    ek_lp_encode(&e, s, n);
    return ek_lp_is(p, &e);
}

/* The lowest n bytes of a word. */
EK_INLINE uint64_t low_bytes(size_t n) { return n >= 8 ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1; }

/* The first eight bytes of an entry, and which of them it has. */
EK_INLINE uint64_t first_bytes(const ek_lp_encoded *e, uint64_t *mask) {
    uint64_t head = ek_load64(e->head);
    *mask = low_bytes(e->nhead + e->n);
    if (e->n == 0) return head;
    if (e->n >= 8) return head | ek_load64(e->s) << 8 * e->nhead;
    uint64_t tail = 0;
    for (size_t i = e->n; i-- > 0;) tail = tail << 8 | e->s[i];
    return head | tail << 8; /* so short a string has one byte of head */
}

/* stride: of 2, that is 2; else any number. */
EK_INLINE const uint8_t *find(const uint8_t *begin, const uint8_t *end, const ek_lp_encoded *e,
                              unsigned stride) {
    uint64_t mask, want = first_bytes(e, &mask);
    for (const uint8_t *p = begin; p < end;) {
        __builtin_prefetch(p + 64 * AHEAD);
        if (end - p < 8 || ((ek_load64(p) ^ want) & mask) == 0)
            if (ek_lp_is(p, e)) return p;
        p = ek_lp_next(p);
        if (stride == 2 && EK_LIKELY(p < end)) p = ek_lp_next(p);
        for (unsigned i = 1; stride != 2 && i < stride && p < end; i++) p = ek_lp_next(p);
    }
    return NULL;
}

const uint8_t *ek_lp_find(const uint8_t *begin, const uint8_t *end, const uint8_t *s, size_t n,
                          unsigned stride) {
    ek_lp_encoded e;
    ek_lp_encode(&e, s, n);
    /* Each entry tells only where the next one is: fetch the lines before they are asked for. */
    for (unsigned line = 1; line < AHEAD; line++) __builtin_prefetch(begin + 64 * line);
    return stride == 2 ? find(begin, end, &e, 2) : find(begin, end, &e, stride);
}

size_t ek_lp_count(const uint8_t *begin, const uint8_t *end) {
    size_t n = 0;
    for (const uint8_t *p = begin; p < end; p = ek_lp_next(p)) n++;
    return n;
}

const uint8_t *ek_lp_skip(const uint8_t *p, size_t entries) {
    while (entries-- > 0) p = ek_lp_next(p);
    return p;
}

/* --- writing --- */

void ek_lp_encode_int(ek_lp_encoded *e, int64_t i) {
    e->s = e->head;
    e->n = 0;
    if (i >= 0 && i <= 127) {
        ek_store64(e->head, (uint64_t)i);
        e->nhead = 1;
    } else if (i >= -4096 && i <= 4095) {
        ek_store64(e->head, INT13 | ((uint64_t)i >> 8 & 31) | ((uint64_t)i & 255) << 8);
        e->nhead = 2;
    } else {
        unsigned bytes = i == (int16_t)i ? 2
                         : i >= -(1 << 23) && i < 1 << 23 ? 3
                         : i == (int32_t)i ? 4 : 8;
        uint64_t kind = bytes == 8 ? INT64 : INT16 + bytes - 2;
        ek_store64(e->head, kind | ((uint64_t)i & low_bytes(bytes)) << 8);
        e->head[8] = (uint8_t)((uint64_t)i >> 56);
        e->nhead = (uint8_t)(1 + bytes);
    }
    e->bytes = (size_t)e->nhead + 1;
}

/* Is the string stored as an integer? */
EK_INLINE bool is_int(const uint8_t *s, size_t n, int64_t *i) {
    return n > 0 && n <= EK_I64_CHARS && s[0] <= '9' && ek_parse_i64(s, n, i);
}

/* The head of a string's entry: how many bytes it has, and what they are. */
EK_INLINE unsigned string_head(size_t n, uint64_t *head) {
    if (n < 64) {
        *head = 0x80 | n;
        return 1;
    }
    if (n < 4096) {
        *head = (STR12 | n >> 8) | (n & 255) << 8;
        return 2;
    }
    *head = STR32 | (uint64_t)n << 8;
    return 5;
}

void ek_lp_encode(ek_lp_encoded *e, const uint8_t *s, size_t n) {
    int64_t i;
    if (is_int(s, n, &i)) {
        ek_lp_encode_int(e, i);
        return;
    }
    e->s = n ? s : e->head; /* memcpy wants a pointer even for nothing */
    e->n = n;
    uint64_t head;
    e->nhead = (uint8_t)string_head(n, &head);
    ek_store64(e->head, head);
    e->bytes = e->nhead + n + backlen_bytes(e->nhead + n);
}

uint8_t *ek_lp_write(uint8_t *p, const ek_lp_encoded *e) {
    if (EK_LIKELY(e->n >= 8)) memcpy(p, e->head, 8); /* the string covers what is too much */
    else for (unsigned i = 0; i < e->nhead; i++) p[i] = e->head[i];
    if (e->n) memcpy(p + e->nhead, e->s, e->n);
    return put_backlen(p + e->nhead + e->n, e->nhead + e->n);
}

size_t ek_lp_size_of(const uint8_t *s, size_t n) {
    ek_lp_encoded e;
    ek_lp_encode(&e, s, n);
    return e.bytes;
}

size_t ek_lp_size_of_int(int64_t i) {
    ek_lp_encoded e;
    ek_lp_encode_int(&e, i);
    return e.bytes;
}

uint8_t *ek_lp_put(uint8_t *p, const uint8_t *s, size_t n) {
    int64_t i;
    if (is_int(s, n, &i)) return ek_lp_put_int(p, i);
    uint64_t head;
    unsigned nhead = string_head(n, &head);
    if (EK_LIKELY(n >= 8)) ek_store64(p, head); /* the string covers what is too much */
    else p[0] = (uint8_t)head;
    if (n) ek_copy(p + nhead, s, n);
    return put_backlen(p + nhead + n, nhead + n);
}

uint8_t *ek_lp_put_int_slow(uint8_t *p, int64_t i) {
    ek_lp_encoded e;
    ek_lp_encode_int(&e, i);
    return ek_lp_write(p, &e);
}

/* --- bytes of others --- */

bool ek_lp_validate(const uint8_t *p, size_t n, size_t *count) {
    *count = 0;
    while (n > 0) {
        size_t body;
        if (EK_LIKELY(p[0] < INT13)) { /* a small number, a short string: as most are */
            body = p[0] < 0x80 ? 1 : 1 + (size_t)(p[0] & 63);
            if (body >= n || p[body] != body) return false;
            p += body + 1;
            n -= body + 1;
            (*count)++;
            continue;
        }
        body = body_bytes(p, n);
        size_t back = backlen_bytes(body);
        if (body == 0 || body >= n || back > n - body) return false;
        if (EK_LIKELY(back == 1)) {
            if (p[body] != body) return false;
        } else {
            uint8_t want[5];
            put_backlen(want, body);
            if (memcmp(p + body, want, back) != 0) return false;
        }
        p += body + back;
        n -= body + back;
        (*count)++;
    }
    return true;
}

void ek_lp_export_header(uint8_t out[EK_LP_HEADER_BYTES], size_t run_bytes, size_t count) {
    ek_store32(out, (uint32_t)(run_bytes + EK_LP_HEADER_BYTES + EK_LP_END_BYTES));
    ek_store16(out + 4, (uint16_t)ek_min(count, UINT16_MAX)); /* 65,535: nobody has counted */
}

void ek_lp_export_end(uint8_t *out) { *out = END; }

bool ek_lp_import(const uint8_t *p, size_t n, const uint8_t **run, size_t *run_bytes,
                  size_t *count) {
    if (n < EK_LP_HEADER_BYTES + EK_LP_END_BYTES || ek_load32(p) != n || p[n - 1] != END)
        return false;
    *run = p + EK_LP_HEADER_BYTES;
    *run_bytes = n - EK_LP_HEADER_BYTES - EK_LP_END_BYTES;
    uint16_t said = ek_load16(p + 4);
    return ek_lp_validate(*run, *run_bytes, count) && (said == UINT16_MAX || said == *count);
}

bool ek_lp_is_ours(const uint8_t *run, size_t bytes, size_t most) {
    int64_t i;
    for (const uint8_t *p = run, *end = run + bytes; p < end;) {
        ek_lp_value v;
        size_t entry = ek_lp_entry_bytes(p);
        ek_lp_get(p, &v);
        if (!v.s) {
            if (ek_lp_size_of_int(v.i) != entry) return false;
        } else {
            bool digits = v.n > 0 && v.n <= EK_I64_CHARS && v.s[0] <= '9';
            if (v.n > most || (EK_UNLIKELY(digits) && ek_parse_i64(v.s, v.n, &i))) return false;
            if (EK_UNLIKELY(p[0] >= INT13) && v.n < (p[0] < STR32 ? 64u : 4096u)) return false;
        }
        p += entry;
    }
    return true;
}
