#include "data/hyperloglog.h"

#include <math.h>

#define INDEX_BITS 14u
#define RANKS (64 - INDEX_BITS) /* Q of the paper: ranks go to one more */

/* --- the hash --- */

/* MurmurHash64A (A. Appleby, public domain). */
static uint64_t murmur(const uint8_t *p, size_t n, uint64_t seed) {
    const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    bool long_enough = n >= 8;
    uint64_t h = seed ^ (n * m);
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t k = ek_load64(p) * m;
        k ^= k >> 47;
        h = (h ^ k * m) * m;
    }
    if (n) {
        uint64_t rest = 0;
        if (long_enough) rest = ek_load64(p + n - 8) >> (64 - 8 * n); /* shifts out what was mixed before */
        else for (size_t i = 0; i < n; i++) rest |= (uint64_t)p[i] << (8 * i);
        h = (h ^ rest) * m;
    }
    h = (h ^ h >> 47) * m;
    return h ^ h >> 47;
}

unsigned ek_hll_rank(const uint8_t *element, size_t n, uint32_t *index) {
    uint64_t hash = murmur(element, n, 0xadc83b19);
    *index = hash & (EK_HLL_REGISTERS - 1);
    return (unsigned)__builtin_ctzll(hash >> INDEX_BITS | UINT64_C(1) << RANKS) + 1;
}

/* --- the head --- */

bool ek_hll_is(const uint8_t *p, size_t n) {
    if (n < EK_HLL_HEAD || memcmp(p, "HYLL", 4) != 0 || p[4] > 1) return false;
    return !ek_hll_is_dense(p) || n == EK_HLL_DENSE_BYTES;
}

static void init_head(uint8_t *p, uint8_t encoding) {
    memset(p, 0, EK_HLL_HEAD);
    memcpy(p, "HYLL", 4);
    p[4] = encoding;
}

void ek_hll_init(uint8_t out[EK_HLL_EMPTY_BYTES]) {
    init_head(out, 1);
    out[EK_HLL_STALE_AT] = EK_HLL_STALE;
    out[EK_HLL_HEAD] = 0x7F; /* XZERO of all */
    out[EK_HLL_HEAD + 1] = 0xFF;
}

/* --- runs --- */

bool ek_hll_read_run(const uint8_t *p, const uint8_t *end, ek_hll_run *run) {
    if (p >= end) return false;
    if (*p & 0x80) {
        *run = (ek_hll_run){'v', 1, (uint8_t)((*p >> 2 & 31) + 1), (*p & 3u) + 1};
    } else if (!(*p & 0x40)) {
        *run = (ek_hll_run){'z', 1, 0, *p + 1u};
    } else {
        if (end - p < 2) return false;
        *run = (ek_hll_run){'Z', 2, 0, ((*p & 63u) << 8 | p[1]) + 1u};
    }
    return true;
}

/* Runs in the making, with the bytes that stand for each. */
typedef struct runs {
    ek_hll_run run[12];
    uint8_t bytes[12][2];
    unsigned n;
} runs;

static void push(runs *r, const ek_hll_run *run, const uint8_t *bytes) {
    r->run[r->n] = *run;
    memcpy(r->bytes[r->n++], bytes, run->bytes);
}

static void push_zeros(runs *r, uint32_t length) {
    if (length == 0) return;
    uint8_t wide[2] = {(uint8_t)(0x40 | (length - 1) >> 8), (uint8_t)(length - 1)};
    uint8_t narrow = (uint8_t)(length - 1);
    if (length > 64) push(r, &(ek_hll_run){'Z', 2, 0, length}, wide);
    else push(r, &(ek_hll_run){'z', 1, 0, length}, &narrow);
}

static void push_values(runs *r, unsigned value, uint32_t length) {
    if (length == 0) return;
    uint8_t byte = (uint8_t)(0x80 | (value - 1) << 2 | (length - 1));
    push(r, &(ek_hll_run){'v', 1, (uint8_t)value, length}, &byte);
}

static void push_like(runs *r, const ek_hll_run *run, uint32_t length) {
    if (run->kind == 'v') push_values(r, run->value, length);
    else push_zeros(r, length);
}

/* Neighbours of one value become one run, as far as it may be long. Redis looks at five places,
 * which begin before the change; so must whoever wants the same bytes. */
static void join_values(runs *r) {
    unsigned at = 0;
    for (unsigned looks = 5; looks > 0 && at < r->n; looks--) {
        const ek_hll_run *a = &r->run[at], *b = a + 1;
        bool joins = at + 1 < r->n && a->kind == 'v' && b->kind == 'v' && a->value == b->value &&
                     a->length + b->length <= 4;
        if (!joins) {
            at++;
            continue;
        }
        runs joined = {.n = at};
        push_values(&joined, a->value, a->length + b->length);
        r->run[at] = joined.run[at];
        memcpy(r->bytes[at], joined.bytes[at], 2);
        for (unsigned i = at + 1; i + 1 < r->n; i++) {
            r->run[i] = r->run[i + 1];
            memcpy(r->bytes[i], r->bytes[i + 1], 2);
        }
        r->n--;
    }
}

