/* Scratch memory of a command: bump allocation from a chain of blocks, reset when it ends, so that a
 * jump out of a handler leaks nothing. The first block is kept between commands. */
#ifndef EK_ENGINE_SCRATCH_H
#define EK_ENGINE_SCRATCH_H

#include "engine/session.h"

struct ek_scratch_block {
    struct ek_scratch_block *next;
    size_t used, cap;
    _Alignas(16) uint8_t bytes[];
};

void *ek_scratch_get(ek_scratch *scratch, ek_arena *a, size_t n); /* raises when malloc fails */
void ek_scratch_reset_slow(ek_scratch *scratch);
EK_INLINE void ek_scratch_reset(ek_scratch *scratch) {
    if (EK_UNLIKELY(scratch->blocks && scratch->blocks->used)) ek_scratch_reset_slow(scratch);
}
void ek_scratch_free(ek_scratch *scratch);

#endif
