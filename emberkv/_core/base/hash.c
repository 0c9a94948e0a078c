#include "base/hash.h"

static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

typedef struct sip {
    uint64_t v0, v1, v2, v3;
} sip;

static void sip_round(sip *s) {
    s->v0 += s->v1; s->v1 = rotl(s->v1, 13); s->v1 ^= s->v0; s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3; s->v3 = rotl(s->v3, 16); s->v3 ^= s->v2;
    s->v0 += s->v3; s->v3 = rotl(s->v3, 21); s->v3 ^= s->v0;
    s->v2 += s->v1; s->v1 = rotl(s->v1, 17); s->v1 ^= s->v2; s->v2 = rotl(s->v2, 32);
}

static uint64_t siphash13(const ek_hash_key *key, const uint8_t *p, size_t n) {
    uint64_t k0 = key->k[0], k1 = key->k[1], last = (uint64_t)n << 56;
    sip s = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
             k1 ^ 0x7465646279746573u};
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t m = ek_load64(p);
        s.v3 ^= m;
        sip_round(&s);
        s.v0 ^= m;
    }
    for (size_t i = 0; i < n; i++) last |= (uint64_t)p[i] << (8 * i);
    s.v3 ^= last;
    sip_round(&s);
    s.v0 ^= last;
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t ek_hash_long(const ek_hash_key *key, const uint8_t *p, size_t n) {
    if (n > EK_HASH_NH_MAX) return siphash13(key, p, n);
    const uint64_t *k = key->k + 4;
    ek_u128 sum = 0;
    size_t at = 0;
    for (; at + 16 < n; at += 16, k += 2)
        sum += (ek_u128)(ek_load64(p + at) + k[0]) * (ek_load64(p + at + 8) + k[1]);
    sum += (ek_u128)(ek_load64(p + n - 16) + k[0]) * (ek_load64(p + n - 8) + k[1]);
    return ek_hash_fold(key, sum, n);
}
