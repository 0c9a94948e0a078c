#include "base/clock.h"

#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#ifdef __linux__
#include <sys/prctl.h>
#endif

int64_t ek_clock_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t ek_clock_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- a millisecond that is kept --- */

#if defined(__x86_64__)
#define EVENLY (1u << 8) /* of CPUID 0x80000007, edx: the counter neither stops nor changes its pace */
#define LEARNS_FROM ((uint64_t)1 << 22) /* counts: a millisecond or two */
#define LEARNS_TO ((uint64_t)1 << 32)   /* more may hold a time in which the system slept */

static uint64_t counter(void) { return __builtin_ia32_rdtsc(); }

static bool counts_evenly(void) {
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && d & EVENLY;
}
#else
static uint64_t counter(void) { return 0; }
static bool counts_evenly(void) { return false; }
#define LEARNS_FROM 0
#define LEARNS_TO 0
#endif

/* The counts are taken within the times: whoever is held up between the two learns of less, never of more. */
static void learn(ek_clock_kept *k) {
    uint64_t counted = counter() - k->began;
    int64_t us = ek_clock_monotonic_us();
    if (!k->began) {
        k->useless = !counts_evenly();
    } else if (counted < LEARNS_FROM) {
        return;
    } else if (counted < LEARNS_TO && us > k->began_us) {
        uint64_t per_ms = counted * 1000 / (uint64_t)(us - k->began_us);
        k->counts_per_ms = per_ms - per_ms / 16; /* the clock may be slowed or hastened meanwhile */
        return;
    }
    k->began_us = us;
    k->began = counter();
}

static EK_NOINLINE int64_t read_again(ek_clock_kept *k, uint64_t now) {
    int64_t us = ek_clock_us();
    if (!k->counts_per_ms && !k->useless) learn(k);
    k->from = now;
    k->counts = k->counts_per_ms * (uint64_t)(999 - us % 1000) / 1000; /* part of this one is over */
    return k->ms = us / 1000;
}

int64_t ek_clock_ms_kept(ek_clock_kept *k) {
    uint64_t now = counter();
    return EK_LIKELY(now - k->from < k->counts) ? k->ms : read_again(k, now);
}

/* --- the others --- */

int64_t ek_clock_monotonic_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t ek_clock_thread_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t ek_clock_monotonic_ms(void) { return ek_clock_monotonic_us() / 1000; }

int64_t ek_clock_second(void) { return time(NULL); }

uint64_t ek_clock_coarse_256(void) {
#ifdef CLOCK_REALTIME_COARSE
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return (uint64_t)t.tv_sec << 8 | ((uint64_t)t.tv_nsec << 8) / 1000000000;
#else
    return (uint64_t)ek_clock_us() * 256 / 1000000;
#endif
}

void ek_clock_rest_us(int64_t us) {
    struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

void ek_clock_rest_exactly(void) {
#ifdef PR_SET_TIMERSLACK
    prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
#endif
}

int64_t ek_clock_monotonic_coarse_ms(void) {
#ifdef CLOCK_MONOTONIC_COARSE
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
#else
    return ek_clock_monotonic_ms();
#endif
}
