/* What this processor can do beyond the platform's baseline. A function that has a faster form is
 * written once as an inline body, and stands twice: compiled with EK_CPU_WIDE, and without it. The
 * caller asks ek_cpu_wide(), a load and a test, each time; there is no state to set up.
 *
 *   static EK_CPU_WIDE uint64_t count_wide(const uint8_t *p, size_t n) { return count(p, n); }
 *   uint64_t ek_count(...) { return ek_cpu_wide() ? count_wide(p, n) : count(p, n); }
 *
 * On x86-64 the baseline is SSE2, and wide means AVX2. On aarch64 the baseline, NEON, is all. */
#ifndef EK_BASE_CPU_H
#define EK_BASE_CPU_H

#include "base/base.h"

#if defined(__x86_64__)
#define EK_CPU_WIDE __attribute__((target("avx2,popcnt")))
EK_INLINE bool ek_cpu_wide(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
}
#else
#define EK_CPU_WIDE
EK_INLINE bool ek_cpu_wide(void) { return false; }
#endif

/* Four words at once, at any address: two registers of the baseline, one of the wide form. Functions
 * that take or give one must be EK_INLINE: the two forms would not agree on how it is passed. */
#pragma GCC diagnostic ignored "-Wpsabi"
typedef uint64_t ek_wide __attribute__((vector_size(32), aligned(1), may_alias));

#endif
