#include "base/poll.h"

#include <sys/epoll.h>

#define AT_ONCE 256

int ek_poll_new(void) { return epoll_create1(EPOLL_CLOEXEC); }

bool ek_poll_set(int poll, int fd, unsigned was, unsigned now, void *data) {
    if (was == now) return true;
    struct epoll_event e = {.data.ptr = data};
    if (now & EK_POLL_READ) e.events |= EPOLLIN;
    if (now & EK_POLL_WRITE) e.events |= EPOLLOUT;
    int op = !was ? EPOLL_CTL_ADD : !now ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    return epoll_ctl(poll, op, fd, &e) == 0;
}

int ek_poll_wait(int poll, ek_poll_event *events, int cap, int timeout_ms) {
    struct epoll_event found[AT_ONCE];
    int n = epoll_wait(poll, found, cap < AT_ONCE ? cap : AT_ONCE, timeout_ms);
    for (int i = 0; i < n; i++) {
        events[i].data = found[i].data.ptr;
        events[i].ready = (found[i].events & EPOLLIN ? EK_POLL_READ : 0) |
                          (found[i].events & EPOLLOUT ? EK_POLL_WRITE : 0) |
                          (found[i].events & (EPOLLERR | EPOLLHUP) ? EK_POLL_GONE : 0);
    }
    return n < 0 ? 0 : n;
}
