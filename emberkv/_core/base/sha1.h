/* SHA-1 (FIPS 180-4): for digests that are compared, not for secrets. No lock, no allocation. */
#ifndef EK_BASE_SHA1_H
#define EK_BASE_SHA1_H

#include "base/base.h"

#define EK_SHA1_BYTES 20

typedef struct ek_sha1 {
    uint32_t state[5];
    uint64_t bytes;
    uint8_t block[64];
} ek_sha1;

void ek_sha1_begin(ek_sha1 *h);
void ek_sha1_add(ek_sha1 *h, const void *p, size_t n);
void ek_sha1_end(ek_sha1 *h, uint8_t out[EK_SHA1_BYTES]);

/* 40 hexadecimal digits, and a zero behind them. */
void ek_sha1_print(const uint8_t digest[EK_SHA1_BYTES], char out[2 * EK_SHA1_BYTES + 1]);

#endif
