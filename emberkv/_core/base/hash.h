/* The hash of all tables, keyed with random words of the store.
 *
 * Nobody who chooses keys without knowing the words can choose collisions: up to 128 bytes it is NH
 * (a sum of products of 64-bit words, each added to a secret one: two different keys of one length
 * collide with a chance of 2^-64, whatever they are), folded to 64 bits with two more secret words;
 * above, SipHash-1-3. About 3 ns for 16 bytes. */
#ifndef EK_BASE_HASH_H
#define EK_BASE_HASH_H

#include "base/base.h"

#define EK_HASH_NH_MAX 128u

typedef struct ek_hash_key {
    uint64_t k[4 + EK_HASH_NH_MAX / 8]; /* all random */
} ek_hash_key;

typedef unsigned __int128 ek_u128;

/* 17 bytes and more. O(n). */
uint64_t ek_hash_long(const ek_hash_key *key, const uint8_t *p, size_t n);

EK_INLINE uint64_t ek_hash_fold(const ek_hash_key *key, ek_u128 sum, size_t n) {
    uint64_t low = (uint64_t)sum ^ (key->k[2] + n), high = (uint64_t)(sum >> 64) ^ key->k[3];
    ek_u128 product = (ek_u128)low * high;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

EK_INLINE uint64_t ek_hash(const ek_hash_key *key, const void *data, size_t n) {
    const uint8_t *p = data;
    uint64_t a = 0, b = 0;
    if (EK_UNLIKELY(n > 16)) return ek_hash_long(key, p, n);
    if (n >= 8) { /* words that may overlap: with the length they tell every key apart */
        a = ek_load64(p);
        b = ek_load64(p + n - 8);
    } else if (n >= 4) {
        a = ek_load32(p);
        b = ek_load32(p + n - 4);
    } else if (n > 0) {
        a = (uint64_t)p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
    }
    return ek_hash_fold(key, (ek_u128)(a + key->k[0]) * (b + key->k[1]), n);
}

#endif
