/* SipHash-1-3: the hash of all tables, keyed with 16 random bytes of the store, so that nobody who
 * chooses keys can choose collisions. About 8 ns for 16 bytes. */
#ifndef EK_BASE_HASH_H
#define EK_BASE_HASH_H

#include "base/base.h"

typedef struct ek_hash_key {
    uint64_t k0, k1;
} ek_hash_key;

EK_INLINE uint64_t ek_rotl64(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

#define EK_SIP_ROUND(v0, v1, v2, v3)                                                     \
    do {                                                                                 \
        v0 += v1; v1 = ek_rotl64(v1, 13); v1 ^= v0; v0 = ek_rotl64(v0, 32);              \
        v2 += v3; v3 = ek_rotl64(v3, 16); v3 ^= v2;                                      \
        v0 += v3; v3 = ek_rotl64(v3, 21); v3 ^= v0;                                      \
        v2 += v1; v1 = ek_rotl64(v1, 17); v1 ^= v2; v2 = ek_rotl64(v2, 32);              \
    } while (0)

EK_INLINE uint64_t ek_hash(const ek_hash_key *key, const void *data, size_t n) {
    const uint8_t *p = data;
    uint64_t v0 = key->k0 ^ 0x736f6d6570736575u, v1 = key->k1 ^ 0x646f72616e646f6du;
    uint64_t v2 = key->k0 ^ 0x6c7967656e657261u, v3 = key->k1 ^ 0x7465646279746573u;
    uint64_t last = (uint64_t)n << 56;
    size_t left = n;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t m = ek_load64(p);
        v3 ^= m;
        EK_SIP_ROUND(v0, v1, v2, v3);
        v0 ^= m;
    }
    if (left >= 4) {
        last |= (uint64_t)ek_load32(p);
        for (size_t i = 4; i < left; i++) last |= (uint64_t)p[i] << (8 * i);
    } else {
        for (size_t i = 0; i < left; i++) last |= (uint64_t)p[i] << (8 * i);
    }
    v3 ^= last;
    EK_SIP_ROUND(v0, v1, v2, v3);
    v0 ^= last;
    v2 ^= 0xff;
    EK_SIP_ROUND(v0, v1, v2, v3);
    EK_SIP_ROUND(v0, v1, v2, v3);
    EK_SIP_ROUND(v0, v1, v2, v3);
    return v0 ^ v1 ^ v2 ^ v3;
}

#endif
