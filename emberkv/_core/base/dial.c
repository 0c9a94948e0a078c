#include "base/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static bool wait_for(ek_dial *d, short events, int64_t deadline_ms) {
    for (;;) {
        int64_t left_ms = deadline_ms - ek_clock_monotonic_ms();
        struct pollfd p = {.fd = d->fd, .events = events};
        int n = left_ms > 0 ? poll(&p, 1, (int)left_ms) : 0;
        if (n > 0) return true;
        if (n == 0 || errno != EINTR) return false;
    }
}

static bool connect_to(ek_dial *d, const struct addrinfo *to) {
    int error = 0, one = 1;
    socklen_t size = sizeof error;
    d->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->fd < 0) return false;
    setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(d->fd, to->ai_addr, to->ai_addrlen) == 0) return true;
    if (errno == EINPROGRESS && wait_for(d, POLLOUT, ek_clock_monotonic_ms() + d->timeout_ms) &&
        getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        return true;
    ek_dial_close(d);
    return false;
}

ek_dialled ek_dial_open(ek_dial *d, const char *host, const char *port, int timeout_ms) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    d->fd = -1;
    d->timeout_ms = timeout_ms;
    d->at = d->len = 0;
    if (getaddrinfo(host, NULL, &hints, &found) != 0) return EK_DIAL_NO_SUCH_HOST;
    freeaddrinfo(found);
    hints.ai_flags = AI_NUMERICSERV;
    if (getaddrinfo(host, port, &hints, &found) != 0) return EK_DIAL_REFUSED;
    bool ok = false;
    for (const struct addrinfo *to = found; to && !ok; to = to->ai_next) ok = connect_to(d, to);
    freeaddrinfo(found);
    return ok ? EK_DIALLED : EK_DIAL_REFUSED;
}

bool ek_dial_send(ek_dial *d, const void *p, size_t n) {
    const uint8_t *from = p;
    int64_t deadline_ms = ek_clock_monotonic_ms() + d->timeout_ms;
    while (n) {
        ssize_t sent = send(d->fd, from, n, MSG_NOSIGNAL);
        if (sent > 0) {
            from += sent;
            n -= (size_t)sent;
            deadline_ms = ek_clock_monotonic_ms() + d->timeout_ms; /* it takes what it is sent */
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(d, POLLOUT, deadline_ms)) return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static bool fill(ek_dial *d, int64_t deadline_ms) {
    for (;;) {
        ssize_t n = recv(d->fd, d->in, sizeof d->in, 0);
        if (n > 0) {
            d->at = 0;
            d->len = (size_t)n;
            return true;
        }
        if (n == 0) return false;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(d, POLLIN, deadline_ms)) return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
}

bool ek_dial_read_line(ek_dial *d, char *line, size_t size) {
    int64_t deadline_ms = ek_clock_monotonic_ms() + d->timeout_ms;
    for (size_t n = 0;;) {
        if (d->at == d->len && !fill(d, deadline_ms)) return false;
        char c = d->in[d->at++];
        if (c == '\n') {
            line[n - (n > 0 && line[n - 1] == '\r')] = 0;
            return true;
        }
        if (n + 1 < size) line[n++] = c;
    }
}

void ek_dial_close(ek_dial *d) {
    if (d->fd >= 0) close(d->fd);
    d->fd = -1;
}
