/* XXH3, 64 bits, without a seed: the digest by which Redis names values (DIGEST, IFDEQ, IFDNE).
 * Written from its public specification. It is no protection: collisions can be made.
 * O(n), about 10 GB/s. Works on the caller's memory. */
#ifndef EK_BASE_XXH3_H
#define EK_BASE_XXH3_H

#include "base/base.h"

uint64_t ek_xxh3(const uint8_t *p, size_t n);

#endif
