#include "base/sha1.h"

static uint32_t turned(uint32_t v, unsigned by) { return v << by | v >> (32 - by); }

static void take_block(uint32_t state[5], const uint8_t *p) {
    uint32_t w[80];
    for (unsigned i = 0; i < 16; i++) w[i] = __builtin_bswap32(ek_load32(p + 4 * i));
    for (unsigned i = 16; i < 80; i++) w[i] = turned(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                     : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                     : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                              : (b ^ c ^ d) + 0xca62c1d6;
        uint32_t next = turned(a, 5) + f + e + w[i];
        e = d;
        d = c;
        c = turned(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void ek_sha1_begin(ek_sha1 *h) {
    *h = (ek_sha1){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

void ek_sha1_add(ek_sha1 *h, const void *from, size_t n) {
    const uint8_t *p = from;
    size_t have = h->bytes % sizeof h->block;
    h->bytes += n;
    while (n) {
        if (!have && n >= sizeof h->block) {
            take_block(h->state, p);
            p += sizeof h->block;
            n -= sizeof h->block;
            continue;
        }
        size_t k = ek_min(n, sizeof h->block - have);
        memcpy(h->block + have, p, k);
        p += k;
        n -= k;
        have += k;
        if (have == sizeof h->block) {
            take_block(h->state, h->block);
            have = 0;
        }
    }
}

void ek_sha1_end(ek_sha1 *h, uint8_t out[EK_SHA1_BYTES]) {
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = h->bytes * 8;
    size_t have = h->bytes % sizeof h->block;
    uint8_t length[8];
    ek_store64(length, __builtin_bswap64(bits));
    ek_sha1_add(h, padding, (have < 56 ? 56 : 120) - have);
    ek_sha1_add(h, length, sizeof length);
    for (unsigned i = 0; i < 5; i++) ek_store32(out + 4 * i, __builtin_bswap32(h->state[i]));
}

void ek_sha1_print(const uint8_t digest[EK_SHA1_BYTES], char out[2 * EK_SHA1_BYTES + 1]) {
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < EK_SHA1_BYTES; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * EK_SHA1_BYTES] = 0;
}
