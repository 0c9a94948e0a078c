#include "data/bitmap.h"

#include "base/cpu.h"

#define WIDE sizeof(ek_wide)
#define STEP (16 * WIDE) /* counted at once */
#define BLOCK 4096u      /* combined at once: stays in the nearest cache */

EK_INLINE ek_wide wide_at(const uint8_t *p) { return *(const ek_wide *)p; }

/* --- counting --- */

/* A full adder of each bit: *a and two more bits into a sum, which stays in *a, and the carry. */
EK_INLINE ek_wide add(ek_wide *a, ek_wide b, ek_wide c) {
    ek_wide u = *a ^ b, carry = (*a & b) | (u & c);
    *a = u ^ c;
    return carry;
}

EK_INLINE uint64_t count_wide_word(ek_wide v) {
    return (uint64_t)__builtin_popcountll(v[0]) + (uint64_t)__builtin_popcountll(v[1]) +
           (uint64_t)__builtin_popcountll(v[2]) + (uint64_t)__builtin_popcountll(v[3]);
}

/* Adders reduce 16 words to one of weight 16 and four of lesser weight, which are carried on: so
 * only one in 16 is counted bit by bit (the method of Harley and Seal). */
EK_INLINE uint64_t count(const uint8_t *p, size_t n) {
    uint64_t sum = 0;
    if (n >= STEP) {
        ek_wide ones = {0}, twos = {0}, fours = {0}, eights = {0};
        for (; n >= STEP; p += STEP, n -= STEP) {
            ek_wide two[2], four[2], eight[2];
            for (int i = 0; i < 2; i++) {
                const uint8_t *q = p + (size_t)i * 8 * WIDE;
                for (int k = 0; k < 2; k++, q += 4 * WIDE) {
                    two[0] = add(&ones, wide_at(q), wide_at(q + WIDE));
                    two[1] = add(&ones, wide_at(q + 2 * WIDE), wide_at(q + 3 * WIDE));
                    four[k] = add(&twos, two[0], two[1]);
                }
                eight[i] = add(&fours, four[0], four[1]);
            }
            sum += 16 * count_wide_word(add(&eights, eight[0], eight[1]));
        }
        sum += 8 * count_wide_word(eights) + 4 * count_wide_word(fours) +
               2 * count_wide_word(twos) + count_wide_word(ones);
    }
    for (; n >= 8; p += 8, n -= 8) sum += (uint64_t)__builtin_popcountll(ek_load64(p));
    for (; n > 0; p++, n--) sum += (uint64_t)__builtin_popcount(*p);
    return sum;
}

static EK_CPU_WIDE uint64_t count_wide(const uint8_t *p, size_t n) { return count(p, n); }

uint64_t ek_bitmap_count_plain(const uint8_t *p, size_t n) { return count(p, n); }

uint64_t ek_bitmap_count(const uint8_t *p, size_t n) {
    return ek_cpu_wide() ? count_wide(p, n) : ek_bitmap_count_plain(p, n);
}

/* The bits of the first byte from `bit` on, and those of the last up to it. */
EK_INLINE uint8_t from_mask(uint64_t bit) { return (uint8_t)(0xFF >> (bit & 7)); }
EK_INLINE uint8_t upto_mask(uint64_t bit) { return (uint8_t)(0xFF00 >> ((bit & 7) + 1)); }

uint64_t ek_bitmap_count_range(const uint8_t *p, uint64_t first, uint64_t last) {
    uint64_t a = first >> 3, b = last >> 3;
    uint8_t head = p[a] & from_mask(first), tail = p[b] & upto_mask(last);
    if (a == b) return (uint64_t)__builtin_popcount(head & tail);
    return (uint64_t)__builtin_popcount(head) + (uint64_t)__builtin_popcount(tail) +
           ek_bitmap_count(p + a + 1, (size_t)(b - a - 1));
}

/* --- finding --- */

/* The first of the bytes [at, end) that is not `dull`; end: none. */
EK_INLINE size_t skip(const uint8_t *p, size_t at, size_t end, uint8_t dull) {
    uint64_t word = dull * UINT64_C(0x0101010101010101);
    ek_wide all = {word, word, word, word};
    for (; end - at >= 4 * WIDE; at += 4 * WIDE) {
        ek_wide v = (wide_at(p + at) ^ all) | (wide_at(p + at + WIDE) ^ all) |
                    (wide_at(p + at + 2 * WIDE) ^ all) | (wide_at(p + at + 3 * WIDE) ^ all);
        if (v[0] | v[1] | v[2] | v[3]) break;
    }
    while (end - at >= 8 && ek_load64(p + at) == word) at += 8;
    while (at < end && p[at] == dull) at++;
    return at;
}

