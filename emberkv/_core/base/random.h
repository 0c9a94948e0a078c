/* Randomness: a seed from the system, and a small generator (xoshiro256**) for sampling. */
#ifndef EK_BASE_RANDOM_H
#define EK_BASE_RANDOM_H

#include "base/base.h"

typedef struct ek_random {
    uint64_t s[4];
} ek_random;

void ek_random_seed_bytes(void *out, size_t n); /* from the system's entropy */
void ek_random_init(ek_random *r);              /* seeded from the system */
uint64_t ek_random_next(ek_random *r);
uint64_t ek_random_below(ek_random *r, uint64_t n); /* uniform in 0..n-1; n > 0 */
double ek_random_unit(ek_random *r);                /* uniform in [0, 1) */

#endif
