/* LZF, the compression of strings in RDB.
 *
 *   000nnnnn                        n + 1 literal bytes follow
 *   lllooooo oooooooo               l + 2 bytes from o + 1 back, 1 <= l <= 6
 *   111ooooo nnnnnnnn oooooooo      n + 9 bytes from o + 1 back
 *
 * Functions over plain memory. Compressing takes about 3 ns a byte and 16 KiB of stack. */
#ifndef EK_PERSIST_LZF_H
#define EK_PERSIST_LZF_H

#include "base/base.h"

/* The compressed size; 0 if it would be more than `room`. n < 2^32. */
size_t ek_lzf_compress(const uint8_t *in, size_t n, uint8_t *out, size_t room);
/* Do the n bytes decompress to exactly `size` bytes? Believes nothing. `out` has room for `size` and
 * EK_LZF_SLACK more, which may be written: copies are wide. */
#define EK_LZF_SLACK 32u
bool ek_lzf_decompress(const uint8_t *in, size_t n, uint8_t *out, size_t size);

/* What n compressed bytes can become at most. */
EK_INLINE uint64_t ek_lzf_bound(size_t n) { return (uint64_t)n * 88 + 264; }

#endif
