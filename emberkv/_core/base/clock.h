/* Time. Wall clock for expiry (Unix time), monotonic for waiting. */
#ifndef EK_BASE_CLOCK_H
#define EK_BASE_CLOCK_H

#include "base/base.h"

int64_t ek_clock_ms(void);           /* Unix time in milliseconds */
int64_t ek_clock_us(void);           /* Unix time in microseconds */
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
