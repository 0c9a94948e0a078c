#include "data/ghosts.h"

#define MIN_LOG2 10u
#define MAX_LOG2 28u
#define SLOTS 8u
#define SLOT_BYTES 2u
#define BUCKET_BYTES (SLOTS * SLOT_BYTES)
#define USES_A_ROUND 24u /* of each key */
#define COUNT_BITS 3u
#define COUNT EK_GHOSTS_MAX

_Static_assert(COUNT == (1u << COUNT_BITS) - 1, "all bits of the count are used");
_Static_assert((1u << MIN_LOG2) / BUCKET_BYTES >= EK_GHOSTS_ROUND, "the hand shows 64ths of a round");

static uint32_t log2_for(uint64_t keys) {
    uint32_t log2 = MIN_LOG2;
    while (log2 < MAX_LOG2 && (uint64_t)1 << log2 < keys * SLOT_BYTES) log2++;
    return log2;
}

static uint32_t buckets(const ek_ghosts *g) { return (uint32_t)(((size_t)1 << g->log2) / BUCKET_BYTES); }

bool ek_ghosts_fits(const ek_ghosts *g, uint64_t keys) { return g->block && g->log2 >= log2_for(keys); }

static void make_larger(ek_arena *a, ek_ghosts *g, uint32_t log2) {
    size_t bytes = (size_t)1 << log2, old = g->block ? (size_t)1 << g->log2 : 0;
    ek_ref block = ek_alloc(a, bytes);
    uint8_t *p = ek_ptr(a, block);
    if (!old) memset(p, 0, bytes);
    /* The lower bits of a bucket stay: whatever its new bits are, it knows what it knew. */
    for (size_t at = 0; old && at < bytes; at += old) memcpy(p + at, ek_ptr(a, g->block), old);
    ek_free(a, g->block);
    ek_touch(a, g, sizeof *g);
    g->hand *= old ? (uint32_t)(bytes / old) : 0; /* the clock stays */
    g->block = block;
    g->log2 = log2;
}

void ek_ghosts_grow(ek_arena *a, ek_ghosts *g, uint64_t keys) {
    if (!ek_ghosts_fits(g, keys)) make_larger(a, g, log2_for(keys));
    uint32_t every = (uint32_t)ek_max(keys * USES_A_ROUND / buckets(g), 1);
    if (every == g->every) return;
    ek_touch_slack(a, &g->every, sizeof g->every);
    g->every = every;
}

void ek_ghosts_free(ek_arena *a, ek_ghosts *g) {
    if (!g->block) return;
    ek_free(a, g->block);
    ek_touch(a, g, sizeof *g);
    *g = (ek_ghosts){0};
}

/* All bits of a table's hash together make any of these: similar keys have hashes that share some. */
static uint16_t *bucket_of(const ek_arena *a, const ek_ghosts *g, uint64_t hash, uint16_t *mark) {
    const uint64_t m = 0xd6e8feb86659fd93u;
    hash = (hash ^ hash >> 32) * m;
    hash = (hash ^ hash >> 32) * m;
    hash ^= hash >> 32;
    *mark = (uint16_t)(hash >> (48 + COUNT_BITS)) << COUNT_BITS;
    return (uint16_t *)ek_ptr(a, g->block) + (hash & (buckets(g) - 1)) * SLOTS;
}

static unsigned count_of(uint16_t slot) { return slot & COUNT; }
static bool is_marked(uint16_t slot, uint16_t mark) { return count_of(slot) && (slot & ~COUNT) == mark; }

void ek_ghosts_put(ek_arena *a, ek_ghosts *g, uint64_t hash, unsigned count) {
    if (!g->block || !count) return;
    uint16_t mark;
    uint16_t *slots = bucket_of(a, g, hash, &mark);
    unsigned at = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        if (count_of(slots[i]) < count_of(slots[at])) at = i;
        if (!is_marked(slots[i], mark)) continue;
        at = i;
        break;
    }
    ek_touch_slack(a, slots, BUCKET_BYTES);
    memmove(slots + at, slots + at + 1, (SLOTS - 1 - at) * SLOT_BYTES);
    slots[SLOTS - 1] = (uint16_t)(mark | ek_min(count, COUNT));
}

unsigned ek_ghosts_of(const ek_arena *a, const ek_ghosts *g, uint64_t hash) {
    if (!g->block) return 0;
    uint16_t mark;
    const uint16_t *slots = bucket_of(a, g, hash, &mark);
    for (unsigned i = 0; i < SLOTS; i++)
        if (is_marked(slots[i], mark)) return count_of(slots[i]);
    return 0;
}

static void move_hand(ek_arena *a, ek_ghosts *g) {
    uint16_t *slots = (uint16_t *)ek_ptr(a, g->block) + (g->hand & (buckets(g) - 1)) * SLOTS;
    ek_touch_slack(a, slots, BUCKET_BYTES);
    for (unsigned i = 0; i < SLOTS; i++)
        slots[i] = (uint16_t)((slots[i] & ~COUNT) | count_of(slots[i]) >> 1);
    g->since = 0;
    if (++g->hand < buckets(g)) return;
    g->hand = 0;
    g->rounds++;
}

void ek_ghosts_used(ek_arena *a, ek_ghosts *g) {
    if (!g->block) return;
    ek_touch_slack(a, g, sizeof *g);
    if (++g->since >= g->every) move_hand(a, g);
}

uint32_t ek_ghosts_clock(const ek_ghosts *g) {
    if (!g->block) return 0;
    uint32_t part = (uint32_t)((uint64_t)g->hand * EK_GHOSTS_ROUND / buckets(g));
    return (g->rounds * EK_GHOSTS_ROUND + part) & ((1u << EK_GHOSTS_CLOCK) - 1);
}

unsigned ek_ghosts_faded(const ek_ghosts *g, unsigned count, uint32_t clock_then) {
    uint32_t all = (1u << EK_GHOSTS_CLOCK) / EK_GHOSTS_ROUND;
    uint32_t rounds = (g->rounds - clock_then / EK_GHOSTS_ROUND) & (all - 1);
    return rounds <= COUNT_BITS ? ek_min(count, COUNT) >> rounds : 0;
}
