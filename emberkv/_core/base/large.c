#include "base/large.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <stdlib.h>

#define IDLE_MS 1000

typedef struct piece {
    size_t cap; /* behind this head */
    size_t unused;
} piece;

static _Atomic(piece *) kept[EK_LARGE_KEPT];
static _Atomic unsigned oldest;      /* the one that makes room for another */
static _Atomic int64_t used_at_ms;   /* as of a tidy that saw a use; 0: not since */
static _Atomic bool used;

static void keep(piece *p) {
    for (unsigned i = 0; i < EK_LARGE_KEPT; i++) {
        piece *none = NULL;
        if (atomic_compare_exchange_strong(&kept[i], &none, p)) return;
    }
    free(atomic_exchange(&kept[atomic_fetch_add(&oldest, 1) % EK_LARGE_KEPT], p));
}

void *ek_large_alloc(size_t n) {
    for (unsigned i = 0; n >= EK_LARGE_MIN && n <= EK_LARGE_MAX && i < EK_LARGE_KEPT; i++) {
        piece *p = atomic_exchange(&kept[i], NULL);
        if (!p) continue;
        if (p->cap >= n && p->cap / 4 <= n) return p + 1;
        keep(p);
    }
    piece *p = n > SIZE_MAX - sizeof *p ? NULL : malloc(sizeof *p + n);
    if (!p) return NULL;
    p->cap = n;
    return p + 1;
}

void ek_large_free(void *at) {
    if (!at) return;
    piece *p = (piece *)at - 1;
    if (p->cap < EK_LARGE_MIN || p->cap > EK_LARGE_MAX) {
        free(p);
        return;
    }
    atomic_store_explicit(&used, true, memory_order_relaxed);
    keep(p);
}

void ek_large_tidy(void) {
    if (EK_UNLIKELY(atomic_load_explicit(&used, memory_order_relaxed))) {
        atomic_store_explicit(&used, false, memory_order_relaxed);
        atomic_store_explicit(&used_at_ms, ek_clock_monotonic_ms(), memory_order_relaxed);
        return;
    }
    int64_t then = atomic_load_explicit(&used_at_ms, memory_order_relaxed);
    if (EK_UNLIKELY(then != 0) && ek_clock_monotonic_ms() - then >= IDLE_MS) ek_large_forget();
}

void ek_large_forget(void) {
    atomic_store_explicit(&used_at_ms, 0, memory_order_relaxed);
    for (unsigned i = 0; i < EK_LARGE_KEPT; i++) free(atomic_exchange(&kept[i], NULL));
}
