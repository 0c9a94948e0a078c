#include "base/xxh3.h"

#define PRIME32_1 UINT32_C(0x9E3779B1)
#define PRIME32_2 UINT32_C(0x85EBCA77)
#define PRIME32_3 UINT32_C(0xC2B2AE3D)
#define PRIME64_1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME64_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME64_3 UINT64_C(0x165667B19E3779F9)
#define PRIME64_4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME64_5 UINT64_C(0x27D4EB2F165667C5)
#define PRIME_MX1 UINT64_C(0x165667919E3779F9)
#define PRIME_MX2 UINT64_C(0x9FB21C651E98DF25)

#define SECRET_BYTES 192u
#define LANES 8u
#define STRIPE 64u        /* bytes that the lanes take at once */
#define BLOCK_STRIPES 16u /* until the lanes are scrambled: (SECRET_BYTES - STRIPE) / 8 */

static const uint8_t secret[SECRET_BYTES] = {
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
    0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
    0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
    0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
    0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
    0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
    0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
    0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
    0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
    0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
    0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
    0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
};

EK_INLINE uint64_t word(size_t at) { return ek_load64(secret + at); }

EK_INLINE uint64_t fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

EK_INLINE uint64_t rotate(uint64_t v, unsigned by) { return v << by | v >> (64 - by); }

EK_INLINE uint64_t avalanche(uint64_t h) {
    h = (h ^ h >> 37) * PRIME_MX1;
    return h ^ h >> 32;
}

/* The finish of XXH64, which the shortest take. */
EK_INLINE uint64_t avalanche64(uint64_t h) {
    h = (h ^ h >> 33) * PRIME64_2;
    h = (h ^ h >> 29) * PRIME64_3;
    return h ^ h >> 32;
}

static uint64_t up_to_16(const uint8_t *p, size_t n) {
    if (n > 8) {
        uint64_t low = ek_load64(p) ^ word(24) ^ word(32);
        uint64_t high = ek_load64(p + n - 8) ^ word(40) ^ word(48);
        return avalanche(n + __builtin_bswap64(low) + high + fold(low, high));
    }
    if (n >= 4) {
        uint64_t h = ek_load32(p + n - 4) + ((uint64_t)ek_load32(p) << 32);
        h ^= word(8) ^ word(16);
        h ^= rotate(h, 49) ^ rotate(h, 24);
        h *= PRIME_MX2;
        h ^= (h >> 35) + n;
        h *= PRIME_MX2;
        return h ^ h >> 28;
    }
    if (n == 0) return avalanche64(word(56) ^ word(64));
    uint32_t all = (uint32_t)p[0] << 16 | (uint32_t)p[n >> 1] << 24 | p[n - 1] | (uint32_t)n << 8;
    return avalanche64(all ^ (uint64_t)(ek_load32(secret) ^ ek_load32(secret + 4)));
}

EK_INLINE uint64_t mix_16(const uint8_t *p, size_t at) {
    return fold(ek_load64(p) ^ word(at), ek_load64(p + 8) ^ word(at + 8));
}

static uint64_t up_to_128(const uint8_t *p, size_t n) {
    uint64_t sum = n * PRIME64_1;
    for (size_t i = (n - 1) / 32 + 1; i-- > 0;)
        sum += mix_16(p + 16 * i, 32 * i) + mix_16(p + n - 16 * (i + 1), 32 * i + 16);
    return avalanche(sum);
}

static uint64_t up_to_240(const uint8_t *p, size_t n) {
    uint64_t sum = n * PRIME64_1;
    for (size_t i = 0; i < 8; i++) sum += mix_16(p + 16 * i, 16 * i);
    sum = avalanche(sum);
    for (size_t i = 8; i < n / 16; i++) sum += mix_16(p + 16 * i, 16 * (i - 8) + 3);
    return avalanche(sum + mix_16(p + n - 16, 136 - 17));
}

EK_INLINE void take_stripe(uint64_t lanes[LANES], const uint8_t *p, size_t at) {
    for (size_t i = 0; i < LANES; i++) {
        uint64_t value = ek_load64(p + 8 * i), key = value ^ word(at + 8 * i);
        lanes[i ^ 1] += value;
        lanes[i] += (key & UINT32_MAX) * (key >> 32);
    }
}

static uint64_t longer(const uint8_t *p, size_t n) {
    uint64_t lanes[LANES] = {PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3,
                             PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1};
    size_t stripes = (n - 1) / STRIPE;
    for (size_t i = 0; i < stripes; i++) {
        take_stripe(lanes, p + i * STRIPE, i % BLOCK_STRIPES * 8);
        if ((i + 1) % BLOCK_STRIPES) continue;
        for (size_t k = 0; k < LANES; k++) {
            lanes[k] ^= lanes[k] >> 47;
            lanes[k] = (lanes[k] ^ word(SECRET_BYTES - STRIPE + 8 * k)) * PRIME32_1;
        }
    }
    take_stripe(lanes, p + n - STRIPE, SECRET_BYTES - STRIPE - 7);
    uint64_t sum = n * PRIME64_1;
    for (size_t i = 0; i < LANES; i += 2)
        sum += fold(lanes[i] ^ word(11 + 8 * i), lanes[i + 1] ^ word(19 + 8 * i));
    return avalanche(sum);
}

uint64_t ek_xxh3(const uint8_t *p, size_t n) {
    if (n <= 16) return up_to_16(p, n);
    if (n <= 128) return up_to_128(p, n);
    return n <= 240 ? up_to_240(p, n) : longer(p, n);
}
