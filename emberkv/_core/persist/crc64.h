/* The checksum at the end of RDB files and DUMP payloads: CRC-64 with Jones's polynomial, reflected,
 * begun at 0 and not inverted. About 1 ns for 2 bytes. */
#ifndef EK_PERSIST_CRC64_H
#define EK_PERSIST_CRC64_H

#include "base/base.h"

/* Go on from `crc` (0 at the beginning) over n more bytes. From any thread. */
uint64_t ek_crc64(uint64_t crc, const void *p, size_t n);

#endif
