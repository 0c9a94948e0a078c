/* SHA-256 (FIPS 180-4): how passwords are kept and compared. No lock, no allocation. */
#ifndef EK_BASE_SHA256_H
#define EK_BASE_SHA256_H

#include "base/base.h"

#define EK_SHA256_BYTES 32
#define EK_SHA256_HEX 64

void ek_sha256(const void *p, size_t n, uint8_t out[EK_SHA256_BYTES]);

/* 64 hexadecimal digits, without a zero behind them; and back: false: they are no such digits. */
void ek_sha256_print(const uint8_t digest[EK_SHA256_BYTES], char out[EK_SHA256_HEX]);
bool ek_sha256_parse(ek_str hex, uint8_t out[EK_SHA256_BYTES]); /* lower case only */

/* Takes the same time wherever they differ. */
bool ek_same_secret(const uint8_t a[EK_SHA256_BYTES], const uint8_t b[EK_SHA256_BYTES]);

#endif
