/* Time. Wall clock for expiry (Unix time), monotonic for waiting. */
#ifndef EK_BASE_CLOCK_H
#define EK_BASE_CLOCK_H

#include "base/base.h"

int64_t ek_clock_ms(void);           /* Unix time in milliseconds */
int64_t ek_clock_us(void);           /* Unix time in microseconds */

/* The same as ek_clock_ms at half the cost, for one who asks often: `k`, of zeros at first, knows from the
 * processor's counter that the millisecond which it read last has not ended. So what it says is exact, but
 * for a millisecond in which somebody sets the clock. One thread at a time. */
typedef struct ek_clock_kept {
    uint64_t from, counts; /* the millisecond lasts at least so many counts from there on */
    int64_t ms;
    uint64_t counts_per_ms; /* a little less than there are; 0: not known yet */
    uint64_t began;         /* to learn it: a count, and a time that was not after it */
    int64_t began_us;
    bool useless;           /* there is no counter that counts evenly */
} ek_clock_kept;
int64_t ek_clock_ms_kept(ek_clock_kept *k);
int64_t ek_clock_second(void);       /* Unix time in seconds, as the last tick left it: a few instructions */
uint64_t ek_clock_coarse_256(void);  /* Unix time in 1/256 s, a third of the cost */
int64_t ek_clock_monotonic_us(void);
int64_t ek_clock_monotonic_ms(void); /* counts on, from an arbitrary start */
int64_t ek_clock_monotonic_coarse_ms(void); /* the same, up to 10 ms behind: a fifth of the cost */

int64_t ek_clock_thread_ns(void); /* processor time of this thread; a system call */

/* Let so much time pass. The system makes it some 50 us longer, but for threads that have asked for
 * exactness. */
void ek_clock_rest_us(int64_t us);
void ek_clock_rest_exactly(void);

#endif