/* The plan that puts the runs in the place of the bytes [from, from + old): without the bytes that
 * are the same at either end. */
static void plan_runs(const runs *r, const uint8_t *p, size_t from, size_t old, ek_hll_plan *plan) {
    uint8_t fresh[24];
    size_t n = 0, head = 0, tail = 0;
    for (unsigned i = 0; i < r->n; i++)
        for (unsigned k = 0; k < r->run[i].bytes; k++) fresh[n++] = r->bytes[i][k];
    while (head < n && head < old && fresh[head] == p[from + head]) head++;
    while (tail < n - head && tail < old - head && fresh[n - 1 - tail] == p[from + old - 1 - tail])
        tail++;
    plan->at = from + head;
    plan->remove = (uint8_t)(old - head - tail);
    plan->insert = (uint8_t)(n - head - tail);
    memcpy(plan->bytes, fresh + head, plan->insert);
}

ek_hll_outcome ek_hll_plan_raise(const uint8_t *p, size_t n, size_t max_bytes, uint32_t index,
                                 unsigned rank, ek_hll_plan *plan) {
    if (rank > EK_HLL_SPARSE_RANK) return EK_HLL_DENSE;
    const uint8_t *at = p + EK_HLL_HEAD, *end = p + n, *before = NULL;
    ek_hll_run run;
    uint32_t first = 0;
    for (;; before = at, at += run.bytes, first += run.length) {
        if (!ek_hll_read_run(at, end, &run)) return EK_HLL_CORRUPT;
        if (index < first + run.length) break;
    }
    if (run.kind == 'v' && run.value >= rank) return EK_HLL_SAME;
    runs r = {.n = 0};
    if (before) {
        ek_hll_run previous;
        ek_hll_read_run(before, end, &previous);
        push(&r, &previous, before);
    }
    size_t from = (size_t)((before ? before : at) - p), kept = r.n, grown = 0;
    push_like(&r, &run, index - first);
    push_values(&r, rank, 1);
    push_like(&r, &run, first + run.length - 1 - index);
    for (size_t i = kept; i < r.n; i++) grown += r.run[i].bytes;
    if (grown > run.bytes && n + grown - run.bytes > max_bytes) return EK_HLL_DENSE;
    at += run.bytes;
    for (unsigned i = 0; i < 5 && ek_hll_read_run(at, end, &run); i++, at += run.bytes)
        push(&r, &run, at);
    join_values(&r);
    plan_runs(&r, p, from, (size_t)(at - p) - from, plan);
    return EK_HLL_CHANGED;
}

/* --- all registers --- */

#define GROUP 8u /* registers in six bytes */

EK_INLINE uint64_t group_at(const uint8_t *p) {
    return ek_load32(p) | (uint64_t)ek_load16(p + 4) << 32;
}

/* A group as a byte for each register, and back; and the higher of each two such bytes. */
EK_INLINE uint64_t spread(uint64_t g) {
    g = (g & 0xFFFFFF) | (g & UINT64_C(0xFFFFFF000000)) << 8;
    g = (g & UINT64_C(0x00000FFF00000FFF)) | (g & UINT64_C(0x00FFF00000FFF000)) << 4;
    return (g & UINT64_C(0x003F003F003F003F)) | (g & UINT64_C(0x0FC00FC00FC00FC0)) << 2;
}

EK_INLINE uint64_t gather(uint64_t g) {
    g = (g & UINT64_C(0x003F003F003F003F)) | (g & UINT64_C(0x3F003F003F003F00)) >> 2;
    g = (g & UINT64_C(0x00000FFF00000FFF)) | (g & UINT64_C(0x0FFF00000FFF0000)) >> 4;
    return (g & 0xFFFFFF) | (g & UINT64_C(0x00FFFFFF00000000)) >> 8;
}

EK_INLINE uint64_t higher(uint64_t a, uint64_t b) {
    const uint64_t tops = UINT64_C(0x8080808080808080); /* no register comes up to them */
    uint64_t a_is = ((a | tops) - b) & tops;
    uint64_t mask = a_is | (a_is - (a_is >> 7));
    return (a & mask) | (b & ~mask);
}

/* Calls visit for each run of a sparse one. False: the runs are not all the registers. */
typedef void visit_fn(void *arg, uint32_t first, const ek_hll_run *run);

