#include "data/frequency.h"

#define MIN_LOG2 10u
#define MAX_LOG2 28u
#define BYTES_A_KEY 3u
#define AGE_EVERY 64u /* additions */
#define AGE_BYTES 20u /* halved each time: all of them once in ten additions for each key */

static uint32_t log2_for(uint64_t keys) {
    uint32_t log2 = MIN_LOG2;
    while (log2 < MAX_LOG2 && (uint64_t)1 << log2 < keys * BYTES_A_KEY) log2++;
    return log2;
}

bool ek_frequency_fits(const ek_frequency *f, uint64_t keys) {
    return f->block && f->log2 >= log2_for(keys);
}

void ek_frequency_grow(ek_arena *a, ek_frequency *f, uint64_t keys) {
    if (ek_frequency_fits(f, keys)) return;
    uint32_t log2 = log2_for(keys);
    size_t bytes = (size_t)1 << log2, old = f->block ? (size_t)1 << f->log2 : 0;
    ek_ref block = ek_alloc(a, bytes);
    uint8_t *p = ek_ptr(a, block);
    if (!old) memset(p, 0, bytes);
    /* The lower bits of a place stay: whatever its new bits are, it knows what it knew. */
    for (size_t at = 0; old && at < bytes; at += old) memcpy(p + at, ek_ptr(a, f->block), old);
    ek_free(a, f->block);
    ek_touch(a, f, sizeof *f);
    *f = (ek_frequency){.block = block, .log2 = log2};
}

void ek_frequency_free(ek_arena *a, ek_frequency *f) {
    if (!f->block) return;
    ek_free(a, f->block);
    ek_touch(a, f, sizeof *f);
    *f = (ek_frequency){0};
}

/* The low bits of a hash choose among the items of a table's bucket: here they are mixed anew. */
static void places(const ek_frequency *f, uint64_t hash, uint32_t *low, uint32_t *high) {
    uint64_t mixed = hash * 0x9e3779b97f4a7c15u;
    uint32_t mask = (1u << f->log2) - 1;
    *low = (uint32_t)(mixed >> 20) & mask;
    *high = (uint32_t)(mixed >> 34) & mask;
}

static void age(ek_arena *a, ek_frequency *f) {
    uint32_t size = 1u << f->log2;
    uint32_t n = (uint32_t)ek_min(AGE_BYTES, size - f->hand);
    uint8_t *p = (uint8_t *)ek_ptr(a, f->block) + f->hand;
    ek_touch_slack(a, p, n);
    for (uint32_t i = 0; i < n; i++) p[i] = p[i] >> 1 & 0x77;
    ek_touch_slack(a, f, sizeof *f);
    f->hand = f->hand + n == size ? 0 : f->hand + n;
    f->since = 0;
}

void ek_frequency_add(ek_arena *a, ek_frequency *f, uint64_t hash) {
    if (!f->block) return;
    uint8_t *p = ek_ptr(a, f->block);
    uint32_t low, high;
    places(f, hash, &low, &high);
    unsigned one = p[low] & 15u, other = p[high] >> 4;
    if (one <= other && one < EK_FREQUENCY_MAX) {
        ek_touch_slack(a, p + low, 1);
        p[low]++;
    }
    if (other <= one && other < EK_FREQUENCY_MAX) {
        ek_touch_slack(a, p + high, 1);
        p[high] += 16;
    }
    ek_touch_slack(a, &f->since, sizeof f->since);
    if (++f->since >= AGE_EVERY) age(a, f);
}

unsigned ek_frequency_of(const ek_arena *a, const ek_frequency *f, uint64_t hash) {
    if (!f->block) return 0;
    const uint8_t *p = ek_ptr(a, f->block);
    uint32_t low, high;
    places(f, hash, &low, &high);
    unsigned one = p[low] & 15u, other = p[high] >> 4;
    return ek_min(one, other);
}
