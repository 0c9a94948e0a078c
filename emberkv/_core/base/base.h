/* What every floor may assume: integer types, status codes, branch hints, compile-time checks. */
#ifndef EK_BASE_BASE_H
#define EK_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EK_LIKELY(x) __builtin_expect(!!(x), 1)
#define EK_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define EK_NORETURN __attribute__((noreturn))
#define EK_NOINLINE __attribute__((noinline))
#define EK_INLINE static inline __attribute__((always_inline))
#define EK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define EK_COUNTOF(a) (sizeof(a) / sizeof((a)[0]))

typedef enum ek_status {
    EK_OK = 0,
    EK_ENOMEM,    /* the arena, its reserve or the place it lives in is full */
    EK_ECORRUPT,  /* a structure contradicts itself: the handle is closed, nothing is written */
    EK_EBUSY,     /* the lock is held by somebody else */
    EK_EDEADLK,   /* the lock is held by this very thread through another handle */
    EK_ESYS,      /* errno tells */
    EK_ESTAMP,    /* made by another version or layout of the library */
    EK_ENOTSTORE, /* not a store */
    EK_EOWNER,    /* the store of another user */
    EK_EDAMAGED,  /* a file is damaged, and was left as it is */
} ek_status;

/* A run of bytes that somebody else owns. */
typedef struct ek_str {
    const uint8_t *p;
    size_t n;
} ek_str;

/* In the place of the length of an argument: it is not text, but a double at p. Who calls commands in the
 * process may give such ones where nobody but the handler will see them, see ek_execute_straight. */
#define EK_NUMBER SIZE_MAX

EK_INLINE size_t ek_min(size_t a, size_t b) { return a < b ? a : b; }
EK_INLINE size_t ek_max(size_t a, size_t b) { return a > b ? a : b; }
EK_INLINE size_t ek_align_up(size_t n, size_t to) { return (n + to - 1) & ~(to - 1); }

EK_INLINE uint16_t ek_load16(const void *p) { uint16_t v; memcpy(&v, p, sizeof v); return v; }
EK_INLINE uint32_t ek_load32(const void *p) { uint32_t v; memcpy(&v, p, sizeof v); return v; }
EK_INLINE uint64_t ek_load64(const void *p) { uint64_t v; memcpy(&v, p, sizeof v); return v; }

/* What was read into the integer v is not read again: for who checks a value that somebody else may
 * be changing, and then uses it. Costs nothing. */
#define EK_HOLD(v) __asm__("" : "+r"(v))

EK_INLINE uint32_t ek_once32(const void *p) {
    uint32_t v = ek_load32(p);
    EK_HOLD(v);
    return v;
}

EK_INLINE void ek_store16(void *p, uint16_t v) { memcpy(p, &v, sizeof v); }
EK_INLINE void ek_store32(void *p, uint32_t v) { memcpy(p, &v, sizeof v); }
EK_INLINE void ek_store64(void *p, uint64_t v) { memcpy(p, &v, sizeof v); }

/* Short strings are the rule: a few loads that may overlap, and no call. */
EK_INLINE bool ek_bytes_eq(const uint8_t *p, const uint8_t *q, size_t n) {
    if (n > 32) return memcmp(p, q, n) == 0;
    if (n >= 16)
        return ((ek_load64(p) ^ ek_load64(q)) | (ek_load64(p + 8) ^ ek_load64(q + 8)) |
                (ek_load64(p + n - 16) ^ ek_load64(q + n - 16)) |
                (ek_load64(p + n - 8) ^ ek_load64(q + n - 8))) == 0;
    if (n >= 8)
        return ((ek_load64(p) ^ ek_load64(q)) | (ek_load64(p + n - 8) ^ ek_load64(q + n - 8))) == 0;
    if (n >= 4)
        return ((ek_load32(p) ^ ek_load32(q)) | (ek_load32(p + n - 4) ^ ek_load32(q + n - 4))) == 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] != q[i]) return false;
    return true;
}

/* memcpy, for what is mostly short. */
EK_INLINE void ek_copy(void *to, const void *from, size_t n) {
    uint8_t *p = to;
    const uint8_t *q = from;
    if (n < 8 || n > 16) {
        memcpy(p, q, n);
        return;
    }
    uint64_t first = ek_load64(q), last = ek_load64(q + n - 8);
    ek_store64(p, first);
    ek_store64(p + n - 8, last);
}

EK_INLINE bool ek_str_eq(ek_str a, ek_str b) { return a.n == b.n && ek_bytes_eq(a.p, b.p, a.n); }

_Static_assert(sizeof(void *) == 8, "64-bit platforms only");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian platforms only");

#endif
