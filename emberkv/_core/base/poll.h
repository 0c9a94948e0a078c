/* Waiting for many descriptors at once: epoll behind an interface that kqueue has too.
 *
 * What a descriptor is watched for is told with what it was watched for before, so that no state is
 * kept here; readiness is reported for as long as it lasts. One thread waits; no lock. */
#ifndef EK_BASE_POLL_H
#define EK_BASE_POLL_H

#include "base/base.h"

enum {
    EK_POLL_READ = 1u << 0,
    EK_POLL_WRITE = 1u << 1,
    EK_POLL_GONE = 1u << 2, /* reported only: an error, or both directions closed */
};

typedef struct ek_poll_event {
    void *data; /* what was given with the descriptor */
    unsigned ready;
} ek_poll_event;

int ek_poll_new(void); /* a descriptor, or -1 */
/* Watch fd for `now` instead of for `was`; 0: not at all. False: errno tells. */
bool ek_poll_set(int poll, int fd, unsigned was, unsigned now, void *data);
/* How many events there are, up to `cap`; 0 when the time is up (-1: none) or a signal came. */
int ek_poll_wait(int poll, ek_poll_event *events, int cap, int timeout_ms);

#endif
