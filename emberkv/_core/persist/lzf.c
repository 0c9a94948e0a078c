#include "persist/lzf.h"

enum {
    HASH_BITS_MAX = 12,
    LITERALS_MAX = 32,
    BACK_MAX = 8192,
    MATCH_MIN = 3,
    MATCH_MAX = 264,
};

typedef struct output {
    uint8_t *p, *end;
    uint8_t *run; /* where the count of the literals that are being written will stand; NULL: none */
} output;

static bool put_literal(output *o, uint8_t b) {
    if (o->run && *o->run == LITERALS_MAX - 1) o->run = NULL;
    if (o->run) {
        ++*o->run;
    } else {
        if (o->p == o->end) return false;
        o->run = o->p++;
        *o->run = 0;
    }
    if (o->p == o->end) return false;
    *o->p++ = b;
    return true;
}

static bool put_match(output *o, size_t back, size_t len) {
    size_t off = back - 1, l = len - 2;
    o->run = NULL;
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

static unsigned hash3(const uint8_t *p, unsigned bits) {
    uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    return v * 2654435761u >> (32 - bits);
}

static size_t match_length(const uint8_t *a, const uint8_t *b, size_t most) {
    size_t n = MATCH_MIN;
    while (n < most && a[n] == b[n]) n++;
    return n;
}

size_t ek_lzf_compress(const uint8_t *in, size_t n, uint8_t *out, size_t room) {
    uint32_t seen[1 << HASH_BITS_MAX]; /* the last place of these three bytes, plus 1 */
    unsigned bits = 6;
    output o = {.p = out, .end = out + room};
    size_t i = 0;
    while (bits < HASH_BITS_MAX && n >> bits) bits++; /* a short string clears little */
    memset(seen, 0, sizeof *seen << bits);
    while (i + MATCH_MIN <= n) {
        unsigned h = hash3(in + i, bits);
        size_t at = seen[h];
        seen[h] = (uint32_t)(i + 1);
        if (at == 0 || i - (at - 1) > BACK_MAX || memcmp(in + at - 1, in + i, MATCH_MIN) != 0) {
            if (!put_literal(&o, in[i++])) return 0;
            continue;
        }
        size_t len = match_length(in + at - 1, in + i, ek_min(n - i, MATCH_MAX));
        if (!put_match(&o, i - (at - 1), len)) return 0;
        for (size_t end = i + len; ++i < end;)
            if (i + MATCH_MIN <= n) seen[hash3(in + i, bits)] = (uint32_t)(i + 1);
    }
    while (i < n)
        if (!put_literal(&o, in[i++])) return 0;
    return (size_t)(o.p - out);
}

bool ek_lzf_decompress(const uint8_t *in, size_t n, uint8_t *out, size_t size) {
    const uint8_t *end = in + n;
    size_t done = 0;
    while (in < end) {
        unsigned b = *in++;
        if (b < LITERALS_MAX) {
            size_t len = b + 1;
            if ((size_t)(end - in) < len || size - done < len) return false;
            memcpy(out + done, in, len);
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
        for (size_t stop = done + len; done < stop; done++) out[done] = out[done - back];
    }
    return done == size;
}
