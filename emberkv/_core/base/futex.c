#define _GNU_SOURCE
#include "base/futex.h"

#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

void ek_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t ms, bool shared) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
#ifdef __linux__
    syscall(SYS_futex, word, shared ? FUTEX_WAIT : FUTEX_WAIT_PRIVATE, value, &t, NULL, 0);
#else
    struct timespec brief = {.tv_nsec = 50000};
    (void)word, (void)value, (void)t, (void)shared;
    nanosleep(&brief, NULL);
#endif
}

void ek_futex_wake(_Atomic uint32_t *word, int count, bool shared) {
#ifdef __linux__
    syscall(SYS_futex, word, shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
#else
    (void)word, (void)count, (void)shared;
#endif
}
