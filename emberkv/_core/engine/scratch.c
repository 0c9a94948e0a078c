#include "engine/scratch.h"

#include "base/large.h"

#define FIRST_BLOCK 4096u

void *ek_scratch_get(ek_scratch *scratch, ek_arena *a, size_t n) {
    n = ek_align_up(n, 16);
    struct ek_scratch_block *b = scratch->blocks;
    if (!b || b->cap - b->used < n) {
        size_t cap = ek_max(n, b ? b->cap * 2 : FIRST_BLOCK);
        struct ek_scratch_block *fresh = ek_large_alloc(sizeof *fresh + cap);
        if (!fresh) ek_raise(a, EK_ENOMEM);
        fresh->next = b;
        fresh->used = 0;
        fresh->cap = cap;
        scratch->blocks = b = fresh;
    }
    void *p = b->bytes + b->used;
    b->used += n;
    return p;
}

void ek_scratch_free(ek_scratch *scratch) {
    while (scratch->blocks) {
        struct ek_scratch_block *next = scratch->blocks->next;
        ek_large_free(scratch->blocks);
        scratch->blocks = next;
    }
}

void ek_scratch_reset_slow(ek_scratch *scratch) {
    struct ek_scratch_block *b = scratch->blocks;
    if (!b->next && b->cap == FIRST_BLOCK) b->used = 0;
    else ek_scratch_free(scratch);
}
