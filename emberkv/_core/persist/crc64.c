#include "persist/crc64.h"

#include <pthread.h>

#define JONES_REFLECTED 0x95ac9329ac4bc9b5u

/* tables[k][b]: what byte b does to the checksum with k zero bytes behind it, so that eight bytes
 * are one step. */
static uint64_t tables[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_tables(void) {
    for (unsigned b = 0; b < 256; b++) {
        uint64_t crc = b;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? JONES_REFLECTED : 0);
        tables[0][b] = crc;
    }
    for (unsigned b = 0; b < 256; b++)
        for (int k = 1; k < 8; k++)
            tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 255];
}

uint64_t ek_crc64(uint64_t crc, const void *from, size_t n) {
    const uint8_t *p = from;
    pthread_once(&once, make_tables);
    for (; n >= 8; n -= 8, p += 8) {
        crc ^= ek_load64(p);
        crc = tables[7][crc & 255] ^ tables[6][crc >> 8 & 255] ^ tables[5][crc >> 16 & 255] ^
              tables[4][crc >> 24 & 255] ^ tables[3][crc >> 32 & 255] ^
              tables[2][crc >> 40 & 255] ^ tables[1][crc >> 48 & 255] ^ tables[0][crc >> 56];
    }
    for (; n > 0; n--, p++) crc = crc >> 8 ^ tables[0][(crc ^ *p) & 255];
    return crc;
}
