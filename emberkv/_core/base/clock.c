#include "base/clock.h"

#include <time.h>
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
