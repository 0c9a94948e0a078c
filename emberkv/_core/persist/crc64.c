/* Long runs by multiplication without carries, where the processor has it: four sums of 16 bytes, 64
 * bytes apart, are each carried over the 64 bytes that come next, and become one at the end.
 *
 *   16 bytes = low * x^64 + high  (the first byte has the highest powers, the bits are reflected)
 *   carried over n bits: low * (x^(n+64) mod P) + high * (x^n mod P); the product of two reflected
 *   words is one bit short, so the constants are of x^(n+63) and x^(n-1) */
#include "persist/crc64.h"

#include <pthread.h>

#if defined(__x86_64__) && !defined(EK_PORTABLE)
#include <immintrin.h>
#define FOLDS __attribute__((target("pclmul")))
enum { FOLD_MIN = 256 }; /* bytes: less is not worth the end of it */
#endif

#define JONES_REFLECTED 0x95ac9329ac4bc9b5u

/* tables[k][b]: what byte b does to the checksum with k zero bytes behind it, so that eight bytes
 * are one step. */
static uint64_t tables[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

#ifdef FOLDS
static uint64_t over_16[2], over_64[2]; /* for the low and the high half of 16 bytes */

/* x^n modulo the polynomial, reflected. */
static uint64_t power(unsigned n) {
    uint64_t v = (uint64_t)1 << 63;
    while (n-- > 0) v = v >> 1 ^ (v & 1 ? JONES_REFLECTED : 0);
    return v;
}
#endif

static void make_tables(void) {
    for (unsigned b = 0; b < 256; b++) {
        uint64_t crc = b;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? JONES_REFLECTED : 0);
        tables[0][b] = crc;
    }
    for (unsigned b = 0; b < 256; b++)
        for (int k = 1; k < 8; k++)
            tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 255];
#ifdef FOLDS
    over_16[0] = power(128 + 63);
    over_16[1] = power(128 - 1);
    over_64[0] = power(512 + 63);
    over_64[1] = power(512 - 1);
#endif
}

static uint64_t by_tables(uint64_t crc, const uint8_t *p, size_t n) {
    for (; n >= 8; n -= 8, p += 8) {
        crc ^= ek_load64(p);
        crc = tables[7][crc & 255] ^ tables[6][crc >> 8 & 255] ^ tables[5][crc >> 16 & 255] ^
              tables[4][crc >> 24 & 255] ^ tables[3][crc >> 32 & 255] ^
              tables[2][crc >> 40 & 255] ^ tables[1][crc >> 48 & 255] ^ tables[0][crc >> 56];
    }
    for (; n > 0; n--, p++) crc = crc >> 8 ^ tables[0][(crc ^ *p) & 255];
    return crc;
}

#ifdef FOLDS
FOLDS static inline __m128i carry(__m128i sum, __m128i over, __m128i next) {
    __m128i low = _mm_clmulepi64_si128(sum, over, 0x00);
    __m128i high = _mm_clmulepi64_si128(sum, over, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* n >= 64. */
FOLDS static uint64_t by_folds(uint64_t crc, const uint8_t *p, size_t n) {
    const __m128i far = _mm_loadu_si128((const __m128i *)over_64);
    const __m128i near = _mm_loadu_si128((const __m128i *)over_16);
    __m128i sum[4];
    uint8_t last[16];
    for (int i = 0; i < 4; i++) sum[i] = _mm_loadu_si128((const __m128i *)p + i);
    sum[0] = _mm_xor_si128(sum[0], _mm_cvtsi64_si128((int64_t)crc));
    for (p += 64, n -= 64; n >= 64; p += 64, n -= 64)
        for (int i = 0; i < 4; i++)
            sum[i] = carry(sum[i], far, _mm_loadu_si128((const __m128i *)p + i));
    for (int i = 1; i < 4; i++) sum[0] = carry(sum[0], near, sum[i]);
    _mm_storeu_si128((__m128i *)last, sum[0]);
    return by_tables(by_tables(0, last, sizeof last), p, n);
}
#endif

uint64_t ek_crc64(uint64_t crc, const void *p, size_t n) {
    pthread_once(&once, make_tables);
#ifdef FOLDS
    if (n >= FOLD_MIN && __builtin_cpu_supports("pclmul")) return by_folds(crc, p, n);
#endif
    return by_tables(crc, p, n);
}