EK_INLINE bool each_run(const uint8_t *p, size_t n, visit_fn *visit, void *arg) {
    const uint8_t *at = p + EK_HLL_HEAD, *end = p + n;
    uint32_t first = 0;
    ek_hll_run run;
    while (at < end) {
        if (!ek_hll_read_run(at, end, &run)) return false;
        if (run.length > EK_HLL_REGISTERS - first) return false;
        visit(arg, first, &run);
        first += run.length;
        at += run.bytes;
    }
    return first == EK_HLL_REGISTERS;
}

static void densify_run(void *arg, uint32_t first, const ek_hll_run *run) {
    if (run->kind != 'v') return;
    for (uint32_t i = 0; i < run->length; i++) ek_hll_set(arg, first + i, run->value);
}

bool ek_hll_densify(uint8_t dense[EK_HLL_DENSE_BYTES], const uint8_t *p, size_t n) {
    memset(dense, 0, EK_HLL_DENSE_BYTES);
    if (!each_run(p, n, densify_run, dense)) return false;
    memcpy(dense, p, EK_HLL_HEAD);
    dense[4] = 0;
    return true;
}

static void merge_run(void *arg, uint32_t first, const ek_hll_run *run) {
    uint8_t *registers = arg;
    if (run->kind != 'v') return;
    for (uint32_t i = first; i < first + run->length; i++)
        if (registers[i] < run->value) registers[i] = run->value;
}

bool ek_hll_merge(uint8_t registers[EK_HLL_REGISTERS], const uint8_t *p, size_t n) {
    if (!ek_hll_is_dense(p)) return each_run(p, n, merge_run, registers);
    p += EK_HLL_HEAD;
    for (uint32_t i = 0; i < EK_HLL_REGISTERS; i += GROUP, p += 6) {
        ek_store64(registers + i, higher(ek_load64(registers + i), spread(group_at(p))));
    }
    return true;
}

void ek_hll_pack(uint8_t dense[EK_HLL_DENSE_BYTES], const uint8_t registers[EK_HLL_REGISTERS]) {
    uint8_t *p = dense + EK_HLL_HEAD;
    for (uint32_t i = 0; i < EK_HLL_REGISTERS; i += GROUP, p += 6) {
        uint64_t group = gather(ek_load64(registers + i));
        ek_store32(p, (uint32_t)group);
        ek_store16(p + 4, (uint16_t)(group >> 32));
    }
}

/* --- the estimate --- */

/* Of how often each value is held, in four parts that do not wait for one another. */
typedef struct histogram {
    uint32_t n[4][64];
} histogram;

static void count_run(void *arg, uint32_t first, const ek_hll_run *run) {
    histogram *h = arg;
    h->n[0][run->value] += run->length;
}

/* Sums of the paper: how registers that are still 0, or at their highest, tell on the estimate. */
static double sigma(double x) {
    if (x == 1) return INFINITY;
    double y = 1, z = x, before;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (before != z);
    return z;
}

static double tau(double x) {
    if (x == 0 || x == 1) return 0;
    double y = 1, z = 1 - x, before;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (before != z);
    return z / 3;
}

static uint64_t estimate(const histogram *h) {
    const double m = EK_HLL_REGISTERS, alpha = 0.721347520444481703680; /* 1 / (2 ln 2) */
    double held[64];
    for (unsigned i = 0; i < 64; i++) held[i] = h->n[0][i] + h->n[1][i] + h->n[2][i] + h->n[3][i];
    double z = m * tau((m - held[RANKS + 1]) / m);
    for (unsigned i = RANKS; i >= 1; i--) {
        z += held[i];
        z *= 0.5;
    }
    z += m * sigma(held[0] / m);
    return (uint64_t)llroundl(alpha * m * m / z);
}

bool ek_hll_count(const uint8_t *p, size_t n, uint64_t *count) {
    histogram h = {0};
    if (ek_hll_is_dense(p)) {
        p += EK_HLL_HEAD;
        for (uint32_t i = 0; i < EK_HLL_REGISTERS; i += GROUP, p += 6) {
            uint64_t group = group_at(p);
            for (uint32_t k = 0; k < GROUP; k++, group >>= 6) h.n[k & 3][group & 63]++;
        }
    } else if (!each_run(p, n, count_run, &h)) {
        return false;
    }
    *count = estimate(&h);
    return true;
}

uint64_t ek_hll_count_registers(const uint8_t registers[EK_HLL_REGISTERS]) {
    histogram h = {0};
    for (uint32_t i = 0; i < EK_HLL_REGISTERS; i += GROUP) {
        uint64_t group = ek_load64(registers + i);
        if (group == 0) h.n[0][0] += GROUP; /* mostly, in sparse ones */
        else for (uint32_t k = 0; k < GROUP; k++, group >>= 8) h.n[k & 3][group & 63]++;
    }
    return estimate(&h);
}