static EK_CPU_WIDE size_t skip_wide(const uint8_t *p, size_t at, size_t end, uint8_t dull) {
    return skip(p, at, end, dull);
}

int64_t ek_bitmap_find(const uint8_t *p, uint64_t first, uint64_t last, bool bit) {
    uint8_t dull = bit ? 0 : 0xFF;
    size_t at = (size_t)(first >> 3), end = (size_t)(last >> 3) + 1;
    uint8_t found = (p[at] ^ dull) & from_mask(first);
    if (!found && ++at < end) {
        at = ek_cpu_wide() ? skip_wide(p, at, end, dull) : skip(p, at, end, dull);
        if (at < end) found = p[at] ^ dull;
    }
    if (!found) return -1;
    uint64_t place = (uint64_t)at * 8 + (uint64_t)__builtin_clz(found) - 24;
    return place <= last ? (int64_t)place : -1;
}

/* --- combining --- */

typedef enum step { AND, OR, XOR, NOT, AND_NOT, NOT_AND, ONCE } step;

/* One word: what is gathered so far and another source's. */
EK_INLINE ek_wide one_step(step how, ek_wide a, ek_wide b, ek_wide *twice) {
    switch (how) {
    case AND: return a & b;
    case OR: return a | b;
    case XOR: return a ^ b;
    case NOT: return ~b;
    case AND_NOT: return b & ~a;
    case NOT_AND: return a & ~b;
    default: *twice |= a & b; return a | b;
    }
}

EK_INLINE void take(step how, uint8_t *to, uint8_t *twice, const uint8_t *from, size_t n) {
    for (; n >= WIDE; to += WIDE, twice += WIDE, from += WIDE, n -= WIDE)
        *(ek_wide *)to = one_step(how, wide_at(to), wide_at(from), (ek_wide *)twice);
    if (n == 0) return;
    ek_wide a = {0}, b = {0}, t = {0};
    memcpy(&a, to, n);
    memcpy(&b, from, n);
    if (how == ONCE) memcpy(&t, twice, n);
    a = one_step(how, a, b, &t);
    memcpy(to, &a, n);
    if (how == ONCE) memcpy(twice, &t, n);
}

EK_INLINE void take_any(step how, uint8_t *to, uint8_t *twice, const uint8_t *from, size_t n) {
    switch (how) { /* so that each loop is compiled for its step */
    case AND: take(AND, to, twice, from, n); break;
    case OR: take(OR, to, twice, from, n); break;
    case XOR: take(XOR, to, twice, from, n); break;
    case NOT: take(NOT, to, twice, from, n); break;
    case AND_NOT: take(AND_NOT, to, twice, from, n); break;
    case NOT_AND: take(NOT_AND, to, twice, from, n); break;
    case ONCE: take(ONCE, to, twice, from, n); break;
    }
}

/* The n <= BLOCK bytes of a source from `at` on, or as many of them as it has. */
EK_INLINE ek_str part_of(ek_str source, size_t at, size_t n) {
    size_t have = source.n > at ? source.n - at : 0;
    return (ek_str){source.p + (have ? at : 0), ek_min(have, n)};
}

EK_INLINE void copy_part(uint8_t *to, ek_str part, size_t n) {
    if (part.n) memcpy(to, part.p, part.n);
    memset(to + part.n, 0, n - part.n);
}

/* How the sources after the first are gathered, and how the first then meets them. */
typedef struct recipe {
    step gather;
    bool first_apart; /* the others are gathered without the first, which comes last */
    step last;
} recipe;

