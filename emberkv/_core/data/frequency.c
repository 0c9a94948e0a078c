#include "data/frequency.h"

#define MIN_LOG2 10u
#define MAX_LOG2 28u
#define BYTES_A_KEY 3u
#define AGE_EVERY 80u /* additions */
#define SLOTS 8u
#define BUCKET_BYTES (SLOTS * 2u)
#define COUNT_BITS 4u
#define COUNT EK_FREQUENCY_MAX

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
    /* The lower bits of a bucket stay: whatever its new bits are, it knows what it knew. */
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

/* All bits of a table's hash together make any of these: similar keys have hashes that share some. */
static size_t bucket_of(const ek_frequency *f, uint64_t hash, uint16_t *mark) {
    const uint64_t m = 0xd6e8feb86659fd93u;
    hash = (hash ^ hash >> 32) * m;
    hash = (hash ^ hash >> 32) * m;
    hash ^= hash >> 32;
    *mark = (uint16_t)(hash >> 52) << COUNT_BITS;
    return (size_t)hash & (((size_t)1 << f->log2) / BUCKET_BYTES - 1);
}

static uint16_t *slots_of(const ek_arena *a, const ek_frequency *f, size_t bucket) {
    return (uint16_t *)((uint8_t *)ek_ptr(a, f->block) + bucket * BUCKET_BYTES);
}

static unsigned count_of(uint16_t slot) { return slot & COUNT; }
static bool is_marked(uint16_t slot, uint16_t mark) { return count_of(slot) && (slot & ~COUNT) == mark; }

static void age(ek_arena *a, ek_frequency *f) {
    uint16_t *slots = slots_of(a, f, f->hand);
    ek_touch_slack(a, slots, BUCKET_BYTES);
    for (unsigned i = 0; i < SLOTS; i++)
        slots[i] = (uint16_t)((slots[i] & ~COUNT) | count_of(slots[i]) >> 1);
    ek_touch_slack(a, f, sizeof *f);
    f->hand = (f->hand + 1) & (uint32_t)(((size_t)1 << f->log2) / BUCKET_BYTES - 1);
    f->since = 0;
}

void ek_frequency_add(ek_arena *a, ek_frequency *f, uint64_t hash) {
    if (!f->block) return;
    uint16_t mark;
    uint16_t *slots = slots_of(a, f, bucket_of(f, hash, &mark));
    unsigned at = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        if (count_of(slots[i]) < count_of(slots[at])) at = i;
        if (!is_marked(slots[i], mark)) continue;
        at = i;
        break;
    }
    bool known = is_marked(slots[at], mark);
    if (!known || count_of(slots[at]) < EK_FREQUENCY_MAX) {
        ek_touch_slack(a, &slots[at], sizeof slots[at]);
        slots[at] = known ? (uint16_t)(slots[at] + 1) : (uint16_t)(mark | 1);
    }
    ek_touch_slack(a, &f->since, sizeof f->since);
    if (++f->since >= AGE_EVERY) age(a, f);
}

unsigned ek_frequency_of(const ek_arena *a, const ek_frequency *f, uint64_t hash) {
    if (!f->block) return 0;
    uint16_t mark;
    const uint16_t *slots = slots_of(a, f, bucket_of(f, hash, &mark));
    for (unsigned i = 0; i < SLOTS; i++)
        if (is_marked(slots[i], mark)) return count_of(slots[i]);
    return 0;
}
