/* HyperLogLog: how many distinct elements were seen, from 16,384 registers of six bits, with a
 * standard error of 0.81%. The bytes are those of Redis, so that they interchange as strings.
 *
 *   | H Y L L | encoding | 3 zeros | count, 8 bytes, little-endian |         a head of 16 bytes
 *
 *   The highest bit of the count's last byte says that it is out of date.
 *
 *   dense (0)    12,288 bytes of registers, each behind the other from the lowest bit on
 *   sparse (1)   runs of registers, in order, which together are all of them:
 *     00llllll                  ZERO    l + 1 registers are 0            up to 64
 *     01llllll llllllll         XZERO   l + 1 registers are 0            up to 16,384
 *     1vvvvvll                  VAL     l + 1 registers are v + 1        up to 4, of 1..32
 *
 * An element's hash (MurmurHash64A with a fixed seed) gives by its lowest 14 bits a register, and
 * by the number of zeros above them, and one, the rank: a register holds the highest it has seen.
 * The estimate from the registers is that of O. Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches" (2017), which needs no correction at either end.
 *
 * A sparse one is changed by a plan: which bytes to replace by which. Whoever owns the bytes makes
 * room and carries it out. All functions work on plain memory, whatever is in it: bytes that are no
 * HyperLogLog are told from one, never followed beyond their end.
 *
 * Costs: adding to a dense one O(1), to a sparse one O(its runs); counting about 10 us.
 */
#ifndef EK_DATA_HYPERLOGLOG_H
#define EK_DATA_HYPERLOGLOG_H

#include "base/base.h"

#define EK_HLL_REGISTERS 16384u
#define EK_HLL_HEAD 16u
#define EK_HLL_DENSE_BYTES (EK_HLL_HEAD + EK_HLL_REGISTERS * 6 / 8)
#define EK_HLL_EMPTY_BYTES (EK_HLL_HEAD + 2)
#define EK_HLL_STALE_AT 15u /* the byte that says whether the count is out of date ... */
#define EK_HLL_STALE 0x80u  /* ... and the bit of it */
#define EK_HLL_SPARSE_RANK 32u /* of a register, in a sparse one */

/* Do the bytes begin as one, and have the length if dense? Runs are checked where they are read. */
bool ek_hll_is(const uint8_t *p, size_t n);
EK_INLINE bool ek_hll_is_dense(const uint8_t *p) { return p[4] == 0; }

void ek_hll_init(uint8_t out[EK_HLL_EMPTY_BYTES]); /* sparse, empty */

/* The rank of an element, and its register. */
unsigned ek_hll_rank(const uint8_t *element, size_t n, uint32_t *index);

/* --- the count --- */

EK_INLINE bool ek_hll_is_stale(const uint8_t *p) { return p[EK_HLL_STALE_AT] & EK_HLL_STALE; }
EK_INLINE uint64_t ek_hll_cached(const uint8_t *p) { return ek_load64(p + 8); }

/* The estimate. False: the runs are not those of a HyperLogLog. */
bool ek_hll_count(const uint8_t *p, size_t n, uint64_t *count);
uint64_t ek_hll_count_registers(const uint8_t registers[EK_HLL_REGISTERS]);

/* Raise each register to that of p, where that is higher. False as above; then some were raised. */
bool ek_hll_merge(uint8_t registers[EK_HLL_REGISTERS], const uint8_t *p, size_t n);

/* Make a dense one hold these registers; its head stays as it is. */
void ek_hll_pack(uint8_t dense[EK_HLL_DENSE_BYTES], const uint8_t registers[EK_HLL_REGISTERS]);

/* --- dense --- */

EK_INLINE unsigned ek_hll_get(const uint8_t *p, uint32_t index) {
    uint32_t bit = index * 6, at = EK_HLL_HEAD + (bit >> 3), shift = bit & 7;
    /* Half of them lie in two bytes, and no branch could tell which: else the same byte gives bits above. */
    unsigned v = p[at] >> shift | (unsigned)p[at + (shift > 2)] << (8 - shift);
    return v & 63;
}
/* The bytes in which a register lies: one, or two of them. */
EK_INLINE uint32_t ek_hll_at(uint32_t index) { return EK_HLL_HEAD + (index * 6 >> 3); }
EK_INLINE unsigned ek_hll_width(uint32_t index) { return (index * 6 & 7) > 2 ? 2 : 1; }
EK_INLINE void ek_hll_set(uint8_t *p, uint32_t index, unsigned rank) {
    uint32_t at = ek_hll_at(index), shift = index * 6 & 7;
    p[at] = (uint8_t)((p[at] & ~(63u << shift)) | rank << shift);
    if (shift > 2)
        p[at + 1] = (uint8_t)((p[at + 1] & ~(63u >> (8 - shift))) | rank >> (8 - shift));
}

/* A sparse one as a dense one; the count goes along. False as above. */
bool ek_hll_densify(uint8_t dense[EK_HLL_DENSE_BYTES], const uint8_t *p, size_t n);

/* --- sparse --- */

typedef enum ek_hll_outcome {
    EK_HLL_SAME,    /* the register is as high already */
    EK_HLL_CHANGED, /* by the plan */
    EK_HLL_DENSE,   /* cannot stay sparse: the rank is too high, or it would be too long */
    EK_HLL_CORRUPT,
} ek_hll_outcome;

#define EK_HLL_PLAN_BYTES 20u

typedef struct ek_hll_plan {
    size_t at; /* bytes [at, at + remove) are replaced by `insert` others */
    uint8_t remove, insert;
    uint8_t bytes[EK_HLL_PLAN_BYTES];
} ek_hll_plan;

/* What it takes to raise a register. It must not become longer than max_bytes, all in all. */
ek_hll_outcome ek_hll_plan_raise(const uint8_t *p, size_t n, size_t max_bytes, uint32_t index,
                                 unsigned rank, ek_hll_plan *plan);

/* A run of a sparse one at p, for showing it. False: there is no whole run. */
typedef struct ek_hll_run {
    char kind; /* 'z' ZERO, 'Z' XZERO, 'v' VAL */
    uint8_t bytes;
    uint8_t value; /* of VAL */
    uint32_t length;
} ek_hll_run;
bool ek_hll_read_run(const uint8_t *p, const uint8_t *end, ek_hll_run *run);

#endif
