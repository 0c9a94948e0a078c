#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void ek_random_seed_bytes(void *out, size_t n) {
    uint8_t *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        p += got;
        n -= (size_t)got;
    }
    if (n == 0) return;
    /* No entropy call on this kernel: time and identity are the best that is left. */
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t state = (uint64_t)t.tv_nsec ^ ((uint64_t)getpid() << 32) ^ (uintptr_t)out;
    for (; n > 0; n--) *p++ = (uint8_t)splitmix(&state);
}

void ek_random_init(ek_random *r) {
    uint64_t seed;
    ek_random_seed_bytes(&seed, sizeof seed);
    for (int i = 0; i < 4; i++) r->s[i] = splitmix(&seed);
}

uint64_t ek_random_next(ek_random *r) {
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t ek_random_below(ek_random *r, uint64_t n) {
    uint64_t threshold = -n % n, x;
    do x = ek_random_next(r);
    while (x < threshold);
    return x % n;
}

double ek_random_unit(ek_random *r) { return (double)(ek_random_next(r) >> 11) * 0x1p-53; }
