#include "persist/lzf.h"

enum {
    HASH_BITS_MAX = 12,
    LITERALS_MAX = 32,
    BACK_MAX = 8192,
    MATCH_MIN = 3,
    MATCH_MAX = 264,
    STEP = 8,
};

_Static_assert(LITERALS_MAX <= EK_LZF_SLACK && 2 * STEP <= EK_LZF_SLACK, "copies end in the slack");

typedef struct output {
    uint8_t *p, *end;
} output;

/* A run of literals in pieces. False: there is no room. */
static bool put_literals(output *o, const uint8_t *p, size_t n) {
    while (n > 0) {
        size_t piece = ek_min(n, LITERALS_MAX);
        if ((size_t)(o->end - o->p) < piece + 1) return false;
        *o->p++ = (uint8_t)(piece - 1);
        memcpy(o->p, p, piece);
        o->p += piece;
        p += piece;
        n -= piece;
    }
    return true;
}

static bool put_match(output *o, size_t back, size_t len) {
    size_t off = back - 1, l = len - 2;
    if (o->end - o->p < 3) return false;
    if (l < 7) {
        *o->p++ = (uint8_t)(l << 5 | off >> 8);
    } else {
        *o->p++ = (uint8_t)(7 << 5 | off >> 8);
        *o->p++ = (uint8_t)(l - 7);
    }
    *o->p++ = (uint8_t)off;
    return true;
}

/* Of the three bytes at p; a fourth is there. */
EK_INLINE unsigned hash3(const uint8_t *p, unsigned bits) {
    return (ek_load32(p) << 8) * 2654435761u >> (32 - bits);
}

EK_INLINE bool same3(const uint8_t *a, const uint8_t *b) {
    return ((ek_load32(a) ^ ek_load32(b)) << 8) == 0;
}

static size_t match_length(const uint8_t *a, const uint8_t *b, size_t most) {
    size_t n = MATCH_MIN;
    for (; n + 8 <= most; n += 8) {
        uint64_t differ = ek_load64(a + n) ^ ek_load64(b + n);
        if (differ) return n + (size_t)__builtin_ctzll(differ) / 8;
    }
    while (n < most && a[n] == b[n]) n++;
    return n;
}

size_t ek_lzf_compress(const uint8_t *in, size_t n, uint8_t *out, size_t room) {
    uint32_t seen[1 << HASH_BITS_MAX]; /* the last place of these three bytes, plus 1 */
    unsigned bits = 6;
    output o = {.p = out, .end = out + room};
    size_t i = 0, literals = 0; /* literals: where those begin that are not written yet */
    while (bits < HASH_BITS_MAX && n >> bits) bits++; /* a short string clears little */
    memset(seen, 0, sizeof *seen << bits);
    while (i + MATCH_MIN < n) {
        unsigned h = hash3(in + i, bits);
        size_t at = seen[h];
        seen[h] = (uint32_t)(i + 1);
        if (at == 0 || i - (at - 1) > BACK_MAX || !same3(in + at - 1, in + i)) {
            i++;
            continue;
        }
        size_t len = match_length(in + at - 1, in + i, ek_min(n - i, MATCH_MAX));
        if (!put_literals(&o, in + literals, i - literals)) return 0;
        if (!put_match(&o, i - (at - 1), len)) return 0;
        for (size_t end = i + len; ++i < end;)
            if (i + MATCH_MIN < n) seen[hash3(in + i, bits)] = (uint32_t)(i + 1);
        literals = i;
    }
    if (!put_literals(&o, in + literals, n - literals)) return 0;
    return (size_t)(o.p - out);
}

/* Copy what lies `back` bytes before, in steps of 16 bytes from far enough: as a rule one. Else of 8: where
 * it overlaps itself, what was copied is as good as what came before, and after some bytes 8 away. */
EK_INLINE void repeat(uint8_t *to, size_t back, size_t len) {
    const uint8_t *from = to - back;
    size_t i = 0;
    if (EK_LIKELY(back >= 2 * STEP)) {
        do memcpy(to + i, from + i, 2 * STEP);
        while (EK_UNLIKELY((i += 2 * STEP) < len));
        return;
    }
    if (EK_UNLIKELY(back < STEP)) {
        size_t far = back;
        while (far < STEP) far += back;
        for (; i < far - back && i < len; i++) to[i] = from[i];
        from -= far - back;
    }
    for (; i < len; i += STEP) memcpy(to + i, from + i, STEP);
}

bool ek_lzf_decompress(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    const uint8_t *end = in + n;
    size_t done = 0;
    while (in < end) {
        unsigned b = *in++;
        if (b < LITERALS_MAX) {
            size_t len = b + 1, left = (size_t)(end - in);
            if (left < len || size - done < len) return false;
            if (EK_LIKELY(left >= LITERALS_MAX)) memcpy(out + done, in, LITERALS_MAX);
            else memcpy(out + done, in, len);
            in += len;
            done += len;
            continue;
        }
        size_t len = b >> 5, more = len == 7 ? 2 : 1;
        if ((size_t)(end - in) < more) return false;
        if (len == 7) len += *in++;
        len += 2;
        size_t back = ((size_t)(b & 31) << 8 | *in++) + 1;
        if (back > done || size - done < len) return false;
        repeat(out + done, back, len);
        done += len;
    }
    return done == size;
}
