/* Set of integers in one run of bytes: Redis's intset, byte for byte.
 *
 *   0            4            8
 *   | encoding   | count      | value x count, ascending |       all little-endian
 *   | u32: 2,4,8 | u32        | 16, 32 or 64 bits each   |
 *
 * `encoding` is the width of a value in bytes, wide enough for the widest; it never shrinks. Find is
 * O(log n) within the run, add and remove move what lies behind: O(n).
 *
 * Owner: whoever holds the bytes. These are functions over bytes that allocate nothing and announce
 * nothing. An owner in the arena asks for a plan, which says how large the set will be and which
 * bytes differ afterwards, announces those (or allocates a new block and writes there), and applies:
 *
 *   ek_intset_plan p = ek_intset_plan_add(s, v);
 *   if (p.found) return;
 *   if (p.size > room) ek_intset_add(new_block, s, &p, v);               nothing to announce
 *   else ek_touch(a, s + p.from, p.old_size - p.from), and the 4 bytes of the count;
 *        ek_touch_slack(a, s + p.old_size, p.size - p.old_size), ek_intset_add(s, s, &p, v);
 *
 * Who removes in place announces all from p.from to p.old_size: what is cut off is room again for
 * what the same transaction adds, and an undo wants it back.
 */
#ifndef EK_DATA_INTSET_H
#define EK_DATA_INTSET_H

#include "base/base.h"
#include "base/random.h"

#define EK_INTSET_HEADER 8u
#define EK_INTSET_COUNT_AT 4u /* offset of the four bytes of the count */

EK_INLINE uint32_t ek_intset_width(const uint8_t *s) { return ek_load32(s); }
EK_INLINE uint32_t ek_intset_count(const uint8_t *s) { return ek_load32(s + EK_INTSET_COUNT_AT); }
EK_INLINE size_t ek_intset_size(const uint8_t *s) {
    return EK_INTSET_HEADER + (size_t)ek_intset_width(s) * ek_intset_count(s);
}

EK_INLINE int64_t ek_intset_value(const uint8_t *p, uint32_t width) {
    switch (width) {
    case 2: return (int16_t)ek_load16(p);
    case 4: return (int32_t)ek_load32(p);
    default: return (int64_t)ek_load64(p);
    }
}

EK_INLINE int64_t ek_intset_get(const uint8_t *s, uint32_t i) { /* i < count */
    uint32_t width = ek_intset_width(s);
    return ek_intset_value(s + EK_INTSET_HEADER + (size_t)i * width, width);
}

void ek_intset_init(uint8_t *s); /* writes EK_INTSET_HEADER bytes: the empty set */

/* Is v in the set? *at: where it is, or would be inserted; may be NULL. O(log n). */
bool ek_intset_find(const uint8_t *s, int64_t v, uint32_t *at);
/* The same for a set whose width and count are known; reads that many values and nothing else. */
bool ek_intset_search(const uint8_t *s, uint32_t width, uint32_t count, int64_t v, uint32_t *at);

/* What adding or removing a value will do. */
typedef struct ek_intset_plan {
    bool found;      /* the value is in the set */
    uint32_t at;     /* its index, or that where it is to stand */
    uint32_t width;  /* of the values afterwards */
    size_t size;     /* of the set afterwards */
    size_t old_size; /* of the set now */
    size_t from;     /* bytes [from, the smaller size) change, beside the count; 0: all change */
} ek_intset_plan;

ek_intset_plan ek_intset_plan_add(const uint8_t *s, int64_t v);
ek_intset_plan ek_intset_plan_remove(const uint8_t *s, int64_t v);

/* Write the changed set to `to`, which has room for plan->size bytes and is either `s` itself or
 * does not overlap it. Add needs !plan->found, remove plan->found. */
void ek_intset_add(uint8_t *to, const uint8_t *s, const ek_intset_plan *plan, int64_t v);
void ek_intset_remove(uint8_t *to, const uint8_t *s, const ek_intset_plan *plan);

int64_t ek_intset_random(const uint8_t *s, ek_random *r); /* of a set that is not empty */

/* Are these n bytes an intset? Believes nothing: for bytes from outside. O(n). */
bool ek_intset_check(const uint8_t *s, size_t n);

#endif
