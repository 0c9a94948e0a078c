/* Bitmaps: bytes seen as a row of bits, and as integers of any width.
 *
 *   offset   0 1 2 3 4 5 6 7   8 9 ...
 *            | first byte  |   |         bit 0 is the highest of the first byte
 *
 * An integer field of w bits at an offset has its highest bit there, whatever byte that is in.
 * All functions work on plain memory that the caller owns, and has announced if it is written.
 *
 * Costs: counting, finding and combining go at the speed of memory: 32 bytes a step, with AVX2
 * where the processor has it. Fields are O(1).
 */
#ifndef EK_DATA_BITMAP_H
#define EK_DATA_BITMAP_H

#include "base/base.h"

uint64_t ek_bitmap_count(const uint8_t *p, size_t n); /* of bits set */
uint64_t ek_bitmap_count_range(const uint8_t *p, uint64_t first, uint64_t last); /* both in */

/* The first bit that is `bit` in [first, last]; -1: none. */
int64_t ek_bitmap_find(const uint8_t *p, uint64_t first, uint64_t last, bool bit);

typedef enum ek_bitmap_op {
    EK_BITMAP_AND,
    EK_BITMAP_OR,
    EK_BITMAP_XOR,
    EK_BITMAP_NOT,   /* of one source */
    EK_BITMAP_DIFF,  /* in the first and in no other */
    EK_BITMAP_DIFF1, /* not in the first, but in another */
    EK_BITMAP_ANDOR, /* in the first and in another */
    EK_BITMAP_ONE,   /* in exactly one */
} ek_bitmap_op;

/* Write `n` bytes, as many as the longest source has; what the others lack is zero. `to` may be
 * where one of the sources begins, but must not overlap one otherwise. */
void ek_bitmap_combine(ek_bitmap_op op, uint8_t *to, size_t n, const ek_str *sources,
                       size_t nsources);

EK_INLINE bool ek_bitmap_get(const uint8_t *p, uint64_t offset) {
    return p[offset >> 3] >> (7 - (offset & 7)) & 1;
}

/* --- fields: 1 to 64 bits --- */

/* What lies behind `n` bytes is zero. */
uint64_t ek_bitmap_field(const uint8_t *p, size_t n, uint64_t offset, unsigned bits);
/* The field lies in bytes [offset / 8, (offset + bits + 7) / 8), which all are there. */
void ek_bitmap_set_field(uint8_t *p, uint64_t offset, unsigned bits, uint64_t value);

typedef enum ek_bitmap_overflow {
    EK_BITMAP_WRAP,
    EK_BITMAP_SAT,
    EK_BITMAP_FAIL,
} ek_bitmap_overflow;

/* Add to a value that a field holds (a signed one with its sign extended), the way `how`. False: it
 * does not fit, and EK_BITMAP_FAIL was asked for. */
bool ek_bitmap_add(bool is_signed, unsigned bits, uint64_t value, int64_t amount,
                   ek_bitmap_overflow how, uint64_t *out);
EK_INLINE int64_t ek_bitmap_signed(uint64_t value, unsigned bits) { /* extend the sign */
    return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

/* The same as those above without wider instructions: what machines without them run, for tests. */
uint64_t ek_bitmap_count_plain(const uint8_t *p, size_t n);
void ek_bitmap_combine_plain(ek_bitmap_op op, uint8_t *to, size_t n, const ek_str *sources,
                             size_t nsources);

#endif