EK_INLINE recipe recipe_of(ek_bitmap_op op) {
    switch (op) {
    case EK_BITMAP_AND: return (recipe){.gather = AND};
    case EK_BITMAP_OR: return (recipe){.gather = OR};
    case EK_BITMAP_XOR: return (recipe){.gather = XOR};
    case EK_BITMAP_NOT: return (recipe){.gather = OR, .first_apart = true, .last = NOT};
    case EK_BITMAP_DIFF: return (recipe){.gather = OR, .first_apart = true, .last = AND_NOT};
    case EK_BITMAP_DIFF1: return (recipe){.gather = OR, .first_apart = true, .last = NOT_AND};
    case EK_BITMAP_ANDOR: return (recipe){.gather = OR, .first_apart = true, .last = AND};
    default: return (recipe){.gather = ONCE};
    }
}

EK_INLINE void combine(ek_bitmap_op op, uint8_t *to, size_t n, const ek_str *sources,
                       size_t nsources) {
    _Alignas(32) uint8_t sum[BLOCK], twice[BLOCK];
    recipe r = recipe_of(op);
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t size = ek_min(BLOCK, n - at);
        if (r.first_apart) memset(sum, 0, size);
        else copy_part(sum, part_of(sources[0], at, size), size);
        if (r.gather == ONCE) memset(twice, 0, size);
        for (size_t i = 1; i < nsources; i++) {
            ek_str part = part_of(sources[i], at, size);
            take_any(r.gather, sum, twice, part.p, part.n);
            if (r.gather == AND) memset(sum + part.n, 0, size - part.n);
        }
        if (r.gather == ONCE) take_any(XOR, sum, sum, twice, size);
        if (r.first_apart) {
            ek_str part = part_of(sources[0], at, size);
            take_any(r.last, sum, twice, part.p, part.n);
            if (r.last != NOT_AND) memset(sum + part.n, 0, size - part.n);
        }
        memcpy(to + at, sum, size);
    }
}

static EK_CPU_WIDE void combine_wide(ek_bitmap_op op, uint8_t *to, size_t n, const ek_str *sources,
                                     size_t nsources) {
    combine(op, to, n, sources, nsources);
}

void ek_bitmap_combine_plain(ek_bitmap_op op, uint8_t *to, size_t n, const ek_str *sources,
                             size_t nsources) {
    combine(op, to, n, sources, nsources);
}

void ek_bitmap_combine(ek_bitmap_op op, uint8_t *to, size_t n, const ek_str *sources,
                       size_t nsources) {
    if (ek_cpu_wide()) combine_wide(op, to, n, sources, nsources);
    else ek_bitmap_combine_plain(op, to, n, sources, nsources);
}

/* --- fields --- */

#define SPAN 9u /* bytes that a field of 64 bits can touch */

typedef unsigned __int128 span;

static span mask_of(unsigned bits) { return ((span)1 << bits) - 1; }

uint64_t ek_bitmap_field(const uint8_t *p, size_t n, uint64_t offset, unsigned bits) {
    uint64_t first = offset >> 3;
    span all = 0;
    for (uint64_t i = first; i < first + SPAN; i++) all = all << 8 | (i < n ? p[i] : 0);
    return (uint64_t)(all >> (SPAN * 8 - (offset & 7) - bits) & mask_of(bits));
}

void ek_bitmap_set_field(uint8_t *p, uint64_t offset, unsigned bits, uint64_t value) {
    size_t n = ((offset & 7) + bits + 7) / 8;
    unsigned shift = (unsigned)(n * 8 - (offset & 7) - bits);
    span mask = mask_of(bits) << shift, all = 0;
    p += offset >> 3;
    for (size_t i = 0; i < n; i++) all = all << 8 | p[i];
    all = (all & ~mask) | ((span)value << shift & mask);
    for (size_t i = n; i-- > 0; all >>= 8) p[i] = (uint8_t)all;
}

bool ek_bitmap_add(bool is_signed, unsigned bits, uint64_t value, int64_t amount,
                   ek_bitmap_overflow how, uint64_t *out) {
    __int128 top = (__int128)mask_of(is_signed ? bits - 1 : bits);
    __int128 bottom = is_signed ? -top - 1 : 0;
    __int128 sum = (is_signed ? (__int128)(int64_t)value : (__int128)value) + amount;
    if (sum > top || sum < bottom) {
        if (how == EK_BITMAP_FAIL) return false;
        if (how == EK_BITMAP_SAT) sum = sum > top ? top : bottom;
    }
    *out = (uint64_t)sum & (uint64_t)mask_of(bits);
    if (is_signed) *out = (uint64_t)ek_bitmap_signed(*out, bits);
    return true;
}
